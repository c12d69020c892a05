// A machine that learns in the page: the reader starts it, watches it, changes one thing and runs it again beside.
import { Panel, raster, written } from "./canvas.js";
import { addElement } from "./dom.js";
import { LEARNING_OPTIONS, startLearner } from "./learning.js";
import { Spoken } from "./spoken.js";
import { inspectorStyle } from "./style.js";
import { pageTheme, watchTheme } from "./theme.js";

const STARTS = 10;
const RATES = [0.001, 0.003, 0.01, 0.03];
const PROBE = 10; // vectors of the sequence that is shown while it learns
const [MOST_BITS, LEAST_BITS] = [100, 0.01]; // the ends of the logarithmic axis
const SOLVED = 0.1;
const GUTTER_LEFT = 46;
const UNTRAINED = "An untrained machine. Guessing costs 44 bits a sequence: 8 bits a vector, 5.5 vectors on average.";
const CURVE_COLUMNS = 40; // places at which the curves can be read

const classroomStyle = `
.row { display: flex; flex-wrap: wrap; align-items: center; gap: 6px 16px; margin-bottom: 10px; }
.row label { display: flex; align-items: center; gap: 8px; min-height: 30px; }
.row input { width: 16px; height: 16px; margin: 0; accent-color: var(--read); }
.main { font-weight: 600; min-width: 7em; }
.state { font-size: 16px; min-height: 1.45em; margin-bottom: 12px; }
.charts { display: grid; gap: 20px 28px; grid-template-columns: minmax(0, 1fr); }
.runs { font-size: 13px; padding-left: 1.4em; margin: 10px 0 0; }
.runs li.now { font-weight: 600; }
@container (min-width: 600px) { .charts { grid-template-columns: minmax(0, 1.12fr) minmax(0, 1fr); } }
`;

/** Controls, the curve of each run, and what the machine does with one sequence that it never learns from. */
export class Classroom {
  /**
   * @param {HTMLElement} root where it goes
   * @param {string} source the text of the module that this code is part of: the worker runs it too
   */
  constructor(root, source) {
    Object.assign(this, { root, source, runs: [], state: "ready" });
    root.className = "inspector";
    this.buildControls(addElement(root, "div", { class: "row" }), addElement(root, "div", { class: "row" }));
    this.told = addElement(root, "p", { class: "state" });
    const charts = addElement(root, "div", { class: "charts" });
    const panel = (label, draw) => new Panel(addElement(addElement(charts, "div"), "div"), { label, draw, onCell: (text) => this.say(text ?? "") });
    this.curve = panel("The error of each run over the sequences shown", (width) => this.drawCurve(width));
    this.probe = panel("What the machine does with one sequence", (width) => this.drawProbe(width));
    this.readout = addElement(root, "p", { class: "readout" });
    this.spoken = new Spoken(root);
    this.list = addElement(root, "ol", { class: "runs" });
    this.tell(UNTRAINED);
  }

  buildControls(first, second) {
    this.button = addElement(first, "button", { type: "button", class: "main", text: "Learn" });
    this.button.addEventListener("click", () => this.press());
    this.again = addElement(first, "button", { type: "button", text: "Start again" });
    this.again.addEventListener("click", () => this.start());
    this.clear = addElement(first, "button", { type: "button", text: "Forget all runs" });
    this.clear.addEventListener("click", () => this.forget());
    const list = (text, values, chosen) => {
      const made = addElement(addElement(second, "label", { text }), "select");
      for (const value of values) addElement(made, "option", { value, text: value });
      made.value = chosen;
      made.addEventListener("change", () => this.start());
      return made;
    };
    this.rate = list("Rate ", RATES, LEARNING_OPTIONS.learningRate);
    this.memory = list("Memory starts ", ["constant", "random", "learned"], LEARNING_OPTIONS.initialMemory);
    this.seed = list("Start ", Array.from({ length: STARTS }, (_, seed) => seed), 0);
    const check = (text) => {
      const box = addElement(addElement(second, "label"), "input", { type: "checkbox" });
      box.checked = true;
      box.after(text);
      box.addEventListener("change", () => this.start());
      return box;
    };
    this.sharpening = check("sharpening");
    this.location = check("location addressing");
    this.showState("ready");
  }

  get options() {
    return {
      learningRate: Number(this.rate.value), initialMemory: this.memory.value, seed: Number(this.seed.value),
      sharpening: this.sharpening.checked, location: this.location.checked, probeLength: PROBE,
    };
  }

  /** What differs from the usual settings, in words. */
  get description() {
    const { learningRate, initialMemory, sharpening, location, seed } = this.options;
    const changes = [
      learningRate !== LEARNING_OPTIONS.learningRate && `rate ${learningRate}`,
      initialMemory !== LEARNING_OPTIONS.initialMemory && `${initialMemory} memory`,
      !sharpening && "no sharpening", !location && "no location addressing",
    ].filter(Boolean);
    return `start ${seed}${changes.length ? `, ${changes.join(", ")}` : ""}`;
  }

  press() {
    if (this.state === "ready" || this.state === "done") this.start();
    else if (this.state === "learning") { this.worker.pause(); this.showState("paused"); this.spoken.say(this.told.textContent); }
    else { this.worker.resume(); this.showState("learning"); }
  }

  start() {
    this.worker?.stop();
    const run = { name: this.description, points: [], solved: null };
    this.runs.push(run);
    this.runs = this.runs.slice(-4);
    this.showState("learning");
    this.say("");
    this.worker = startLearner(this.source, this.options.seed, this.options, (answer) => this.answered(run, answer));
  }

  forget() {
    this.worker?.stop();
    Object.assign(this, { runs: [], trace: null });
    this.showState("ready");
    this.tell(UNTRAINED);
    this.say("");
    this.show();
  }

  answered(run, answer) {
    if (run !== this.runs.at(-1)) return;
    if (answer.type === "error") { this.refuse(answer.message); return; }
    const { sequences, bits, solved, done, trace } = answer;
    if (sequences && Number.isFinite(bits)) run.points.push([sequences, bits]);
    if (solved && run.solved === null) { run.solved = sequences; this.say(`Run ${this.runs.length} has learned after ${sequences.toLocaleString("en")} sequences.`); }
    this.trace = trace;
    this.tell(`${sequences.toLocaleString("en")} sequences, ${Number.isFinite(bits) ? written(bits, bits < 1 ? 3 : 1) : "44"} bits a sequence${run.solved ? `. Learned after ${run.solved.toLocaleString("en")}` : ""}.`);
    if (done) { this.worker.stop(); this.showState("done"); }
    this.show();
  }

  refuse(message) {
    this.tell(`It cannot learn here. ${message}`);
    this.say("");
    this.spoken.say(this.told.textContent);
    this.showState("ready");
  }

  showState(state) {
    this.state = state;
    this.button.textContent = { ready: "Learn", learning: "Pause", paused: "Resume", done: "Learn again" }[state];
    this.again.hidden = this.clear.hidden = state === "ready" && !this.runs.length;
  }

  tell(text) { this.told.textContent = text; }

  say(text) {
    this.readout.textContent = text;
    this.spoken.say(text);
  }

  show() {
    this.curve.show();
    this.probe.show();
    this.list.replaceChildren();
    for (const run of this.runs) {
      const solved = run.solved ? `learned after ${run.solved.toLocaleString("en")} sequences` : `${written(run.points.at(-1)?.[1] ?? 44, 2)} bits so far`;
      addElement(this.list, "li", { text: `${run.name}: ${solved}`, class: run === this.runs.at(-1) ? "now" : "" });
    }
  }

  retheme() {
    this.root.dataset.theme = pageTheme();
    this.show();
  }

  drawCurve(width) {
    const [top, height] = [20, 230];
    const box = { x: GUTTER_LEFT, y: top, width: width - GUTTER_LEFT - 20, height };
    const last = Math.max(6000, ...this.runs.map((run) => run.points.at(-1)?.[0] ?? 0));
    const across = (sequences) => box.x + (sequences / last) * box.width;
    const up = (bits) => {
      const part = Math.log(MOST_BITS / Math.max(LEAST_BITS, Math.min(MOST_BITS, bits))) / Math.log(MOST_BITS / LEAST_BITS);
      return top + part * height;
    };
    const every = last > 12000 ? 5000 : 2000;
    const marks = Array.from({ length: Math.floor(last / every) + 1 }, (_, i) => i * every);
    const texts = [
      { text: "bits a sequence", x: box.x, y: 8, ink: "ink", bold: true },
      ...[100, 10, 1, 0.1, 0.01].map((bits) => ({ text: `${bits}`, x: box.x - 8, y: up(bits), align: "right" })),
      ...marks.map((count) => ({ text: count.toLocaleString("en"), x: across(count), y: top + height + 14, align: "center" })),
      { text: "sequences shown", x: box.x + box.width, y: top + height + 32, align: "right" },
      { text: "learned", x: box.x + box.width, y: up(SOLVED) - 8, align: "right" },
    ];
    const paint = (_, context, palette) => this.paintCurves(context, palette, box, across, up);
    const describe = (_, column) => this.describeRuns(((column + 1) / CURVE_COLUMNS) * last);
    return { height: top + height + 42, layers: [{ ...box, rows: 1, columns: CURVE_COLUMNS, describe, paint }], texts };
  }

  /** What each run had reached after so many sequences, for those who read the curve by keys or under the finger. */
  describeRuns(count) {
    if (!this.runs.length) return "No run yet: Learn starts one.";
    const reached = this.runs.map(({ points }, place) => {
      const before = points.findLast(([sequences]) => sequences <= count) ?? points[0];
      return `run ${place + 1} ${before ? `${written(before[1], 2)} bits` : "not begun"}`;
    });
    return `${Math.round(count).toLocaleString("en")} sequences: ${reached.join(", ")}`;
  }

  paintCurves(context, palette, box, across, up) {
    const line = (points, colour, thickness) => {
      context.strokeStyle = colour;
      context.lineWidth = thickness;
      context.beginPath();
      for (const [x, y] of points) context.lineTo(x, y);
      context.stroke();
    };
    for (const bits of [100, 10, 1, 0.01]) line([[box.x, up(bits)], [box.x + box.width, up(bits)]], palette.line, 0.5);
    line([[box.x, up(SOLVED)], [box.x + box.width, up(SOLVED)]], palette.muted, 1);
    this.runs.forEach((run, place) => {
      const now = place === this.runs.length - 1;
      const points = run.points.map(([sequences, bits]) => [across(sequences), up(bits)]);
      line(points, now ? palette.read : palette.muted, now ? 2.5 : 1.2);
      if (!points.length) return;
      context.fillStyle = now ? palette.read : palette.muted;
      context.font = "12px system-ui, sans-serif";
      context.textAlign = "right";
      context.fillText(`${place + 1}`, points.at(-1)[0] - 4, points.at(-1)[1] - 6);
    });
  }

  drawProbe(width) {
    const { trace } = this;
    if (!trace) return { height: 20, layers: [], texts: [{ text: "Nothing has been learned yet.", x: 0, y: 8 }] };
    const { slots, outputs } = trace.sizes;
    const box = { x: GUTTER_LEFT, width: width - GUTTER_LEFT - 12, steps: trace.steps };
    const layers = [];
    const texts = [];
    let y = 0;
    const add = (name, values, stride, size, each, scale, ink, faint) => {
      texts.push({ text: name, x: box.x, y: y + 8, ink, bold: true });
      const order = Array.from({ length: size }, (_, i) => i);
      layers.push({ ...raster({ ...box, name, values, stride, order, rowName: stride === outputs ? "bit" : "slot", scale, y: y + 18, height: size * each, faint }), time: false });
      y += 26 + size * each;
    };
    const shown = Math.min(slots, 2 * PROBE + 4);
    add("target", trace.targets, outputs, outputs, 4, "bits", "ink");
    add("output", trace.outputs, outputs, outputs, 4, "bits", "ink", (step) => !trace.mask[step]);
    add("write weighting", trace.write.weights, slots, shown, 3.6, "write", "write");
    add("read weighting", trace.read.weights, slots, shown, 3.6, "read", "read");
    return { height: y + 4, layers, texts };
  }
}

/**
 * Define the element in which a machine learns, unless this version of it is there already. In a worker, which runs the
 * same text, there are no elements.
 * @param {string} name with the version in it
 */
export function defineClassroom(name) {
  if (!globalThis.customElements || customElements.get(name)) return;
  customElements.define(name, class extends HTMLElement {
    connectedCallback() {
      if (this.shadowRoot) return;
      const shadow = this.attachShadow({ mode: "open" });
      shadow.innerHTML = `<style>${inspectorStyle}${classroomStyle}</style><div></div><slot></slot>`;
      const source = this.parentElement.querySelector(`script[data-for="${name}"]`).textContent;
      this.classroom = new Classroom(shadow.querySelector("div"), source);
      watchTheme(() => this.classroom.retheme());
      this.classroom.retheme();
    }
  });
}
