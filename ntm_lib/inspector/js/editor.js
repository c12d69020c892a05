// A pattern of bits that the reader draws: with the mouse, a finger, or the keys.
import { Panel, heatMap, labelled } from "./canvas.js";

const LEAST_CELL = 24; // pixels: what a finger can hit

/** Bits in rows, vectors in columns; a press turns a bit over, and a mouse that is held goes on drawing. */
export class PatternEditor extends Panel {
  /**
   * @param {HTMLElement} root where it goes; it scrolls sideways where the pattern is longer than the page is wide
   * @param {{onCell: function, onPattern: function(number[][])}} options
   */
  constructor(root, options) {
    super(root, { ...options, label: "The pattern. Space turns a bit over", draw: (width) => this.lay(width) });
    this.pattern = [];
    this.priorities = [];
    this.width = 0;
    this.overlay.addEventListener("click", (event) => event.pointerType !== "mouse" && this.tapped(event));
  }

  /**
   * Show another pattern.
   * @param {number[][]} pattern [L, width]
   * @param {number[]} priorities [L] or none: a row below, which only shows them
   */
  set(pattern, priorities = []) {
    this.pattern = pattern.map((bits) => [...bits]);
    this.priorities = priorities;
    this.show();
    this.overlay.style.touchAction = "auto";
  }

  lay(width) {
    const { pattern } = this;
    const rows = pattern[0]?.length ?? 0;
    const cell = Math.max(LEAST_CELL, Math.min(30, width / Math.max(pattern.length, 1)));
    this.base.style.width = this.overlay.style.width = `${Math.max(cell * pattern.length, 1)}px`;
    const layer = heatMap({
      name: "pattern", values: Float32Array.from({ length: rows * pattern.length }, (_, i) => pattern[i % pattern.length][Math.floor(i / pattern.length)]),
      order: Array.from({ length: rows }, (_, row) => row), columns: pattern.length, rowName: "bit", columnName: "vector", scale: "bits",
      x: 0, y: 0, width: cell * pattern.length, height: LEAST_CELL * rows,
    });
    const layers = [layer, ...this.layPriorities(layer)];
    const bottom = layers.at(-1).y + layers.at(-1).height;
    const places = pattern.map((_, place) => place);
    const texts = labelled(places, cell, 24).map((place) => ({ text: `${place}`, x: (place + 0.5) * cell, y: bottom + 10, align: "center" }));
    return { height: bottom + 20, layers, texts };
  }

  layPriorities({ width, height }) {
    const { priorities } = this;
    if (!priorities.length) return [];
    const place = { x: 0, y: height + 6, width, height: LEAST_CELL };
    return [heatMap({ ...place, name: "priority", values: priorities, order: [0], columns: priorities.length, columnName: "vector" })];
  }

  cleared(canvas) {
    const context = super.cleared(canvas);
    const width = parseFloat(canvas.style.width);
    canvas.width = Math.round(width * devicePixelRatio);
    context.scale(devicePixelRatio, devicePixelRatio);
    return context;
  }

  turn(cell, value) {
    const bits = cell?.layer === 0 && this.pattern[cell.column];
    if (!bits || bits[cell.row] === value) return;
    bits[cell.row] = value;
    this.show();
    this.choose(cell);
    this.options.onPattern(this.pattern);
  }

  at(event) {
    const box = this.overlay.getBoundingClientRect();
    return this.cellAt(event.clientX - box.left, event.clientY - box.top);
  }

  tapped(event) {
    const cell = this.at(event);
    if (cell) this.turn(cell, 1 - this.pattern[cell.column][cell.row]);
  }

  point(event) {
    if (event.pointerType !== "mouse") return; // a finger scrolls; where it only taps, a click follows
    const cell = this.at(event);
    if (event.type === "pointerdown" && cell) {
      this.ink = cell.layer ? undefined : 1 - this.pattern[cell.column][cell.row];
      this.overlay.setPointerCapture(event.pointerId);
    }
    if (event.type === "pointerup" || event.type === "pointercancel") this.ink = undefined;
    if (this.ink !== undefined && event.type !== "pointerleave") this.turn(cell, this.ink);
    else super.point(event);
  }

  key(event) {
    if (event.key !== " " && event.key !== "Enter") { super.key(event); return; }
    const cell = this.cell ?? this.firstCell();
    if (!cell) return;
    event.preventDefault();
    event.stopPropagation();
    this.turn(cell, 1 - this.pattern[cell.column][cell.row]);
  }
}
