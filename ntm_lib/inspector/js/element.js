// A figure as an element of a page, with its data inside.

/**
 * Define an element whose data lie in it as JSON, unless this version of it is there already.
 * @param {string} name with the version in it
 * @param {function(ShadowRoot, object|null, function(object)): Promise<{end: function()}>} mount puts the figure there;
 *   it is given the data, and a function to call with what the reader changed
 */
export function defineElement(name, mount) {
  if (customElements.get(name)) return;
  customElements.define(name, class extends HTMLElement {
    connectedCallback() {
      const changed = (change) => this.dispatchEvent(new CustomEvent("change", { detail: change }));
      this.mounted ??= mount(this.shadowRoot ?? this.attachShadow({ mode: "open" }), dataIn(this), changed);
    }

    async disconnectedCallback() {
      await Promise.resolve();
      if (this.isConnected) return; // it was only moved
      const { mounted } = this;
      this.mounted = null;
      (await mounted)?.end();
    }
  });
}

/** The data in an element; null, which every figure refuses, if there are none that can be read. */
function dataIn(element) {
  try {
    return JSON.parse(element.querySelector("script[type='application/json']").textContent);
  } catch {
    return null;
  }
}
