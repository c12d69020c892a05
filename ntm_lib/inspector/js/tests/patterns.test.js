import assert from "node:assert/strict";
import { test } from "node:test";
import { byPriority, copyTask, judgedAnswer, patternOfText, prioritySortTask, randomPattern, randomPriorities, recallTask, textOfPattern } from "../patterns.js";

test("a text becomes the codes of its letters and comes back", () => {
  assert.deepEqual(patternOfText("Aé€"), [[0, 1, 0, 0, 0, 0, 0, 1], [1, 1, 1, 0, 1, 0, 0, 1], [0, 0, 1, 1, 1, 1, 1, 1]]);
  assert.equal(textOfPattern(patternOfText("turing, 1936")), "turing, 1936");
  assert.equal(textOfPattern([[0, 0, 0, 0, 0, 0, 0, 1]]), "·");
  assert.equal(patternOfText("x".repeat(500)).length, 120);
});

test("a copy is the pattern, a delimiter, silence, and the pattern to be answered", () => {
  const pattern = [[1, 0, 0, 0, 0, 0, 0, 1], [0, 1, 1, 0, 0, 0, 0, 0]];
  const { inputs, targets, mask } = copyTask(pattern);
  assert.deepEqual([...inputs.subarray(0, 18)], [...pattern[0], 0, ...pattern[1], 0]);
  assert.deepEqual([...inputs.subarray(18)], [...Array(8).fill(0), 1, ...Array(18).fill(0)]);
  assert.deepEqual([...targets], [...Array(24).fill(0), ...pattern.flat()]);
  assert.deepEqual([...mask], [0, 0, 0, 1, 1]);
});

test("a recall asks for the item behind the one that is shown again", () => {
  const vectors = randomPattern(9, 6, 3);
  const { inputs, targets, mask } = recallTask(vectors, 1);
  const step = (time) => [...inputs.subarray(8 * time, 8 * time + 8)];
  assert.equal(mask.length, 20);
  for (const time of [0, 4, 8]) assert.deepEqual(step(time), [0, 0, 0, 0, 0, 0, 1, 0]);
  for (const time of [12, 16]) assert.deepEqual(step(time), [0, 0, 0, 0, 0, 0, 0, 1]);
  vectors.forEach((bits, place) => assert.deepEqual(step(4 * Math.floor(place / 3) + 1 + (place % 3)), [...bits, 0, 0]));
  for (const within of [0, 1, 2]) {
    assert.deepEqual(step(13 + within), [...vectors[3 + within], 0, 0]);
    assert.deepEqual([...targets.subarray(6 * (17 + within), 6 * (18 + within))], vectors[6 + within]);
  }
  assert.deepEqual([...mask], [...Array(17).fill(0), 1, 1, 1]);
});

test("the same seed draws the same bits", () => {
  assert.deepEqual(randomPattern(5, 8, 7), randomPattern(5, 8, 7));
  assert.notDeepEqual(randomPattern(5, 8, 7), randomPattern(5, 8, 8));
});

test("an answer is judged bit by bit where it is asked", () => {
  const outputs = Float32Array.of(0.9, 0.9, 0.2, 0.6);
  const trace = { outputs, targets: Float32Array.of(0, 0, 0, 0), mask: Float32Array.of(0, 1), steps: 2, sizes: { outputs: 2 } };
  assert.deepEqual(judgedAnswer(trace), { wrong: 1, all: 2, answer: [[0, 1]] });
});

test("what cannot be asked is named", () => {
  assert.throws(() => copyTask([]), /1 to 120 vectors. Received: 0/);
  assert.throws(() => copyTask([[0, 1, 2, 0, 0, 0, 0, 0]]), /8 bits, each 0 or 1. Received: 0,1,2/);
  assert.throws(() => recallTask(randomPattern(3, 6, 0), 0), /at least 2 items of 3 vectors. Received 3 vectors/);
  assert.throws(() => recallTask(randomPattern(6, 6, 0), 1), /from 0 to 0: one that another follows. Received: 1/);
});

test("vectors are due by priority, the highest first, sixteen at most", () => {
  const [vectors, priorities] = [randomPattern(20, 8, 3), randomPriorities(20, 4)];
  const { inputs, targets, mask } = prioritySortTask(vectors, priorities);
  assert.equal(mask.length, 37);
  assert.deepEqual([...inputs.subarray(50, 60)], [...vectors[5], Math.fround(priorities[5]), 0]);
  assert.deepEqual([...inputs.subarray(200, 210)], [...Array(9).fill(0), 1]);
  const order = byPriority(priorities);
  assert.ok(order.every((place, turn) => !turn || priorities[place] <= priorities[order[turn - 1]]));
  order.slice(0, 16).forEach((place, turn) => assert.deepEqual([...targets.subarray(8 * (21 + turn), 8 * (22 + turn))], vectors[place]));
  assert.deepEqual(byPriority([0, 1, 0, 1]), [1, 3, 0, 2]);
  assert.throws(() => prioritySortTask(vectors, priorities.slice(1)), /each of 20 vectors must have a priority/);
  assert.throws(() => prioritySortTask([vectors[0]], [1.5]), /from -1 to 1. Received: 1.5/);
});
