// The inspector: everything that a machine did at one step of a sequence, and the way there.
import { Panel, between, largest, range, sum, written } from "./canvas.js";
import { addElement } from "./dom.js";
import { headNumbers, stageBars, vectorStrips } from "./heads.js";
import { mountView } from "./host.js";
import { memoryBetweenBars, sequencesOverTime, usedArc, weightingsOverTime } from "./layout.js";
import { checkTrace, decodePayload, previousWeights, rowOf } from "./payload.js";
import { Spoken } from "./spoken.js";
import { pageTheme } from "./theme.js";
import { Transport, prefersCalm } from "./transport.js";

const HEADS = ["write", "read"];
// What is drawn beside what each head was told: where, what it is, and what draws it.
const AREAS = [
  ["sequences", "Input, target and output over time", sequencesOverTime],
  ["memory", "Memory, and the weights of both heads beside its slots", memoryBetweenBars],
  ["weightings", "Write and read weightings, slots over time", weightingsOverTime],
];

/** A trace, seen and driven. */
export class InspectorView {
  /**
   * @param {HTMLElement} root where it goes, inside a page or shadow root that has `inspectorStyle`
   * @param {object} options {title, note: a line below, step, head, onChange({step, head, playing}): told what changed}
   */
  constructor(root, { title = "", note = "", step = 0, head = 0, onChange = () => {} } = {}) {
    Object.assign(this, { root, note, onChange, shownHead: head, heads: Infinity, panels: [] });
    this.build(title, step);
    this.retheme();
  }

  /**
   * Show another trace, for example one that was computed in the page. The step stays where it is.
   * @param {object} trace as in ntm_lib/trace.py, without the batch axis
   * @throws {Error} if a part is missing, of a length that does not fit, or not finite
   */
  setTrace(trace) {
    const { steps, sizes } = checkTrace(trace);
    this.trace = trace;
    this.summarise();
    this.heads = Math.max(sizes.readHeads, sizes.writeHeads);
    this.select.replaceChildren(...range(this.heads).map((head) => new Option(head)));
    this.select.parentElement.hidden = this.heads === 1;
    this.allSlots.parentElement.hidden = this.used.length === sizes.slots;
    this.allSlots.nextSibling.textContent = `all ${sizes.slots} slots`;
    this.root.classList.toggle("long", steps > 90);
    this.caption.textContent = `${this.score()} ${this.note}`;
    Object.assign(this.transport, { steps, step: this.step });
    this.chooseHead(this.head);
  }

  /** Work out once for a trace: used slots, the largest numbers, steps by how much they changed memory, and wrong bits. */
  summarise() {
    const { memory, steps, targets, outputs } = this.trace;
    const changed = range(steps).map((step) => sum(this.changeAt(step).map((value) => value ** 2)));
    this.changes = range(steps).sort((a, b) => changed[b] - changed[a]);
    this.used = usedArc(this.trace);
    // One slot that grows far beyond must not make the others pale.
    const seen = memory.filter((value, i) => i % 7 === 0 && Math.abs(value) > 0.05).map(Math.abs).sort();
    this.limit = Math.max(1, seen[Math.floor(seen.length * 0.99)] ?? 1);
    this.wrong = outputs.map((output, i) => this.asked(Math.floor((i * steps) / outputs.length)) && output > 0.5 !== targets[i] > 0.5);
  }

  get step() { return this.transport.step; }
  set step(step) { this.transport.step = step; }

  get playing() { return this.transport.playing; }
  set playing(playing) { this.transport.playing = playing; }

  /** Which read head and which write head is shown; a kind that has fewer shows its last. */
  get head() { return this.shownHead; }
  set head(head) {
    this.chooseHead(head);
    this.onChange({ head: this.head });
  }

  /** Paint again in the colours of the theme. */
  retheme() {
    this.root.dataset.theme = pageTheme();
    this.show();
  }

  destroy() {
    for (const part of [this.transport, ...this.panels]) part.destroy();
    this.root.replaceChildren();
  }

  build(title, step) {
    const { root } = this;
    Object.assign(root, { className: "inspector", tabIndex: -1, role: "group", ariaLabel: title || "What a machine did, step by step" });
    root.addEventListener("keydown", (event) => this.transport.key(event));
    if (title) addElement(root, "p", { class: "title", text: title });
    const onPlaying = (playing) => { this.say(); this.onChange({ playing }); };
    this.transport = new Transport(addElement(root, "div"), { step, onStep: () => this.stepped(), onPlaying });
    this.buildChoices(addElement(root, "div", { class: "choices" }));
    this.readout = addElement(root, "p", { class: "readout" });
    this.spoken = new Spoken(root);
    const parts = addElement(root, "div", { class: "parts" });
    for (const [name, label, draw] of AREAS) this.addPanel(addElement(parts, "div", { class: name }), label, draw);
    this.buildHeads(addElement(parts, "div", { class: "heads" }), addElement(root, "details"));
    this.caption = addElement(root, "p", { class: "caption" });
  }

  buildChoices(root) {
    const title = "The step whose write changed memory most; again: the next largest";
    addElement(root, "button", { type: "button", text: "Largest change", title, onclick: () => this.toLargestChange() });
    this.select = addElement(addElement(root, "label", { text: "heads " }), "select", { onchange: () => { this.head = this.select.value; } });
    [this.changeOnly, this.allSlots] = ["only what this write changed", "all slots"].map((text) => {
      const box = addElement(addElement(root, "label"), "input", { type: "checkbox", onchange: () => this.show() });
      box.after(text);
      return box;
    });
  }

  buildHeads(root, details) {
    addElement(details, "summary", { text: "How each head got there: the five stages of addressing" });
    const stages = addElement(details, "div", { class: "stages" });
    this.numbers = HEADS.map((name) => {
      const [told, staged] = [root, stages].map((parent) => addElement(parent, "section", { class: name }));
      const update = headNumbers(this, told, name);
      this.addPanel(told, `Vectors of the ${name} head`, vectorStrips, name);
      addElement(staged, "p", { class: "name", text: `${name} head` });
      this.addPanel(staged, `Stages of addressing of the ${name} head`, stageBars, name);
      return update;
    });
  }

  addPanel(parent, label, draw, name) {
    this.panels.push(new Panel(addElement(parent, "div"), {
      label, draw: (width) => this.trace && draw(this, width, name), onCell: (text) => this.read(text), onStep: (step) => this.transport.go(step),
    }));
  }

  chooseHead(head) {
    this.shownHead = this.select.value = between(0, Math.round(head) || 0, this.heads - 1);
    this.show();
  }

  /** The slots that are shown, in their order. */
  get shown() { return this.allSlots.checked ? range(this.trace.sizes.slots) : this.used; }

  /** Show the step. What is drawn over time keeps its picture, unless it is `anew`, and moves its cursor. */
  show(anew = true) {
    if (!this.trace) return;
    for (const panel of this.panels) panel[anew || !panel.overTime ? "show" : "mark"](this.step);
    for (const update of this.numbers) update();
    const chosen = this.panels.find((panel) => panel.cell);
    chosen ? chosen.refresh() : this.read(null);
  }

  stepped() {
    this.show(false);
    this.onChange({ step: this.step });
  }

  /** Show what a cell holds, or, with none, what happens in this step. */
  read(text) {
    this.readout.textContent = text ? `${text}.` : this.sentence();
    this.say();
  }

  /** Tell a screen reader, but not while it plays or another part speaks. */
  say() {
    if (this.silent) return;
    this.spoken.quiet = this.playing;
    this.spoken.say(this.readout.textContent);
  }

  sentence() {
    const [write, read] = HEADS.map((name) => {
      const weights = this.part(name, "weights");
      const slot = largest(weights);
      return `${written(weights[slot])} on slot ${slot}`;
    });
    const [wrong] = this.countWrong([this.step]);
    const answers = { undefined: "", 0: " Every bit is right." };
    const answer = answers[wrong] ?? ` ${wrong} of ${this.trace.sizes.outputs} bits are wrong.`;
    return `Step ${this.step}. Write head: ${write}. Read head: ${read}.${answer}`;
  }

  score() {
    const counts = this.countWrong(range(this.trace.steps));
    return counts.length ? `${sum(counts)} of ${counts.length * this.trace.sizes.outputs} answered bits wrong.` : "";
  }

  /** How many bits of the output are wrong at some steps, as far as an answer is asked there. */
  countWrong(steps) {
    return steps.filter((step) => this.asked(step)).map((step) => sum(rowOf(this.wrong, step, this.trace.sizes.outputs)));
  }

  asked(step) {
    const { targets, mask } = this.trace;
    return Boolean(targets) && (!mask || mask[step] > 0);
  }

  toLargestChange() {
    const next = this.jumped === this.step ? this.changes.indexOf(this.step) + 1 : 0;
    this.jumped = this.changes[next % this.changes.length];
    this.transport.go(this.jumped);
  }

  /** The largest number that any head is told. */
  most(field) { return HEADS.flatMap((name) => [...this.trace[name][field]]).reduce((a, b) => Math.max(a, b)); }

  /** How many heads of a kind there are. */
  count(name) { return this.trace.sizes[`${name}Heads`]; }

  /** The place of the shown head of a kind at a step, among all its numbers. */
  row(name, step = this.step) { return step * this.count(name) + Math.min(this.head, this.count(name) - 1); }

  /** What a part of the trace says of the shown head at this step: the numbers of a vector or weighting, or a single one. */
  part(name, field) {
    const { trace } = this;
    if (field === "previous") return previousWeights(trace[name], this.row(name), this.count(name), trace.sizes.slots);
    const values = trace[name][field] ?? trace[field];
    return rowOf(values, this.row(name), values.length / trace.steps / this.count(name));
  }

  /** The name of the shown head of a kind: with a number if there are several. */
  headName(name) { return name + (this.count(name) > 1 ? ` head ${this.row(name, 0)}` : " head"); }

  memoryAt(step) {
    const { initialMemory, memory } = this.trace;
    return step < 0 ? initialMemory : rowOf(memory, step, initialMemory.length);
  }

  changeAt(step) {
    const before = this.memoryAt(step - 1);
    return this.memoryAt(step).map((value, place) => value - before[place]);
  }
}

const NOTE = "Numbers are rounded: weightings to 1/255, vectors to 1/127.";

/**
 * Put an inspector into a shadow root.
 * @param {ShadowRoot} shadow
 * @param {object} data {payload, title, step, head, playing}
 * @param {function(object)} onChange as for InspectorView
 * @returns {Promise<{view: InspectorView|null, end: function()}>}
 */
export function mountInspector(shadow, data, onChange) {
  return mountView(shadow, async (frame) => {
    const trace = await decodePayload(data?.payload);
    const view = new InspectorView(frame, { ...data, note: NOTE, onChange });
    view.setTrace(trace);
    view.playing = data.playing && !prefersCalm();
    return view;
  });
}
