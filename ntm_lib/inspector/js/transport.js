// Play, step and scrub: which step of a sequence is shown, and the buttons that change it.

const ICONS = {
  first: "M4 3h2v10H4zM13 3v10L6.5 8z", back: "M11.5 3v10L4.5 8z", play: "M4.5 2.5v11l9-5.5z",
  pause: "M4 3h3v10H4zM9 3h3v10H9z", forward: "M4.5 3v10l7-5z", last: "M10 3h2v10h-2zM3 3v10l6.5-5z",
};
const WHOLE_RUN = 12000; // ms, between the limits below: long sequences play faster

/**
 * A new element with attributes, inside another.
 * @param {Element} parent
 * @param {string} tag
 * @param {object} attributes by name; `text` is its text
 * @returns {HTMLElement}
 */
export function addElement(parent, tag, { text, ...attributes } = {}) {
  const element = parent.appendChild(document.createElement(tag));
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  if (text !== undefined) element.textContent = text;
  return element;
}

/** Whether the reader's system asks for less motion. */
export function prefersCalm() { return matchMedia("(prefers-reduced-motion: reduce)").matches; }

/** Buttons, a slider, and the step they are at. */
export class Transport {
  /**
   * @param {HTMLElement} root where the controls go
   * @param {{onStep: function(number), onPlaying: function(boolean)}} options called when either changes
   */
  constructor(root, { onStep, onPlaying }) {
    Object.assign(this, { onStep, onPlaying, steps: 1, current: 0 });
    root.classList.add("transport");
    const buttons = addElement(root, "div", { class: "buttons" });
    const button = (icon, label, act) => {
      const made = addElement(buttons, "button", { type: "button", "aria-label": label, title: label });
      made.innerHTML = `<svg viewBox="0 0 16 16" aria-hidden="true"><path d="${ICONS[icon]}"/></svg>`;
      made.addEventListener("click", act);
      return made;
    };
    const goes = (icon, label, steps) => button(icon, label, () => this.go(this.step + steps));
    goes("first", "First step", -Infinity);
    goes("back", "One step back", -1);
    this.button = button("play", "Play", () => { this.playing = !this.playing; });
    goes("forward", "One step forward", 1);
    goes("last", "Last step", Infinity);
    this.range = addElement(root, "input", { type: "range", min: 0, value: 0, "aria-label": "Step" });
    this.range.addEventListener("input", () => this.go(Number(this.range.value)));
    this.count = addElement(root, "span", { class: "count" });
  }

  get step() { return this.current; }

  /** The step; a number outside the sequence becomes its nearest end. */
  set step(step) {
    const before = this.current;
    this.current = Math.max(0, Math.min(this.steps - 1, Math.round(step) || 0));
    this.range.max = this.steps - 1;
    this.range.value = this.current;
    this.count.textContent = `step ${this.current} / ${this.steps - 1}`;
    this.range.setAttribute("aria-valuetext", this.count.textContent);
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
      this.timer = setInterval(() => this.tick(), this.interval());
    }
    this.button.ariaLabel = this.button.title = playing ? "Pause" : "Play";
    this.button.querySelector("path").setAttribute("d", ICONS[playing ? "pause" : "play"]);
    this.onPlaying(this.playing);
  }

  tick() {
    this.step += 1;
    if (this.step === this.steps - 1) this.playing = false;
  }

  interval() {
    const slowest = prefersCalm() ? [600, 600] : [70, 300];
    return Math.max(slowest[0], Math.min(slowest[1], WHOLE_RUN / this.steps));
  }

  /** Handle a key of the whole figure: arrows, Home, End, Space. */
  key(event) {
    if (event.altKey || event.ctrlKey || event.metaKey || event.defaultPrevented) return;
    const from = event.composedPath()[0];
    // The slider has arrows of its own, a list too; Space presses a button.
    if (from.matches("input[type=range], select") || (event.key === " " && from.matches("button, input, summary"))) return;
    const last = this.steps - 1;
    const target = { ArrowLeft: this.step - 1, ArrowRight: this.step + 1, Home: 0, End: last }[event.key];
    if (target !== undefined) this.go(target);
    else if (event.key === " ") this.playing = !this.playing;
    else return;
    event.preventDefault();
  }

  destroy() { clearInterval(this.timer); }
}
