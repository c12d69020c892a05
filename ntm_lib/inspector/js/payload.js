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

// How a part was rounded: bytes a number, and how to read number i.
const ENCODINGS = {
  unit: [1, (view, i) => view.getUint8(i) / 255],
  signed: [1, (view, i) => view.getInt8(i) / 127],
  number: [4, (view, i) => view.getFloat32(4 * i, true)],
};

/**
 * Unpack what `ntm_lib.inspector.payload.payload` made.
 * @param {{schema: string, steps: number, sizes: object, parts: object, data: string}} payload
 * @returns {Promise<object>} a whole trace: all parts as Float32Array
 * @throws {Error} if it is of another form, damaged, or holds a number that is not finite
 */
export async function decodePayload(payload) {
  if (!payload || payload.schema !== PAYLOAD_SCHEMA) {
    throw new Error(`The data must have the schema "${PAYLOAD_SCHEMA}". Received: ${JSON.stringify(payload?.schema)}`);
  }
  const trace = { steps: payload.steps, sizes: payload.sizes, read: {}, write: {} };
  checkTraceSizes(trace);
  const bytes = await inflateText(payload.data);
  let offset = 0;
  // The parts lie one after the other in the order of the table.
  for (const name of Object.keys(TRACE_PARTS).filter((part) => part in (payload.parts || {}))) {
    const encoding = ENCODINGS[payload.parts[name]];
    if (!encoding) throw new Error(`${name} must be unit, signed or number. Received: ${payload.parts[name]}`);
    const count = partLength(trace, TRACE_PARTS[name]);
    const end = offset + count * encoding[0];
    if (end > bytes.length) throw new Error(`The data must have at least ${end} bytes. Received: ${bytes.length}`);
    const view = new DataView(bytes.buffer, bytes.byteOffset + offset, end - offset);
    setPart(trace, name, Float32Array.from({ length: count }, (_, i) => encoding[1](view, i)));
    offset = end;
  }
  if (offset !== bytes.length) throw new Error(`The data must have ${offset} bytes. Received: ${bytes.length}`);
  return checkTrace(completeTrace(trace));
}

/**
 * Check a trace that is to be shown.
 * @param {object} trace as in ntm_lib/trace.py, without the batch axis
 * @returns {object} the same trace
 * @throws {Error} if a part is missing, of a length that does not fit, or not finite
 */
export function checkTrace(trace) {
  checkTraceSizes(trace);
  for (const [name, axes] of Object.entries(TRACE_PARTS)) {
    const values = partOf(trace, name);
    if (!values && axes.endsWith("?")) continue;
    const count = partLength(trace, axes);
    if (values?.length !== count) {
      throw new Error(`${name} must have ${count} numbers [${axes.replace(/\W/, "")}]. Received: ${values?.length ?? "none"}`);
    }
    const place = values.findIndex((value) => !Number.isFinite(value));
    if (place >= 0) throw new Error(`${name} must be finite. Received: ${values[place]} at place ${place}`);
  }
  return trace;
}

/**
 * Fill in the parts that follow from others: outputs, memory, reads, and the gated and shifted weightings.
 * @param {object} trace with every other part; parts that are there stay
 * @returns {object} the same trace
 */
export function completeTrace(trace) {
  for (const [name, axes] of Object.entries(TRACE_PARTS)) {
    if (!/[?+]/.test(axes) && !partOf(trace, name)) throw new Error(`The data must hold ${name}. Received: none`);
  }
  trace.targets ??= null;
  trace.mask ??= null;
  trace.hidden ??= null;
  trace.outputs ??= trace.logits.map((logit) => 0.5 * (1 + Math.tanh(0.5 * logit)));
  trace.memory ??= writtenMemory(trace);
  trace.reads ??= readVectors(trace);
  addTraceStages(trace.read, trace.steps, trace.sizes.readHeads, trace.sizes);
  addTraceStages(trace.write, trace.steps, trace.sizes.writeHeads, trace.sizes);
  return trace;
}

/** Equations (3) and (4) at every step: all heads erase, then all add. */
function writtenMemory({ steps, sizes: { slots, width, writeHeads }, initialMemory, write }) {
  const size = slots * width;
  const memory = new Float32Array(steps * size);
  let before = initialMemory;
  for (let t = 0; t < steps; t++) {
    const now = memory.subarray(t * size, (t + 1) * size);
    now.set(before);
    for (const change of ["erase", "add"]) {
      for (let head = t * writeHeads; head < (t + 1) * writeHeads; head++) {
        for (let i = 0; i < size; i++) {
          const amount = write.weights[head * slots + Math.floor(i / width)] * write[change][head * width + (i % width)];
          now[i] = change === "erase" ? now[i] * (1 - amount) : now[i] + amount;
        }
      }
    }
    before = now;
  }
  return memory;
}

/** Equation (2) at every step. */
function readVectors({ steps, sizes: { slots, width, readHeads }, memory, read }) {
  const reads = new Float32Array(steps * readHeads * width);
  for (let row = 0; row < steps * readHeads; row++) {
    const start = Math.floor(row / readHeads) * slots * width;
    for (let i = 0; i < slots * width; i++) {
      reads[row * width + (i % width)] += read.weights[row * slots + Math.floor(i / width)] * memory[start + i];
    }
  }
  return reads;
}

/** Equations (7) and (8) at every step. */
function addTraceStages(part, steps, heads, { slots, shifts }) {
  const rows = steps * heads;
  const gated = new Float32Array(rows * slots);
  const shifted = new Float32Array(rows * slots);
  for (let row = 0; row < rows; row++) {
    const previous = previousWeights(part, row, heads, slots);
    for (let i = 0; i < slots; i++) {
      const gate = part.gate[row];
      gated[row * slots + i] = gate * part.content[row * slots + i] + (1 - gate) * previous[i];
    }
    for (let i = 0; i < slots * shifts; i++) {
      const offset = (i % shifts) - (shifts - 1) / 2;
      const slot = Math.floor(i / shifts);
      const target = row * slots + ((slot + offset + slots) % slots);
      shifted[target] += part.shift[row * shifts + (i % shifts)] * gated[row * slots + slot];
    }
  }
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
  const [values, from] = row < heads ? [part.previous, row] : [part.weights, row - heads];
  return values.subarray(from * slots, (from + 1) * slots);
}

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
  const named = { steps: trace?.steps };
  for (const name of Object.values(SIZE_OF_AXIS)) named[name] = trace?.sizes?.[name];
  for (const [name, size] of Object.entries(named)) {
    if (!Number.isInteger(size) || size < 1) {
      throw new Error(`${name} must be a whole number of at least 1. Received: ${JSON.stringify(size)}`);
    }
  }
  if (trace.steps > MAX_TRACE_STEPS) {
    throw new Error(`There must be at most ${MAX_TRACE_STEPS} steps. Received: ${trace.steps}`);
  }
}

function partLength(trace, axes) {
  const lengths = [...axes.replace(/\W/, "")].map((letter) => (letter === "T" ? trace.steps : trace.sizes[SIZE_OF_AXIS[letter]]));
  return lengths.reduce((product, length) => product * length, 1);
}

function partOf(trace, name) {
  return name.split(".").reduce((part, key) => part?.[key], trace);
}

function setPart(trace, name, values) {
  const [part, field] = name.includes(".") ? name.split(".") : [null, name];
  (part ? trace[part] : trace)[field] = values;
}
