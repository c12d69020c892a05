// What figures are drawn with: colours for both themes, layers of cells, and a panel that shows layers on a canvas.
//
// A layer is a rectangle of cells: {x, y, width, height, rows, columns, value(row, column), describe(row, column), paint}.
// heatMap, raster and weightBars make layers from plain arrays; a Panel paints them and tells which cell is meant.
import { addElement, withModifier } from "./dom.js";
import { pageTheme } from "./theme.js";

// Light, dark.
const INKS = {
  ink: "#1c2128 #e8ebef", muted: "#5b6470 #a3adb9", line: "#c9d0d8 #454f5b", empty: "#f2f4f6 #20272f",
  write: "#c44e1c #f2894f", read: "#1f6fb2 #62b0f0", wrong: "#b0006d #ff7ac2",
  erase: "#7a4fa3 #b993e6", add: "#23794a #5cc48b",
};

// Zero in the middle. Light: matplotlib's RdBu_r. Dark: the same hues, with the far ends bright and zero dark.
const DIVERGING = [
  "053061 2166ac 4393c3 92c5de d1e5f0 f7f7f7 fddbc7 f4a582 d6604d b2182b 67001f",
  "b9e3ff 73bdf3 3d8fd0 25618f 20405a 242b33 4d2f30 87392f cc5540 f48f6f ffd5c0",
];

const PALETTES = {};

/**
 * The colours of the page's theme: CSS colours by name, and `scales` from a number to a CSS colour, `signed` from -1 to 1,
 * `bits`, `write` and `read` from 0 to 1.
 */
function pagePalette() {
  const theme = pageTheme();
  return (PALETTES[theme] ??= newPalette(theme === "dark" ? 1 : 0));
}

function newPalette(dark) {
  const inks = Object.fromEntries(Object.entries(INKS).map(([name, pair]) => [name, pair.split(" ")[dark]]));
  const towards = (ink) => colourScale([inks.empty, ink], 0);
  const signed = colourScale(DIVERGING[dark].split(" "), -1);
  return { ...inks, scales: { signed, bits: towards(inks.ink), write: towards(inks.write), read: towards(inks.read) } };
}

function colourScale(stops, low) {
  const parts = stops.map((stop) => stop.match(/\w\w/g).map((part) => parseInt(part, 16)));
  const table = range(256).map((i) => {
    const place = (i / 255) * (stops.length - 1);
    const left = Math.min(Math.floor(place), stops.length - 2);
    return `rgb(${parts[left].map((part, c) => Math.round(part + (place - left) * (parts[left + 1][c] - part))).join(" ")})`;
  });
  return (value) => table[Math.round(between(0, (value - low) / (1 - low), 1) * 255)];
}

/** The number nearest to `value` from `low` to `high`. */
export function between(low, value, high) { return Math.max(low, Math.min(high, value)); }

/** Whole numbers from 0, so many. */
export function range(length) { return Array.from({ length }, (_, i) => i); }

/** The sum of some numbers. */
export function sum(values) { return values.reduce((total, value) => total + value, 0); }

/** The place of the largest of some numbers, of several the first. */
export function largest(values) { return values.reduce((best, value, i) => (value > values[best] ? i : best), 0); }

/** A number as figures show it, with a true minus sign. */
export function written(value, places = 2) {
  const text = value.toFixed(places);
  return Number(text) ? text.replace("-", "−") : text.replace("-", "");
}

/**
 * Cells in rows and columns, coloured by their numbers.
 * @param {object} options {values: [rows', columns], order: which rows of it to show, columns, name, rowName, scale: one of a
 *   palette's, limit: the number that gets the last colour, x, y, width, height}
 * @returns {object} a layer
 */
export function heatMap({ values, ...rest }) {
  return cells({ ...rest, rows: rest.order.length, value: (row, column) => values[rest.order[row] * rest.columns + column] });
}

/**
 * Vectors over time, time to the right.
 * @param {object} options {values: [steps, stride], first: where the vector begins in a row, order: which of its numbers to
 *   show, steps, stride, and as for heatMap; faint(step), wrong(row, step): what to dim and what to cross out}
 * @returns {object} a layer whose columns are steps
 */
export function raster({ values, first = 0, steps, stride, ...rest }) {
  const value = (row, step) => values[step * stride + first + rest.order[row]];
  return cells({ ...rest, rows: rest.order.length, columns: steps, columnName: "step", time: true, value });
}

/**
 * A weighting as bars: beside the rows of a heat map ("left", "right"), or standing on a line of slots ("up").
 * @param {object} options {values: [N], order: which slots to show, side, ink: one of a palette's, name, x, y, width, height}
 * @returns {object} a layer
 */
export function weightBars({ values, ...rest }) {
  const { order, side } = rest;
  const [rows, columns] = side === "up" ? [1, order.length] : [order.length, 1];
  const slot = (row, column) => order[row + column];
  const value = (row, column) => values[slot(row, column)];
  const describe = (row, column) => `${rest.name}, slot ${slot(row, column)}: ${written(value(row, column), 3)}`;
  return cells({ ...rest, rows, columns, value, describe, paint: paintBars });
}

function cells(options) {
  const { name, rowName, columnName = "column", order, value } = options;
  const describe = (row, column) =>
    `${name}, ${rowName ? `${rowName} ${order[row]}, ` : ""}${columnName} ${column}: ${written(value(row, column), 3)}`;
  return { limit: 1, scale: "signed", describe, paint: paintCells, ...options };
}

/** A hair of background between cells large enough to be told apart. */
function gapOf({ width, height, rows, columns }) { return Math.min(width / columns, height / rows) >= 6 ? 1 : 0; }

/** Where the cells of a layer are, on whole device pixels: (row, column) -> [x, y, width, height]. */
function boxes(layer) {
  const edges = (start, size, count) => range(count + 1).map((i) => Math.round((start + (i * size) / count) * devicePixelRatio) / devicePixelRatio);
  const [across, down] = [edges(layer.x, layer.width, layer.columns), edges(layer.y, layer.height, layer.rows)];
  const gap = gapOf(layer);
  return (row, column) => [across[column], down[row], across[column + 1] - across[column] - gap, down[row + 1] - down[row] - gap];
}

function eachCell({ rows, columns }, visit) {
  for (let column = 0; column < columns; column++) for (let row = 0; row < rows; row++) visit(row, column);
}

function paintCells(layer, context, palette) {
  const [box, gap, colour] = [boxes(layer), gapOf(layer), palette.scales[layer.scale]];
  // Most cells of a weighting are 0: without gaps they are painted at once.
  const zero = context.fillStyle = colour(0);
  if (!gap) context.fillRect(...boxes({ ...layer, rows: 1, columns: 1 })(0, 0));
  eachCell(layer, (row, column) => {
    const wrong = layer.wrong?.(row, column);
    const strength = (layer.faint?.(column) ? 0.3 : 1) / layer.limit;
    const fill = wrong ? palette.wrong : colour(strength * layer.value(row, column));
    if (fill === zero && !gap) return;
    context.fillStyle = fill;
    context.fillRect(...box(row, column));
    if (wrong && gap) strike(context, box(row, column), palette);
  });
}

/** A wrong bit has a colour of its own and, where there is room, a stroke through it. */
function strike(context, [x, y, width, height], palette) {
  context.strokeStyle = palette.empty;
  context.stroke(new Path2D(`M${x} ${y}l${width} ${height}`));
}

function paintBars(layer, context, palette) {
  const { x, y, width, height, side } = layer;
  const box = boxes(layer);
  const [right, bottom] = [x + width - 1, y + height - 1];
  context.fillStyle = palette.line;
  context.fillRect(...{ left: [right, y, 1, height], right: [x - 1, y, 1, height], up: [x, bottom, width, 1] }[side]);
  context.fillStyle = palette[layer.ink];
  eachCell(layer, (row, column) => {
    const [left, top, wide, high] = box(row, column);
    const part = between(0, layer.value(row, column), 1);
    if (side === "up") context.fillRect(left, top + high * (1 - part), wide, high * part);
    else context.fillRect(side === "left" ? left + wide * (1 - part) : left, top, wide * part, high);
  });
}

/**
 * Which rows or columns to number: round ones, far enough apart.
 * @param {number[]} order what the cells are called
 * @param {number} size pixels from cell to cell
 * @param {number} room pixels that a number needs
 * @returns {number[]} places in `order`
 */
export function labelled(order, size, room) {
  const every = [1, 2, 5, 10, 20, 50].find((step) => step * size >= room) ?? 100;
  return range(order.length).filter((place) => order[place] % every === 0);
}

const NOTHING = { layers: [], texts: [], height: 0 };

/** A canvas with layers of cells: painted once for each change, with a cursor and the chosen cell on top. */
export class Panel {
  /**
   * @param {HTMLElement} root where the canvas goes
   * @param {object} options {label: what it is, for those who do not see it; draw(width) -> {height, layers,
   *   texts: [{text, x, y, align, ink: a name or a function of the palette, bold}]} or nothing; onCell(text or null); onStep(step)}
   */
  constructor(root, options) {
    Object.assign(this, { root, options, cell: null, step: 0, drawing: NOTHING });
    root.className = "panel";
    this.base = addElement(root, "canvas", { "aria-hidden": true });
    const pointed = Object.fromEntries(["down", "move", "up", "cancel", "leave"].map((name) => [`onpointer${name}`, (event) => this.point(event)]));
    this.overlay = addElement(root, "canvas", {
      tabindex: 0, role: "application", "aria-label": `${options.label}. Arrows move from cell to cell.`, ...pointed,
      onkeydown: (event) => this.key(event),
      onfocus: () => this.overlay.matches(":focus-visible") && this.choose(this.cell ?? this.firstCell()),
      // A press on another panel has chosen a cell there before the focus leaves this one.
      onblur: ({ relatedTarget }) => this.choose(null, relatedTarget?.localName !== "canvas"),
    });
    this.sizes = new ResizeObserver(() => {
      if (root.clientWidth === this.width) return;
      this.width = root.clientWidth;
      this.show();
    });
    this.sizes.observe(root);
  }

  /** Lay out and paint everything: after new data, a new size or theme. */
  show(step = this.step) {
    this.width ||= this.root.clientWidth; // asking the page each time would make it lay itself out anew
    if (!this.width) return;
    this.drawing = this.options.draw(this.width) ?? NOTHING;
    const { layers, texts } = this.drawing;
    this.overlay.style.touchAction = this.overTime ? "pan-y" : "manipulation";
    const [context, palette] = [this.cleared(this.base), pagePalette()];
    for (const layer of layers) layer.paint(layer, context, palette);
    context.textBaseline = "middle";
    for (const { text, x, y, align = "left", ink = "muted", bold } of texts) {
      context.font = `${bold ? 600 : 400} 12px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif`;
      context.fillStyle = ink instanceof Function ? ink(palette) : palette[ink];
      context.textAlign = align;
      context.fillText(text, x, y);
    }
    this.mark(step);
  }

  /** Whether anything is drawn over time; of another step, only the cursor is elsewhere. */
  get overTime() { return this.drawing.layers.some((layer) => layer.time); }

  /** Put the cursor of all layers over time at a step, and outline the chosen cell. */
  mark(step) {
    this.step = step;
    if (!this.width) return;
    const context = this.cleared(this.overlay);
    context.strokeStyle = pagePalette().ink;
    for (const layer of this.drawing.layers.filter((each) => each.time)) {
      const [x, , width] = boxes(layer)(0, step);
      context.strokeRect(x - 1, layer.y - 1.5, Math.max(width, 2) + 1, layer.height + 2);
    }
    if (!this.chosen) return;
    const [x, y, width, height] = boxes(this.chosen)(this.cell.row, this.cell.column);
    context.lineWidth = 2;
    context.strokeRect(x - 1.5, y - 1.5, width + 2, height + 2);
  }

  /** The layer of the chosen cell, as long as it has that cell. */
  get chosen() {
    const layer = this.cell && this.drawing.layers[this.cell.layer];
    return layer && this.cell.row < layer.rows && this.cell.column < layer.columns ? layer : null;
  }

  /** Choose a cell, {layer, row, column}, or none, and say what it holds. */
  choose(cell, said = true) {
    this.cell = cell;
    this.mark(this.step);
    if (said) this.options.onCell?.(this.chosen ? this.chosen.describe(cell.row, cell.column) : null);
  }

  /** Read the chosen cell again after a step or new data; one that has the focus goes along with the step. */
  refresh() {
    if (this.chosen?.time && this.focused) this.cell.column = this.step;
    this.choose(this.chosen ? this.cell : null);
  }

  get focused() { return this.root.getRootNode().activeElement === this.overlay; }

  destroy() { this.sizes.disconnect(); }

  cleared(canvas) {
    canvas.width = Math.round(this.width * devicePixelRatio);
    canvas.height = Math.round(this.drawing.height * devicePixelRatio);
    const height = `${this.drawing.height}px`;
    if (canvas.style.height !== height) canvas.style.height = height;
    const context = canvas.getContext("2d");
    context.scale(devicePixelRatio, devicePixelRatio);
    return context;
  }

  firstCell() {
    const [layer] = this.drawing.layers;
    return layer ? { layer: 0, row: 0, column: layer.time ? this.step : 0 } : null;
  }

  /** The cell at a point; in one given layer, the nearest to it. */
  cellAt(x, y, only) {
    const inside = (each) => x >= each.x && x < each.x + each.width && y >= each.y && y < each.y + each.height;
    const layer = only ?? this.drawing.layers.findIndex((each) => !each.silent && inside(each));
    if (layer < 0) return null;
    const { x: left, y: top, width, height, rows, columns } = this.drawing.layers[layer];
    const place = (value, size, count) => between(0, Math.floor((value / size) * count), count - 1);
    return { layer, row: place(y - top, height, rows), column: place(x - left, width, columns) };
  }

  point({ type, pointerType, pointerId, offsetX, offsetY }) {
    if (type === "pointerleave" && pointerType === "mouse" && !this.focused) this.choose(null);
    if (type === "pointerup" || type === "pointercancel") this.held = undefined;
    if (type !== "pointerdown" && type !== "pointermove") return;
    const cell = this.cellAt(offsetX, offsetY, this.held);
    if (type === "pointerdown" && cell && this.drawing.layers[cell.layer].time) {
      this.held = cell.layer;
      this.overlay.setPointerCapture(pointerId);
    }
    if (this.held !== undefined) this.options.onStep?.(cell.column);
    this.choose(cell);
  }

  key(event) {
    const move = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    const cell = this.chosen ? this.cell : this.firstCell();
    if (!move || !cell || withModifier(event)) return;
    // Over time, left and right are steps of the whole figure, which handles them.
    if (this.drawing.layers[cell.layer].time && move[0]) return;
    event.preventDefault();
    event.stopPropagation();
    this.choose(this.neighbour(cell, ...move));
  }

  /** The next cell in a direction: in this layer, or in the next one if that lies there. */
  neighbour({ layer, row, column }, right, down) {
    const from = this.drawing.layers[layer];
    const to = this.drawing.layers[layer + right + down];
    const next = { layer, row: between(0, row + down, from.rows - 1), column: between(0, column + right, from.columns - 1) };
    const moved = next.row !== row || next.column !== column;
    if (moved || !to || to.silent || (right ? to.x === from.x : to.y === from.y)) return next;
    const enter = (move, place, count) => (move < 0 ? count - 1 : move ? 0 : Math.min(place, count - 1));
    return { layer: layer + right + down, row: enter(down, row, to.rows), column: enter(right, column, to.columns) };
  }
}
