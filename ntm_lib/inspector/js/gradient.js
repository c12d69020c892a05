// The gradient of machine.js, by hand: backpropagation through time for one sequence.
//
// For one read head, one write head and an LSTM controller; the sizes are free. Letters as in machine.js. `toX` is the
// gradient of the loss with respect to X. Checked against central differences in tests/gradient.test.js.
import { NORM_EPSILON, WEIGHT_EPSILON } from "./machine.js";

/** The arrays of a machine that are trained, without the initial memory. */
export const PARAMETERS = ["kernel", "headKernel", "outputKernel", "bias", "headBias", "outputBias"];

/**
 * Returns zeros for the gradient of every array that is trained.
 *
 * @param {object} machine
 * @param {string[]} [names]
 * @returns {object} from the array's name to its gradient, of the same length
 */
export function emptyGradients(machine, names = [...PARAMETERS, "initialMemory"]) {
  return Object.fromEntries(names.map((name) => [name, new machine[name].constructor(machine[name].length)]));
}

/**
 * Returns room for the backward pass over T steps.
 *
 * @param {object} machine
 * @param {number} steps T
 * @returns {object} {toGates [T, 4C], toRaw [T, P], toLogits [T, O], and what is carried from a step to the one before}
 */
export function backwardRoom(machine, steps) {
  const { outputs, slots, width, units } = machine.sizes;
  const zeros = (count) => new machine.kernel.constructor(count);
  return {
    toGates: zeros(steps * 4 * units),
    toRaw: zeros(steps * machine.headBias.length),
    toLogits: zeros(steps * outputs),
    toMemory: zeros(slots * width),
    toWeights: { read: zeros(slots), write: zeros(slots) },
    toReads: zeros(width),
    toHidden: zeros(units),
    toCell: zeros(units),
    toShifted: zeros(slots),
    toGated: zeros(slots),
    toKey: zeros(width),
  };
}

/**
 * Adds the gradient of one sequence's loss to `gradients` and returns the loss: the bits of the answer, without the
 * penalty for spread heads, which acts on the gradient only.
 *
 * @param {object} machine with one read head, one write head and an LSTM
 * @param {object} trace what `runSteps` filled in, with `targets` and `mask`
 * @param {object} work the same run's `machineWork`
 * @param {object} room of `backwardRoom`, for as many steps
 * @param {object} gradients of `emptyGradients`
 * @param {object} settings {location, sharpening, spreadPenalty, scale}; the gradient is multiplied by `scale`
 * @returns {number} bits
 */
export function addGradients(machine, trace, work, room, gradients, settings) {
  const bits = lossBack(trace, room.toLogits, settings.scale);
  const { toWeights, toMemory, toReads, toHidden, toCell } = room;
  for (const carried of [toWeights.read, toWeights.write, toMemory, toReads, toHidden, toCell]) carried.fill(0);
  for (let time = trace.steps - 1; time >= 0; time--) {
    outputBack(machine, trace, room, time);
    readBack(trace, room, time, settings);
    writeBack(trace, room, time, settings);
    addressBack(trace, trace.read, "read", 0, work, room, time, settings);
    addressBack(trace, trace.write, "write", 1, work, room, time, settings);
    controllerBack(machine, trace, work, room, time);
  }
  weightsBack(machine, trace, work, room, gradients);
  return bits;
}

// The cross-entropy of the answer in bits, and its gradient: probability - target.
function lossBack({ steps, sizes, logits, outputs, targets, mask }, toLogits, scale) {
  let nats = 0;
  for (let i = 0; i < steps * sizes.outputs; i++) {
    const counts = mask[Math.floor(i / sizes.outputs)];
    const x = logits[i];
    if (counts) nats += counts * (Math.max(x, 0) - x * targets[i] + Math.log1p(Math.exp(-Math.abs(x))));
    toLogits[i] = (counts * (outputs[i] - targets[i]) * scale) / Math.LN2;
  }
  return nats / Math.LN2;
}

function outputBack(machine, { sizes, mask }, { toLogits, toHidden, toReads }, time) {
  if (!mask[time]) return;
  const { outputs, units, width } = sizes;
  addTransposed(machine.outputKernel, 0, units, toLogits, time * outputs, outputs, toHidden);
  addTransposed(machine.outputKernel, units, width, toLogits, time * outputs, outputs, toReads);
}

// r = sum_i w(i) M(i).
function readBack({ sizes, memory, read }, { toReads, toWeights, toMemory }, time, { spreadPenalty, scale }) {
  const { slots, width } = sizes;
  for (let i = 0; i < slots; i++) {
    const weight = read.weights[time * slots + i];
    const row = (time * slots + i) * width;
    let sum = -2 * spreadPenalty * scale * weight;
    for (let j = 0; j < width; j++) {
      sum += memory[row + j] * toReads[j];
      toMemory[i * width + j] += weight * toReads[j];
    }
    toWeights.read[i] += sum;
  }
}

// M(i) = M'(i) [1 - w(i) e] + w(i) a. `toMemory` turns from that of M into that of M', the memory before.
function writeBack(trace, { toMemory, toWeights, toRaw }, time, { spreadPenalty, scale }) {
  const { slots, width } = trace.sizes;
  const { weights, erase, add } = trace.write;
  const memory = time ? trace.memory : trace.initialMemory;
  const start = time ? (time - 1) * slots * width : 0;
  const toErase = (toRaw.length / trace.steps) * (time + 1) - 2 * width;
  for (let j = toErase; j < toErase + 2 * width; j++) toRaw[j] = 0;
  for (let i = 0; i < slots; i++) {
    const weight = weights[time * slots + i];
    let sum = -2 * spreadPenalty * scale * weight;
    for (let j = 0; j < width; j++) {
      const upstream = toMemory[i * width + j];
      const before = memory[start + i * width + j];
      const erased = erase[time * width + j];
      sum += upstream * (add[time * width + j] - before * erased);
      toRaw[toErase + j] -= upstream * before * weight;
      toRaw[toErase + width + j] += upstream * weight;
      toMemory[i * width + j] = upstream * (1 - weight * erased);
    }
    toWeights.write[i] += sum;
  }
  for (let j = 0; j < width; j++) {
    toRaw[toErase + j] *= erase[time * width + j] * (1 - erase[time * width + j]);
    toRaw[toErase + width + j] *= 1 - add[time * width + j] ** 2;
  }
}

// Equations (9) to (5), backwards. `toWeights` turns from that of w_t into that of w_{t-1}.
function addressBack(trace, heads, name, place, work, room, time, { location, sharpening }) {
  const { slots, width, shifts } = trace.sizes;
  const { toShifted, toGated, toRaw } = room;
  const toWeights = room.toWeights[name];
  const first = (toRaw.length / trace.steps) * time + place * (width + 3 + shifts) + width; // the strength's place
  const exponent = heads.sharpening[time];
  const toExponent = sharpenBack(heads, toWeights, toShifted, time * slots, slots, exponent);
  toRaw[first + 2 + shifts] = sharpening ? toExponent * softPlusSlope(exponent - 1) : 0;
  shiftBack(heads, toShifted, toGated, toRaw, first + 2, time, slots, shifts, location);
  const gate = heads.gate[time];
  const before = time ? heads.weights : heads.previous;
  const beforeRow = time ? (time - 1) * slots : 0;
  let toGate = 0;
  for (let i = 0; i < slots; i++) {
    toGate += toGated[i] * (heads.content[time * slots + i] - before[beforeRow + i]);
    toWeights[i] = (1 - gate) * toGated[i];
    toGated[i] *= gate;
  }
  toRaw[first + 1] = location ? toGate * gate * (1 - gate) : 0;
  toRaw[first] = contentBack(trace, heads, work.similarity[name], work.lengths, room, time, first - width);
}

function sharpenBack({ weights, shifted }, toWeights, toShifted, row, slots, exponent) {
  let mean = 0;
  for (let i = 0; i < slots; i++) mean += toWeights[i] * weights[row + i];
  let toExponent = 0;
  for (let i = 0; i < slots; i++) {
    const toPower = weights[row + i] * (toWeights[i] - mean);
    const base = shifted[row + i] + WEIGHT_EPSILON;
    toShifted[i] = (toPower * exponent) / base;
    if (toPower !== 0) toExponent += toPower * Math.log(base);
  }
  return toExponent;
}

function shiftBack({ shift, gated }, toShifted, toGated, toRaw, first, time, slots, shifts, location) {
  const range = (shifts - 1) / 2;
  toGated.fill(0);
  let mean = 0;
  for (let k = 0; k < shifts; k++) {
    const weight = shift[time * shifts + k];
    let sum = 0;
    for (let i = 0; i < slots; i++) {
      const from = (i - k + range + slots) % slots;
      sum += toShifted[i] * gated[time * slots + from];
      toGated[from] += weight * toShifted[i];
    }
    toRaw[first + k] = sum;
    mean += weight * sum;
  }
  for (let k = 0; k < shifts; k++) {
    toRaw[first + k] = location ? shift[time * shifts + k] * (toRaw[first + k] - mean) : 0;
  }
}

// w^c = softmax(beta K[k, M(i)]). `toGated` is by now that of w^c. Returns the raw strength's gradient.
function contentBack(trace, heads, similarity, lengths, room, time, first) {
  const { slots, width } = trace.sizes;
  const { toGated, toMemory, toKey, toRaw } = room;
  const { content, key } = heads;
  const row = time * slots;
  const strength = heads.strength[time];
  const memory = time ? trace.memory : trace.initialMemory;
  const start = time ? (row - slots) * width : 0;
  let keyLength = NORM_EPSILON;
  for (let j = 0; j < width; j++) keyLength += key[time * width + j] ** 2;
  keyLength = Math.sqrt(keyLength);
  let mean = 0;
  for (let i = 0; i < slots; i++) mean += toGated[i] * content[row + i];
  toKey.fill(0); // that of the key divided by its length
  let toStrength = 0;
  for (let i = 0; i < slots; i++) {
    const toScaled = content[row + i] * (toGated[i] - mean);
    toStrength += toScaled * similarity[row + i];
    const toSimilarity = (toScaled * strength) / lengths[row + i];
    const alongMemory = similarity[row + i] / lengths[row + i];
    for (let j = 0; j < width; j++) {
      const value = memory[start + i * width + j];
      toKey[j] += toSimilarity * value;
      toMemory[i * width + j] += toSimilarity * (key[time * width + j] / keyLength - alongMemory * value);
    }
  }
  let along = 0;
  for (let j = 0; j < width; j++) along += (toKey[j] * key[time * width + j]) / keyLength;
  for (let j = 0; j < width; j++) {
    const value = key[time * width + j];
    toRaw[first + j] = ((toKey[j] - (along * value) / keyLength) / keyLength) * (1 - value * value);
  }
  return toStrength * softPlusSlope(strength);
}

// The slope of log(1 + exp(x)), from its value.
function softPlusSlope(value) {
  return -Math.expm1(-value);
}

function controllerBack(machine, trace, work, room, time) {
  const { inputs, width, units } = trace.sizes;
  const { toHidden, toReads, toGates, toRaw } = room;
  const parameters = machine.headBias.length;
  addTransposed(machine.headKernel, 0, units, toRaw, time * parameters, parameters, toHidden);
  lstmBack(trace, work, room, time);
  toReads.fill(0);
  toHidden.fill(0);
  if (time === 0) return; // what was read, and h, before the first step are zeros that nobody trains
  addTransposed(machine.kernel, inputs, width, toGates, time * 4 * units, 4 * units, toReads);
  addTransposed(machine.kernel, inputs + width, units, toGates, time * 4 * units, 4 * units, toHidden);
}

function lstmBack({ sizes }, { gates, cells }, { toHidden, toCell, toGates }, time) {
  const { units } = sizes;
  const first = time * 4 * units;
  for (let i = 0; i < units; i++) {
    const a = first + i;
    const b = a + units;
    const c = b + units;
    const d = c + units;
    const shown = Math.tanh(cells[time * units + i]);
    const before = time ? cells[(time - 1) * units + i] : 0;
    const upstream = toCell[i] + toHidden[i] * gates[d] * (1 - shown * shown);
    toGates[a] = upstream * gates[c] * gates[a] * (1 - gates[a]);
    toGates[b] = upstream * before * gates[b] * (1 - gates[b]);
    toGates[c] = upstream * gates[a] * (1 - gates[c] * gates[c]);
    toGates[d] = toHidden[i] * shown * gates[d] * (1 - gates[d]);
    toCell[i] = upstream * gates[b];
  }
}

// The gradient of a kernel is, summed over the steps, what entered the product times what came back.
function weightsBack(machine, trace, work, { toGates, toRaw, toLogits, toMemory }, gradients) {
  const { steps, sizes } = trace;
  const { units, width, outputs } = sizes;
  const rows = work.entering.length / steps;
  addProducts(work.entering, rows, toGates, 4 * units, steps, gradients.kernel, 0);
  addProducts(trace.hidden, units, toRaw, machine.headBias.length, steps, gradients.headKernel, 0);
  addProducts(trace.hidden, units, toLogits, outputs, steps, gradients.outputKernel, 0);
  addProducts(trace.reads, width, toLogits, outputs, steps, gradients.outputKernel, units);
  addRows(toGates, gradients.bias);
  addRows(toRaw, gradients.headBias);
  addRows(toLogits, gradients.outputBias);
  if (gradients.initialMemory) addRows(toMemory, gradients.initialMemory);
}

function addRows(rows, sums) {
  for (let i = 0; i < rows.length; i++) sums[i % sums.length] += rows[i];
}

// Adds kernel x upstream to `out`, for `count` rows of the kernel from `firstRow` on. Eight rows at a time: their sums
// stay in registers, which halves the time.
function addTransposed(kernel, firstRow, count, upstream, start, columns, out) {
  let i = 0;
  for (; i + 7 < count; i += 8) {
    const row = (firstRow + i) * columns;
    let a = 0;
    let b = 0;
    let c = 0;
    let d = 0;
    let e = 0;
    let f = 0;
    let g = 0;
    let h = 0;
    for (let j = 0; j < columns; j++) {
      const value = upstream[start + j];
      const k = row + j;
      a += kernel[k] * value;
      b += kernel[k + columns] * value;
      c += kernel[k + 2 * columns] * value;
      d += kernel[k + 3 * columns] * value;
      e += kernel[k + 4 * columns] * value;
      f += kernel[k + 5 * columns] * value;
      g += kernel[k + 6 * columns] * value;
      h += kernel[k + 7 * columns] * value;
    }
    out[i] += a;
    out[i + 1] += b;
    out[i + 2] += c;
    out[i + 3] += d;
    out[i + 4] += e;
    out[i + 5] += f;
    out[i + 6] += g;
    out[i + 7] += h;
  }
  for (; i < count; i++) {
    for (let j = 0; j < columns; j++) out[i] += kernel[(firstRow + i) * columns + j] * upstream[start + j];
  }
}

// Adds sum_t vectors[t, i] upstream[t, j] to `sums`, from its row `firstRow` on; two rows and four columns at a time.
function addProducts(vectors, rows, upstream, columns, steps, sums, firstRow) {
  const [evenRows, fourColumns] = [rows - (rows % 2), columns - (columns % 4)];
  for (let i = 0; i < evenRows; i += 2) {
    for (let j = 0; j < fourColumns; j += 4) {
      let a = 0;
      let b = 0;
      let c = 0;
      let d = 0;
      let e = 0;
      let f = 0;
      let g = 0;
      let h = 0;
      for (let time = 0, v = i, u = j; time < steps; time++, v += rows, u += columns) {
        const upper = vectors[v];
        const lower = vectors[v + 1];
        a += upper * upstream[u];
        b += upper * upstream[u + 1];
        c += upper * upstream[u + 2];
        d += upper * upstream[u + 3];
        e += lower * upstream[u];
        f += lower * upstream[u + 1];
        g += lower * upstream[u + 2];
        h += lower * upstream[u + 3];
      }
      const place = (firstRow + i) * columns + j;
      sums[place] += a;
      sums[place + 1] += b;
      sums[place + 2] += c;
      sums[place + 3] += d;
      sums[place + columns] += e;
      sums[place + columns + 1] += f;
      sums[place + columns + 2] += g;
      sums[place + columns + 3] += h;
    }
  }
  for (let i = 0; i < rows; i++) {
    for (let j = i < evenRows ? fourColumns : 0; j < columns; j++) {
      const place = (firstRow + i) * columns + j;
      for (let time = 0; time < steps; time++) sums[place] += vectors[time * rows + i] * upstream[time * columns + j];
    }
  }
}
