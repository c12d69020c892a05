// What a screen reader hears of a figure: one line, once nothing has changed for a moment.
import { addElement } from "./dom.js";

const PAUSE = 500; // ms

/** A polite live region that is never seen. It says nothing until the reader has been in the figure. */
export class Spoken {
  /** @param {HTMLElement} root the figure */
  constructor(root) {
    this.parts = {};
    this.line = addElement(root, "p", { class: "spoken", "aria-live": "polite" });
    for (const type of ["focusin", "pointerdown"]) root.addEventListener(type, () => { this.awake = true; }, true);
  }

  /**
   * Say a text, together with what else has changed by then.
   * @param {string} text
   * @param {string} part what it is about: a newer text of the same part takes its place
   */
  say(text, part = "") {
    if (this.awake) this.parts[part] = text;
    this.quiet = this.held;
  }

  /** Whether it waits until something has come to rest, such as a figure that plays. */
  set quiet(quiet) {
    this.held = quiet;
    clearTimeout(this.timer);
    if (!quiet) this.timer = setTimeout(() => this.speak(), PAUSE);
  }

  speak() {
    const text = Object.values(this.parts).filter(Boolean).join(" ");
    if (text) this.line.textContent = text;
    this.parts = {};
  }
}
