// A small Neural Turing Machine that learns to copy in the page: starts, the task, Adam, and a worker to do it in.
//
// One read head, one write head and an LSTM controller. Letters as in machine.js; losses in bits a sequence, as in
// ntm_lib/training.py.
import { PARAMETERS, addGradients, backwardRoom, emptyGradients } from "./gradient.js";
import { MAX_STEPS, emptyTrace, machineSettings, machineWork } from "./machine.js";
import { runMachine, runSteps, uniformGenerator } from "./machine.js";
import { checkMachine, checkSizes, checkWholeNumber, machineShapes } from "./weights.js";

/** The machine that learns in the page: a quarter of the slots of the standard machine, and vectors of 8 bits. */
export const SMALL_SIZES = {
  inputs: 9,
  outputs: 8,
  slots: 32,
  width: 16,
  units: 64,
  readHeads: 1,
  writeHeads: 1,
  shifts: 3,
};

/** How it learns: the names of ntm_lib.Recipe, then what a reader can switch. Measured in benchmarks/page_starts.py. */
export const LEARNING_OPTIONS = {
  sequences: 20000, // the learning rate falls linearly to 0 over so many
  batchSize: 4,
  learningRate: 1e-2, // three times that of the full-size machine: at 3e-3 this one needs twice as many sequences
  clipNorm: 10,
  beta2: 0.99,
  epsilon: 1e-4,
  spreadPenalty: 0.01, // bits for each step and head whose weighting is spread over the whole memory
  shortest: 1,
  longest: 10,
  sharpening: true,
  location: true,
  initialMemory: "constant", // or "random", drawn once, or "learned", trained with the weights
  seed: 0, // of the sequences, and of the random memory
};

const MOMENTUM = 0.9;
const RECENT_STEPS = 50;

/**
 * Returns an untrained machine. Kernels are Glorot uniform, biases 0 and the LSTM's forget bias 1. The numbers come
 * from whole-number arithmetic and a square root, so every browser, and Python, makes the same machine from a seed.
 *
 * @param {number} seed a whole number from 0 to 2^32 - 1
 * @param {object} [sizes] as in machine.js
 * @returns {object} a machine as `runMachine` takes it
 */
export function startingMachine(seed, sizes = SMALL_SIZES) {
  checkWholeNumber("seed", seed, 0, 4294967295);
  checkSizes(sizes, "lstm");
  const uniform = uniformGenerator(seed);
  const machine = { sizes: { ...sizes }, controller: "lstm" };
  for (const [name, shape] of Object.entries(machineShapes(sizes, "lstm"))) {
    machine[name] = new Float32Array(shape.reduce((product, size) => product * size, 1));
  }
  const { units, slots } = sizes;
  const fromInputs = machine.kernel.length - units * 4 * units;
  fillGlorot(machine.kernel.subarray(0, fromInputs), 4 * units, uniform);
  fillGlorot(machine.kernel.subarray(fromInputs), 4 * units, uniform);
  fillGlorot(machine.headKernel, machine.headBias.length, uniform);
  fillGlorot(machine.outputKernel, machine.outputBias.length, uniform);
  machine.bias.fill(1, units, 2 * units);
  machine.initialMemory.fill(1e-6);
  for (let first = 0; first < machine.initialWeights.length; first += slots) machine.initialWeights[first] = 1;
  return machine;
}

function fillGlorot(kernel, columns, uniform) {
  const limit = Math.sqrt(6 / (kernel.length / columns + columns));
  for (let i = 0; i < kernel.length; i++) kernel[i] = (2 * uniform() - 1) * limit;
}

/**
 * Returns one sequence of the copy task, as in ntm_lib/tasks/copy.py: L vectors, a delimiter on a channel of its own,
 * then L silent steps in which the machine must answer.
 *
 * @param {number} length L
 * @param {number} bits the bits of a vector
 * @param {function(): number} uniform the source of randomness
 * @returns {object} {inputs [2L+1, bits+1], targets [2L+1, bits], mask [2L+1]}
 */
export function copySequence(length, bits, uniform) {
  const steps = 2 * length + 1;
  const inputs = new Float32Array(steps * (bits + 1));
  const targets = new Float32Array(steps * bits);
  for (let time = 0; time < length; time++) {
    for (let j = 0; j < bits; j++) {
      const bit = uniform() < 0.5 ? 0 : 1;
      inputs[time * (bits + 1) + j] = bit;
      targets[(length + 1 + time) * bits + j] = bit;
    }
  }
  inputs[length * (bits + 1) + bits] = 1;
  return { inputs, targets, mask: Float32Array.from({ length: steps }, (_, time) => (time > length ? 1 : 0)) };
}

/** A machine in training. The same start and the same options give the same curve, on one machine and browser. */
export class Learner {
  /**
   * @param {number|object} start the seed of a `startingMachine`, or a machine, which is left as it is
   * @param {object} [options] what differs from `LEARNING_OPTIONS`
   */
  constructor(start, options = {}) {
    this.options = checkedOptions({ ...LEARNING_OPTIONS, ...options });
    this.machine = copyOfMachine(typeof start === "number" ? startingMachine(start) : start);
    this.uniform = uniformGenerator(this.options.seed);
    const { initialMemory } = this.machine;
    if (this.options.initialMemory !== "constant") {
      for (let i = 0; i < initialMemory.length; i++) initialMemory[i] = 0.08 * (2 * this.uniform() - 1);
    }
    const names = this.options.initialMemory === "learned" ? [...PARAMETERS, "initialMemory"] : PARAMETERS;
    this.gradients = emptyGradients(this.machine, names);
    this.means = emptyGradients(this.machine, names);
    this.squares = emptyGradients(this.machine, names);
    this.steps = 0;
    this.sequences = 0;
    this.recent = [];
    this.rooms = new Map();
  }

  /**
   * Changes what can be changed in the course of a training.
   *
   * @param {object} options {learningRate, sharpening, location}, some of them
   */
  change(options) {
    const fixed = Object.keys(options).find((name) => !["learningRate", "sharpening", "location"].includes(name));
    if (fixed !== undefined) {
      throw new RangeError(`only learningRate, sharpening and location can change in a training. Received: ${fixed}`);
    }
    this.options = checkedOptions({ ...this.options, ...options });
  }

  /** The mean of the last 200 sequences, in bits; NaN before the first. */
  get bits() {
    return this.recent.reduce((sum, bits) => sum + bits, 0) / this.recent.length;
  }

  /**
   * Makes one update of the weights.
   *
   * @returns {{sequences: number, bits: number}} the sequences seen so far, and the loss of this batch
   */
  step() {
    const { batchSize, shortest, longest } = this.options;
    for (const gradient of Object.values(this.gradients)) gradient.fill(0);
    let bits = 0;
    for (let i = 0; i < batchSize; i++) {
      bits += this.#learnFrom(shortest + Math.floor(this.uniform() * (longest - shortest + 1))) / batchSize;
    }
    this.#update();
    this.sequences += batchSize;
    this.recent.push(bits);
    if (this.recent.length > RECENT_STEPS) this.recent.shift();
    return { sequences: this.sequences, bits };
  }

  #learnFrom(length) {
    const { machine, options } = this;
    if (!this.rooms.has(length)) {
      const steps = 2 * length + 1;
      const trace = emptyTrace(machine.sizes, steps, machine.kernel.constructor);
      this.rooms.set(length, { trace, work: machineWork(machine, steps), back: backwardRoom(machine, steps) });
    }
    const { trace, work, back } = this.rooms.get(length);
    const { inputs, ...answer } = copySequence(length, machine.sizes.outputs, this.uniform);
    trace.inputs.set(inputs);
    Object.assign(trace, answer);
    runSteps(machine, trace, work, machineSettings(this.#changes(), machine.sizes));
    return addGradients(machine, trace, work, back, this.gradients, { ...options, scale: 1 / options.batchSize });
  }

  #changes() {
    return { location: this.options.location, sharpening: this.options.sharpening };
  }

  // Adam as Keras has it, after the gradient of all weights together is cut to `clipNorm`.
  #update() {
    const { learningRate, clipNorm, beta2, epsilon } = this.options;
    this.norm = Math.sqrt(Object.values(this.gradients).reduce((sum, gradient) => sum + sumOfSquares(gradient), 0));
    const left = Math.max(0, 1 - this.sequences / this.options.sequences);
    this.steps++;
    if (!Number.isFinite(this.norm)) return; // one such batch would make every weight NaN
    const scale = Math.min(1, clipNorm / this.norm);
    const correction = Math.sqrt(1 - beta2 ** this.steps) / (1 - MOMENTUM ** this.steps);
    for (const [name, gradient] of Object.entries(this.gradients)) {
      const [means, squares] = [this.means[name], this.squares[name]];
      adamUpdate(this.machine[name], gradient, means, squares, scale, learningRate * left * correction, beta2, epsilon);
    }
  }

  /**
   * Runs the machine, as it is now, over one sequence, always the same one for a length.
   *
   * @param {number} length how many vectors
   * @returns {object} the trace, with `targets` and `mask`
   */
  probe(length) {
    checkWholeNumber("length", length, 1, (MAX_STEPS - 1) / 2);
    const { inputs, ...answer } = copySequence(length, this.machine.sizes.outputs, uniformGenerator(length));
    return Object.assign(runMachine(this.machine, inputs, this.#changes()), answer);
  }

  /** @returns {boolean} whether the learning rate has fallen to 0 */
  isDone() {
    return this.sequences >= this.options.sequences;
  }

  /**
   * Tells whether the machine has learned to copy.
   *
   * @returns {boolean} whether the mean of the last 200 sequences is below .1 bit, and the longest probe is right
   */
  isSolved() {
    if (this.recent.length < RECENT_STEPS || !(this.bits < 0.1)) return false;
    const { logits, targets, mask, sizes } = this.probe(this.options.longest);
    return logits.every((logit, i) => !mask[Math.floor(i / sizes.outputs)] || logit > 0 === targets[i] > 0.5);
  }
}

function sumOfSquares(values) {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] * values[i];
  return sum;
}

function adamUpdate(values, gradient, means, squares, scale, rate, beta2, epsilon) {
  for (let i = 0; i < values.length; i++) {
    const slope = scale * gradient[i];
    means[i] += (1 - MOMENTUM) * (slope - means[i]);
    squares[i] += (1 - beta2) * (slope * slope - squares[i]);
    values[i] -= (rate * means[i]) / (Math.sqrt(squares[i]) + epsilon);
  }
}

function copyOfMachine(machine) {
  checkMachine(machine);
  const { controller, sizes } = machine;
  if (controller !== "lstm" || sizes.readHeads !== 1 || sizes.writeHeads !== 1 || sizes.inputs !== sizes.outputs + 1) {
    throw new RangeError(
      `the machine must have an LSTM, one read head, one write head and one input more than outputs. Received: ` +
        `${controller}, ${sizes.readHeads}, ${sizes.writeHeads}, ${sizes.inputs} inputs, ${sizes.outputs} outputs`,
    );
  }
  const entries = Object.entries(machine);
  return Object.fromEntries(entries.map(([name, value]) => [name, ArrayBuffer.isView(value) ? value.slice() : value]));
}

function checkedOptions(options) {
  const unknown = Object.keys(options).find((name) => !(name in LEARNING_OPTIONS));
  if (unknown !== undefined) {
    throw new RangeError(`options must be among ${Object.keys(LEARNING_OPTIONS).join(", ")}. Received: ${unknown}`);
  }
  for (const name of ["sequences", "batchSize"]) checkWholeNumber(name, options[name], 1, 1e9);
  checkWholeNumber("shortest", options.shortest, 1, (MAX_STEPS - 1) / 2);
  checkWholeNumber("longest", options.longest, options.shortest, (MAX_STEPS - 1) / 2);
  checkWholeNumber("seed", options.seed, 0, 4294967295);
  for (const name of ["learningRate", "clipNorm", "beta2", "epsilon", "spreadPenalty"]) {
    if (!(Number.isFinite(options[name]) && options[name] >= 0)) {
      throw new RangeError(`${name} must be a finite number of at least 0. Received: ${options[name]}`);
    }
  }
  if (!["constant", "random", "learned"].includes(options.initialMemory)) {
    throw new RangeError(`initialMemory must be constant, random or learned. Received: ${options.initialMemory}`);
  }
  machineSettings({ location: options.location, sharpening: options.sharpening }, SMALL_SIZES);
  return options;
}

const SLICE_MILLISECONDS = 50;
const REPORT_MILLISECONDS = 200;

/**
 * Learns inside a worker, a slice at a time, so that messages get through in between.
 *
 * It takes {type: "start", start, options} (as for `Learner`; `options.probeLength` says what `trace` shows, 10 if not
 * given), {type: "pause"}, {type: "resume"}, {type: "stop"} and {type: "change", options}. It answers a few times a
 * second {type: "progress", sequences, bits, solved, done, trace}: bits is the mean of the last 200 sequences. To a
 * message that it cannot follow it answers {type: "error", message}.
 *
 * @param {object} scope the worker's `self`: has `postMessage`, gets `onmessage`
 */
export function learningWorker(scope) {
  let learner = null;
  let probeLength = 10;
  let timer = null;
  let reported = 0;
  const report = () => {
    const { sequences, bits } = learner;
    const trace = learner.probe(probeLength);
    const progress = { sequences, bits, solved: learner.isSolved(), done: learner.isDone(), trace };
    scope.postMessage({ type: "progress", ...progress });
    reported = performance.now();
  };
  const slice = () => {
    const end = performance.now() + SLICE_MILLISECONDS;
    while (performance.now() < end && !learner.isDone()) learner.step();
    if (learner.isDone() || performance.now() - reported > REPORT_MILLISECONDS) report();
    timer = learner.isDone() ? null : setTimeout(slice, 0);
  };
  const pause = () => {
    clearTimeout(timer);
    timer = null;
  };
  const resume = () => {
    if (timer === null) timer = setTimeout(slice, 0);
  };
  const actions = {
    start({ start, options = {} }) {
      pause();
      const { probeLength: length = 10, ...others } = options;
      learner = new Learner(start, others);
      probeLength = length;
      report();
      resume();
    },
    pause() {
      pause();
      report();
    },
    resume,
    stop() {
      pause();
      learner = null;
    },
    change: ({ options }) => learner.change(options),
  };
  scope.onmessage = ({ data }) => {
    try {
      const action = Object.hasOwn(actions, data?.type) ? actions[data.type] : null;
      if (!action) {
        throw new RangeError(`type must be one of ${Object.keys(actions).join(", ")}. Received: ${data?.type}`);
      }
      if (!learner && !["start", "stop"].includes(data.type)) {
        throw new RangeError(`the first message must be of type start. Received: ${data.type}`);
      }
      action(data);
    } catch (error) {
      scope.postMessage({ type: "error", message: error.message });
    }
  };
}

/**
 * Returns the source of a worker that learns.
 *
 * @param {string} bundleText this module and all that it imports, as one script without imports and exports
 * @returns {string}
 */
export function learningWorkerSource(bundleText) {
  return `"use strict";\n${bundleText}\nlearningWorker(self);\n`;
}

/**
 * Starts a worker that learns. It comes from a Blob: a page that was opened as a file may not load a worker's file.
 *
 * @param {string} bundleText as for `learningWorkerSource`
 * @param {number|object} start as for `Learner`
 * @param {object} options as for `Learner`, and `probeLength`
 * @param {function(object)} onAnswer takes what the worker answers, see `learningWorker`
 * @returns {object} {pause(), resume(), change(options), stop()}
 */
export function startLearner(bundleText, start, options, onAnswer) {
  const address = URL.createObjectURL(new Blob([learningWorkerSource(bundleText)], { type: "text/javascript" }));
  const worker = new Worker(address); // a classic one: Chromium refuses modules from a Blob to a page that is a file
  worker.onmessage = ({ data }) => onAnswer(data);
  worker.onerror = (event) => onAnswer({ type: "error", message: event.message || "the worker did not start" });
  worker.postMessage({ type: "start", start, options });
  return {
    pause: () => worker.postMessage({ type: "pause" }),
    resume: () => worker.postMessage({ type: "resume" }),
    change: (changed) => worker.postMessage({ type: "change", options: changed }),
    stop() {
      worker.terminate();
      URL.revokeObjectURL(address);
    },
  };
}
