import assert from "node:assert/strict";
import { test } from "node:test";
import { addressingStages, allOn, checkAddressing, cosinesOf, readVector, shareOut, shiftedBy } from "../stages.js";

const MEMORY = [1, 0, 0, 0, 1, 0, 1, 0, 1, 0, 3, 3, 0, 0, 1];
const START = { previous: allOn(5, 4), key: [0, 1, 0], strength: 10, gate: 0.9, shift: [0.1, 0.1, 0.8], sharpening: 3 };
const close = (found, expected, error = 1e-5) => found.forEach((value, i) => assert.ok(Math.abs(value - expected[i]) <= error, `${found} ${expected}`));

// What ntm_lib.addressing.address gives for START, in float32.
const EXPECTED = {
  content: [0.0000431, 0.9491352, 0.0000431, 0.0507354, 0.0000431],
  gated: [0.0000388, 0.8542217, 0.0000388, 0.0456619, 0.1000388],
  shifted: [0.1654571, 0.0854571, 0.6879475, 0.0146011, 0.0465373],
  sharpened: [0.0136909, 0.0018863, 0.9841086, 0.0000094, 0.0003046],
};

test("the start is the chapter's step, stage by stage", () => {
  const found = addressingStages(MEMORY, START);
  for (const [name, expected] of Object.entries(EXPECTED)) close(found[name], expected);
});

test("the cosine sees the direction and not the length", () => {
  close(cosinesOf(MEMORY, [0, 1, 0]), [0, 1, 0, Math.SQRT1_2, 0]);
  close(cosinesOf([0, 0, 0], [0, 1, 0]), [0]);
});

test("offset +1 leads to the next slot, and from the last to the first", () => {
  assert.deepEqual(shiftedBy(allOn(5, 1), [0, 0, 1]), allOn(5, 2));
  assert.deepEqual(shiftedBy(allOn(5, 4), [0, 0, 1]), allOn(5, 0));
  assert.deepEqual(shiftedBy(allOn(5, 0), [1, 0, 0]), allOn(5, 4));
  assert.deepEqual(shiftedBy([0.1, 0.6, 0.3, 0, 0], [0.1, 0.2, 0.7]).map((weight) => Number(weight.toFixed(6))), [0.08, 0.22, 0.48, 0.21, 0.01]);
});

test("with the gate closed neither key nor memory counts", () => {
  const walk = { ...START, gate: 0 };
  assert.deepEqual(addressingStages(MEMORY, walk).sharpened, addressingStages(MEMORY.toReversed(), { ...walk, key: [1, 1, 1] }).sharpened);
});

test("a share takes its part, the others keep their proportions", () => {
  close(shareOut([0.1, 0.1, 0.8], 2, 0.4), [0.3, 0.3, 0.4], 1e-12);
  close(shareOut([0.2, 0.6, 0.2], 0, 1), [1, 0, 0], 1e-12);
  close(shareOut([1, 0, 0], 0, 0.5), [0.5, 0.25, 0.25], 1e-12);
});

test("what chapter 3 answers: sharpening makes the leader win, the right one or not", () => {
  const weight = (strength, sharpening, slot) => addressingStages(MEMORY, { ...START, strength, sharpening }).sharpened[slot];
  assert.equal(weight(1, 3, 2).toFixed(2), "0.48");
  assert.equal(weight(1, 20, 2).toFixed(2), "0.99");
  assert.equal(weight(0.5, 20, 0).toFixed(2), "0.61");
  assert.equal(weight(0.2, 20, 0).toFixed(2), "0.98");
});

test("what is read is the average of the slots under the weighting", () => {
  close(readVector(MEMORY, [0.1, 0.8, 0.1, 0, 0]), [0.2, 0.8, 0.1]);
});

const HEAD = { ...START, previous: 4 };
const GOOD = { memory: [[1, 0, 0], [0, 1, 0], [1, 0, 1], [0, 3, 3], [0, 0, 1]], heads: { read: HEAD, write: HEAD } };

test("a start that is as it should be comes back", () => assert.equal(checkAddressing(GOOD), GOOD));

test("a start that is not as it should be is refused with what came", () => {
  const told = (changes) => ({ ...GOOD, heads: { ...GOOD.heads, read: { ...HEAD, ...changes } } });
  const wrong = [
    [null, /memory must be at least 2 rows of numbers. Received: none/],
    [{ ...GOOD, memory: [[1, 0, 0]] }, /at least 2 rows/],
    [{ ...GOOD, memory: [[1, 0], [1]] }, /rows of 2 finite numbers. Received: \[1\]/],
    [{ ...GOOD, memory: [[1, 0, 0], [1, null, 0]] }, /finite numbers. Received: \[1,null,0\]/],
    [{ ...GOOD, heads: {} }, /read head: previous must be a slot from 0 to 4. Received: none/],
    [told({ previous: 5 }), /slot from 0 to 4. Received: 5/],
    [told({ key: [1, 0] }), /key must be 3 numbers from -1 to 1. Received: \[1,0\]/],
    [told({ strength: "<b>9" }), /strength must be a number from 0 to 20. Received: "<b>9"/],
    [told({ gate: 1.5 }), /gate must be a number from 0 to 1. Received: 1.5/],
    [told({ sharpening: 0 }), /sharpening must be a number from 1 to 20. Received: 0/],
    [told({ shift: [0.5, 0.5, 0.5] }), /shift must have the sum 1. Received: \[0.5,0.5,0.5\]/],
  ];
  for (const [data, message] of wrong) assert.throws(() => checkAddressing(data), { message });
});
