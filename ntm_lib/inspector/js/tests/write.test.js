import assert from "node:assert/strict";
import { test } from "node:test";
import { short } from "../grids.js";
import { readVector } from "../stages.js";
import { addedTo, blurredAt, erasedBy } from "../writing.js";

const MEMORY = [1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 0, 1, 0, 0, 2];
const write = (weights, erase, add) => addedTo(erasedBy(MEMORY, weights, erase), weights, add);

test("a blurred head has half of its stray part on each neighbour, round the circle", () => {
  assert.deepEqual(blurredAt(5, 2, 0), [0, 0, 1, 0, 0]);
  assert.deepEqual(blurredAt(5, 2, 0.5), [0, 0.25, 0.5, 0.25, 0]);
  assert.deepEqual(blurredAt(5, 0, 1), [0, 0.5, 0, 0, 0.5]);
});

test("a sharp write changes one slot: the chapter's first", () => {
  assert.deepEqual(write([0, 0, 1, 0, 0], [1, 0, 0.5], [10, 0, 1]), [1, 2, 3, 4, 5, 6, 10, 8, 5.5, 1, 0, 1, 0, 0, 2]);
});

test("a blurred write changes the neighbours too: the chapter's second", () => {
  const after = write(blurredAt(5, 2, 0.5), [1, 0, 0.5], [10, 0, 1]);
  assert.deepEqual(after, [1, 2, 3, 5.5, 5, 5.5, 8.5, 8, 7.25, 3.25, 0, 1.125, 0, 0, 2]);
  assert.deepEqual(readVector(after, blurredAt(5, 1, 0)), [5.5, 5, 5.5]);
});

test("what chapter 4 answers: a 10 in spite of the blur, and its price", () => {
  const after = write(blurredAt(5, 2, 0.5), [0, 0, 0.5], [6, 0, 1]);
  assert.deepEqual([3, 6, 9].map((place) => after[place]), [5.5, 10, 2.5]);
});

test("no erase and add that do something leave both neighbours alone", () => {
  const harmless = [];
  for (let e = 0; e <= 20; e++) {
    for (let a = -20; a <= 20; a++) {
      const after = write(blurredAt(5, 2, 0.5), [e / 20, 0, 0], [a / 2, 0, 0]);
      if (Math.abs(after[3] - 4) < 1e-9 && Math.abs(after[9] - 1) < 1e-9) harmless.push([e, a]);
    }
  }
  assert.deepEqual(harmless, [[0, 0]]);
});

test("a number is written in as little room as there is", () => {
  const expected = { 0: "0", 0.004: "0", 0.5: "0.5", "-0.25": "−0.25", 1: "1", 1.125: "1.13", 9.99: "9.99", 10: "10", "-10": "−10", 12.25: "12.3", 100: "100", 20.04: "20" };
  for (const [value, text] of Object.entries(expected)) assert.equal(short(Number(value)), text);
});
