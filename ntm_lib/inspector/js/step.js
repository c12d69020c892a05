// One time step of a machine, part by part: what each part is called, what it is made from, and its numbers.
//
// Of several heads of a kind, the first is meant.

const weightingRule = "<i>w<sub>t</sub></i> = sharpen(shift(<i>g<sub>t</sub></i> <i>w<sup>c</sup></i> + (1 − <i>g<sub>t</sub></i>) <i>w<sub>t−1</sub></i>, <i>s<sub>t</sub></i>), <i>γ<sub>t</sub></i>)";
const numbersRule = "<i>h<sub>t</sub></i> times <code>head_kernel</code>, plus <code>head_bias</code>";
const weightingText = "Equations (5) to (9). The content weighting wᶜ compares the key with each slot of the memory that the step finds.";

/**
 * The parts in the order of the step: title and symbol, the equation as HTML, its axes, the name of the tensor in the
 * library, and the parts that it is made from.
 */
export const PARTS = {
  input: { title: "input", symbol: "xₜ", rule: "given", axes: "I", tensor: "Trace.inputs", from: [], text: "Eight bits and a channel for the delimiter." },
  lastRead: { title: "last read", symbol: "rₜ₋₁", rule: "<i>r<sub>t</sub></i> of the step before", axes: "W", tensor: "Trace.reads", from: [], text: "Zeros before the first step." },
  lastHidden: { title: "last hidden", symbol: "hₜ₋₁", rule: "<i>h<sub>t</sub></i> of the step before", axes: "C", tensor: "Trace.hidden", from: [], text: "The controller's own memory, together with the LSTM's cell. Zeros before the first step." },
  hidden: {
    title: "hidden", symbol: "hₜ", axes: "C", tensor: "Trace.hidden", from: ["input", "lastRead", "lastHidden"], trained: true,
    rule: "<i>h<sub>t</sub></i> = LSTM([<i>x<sub>t</sub></i>, <i>r<sub>t−1</sub></i>], <i>h<sub>t−1</sub></i>)", text: "The controller: all that it sees goes in side by side.",
  },
  writeNumbers: {
    title: "write head's numbers", symbol: "", rule: numbersRule, axes: "3W+3+K", tensor: "split_heads(raw)", from: ["hidden"], trained: true,
    text: "After the activations. A cell's readout names the raw number.",
  },
  readNumbers: {
    title: "read head's numbers", symbol: "", rule: numbersRule, axes: "W+3+K", tensor: "split_heads(raw)", from: ["hidden"], trained: true,
    text: "After the activations. A cell's readout names the raw number.",
  },
  memoryBefore: { title: "memory", symbol: "Mₜ₋₁", rule: "<i>M<sub>t</sub></i> of the step before", axes: "N, W", tensor: "Trace.memory", from: [], text: "Every number is 0.000001 before the first step." },
  writeWeights: { title: "write", symbol: "wₜ", rule: weightingRule, axes: "N", tensor: "Trace.write.weights", from: ["writeNumbers", "memoryBefore"], text: weightingText },
  memory: {
    title: "memory", symbol: "Mₜ", axes: "N, W", tensor: "Trace.memory", from: ["memoryBefore", "writeWeights", "writeNumbers"],
    rule: "<i>M<sub>t</sub></i>(<i>i</i>) = <i>M<sub>t−1</sub></i>(<i>i</i>) [1 − <i>w<sub>t</sub></i>(<i>i</i>) <i>e<sub>t</sub></i>] + <i>w<sub>t</sub></i>(<i>i</i>) <i>a<sub>t</sub></i>",
    text: "Equations (3) and (4): erase, then add. No trained weight takes part.",
  },
  readWeights: { title: "read", symbol: "wₜ", rule: weightingRule, axes: "N", tensor: "Trace.read.weights", from: ["readNumbers", "memoryBefore"], text: weightingText },
  read: {
    title: "read vector", symbol: "rₜ", axes: "W", tensor: "Trace.reads", from: ["memory", "readWeights"],
    rule: "<i>r<sub>t</sub></i> = Σ<sub><i>i</i></sub> <i>w<sub>t</sub></i>(<i>i</i>) <i>M<sub>t</sub></i>(<i>i</i>)", text: "Equation (2). The read head sees what this step has written.",
  },
  output: {
    title: "output", symbol: "yₜ", axes: "O", tensor: "Trace.outputs", from: ["hidden", "read"], trained: true,
    rule: "<i>y<sub>t</sub></i> = σ([<i>h<sub>t</sub></i>, <i>r<sub>t</sub></i>] times <code>output_kernel</code>, plus <code>output_bias</code>)", text: "The probability that each bit is 1.",
  },
};

/** A part's title with its symbol, if it has one. */
export function partName(name) { return `${PARTS[name].title} ${PARTS[name].symbol}`.trim(); }

/**
 * The shape of a part in numbers.
 * @param {string} axes such as "N, W" or "3W+3+K"
 * @param {object} sizes of the trace
 * @returns {number[]}
 */
export function shapeOf(axes, { inputs, outputs, slots, width, units, shifts }) {
  const sizes = { I: inputs, O: outputs, N: slots, W: width, C: units, K: shifts };
  const product = (term) => (term.match(/[A-Z]/) ? (parseInt(term) || 1) * sizes[term.at(-1)] : Number(term));
  return axes.split(", ").map((axis) => axis.split("+").reduce((sum, term) => sum + product(term), 0));
}

/**
 * What the figure shows, if it fits together.
 * @param {{trace: object, hidden: number[][], raw: number[][]}} run as for `stepValues`
 * @param {{step: number, part: string}} first what is shown first
 * @returns {object} run
 * @throws {Error} if a table is of another size or not finite, or there is no such step or part
 */
export function checkRun(run, { step, part }) {
  const { steps, units, width, shifts, readHeads, writeHeads } = { ...run.trace.sizes, steps: run.trace.steps };
  const counts = { hidden: units, raw: (readHeads + writeHeads) * (width + 3 + shifts) + 2 * width * writeHeads };
  for (const [name, count] of Object.entries(counts)) {
    const fits = run[name]?.length === steps && run[name].every((row) => row.length === count && row.every(Number.isFinite));
    if (!fits) throw new Error(`${name} must be ${steps} rows of ${count} finite numbers. Received: ${JSON.stringify(run[name])?.slice(0, 60) ?? "none"}`);
  }
  if (!Object.hasOwn(PARTS, part)) throw new Error(`part must be one of ${Object.keys(PARTS).join(", ")}. Received: ${JSON.stringify(part) ?? "none"}`);
  if (!Number.isInteger(step) || step < 0 || step >= steps) throw new Error(`step must be a whole number from 0 to ${steps - 1}. Received: ${JSON.stringify(step) ?? "none"}`);
  return run;
}

/**
 * All numbers of one step.
 * @param {{trace: object, hidden: number[][], raw: number[][]}} run a trace, h_t `[T, C]` and the raw numbers of the heads `[T, P]`
 * @param {number} step
 * @returns {Object<string, ArrayLike<number>>} by the names of `PARTS`; those of the heads are raw
 */
export function stepValues({ trace, hidden, raw }, step) {
  const { inputs, outputs, slots, width, units, shifts, readHeads, writeHeads } = trace.sizes;
  const row = (values, size, place = step) => values.subarray(place * size, place * size + size);
  const before = (values, size, first) => (step ? row(values, size, step - 1) : first);
  const own = width + 3 + shifts;
  const [ofHeads, now] = [(readHeads + writeHeads) * own, raw[step]];
  const weights = (head, heads) => row(head.weights, slots, step * heads);
  return {
    input: row(trace.inputs, inputs),
    lastRead: step ? row(trace.reads, width, (step - 1) * readHeads) : new Float32Array(width),
    lastHidden: step ? hidden[step - 1] : new Float32Array(units),
    hidden: hidden[step],
    writeNumbers: [...now.slice(readHeads * own, (readHeads + 1) * own), ...now.slice(ofHeads, ofHeads + 2 * width)],
    readNumbers: now.slice(0, own),
    memoryBefore: before(trace.memory, slots * width, trace.initialMemory),
    writeWeights: weights(trace.write, writeHeads),
    memory: row(trace.memory, slots * width),
    readWeights: weights(trace.read, readHeads),
    read: row(trace.reads, width, step * readHeads),
    output: row(trace.outputs, outputs),
  };
}

/**
 * What a head is told, and the raw number behind each.
 * @param {object} trace
 * @param {"read"|"write"} name
 * @param {ArrayLike<number>} numbers the raw ones of this head
 * @param {number} step
 * @returns {{name: string, values: number[], raw: number[]}[]} its vectors, and its single numbers in one
 */
export function toldHead(trace, name, numbers, step) {
  const { width, shifts } = trace.sizes;
  const head = trace[name];
  const heads = trace.sizes[`${name}Heads`];
  const part = (field, size) => [...head[field].subarray(step * heads * size, step * heads * size + size)];
  const cut = (first, size) => Array.from(numbers).slice(first, first + size);
  const own = width + 3 + shifts;
  const single = [...part("strength", 1), ...part("gate", 1), ...part("shift", shifts), ...part("sharpening", 1)];
  const told = [{ name: "key", values: part("key", width), raw: cut(0, width) }, { name: "single", values: single, raw: cut(width, 3 + shifts) }];
  if (name === "read") return told;
  return [...told, { name: "erase", values: part("erase", width), raw: cut(own, width) }, { name: "add", values: part("add", width), raw: cut(own + width, width) }];
}
