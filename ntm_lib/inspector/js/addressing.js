// The figure of chapter 3: two heads over one memory, their handles, and the five stages of the head that is driven.
import { heatMap, largest, range, weightBars, written } from "./canvas.js";
import { addElement } from "./dom.js";
import { Figure, defineFigure } from "./figure.js";
import { numbersOn, paintRows, short } from "./grids.js";
import { addressingStages, allOn, checkAddressing, readVector, shareOut } from "./stages.js";

const HEAD_NAMES = ["read", "write"];
const STAGE_COLUMNS = { previous: "wₜ₋₁", content: "wᶜ (5)", gated: "wᵍ (7)", shifted: "w̃ (8)", sharpened: "w (9)" };
const [TOP, ROW, STRIP] = [56, 32, 24]; // pixels: where slots begin, from slot to slot, the height of a vector
const NARROW = 620; // pixels: below, stages have no room for their names

// Each handle stands below the stage that it acts on.
const addressingStyle = `
.handles { display: grid; margin: 8px 0 14px; grid-template-columns: 27% repeat(5, 14.6%); }
.handles > div { padding-right: 10px; }
.handles > .of-key { padding-right: 30px; }
.handles label { display: grid; grid-template-columns: 1fr auto; gap: 0; font-size: 12px; white-space: nowrap; }
.handles output { min-width: 0; }
.of-strength output { margin-right: -6px; }
.handles input { grid-column: 1 / -1; width: 100%; order: 1; }
.handles small { display: none; }
.of-key, .of-shift { grid-row: 1 / span 3; }
.buttons { grid-column: 2 / span 3; grid-row: 2 / span 2; align-self: end; gap: 10px; margin: 0; }
.buttons button { width: auto; padding: 0 12px; border: 1px solid var(--line); }
.choices { margin-bottom: 6px; }
.choices label:has(:checked) { font-weight: 600; color: var(--mark); }
.choices input, .handles input { accent-color: var(--mark); }
@container (max-width: 619px) {
  .handles { grid-template-columns: 1fr 1fr; gap: 8px 18px; grid-auto-flow: dense; }
  .handles > div, .handles > .of-key { padding: 0; }
  .handles small { display: block; }
  .handles label { font-size: 14px; }
  .of-strength output { margin: 0; }
  .of-key, .of-shift { grid-row: auto / span 3; grid-column: 1; display: grid; align-content: space-between; }
  .buttons { grid-column: 2; grid-row: auto / span 2; }
  .told { min-height: 2.9em; }
}
`;

/** The addressing of a read head and of a write head, driven by hand. */
export class AddressingFigure extends Figure {
  /**
   * @param {HTMLElement} root
   * @param {{memory: number[][], heads: object}} data as ntm_lib/inspector/addressing.py gives it
   */
  constructor(root, data) {
    super(root, checkAddressing(data));
    this.memory = data.memory.flat();
    this.width = data.memory[0].length;
    this.slots = data.memory.length;
    this.limit = Math.max(...this.memory) * 0.7;
    this.start();
    this.buildHeads();
    this.drawing = this.panel(root, "Memory, and the stages of addressing of one head, beside its slots", (width) => this.draw(width));
    this.drawing.overlay.addEventListener("click", ({ offsetX, offsetY }) => this.pressed(offsetX, offsetY));
    this.buildHandles();
    this.buildReadout();
    this.show();
  }

  /** The state in which the figure begins. */
  start() {
    this.heads = structuredClone(this.data.heads);
    for (const head of Object.values(this.heads)) head.previous = allOn(this.slots, head.previous);
    Object.assign(this, { name: "read", steps: 0 });
  }

  reset() {
    this.start();
    this.show();
  }

  buildHeads() {
    const row = addElement(this.root, "div", { class: "choices", role: "group", "aria-label": "Head" });
    this.radios = HEAD_NAMES.map((name) => {
      const label = addElement(row, "label", { class: name });
      const input = addElement(label, "input", { type: "radio", name: "head", value: name });
      label.append(`${name} head`);
      input.addEventListener("change", () => { this.name = name; this.show(); });
      return input;
    });
  }

  buildHandles() {
    this.handles = addElement(this.root, "div", { class: "handles" });
    this.sliders = {};
    for (const [name, title, labels, [min, max, step, places]] of this.handleTable()) {
      const group = addElement(this.handles, "div", { class: `of-${name}` });
      addElement(group, "small", { text: title });
      this.sliders[name] = labels.map((label, place) => {
        const changed = () => this.change(name, place, this.sliders[name][place].valueAsNumber);
        return this.slider(group, label, { min, max, step, places, value: min, changed });
      });
    }
    const buttons = addElement(this.handles, "div", { class: "buttons" });
    this.button(buttons, "Next step", () => this.step()).title = "Both heads take one more step: each weighting becomes the previous one";
    this.resetButton(buttons);
  }

  /** What can be moved: name, the stage it acts on, labels, and least, most, step and decimals. */
  handleTable() {
    const offset = (k) => `shift ${k > 1 ? "+" : ""}${written(k - 1, 0)}`;
    return [
      ["key", "for content wᶜ", range(this.width).map((j) => `key ${j}`), [-1, 1, 0.1, 1]],
      ["previous", "previous wₜ₋₁", ["slot"], [0, this.slots - 1, 1, 0]],
      ["strength", "content wᶜ", ["strength β"], [0, 20, 0.1, 1]],
      ["gate", "gated wᵍ", ["gate g"], [0, 1, 0.01, 2]],
      ["shift", "shifted w̃", range(3).map(offset), [0, 1, 0.01, 2]],
      ["sharpening", "sharpened w", ["sharpen γ"], [1, 20, 0.1, 1]],
    ];
  }

  /** Give a handle of the driven head another value; the shares of the shift that are not meant make room. */
  change(name, place, value) {
    const head = this.heads[this.name];
    if (name === "key") head.key[place] = value;
    else if (name === "previous") head.previous = allOn(this.slots, value);
    else head[name] = name === "shift" ? shareOut(head.shift, place, value) : value;
    this.show();
  }

  /** A press on a slot of the previous weighting moves it there. */
  pressed(x, y) {
    const cell = this.drawing.cellAt(x, y);
    if (cell && this.drawing.drawing.layers[cell.layer].name === "previous") this.change("previous", 0, cell.row);
  }

  /** Both heads take one step more with the same handles. */
  step() {
    for (const name of HEAD_NAMES) this.heads[name].previous = this.stagesOf(name).sharpened;
    this.steps += 1;
    this.show();
  }

  stagesOf(name) { return addressingStages(this.memory, this.heads[name]); }

  get read() { return readVector(this.memory, this.stagesOf("read").sharpened); }

  show() {
    for (const radio of this.radios) radio.checked = radio.value === this.name;
    this.handles.className = `handles ${this.name}`;
    const head = this.heads[this.name];
    const values = { ...head, previous: largest(head.previous) };
    for (const [name, inputs] of Object.entries(this.sliders)) {
      inputs.forEach((input, place) => this.put(input, [values[name]].flat()[place]));
    }
    this.tell(this.sentence());
    super.show();
  }

  sentence() {
    const { sharpened } = this.stagesOf(this.name);
    const slot = largest(sharpened);
    const does = this.name === "read" ? `It reads (${this.read.map((value) => written(value)).join(", ")}).` : "It would write there.";
    return `${this.steps ? `Step ${this.steps + 1}. ` : ""}The ${this.name} head has ${written(sharpened[slot])} of its weight on slot ${slot}. ${does}`;
  }

  draw(width) {
    const narrow = width < NARROW;
    const first = width * (narrow ? 0.46 : 0.27);
    const stages = Object.keys(STAGE_COLUMNS);
    const each = (width - first) / stages.length;
    const found = this.stagesOf(this.name);
    const parts = stages.map((name, place) => this.drawStage(name, found, first + place * each, each - 10, narrow));
    const { layers: [key, map, vector, write, read], texts } = this.drawMemory(first, narrow);
    const all = (kind) => parts.flatMap((part) => part[kind]);
    // In the order in which arrows lead from one to the next: from left to right, and the strips at both ends.
    const layers = [key, write, map, read, ...all("layers"), vector];
    return { height: TOP + ROW * this.slots + STRIP + 12, layers, texts: [...texts, ...all("texts")] };
  }

  /** One stage: a bar and a number for each slot. */
  drawStage(name, found, x, width, narrow) {
    const values = found[name];
    const layer = this.bars({ name, values, side: "right", ink: this.name, x, width }, 15);
    if (name === "content") layer.describe = (slot) => `content, slot ${slot}: ${written(values[slot], 3)}, cosine ${written(found.cosines[slot], 3)}`;
    const numbers = values.map((value, slot) => ({ text: short(value), x: x + 2, y: TOP + slot * ROW + 8, ink: value < 0.005 ? "muted" : "ink" }));
    const symbol = STAGE_COLUMNS[name];
    const titles = narrow ? [{ text: symbol.split(" ")[0], x, y: 44 }] : [{ text: name, x, y: 28, ink: this.name, bold: true }, { text: symbol, x, y: 44 }];
    return { layers: [layer], texts: [...titles, ...numbers] };
  }

  /** Bars beside the slots, each `from` pixels below the top of its row. */
  bars(options, from) {
    const layer = weightBars({ order: range(this.slots), y: TOP, height: ROW * this.slots, ...options });
    return { ...layer, paint: (own, context, palette) => paintRows(own, context, palette, from, 12) };
  }

  /** The memory with the key above it, what is read below it, and where both heads stand beside it. */
  drawMemory(space, narrow) {
    const bar = space * 0.15;
    const left = 20 + bar;
    const wide = space - left - bar - (narrow ? 16 : 36);
    const [right, bottom] = [left + wide + 6, TOP + ROW * this.slots + 8];
    const place = { columns: this.width, limit: this.limit, x: left, width: wide };
    const strip = (name, values, y) => {
      const describe = (_, column) => `${name}, column ${column}: ${written(values[column], 3)}`;
      return heatMap({ ...place, name, values, order: [0], y, height: STRIP, describe });
    };
    const map = heatMap({ ...place, name: "memory", values: this.memory, order: range(this.slots), rowName: "slot", y: TOP, height: ROW * this.slots });
    const maps = [strip("key", this.heads[this.name].key, 22), map, strip("read vector", this.read, bottom)];
    const both = { write: [14, "left", left - 6, "right"], read: [right, "right", right, "left"] };
    const beside = Object.entries(both).map(([name, [x, side]]) => (
      this.bars({ name: `${name} weight`, values: this.stagesOf(name).sharpened, side, ink: name, x, width: bar }, 10)));
    const texts = [
      { text: "key k", x: left + wide / 2, y: 10, align: "center", ink: this.name, bold: true },
      { text: "reads", x: left - 6, y: bottom + STRIP / 2, align: "right", ink: "read", bold: true },
      ...Object.entries(both).map(([name, [, , x, align]]) => ({ text: name, x, y: 44, align, ink: name, bold: true })),
      ...map.order.map((slot) => ({ text: slot, x: 0, y: TOP + (slot + 0.5) * ROW })),
      ...maps.flatMap((layer) => numbersOn(layer, narrow ? 1 : 2)),
    ];
    return { layers: [...maps, ...beside], texts };
  }
}

/** Define the element, with the version in its name. */
export function defineAddressing(element) { defineFigure(element, AddressingFigure, addressingStyle); }
