// The figure of chapter 2: one time step of a trained machine. A part that is pressed shows its equation, shape and numbers.
import { heatMap, range, weightBars, written } from "./canvas.js";
import { cellsOf, diagramArrows, diagramLayout, paintArrow } from "./diagram.js";
import { addElement } from "./dom.js";
import { Figure, defineFigure } from "./figure.js";
import { numbersOn } from "./grids.js";
import { usedArc } from "./layout.js";
import { decodePayload } from "./payload.js";
import { showProblem } from "./problem.js";
import { PARTS, checkRun, partName, shapeOf, stepValues, toldHead } from "./step.js";
import { Transport } from "./transport.js";

const CELL = 9; // pixels from slot to slot in the diagram
const RAW_LIMIT = 4;
const STAGE_NAMES = ["previous", "content", "gated", "shifted", "weights"];

const architectureStyle = `
.buttons .reset { width: auto; padding: 0 12px; margin-left: 8px; border: 1px solid var(--line); }
.both { display: grid; gap: 8px 24px; margin-top: 8px; }
.diagram { position: relative; }
.diagram button {
  position: absolute; border: 0; min-height: 24px; padding: 0 0 0 6px; text-align: left; font-size: 13px; white-space: nowrap; overflow: hidden;
}
.diagram button:hover { background: none; text-decoration: underline; }
.diagram button[aria-pressed=true] { font-weight: 600; letter-spacing: -0.8px; }
.detail h3 { font-size: 16px; margin: 0 0 8px; }
.rule { font: 17px/1.6 "STIX Two Math", "Cambria Math", Georgia, serif; margin-bottom: 8px; }
.detail dl { grid-template-columns: auto 1fr; gap: 2px 12px; }
.detail code { font-size: 13px; }
.detail .caption { margin: 4px 0 12px; }
@container (min-width: 640px) {
  .both { grid-template-columns: minmax(0, 1.18fr) minmax(0, 1fr); }
}
`;

/** The clickable machine. */
export class ArchitectureFigure extends Figure {
  /**
   * @param {HTMLElement} root
   * @param {object} data as ntm_lib/inspector/architecture.py gives it
   */
  constructor(root, data) {
    super(root, data);
    this.part = data?.part;
    this.ready = this.open().catch((error) => showProblem(root, error));
  }

  async open() {
    const { payload, hidden, raw, step } = this.data ?? {};
    this.run = checkRun({ trace: await decodePayload(payload), hidden, raw }, this.data);
    this.shown = usedArc(this.run.trace);
    this.build();
    this.transport.steps = this.run.trace.steps;
    this.transport.step = step;
    this.retheme();
    this.show();
  }

  build() {
    const { root } = this;
    root.addEventListener("keydown", (event) => this.transport.key(event));
    this.transport = new Transport(addElement(root, "div"), { onStep: () => this.show(), onPlaying: (playing) => { this.spoken.quiet = playing; } });
    this.resetButton(this.transport.button.parentElement).className = "reset";
    const both = addElement(root, "div", { class: "both" });
    this.buildDiagram(addElement(both, "div"));
    this.buildDetail(addElement(both, "div", { class: "detail" }));
  }

  buildDiagram(root) {
    this.diagram = this.panel(root, "The machine at this step", (width) => this.drawDiagram(width));
    this.diagram.root.classList.add("diagram");
    this.diagram.overlay.addEventListener("click", ({ offsetX, offsetY }) => this.pressed(offsetX, offsetY));
    this.names = Object.fromEntries(Object.keys(PARTS).map((name) => {
      const made = this.button(this.diagram.root, partName(name), () => this.choose(name));
      made.addEventListener("focus", () => made.matches(":focus-visible") && this.choose(name));
      return [name, made];
    }));
  }

  buildDetail(root) {
    this.heading = addElement(root, "h3");
    this.rule = addElement(root, "p", { class: "rule" });
    const list = addElement(root, "dl");
    [this.shape, this.tensor, this.from] = ["shape", "in the library", "made from"].map((text) => {
      addElement(list, "dt", { text });
      return addElement(list, "dd");
    });
    this.values = this.panel(root, "The numbers of this part", (width) => this.drawValues(width));
    this.text = addElement(root, "p", { class: "caption" });
    this.buildReadout(root);
  }

  get step() { return this.transport.step; }

  choose(name) {
    if (name === this.part) return;
    this.part = name;
    this.show();
  }

  pressed(x, y) {
    const inside = ([, box]) => x >= box.x && x < box.x + box.width && y >= box.y && y < box.y + box.height;
    const found = Object.entries(this.layout.boxes).find(inside);
    if (found) this.choose(found[0]);
  }

  reset() {
    this.part = this.data.part;
    this.transport.go(this.data.step);
    this.show();
  }

  show() {
    if (!this.run) return;
    this.numbers = stepValues(this.run, this.step);
    if (this.part !== this.shownPart) this.showPart();
    this.tell(this.sentence());
    super.show();
  }

  /** What is the same at each step: a screen reader hears the heading and the shape when the part changes. */
  showPart() {
    this.shownPart = this.part;
    for (const [name, button] of Object.entries(this.names)) button.ariaPressed = name === this.part;
    const { rule, axes, tensor, from, text } = PARTS[this.part];
    this.heading.textContent = partName(this.part);
    this.rule.innerHTML = rule;
    this.shape.textContent = `[${axes}] = [${shapeOf(axes, this.run.trace.sizes).join(", ")}]`;
    this.tensor.textContent = tensor;
    this.from.textContent = from.map(partName).join(", ") || "nothing of this step";
    this.text.textContent = text;
    this.spoken.say(`${this.heading.textContent}, ${this.shape.textContent}.`, "part");
  }

  /** Where the sequence is, and where both heads are. */
  sentence() {
    const { inputs } = this.run.trace.sizes;
    const phase = this.run.trace.mask[this.step] ? "answering" : this.numbers.input[inputs - 1] ? "the delimiter" : "listening";
    const slot = (name) => this.numbers[name].indexOf(Math.max(...this.numbers[name]));
    return `Step ${this.step}, ${phase}. Write head on slot ${slot("writeWeights")}, read head on slot ${slot("readWeights")}.`;
  }

  drawDiagram(width) {
    this.layout = diagramLayout(width, this.shown.length * CELL);
    const { boxes, height } = this.layout;
    for (const [name, button] of Object.entries(this.names)) {
      const { x, y, width: wide } = boxes[name];
      Object.assign(button.style, { left: `${x}px`, top: `${y}px`, width: `${wide}px` });
    }
    const paint = (_, context, palette) => this.paintFrame(context, palette);
    const frame = { x: 0, y: 0, width, height, rows: 0, columns: 0, silent: true, paint };
    return { height, layers: [...Object.keys(PARTS).map((name) => this.strip(name, cellsOf(boxes[name]))), frame], texts: [] };
  }

  /** The cells of a part in the diagram. */
  strip(name, place) {
    const values = this.numbers[name];
    const title = partName(name);
    const { width: columns } = this.run.trace.sizes;
    if (PARTS[name].axes === "N") {
      return weightBars({ ...place, name: title, values, order: this.shown, side: "right", ink: name.startsWith("read") ? "read" : "write" });
    }
    if (PARTS[name].axes === "N, W") return heatMap({ ...place, name: title, values, columns, order: this.shown, rowName: "slot" });
    const limit = name.endsWith("Numbers") ? RAW_LIMIT : 1;
    return heatMap({ ...place, name: title, values, columns: values.length, order: [0], limit });
  }

  /** Frames and arrows; what the chosen part is made from stands out. */
  paintFrame(context, palette) {
    const { from } = PARTS[this.part];
    const arrows = diagramArrows(this.layout.boxes).sort((a, b) => (a.to === this.part) - (b.to === this.part));
    for (const { to, way } of arrows) {
      const meant = to === this.part;
      context.strokeStyle = context.fillStyle = meant ? palette.ink : palette.muted;
      context.lineWidth = meant ? 2 : 0.75;
      paintArrow(context, way);
    }
    for (const [name, { x, y, width, height }] of Object.entries(this.layout.boxes)) {
      const near = from.includes(name);
      context.strokeStyle = name === this.part || near ? palette.ink : palette.line;
      context.lineWidth = name === this.part ? 2.5 : near ? 1.25 : 1;
      context.strokeRect(x + 0.5, y + 0.5, width - 1, height - 1);
    }
    context.lineWidth = 1;
  }

  drawValues(width) {
    const [layers, texts] = [[], []];
    let y = 0;
    for (const { label, numbered, cell, ...options } of this.tables()) {
      if (label) texts.push({ text: label, x: 0, y: y + 8 });
      y += label ? 18 : 0;
      const rows = options.order.length;
      const layer = heatMap({ limit: 1, ...options, x: 0, y, width, height: rows * cell });
      layers.push(layer);
      if (numbered) texts.push(...numbersOn(layer, 1));
      y += rows * cell + 8;
    }
    return { height: y, layers, texts };
  }

  /** The numbers of the chosen part as heat maps, one under the other. */
  tables() {
    const { part, numbers: { [part]: values }, run: { trace } } = this;
    const { slots, width } = trace.sizes;
    const { title, axes } = PARTS[part];
    if (part.endsWith("Numbers")) return this.toldTables(part === "readNumbers" ? "read" : "write", values);
    if (axes === "N") return [this.stageTable(part === "readWeights" ? "read" : "write", slots)];
    if (axes === "N, W") return [{ name: title, values, columns: width, order: this.shown, rowName: "slot", cell: 18 }];
    return [{ name: title, ...this.vectorTable(values, (place) => `${title}, number ${place}: ${written(values[place])}`) }];
  }

  /** A vector in rows of ten, each cell with its number. */
  vectorTable(values, told) {
    const columns = values.length % 10 ? values.length : 10;
    return { values, columns, order: range(values.length / columns), cell: 24, numbered: true, describe: (row, column) => told(row * columns + column) };
  }

  toldTables(name, raw) {
    const { shifts } = this.run.trace.sizes;
    const singles = ["strength β", "gate g", ...range(shifts).map((k) => `shift ${written(k - (shifts - 1) / 2, 0)}`), "sharpening γ"];
    return toldHead(this.run.trace, name, raw, this.step).map(({ name: field, values, raw: before }) => {
      const single = field === "single";
      const told = (place) => `${single ? singles[place] : `${field}, number ${place}`}: ${written(values[place])}, raw ${written(before[place])}`;
      const label = single ? "β, g, s (three), γ" : { key: "key k", erase: "erase e", add: "add a" }[field];
      return { label, name: field, ...this.vectorTable(values, told), limit: single ? 1e9 : 1 };
    });
  }

  /** The stages of addressing, a row each. */
  stageTable(name, slots) {
    const head = this.run.trace[name];
    const values = STAGE_NAMES.flatMap((stage) => {
      if (stage !== "previous") return [...head[stage].subarray(this.step * slots, (this.step + 1) * slots)];
      return [...(this.step ? head.weights.subarray((this.step - 1) * slots, this.step * slots) : head.previous)];
    });
    const shown = STAGE_NAMES.flatMap((_, row) => this.shown.map((slot) => values[row * slots + slot]));
    const describe = (row, column) => `${STAGE_NAMES[row]}, slot ${this.shown[column]}: ${written(shown[row * this.shown.length + column], 3)}`;
    return { label: STAGE_NAMES.join(", "), name, values: shown, columns: this.shown.length, order: range(STAGE_NAMES.length), scale: name, describe, cell: 24, numbered: true };
  }

  retheme() {
    if (this.run) super.retheme();
  }
}

/** Define the element, with the version in its name. */
export function defineArchitecture(element) { defineFigure(element, ArchitectureFigure, architectureStyle); }
