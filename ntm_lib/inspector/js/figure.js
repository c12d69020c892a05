// What the small figures of the chapters have in common: controls with numbers beside them, panels, a reset, both themes.
import { Panel, written } from "./canvas.js";
import { addElement } from "./dom.js";
import { showProblem } from "./problem.js";
import { Spoken } from "./spoken.js";
import { inspectorStyle } from "./style.js";
import { pageTheme, watchTheme } from "./theme.js";

/** What the small figures add to the looks. */
export const figureStyle = `
.row { display: flex; flex-wrap: wrap; align-items: center; gap: 6px 20px; margin-bottom: 12px; }
.row label { display: flex; align-items: center; gap: 8px; min-height: 30px; }
.row input[type=range] { flex: 0 1 140px; }
.row output { min-width: 3em; text-align: right; }
.told { font-size: 16px; min-height: 1.45em; margin-bottom: 12px; }
`;

/** A small figure that a reader drives. A kind of figure builds its controls and panels, and says how to reset them. */
export class Figure {
  /**
   * @param {HTMLElement} root where it goes
   * @param {object|null} data what Python gave it, as `DATA` in figures.py says
   */
  constructor(root, data = null) {
    Object.assign(this, { root, data, panels: [], controls: [] });
    root.className = "inspector";
  }

  /** A row for controls. */
  row() { return addElement(this.root, "div", { class: "row" }); }

  /**
   * A slider with its name before it and its number behind it.
   * @param {HTMLElement} row
   * @param {string} label
   * @param {{min: number, max: number, step: number, value: number, places: number, changed: function()}} options
   * @returns {HTMLInputElement} its `valueAsNumber` is the number; `reset` of the figure brings the first value back
   */
  slider(row, label, { min, max, step, value, places = 2, changed = () => this.show() }) {
    const holder = addElement(row, "label", { text: label });
    const input = addElement(holder, "input", { type: "range", min, max, step, value });
    const shown = addElement(holder, "output");
    const show = () => { shown.textContent = written(input.valueAsNumber, places); };
    input.addEventListener("input", () => { show(); changed(); });
    this.controls.push({ input, show, reset: () => { input.value = value; show(); } });
    show();
    return input;
  }

  /** Show a number with a slider, without telling that it changed. */
  put(input, value) {
    input.value = value;
    this.controls.find((control) => control.input === input).show();
  }

  /** Set a slider as if the reader had moved it. */
  move(input, value) {
    input.value = value;
    input.dispatchEvent(new Event("input"));
  }

  /** Something that is so or not, at first not. */
  tick(row, label, changed = () => this.show()) {
    const holder = addElement(row, "label");
    const input = addElement(holder, "input", { type: "checkbox" });
    holder.append(label);
    input.addEventListener("change", changed);
    this.controls.push({ input, show: () => {}, reset: () => { input.checked = false; } });
    return input;
  }

  /** A button. */
  button(row, text, act) {
    const made = addElement(row, "button", { type: "button", text });
    made.addEventListener("click", act);
    return made;
  }

  /** The button that brings the first state back. */
  resetButton(row) { return this.button(row, "Reset", () => this.reset()); }

  /** Every slider as it was; a figure with more state adds to this. */
  reset() {
    for (const control of this.controls) control.reset();
    this.show();
  }

  /**
   * A drawing that can be read cell by cell.
   * @param {HTMLElement} parent
   * @param {string} label what it shows, for those who do not see it
   * @param {function(number): object} draw as for Panel
   * @returns {Panel}
   */
  panel(parent, label, draw) {
    const holder = addElement(addElement(parent, "div"), "div");
    const made = new Panel(holder, { label, draw, onCell: (text) => this.say(text ?? "") });
    this.panels.push(made);
    return made;
  }

  /** The lines of text under the drawings: what happened, and the cell that is meant. */
  buildReadout(root = this.root) {
    this.told = addElement(root, "p", { class: "told" });
    this.readout = addElement(root, "p", { class: "readout" });
    this.spoken = new Spoken(this.root);
  }

  /** Say what the figure shows now. */
  tell(text) { this.word(this.told, text); }

  /** Say which number is meant. */
  say(text) { this.word(this.readout, text); }

  /** Write a text into its place, and tell a screen reader if it is another one than before. */
  word(place, text) {
    if (place.textContent !== text) this.spoken.say(text, place.className);
    place.textContent = text;
  }

  /** Draw everything again, with the cursor at a step if it goes over time, and read the chosen cell again. */
  show(step) {
    for (const panel of this.panels) {
      panel.show(step);
      if (panel.cell) panel.refresh();
    }
  }

  retheme() {
    this.root.dataset.theme = pageTheme();
    for (const panel of this.panels) panel.show();
  }

  destroy() {
    for (const panel of this.panels) panel.destroy();
    this.root.replaceChildren();
  }
}

/**
 * Define the element of a kind of figure, unless this version of it is there already. What it holds in the page is seen
 * in print, or if the figure cannot be shown: a kind throws an error that says why.
 * @param {string} name with the version in it
 * @param {typeof Figure} Kind
 * @param {string} style what this kind adds to the looks
 */
export function defineFigure(name, Kind, style = "") {
  if (customElements.get(name)) return;
  customElements.define(name, class extends HTMLElement {
    connectedCallback() {
      if (this.shadowRoot) return;
      const shadow = this.attachShadow({ mode: "open" });
      shadow.innerHTML = `<style>${inspectorStyle}${figureStyle}${style}</style><div></div><slot></slot>`;
      const frame = shadow.querySelector("div");
      const data = this.querySelector("script[type='application/json']");
      try {
        this.figure = new Kind(frame, data && JSON.parse(data.textContent));
      } catch (error) {
        showProblem(frame, error);
        return;
      }
      watchTheme(() => this.figure.retheme());
      this.figure.retheme();
    }
  });
}
