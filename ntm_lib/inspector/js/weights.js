// What a machine consists of, and how it gets into a page: weights.py writes it, `decodeWeights` reads it.
//
// Letters as in machine.js: I inputs, O outputs, N slots, W width of a slot, C units, R read and H write heads.

/** What `exported` in ntm_lib/inspector/weights.py says of its form. */
export const WEIGHTS_SCHEMA = "ntm_lib/weights/1";

const SIZE_NAMES = ["inputs", "outputs", "slots", "width", "units", "readHeads", "writeHeads", "shifts"];
const NUMBER_BYTES = { float32: 4, float16: 2, int8: 1 };

/**
 * Returns the machine that exported weights stand for.
 *
 * @param {object} exported {schema, sizes, controller, arrays}; each of the arrays is {shape, type, data}, data the
 *   base64 of little-endian "float32", "float16" or "int8" numbers, or {shape, start}, start "one-hot" (slot 0) or the
 *   number that all its entries are. "int8" has `scales` as well, base64 of one float32 for each column.
 * @returns {object} {sizes, controller, kernel, bias, headKernel, headBias, outputKernel, outputBias, initialMemory,
 *   initialWeights} with Float32Arrays, as `runMachine` takes it
 * @throws {TypeError} if something is not of the kind it should be
 * @throws {RangeError} if the schema, a size or a shape does not fit, or a number is not finite
 */
export function decodeWeights(exported) {
  if (exported === null || typeof exported !== "object") {
    throw new TypeError(`weights must be an object of the schema ${WEIGHTS_SCHEMA}. Received: ${exported}`);
  }
  if (exported.schema !== WEIGHTS_SCHEMA) {
    throw new RangeError(`weights must have the schema ${WEIGHTS_SCHEMA}. Received: ${exported.schema}`);
  }
  const { sizes, controller, arrays } = exported;
  checkSizes(sizes, controller);
  const machine = { sizes: { ...sizes }, controller };
  for (const [name, shape] of Object.entries(machineShapes(sizes, controller))) {
    machine[name] = decodeArray(name, arrays?.[name], shape);
  }
  checkMachine(machine);
  return machine;
}

function decodeArray(name, part, shape) {
  if (part === null || typeof part !== "object" || String(part.shape) !== String(shape)) {
    throw new RangeError(`${name} must have shape [${shape.join(", ")}]. Received: ${JSON.stringify(part?.shape)}`);
  }
  const count = shape.reduce((product, size) => product * size, 1);
  const columns = shape[shape.length - 1];
  if ("start" in part) return startArray(name, part.start, count, columns);
  const size = NUMBER_BYTES[part.type];
  if (!size) {
    throw new RangeError(`${name} must be of type ${Object.keys(NUMBER_BYTES).join(", ")}. Received: ${part.type}`);
  }
  const numbers = bytesOf(name, part.data, count * size);
  if (part.type === "float32") return Float32Array.from({ length: count }, (_, i) => numbers.getFloat32(4 * i, true));
  if (part.type === "float16") return Float32Array.from({ length: count }, (_, i) => halfFloat(numbers, 2 * i));
  const scales = bytesOf(`${name}'s scales`, part.scales, 4 * columns);
  const scaled = (_, i) => numbers.getInt8(i) * scales.getFloat32(4 * (i % columns), true);
  return Float32Array.from({ length: count }, scaled);
}

function startArray(name, start, count, columns) {
  if (typeof start === "number") return new Float32Array(count).fill(start);
  if (start === "one-hot") return Float32Array.from({ length: count }, (_, i) => (i % columns === 0 ? 1 : 0));
  throw new RangeError(`${name} must start as a number or "one-hot". Received: ${start}`);
}

function bytesOf(name, text, expected) {
  let bytes;
  try {
    bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  } catch {
    throw new TypeError(`${name} must be base64 of ${expected} bytes. Received: ${String(text).slice(0, 20)}`);
  }
  if (bytes.length !== expected) {
    throw new RangeError(`${name} must be base64 of ${expected} bytes. Received: ${bytes.length} bytes`);
  }
  return new DataView(bytes.buffer);
}

// Half precision: 1 bit of sign, 5 of exponent, 10 of fraction.
function halfFloat(view, place) {
  const bits = view.getUint16(place, true);
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (exponent ? (1024 + fraction) * 2 ** (exponent - 25) : fraction * 2 ** -24);
}

/**
 * Returns how many entries each array of a machine has.
 *
 * @param {object} sizes {inputs, outputs, slots, width, units, readHeads, writeHeads, shifts}
 * @param {string} controller "lstm" or "feed-forward"
 * @returns {object} from the array's name to its shape, [rows, columns] or [columns]
 */
export function machineShapes(sizes, controller) {
  const { inputs, outputs, slots, width, units, readHeads, writeHeads, shifts } = sizes;
  const heads = readHeads + writeHeads;
  const reads = readHeads * width;
  const columns = controller === "lstm" ? 4 * units : units;
  const parameters = heads * (width + 3 + shifts) + 2 * writeHeads * width;
  return {
    kernel: [inputs + reads + (controller === "lstm" ? units : 0), columns],
    bias: [columns],
    headKernel: [units, parameters],
    headBias: [parameters],
    outputKernel: [units + reads, outputs],
    outputBias: [outputs],
    initialMemory: [slots, width],
    initialWeights: [heads, slots],
  };
}

/**
 * Throws unless sizes and controller are those of a machine that can be.
 *
 * @param {object} sizes {inputs, outputs, slots, width, units, readHeads, writeHeads, shifts}
 * @param {string} controller
 */
export function checkSizes(sizes, controller) {
  if (sizes === null || typeof sizes !== "object") throw new TypeError(`sizes must be an object. Received: ${sizes}`);
  for (const name of SIZE_NAMES) checkWholeNumber(`sizes.${name}`, sizes[name], 1, 65536);
  if (sizes.shifts % 2 === 0 || sizes.shifts > sizes.slots) {
    const expected = `odd and at most slots = ${sizes.slots}`;
    throw new RangeError(`sizes.shifts must be ${expected}. Received: ${sizes.shifts}`);
  }
  if (controller !== "lstm" && controller !== "feed-forward") {
    throw new RangeError(`controller must be "lstm" or "feed-forward". Received: ${controller}`);
  }
}

/**
 * Throws unless a machine is whole: all arrays there, of the lengths that its sizes say, and finite.
 *
 * @param {object} machine as for `runMachine`
 */
export function checkMachine(machine) {
  if (machine === null || typeof machine !== "object") {
    throw new TypeError(`machine must be an object, as decodeWeights returns it. Received: ${machine}`);
  }
  checkSizes(machine.sizes, machine.controller);
  for (const [name, shape] of Object.entries(machineShapes(machine.sizes, machine.controller))) {
    const values = machine[name];
    if (!(values instanceof Float32Array || values instanceof Float64Array)) {
      throw new TypeError(`${name} must be a Float32Array of shape [${shape.join(", ")}]. Received: ${typeof values}`);
    }
    const expected = shape.reduce((product, size) => product * size, 1);
    if (values.length !== expected) {
      throw new RangeError(
        `${name} must have ${expected} entries, shape [${shape.join(", ")}]. Received: ${values.length}`,
      );
    }
    checkFinite(name, values);
  }
}

/**
 * Throws unless all numbers are finite.
 *
 * @param {string} name what the message calls them
 * @param {ArrayLike<number>} values
 */
export function checkFinite(name, values) {
  for (let i = 0; i < values.length; i++) {
    if (!Number.isFinite(values[i])) throw new RangeError(`${name} must be finite. Received ${values[i]} at ${i}`);
  }
}

/**
 * Throws unless a value is a whole number in a range.
 *
 * @param {string} name what the message calls it
 * @param {*} value
 * @param {number} smallest
 * @param {number} largest
 */
export function checkWholeNumber(name, value, smallest, largest) {
  if (!Number.isInteger(value) || value < smallest || value > largest) {
    throw new RangeError(`${name} must be a whole number from ${smallest} to ${largest}. Received: ${value}`);
  }
}
