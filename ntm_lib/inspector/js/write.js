// The figure of chapter 4: one write and one read, from the memory before to the memory after, with a handle on each number.
import { heatMap, range, weightBars, written } from "./canvas.js";
import { addElement } from "./dom.js";
import { Figure, defineFigure } from "./figure.js";
import { numbersOn, paintRows, short } from "./grids.js";
import { readVector } from "./stages.js";
import { addedTo, blurredAt, erasedBy } from "./writing.js";

// Pixels: where slots begin, from slot to slot, the height of a vector, and the width below which there is no room for long
// titles. `limit` is the number that has the last colour.
const GRID = { top: 74, row: 32, strip: 26, narrow: 560, limit: 14 };

const writeStyle = `
.handles { display: grid; grid-template-columns: 31% 24% 24% 21%; margin: 4px 0 14px; }
.handles > div { padding-right: 22px; }
.handles .name { margin: 0 0 2px; }
.told { min-height: 2.9em; }
.handles label { display: grid; grid-template-columns: 1fr auto; gap: 0; white-space: nowrap; }
.handles input { grid-column: 1 / -1; width: 100%; order: 1; accent-color: var(--mark); }
.handles output { min-width: 0; }
.erase { --mark: #7a4fa3; }
.add { --mark: #23794a; }
[data-theme=dark] .erase { --mark: #b993e6; }
[data-theme=dark] .add { --mark: #5cc48b; }
.acts { display: flex; gap: 10px; margin-top: 10px; }
.acts button { white-space: nowrap; }
@container (max-width: 559px) {
  .handles { grid-template-columns: 1fr 1fr; gap: 12px 18px; }
  .handles > div { padding: 0; }
  .of-write, .of-read { order: -1; }
  .told { min-height: 4.35em; }
}
`;

/** A write head and a read head over one small memory. */
export class WriteFigure extends Figure {
  /**
   * @param {HTMLElement} root
   * @param {object} data {memory: [N][W], erase: [W], add: [W], write, read: {slot, stray}}, as ntm_lib/inspector/write.py gives it
   */
  constructor(root, data) {
    super(root, data);
    this.slots = data.memory.length;
    this.width = data.erase.length;
    this.begin();
    this.panel(root, "Memory before the write, erased, and added to, between the weightings of both heads", (width) => this.draw(width));
    this.buildHandles();
    this.buildReadout();
    this.show();
  }

  begin() { Object.assign(this, { before: this.data.memory.flat(), writes: 1 }); }

  buildHandles() {
    this.handles = addElement(this.root, "div", { class: "handles" });
    const { erase, add, write, read } = this.data;
    const group = (name, title) => {
      const made = addElement(this.handles, "div", { class: `${name} of-${name}`, role: "group", "aria-label": title });
      addElement(made, "p", { class: "name", text: title });
      return made;
    };
    const one = (parent, label, [min, max, step, places], value) => this.slider(parent, label, { min, max, step, places, value });
    const head = (name, { slot, stray }) => {
      const made = group(name, `${name} head`);
      return { slot: one(made, "slot", [0, this.slots - 1, 1, 0], slot), stray: one(made, "stray part p", [0, 1, 0.05, 2], stray) };
    };
    const vector = (name, title, values, limits) => {
      const made = group(name, title);
      return values.map((value, j) => one(made, `column ${j}`, limits, value));
    };
    this.write = head("write", write);
    this.erase = vector("erase", "erase e", erase, [0, 1, 0.05, 2]);
    this.add = vector("add", "add a", add, [-10, 10, 0.5, 1]);
    this.read = head("read", read);
    const acts = addElement(this.handles.firstElementChild, "div", { class: "acts" });
    this.button(acts, "Write again", () => this.again()).title = "What is there after the write becomes what is there before the next one";
    this.resetButton(acts);
  }

  /** The next write, with the same handles. */
  again() {
    this.before = this.steps().added;
    this.writes += 1;
    this.show();
  }

  reset() {
    this.begin();
    super.reset();
  }

  /** All that the handles lead to: both weightings, the memory along equations (3) and (4), and what is read, equation (2). */
  steps() {
    const numbers = (inputs) => inputs.map((input) => input.valueAsNumber);
    const weighting = ({ slot, stray }) => blurredAt(this.slots, slot.valueAsNumber, stray.valueAsNumber);
    const [write, read, erase, add] = [weighting(this.write), weighting(this.read), numbers(this.erase), numbers(this.add)];
    const erased = erasedBy(this.before, write, erase);
    const added = addedTo(erased, write, add);
    return { write, read, erase, add, before: this.before, erased, added, vector: readVector(added, read) };
  }

  row(memory, slot) { return memory.slice(slot * this.width, (slot + 1) * this.width); }

  show() {
    this.tell(this.sentence(this.steps()));
    super.show();
  }

  sentence({ write, before, added, vector }) {
    const meant = this.write.slot.valueAsNumber;
    const others = range(this.slots).filter((slot) => slot !== meant && told(this.row(before, slot)) !== told(this.row(added, slot)));
    const also = { 0: "", 1: ` Slot ${others[0]} changes too.` }[others.length] ?? ` Slots ${others.join(" and ")} change too.`;
    return `${this.writes > 1 ? `Write ${this.writes}. ` : ""}Slot ${meant}, with weight ${written(write[meant])}, goes from `
      + `${told(this.row(before, meant))} to ${told(this.row(added, meant))}.${also} The read head gets ${told(vector)}.`;
  }

  draw(width) {
    const found = this.steps();
    const narrow = width < GRID.narrow;
    const [gap, bar] = narrow ? [6, 34] : [20, 76];
    const wide = (width - 14 - 2 * bar - 4 * gap) / 3;
    const at = range(5).map((place) => 14 + (place ? bar + gap : 0) + Math.max(0, place - 1) * (wide + gap));
    const tall = GRID.row * this.slots;
    const bars = (name, x, side) => ({
      ...weightBars({ name: `${name} weight`, values: found[name], order: range(this.slots), side, ink: name, x, y: GRID.top, width: bar, height: tall }),
      paint: (own, context, palette) => paintRows(own, context, palette, 17, 11),
    });
    const grid = (name, x) => this.grid(name, found, { x, y: GRID.top, width: wide, height: tall });
    const strip = (name, x, y) => heatMap({ name, values: found[name], order: [0], columns: this.width, limit: name === "erase" ? 1.6 : GRID.limit, x, y, width: wide, height: GRID.strip });
    const [write, before, erased, added, read] = at;
    const vector = { ...strip("vector", added, GRID.top + tall + 10), name: "read vector" };
    const grids = [grid("before", before), grid("erased", erased), grid("added", added)];
    const strips = [strip("erase", erased, 20), strip("add", added, 20), vector];
    const layers = [bars("write", write, "right"), ...grids, bars("read", read, "right"), ...strips];
    const numbers = [...grids, ...strips].flatMap((layer) => numbersOn(layer));
    const weights = ["write", "read"].flatMap((name) => found[name].map((weight, slot) => (
      { text: short(weight), x: (name === "write" ? write : read) + 2, y: GRID.top + slot * GRID.row + 9, ink: weight ? "ink" : "muted" })));
    return { height: GRID.top + tall + 10 + GRID.strip + 2, layers, texts: [...this.titles(at, vector, narrow), ...numbers, ...weights] };
  }

  titles([write, before, erased, added, read], { x, y, height }, narrow) {
    const second = GRID.top - 12;
    const text = (words, left, top, ink) => ({ text: words, x: left, y: top, ink, bold: ink !== "muted" });
    return [
      text(narrow ? "write" : "write w", write, second, "write"), text(narrow ? "read" : "read w", read, second, "read"),
      text("erase e", erased, 9, "erase"), text("add a", added, 9, "add"), text(narrow ? "before" : "before Mₜ₋₁", before, second, "ink"),
      text(narrow ? "M̃ₜ (3)" : "erased M̃ₜ (3)", erased, second, "ink"), text(narrow ? "Mₜ (4)" : "after Mₜ (4)", added, second, "ink"),
      { text: narrow ? "reads" : "reads r (2)", x: x - 8, y: y + height / 2, align: "right", ink: "read", bold: true },
      ...range(this.slots).map((slot) => ({ text: slot, x: 0, y: GRID.top + (slot + 0.5) * GRID.row })),
    ];
  }

  /** A memory as numbers; a cell that this step has changed is outlined, and tells how. */
  grid(name, found, place) {
    const from = { erased: "before", added: "erased" }[name];
    const layer = heatMap({ ...place, name, values: found[name], order: range(this.slots), columns: this.width, rowName: "slot", limit: GRID.limit });
    if (!from) return layer;
    const changed = (slot, column) => layer.value(slot, column) !== found[from][slot * this.width + column];
    return {
      ...layer,
      describe: (slot, column) => `${name}, slot ${slot}, column ${column}: ${this.sum(name, found, slot, column)} = ${written(layer.value(slot, column), 3)}`,
      paint: (own, context, palette) => { layer.paint(own, context, palette); outline(own, context, palette[name === "erased" ? "erase" : "add"], changed); },
    };
  }

  /** The equation of a cell with its numbers. */
  sum(name, { write, erase, add, before, erased }, slot, column) {
    const place = slot * this.width + column;
    const weight = written(write[slot], 3);
    return name === "erased" ? `${written(before[place])} × (1 − ${weight} × ${written(erase[column])})` : `${written(erased[place])} + ${weight} × ${written(add[column])}`;
  }
}

/** A vector in words: (8.5, 8, 0.75). */
function told(vector) { return `(${vector.map((value) => String(Number(value.toFixed(2))).replace("-", "−")).join(", ")})`; }

function outline({ x, y, width, height, rows, columns }, context, colour, changed) {
  const [wide, high] = [width / columns, height / rows];
  context.strokeStyle = colour;
  context.lineWidth = 2;
  for (const place of range(rows * columns)) {
    const [row, column] = [Math.floor(place / columns), place % columns];
    if (!changed(row, column)) continue;
    // Where cells are narrow, their numbers need the room at the sides.
    const [left, bottom] = [x + column * wide, y + (row + 1) * high - 2];
    if (wide < 36) context.strokeRect(left + 2, bottom - 1, wide - 5, 0);
    else context.strokeRect(left + 1.5, bottom - high + 3.5, wide - 4, high - 4);
  }
  context.lineWidth = 1;
}

/** Define the element, with the version in its name. */
export function defineWrite(element) { defineFigure(element, WriteFigure, writeStyle); }
