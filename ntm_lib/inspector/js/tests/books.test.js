import assert from "node:assert/strict";
import { test } from "node:test";
import { booksNow, booksOverTime, checkBooks } from "../books.js";

const NONE = [0, 0, 0];

/** Two steps of three slots: A is written to slot 1, then B to slot 2. */
const BOOKS = {
  labels: ["over time", "now"],
  steps: [{ order: "+A", said: "A is written.", holds: ["–", "A", "–"] }, { order: "+B", said: "B is written.", holds: ["–", "A", "B"] }],
  rasters: [
    { name: "usage", scale: "bits", limit: 1, values: [NONE, [0, 1, 0]] },
    { name: "write weighting", scale: "write", limit: 1, values: [[0, 1, 0], [0, 0, 0.9]] },
  ],
  link: [[NONE, NONE, NONE], [NONE, NONE, [0, 0.9, 0]]],
  modes: [[0, 1, 0], [0, 0.25, 0.75]],
};
const MANN = { ...BOOKS, link: null, modes: null };
const WIDTHS = [260, 358, 640];

test("books that are whole are taken as they are", () => {
  assert.equal(checkBooks(BOOKS), BOOKS);
  assert.equal(checkBooks(MANN), MANN, "a memory without links");
});

const WRONG = {
  "nothing": [null, /must hold steps with slots. Received: undefined/],
  "no steps": [{ ...BOOKS, steps: [] }, /must hold steps with slots. Received: \[\]/],
  "no rasters": [{ ...BOOKS, rasters: [] }, /must hold rasters. Received: none/],
  "a slot too few": [{ ...BOOKS, steps: [BOOKS.steps[0], { ...BOOKS.steps[1], holds: ["A"] }] }, /holds must have the shape \[2, 3\]/],
  "a step too few": [{ ...BOOKS, rasters: [{ ...BOOKS.rasters[0], values: [NONE] }] }, /usage must have the shape \[2, 3\]/],
  "no number": [{ ...BOOKS, link: [[NONE, NONE, NONE], [NONE, NONE, [0, null, 0]]] }, /link must have the shape \[2, 3, 3\]/],
  "a mode too many": [{ ...BOOKS, modes: [[0, 1, 0, 0], [0, 1, 0, 0]] }, /modes must have the shape \[2, 3\]/],
};

for (const [name, [books, message]] of Object.entries(WRONG)) {
  test(`refused: ${name}`, () => assert.throws(() => checkBooks(books), message));
}

test("over time, each cell tells its book, slot and step", () => {
  const { layers, texts } = booksOverTime(400, BOOKS, 1);
  assert.deepEqual(layers.map(({ rows, columns, time }) => [rows, columns, time]), [[3, 2, true], [3, 2, true]]);
  assert.equal(layers[1].describe(2, 1), "write weighting, slot 2, step 1: 0.900");
  assert.equal(layers[0].describe(1, 0), "usage, slot 1, step 0: 0.000");
  assert.deepEqual(texts.filter(({ text }) => /^\+/.test(text)).map(({ text, bold }) => [text, bold]), [["+A", false], ["+B", true]]);
});

test("at one step, each cell tells what it holds, links or chooses", () => {
  const { layers: [held, link, modes] } = booksNow(400, BOOKS, 1);
  assert.equal(held.describe(0, 2), "slot 2 holds B");
  assert.equal(link.describe(2, 1), "link: slot 2 written after slot 1, 0.900");
  assert.equal(modes.describe(0, 2), "read mode forward: 0.750");
  assert.deepEqual([held, link, modes].map(({ rows, columns }) => [rows, columns]), [[1, 3], [3, 3], [1, 3]]);
});

test("a memory without links shows what it holds, and nothing else", () => {
  assert.equal(booksNow(400, MANN, 0).layers.length, 1);
});

test("in every width the drawings lie inside, one below the other", () => {
  for (const width of WIDTHS) {
    for (const { height, layers, texts } of [booksOverTime(width, BOOKS, 0), booksNow(width, BOOKS, 0), booksNow(width, MANN, 0)]) {
      layers.forEach((layer, i) => {
        assert.ok(layer.x >= 0 && layer.x + layer.width <= width, `${layer.name} at ${width}`);
        assert.ok(layer.y + layer.height <= (layers[i + 1]?.y ?? height) - 2, `${layer.name} at ${width}`);
      });
      for (const { text, x, y } of texts) assert.ok(x >= 0 && x <= width && y > 0 && y < height, `${text} at ${width}`);
    }
  }
});
