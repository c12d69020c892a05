// Play, step and scrub: which step of a sequence is shown, and the buttons that change it.
import { between } from "./canvas.js";
import { addElement, withModifier } from "./dom.js";

// The buttons: what they are called, what is drawn on them, and how many steps they go.
const PLAY_FACE = ["Play", "M4.5 2.5v11l9-5.5z"];
const BUTTONS = [
  ["First step", "M4 3h2v10H4zM13 3v10L6.5 8z", -Infinity], ["One step back", "M11.5 3v10L4.5 8z", -1], PLAY_FACE,
  ["One step forward", "M4.5 3v10l7-5z", 1], ["Last step", "M10 3h2v10h-2zM3 3v10l6.5-5z", Infinity],
];
const PAUSE_FACE = ["Pause", "M4 3h3v10H4zM9 3h3v10H9z"];
const WHOLE_RUN = 12000; // ms, between limits for each step: long sequences play faster

/** Whether the reader's system asks for less motion. */
export function prefersCalm() { return matchMedia("(prefers-reduced-motion: reduce)").matches; }

/** Buttons, a slider, and the step they are at. */
export class Transport {
  /**
   * @param {HTMLElement} root where the controls go
   * @param {{step: number, onStep: function(number), onPlaying: function(boolean)}} options where it begins, once `steps` is
   *   set, and what is called when either changes
   */
  constructor(root, { step = 0, onStep, onPlaying }) {
    Object.assign(this, { onStep, onPlaying, steps: Infinity, current: step });
    root.classList.add("transport");
    const buttons = addElement(root, "div", { class: "buttons" });
    for (const face of BUTTONS) {
      const onclick = () => (face === PLAY_FACE ? this.toggle() : this.go(this.step + face[2]));
      const button = addElement(buttons, "button", { type: "button", onclick });
      button.innerHTML = '<svg viewBox="0 0 16 16" aria-hidden="true"><path/></svg>';
      setFace(button, face);
      if (face === PLAY_FACE) this.button = button;
    }
    this.range = addElement(root, "input", { type: "range", min: 0, value: 0, "aria-label": "Step", oninput: () => this.go(this.range.value) });
    this.count = addElement(root, "span", { class: "count" });
  }

  get step() { return this.current; }

  /** The step; a number outside the sequence becomes its nearest end. */
  set step(step) {
    const before = this.current;
    const last = this.steps - 1;
    this.current = between(0, Math.round(step) || 0, last);
    Object.assign(this.range, { max: last, value: this.current });
    this.range.ariaValueText = this.count.textContent = `step ${this.current} / ${last}`;
    if (this.current !== before) this.onStep(this.current);
  }

  /** Go to a step because the reader asked: what plays stops. */
  go(step) {
    this.playing = false;
    this.step = step;
  }

  get playing() { return Boolean(this.timer); }

  set playing(playing) {
    if (Boolean(playing) === this.playing) return;
    clearInterval(this.timer);
    this.timer = null;
    if (playing) {
      if (this.step === this.steps - 1) this.step = 0;
      this.timer = setInterval(() => this.tick(), prefersCalm() ? 600 : between(70, WHOLE_RUN / this.steps, 300));
    }
    setFace(this.button, playing ? PAUSE_FACE : PLAY_FACE);
    this.onPlaying(this.playing);
  }

  toggle() { this.playing = !this.playing; }

  tick() {
    this.step += 1;
    if (this.step === this.steps - 1) this.playing = false;
  }

  /** Handle a key of the whole figure: arrows, Home, End, Space. */
  key(event) {
    if (withModifier(event) || event.defaultPrevented) return;
    const from = event.composedPath()[0];
    // The slider has arrows of its own, a list too; Space presses a button.
    if (from.matches("input[type=range], select") || (event.key === " " && from.matches("button, input, summary"))) return;
    const target = { ArrowLeft: this.step - 1, ArrowRight: this.step + 1, Home: 0, End: Infinity }[event.key];
    if (target !== undefined) this.go(target);
    else if (event.key === " ") this.toggle();
    else return;
    event.preventDefault();
  }

  destroy() { clearInterval(this.timer); }
}

function setFace(button, [label, path]) {
  button.ariaLabel = button.title = label;
  button.querySelector("path").setAttribute("d", path);
}
