// The figure of chapter 14: what each slot holds, how far it is taken, and which was written after which, step by step.
import { heatMap, range, raster, written } from "./canvas.js";
import { addElement } from "./dom.js";
import { Figure, figureStyle } from "./figure.js";
import { numbersOn } from "./grids.js";
import { mountView } from "./host.js";
import { Transport, prefersCalm } from "./transport.js";

const MODES = ["back", "content", "forward"];
// Pixels: where cells begin, the height of a slot over time, what a raster needs above it, the largest slot of this step, the
// height of one row alone and of one among several, and the width of a read mode.
const BOOKS = { x: 52, row: 17, above: 34, cell: 46, alone: 28, among: 34, mode: 62 };
const PALE = 1.6; // the number that would be black, so that 1 leaves its digits legible

const booksStyle = `
.told { min-height: 2.9em; margin: 0 0 6px; }
@container (max-width: 480px) { .told { min-height: 4.4em; } }
`;

/**
 * Check the books that are to be shown.
 * @param {{labels: string[], steps: {order, said, holds: string[]}[], rasters: {name, scale, limit, values: [T][N]}[],
 *   link: [T][N][N]|null, modes: [T][3]|null}} books as ntm_lib/inspector/books.py gives them
 * @returns {object} the same
 * @throws {Error} if a part is missing, or of another shape than the steps and slots
 */
export function checkBooks(books) {
  const { steps, rasters, link, modes } = books ?? {};
  const [count, slots] = [steps?.length, steps?.[0]?.holds?.length];
  if (!(count > 0 && slots > 0)) throw new Error(`The books must hold steps with slots. Received: ${JSON.stringify(steps)?.slice(0, 60)}`);
  const parts = [
    ["holds", steps.map(({ holds }) => holds), [count, slots]],
    ...(rasters ?? []).map(({ name, values }) => [name, values, [count, slots]]),
    ["link", link, [count, slots, slots]], ["modes", modes, [count, MODES.length]],
  ];
  for (const [name, values, shape] of parts) {
    if (values && !hasShape(values, shape)) throw new Error(`${name} must have the shape [${shape.join(", ")}]. Received another one`);
  }
  if (!rasters?.length) throw new Error("The books must hold rasters. Received: none");
  return books;
}

function hasShape(values, [length, ...inner]) {
  if (length === undefined) return typeof values === "string" || Number.isFinite(values);
  return Array.isArray(values) && values.length === length && values.every((value) => hasShape(value, inner));
}

/**
 * All books over time, one under the other, with the order that was given below each step.
 * @param {number} width
 * @param {object} books as for checkBooks
 * @param {number} step the one that is shown
 * @returns {{height: number, layers: object[], texts: object[]}} what a Panel draws
 */
export function booksOverTime(width, { steps, rasters }, step) {
  const { x, row, above } = BOOKS;
  const slots = steps[0].holds.length;
  const [high, wide] = [row * slots, (width - x - 2) / steps.length];
  const layers = rasters.map(({ values, ...rest }, place) => raster({
    ...rest, values: values.flat(), order: range(slots), steps: steps.length, stride: slots, rowName: "slot",
    x, y: 22 + place * (high + above), width: width - x - 2, height: high }));
  const bottom = layers.at(-1).y + high + 12;
  const orders = steps.map(({ order }, place) => ({
    text: order, x: x + (place + 0.5) * wide, y: bottom, align: "center", ink: place === step ? "ink" : "muted", bold: place === step }));
  const names = layers.map(({ name, y }) => ({ text: name, x, y: y - 11, ink: "ink", bold: true }));
  return { height: bottom + 12, layers, texts: [...names, ...layers.flatMap(slotNames), ...orders] };
}

/**
 * One step: what each slot holds, and, if the memory keeps them, its links and its read modes.
 * @param {number} width
 * @param {object} books as for checkBooks
 * @param {number} step
 * @returns {{height: number, layers: object[], texts: object[]}} what a Panel draws
 */
export function booksNow(width, { steps, link, modes }, step) {
  const { holds } = steps[step];
  const size = Math.min(BOOKS.cell, (width - BOOKS.x - 2) / Math.max(holds.length, 3));
  const held = cellsBelow("what each slot holds", 10, holds, holds.map(() => 0), { name: "slot", size, describe: (_, slot) => `slot ${slot} holds ${holds[slot]}` });
  const letters = holds.map((text, i) => ({ text, x: held.layer.x + (i + 0.5) * size, y: held.layer.y + BOOKS.alone / 2, align: "center", ink: "ink", bold: true }));
  if (!link) return { height: held.bottom + 2, layers: [held.layer], texts: [...held.texts, ...letters] };
  const after = (row, column) => `link: slot ${row} written after slot ${column}, ${written(link[step][row][column], 3)}`;
  const linked = cellsBelow("links L: row i written right after column j", held.bottom + 22, holds, link[step].flat(), { name: "link", size, describe: after });
  const mode = (_, place) => `read mode ${MODES[place]}: ${written(modes[step][place], 3)}`;
  const chosen = cellsBelow("read modes", linked.bottom + 18, MODES, modes[step], { name: "mode", scale: "read", limit: 1, size: BOOKS.mode, describe: mode });
  const numbers = [linked, chosen].flatMap(({ layer }) => numbersOn(layer));
  return {
    height: chosen.bottom + 2, layers: [held, linked, chosen].map(({ layer }) => layer),
    texts: [...[held, linked, chosen].flatMap(({ texts }) => texts), ...letters, ...slotNames(linked.layer), ...numbers],
  };
}

/** Rows of cells under a title, which begins at `top`, and under the names of their columns; numbers are not drawn yet. */
function cellsBelow(title, top, columns, values, { name, size, describe, scale = "bits", limit = PALE }) {
  const rows = values.length / columns.length;
  const x = BOOKS.x;
  const place = { x, y: top + 28, width: size * columns.length, height: rows * (rows > 1 ? BOOKS.among : BOOKS.alone) };
  const layer = { ...heatMap({ ...place, name, values, order: range(rows), columns: columns.length, scale, limit }), describe };
  const above = columns.map((text, i) => ({ text: name === "mode" ? text : i, x: x + (i + 0.5) * size, y: layer.y - 9, align: "center" }));
  return { layer, bottom: layer.y + layer.height, texts: [{ text: title, x: 0, y: top, ink: "ink", bold: true }, ...above] };
}

/** The names of the slots, left of their rows. */
function slotNames({ x, y, height, rows }) {
  return range(rows).map((row) => ({ text: row || "slot 0", x: x - 8, y: y + ((row + 0.5) * height) / rows, align: "right" }));
}

/** The books of a memory over time and at one step, with a sentence for each step. */
class BooksFigure extends Figure {
  /**
   * @param {HTMLElement} root
   * @param {{title: string, step: number, books: object}} data
   * @param {function({step, playing})} onChange told what the reader changed
   */
  constructor(root, { title, step, books }, onChange) {
    super(root, checkBooks(books));
    root.tabIndex = -1;
    root.setAttribute("role", "group");
    root.setAttribute("aria-label", title);
    addElement(root, "p", { class: "title", text: title });
    this.buildReadout();
    const holder = addElement(root, "div");
    this.told.after(holder);
    const onPlaying = (playing) => { this.spoken.quiet = playing; onChange({ playing }); };
    this.transport = new Transport(holder, { onStep: (now) => { this.show(); onChange({ step: now }); }, onPlaying });
    root.addEventListener("keydown", (event) => this.transport.key(event));
    const parts = addElement(root, "div", { class: "parts" });
    [booksOverTime, booksNow].forEach((draw, place) => this.panel(parts, books.labels[place], (width) => draw(width, books, this.step)));
    for (const { options } of this.panels) options.onStep = (to) => this.transport.go(to);
    this.transport.steps = books.steps.length;
    this.step = step;
    this.retheme();
    this.show();
  }

  get step() { return this.transport.step; }
  set step(step) { this.transport.step = step; }

  get playing() { return this.transport.playing; }
  set playing(playing) { this.transport.playing = playing; }

  show() {
    this.tell(this.data.steps[this.step].said);
    super.show(this.step);
  }

  destroy() {
    this.transport.destroy();
    super.destroy();
  }
}

/**
 * Put the books of a memory into a shadow root.
 * @param {ShadowRoot} shadow
 * @param {{title: string, step: number, playing: boolean, books: object}|null} data
 * @param {function(object)} onChange as for BooksFigure
 * @returns {Promise<{view: BooksFigure|null, end: function()}>}
 */
export function mountBooks(shadow, data, onChange) {
  return mountView(shadow, async (frame) => {
    const view = new BooksFigure(frame, { ...data }, onChange);
    view.playing = data.playing && !prefersCalm();
    return view;
  }, figureStyle + booksStyle);
}
