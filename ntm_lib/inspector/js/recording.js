// A training as it was recorded: what a machine did with one sequence, at one moment after another, while it learned.
//
// In a page all moments are there from the start. In a live kernel they arrive while the machine trains.
import { Panel, between, range } from "./canvas.js";
import { addElement } from "./dom.js";
import { mountView } from "./host.js";
import { InspectorView } from "./inspector.js";
import { bitsAxis, checkRecording, columnOfMoment, momentAtColumn, momentCurve, momentText, nearestPlace } from "./moments.js";
import { decodePayload } from "./payload.js";
import { showProblem } from "./problem.js";
import { pageTheme } from "./theme.js";
import { prefersCalm } from "./transport.js";

const LATEST = -1; // as a moment: the last one, also when another comes
const [QUIET, MOMENT_TIME, CALM_MOMENT_TIME] = [10000, 450, 1200]; // ms

const recordingStyle = `
.moments { display: flex; flex-wrap: wrap; align-items: center; gap: 4px 16px; margin-bottom: 10px; }
.moments button { min-width: 9em; }
.moment { flex: 0 0 18.5em; font-weight: 600; }
.curve { margin-bottom: 10px; }
a { color: var(--read); }
@container (max-width: 480px) { .moment { flex-basis: 100%; order: -1; } }
`;

/** A recorded training: which moment, the curve of the error, and the inspector for that moment. */
export class RecordingView {
  /**
   * @param {HTMLElement} root where it goes, inside a shadow root that has the styles
   * @param {object} options {title, note, recorded: a line that says that it is no live one, moment, step, head, playing}
   * @param {function({moment, step, head, playing})} onChange told what the reader changed
   */
  constructor(root, { title = "", note = "", recorded = "", moment = LATEST, ...inside }, onChange = () => {}) {
    Object.assign(this, { root, onChange, wanted: moment, plays: inside.playing, traces: new Map(), spokenAt: 0 });
    this.shown = { run: 0, curve: [], earlier: [], kept: null, payloads: {} };
    root.className = "inspector";
    root.setAttribute("role", "group");
    root.setAttribute("aria-label", title || "What a machine did while it learned");
    if (title) addElement(root, "p", { class: "title", text: title });
    this.buildControls(addElement(root, "div", { class: "moments" }));
    this.spoken = addElement(root, "p", { class: "spoken", "aria-live": "polite" });
    this.buildCurve(addElement(root, "div", { class: "curve" }));
    this.inspector = new InspectorView(addElement(root, "div"), { ...inside, onChange });
    addElement(root, "p", { class: "caption", text: note });
    if (recorded) sayOrigin(addElement(root, "p", { class: "caption", text: recorded }), launchLinks());
    this.retheme();
    this.show();
  }

  buildControls(row) {
    this.button = addElement(row, "button", { type: "button", text: "Watch it learn" });
    this.button.addEventListener("click", () => { this.watching = !this.watching; });
    this.slider = addElement(row, "input", { type: "range", min: 0, max: 0, value: 0, "aria-label": "Moment of the training" });
    this.slider.addEventListener("input", () => this.choose(Number(this.slider.value)));
    this.told = addElement(row, "span", { class: "moment" });
  }

  buildCurve(holder) {
    this.panel = new Panel(addElement(holder, "div"), {
      label: "The error over the training, in bits a sequence",
      draw: (width) => momentCurve(width, this.recording, this.choices), onCell: (text) => this.inspector?.trace && this.inspector.read(text),
      onStep: (column) => this.choose(momentAtColumn(this.recording, this.choices, column)),
    });
    holder.addEventListener("keydown", (event) => this.key(event));
  }

  /** The state of the recording, as `checkRecording` describes it. What happened at a moment is kept until another run begins. */
  get recording() { return this.shown; }
  set recording(recording) {
    checkRecording(recording);
    const goesOn = recording.run === this.shown.run;
    if (!goesOn) this.traces.clear();
    this.shown = { ...recording, payloads: { ...(goesOn ? this.shown.payloads : {}), ...recording.payloads } };
    this.show();
    if (goesOn) this.announce();
  }

  /** The moments that can be chosen, as places in the curve. */
  get choices() { return this.recording.kept ?? range(this.recording.curve.length); }

  /** The place of the shown moment among the choices; -1 as long as nothing is recorded. */
  get place() { return this.wanted === LATEST ? this.choices.length - 1 : nearestPlace(this.choices, this.wanted); }

  /** The moment that is wanted, as a place in the curve, or the latest. */
  get moment() { return this.wanted; }
  set moment(moment) {
    this.wanted = moment;
    this.show();
  }

  get step() { return this.inspector.step; }
  set step(step) { this.inspector.step = step; }

  get head() { return this.inspector.head; }
  set head(head) { this.inspector.head = head; }

  get playing() { return this.inspector.playing; }
  set playing(playing) { this.inspector.playing = playing; }

  get watching() { return Boolean(this.timer); }

  /** Whether it goes from moment to moment by itself; from the last one it begins at the first. */
  set watching(watching) {
    clearInterval(this.timer);
    this.timer = null;
    this.button.textContent = watching ? "Stop" : "Watch it learn";
    if (!watching) return;
    if (this.place === this.choices.length - 1) this.go(0);
    this.timer = setInterval(() => this.goOn(), prefersCalm() ? CALM_MOMENT_TIME : MOMENT_TIME);
  }

  goOn() {
    this.go(this.place + 1);
    this.announce();
    if (this.place === this.choices.length - 1) this.watching = false;
  }

  go(place) {
    const last = this.choices.length - 1;
    this.moment = place >= last ? LATEST : this.choices[Math.max(0, place)];
    this.onChange({ moment: this.moment });
  }

  /** Go to a moment because the reader asked: what runs by itself stops. */
  choose(place) {
    if (this.watching) this.watching = false;
    this.go(place);
  }

  key(event) {
    const place = { ArrowLeft: this.place - 1, ArrowRight: this.place + 1, Home: 0, End: Infinity }[event.key];
    if (place === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    this.choose(place);
    this.panel.refresh();
  }

  show() {
    const { recording, choices, place } = this;
    const point = recording.curve[choices[place]];
    for (const part of [this.button, this.slider, this.inspector.root]) part.hidden = !point;
    this.panel.root.parentElement.hidden = !bitsAxis(recording.curve);
    this.told.textContent = point ? sentence(momentText(point)) : "Nothing is recorded yet: it begins with the training.";
    this.slider.max = choices.length - 1;
    this.slider.value = place;
    this.slider.setAttribute("aria-valuetext", this.told.textContent);
    this.panel.show();
    this.panel.mark(columnOfMoment(recording, choices[place]));
    if (point) this.load(choices[place]);
  }

  /** Unpack what happened at a moment and show it if the reader is still there; the step and the head stay. */
  async load(moment) {
    const payload = this.recording.payloads[moment];
    if (!payload) return; // the kernel will send it
    if (!this.traces.has(moment)) this.traces.set(moment, decodePayload(payload));
    const unpacking = this.traces.get(moment);
    try {
      const trace = await unpacking;
      const outdated = moment !== this.choices[this.place] || this.traces.get(moment) !== unpacking;
      if (!outdated && !this.gone && trace !== this.inspector.trace) this.inspect(trace);
    } catch (error) {
      showProblem(this.root, error);
    }
  }

  inspect(trace) {
    const first = !this.inspector.trace;
    this.inspector.silent = true; // the reader hears which moment it is
    this.inspector.setTrace(trace);
    this.inspector.silent = false;
    if (first) this.playing = this.plays && !prefersCalm();
  }

  /** Tell a screen reader where it is that moves by itself, not too often. */
  announce() {
    clearTimeout(this.speaking);
    this.speaking = setTimeout(() => {
      this.spoken.textContent = this.told.textContent;
      this.spokenAt = performance.now();
    }, between(0, this.spokenAt + QUIET - performance.now(), QUIET));
  }

  retheme() {
    this.root.dataset.theme = pageTheme();
    this.panel.show();
    this.inspector.retheme();
  }

  destroy() {
    this.gone = true;
    clearInterval(this.timer);
    clearTimeout(this.speaking);
    this.panel.destroy();
    this.inspector.destroy();
    this.root.replaceChildren();
  }
}

function sentence(text) { return text[0].toUpperCase() + text.slice(1); }

/** Behind the line that says what this is, where the live one can be had. */
function sayOrigin(line, links) {
  links.forEach(({ text, href }, i) => {
    line.append(i ? " or " : " Open this notebook on ");
    addElement(line, "a", { text, href });
  });
  if (links.length) line.append(".");
}

/** The links with which this page says that its notebook can be run, such as those behind the book's rocket. */
function launchLinks() {
  const links = [...document.querySelectorAll(".dropdown-launch-buttons a[href]")];
  return links.map((link) => ({ text: link.textContent.trim(), href: link.href })).filter(({ text }) => text);
}

/**
 * Put a recorded training into a shadow root.
 * @param {ShadowRoot} shadow
 * @param {object} data {recording, moment, step, head, playing, title, note, recorded}
 * @param {function(object)} onChange as for RecordingView
 * @returns {Promise<{view: RecordingView|null, end: function()}>}
 */
export function mountRecording(shadow, data, onChange) {
  return mountView(shadow, async (frame) => {
    const recording = checkRecording(data?.recording);
    const view = new RecordingView(frame, data, onChange);
    view.recording = recording;
    return view;
  }, recordingStyle);
}
