// The figure of chapter 1: a tape of five slots. The reader is the controller and gives the orders, one by one.
import { between, range } from "./canvas.js";
import { addElement } from "./dom.js";
import { Figure, defineFigure } from "./figure.js";
import { fewestOrders, obey, tapesOf } from "./orders.js";
import { paintLog, paintNumbers, paintSlots } from "./slots.js";
import { Transport } from "./transport.js";

const ORDERS = { left: "← left", write: "write", read: "read", right: "right →" };
// Pixels: the largest slot, what the circle needs beside them, and where they begin.
const TAPE = { cell: 60, side: 44, top: 88 };
// Pixels: the height of an order and the least height; how many are shown at most; the height at which they get smaller.
const LOG = { row: 20, least: 15, rows: 21, height: 315 };

const tapeStyle = `
.drive { display: grid; gap: 16px 32px; grid-template-columns: minmax(0, 1fr); }
.orders { display: grid; grid-template-columns: repeat(4, minmax(0, 1fr)); gap: 8px; margin: 4px 0 10px; }
.orders button { min-height: 40px; padding: 0 4px; white-space: nowrap; }
.orders [data-order=write] { border-color: var(--write); color: var(--write); font-weight: 600; }
.orders [data-order=read] { border-color: var(--read); color: var(--read); font-weight: 600; }
.orders [aria-disabled=true] { color: var(--muted); border: 1px dashed var(--line); font-weight: 400; cursor: default; }
.row input[type=range] { flex: none; width: 90px; order: 0; }
.transport input[type=range] { flex-basis: 60px; }
.row output { min-width: 1em; }
.row button { margin-left: auto; }
.told { min-height: 2.9em; margin: 0 0 4px; }
.readout { margin: 4px 0 0; min-height: 1.45em; }
@container (min-width: 600px) { .drive { grid-template-columns: minmax(0, 1.35fr) minmax(0, 1fr); } }
`;

/** A tape with one head or two, what was heard, what is to be said, and all orders so far. */
export class TapeFigure extends Figure {
  /**
   * @param {HTMLElement} root
   * @param {{message: number[], slots: number, count: number, orders: string[]}} data as ntm_lib/inspector/tape.py gives it
   */
  constructor(root, data) {
    super(root, data);
    this.buildTask();
    const parts = addElement(root, "div", { class: "drive" });
    const [left, right] = [addElement(parts, "div"), addElement(parts, "div")];
    this.panel(left, "What is heard, the tape, and what is to be said", (width) => this.drawTape(width));
    this.buildOrders(left);
    this.buildReadout();
    left.append(this.told);
    this.transport = new Transport(addElement(left, "div"), { onStep: () => this.show(), onPlaying: (playing) => { this.spoken.quiet = playing; } });
    this.transport.range.ariaLabel = "Order";
    this.transport.range.parentElement.addEventListener("keydown", (event) => this.transport.key(event));
    left.append(this.readout);
    this.panel(right, "The tape after each order, one row an order", (width) => this.drawLog(width));
    this.start(data.orders);
  }

  buildTask() {
    const row = this.row();
    const again = () => this.start([]);
    const { message, count } = this.data;
    this.count = this.slider(row, "numbers heard", { min: 2, max: message.length, step: 1, value: count, places: 0, changed: again });
    this.backwards = this.tick(row, "backwards", again);
    this.twoHeads = this.tick(row, "two heads", again);
    this.resetButton(row);
  }

  buildOrders(parent) {
    const group = addElement(parent, "div", { class: "orders", role: "group", "aria-label": "Orders" });
    this.buttons = Object.entries(ORDERS).map(([order, text]) => {
      const button = this.button(group, text, () => this.give(order));
      button.dataset.order = order;
      return button;
    });
    group.addEventListener("keydown", (event) => {
      const order = { ArrowLeft: "left", ArrowRight: "right" }[event.key];
      if (!order || event.altKey || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      this.give(order);
    });
  }

  /** What is to be done: the message, whether it is said backwards, and with how many heads. */
  get task() {
    const message = this.data.message.slice(0, this.count.valueAsNumber);
    return { message, slots: this.data.slots, backwards: this.backwards.checked, twoHeads: this.twoHeads.checked };
  }

  get wanted() { return this.task.backwards ? this.task.message.toReversed() : this.task.message; }

  /** The tape after the orders up to the one that is shown. */
  get tape() { return this.tapes[this.transport.step]; }

  get listens() { return this.tape.heard < this.task.message.length; }

  /** Begin with these orders done. */
  start(orders) {
    this.orders = [...orders];
    this.follow(orders.length);
  }

  reset() {
    for (const control of this.controls) control.reset();
    this.start(this.data.orders);
  }

  /** Give an order to the tape that is shown: orders behind it are forgotten. */
  give(order) {
    this.transport.playing = false;
    const { step } = this.transport;
    if (!obey(this.tape, order, this.task)) { this.tell(this.refusal(order)); return; }
    this.orders = [...this.orders.slice(0, step), order];
    this.follow(step + 1);
  }

  follow(step) {
    this.transport.playing = false;
    this.tapes = tapesOf(this.orders, this.task);
    this.transport.steps = this.tapes.length;
    this.transport.step = step;
    this.show();
  }

  refusal(order) {
    if (order === "write") return "Nothing more is heard: there is nothing to write.";
    return this.listens ? "Listen first: there is still a number to write." : "All is said.";
  }

  show() {
    if (!this.tapes) return;
    const { tape, task } = this;
    for (const button of this.buttons) {
      const { order } = button.dataset;
      button.ariaDisabled = String(!obey(tape, order, task));
      if (order === "write") button.textContent = this.listens ? `write ${task.message[tape.heard]}` : "write";
    }
    this.tell(this.sentence());
    super.show();
  }

  sentence() {
    const { tape, task, wanted, listens } = this;
    const name = task.twoHeads ? `The ${listens ? "write" : "read"} head` : "The head";
    const slot = listens ? tape.write : tape.read;
    const where = `${name} is on slot ${slot}, which holds ${tape.slots[slot]}.`;
    if (listens) return `You hear ${task.message[tape.heard]}. ${where}`;
    const wrong = tape.said.findIndex((number, i) => number !== wanted[i]);
    const next = wanted[tape.said.length];
    if (wrong >= 0) {
      const why = fewestOrders(task) ? "Go back and try again." : `${wanted.length} numbers do not fit into ${task.slots} slots.`;
      return `You said ${tape.said[wrong]}, and ${wanted[wrong]} was asked for. ${why}`;
    }
    if (next === undefined) return this.praise();
    if (!tape.slots.includes(next)) return `Say ${next}: but it is on no slot any more. It was written over.`;
    return `Nothing more is heard. Say ${next}. ${where}`;
  }

  praise() {
    const fewest = fewestOrders(this.task) === this.transport.step;
    return `${this.wanted.join(", ")}, said in ${this.transport.step} orders. ${fewest ? "No way is shorter." : "There is a shorter way."}`;
  }

  drawTape(width) {
    const { tape, task, wanted } = this;
    const { slots, message } = task;
    const cell = Math.min(TAPE.cell, (width - 2 * TAPE.side) / slots);
    const x = (width - slots * cell) / 2;
    const small = { columns: message.length, rows: 1, x, width: 30 * message.length, height: 28 };
    const bottom = TAPE.top + cell;
    const heard = { ...small, y: 0, value: (_, i) => message[i], fill: (i) => (i === tape.heard ? "write" : null) };
    const right = (i) => (tape.said[i] === wanted[i] ? "read" : "wrong");
    const say = { ...small, y: bottom + 36, value: (_, i) => tape.said[i] ?? wanted[i], fill: (i) => (i < tape.said.length ? right(i) : null), next: this.listens ? -1 : tape.said.length };
    const cells = { columns: slots, rows: 1, x, y: TAPE.top, width: slots * cell, height: cell, value: (_, slot) => tape.slots[slot] };
    const layers = [
      { ...heard, paint: paintNumbers, describe: (_, i) => `heard, number ${i + 1}: ${message[i]}` },
      { ...cells, paint: paintSlots, heads: this.heads(), describe: (_, slot) => `tape, slot ${slot}: ${tape.slots[slot]}` },
      { ...say, paint: paintNumbers, describe: (_, i) => (i < tape.said.length ? `said, number ${i + 1}: ${tape.said[i]}` : `to say, number ${i + 1}: ${wanted[i]}`) },
    ];
    const texts = [
      { text: "hear", x: x - 8, y: 14, align: "right", ink: "write", bold: true },
      { text: "say", x: x - 8, y: bottom + 50, align: "right", ink: "read", bold: true },
      { text: "from the last slot, right leads to the first", x: width / 2, y: 46, align: "center" },
      ...range(slots).map((slot) => ({ text: slot, x: x + slot * cell + 6, y: bottom - 9 })),
    ];
    return { height: bottom + 72, layers, texts };
  }

  /** The heads to draw: where, in which colour, on which side of the tape, and whether an order moves it. */
  heads() {
    const { tape, task, listens } = this;
    if (!task.twoHeads) return [{ slot: tape.write, ink: "ink", below: true, moves: true, name: "head" }];
    return [
      { slot: tape.write, ink: "write", below: false, moves: listens, name: "write head" },
      { slot: tape.read, ink: "read", below: true, moves: !listens, name: "read head" },
    ];
  }

  drawLog(width) {
    const { tapes, orders, task, transport: { step } } = this;
    const first = between(0, step - LOG.rows + 1, Math.max(0, tapes.length - LOG.rows));
    const shown = tapes.slice(first, first + LOG.rows);
    const high = between(LOG.least, LOG.height / shown.length, LOG.row);
    const x = 76;
    const cell = Math.min(44, (width - x) / task.slots);
    const place = { x, y: 20, width: task.slots * cell, height: shown.length * high, rows: shown.length, columns: task.slots };
    const told = (row) => (row + first ? this.orderText(row + first) : "start");
    const layer = {
      ...place, name: "log", paint: paintLog, tapes: shown, orders: ["start", ...orders].slice(first), count: task.message.length, twoHeads: task.twoHeads, now: step - first,
      value: (row, slot) => shown[row].slots[slot],
      describe: (row, slot) => `${row + first ? `after order ${row + first}, ${told(row)}` : "at the start"}, slot ${slot}: ${shown[row].slots[slot]}`,
    };
    const texts = shown.map((_, row) => ({
      text: told(row), x: x - 10, y: 20 + (row + 0.5) * high, align: "right", ink: row + first > step ? "line" : "ink", bold: row + first === step,
    }));
    const numbers = range(task.slots).map((slot) => ({ text: slot, x: x + (slot + 0.5) * cell, y: 9, align: "center" }));
    return { height: 24 + shown.length * high, layers: [layer], texts: [{ text: "slot", x: x - 10, y: 9, align: "right" }, ...numbers, ...texts] };
  }

  /** An order as the log names it: what was written, and what was read. */
  orderText(place) {
    const [order, tape] = [this.orders[place - 1], this.tapes[place]];
    return { write: `write ${this.task.message[tape.heard - 1]}`, read: `read ${tape.said.at(-1)}` }[order] ?? order;
  }
}

/** Define the element, with the version in its name. */
export function defineTape(element) { defineFigure(element, TapeFigure, tapeStyle); }
