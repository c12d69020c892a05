// A trace as a page carries it: unpacked, checked, and completed by what the library's equations make of it.
// The other side, and the reasons, are in ntm_lib/inspector/payload.py.

/** The form of payload that is understood here. */
export const PAYLOAD_SCHEMA = "ntm_lib/inspector/1";

/** The longest sequence that is shown: a copy of 120 vectors. */
export const MAX_TRACE_STEPS = 241;

const SIZE_OF_AXIS = {
  I: "inputs", O: "outputs", N: "slots", W: "width", C: "units", R: "readHeads", H: "writeHeads", K: "shifts",
};

// Every part of a trace and its axes. "?" may be left out, "+" is worked out where it is missing.
const TRACE_PARTS = {
  inputs: "TI", logits: "TO", targets: "TO?", mask: "T?", initialMemory: "NW",
  ...headAxes("read", "R"), ...headAxes("write", "H"), "write.erase": "THW", "write.add": "THW",
  outputs: "TO+", memory: "TNW+", reads: "TRW+", hidden: "TC?",
};

function headAxes(name, heads) {
  const axes = {
    key: `T${heads}W`, strength: `T${heads}`, gate: `T${heads}`, shift: `T${heads}K`, sharpening: `T${heads}`,
    content: `T${heads}N`, weights: `T${heads}N`, previous: `${heads}N`, gated: `T${heads}N+`, shifted: `T${heads}N+`,
  };
  return Object.fromEntries(Object.entries(axes).map(([part, letters]) => [`${name}.${part}`, letters]));
}

// How a part was rounded: bytes a number, and how to read the one that begins at a byte.
const ENCODINGS = {
  unit: [1, (view, at) => view.getUint8(at) / 255],
  signed: [1, (view, at) => view.getInt8(at) / 127],
  number: [4, (view, at) => view.getFloat32(at, true)],
};

/**
 * Unpack what `ntm_lib.inspector.payload.payload` made.
 * @param {{schema: string, steps: number, sizes: object, parts: object, data: string}} payload
 * @returns {Promise<object>} a whole trace: all parts as Float32Array
 * @throws {Error} if it is of another form, damaged, or holds a number that is not finite
 */
export async function decodePayload(payload) {
  const schema = payload?.schema;
  if (schema !== PAYLOAD_SCHEMA) refuse(`The data must have the schema "${PAYLOAD_SCHEMA}". Received: ${JSON.stringify(schema)}`);
  const { steps, sizes, parts = {} } = payload;
  const trace = { steps, sizes, read: {}, write: {} };
  checkTraceSizes(trace);
  const bytes = await inflateText(payload.data);
  let end = 0;
  // The parts lie one after the other in the order of the table.
  const readers = Object.keys(TRACE_PARTS).filter((name) => name in parts).map((name) => {
    const [size, number] = ENCODINGS[parts[name]] ?? refuse(`${name} must be unit, signed or number. Received: ${parts[name]}`);
    const [start, length] = [end, partLength(trace, TRACE_PARTS[name])];
    end += size * length;
    return [name, (view) => Float32Array.from({ length }, (_, i) => number(view, start + size * i))];
  });
  if (end !== bytes.length) refuse(`The data must have ${end} bytes. Received: ${bytes.length}`);
  for (const [name, read] of readers) setPart(trace, name, read(new DataView(bytes.buffer)));
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
    const values = partOf(trace, name);
    if (!values && optional.test(axes)) continue;
    const count = partLength(trace, axes);
    if (values?.length !== count) refuse(`${name} must have ${count} numbers [${axes.replace(/\W/, "")}]. Received: ${values?.length ?? "none"}`);
    const place = values.findIndex((value) => !Number.isFinite(value));
    if (place >= 0) refuse(`${name} must be finite. Received: ${values[place]} at place ${place}`);
  }
  const soft = trace.targets?.find((value) => value !== 0 && value !== 1);
  if (soft !== undefined) refuse(`targets must be bits, each 0 or 1. Received: ${soft}`);
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
  const size = slots * width;
  const memory = new Float32Array(steps * size);
  let now = initialMemory;
  for (let t = 0; t < steps; t++) {
    memory.set(now, t * size);
    now = rowOf(memory, t, size);
    for (const [part, changed] of [[write.erase, (value, amount) => value * (1 - amount)], [write.add, (value, amount) => value + amount]]) {
      for (let head = t * writeHeads; head < (t + 1) * writeHeads; head++) {
        const [weights, vector] = [rowOf(write.weights, head, slots), rowOf(part, head, width)];
        now.forEach((value, i) => { now[i] = changed(value, weights[Math.floor(i / width)] * vector[i % width]); });
      }
    }
  }
  return memory;
}

/** Equation (2) at every step. */
function readVectors({ steps, sizes: { slots, width, readHeads }, memory, read }) {
  const reads = new Float32Array(steps * readHeads * width);
  for (let row = 0; row < steps * readHeads; row++) {
    const [into, weights] = [rowOf(reads, row, width), rowOf(read.weights, row, slots)];
    rowOf(memory, Math.floor(row / readHeads), slots * width).forEach((value, i) => { into[i % width] += weights[Math.floor(i / width)] * value; });
  }
  return reads;
}

/** Equations (7) and (8) at every step. */
function addTraceStages(part, heads, { slots, shifts }) {
  const gated = part.content.map((weight, i) => {
    const gate = part.gate[Math.floor(i / slots)];
    return gate * weight + (1 - gate) * (i < heads * slots ? part.previous[i] : part.weights[i - heads * slots]);
  });
  const shifted = new Float32Array(gated.length);
  gated.forEach((weight, i) => {
    const [row, slot] = [Math.floor(i / slots), i % slots];
    const move = (share, k) => { shifted[row * slots + ((slot + k - (shifts - 1) / 2 + slots) % slots)] += share * weight; };
    rowOf(part.shift, row, shifts).forEach(move);
  });
  part.gated ??= gated;
  part.shifted ??= shifted;
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
    return refuse(`The data must be compressed by zlib and written as base64. They are damaged: ${error.message}`);
  }
}

function checkTraceSizes(trace) {
  const named = { steps: trace?.steps };
  for (const name of Object.values(SIZE_OF_AXIS)) named[name] = trace?.sizes?.[name];
  for (const [name, size] of Object.entries(named)) {
    if (!Number.isInteger(size) || size < 1) refuse(`${name} must be a whole number of at least 1. Received: ${JSON.stringify(size)}`);
  }
  if (trace.steps > MAX_TRACE_STEPS) refuse(`There must be at most ${MAX_TRACE_STEPS} steps. Received: ${trace.steps}`);
}

function refuse(message) { throw new Error(message); }

function partLength(trace, axes) {
  const lengths = [...axes.replace(/\W/, "")].map((letter) => (letter === "T" ? trace.steps : trace.sizes[SIZE_OF_AXIS[letter]]));
  return lengths.reduce((product, length) => product * length, 1);
}

function partOf(trace, name) { return name.split(".").reduce((part, key) => part?.[key], trace); }

function setPart(trace, name, values) {
  const [field, part] = name.split(".").reverse();
  (part ? trace[part] : trace)[field] = values;
}
