// A Neural Turing Machine in plain JavaScript: the forward pass of ntm_lib, equation by equation (Graves et al. 2014).
//
// Arrays are flat and row-major. T steps, I inputs, O outputs, N slots of memory, W width of a slot, C controller
// units, R read heads, H write heads, K shifts, P = (R+H)(W+3+K) + 2HW numbers that drive all heads.
//
// The arrays of a machine are Float32Arrays. With Float64Arrays everything here runs in double precision.
import { checkFinite, checkMachine, checkWholeNumber } from "./weights.js";

/** The longest sequence that a machine runs over: a copy of 120 vectors, with its delimiter. */
export const MAX_STEPS = 241;
/** Added to a sum of squares inside its root, as in ntm_lib/numerics.py. */
export const NORM_EPSILON = 1e-6;
/** Added to a weight before its logarithm, as in ntm_lib/numerics.py. */
export const WEIGHT_EPSILON = 1e-16;

const CHANGE_NAMES = ["location", "sharpening", "memoryNoise", "noiseSeed", "slots"];

/**
 * Runs a machine over one sequence and keeps everything that happened.
 *
 * `changes` break the machine on purpose; they may be combined:
 * - `location: false`: addressing by content only. The gate is 1 (nothing of the previous weighting is kept) and the
 *   shift kernel stays where it is.
 * - `sharpening: false`: the exponent of equation (9) is 1, so the blur of a shift is never undone.
 * - `memoryNoise: s`: normal noise of standard deviation s is added to all of memory after each write, from a small
 *   generator that starts at `noiseSeed` (0 if not given).
 * - `slots: n`: only the first n slots exist. The initial weightings are what they give to these, made to sum to 1.
 *
 * @param {object} machine {sizes, controller, kernel [I+R*W(+C), 4C or C], bias, headKernel [C, P], headBias,
 *   outputKernel [C+R*W, O], outputBias, initialMemory [N, W], initialWeights [R+H, N]}, as `decodeWeights` returns it
 * @param {ArrayLike<number>} inputs [T, I]
 * @param {object} [changes]
 * @returns {object} the trace, see `emptyTrace`
 * @throws {TypeError} if something is not of the kind it should be
 * @throws {RangeError} if a size does not fit, or a number is not finite
 */
export function runMachine(machine, inputs, changes = {}) {
  checkMachine(machine);
  const steps = checkedSteps(inputs, machine.sizes.inputs);
  const settings = machineSettings(changes, machine.sizes);
  const used = settings.slots === machine.sizes.slots ? machine : withFewerSlots(machine, settings.slots);
  const trace = emptyTrace(used.sizes, steps, used.kernel.constructor);
  trace.inputs.set(inputs);
  runSteps(used, trace, machineWork(used, steps), settings);
  return trace;
}

/**
 * Runs a machine over the inputs that stand in a trace, and fills in the rest. Checks nothing.
 *
 * @param {object} machine as for `runMachine`
 * @param {object} trace as `emptyTrace` returns it
 * @param {object} work as `machineWork` returns it
 * @param {object} settings as `machineSettings` returns it
 */
export function runSteps(machine, trace, work, settings) {
  const noise = settings.memoryNoise > 0 ? normalGenerator(settings.noiseSeed) : null;
  startTrace(machine, trace);
  for (let time = 0; time < trace.steps; time++) {
    runController(machine, trace, work, time);
    nameHeadParameters(trace, work, time, settings);
    addressMemory(trace, work, time);
    writeTraceMemory(trace, time);
    if (noise) addNoise(trace, time, settings.memoryNoise, noise);
    readTraceMemory(trace, time);
    runOutput(machine, trace, work, time);
  }
}

/**
 * Returns a trace with room for T steps: the names, meaning and order of axes of ntm_lib/trace.py, for one sequence.
 *
 * @param {object} sizes {inputs, outputs, slots, width, units, readHeads, writeHeads, shifts}
 * @param {number} steps T
 * @param {Function} [Numbers] Float32Array or Float64Array
 * @returns {object} {steps, sizes, inputs [T, I], logits [T, O], outputs [T, O], targets, mask, initialMemory [N, W],
 *   memory [T, N, W], reads [T, R, W], hidden [T, C], read, write}; `read` is {key [T, R, W], strength [T, R],
 *   gate [T, R], shift [T, R, K], sharpening [T, R], content [T, R, N], gated, shifted, weights, previous [R, N]},
 *   and `write` the same for H heads with erase [T, H, W] and add [T, H, W]
 */
export function emptyTrace(sizes, steps, Numbers = Float32Array) {
  const { inputs, outputs, slots, width, units, readHeads, writeHeads } = sizes;
  const zeros = (...shape) => new Numbers(shape.reduce((product, size) => product * size, 1));
  return {
    steps,
    sizes: { ...sizes },
    inputs: zeros(steps, inputs),
    logits: zeros(steps, outputs),
    outputs: zeros(steps, outputs),
    targets: null,
    mask: null,
    initialMemory: zeros(slots, width),
    memory: zeros(steps, slots, width),
    reads: zeros(steps, readHeads, width),
    hidden: zeros(steps, units),
    read: emptyHeads(zeros, sizes, steps, readHeads),
    write: {
      ...emptyHeads(zeros, sizes, steps, writeHeads),
      erase: zeros(steps, writeHeads, width),
      add: zeros(steps, writeHeads, width),
    },
  };
}

function emptyHeads(zeros, { slots, width, shifts }, steps, heads) {
  return {
    key: zeros(steps, heads, width),
    strength: zeros(steps, heads),
    gate: zeros(steps, heads),
    shift: zeros(steps, heads, shifts),
    sharpening: zeros(steps, heads),
    content: zeros(steps, heads, slots),
    gated: zeros(steps, heads, slots),
    shifted: zeros(steps, heads, slots),
    weights: zeros(steps, heads, slots),
    previous: zeros(heads, slots),
  };
}

/**
 * Returns room for what a step computes beside its trace: the backward pass needs it again.
 *
 * @param {object} machine as for `runMachine`
 * @param {number} steps T
 * @returns {object} {entering [T, I+R*W(+C)], gates [T, 4C], cells [T, C], features [C+R*W], raw [P], lengths [T, N],
 *   similarity {read [T, R, N], write [T, H, N]}}
 */
export function machineWork(machine, steps) {
  const { slots, width, units, readHeads, writeHeads } = machine.sizes;
  const Numbers = machine.kernel.constructor;
  const columns = machine.bias.length;
  return {
    entering: new Numbers((steps * machine.kernel.length) / columns),
    gates: new Numbers(steps * columns),
    cells: new Numbers(steps * units),
    features: new Numbers(units + readHeads * width),
    raw: new Numbers(machine.headBias.length),
    lengths: new Numbers(steps * slots),
    similarity: { read: new Numbers(steps * readHeads * slots), write: new Numbers(steps * writeHeads * slots) },
  };
}

// The steps of a step. Nothing from here to the checks makes an object: it runs in the innermost loop.

function startTrace(machine, trace) {
  const { read, write } = trace;
  trace.initialMemory.set(machine.initialMemory);
  for (let i = 0; i < read.previous.length; i++) read.previous[i] = machine.initialWeights[i];
  for (let i = 0; i < write.previous.length; i++) {
    write.previous[i] = machine.initialWeights[read.previous.length + i];
  }
}

// x_t, r_{t-1} and h_{t-1} side by side go in; h_t and the raw numbers for the heads come out.
function runController(machine, trace, work, time) {
  const { inputs, units, width, readHeads } = trace.sizes;
  const reads = readHeads * width;
  const recurrent = machine.controller === "lstm";
  const rows = inputs + reads + (recurrent ? units : 0);
  const start = time * rows;
  const { entering } = work;
  for (let i = 0; i < inputs; i++) entering[start + i] = trace.inputs[time * inputs + i];
  for (let i = 0; i < reads; i++) entering[start + inputs + i] = time ? trace.reads[(time - 1) * reads + i] : 0;
  for (let i = inputs + reads; i < rows; i++) {
    entering[start + i] = time ? trace.hidden[(time - 1) * units + i - inputs - reads] : 0;
  }
  const columns = machine.bias.length;
  affineMap(entering, start, rows, machine.kernel, machine.bias, work.gates, time * columns);
  if (recurrent) runLstm(trace, work, time);
  else for (let i = 0; i < units; i++) trace.hidden[time * units + i] = Math.tanh(work.gates[time * units + i]);
  affineMap(trace.hidden, time * units, units, machine.headKernel, machine.headBias, work.raw, 0);
}

// The gates lie as in Keras: input, forget, candidate, output. They are kept after their sigmoid or tanh.
function runLstm(trace, work, time) {
  const { units } = trace.sizes;
  const { gates, cells } = work;
  const first = time * 4 * units;
  const now = time * units;
  for (let i = 0; i < units; i++) {
    const input = (gates[first + i] = logistic(gates[first + i]));
    const forget = (gates[first + units + i] = logistic(gates[first + units + i]));
    const candidate = (gates[first + 2 * units + i] = Math.tanh(gates[first + 2 * units + i]));
    const output = (gates[first + 3 * units + i] = logistic(gates[first + 3 * units + i]));
    cells[now + i] = forget * (time ? cells[now - units + i] : 0) + input * candidate;
    trace.hidden[now + i] = output * Math.tanh(cells[now + i]);
  }
}

// The raw numbers: for each head, read heads first, key W | strength | gate | shift K | sharpening;
// then for each write head erase W | add W.
function nameHeadParameters(trace, work, time, settings) {
  const { width, shifts, readHeads, writeHeads } = trace.sizes;
  const stride = width + 3 + shifts;
  for (let head = 0; head < readHeads; head++) {
    nameAddressing(trace.read, trace.sizes, time * readHeads + head, work.raw, head * stride, settings);
  }
  for (let head = 0; head < writeHeads; head++) {
    const index = time * writeHeads + head;
    nameAddressing(trace.write, trace.sizes, index, work.raw, (readHeads + head) * stride, settings);
    const first = (readHeads + writeHeads) * stride + 2 * head * width;
    for (let j = 0; j < width; j++) {
      trace.write.erase[index * width + j] = logistic(work.raw[first + j]);
      trace.write.add[index * width + j] = Math.tanh(work.raw[first + width + j]);
    }
  }
}

function nameAddressing(heads, { width, shifts }, index, raw, first, { location, sharpening }) {
  const { key, strength, gate, shift } = heads;
  const next = first + width;
  for (let j = 0; j < width; j++) key[index * width + j] = Math.tanh(raw[first + j]);
  strength[index] = softPlus(raw[next]);
  gate[index] = location ? logistic(raw[next + 1]) : 1;
  for (let k = 0; k < shifts; k++) shift[index * shifts + k] = raw[next + 2 + k];
  softmaxInPlace(shift, index * shifts, shifts);
  if (!location) for (let k = 0; k < shifts; k++) shift[index * shifts + k] = k === (shifts - 1) / 2 ? 1 : 0;
  heads.sharpening[index] = sharpening ? 1 + softPlus(raw[next + 2 + shifts]) : 1;
}

// All heads, also the read heads, find their weighting in the memory before this step's write.
function addressMemory(trace, work, time) {
  const { slots, width, readHeads, writeHeads } = trace.sizes;
  const memory = time ? trace.memory : trace.initialMemory;
  const start = time ? (time - 1) * slots * width : 0;
  for (let i = 0; i < slots; i++) {
    work.lengths[time * slots + i] = vectorLength(memory, start + i * width, width);
  }
  for (let head = 0; head < readHeads; head++) {
    addressHead(trace.read, trace.sizes, work.similarity.read, work.lengths, memory, start, time, head, readHeads);
  }
  for (let head = 0; head < writeHeads; head++) {
    addressHead(trace.write, trace.sizes, work.similarity.write, work.lengths, memory, start, time, head, writeHeads);
  }
}

// Equations (5) to (9) for one head: content, gate, shift, sharpening.
function addressHead(heads, sizes, similarity, lengths, memory, start, time, head, count) {
  const { slots, shifts } = sizes;
  const index = time * count + head;
  const row = index * slots;
  const { content, gated, shifted, weights, shift } = heads;
  compareWithKey(heads, sizes, index, similarity, lengths, time * slots, memory, start);
  for (let i = 0; i < slots; i++) content[row + i] = heads.strength[index] * similarity[row + i];
  softmaxInPlace(content, row, slots);
  const before = time ? weights : heads.previous;
  const beforeRow = time ? row - count * slots : head * slots;
  const gate = heads.gate[index];
  for (let i = 0; i < slots; i++) gated[row + i] = gate * content[row + i] + (1 - gate) * before[beforeRow + i];
  const range = (shifts - 1) / 2;
  for (let i = 0; i < slots; i++) {
    let sum = 0;
    for (let k = 0; k < shifts; k++) {
      let from = i - k + range; // entry k moves the head by k - range, and round the end
      if (from < 0) from += slots;
      else if (from >= slots) from -= slots;
      sum += shift[index * shifts + k] * gated[row + from];
    }
    shifted[row + i] = sum;
  }
  const exponent = heads.sharpening[index];
  for (let i = 0; i < slots; i++) weights[row + i] = exponent * Math.log(shifted[row + i] + WEIGHT_EPSILON);
  softmaxInPlace(weights, row, slots);
}

// Equation (6): the cosine of the key and every row of memory.
function compareWithKey(heads, { slots, width }, index, similarity, lengths, lengthsRow, memory, start) {
  const { key } = heads;
  const keyLength = vectorLength(key, index * width, width);
  for (let i = 0; i < slots; i++) {
    let product = 0;
    for (let j = 0; j < width; j++) product += key[index * width + j] * memory[start + i * width + j];
    similarity[index * slots + i] = product / (keyLength * lengths[lengthsRow + i]);
  }
}

// Equations (3) and (4): all write heads erase one after the other, then all add.
function writeTraceMemory(trace, time) {
  const { slots, width, writeHeads } = trace.sizes;
  const { memory, write } = trace;
  const entries = slots * width;
  const before = time ? memory : trace.initialMemory;
  const beforeStart = time ? (time - 1) * entries : 0;
  for (let i = 0; i < entries; i++) memory[time * entries + i] = before[beforeStart + i];
  for (let head = time * writeHeads; head < (time + 1) * writeHeads; head++) {
    eraseSlots(memory, time * entries, write.weights, head * slots, slots, write.erase, head * width, width);
  }
  for (let head = time * writeHeads; head < (time + 1) * writeHeads; head++) {
    addToSlots(memory, time * entries, write.weights, head * slots, slots, write.add, head * width, width);
  }
}

function eraseSlots(memory, start, weights, firstWeight, slots, erase, firstErase, width) {
  for (let i = 0; i < slots; i++) {
    const weight = weights[firstWeight + i];
    for (let j = 0; j < width; j++) memory[start + i * width + j] *= 1 - weight * erase[firstErase + j];
  }
}

function addToSlots(memory, start, weights, firstWeight, slots, add, firstAdd, width) {
  for (let i = 0; i < slots; i++) {
    const weight = weights[firstWeight + i];
    for (let j = 0; j < width; j++) memory[start + i * width + j] += weight * add[firstAdd + j];
  }
}

function addNoise(trace, time, deviation, noise) {
  const entries = trace.sizes.slots * trace.sizes.width;
  for (let i = time * entries; i < (time + 1) * entries; i++) trace.memory[i] += deviation * noise();
}

// Equation (2). Here the read heads see what has just been written.
function readTraceMemory(trace, time) {
  const { slots, width, readHeads } = trace.sizes;
  const { reads, memory } = trace;
  for (let head = time * readHeads; head < (time + 1) * readHeads; head++) {
    for (let j = 0; j < width; j++) reads[head * width + j] = 0;
    for (let i = 0; i < slots; i++) {
      const weight = trace.read.weights[head * slots + i];
      const row = (time * slots + i) * width;
      for (let j = 0; j < width; j++) reads[head * width + j] += weight * memory[row + j];
    }
  }
}

function runOutput(machine, trace, work, time) {
  const { units, width, readHeads, outputs } = trace.sizes;
  const reads = readHeads * width;
  for (let i = 0; i < units; i++) work.features[i] = trace.hidden[time * units + i];
  for (let i = 0; i < reads; i++) work.features[units + i] = trace.reads[time * reads + i];
  const first = time * outputs;
  affineMap(work.features, 0, units + reads, machine.outputKernel, machine.outputBias, trace.logits, first);
  for (let i = first; i < first + outputs; i++) trace.outputs[i] = logistic(trace.logits[i]);
}

// Writes vector x kernel + bias. Eight columns at a time: their sums stay in registers, which halves the time.
function affineMap(vectors, start, rows, kernel, bias, out, first) {
  const columns = bias.length;
  let j = 0;
  for (; j + 7 < columns; j += 8) {
    let a = bias[j];
    let b = bias[j + 1];
    let c = bias[j + 2];
    let d = bias[j + 3];
    let e = bias[j + 4];
    let f = bias[j + 5];
    let g = bias[j + 6];
    let h = bias[j + 7];
    for (let i = 0, k = j; i < rows; i++, k += columns) {
      const value = vectors[start + i];
      a += value * kernel[k];
      b += value * kernel[k + 1];
      c += value * kernel[k + 2];
      d += value * kernel[k + 3];
      e += value * kernel[k + 4];
      f += value * kernel[k + 5];
      g += value * kernel[k + 6];
      h += value * kernel[k + 7];
    }
    const place = first + j;
    out[place] = a;
    out[place + 1] = b;
    out[place + 2] = c;
    out[place + 3] = d;
    out[place + 4] = e;
    out[place + 5] = f;
    out[place + 6] = g;
    out[place + 7] = h;
  }
  for (; j < columns; j++) {
    let sum = bias[j];
    for (let i = 0; i < rows; i++) sum += vectors[start + i] * kernel[i * columns + j];
    out[first + j] = sum;
  }
}

function vectorLength(vectors, start, width) {
  let sum = NORM_EPSILON;
  for (let j = start; j < start + width; j++) sum += vectors[j] * vectors[j];
  return Math.sqrt(sum);
}

function softmaxInPlace(values, start, count) {
  let largest = -Infinity;
  for (let i = start; i < start + count; i++) largest = Math.max(largest, values[i]);
  let sum = 0;
  for (let i = start; i < start + count; i++) sum += values[i] = Math.exp(values[i] - largest);
  for (let i = start; i < start + count; i++) values[i] /= sum;
}

function logistic(x) {
  return 1 / (1 + Math.exp(-x));
}

function softPlus(x) {
  return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
}

/**
 * Returns a generator of numbers, uniform in [0, 1): mulberry32. It uses whole numbers only, so that every browser, and
 * Python, gives the same ones.
 *
 * @param {number} seed a whole number from 0 to 2^32 - 1
 * @returns {function(): number}
 */
export function uniformGenerator(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

// Box and Muller: two uniform numbers give one normal number.
function normalGenerator(seed) {
  const uniform = uniformGenerator(seed);
  return () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
}

/**
 * Returns `changes` with every one of them said, checked.
 *
 * @param {object} changes as for `runMachine`
 * @param {object} sizes of the machine
 * @returns {object} {location, sharpening, memoryNoise, noiseSeed, slots}
 */
export function machineSettings(changes, sizes) {
  if (changes === null || typeof changes !== "object") {
    throw new TypeError(`changes must be an object such as { sharpening: false }. Received: ${changes}`);
  }
  const unknown = Object.keys(changes).find((name) => !CHANGE_NAMES.includes(name));
  if (unknown !== undefined) {
    throw new RangeError(`changes must be among ${CHANGE_NAMES.join(", ")}. Received: ${unknown}`);
  }
  const standard = { location: true, sharpening: true, memoryNoise: 0, noiseSeed: 0, slots: sizes.slots };
  const settings = { ...standard, ...changes };
  for (const name of ["location", "sharpening"]) {
    if (typeof settings[name] !== "boolean") {
      throw new TypeError(`${name} must be true or false. Received: ${settings[name]}`);
    }
  }
  if (!(Number.isFinite(settings.memoryNoise) && settings.memoryNoise >= 0)) {
    throw new RangeError(`memoryNoise must be a finite number of at least 0. Received: ${settings.memoryNoise}`);
  }
  checkWholeNumber("noiseSeed", settings.noiseSeed, 0, 4294967295);
  checkWholeNumber("slots", settings.slots, sizes.shifts, sizes.slots);
  return settings;
}

function withFewerSlots(machine, slots) {
  const { width, readHeads, writeHeads } = machine.sizes;
  const initialWeights = new machine.kernel.constructor((readHeads + writeHeads) * slots);
  for (let head = 0; head < readHeads + writeHeads; head++) {
    const row = machine.initialWeights.slice(head * machine.sizes.slots, head * machine.sizes.slots + slots);
    const sum = row.reduce((total, weight) => total + weight, 0);
    // A head that began outside of what is left begins on slot 0.
    for (let i = 0; i < slots; i++) initialWeights[head * slots + i] = sum > 0 ? row[i] / sum : i === 0 ? 1 : 0;
  }
  const initialMemory = machine.initialMemory.slice(0, slots * width);
  return { ...machine, sizes: { ...machine.sizes, slots }, initialMemory, initialWeights };
}

function checkedSteps(inputs, width) {
  if (inputs === null || typeof inputs !== "object" || !Number.isInteger(inputs.length)) {
    throw new TypeError(`inputs must be a flat array of numbers, T x ${width}. Received: ${inputs}`);
  }
  const steps = inputs.length / width;
  if (steps === 0) throw new RangeError("inputs must have at least one step. Received an empty sequence");
  if (!Number.isInteger(steps)) {
    throw new RangeError(`inputs must have ${width} entries for each step. Received ${inputs.length} entries`);
  }
  if (steps > MAX_STEPS) throw new RangeError(`inputs must have at most ${MAX_STEPS} steps. Received: ${steps}`);
  checkFinite("inputs", inputs);
  return steps;
}
