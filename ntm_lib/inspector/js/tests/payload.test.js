// node --test ntm_lib/inspector/js/tests/payload.test.js
import assert from "node:assert/strict";
import { deflateSync } from "node:zlib";
import { test } from "node:test";

import { checkTrace, completeTrace, decodePayload, MAX_TRACE_STEPS, previousWeights } from "../payload.js";

const SIZES = { inputs: 2, outputs: 1, slots: 3, width: 2, units: 4, readHeads: 1, writeHeads: 2, shifts: 3 };
const STEPS = 2;

/** A payload in plain sight: name, kind and bytes of every part, in the order of the format. */
function parts() {
  const head = (name, heads) => ({
    [`${name}.key`]: ["signed", Array(STEPS * heads * 2).fill(127)],
    [`${name}.strength`]: ["number", Array(STEPS * heads).fill(12.5)],
    [`${name}.gate`]: ["unit", Array(STEPS * heads).fill(0)],
    [`${name}.shift`]: ["unit", Array(STEPS * heads).fill([0, 0, 255]).flat()],
    [`${name}.sharpening`]: ["number", Array(STEPS * heads).fill(1)],
    [`${name}.content`]: ["unit", Array(STEPS * heads).fill([255, 0, 0]).flat()],
    [`${name}.weights`]: ["unit", Array(STEPS * heads).fill([0, 255, 0]).flat()],
    [`${name}.previous`]: ["unit", Array(heads).fill([0, 0, 255]).flat()],
  });
  return {
    inputs: ["unit", [255, 0, 0, 255]], logits: ["number", [0, -2]], initialMemory: ["signed", [127, 0, 0, -127, 0, 0]],
    ...head("read", 1), ...head("write", 2),
    "write.erase": ["unit", [255, 255, 0, 0, 0, 0, 0, 0]], "write.add": ["signed", [0, 127, 127, 0, 0, 0, 0, 127]],
  };
}

function payload(given = parts(), changes = {}) {
  const bytes = Object.values(given).flatMap(([kind, numbers]) => kind === "number"
    ? [...new Uint8Array(Float32Array.from(numbers).buffer)]
    : [...new Uint8Array(Int16Array.from(numbers)).map((number) => number & 255)]);
  const kinds = Object.fromEntries(Object.entries(given).map(([name, [kind]]) => [name, kind]));
  const data = deflateSync(Uint8Array.from(bytes)).toString("base64");
  return { schema: "ntm_lib/inspector/1", steps: STEPS, sizes: { ...SIZES }, parts: kinds, data, ...changes };
}

const near = (values, expected) => assert.ok(
  values.length === expected.length && expected.every((value, i) => Math.abs(values[i] - value) < 1e-6), `${[...values]} is not ${expected}`);

test("bytes become numbers", async () => {
  const trace = await decodePayload(payload());
  near(trace.inputs, [1, 0, 0, 1]);
  near(trace.initialMemory, [1, 0, 0, -1, 0, 0]);
  near(trace.read.strength, [12.5, 12.5]);
  near(trace.outputs, [0.5, 1 / (1 + Math.exp(2))]);
  assert.equal(trace.targets, null);
  assert.equal(trace.mask, null);
});

test("the memory follows from erase and add, all heads at once", async () => {
  const { memory } = await decodePayload(payload());
  // Both heads write slot 1. Step 0: head 0 erases (0, -1), then (0, 1) and (1, 0) are added. Step 1 adds (0, 0) and (0, 1).
  near(memory, [1, 0, 1, 1, 0, 0, 1, 0, 1, 2, 0, 0]);
});

test("reads and stages follow from what is stored", async () => {
  const trace = await decodePayload(payload());
  near(trace.reads, [1, 1, 1, 2]);
  // The gate is 0, so gated is the weighting before: slot 2, then slot 1; a shift of +1 moves it on, round the ring.
  near(trace.read.gated, [0, 0, 1, 0, 1, 0]);
  near(trace.read.shifted, [1, 0, 0, 0, 0, 1]);
});

test("the weighting before the first step is the one it started with", async () => {
  const { write } = await decodePayload(payload());
  near(previousWeights(write, 1, 2, 3), [0, 0, 1]);
  near(previousWeights(write, 2, 2, 3), [0, 1, 0]);
});

test("parts that are there stay", async () => {
  const trace = await decodePayload(payload());
  const memory = trace.memory.slice().fill(0.25);
  assert.equal(completeTrace({ ...trace, memory }).memory, memory);
});

const without = (name) => payload(Object.fromEntries(Object.entries(parts()).filter(([part]) => part !== name)));
const changed = (name, part) => payload({ ...parts(), [name]: part });

const WRONG = {
  "nothing": [null, /must have the schema "ntm_lib\/inspector\/1". Received: undefined/],
  "another schema": [payload(parts(), { schema: "x/2" }), /must have the schema .* Received: "x\/2"/],
  "no steps": [payload(parts(), { steps: 0 }), /steps must be a whole number of at least 1. Received: 0/],
  "no heads": [payload(parts(), { sizes: { ...SIZES, readHeads: 0 } }), /readHeads must be a whole number of at least 1. Received: 0/],
  "sizes missing": [payload(parts(), { sizes: null }), /inputs must be a whole number/],
  "too long": [payload(parts(), { steps: MAX_TRACE_STEPS + 1 }), /at most 241 steps. Received: 242/],
  "not base64": [payload(parts(), { data: "%%%" }), /They are damaged/],
  "not compressed": [payload(parts(), { data: btoa("plain text") }), /They are damaged/],
  "cut short": [payload(parts(), { data: payload().data.slice(0, 40) }), /They are damaged/],
  "no data": [payload(parts(), { data: undefined }), /They are damaged/],
  "too few bytes": [payload(parts(), { steps: STEPS + 1 }), /The data must have \d+ bytes. Received: \d+/],
  "too many bytes": [changed("write.add", ["signed", Array(9).fill(0)]), /The data must have \d+ bytes. Received: \d+/],
  "a part missing": [without("read.key"), /read.key must have 4 numbers \[TRW\]. Received: none/],
  "no parts": [payload(parts(), { parts: undefined }), /The data must have 0 bytes/],
  "an unknown kind": [changed("write.add", ["half", Array(8).fill(0)]), /write.add must be unit, signed or number. Received: half/],
  "NaN": [changed("read.strength", ["number", [1, NaN]]), /read.strength must be finite. Received: NaN at place 1/],
  "infinity": [changed("logits", ["number", [Infinity, 1]]), /logits must be finite. Received: Infinity at place 0/],
};

for (const [name, [broken, message]] of Object.entries(WRONG)) {
  test(`refused: ${name}`, () => assert.rejects(decodePayload(broken), message));
}

test("a live trace of a wrong length, or with half a bit as its target, is refused", async () => {
  const trace = await decodePayload(payload());
  assert.throws(() => checkTrace({ ...trace, reads: new Float32Array(3) }), /reads must have 4 numbers \[TRW\]. Received: 3/);
  assert.throws(() => checkTrace({ ...trace, targets: Float32Array.from([1, 0.5]) }), /targets must be bits, each 0 or 1. Received: 0.5/);
  assert.throws(() => checkTrace({ ...trace, memory: undefined }), /memory must have 12 numbers \[TNW\]. Received: none/);
});
