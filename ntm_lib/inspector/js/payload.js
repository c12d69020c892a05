// A trace as a page carries it: unpacked, checked, and completed by what the library's equations make of it.
// The other side, and the reasons, are in ntm_lib/inspector/payload.py.
import { range, sum } from "./canvas.js";

/** The form of payload that is understood here. */
export const PAYLOAD_SCHEMA = "ntm_lib/inspector/1";

/** The longest sequence that is shown: a copy of 120 vectors. */
export const MAX_TRACE_STEPS = 241;

const SIZE_OF_AXIS = {
  T: "steps", I: "inputs", O: "outputs", N: "slots", W: "width", C: "units", R: "readHeads", H: "writeHeads", K: "shifts",
};

// Every part of a trace and its axes. "?" may be left out, "+" is worked out where it is missing.
const TRACE_PARTS = {
  inputs: "TI", logits: "TO", targets: "TO?", mask: "T?", initialMemory: "NW",
  ...headAxes("read", "R"), ...headAxes("write", "H"), "write.erase": "THW", "write.add": "THW",
  outputs: "TO+", memory: "TNW+", reads: "TRW+", hidden: "TC?",
};

function headAxes(name, heads) {
  const axes = {
    key: "T*W", strength: "T*", gate: "T*", shift: "T*K", sharpening: "T*",
    content: "T*N", weights: "T*N", previous: "*N", gated: "T*N+", shifted: "T*N+",
  };
  return Object.fromEntries(Object.entries(axes).map(([part, letters]) => [`${name}.${part}`, letters.replace("*", heads)]));
}

// How the numbers of a part were rounded: what their bytes are, and what is 1 in them.
const ENCODINGS = { unit: [Uint8Array, 255], signed: [Int8Array, 127], number: [Float32Array, 1] };

/**
 * Unpack what `ntm_lib.inspector.payload.payload` made.
 * @param {{schema: string, steps: number, sizes: object, parts: object, data: string}} payload
 * @returns {Promise<object>} a whole trace: all parts as Float32Array
 * @throws {Error} if it is of another form, damaged, or holds a number that is not finite
 */
export async function decodePayload(payload) {
  const schema = payload?.schema;
  need(schema === PAYLOAD_SCHEMA, `The data must have the schema "${PAYLOAD_SCHEMA}"`, JSON.stringify(schema));
  const { steps, sizes, parts = {} } = payload;
  const trace = { steps, sizes, read: {}, write: {} };
  checkTraceSizes(trace);
  const bytes = await inflateText(payload.data);
  let end = 0;
  // The parts lie one after the other in the order of the table.
  for (const name of Object.keys(TRACE_PARTS).filter((each) => each in parts)) {
    need(Object.hasOwn(ENCODINGS, parts[name]), `${name} must be unit, signed or number`, parts[name]);
    const [Numbers, one] = ENCODINGS[parts[name]];
    const values = new Numbers(partLength(trace, TRACE_PARTS[name]));
    new Uint8Array(values.buffer).set(bytes.subarray(end, end += values.byteLength));
    const [holder, field] = placeOf(trace, name);
    holder[field] = Float32Array.from(values, (value) => value / one);
  }
  need(end === bytes.length, `The data must have ${end} bytes`, bytes.length);
  return completeTrace(checkTrace(trace, /[?+]/));
}

/**
 * Check a trace that is to be shown.
 * @param {object} trace as in ntm_lib/trace.py, without the batch axis
 * @param {RegExp} optional the marks of parts that may be missing
 * @returns {object} the same trace
 * @throws {Error} if a part is missing, of a length that does not fit, or not finite
 */
export function checkTrace(trace, optional = /[?]/) {
  checkTraceSizes(trace);
  for (const [name, axes] of Object.entries(TRACE_PARTS)) {
    const [holder, field] = placeOf(trace, name);
    const values = holder?.[field];
    if (!values && optional.test(axes)) continue;
    const count = partLength(trace, axes);
    need(values?.length === count, `${name} must have ${count} numbers [${axes.replace(/\W/, "")}]`, values?.length ?? "none");
    const place = values.findIndex((value) => !Number.isFinite(value));
    need(place < 0, `${name} must be finite`, `${values[place]} at place ${place}`);
  }
  const soft = trace.targets?.find((value) => value !== 0 && value !== 1);
  need(soft === undefined, "targets must be bits, each 0 or 1", soft);
  return trace;
}

/**
 * Fill in the parts that follow from others: outputs, memory, reads, and the gated and shifted weightings.
 * @param {object} trace with every other part; parts that are there stay
 * @returns {object} the same trace
 */
export function completeTrace(trace) {
  const { sizes, read, write } = trace;
  for (const name of ["targets", "mask", "hidden"]) trace[name] ??= null;
  trace.outputs ??= trace.logits.map((logit) => 0.5 * (1 + Math.tanh(0.5 * logit)));
  trace.memory ??= writtenMemory(trace);
  trace.reads ??= readVectors(trace);
  addTraceStages(read, sizes.readHeads, sizes);
  addTraceStages(write, sizes.writeHeads, sizes);
  return trace;
}

/** Equations (3) and (4) at every step: all heads erase, then all add. */
function writtenMemory({ steps, sizes: { slots, width, writeHeads }, initialMemory, write }) {
  const memory = new Float32Array(steps * slots * width);
  let now = initialMemory;
  for (let step = 0; step < steps; step++) {
    const heads = range(writeHeads).map((head) => step * writeHeads + head);
    const share = (part, head, i) => write.weights[head * slots + Math.floor(i / width)] * part[head * width + (i % width)];
    const erased = now.map((value, i) => heads.reduce((kept, head) => kept * (1 - share(write.erase, head, i)), value));
    now = erased.map((value, i) => heads.reduce((total, head) => total + share(write.add, head, i), value));
    memory.set(now, step * now.length);
  }
  return memory;
}

/** Equation (2) at every step. */
function readVectors({ steps, sizes: { slots, width, readHeads }, memory, read }) {
  return Float32Array.from({ length: steps * readHeads * width }, (_, i) => {
    const row = Math.floor(i / width);
    const column = Math.floor(row / readHeads) * slots * width + (i % width);
    return sum(rowOf(read.weights, row, slots).map((weight, slot) => weight * memory[column + slot * width]));
  });
}

/** Equations (7) and (8) at every step. */
function addTraceStages(part, heads, { slots, shifts }) {
  part.gated ??= part.content.map((weight, i) => {
    const gate = part.gate[Math.floor(i / slots)];
    return gate * weight + (1 - gate) * (part.weights[i - heads * slots] ?? part.previous[i]);
  });
  part.shifted ??= part.gated.map((_, i) => {
    const row = Math.floor(i / slots);
    const from = (k) => row * slots + ((i + slots - k + (shifts - 1) / 2) % slots);
    return sum(rowOf(part.shift, row, shifts).map((share, k) => share * part.gated[from(k)]));
  });
}

/**
 * Where a head looked one step before.
 * @param {object} part trace.read or trace.write
 * @param {number} row step * heads + head
 * @param {number} heads how many there are
 * @param {number} slots
 * @returns {Float32Array} [slots]
 */
export function previousWeights(part, row, heads, slots) {
  return row < heads ? rowOf(part.previous, row, slots) : rowOf(part.weights, row - heads, slots);
}

/** One of the rows, of equal size, that lie one after the other in an array. */
export function rowOf(values, row, size) { return values.subarray(row * size, (row + 1) * size); }

async function inflateText(text) {
  try {
    const packed = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  } catch (error) {
    throw new Error(`The data must be compressed by zlib and written as base64. They are damaged: ${error.message}`);
  }
}

function checkTraceSizes(trace) {
  for (const [letter, name] of Object.entries(SIZE_OF_AXIS)) {
    const size = sizeOf(trace, letter);
    need(Number.isInteger(size) && size > 0, `${name} must be a whole number of at least 1`, JSON.stringify(size));
  }
  need(trace.steps <= MAX_TRACE_STEPS, `There must be at most ${MAX_TRACE_STEPS} steps`, trace.steps);
}

/** Refuse what does not hold, and say what was needed and what came. */
function need(holds, what, received) {
  if (!holds) throw new Error(`${what}. Received: ${received}`);
}

function sizeOf(trace, letter) { return letter === "T" ? trace?.steps : trace?.sizes?.[SIZE_OF_AXIS[letter]]; }

function partLength(trace, axes) { return axes.match(/\w/g).reduce((length, letter) => length * sizeOf(trace, letter), 1); }

/** Where a part is: what holds it, and under which name. */
function placeOf(trace, name) {
  const [part, field] = name.split(".");
  return field ? [trace[part], field] : [trace, part];
}
