// The inspector's two hosts: a custom element with its data inside, and a widget in a live kernel.
import { InspectorView } from "./inspector.js";
import { decodePayload } from "./payload.js";
import { inspectorStyle } from "./style.js";
import { pageTheme, watchTheme } from "./theme.js";

const NOTE = "Numbers are rounded: weightings to 1/255, vectors to 1/127.";

/**
 * Put an inspector into a shadow root. What is wrong with the data is said in its place.
 * @param {ShadowRoot} shadow
 * @param {object} data {payload, title, step, head, playing}
 * @param {function(object)} onChange as for InspectorView
 * @returns {Promise<{view: InspectorView|null, end: function()}>}
 */
export async function mountInspector(shadow, data, onChange) {
  shadow.innerHTML = `<style>${inspectorStyle}</style><div></div><slot></slot>`;
  const frame = shadow.querySelector("div");
  let view = null;
  let end = () => {};
  try {
    const trace = await decodePayload(data?.payload);
    view = new InspectorView(frame, { ...data, note: NOTE, theme: pageTheme, onChange });
    end = watchTheme(() => view.retheme());
    view.setTrace(trace);
    view.playing = Boolean(data.playing) && !matchMedia("(prefers-reduced-motion: reduce)").matches;
  } catch (error) {
    end();
    view?.destroy();
    view = null;
    showProblem(frame, error);
  }
  return { view, end: () => { end(); view?.destroy(); } };
}

function showProblem(frame, error) {
  frame.className = "inspector";
  frame.dataset.theme = pageTheme();
  const message = document.createElement("p");
  message.setAttribute("role", "alert");
  message.textContent = `This figure cannot be shown. ${error.message}`;
  frame.replaceChildren(message);
  frame.nextElementSibling.style.display = "block"; // the static picture, if there is one
}

/**
 * Define the custom element, unless this version of it is there already.
 * @param {string} name with the version in it
 */
export function defineInspector(name) {
  if (customElements.get(name)) return;
  customElements.define(name, class extends HTMLElement {
    async connectedCallback() {
      this.mounted ??= this.mount();
    }

    async mount() {
      const shadow = this.shadowRoot ?? this.attachShadow({ mode: "open" });
      let data;
      try {
        data = JSON.parse(this.querySelector("script[type='application/json']").textContent);
      } catch {
        data = null;
      }
      const changed = (change) => this.dispatchEvent(new CustomEvent("change", { detail: change }));
      return mountInspector(shadow, data, changed);
    }

    async disconnectedCallback() {
      await Promise.resolve();
      if (this.isConnected || !this.mounted) return; // it was only moved
      const { end } = await this.mounted;
      this.mounted = null;
      end();
    }
  });
}

/**
 * The widget's side: anywidget calls it for each view in a notebook.
 * @param {{model: object, el: HTMLElement}} widget
 * @returns {Promise<function()>} takes the view away
 */
export async function renderInspector({ model, el }) {
  el.dataset.lmSuppressShortcuts = "true";
  const data = Object.fromEntries(["payload", "title", "step", "head", "playing"].map((name) => [name, model.get(name)]));
  const shadow = el.attachShadow({ mode: "open" });
  const { view, end } = await mountInspector(shadow, data, (change) => {
    for (const [name, value] of Object.entries(change)) model.set(name, value);
    model.save_changes();
  });
  const follow = ["step", "head", "playing"].map((name) => {
    const listener = () => { if (view && view[name] !== model.get(name)) view[name] = model.get(name); };
    model.on(`change:${name}`, listener);
    return () => model.off(`change:${name}`, listener);
  });
  return () => { follow.forEach((stop) => stop()); end(); };
}
