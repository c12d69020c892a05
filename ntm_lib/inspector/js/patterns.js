// What a reader asks of a machine: bits to copy, items to recall, vectors to sort. No drawing, no page.
import { uniformGenerator } from "./machine.js";

/** The longest pattern: a copy of it has as many steps as a machine runs over. */
export const LONGEST_PATTERN = 120;
const BITS = 8;
const ITEM = { vectors: 3, bits: 6 };
const SORTED = 16; // vectors that are asked for, of at most 20

/**
 * The bits of a text, a vector for each character: its code, the highest bit first. What is no character of one byte
 * becomes a question mark.
 * @param {string} text
 * @returns {number[][]} [L, 8]
 */
export function patternOfText(text) {
  return [...text].slice(0, LONGEST_PATTERN).map((letter) => {
    const code = letter.codePointAt(0) < 256 ? letter.codePointAt(0) : 63;
    return Array.from({ length: BITS }, (_, bit) => (code >> (BITS - 1 - bit)) & 1);
  });
}

/**
 * The text of a pattern; what cannot be read is a middle dot.
 * @param {number[][]} pattern [L, 8]
 * @returns {string}
 */
export function textOfPattern(pattern) {
  return pattern.map((bits) => {
    const code = bits.reduce((sum, bit) => 2 * sum + bit, 0);
    return code >= 32 && code < 127 ? String.fromCharCode(code) : "·";
  }).join("");
}

/**
 * Random bits.
 * @param {number} length L
 * @param {number} width bits of a vector
 * @param {number} seed
 * @returns {number[][]} [L, width]
 */
export function randomPattern(length, width, seed) {
  const uniform = uniformGenerator(seed);
  return Array.from({ length }, () => Array.from({ length: width }, () => (uniform() < 0.5 ? 0 : 1)));
}

/**
 * The copy task of a pattern, as in ntm_lib/tasks/copy.py: pattern, delimiter, silence for the answer.
 * @param {number[][]} pattern [L, 8], L from 1 to 120
 * @returns {{inputs: Float32Array, targets: Float32Array, mask: Float32Array}} [T, 9], [T, 8] and [T] with T = 2L + 1
 */
export function copyTask(pattern) {
  if (!(pattern.length >= 1 && pattern.length <= LONGEST_PATTERN)) {
    throw new RangeError(`a pattern must have 1 to ${LONGEST_PATTERN} vectors. Received: ${pattern.length}`);
  }
  const length = pattern.length;
  const task = emptyTask(2 * length + 1, BITS + 1, BITS);
  pattern.forEach((bits, place) => {
    checkBits(bits, BITS);
    task.inputs.set(bits, place * (BITS + 1));
    answer(task, length + 1 + place, bits);
  });
  task.inputs[length * (BITS + 1) + BITS] = 1;
  return task;
}

/**
 * The recall task of a list, as in ntm_lib/tasks/associative_recall.py: each item behind a delimiter, then one of them
 * between two delimiters of another kind; the answer is the item that followed it.
 * @param {number[][]} vectors [3n, 6], n items of three vectors, n from 2
 * @param {number} asked the item that is shown again, from 0 to n - 2
 * @returns {{inputs: Float32Array, targets: Float32Array, mask: Float32Array}} [T, 8], [T, 6] and [T] with T = 4n + 8
 */
export function recallTask(vectors, asked) {
  const items = vectors.length / ITEM.vectors;
  if (!Number.isInteger(items) || items < 2) {
    throw new RangeError(`a list must have at least 2 items of ${ITEM.vectors} vectors. Received ${vectors.length} vectors`);
  }
  if (!Number.isInteger(asked) || asked < 0 || asked > items - 2) {
    throw new RangeError(`the item asked for must be from 0 to ${items - 2}: one that another follows. Received: ${asked}`);
  }
  const channels = ITEM.bits + 2;
  const stride = ITEM.vectors + 1;
  const task = emptyTask(items * stride + 2 + 2 * ITEM.vectors, channels, ITEM.bits);
  const query = items * stride;
  vectors.forEach((bits, place) => {
    checkBits(bits, ITEM.bits);
    const item = Math.floor(place / ITEM.vectors);
    const within = place % ITEM.vectors;
    task.inputs.set(bits, (item * stride + 1 + within) * channels);
    if (item === asked) task.inputs.set(bits, (query + 1 + within) * channels);
    if (item === asked + 1) answer(task, query + stride + 1 + within, bits);
  });
  for (let item = 0; item < items; item++) task.inputs[item * stride * channels + ITEM.bits] = 1;
  for (const step of [query, query + stride]) task.inputs[step * channels + ITEM.bits + 1] = 1;
  return task;
}

/**
 * Random priorities.
 * @param {number} length n
 * @param {number} seed
 * @returns {number[]} [n], each from -1 to 1
 */
export function randomPriorities(length, seed) {
  const uniform = uniformGenerator(seed);
  return Array.from({ length }, () => 2 * uniform() - 1);
}

/**
 * The sorting task of vectors, as in ntm_lib/tasks/priority_sort.py: each with its priority, a delimiter, silence for the
 * answer, which is the sixteen of highest priority, the highest first.
 * @param {number[][]} vectors [n, 8]
 * @param {number[]} priorities [n], each from -1 to 1
 * @returns {{inputs: Float32Array, targets: Float32Array, mask: Float32Array}} [T, 10], [T, 8] and [T] with T = n + 1 + min(n, 16)
 */
export function prioritySortTask(vectors, priorities) {
  const length = vectors.length;
  if (priorities.length !== length || !priorities.every((priority) => Math.abs(priority) <= 1)) {
    throw new RangeError(`each of ${length} vectors must have a priority from -1 to 1. Received: ${priorities}`);
  }
  const channels = BITS + 2;
  const task = emptyTask(length + 1 + Math.min(length, SORTED), channels, BITS);
  vectors.forEach((bits, place) => {
    checkBits(bits, BITS);
    task.inputs.set([...bits, priorities[place]], place * channels);
  });
  task.inputs[length * channels + BITS + 1] = 1;
  byPriority(priorities).slice(0, SORTED).forEach((place, turn) => answer(task, length + 1 + turn, vectors[place]));
  return task;
}

/**
 * The places of the priorities, the highest first; of equal ones the earlier.
 * @param {number[]} priorities [n]
 * @returns {number[]} [n]
 */
export function byPriority(priorities) {
  return priorities.map((_, place) => place).sort((a, b) => priorities[b] - priorities[a] || a - b);
}

/**
 * How many answered bits of a trace are wrong, of how many.
 * @param {object} trace with targets and mask
 * @returns {{wrong: number, all: number, answer: number[][]}} and the answer's bits, a row for each asked step
 */
export function judgedAnswer({ outputs, targets, mask, steps, sizes }) {
  const rows = [];
  let wrong = 0;
  for (let step = 0; step < steps; step++) {
    if (!mask[step]) continue;
    const row = Array.from(outputs.subarray(step * sizes.outputs, (step + 1) * sizes.outputs), (value) => (value > 0.5 ? 1 : 0));
    row.forEach((bit, place) => { if (bit !== targets[step * sizes.outputs + place]) wrong += 1; });
    rows.push(row);
  }
  return { wrong, all: rows.length * sizes.outputs, answer: rows };
}

function emptyTask(steps, inputs, outputs) {
  const zeros = (size) => new Float32Array(steps * size);
  return { inputs: zeros(inputs), targets: zeros(outputs), mask: zeros(1) };
}

function answer(task, step, bits) {
  task.targets.set(bits, step * bits.length);
  task.mask[step] = 1;
}

function checkBits(bits, width) {
  if (bits.length !== width || bits.some((bit) => bit !== 0 && bit !== 1)) {
    throw new RangeError(`a vector must be ${width} bits, each 0 or 1. Received: ${bits}`);
  }
}
