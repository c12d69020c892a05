// The inspector: everything that a machine did at one step of a sequence, and the way there.
import { Panel, between, largest, range, written } from "./canvas.js";
import { headNumbers, stageBars, vectorStrips } from "./heads.js";
import { mountView } from "./host.js";
import { memoryBetweenBars, rastersOverTime, usedArc } from "./layout.js";
import { checkTrace, decodePayload, previousWeights, rowOf } from "./payload.js";
import { Spoken } from "./spoken.js";
import { pageTheme } from "./theme.js";
import { Transport, addElement, prefersCalm } from "./transport.js";

const HEADS = ["write", "read"];
const STAGES = { previous: "w(t−1)", content: "wᶜ, equation 5", gated: "wᵍ, equation 7", shifted: "w̃, equation 8", weights: "w, equation 9" };

/** A trace, seen and driven. */
export class InspectorView {
  /**
   * @param {HTMLElement} root where it goes, inside a page or shadow root that has `inspectorStyle`
   * @param {object} options {title, note: a line below, step, head, onChange({step, head, playing}): told what changed}
   */
  constructor(root, { title = "", note = "", step = 0, head = 0, onChange = () => {} } = {}) {
    Object.assign(this, { root, note, onChange, wanted: step, shownHead: head, heads: Infinity, panels: [] });
    this.build(title);
    this.retheme();
  }

  /**
   * Show another trace, for example one that was computed in the page. The step stays where it is.
   * @param {object} trace as in ntm_lib/trace.py, without the batch axis
   * @throws {Error} if a part is missing, of a length that does not fit, or not finite
   */
  setTrace(trace) {
    const { steps, sizes } = checkTrace(trace);
    const { step } = this;
    this.trace = trace;
    this.summarise();
    this.heads = Math.max(sizes.readHeads, sizes.writeHeads);
    this.select.replaceChildren();
    for (const head of range(this.heads)) addElement(this.select, "option", { value: head, text: head });
    this.select.parentElement.hidden = this.heads === 1;
    this.allSlots.parentElement.hidden = this.used.length === sizes.slots;
    this.allSlots.nextSibling.textContent = `all ${sizes.slots} slots`;
    this.root.classList.toggle("long", steps > 90);
    this.caption.textContent = [this.score(), this.note].filter(Boolean).join(" ");
    this.transport.steps = steps;
    this.transport.step = step;
    this.chooseHead(this.head);
  }

  /** Work out once for a trace: used slots, the largest numbers, steps by how much they changed memory. */
  summarise() {
    const { memory, read, write, steps } = this.trace;
    const changed = range(steps).map((step) => this.changeAt(step).reduce((sum, value) => sum + value ** 2, 0));
    this.changes = range(steps).sort((a, b) => changed[b] - changed[a]);
    this.used = usedArc(this.trace);
    const seen = memory.filter((value, i) => i % 7 === 0 && Math.abs(value) > 0.05).map(Math.abs).sort();
    this.limit = Math.max(1, seen[Math.floor(seen.length * 0.99)] ?? 1); // one slot that grows far beyond must not make the others pale
    const most = (field) => [...read[field], ...write[field]].reduce((a, b) => Math.max(a, b));
    this.most = { strength: most("strength"), sharpening: most("sharpening") };
  }

  /** The step that is shown; before there is a trace, the one that is wanted. */
  get step() { return this.trace ? this.transport.step : this.wanted; }
  set step(step) { this.transport.step = this.wanted = step; }

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
    this.transport.destroy();
    for (const panel of this.panels) panel.destroy();
    this.root.replaceChildren();
  }

  build(title) {
    const { root } = this;
    root.className = "inspector";
    root.tabIndex = -1;
    root.setAttribute("role", "group");
    root.setAttribute("aria-label", title || "What a machine did, step by step");
    root.addEventListener("keydown", (event) => this.transport.key(event));
    if (title) addElement(root, "p", { class: "title", text: title });
    const onPlaying = (playing) => { this.say(); this.onChange({ playing }); };
    this.transport = new Transport(addElement(root, "div"), { onStep: () => this.stepped(), onPlaying });
    this.buildChoices(addElement(root, "div", { class: "choices" }));
    this.readout = addElement(root, "p", { class: "readout" });
    this.spoken = new Spoken(root);
    const parts = addElement(root, "div", { class: "parts" });
    const area = (name, label, draw) => this.addPanel(addElement(parts, "div", { class: name }), label, draw);
    area("sequences", "Input, target and output over time", (width) => this.drawSequences(width));
    area("memory", "Memory, and the weights of both heads beside its slots", (width) => this.drawMemory(width));
    area("weightings", "Write and read weightings, slots over time", (width) => this.drawWeightings(width));
    this.buildHeads(addElement(parts, "div", { class: "heads" }), addElement(root, "details"));
    this.caption = addElement(root, "p", { class: "caption" });
  }

  buildChoices(root) {
    const title = "The step whose write changed memory most; again: the next largest";
    addElement(root, "button", { type: "button", text: "Largest change", title }).addEventListener("click", () => this.toLargestChange());
    this.select = addElement(addElement(root, "label", { text: "heads " }), "select");
    this.select.addEventListener("change", () => { this.head = Number(this.select.value); });
    const [changeOnly, allSlots] = ["only what this write changed", "all slots"].map((text) => {
      const box = addElement(addElement(root, "label"), "input", { type: "checkbox" });
      box.after(text);
      box.addEventListener("change", () => this.show());
      return box;
    });
    Object.assign(this, { changeOnly, allSlots });
  }

  buildHeads(root, details) {
    addElement(details, "summary", { text: "How each head got there: the five stages of addressing" });
    const stages = addElement(details, "div", { class: "stages" });
    this.numbers = HEADS.map((name) => {
      const [told, staged] = [root, stages].map((parent) => addElement(parent, "section", { class: name }));
      const show = headNumbers(told);
      this.addPanel(told, `Vectors of the ${name} head`, (width) => vectorStrips(width, this.vectorsAt(name)));
      addElement(staged, "p", { class: "name", text: `${name} head` });
      this.addPanel(staged, `Stages of addressing of the ${name} head`, (width) => this.drawStages(name, width));
      return () => show(this.numbersAt(name));
    });
  }

  addPanel(parent, label, draw) {
    const nothing = { height: 0, layers: [], texts: [] };
    this.panels.push(new Panel(addElement(parent, "div"), {
      label, draw: (width) => (this.trace ? draw(width) : nothing),
      onCell: (text) => this.read(text), onStep: (step) => this.transport.go(step),
    }));
  }

  chooseHead(head) {
    this.shownHead = between(0, Math.round(head) || 0, this.heads - 1);
    this.select.value = this.shownHead;
    this.show();
  }

  /** The slots that are shown, in their order. */
  get shown() { return this.allSlots.checked ? range(this.trace.sizes.slots) : this.used; }

  /** Show the step. What is drawn over time keeps its picture, unless it is `anew`, and moves its cursor. */
  show(anew = true) {
    if (!this.trace) return;
    for (const panel of this.panels) {
      if (anew || !panel.overTime) panel.show(this.step);
      else panel.mark(this.step);
    }
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
    const at = (name) => {
      const weights = this.part(name, "weights", this.trace.sizes.slots);
      return `${written(Math.max(...weights))} on slot ${largest(weights)}`;
    };
    const wrong = this.wrongBits(this.step);
    const answer = wrong ? ` ${wrong} of ${this.trace.sizes.outputs} bits are wrong.` : " Every bit is right.";
    return `Step ${this.step}. Write head: ${at("write")}. Read head: ${at("read")}.${wrong === null ? "" : answer}`;
  }

  score() {
    const counts = range(this.trace.steps).map((step) => this.wrongBits(step)).filter((wrong) => wrong !== null);
    const wrong = counts.reduce((sum, count) => sum + count, 0);
    return counts.length ? `${wrong} of ${counts.length * this.trace.sizes.outputs} answered bits wrong.` : "";
  }

  /** How many bits of the output are wrong at a step; null where no answer is asked. */
  wrongBits(step) {
    const bits = range(this.trace.sizes.outputs);
    return this.trace.targets && this.asked(step) ? bits.filter((bit) => this.isWrong(bit, step)).length : null;
  }

  isWrong(bit, step) {
    const { targets, outputs, sizes } = this.trace;
    const place = step * sizes.outputs + bit;
    return targets !== null && this.asked(step) && outputs[place] > 0.5 !== targets[place] > 0.5;
  }

  asked(step) { return !this.trace.mask || this.trace.mask[step] > 0; }

  toLargestChange() {
    const next = this.jumped === this.step ? this.changes.indexOf(this.step) + 1 : 0;
    this.jumped = this.changes[next % this.changes.length];
    this.transport.go(this.jumped);
  }

  /** The place of the shown head of a kind at a step, among all its numbers. */
  row(name, step = this.step) {
    const heads = this.trace.sizes[`${name}Heads`];
    return step * heads + Math.min(this.head, heads - 1);
  }

  /** One vector or weighting, or of size 1 a number, of the shown head at this step. */
  part(name, field, size) {
    return rowOf(this.trace[name][field] ?? this.trace[field], this.row(name), size);
  }

  numbersAt(name) {
    const { sizes } = this.trace;
    const [strength, gate, sharpening] = ["strength", "gate", "sharpening"].map((field) => this.part(name, field, 1)[0]);
    const title = sizes[`${name}Heads`] > 1 ? `${name} head ${this.row(name, 0)}` : `${name} head`;
    return { title, strength, gate, sharpening, shift: [...this.part(name, "shift", sizes.shifts)], most: this.most };
  }

  vectorsAt(name) {
    const { width } = this.trace.sizes;
    const vector = (title, symbol, field = title, more = {}) => (
      { name: title, symbol, scale: "signed", limit: 1, values: this.part(name, field, width), ...more });
    const key = vector("key", "k");
    if (name === "read") return [key, vector("read vector", "r", "reads", { limit: this.limit })];
    return [key, vector("erase", "e", "erase", { scale: "bits" }), vector("add", "a")];
  }

  drawSequences(width) {
    const { trace } = this;
    const named = { input: trace.inputs, target: trace.targets, output: trace.outputs };
    const parts = Object.entries(named).filter(([, values]) => values);
    const cell = between(3, (190 * trace.steps) / parts.reduce((sum, [, values]) => sum + values.length, 0), 8);
    return rastersOverTime({ width, cell, steps: trace.steps, rasters: parts.map(([name, values]) => {
      const answer = name !== "input";
      const size = values.length / trace.steps;
      const most = values.reduce((a, value) => Math.max(a, Math.abs(value)), 1);
      return {
        name, values, stride: size, order: range(size), rowName: "bit", limit: most, scale: values.some((value) => value < 0) ? "signed" : "bits",
        faint: (step) => answer && !this.asked(step), wrong: (bit, step) => name === "output" && this.isWrong(bit, step),
      };
    }) });
  }

  drawWeightings(width) {
    const { sizes } = this.trace;
    const cell = between(1.5, 130 / this.shown.length, 9);
    return rastersOverTime({ width, cell, steps: this.trace.steps, rasters: HEADS.map((name) => ({
      name: `${name} weighting`, values: this.trace[name].weights, first: this.row(name, 0) * sizes.slots,
      stride: sizes[`${name}Heads`] * sizes.slots, order: this.shown, rowName: "slot", scale: name,
    })) });
  }

  drawMemory(width) {
    const { sizes } = this.trace;
    const change = this.changeOnly.checked;
    return memoryBetweenBars({
      values: change ? this.changeAt(this.step) : this.memoryAt(this.step), name: change ? "change of memory" : "memory",
      title: change ? "change by the write" : "memory after the write", columns: sizes.width, order: this.shown, limit: this.limit,
      write: this.part("write", "weights", sizes.slots), read: this.part("read", "weights", sizes.slots),
      width, height: this.root.clientWidth < 600 ? 320 : 470,
    });
  }

  drawStages(name, width) {
    const { slots } = this.trace.sizes;
    const before = () => previousWeights(this.trace[name], this.row(name), this.trace.sizes[`${name}Heads`], slots);
    const stages = Object.entries(STAGES).map(([stage, symbol]) => (
      [stage === "weights" ? "sharpened" : stage, symbol, stage === "previous" ? before() : this.part(name, stage, slots)]));
    return stageBars({ stages, order: this.shown, ink: name, width });
  }

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
