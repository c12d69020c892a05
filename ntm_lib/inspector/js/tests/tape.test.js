import assert from "node:assert/strict";
import { test } from "node:test";
import { blankTape, fewestOrders, obey, tapesOf } from "../orders.js";

const MESSAGE = [7, 2, 9, 4, 1, 8];
const taskOf = (count, rest = {}) => ({ message: MESSAGE.slice(0, count), slots: 5, twoHeads: false, backwards: false, ...rest });
const COPY = "write right write right write left left read right read right read".split(" ");

test("a copy of three numbers takes them to the slots and back", () => {
  const tapes = tapesOf(COPY, taskOf(3));
  assert.equal(tapes.length, 13);
  assert.deepEqual(tapes[5], { slots: [7, 2, 9, 0, 0], write: 2, read: 2, heard: 3, said: [] });
  assert.deepEqual(tapes[12], { slots: [7, 2, 9, 0, 0], write: 2, read: 2, heard: 3, said: [7, 2, 9] });
});

test("an order changes nothing in the tape that it was given to", () => {
  const tape = blankTape(5);
  obey(tape, "write", taskOf(3));
  obey(tape, "left", taskOf(3));
  assert.deepEqual(tape, blankTape(5));
});

test("the slots are a circle, in both directions", () => {
  const task = taskOf(3);
  assert.equal(obey(blankTape(5), "left", task).write, 4);
  assert.equal(tapesOf(Array(5).fill("right"), task).at(-1).write, 0);
});

test("nothing is read before all is heard, written after it, or said twice", () => {
  const task = taskOf(2);
  const tapes = tapesOf(["write", "right", "write", "read", "left", "read"], task);
  assert.deepEqual(tapes.map((tape) => obey(tape, "read", task) !== null), [false, false, false, true, true, true, false]);
  assert.deepEqual(tapes.map((tape) => obey(tape, "write", task) !== null), [true, true, true, false, false, false, false]);
});

test("of two heads the one that writes moves first, then the one that reads", () => {
  const orders = ["write", "right", "write", "left", "read", "right", "read"];
  const tapes = tapesOf(orders, taskOf(2, { twoHeads: true }));
  assert.deepEqual(tapes.map(({ write, read }) => [write, read]), [[0, 0], [0, 0], [1, 0], [1, 0], [1, 4], [1, 4], [1, 0], [1, 0]]);
  assert.deepEqual(tapes.at(-1).said, [0, 7]);
});

/** The fewest orders, found by trying all orders, one more each time. */
function searched(task) {
  const wanted = task.backwards ? task.message.toReversed() : task.message;
  let tapes = [blankTape(task.slots)];
  const seen = new Set();
  for (let count = 0; tapes.length; count++) {
    if (tapes.some(({ said }) => said.length === wanted.length)) return count;
    const next = tapes.flatMap((tape) => ["write", "read", "left", "right"].map((order) => obey(tape, order, task)));
    tapes = next.filter((tape) => {
      const key = JSON.stringify(tape);
      if (!tape || seen.has(key) || tape.said.some((number, i) => number !== wanted[i])) return false;
      seen.add(key);
      return true;
    });
  }
  return null;
}

const KINDS = [false, true].flatMap((twoHeads) => [false, true].map((backwards) => ({ twoHeads, backwards })));

test("no search finds a shorter way", () => {
  for (const kind of KINDS) {
    for (const count of [2, 3, 4]) assert.equal(fewestOrders(taskOf(count, kind)), searched(taskOf(count, kind)), `${count} ${JSON.stringify(kind)}`);
    const three = { ...taskOf(4, kind), slots: 3 };
    assert.equal(fewestOrders(three), null);
    assert.equal(searched(three), null);
  }
});

test("the numbers that chapter 1 answers with", () => {
  assert.deepEqual(KINDS.map((kind) => fewestOrders(taskOf(3, kind))), [12, 10, 10, 12]);
  assert.equal(fewestOrders(taskOf(5)), 19);
  assert.equal(fewestOrders({ ...taskOf(5), slots: 20 }), 22, "where the circle is no help");
  assert.equal(fewestOrders(taskOf(6)), null, "six numbers do not fit into five slots");
});
