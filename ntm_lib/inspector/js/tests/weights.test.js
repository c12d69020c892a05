// Exported weights become a machine, and what cannot be one is refused.
import assert from "node:assert/strict";
import test from "node:test";
import { decodeWeights } from "../weights.js";
import { golden } from "./support.js";

const base64 = (values) => Buffer.from(values.buffer).toString("base64");
const halves = (bits) => base64(new Uint16Array(20).fill(bits));
const exported = () => structuredClone(golden("small")["lstm"].machine);
const withArray = (name, part) => ({ ...exported(), arrays: { ...exported().arrays, [name]: part } });

test("half precision is read as IEEE says", () => {
  // 1, -2, the largest, the smallest, the largest subnormal, -0, 1/3 rounded, 65504 / 2
  const halves = Uint16Array.of(0x3c00, 0xc000, 0x7bff, 0x0001, 0x03ff, 0x8000, 0x3555, 0x77ff);
  const bias = new Uint16Array(20);
  bias.set(halves);
  const { bias: decoded } = decodeWeights(withArray("bias", { shape: [20], type: "float16", data: base64(bias) }));
  const expected = [1, -2, 65504, 2 ** -24, 1023 * 2 ** -24, -0, 0.333251953125, 32752];
  assert.deepEqual([...decoded.slice(0, 8)], expected);
});

test("bytes are scaled column by column", () => {
  const bytes = Int8Array.from({ length: 14 }, (_, i) => i - 7);
  const scales = Float32Array.of(0.5, 2);
  const data = base64(Int8Array.of(...bytes, 127, -127, 0, 1));
  const part = { shape: [9, 2], type: "int8", data, scales: base64(scales) };
  const { outputKernel } = decodeWeights(withArray("outputKernel", part));
  assert.deepEqual([...outputKernel.slice(0, 4)], [-3.5, -12, -2.5, -8]);
  assert.deepEqual([...outputKernel.slice(14)], [63.5, -254, 0, 2]);
});

test("starts have names", () => {
  const { initialMemory, initialWeights } = decodeWeights(exported());
  assert.ok(initialMemory.every((value) => value === Math.fround(1e-6)));
  assert.deepEqual([...initialWeights], [1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0]);
});

const errors = {
  "no object": [() => decodeWeights("weights"), TypeError, /weights must be an object.*Received: weights/],
  "another schema": [
    () => decodeWeights({ ...exported(), schema: "ntm_lib/trace/1" }),
    RangeError,
    /must have the schema ntm_lib\/weights\/1. Received: ntm_lib\/trace\/1/,
  ],
  "wrong sizes": [
    () => decodeWeights({ ...exported(), sizes: { ...exported().sizes, units: 6 } }),
    RangeError,
    /kernel must have shape \[13, 24\]. Received: \[12,20\]/,
  ],
  "no arrays": [
    () => decodeWeights({ ...exported(), arrays: undefined }),
    RangeError,
    /kernel must have shape .* undefined/,
  ],
  "too few bytes": [
    () => decodeWeights(withArray("bias", { shape: [20], type: "float16", data: "AAAA" })),
    RangeError,
    /bias must be base64 of 40 bytes. Received: 3 bytes/,
  ],
  "no base64": [
    () => decodeWeights(withArray("bias", { shape: [20], type: "float16", data: "*" })),
    TypeError,
    /bias must be base64 of 40 bytes. Received: \*/,
  ],
  "an unknown type": [
    () => decodeWeights(withArray("bias", { shape: [20], type: "float8", data: "" })),
    RangeError,
    /bias must be of type float32, float16, int8. Received: float8/,
  ],
  "an unknown start": [
    () => decodeWeights(withArray("initialWeights", { shape: [2, 6], start: "random" })),
    RangeError,
    /initialWeights must start as a number or "one-hot". Received: random/,
  ],
  "NaN": [
    () => decodeWeights(withArray("bias", { shape: [20], type: "float16", data: halves(0x7e00) })),
    RangeError,
    /bias must be finite. Received NaN at 0/,
  ],
  "infinity": [
    () => decodeWeights(withArray("bias", { shape: [20], type: "float16", data: halves(0xfc00) })),
    RangeError,
    /bias must be finite. Received -Infinity at 0/,
  ],
};
for (const [name, [run, kind, message]] of Object.entries(errors)) {
  test(`error: ${name}`, () => assert.throws(run, (error) => error instanceof kind && message.test(error.message)));
}
