// The playground: a trained machine that runs in the page over what the reader gives it.
import { addElement } from "./dom.js";
import { PatternEditor } from "./editor.js";
import { InspectorView } from "./inspector.js";
import { runMachine } from "./machine.js";
import { LONGEST_PATTERN, copyTask, judgedAnswer, patternOfText, prioritySortTask, randomPattern, randomPriorities, recallTask, textOfPattern } from "./patterns.js";
import { showProblem } from "./problem.js";
import { Spoken } from "./spoken.js";
import { inspectorStyle } from "./style.js";
import { pageTheme, watchTheme } from "./theme.js";
import { decodeWeights } from "./weights.js";

const LARGEST_NOISE = 0.3;
const FEWEST_SLOTS = 20;
const MOST_ITEMS = 20;
const FIRST_TEXT = "neural turing machine";

const playgroundStyle = `
.ask { display: grid; gap: 10px; margin-bottom: 20px; }
.row { display: flex; flex-wrap: wrap; align-items: center; gap: 6px 16px; min-width: 0; }
.row label { display: flex; align-items: center; gap: 8px; min-height: 30px; max-width: 100%; }
.row select { min-width: 0; }
.ask input[type=text] { font: inherit; color: inherit; background: none; border: 1px solid var(--line); border-radius: 4px; min-height: 30px; padding: 0 8px; width: min(24em, 60vw); }
.ask input[type=number] { font: inherit; color: inherit; background: none; border: 1px solid var(--line); border-radius: 4px; min-height: 30px; padding: 0 6px; width: 4.6em; }
.ask input[type=range] { flex: none; width: 130px; }
.scrolls { overflow-x: auto; padding: 3px; }
.scrolls .panel canvas { max-width: none; }
.ask .readout { margin: 0; }
.ask details { margin-top: 0; }
.verdict { font-size: 16px; min-height: 1.45em; }
.verdict code { white-space: pre-wrap; overflow-wrap: anywhere; }
`;

/** Controls for a task and a machine, and an inspector below that shows what the machine did. */
export class Playground {
  /**
   * @param {HTMLElement} root where it goes
   * @param {{machines: object[], fetchMachine: function(string): Promise<object>}} options the machines to choose from, each {name, label,
   *   task: "copy", "recall" or "sort"}, the first one shown first; and what returns exported weights by name
   */
  constructor(root, options) {
    Object.assign(this, { root, options, decoded: {}, seed: 1, asked: 1, priorities: [], notice: "", chosen: options.machines[0] });
    root.className = "inspector";
    this.ask = addElement(root, "div", { class: "ask" });
    this.buildTask(addElement(this.ask, "div", { class: "row" }));
    this.scrolls = addElement(this.ask, "div", { class: "scrolls" });
    this.editor = new PatternEditor(addElement(this.scrolls, "div"), { onPattern: (pattern) => this.drawn(pattern), onCell: (text) => this.read(text ?? "") });
    this.readout = addElement(this.ask, "p", { class: "readout" });
    this.spoken = new Spoken(this.ask);
    this.buildBreaks(addElement(this.ask, "details"));
    this.verdict = addElement(this.ask, "p", { class: "verdict" });
    this.view = new InspectorView(addElement(root, "div"), { step: FIRST_TEXT.length });
    this.write(FIRST_TEXT);
  }

  buildTask(row) {
    this.select = addElement(addElement(row, "label", { text: "Machine " }), "select");
    this.options.machines.forEach(({ label }, place) => addElement(this.select, "option", { value: place, text: label }));
    this.select.addEventListener("change", () => this.choose(this.options.machines[this.select.value]));
    this.text = addElement(this.label(row, "Text "), "input", { type: "text", spellcheck: "false", autocomplete: "off" });
    this.text.addEventListener("input", () => this.typed());
    this.length = this.number(row, "Vectors ", 1, LONGEST_PATTERN, () => this.randomise());
    this.items = this.number(row, "Items ", 2, MOST_ITEMS, () => this.randomise());
    this.query = this.number(row, "Show again item ", 1, MOST_ITEMS - 1, () => { this.asked = Number(this.query.value); this.run(); });
    this.placed = this.number(row, "Vector ", 0, MOST_ITEMS - 1, () => this.showPriority());
    this.priority = addElement(this.label(row, "its priority "), "input", { type: "range", min: -1, max: 1, step: 0.01 });
    this.priority.addEventListener("input", () => this.setPriority());
    const random = addElement(row, "button", { type: "button", text: "Random" });
    random.addEventListener("click", () => { this.seed += 1; this.randomise(); });
    this.items.value = 4;
    this.placed.value = 0;
    this.showControls();
  }

  /** What each task is asked with. */
  get controlsOf() {
    return { copy: [this.text, this.length], recall: [this.items, this.query], sort: [this.placed, this.priority] };
  }

  label(row, text) { return addElement(row, "label", { text }); }

  number(row, text, min, max, changed) {
    const input = addElement(this.label(row, text), "input", { type: "number", min, max, step: 1 });
    input.addEventListener("change", () => {
      const [received, most] = [input.value, Number(input.max)];
      input.value = Math.max(min, Math.min(most, Math.round(received) || min));
      if (input.value !== received) this.notice = `${text.trim()} must be a whole number from ${min} to ${most}. Received: ${received || "none"}.`;
      changed();
    });
    return input;
  }

  /** Copy what is in the field for text. */
  typed() {
    const letters = [...this.text.value];
    if (!letters.length) { this.showProblem(new Error(`The text must have 1 to ${LONGEST_PATTERN} characters. Received: none`)); return; }
    if (letters.length > LONGEST_PATTERN) this.notice = `The text must have at most ${LONGEST_PATTERN} characters, the rest is left out. Received: ${letters.length}.`;
    else if (letters.some((letter) => letter.codePointAt(0) > 255)) this.notice = "A character must be one byte, another one becomes a question mark.";
    this.write(this.text.value);
  }

  buildBreaks(details) {
    addElement(details, "summary", { text: "Break it" });
    const row = addElement(details, "div", { class: "row" });
    const check = (text) => {
      const box = addElement(addElement(row, "label"), "input", { type: "checkbox" });
      box.after(text);
      box.addEventListener("change", () => this.run());
      return box;
    };
    this.noLocation = check("no location addressing");
    this.noSharpening = check("no sharpening");
    this.noise = addElement(this.label(row, "noise in memory "), "input", { type: "range", min: 0, max: LARGEST_NOISE, step: 0.01, value: 0 });
    this.noise.addEventListener("input", () => this.run());
    this.slots = this.number(row, "slots ", FEWEST_SLOTS, 128, () => this.run());
    const reset = addElement(row, "button", { type: "button", text: "Repair" });
    reset.addEventListener("click", () => { this.repair(); this.run(); });
    this.slots.value = 128;
  }

  repair() {
    this.noLocation.checked = this.noSharpening.checked = false;
    this.noise.value = 0;
    this.slots.value = this.slots.max;
  }

  showControls() {
    for (const [task, inputs] of Object.entries(this.controlsOf)) {
      for (const input of inputs) input.parentElement.hidden = task !== this.chosen.task;
    }
  }

  showPriority() {
    this.priority.value = this.priorities[this.placed.value];
    this.run();
  }

  setPriority() {
    this.priorities[this.placed.value] = Number(this.priority.value);
    this.editor.set(this.editor.pattern, this.priorities);
    this.run();
  }

  choose(machine) {
    const another = machine.task !== this.chosen.task;
    this.chosen = machine;
    this.showControls();
    if (!another) this.run();
    else if (machine.task === "copy") this.write(this.text.value || FIRST_TEXT);
    else this.randomise();
  }

  write(text) {
    if (this.text.value !== text) this.text.value = text;
    this.editor.set(patternOfText(text));
    this.length.value = this.editor.pattern.length;
    this.run();
  }

  randomise() {
    const { task } = this.chosen;
    const [length, width] = { copy: [Number(this.length.value), 8], recall: [3 * this.items.value, 6], sort: [MOST_ITEMS, 8] }[task];
    this.text.value = "";
    this.priorities = task === "sort" ? randomPriorities(length, this.seed + 1000) : [];
    this.editor.set(randomPattern(length, width, this.seed), this.priorities);
    if (task === "sort") this.showPriority();
    else this.run();
  }

  /** Show which bit or priority is meant. */
  read(text) {
    this.readout.textContent = text;
    this.spoken.say(text, "bit");
  }

  drawn(pattern) {
    this.text.value = "";
    this.length.value = pattern.length;
    this.run();
  }

  get changes() {
    const changes = { location: !this.noLocation.checked, sharpening: !this.noSharpening.checked, memoryNoise: Number(this.noise.value) };
    return { ...changes, slots: Math.min(Number(this.slots.value), Number(this.slots.max)) };
  }

  task() {
    if (this.chosen.task === "copy") return copyTask(this.editor.pattern);
    if (this.chosen.task === "sort") return prioritySortTask(this.editor.pattern, this.priorities);
    const most = this.editor.pattern.length / 3 - 1;
    this.query.max = most;
    this.query.value = this.asked = Math.min(this.asked, most);
    return recallTask(this.editor.pattern, this.asked - 1);
  }

  /** Run the chosen machine over what is asked, once for all changes that come in one frame. */
  run() {
    cancelAnimationFrame(this.waiting);
    this.waiting = requestAnimationFrame(() => this.compute().catch((error) => this.showProblem(error)));
  }

  async compute() {
    const { chosen } = this;
    this.decoded[chosen.name] ??= decodeWeights(await this.options.fetchMachine(chosen.name));
    if (chosen !== this.chosen) return; // another one was chosen while this one was fetched
    const machine = this.decoded[chosen.name];
    this.slots.max = machine.sizes.slots;
    const started = performance.now();
    const task = this.task();
    const trace = { ...runMachine(machine, task.inputs, this.changes), targets: task.targets, mask: task.mask };
    this.view.root.hidden = false;
    this.view.silent = true; // the verdict is heard
    this.view.setTrace(trace);
    this.view.silent = false;
    this.milliseconds = performance.now() - started;
    this.tell(judgedAnswer(trace));
  }

  tell({ wrong, all, answer }) {
    const told = wrong ? `${wrong} of ${all} bits are wrong.` : `All ${all} bits are right.`;
    this.verdict.textContent = [this.notice, told].filter(Boolean).join(" ");
    this.notice = "";
    if (this.chosen.task === "copy" && this.text.value) {
      this.verdict.append(" The answer reads ");
      addElement(this.verdict, "code", { text: textOfPattern(answer) });
    }
    this.spoken.say(this.verdict.textContent, "verdict");
  }

  /** Say why there is no answer; what the machine did before is no answer either. */
  showProblem(error) {
    cancelAnimationFrame(this.waiting);
    this.view.root.hidden = true;
    this.verdict.textContent = `This cannot be run. ${error.message}`;
    this.spoken.say(this.verdict.textContent, "verdict");
  }

  retheme() {
    this.root.dataset.theme = pageTheme();
    this.editor.show();
    this.view.retheme();
  }
}

/**
 * Define the playground's element, unless this version of it is there already.
 * @param {string} name with the version in it
 */
export function definePlayground(name) {
  if (customElements.get(name)) return;
  customElements.define(name, class extends HTMLElement {
    connectedCallback() {
      if (this.shadowRoot) return;
      const shadow = this.attachShadow({ mode: "open" });
      shadow.innerHTML = `<style>${inspectorStyle}${playgroundStyle}</style><div></div><slot></slot>`;
      const root = shadow.querySelector("div");
      try {
        const data = JSON.parse(this.querySelector("script[type='application/json']").textContent);
        const playground = new Playground(root, { machines: data.machines, fetchMachine: (machine) => shippedMachine(data, machine) });
        watchTheme(() => playground.retheme());
        playground.retheme();
        this.playground = playground;
      } catch (error) {
        showProblem(root, error);
      }
    }
  });
}

/** Weights that lie in the page, or in a script beside it: a classic one, which also loads from a disk. */
async function shippedMachine({ weights, folder }, name) {
  if (weights[name]) return weights[name];
  const shelf = (globalThis.ntmMachines ??= {});
  if (shelf[name]) return shelf[name];
  await new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = `${folder}${name}.js`;
    script.onload = resolve;
    script.onerror = () => reject(new Error(`The weights ${name} must lie beside the page. Received nothing from ${script.src}`));
    document.head.append(script);
  });
  return shelf[name];
}
