import assert from "node:assert/strict";
import { test } from "node:test";
import { bitsAxis, checkRecording, columnOfMoment, lastSequence, momentAtColumn, momentCurve, momentText, nearestPlace } from "../moments.js";

const curve = [[0, 80], [400, 75.2], [800, 12], [1600, 0.04]];
const recording = (changes = {}) => ({ run: 1, curve, earlier: [], kept: null, ...changes });

test("a recording is passed on as it is, and every part that is missing or of another form is named", () => {
  const good = recording({ kept: [0, 3], earlier: [[0, null], [100, 3]] });
  assert.equal(checkRecording(good), good);
  const wrong = [
    [undefined, /must hold curve. Received: undefined/],
    [recording({ earlier: undefined }), /must hold earlier. Received: undefined/],
    [recording({ curve: [[0, 80], [1]] }), /curve must hold \[sequences, bits\]. Received: \[1\] at place 1/],
    [recording({ curve: [[0.5, 80]] }), /curve must hold/],
    [recording({ curve: [[0, NaN]] }), /curve must hold/],
    [recording({ kept: [0, 4] }), /kept must hold rising places in the curve. Received: 4/],
    [recording({ kept: [2, 1] }), /kept must hold rising places in the curve. Received: 1/],
  ];
  for (const [each, message] of wrong) assert.throws(() => checkRecording(each), message);
});

test("a moment is said with as many digits as matter", () => {
  assert.equal(momentText([4000, 31.4]), "after 4,000 sequences, 31 bits");
  assert.equal(momentText([0, 80]), "before training, 80 bits");
  assert.equal(momentText([1, 1.26]), "after 1 sequence, 1.3 bits");
  assert.equal(momentText([12500, 0.126]), "after 12,500 sequences, 0.13 bits");
  assert.equal(momentText([12500, 0.0042]), "after 12,500 sequences, 0.004 bits");
  assert.equal(momentText([300, null]), "after 300 sequences");
});

test("the axis of bits ends at powers of ten, and at a hundredth of a bit", () => {
  assert.deepEqual(bitsAxis(curve), { least: -2, most: 2 });
  assert.deepEqual(bitsAxis([[0, 80], [9, null]]), { least: 1, most: 2 });
  assert.deepEqual(bitsAxis([[0, 10], [9, 10]]), { least: 0, most: 1 });
  assert.deepEqual(bitsAxis([[0, 0]]), { least: -3, most: -2 });
  assert.equal(bitsAxis([[0, null]]), null);
  assert.equal(bitsAxis([]), null);
});

test("the nearest of rising numbers", () => {
  assert.deepEqual([-5, 0, 190, 210, 900].map((wanted) => nearestPlace([0, 400, 800], wanted)), [0, 0, 0, 1, 2]);
});

test("the curve leads from a column to the nearest moment that can be chosen, and back", () => {
  assert.equal(lastSequence(recording({ earlier: [[2000, 1]] })), 2000);
  for (const moment of [0, 1, 2, 3]) {
    assert.equal(momentAtColumn(recording(), [0, 1, 2, 3], columnOfMoment(recording(), moment)), moment);
  }
  assert.equal(momentAtColumn(recording(), [0, 3], columnOfMoment(recording(), 1)), 0);
  assert.equal(columnOfMoment(recording(), undefined), 0);
});

test("the drawing says what each of its columns is, and there is none without bits", () => {
  const { layers, texts, height } = momentCurve(500, recording(), [0, 2, 3]);
  assert.equal(layers.length, 1);
  assert.equal(layers[0].describe(0, layers[0].columns - 1), "after 1,600 sequences, 0.040 bits");
  assert.deepEqual(texts.map(({ text }) => text), ["bits a sequence", "0.01", "0.1", "1", "10", "100", "0", "1,600 sequences"]);
  assert.ok(height > 90 && layers[0].x + layers[0].width < 500);
  assert.deepEqual(momentCurve(500, recording({ curve: [[0, null]] }), [0]).layers, []);
});
