// The five stages in which a head finds its weighting: equations (5) to (9) of Graves et al. 2014, for one head.
//
// Memory is flat, row by row: N slots of W numbers. The small numbers are those of ntm_lib/numerics.py.

const SQUARES_EPSILON = 1e-6; // added to a sum of squares inside its root
const LOGARITHM_EPSILON = 1e-16; // added to a weight before its logarithm

/**
 * Equation (6): the cosine of the key and each slot.
 * @param {number[]} memory [N * W]
 * @param {number[]} key [W]
 * @returns {number[]} [N]
 */
export function cosinesOf(memory, key) {
  const length = (vector) => Math.sqrt(vector.reduce((sum, value) => sum + value * value, SQUARES_EPSILON));
  return Array.from({ length: memory.length / key.length }, (_, slot) => {
    const row = memory.slice(slot * key.length, (slot + 1) * key.length);
    return row.reduce((sum, value, j) => sum + value * key[j], 0) / (length(row) * length(key));
  });
}

/** @param {number[]} values [N] @returns {number[]} [N], their exponentials divided by the sum of these */
export function softmaxOf(values) {
  const largest = Math.max(...values);
  const powers = values.map((value) => Math.exp(value - largest));
  const sum = powers.reduce((a, b) => a + b);
  return powers.map((power) => power / sum);
}

/**
 * Equation (8): a circular convolution. Entry k of the kernel moves the head by k - (K - 1) / 2 slots.
 * @param {number[]} weights [N]
 * @param {number[]} kernel [K]
 * @returns {number[]} [N]
 */
export function shiftedBy(weights, kernel) {
  const [slots, reach] = [weights.length, (kernel.length - 1) / 2];
  return weights.map((_, slot) => kernel.reduce((sum, share, k) => sum + share * weights[(slot - k + reach + slots) % slots], 0));
}

/**
 * All stages of one step.
 * @param {number[]} memory [N * W]
 * @param {object} head {previous: [N], key: [W], strength, gate, shift: [K], sharpening}
 * @returns {object} {cosines, previous, content, gated, shifted, sharpened}, each [N]
 */
export function addressingStages(memory, { previous, key, strength, gate, shift, sharpening }) {
  const cosines = cosinesOf(memory, key);
  const content = softmaxOf(cosines.map((cosine) => strength * cosine)); // (5)
  const gated = content.map((weight, slot) => gate * weight + (1 - gate) * previous[slot]); // (7)
  const shifted = shiftedBy(gated, shift);
  // (9), in logarithms: the powers themselves would underflow.
  const sharpened = softmaxOf(shifted.map((weight) => sharpening * Math.log(weight + LOGARITHM_EPSILON)));
  return { cosines, previous, content, gated, shifted, sharpened };
}

/**
 * Equation (2): what a head reads.
 * @param {number[]} memory [N * W]
 * @param {number[]} weights [N]
 * @returns {number[]} [W]
 */
export function readVector(memory, weights) {
  const width = memory.length / weights.length;
  return Array.from({ length: width }, (_, j) => weights.reduce((sum, weight, slot) => sum + weight * memory[slot * width + j], 0));
}

/**
 * Give one share of a distribution another value; the others keep their proportions and fill up to 1.
 * @param {number[]} shares [K], sum 1
 * @param {number} place which one
 * @param {number} value from 0 to 1
 * @returns {number[]} [K], sum 1
 */
export function shareOut(shares, place, value) {
  const rest = 1 - shares[place];
  const others = (share) => (rest > 1e-9 ? (share / rest) * (1 - value) : (1 - value) / (shares.length - 1));
  return shares.map((share, k) => (k === place ? value : others(share)));
}

/** @param {number} slots N @param {number} slot @returns {number[]} [N], all weight on one slot */
export function allOn(slots, slot) { return Array.from({ length: slots }, (_, i) => (i === slot ? 1 : 0)); }

const HANDLE_LIMITS = { key: [-1, 1], strength: [0, 20], gate: [0, 1], shift: [0, 1], sharpening: [1, 20] };

/**
 * What a figure of addressing starts from, if it can.
 * @param {object} data {memory: [N][W], heads: {read, write}}, each head {previous: a slot, key: [W], strength, gate, shift: [3], sharpening}
 * @returns {object} data
 * @throws {Error} if something is missing, not finite, of another length, or out of its range
 */
export function checkAddressing(data) {
  const { memory, heads } = data ?? {};
  const width = memory?.[0]?.length;
  checkStart(Array.isArray(memory) && memory.length > 1 && width > 0, "memory must be at least 2 rows of numbers", memory);
  for (const row of memory) checkStart(row?.length === width && row.every(Number.isFinite), `memory must have rows of ${width} finite numbers`, row);
  for (const name of ["read", "write"]) {
    const head = heads?.[name];
    checkStart(Number.isInteger(head?.previous) && memory[head.previous], `${name} head: previous must be a slot from 0 to ${memory.length - 1}`, head?.previous);
    for (const [handle, [low, high]] of Object.entries(HANDLE_LIMITS)) {
      const count = { key: width, shift: 3 }[handle];
      const values = count ? head[handle] : [head[handle]];
      const fits = values?.length === (count ?? 1) && values.every((value) => Number.isFinite(value) && value >= low && value <= high);
      checkStart(fits, `${name} head: ${handle} must be ${count ? `${count} numbers` : "a number"} from ${low} to ${high}`, head[handle]);
    }
    checkStart(Math.abs(head.shift.reduce((a, b) => a + b) - 1) < 1e-6, `${name} head: shift must have the sum 1`, head.shift);
  }
  return data;
}

function checkStart(fits, expected, received) {
  if (!fits) throw new Error(`${expected}. Received: ${JSON.stringify(received) ?? "none"}`);
}
