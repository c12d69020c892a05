// Starts, task, learner and worker.
import assert from "node:assert/strict";
import test from "node:test";
import { Worker as NodeWorker } from "node:worker_threads";
import { LEARNING_OPTIONS, Learner, SMALL_SIZES, copySequence, startingMachine } from "../learning.js";
import { learningWorker, learningWorkerSource, startLearner } from "../learning.js";
import { runMachine, uniformGenerator } from "../machine.js";
import { joined } from "./support.js";

const TINY = { ...SMALL_SIZES, inputs: 3, outputs: 2, slots: 6, width: 5, units: 12 };
const tiny = (options) => new Learner(startingMachine(0, TINY), { longest: 2, ...options });
const curve = (learner, steps) => Array.from({ length: steps }, () => learner.step().bits);
const bundled = () => joined("weights", "machine", "gradient", "learning");

test("a sequence is the pattern, the delimiter on its own channel, silence, and the pattern as the answer", () => {
  const { inputs, targets, mask } = copySequence(2, 3, uniformGenerator(4));
  const pattern = [inputs.slice(0, 3), inputs.slice(4, 7)];
  assert.deepEqual([...inputs.slice(8)], [0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
  assert.deepEqual([inputs[3], inputs[7]], [0, 0]);
  assert.deepEqual([...targets], [...new Array(9).fill(0), ...pattern[0], ...pattern[1]]);
  assert.deepEqual([...mask], [0, 0, 0, 1, 1]);
  const long = copySequence(100, 8, uniformGenerator(1)).targets.reduce((sum, bit) => sum + bit, 0);
  assert.ok(Math.abs(long / 800 - 0.5) < 0.06);
});

test("a start is Glorot uniform with a forget bias of 1, and its seed decides it", () => {
  const { kernel, headKernel, bias, initialMemory, initialWeights, sizes } = startingMachine(3);
  const fromInputs = kernel.slice(0, 25 * 256);
  const largest = (values) => values.reduce((size, value) => Math.max(size, Math.abs(value)), 0);
  for (const [values, limit] of [
    [fromInputs, Math.sqrt(6 / (25 + 256))],
    [kernel.slice(25 * 256), Math.sqrt(6 / (64 + 256))],
    [headKernel, Math.sqrt(6 / (64 + 76))],
  ]) {
    assert.ok(largest(values) <= Math.fround(limit) && largest(values) > 0.99 * limit);
    assert.ok(Math.abs(values.reduce((sum, value) => sum + value, 0) / values.length) < 0.05 * limit);
  }
  assert.deepEqual([bias[63], bias[64], bias[127], bias[128]], [0, 1, 1, 0]);
  assert.equal(initialMemory[5], Math.fround(1e-6));
  assert.deepEqual([initialWeights[0], initialWeights[1], initialWeights[sizes.slots]], [1, 0, 1]);
  assert.deepEqual(startingMachine(3).kernel, kernel);
  assert.notDeepEqual(startingMachine(4).kernel, kernel);
});

test("the same start and seed give the same curve, another seed another", () => {
  const first = curve(tiny({ seed: 1 }), 20);
  assert.deepEqual(curve(tiny({ seed: 1 }), 20), first);
  assert.notDeepEqual(curve(tiny({ seed: 2 }), 20), first);
});

test("a tiny machine learns to copy, and says when it is solved", () => {
  const start = startingMachine(0, TINY);
  const before = start.kernel.slice();
  const learner = new Learner(start, { longest: 2, sequences: 8000, learningRate: 0.01 });
  assert.ok(Number.isNaN(learner.bits));
  assert.equal(learner.isSolved(), false);
  while (!learner.isDone()) learner.step();
  assert.equal(learner.sequences, 8000);
  assert.ok(learner.bits < 0.1, String(learner.bits));
  assert.equal(learner.isSolved(), true);
  assert.deepEqual(start.kernel, before);
  const after = learner.machine.kernel.slice();
  learner.step(); // the rate is 0 by now
  assert.deepEqual(learner.machine.kernel, after);
});

test("a probe is the same sequence each time, with its answer, run by the machine as it is", () => {
  const learner = tiny();
  const first = learner.probe(3);
  assert.equal(first.steps, 7);
  assert.deepEqual([...first.mask], [0, 0, 0, 0, 1, 1, 1]);
  assert.deepEqual(first.logits, runMachine(learner.machine, first.inputs).logits);
  learner.step();
  const second = learner.probe(3);
  assert.deepEqual(second.inputs, first.inputs);
  assert.notDeepEqual(second.logits, first.logits);
});

test("switches act on training and probe", () => {
  const learner = tiny({ location: false, sharpening: false });
  const { read } = learner.probe(2);
  assert.ok(read.gate.every((gate) => gate === 1) && read.sharpening.every((value) => value === 1));
  learner.change({ location: true, sharpening: true });
  assert.ok(learner.probe(2).read.gate.every((gate) => gate < 1));
  assert.notDeepEqual(curve(tiny({ location: false }), 5), curve(tiny(), 5));
  assert.notDeepEqual(curve(tiny({ sharpening: false }), 5), curve(tiny(), 5));
  learner.change({ learningRate: 0 });
  const before = learner.machine.kernel.slice();
  learner.step();
  const still = learner.machine.kernel.slice();
  assert.deepEqual(still, before);
});

test("the initial memory is constant, or drawn once, or drawn and trained", () => {
  const memories = ["constant", "random", "learned"].map((initialMemory) => {
    const learner = tiny({ initialMemory });
    const before = learner.machine.initialMemory.slice();
    curve(learner, 5);
    return [before, learner.machine.initialMemory];
  });
  const [constant, random, learned] = memories;
  assert.ok(constant[0].every((value) => value === Math.fround(1e-6)));
  assert.deepEqual(constant[1], constant[0]);
  assert.ok(random[0].every((value) => Math.abs(value) < 0.08));
  assert.deepEqual(random[1], random[0]);
  assert.deepEqual(learned[0], random[0]);
  assert.notDeepEqual(learned[1], learned[0]);
});

test("a gradient that is not finite changes nothing", () => {
  const learner = tiny();
  learner.machine.outputBias.fill(NaN);
  const before = learner.machine.kernel.slice();
  learner.step();
  assert.equal(Number.isFinite(learner.norm), false);
  assert.deepEqual(learner.machine.kernel, before);
});

const wait = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

test("a worker learns, pauses, resumes, changes and stops", async () => {
  const answers = [];
  const scope = { postMessage: (answer) => answers.push(answer) };
  learningWorker(scope);
  const send = (message) => scope.onmessage({ data: message });
  const last = () => answers[answers.length - 1];
  // At a rate of 0 it never gets there, however fast the computer is.
  const options = { longest: 2, probeLength: 2, learningRate: 0, sequences: 1e9 };
  send({ type: "start", start: startingMachine(0, TINY), options });
  assert.equal(last().type, "progress");
  assert.equal(last().sequences, 0);
  assert.equal(last().trace.steps, 5);
  await wait(400);
  send({ type: "change", options: { learningRate: 0.001 } });
  send({ type: "pause" });
  const seen = last().sequences;
  assert.ok(seen > 0 && last().bits > 0);
  assert.deepEqual([last().solved, last().done], [false, false]);
  const count = answers.length;
  await wait(100);
  assert.equal(answers.length, count);
  send({ type: "resume" });
  await wait(400);
  send({ type: "pause" });
  assert.ok(last().sequences > seen);
  send({ type: "stop" });
  send({ type: "resume" });
  assert.deepEqual(last(), { type: "error", message: "the first message must be of type start. Received: resume" });
});

test("a worker stops by itself when the rate has fallen to 0", async () => {
  const answers = [];
  const scope = { postMessage: (answer) => answers.push(answer) };
  learningWorker(scope);
  scope.onmessage({ data: { type: "start", start: startingMachine(0, TINY), options: { longest: 2, sequences: 40 } } });
  await wait(500);
  const { sequences, done } = answers[answers.length - 1];
  assert.deepEqual({ sequences, done }, { sequences: 40, done: true });
});

test("a worker answers what it cannot follow with an error", () => {
  const answers = [];
  const scope = { postMessage: (answer) => answers.push(answer) };
  learningWorker(scope);
  const messages = [
    [{ type: "train" }, /type must be one of start, .*Received: train/],
    [null, /type must be one of .*Received: undefined/],
    [{ type: "toString" }, /Received: toString/],
    [{ type: "pause" }, /first message must be of type start. Received: pause/],
    [{ type: "start", start: 0, options: { rate: 1 } }, /options must be among .*Received: rate/],
  ];
  for (const [data, message] of messages) {
    scope.onmessage({ data });
    const answer = answers.pop();
    assert.equal(answer.type, "error");
    assert.match(answer.message, message);
  }
});

const PRELUDE = `
const { parentPort } = require("node:worker_threads");
const self = { postMessage: (answer) => parentPort.postMessage(answer) };
parentPort.on("message", (data) => self.onmessage({ data }));
`;

test("the joined source runs as a worker of its own", async () => {
  const worker = new NodeWorker(PRELUDE + learningWorkerSource(bundled()), { eval: true });
  const answers = [];
  await new Promise((resolve, reject) => {
    worker.on("error", reject);
    worker.on("message", (answer) => {
      answers.push(answer);
      if (answer.type === "error" || answers.length === 3) resolve();
    });
    worker.postMessage({ type: "start", start: 0, options: {} });
  });
  await worker.terminate();
  assert.deepEqual(answers.map(({ type }) => type), ["progress", "progress", "progress"]);
  assert.ok(answers[2].sequences > answers[1].sequences && answers[2].trace.logits instanceof Float32Array);
});

test("a page starts its worker from the text it is given", (context) => {
  const posted = [];
  class PageWorker {
    constructor(address, options) {
      Object.assign(this, { address, options, terminate: () => posted.push("terminated") });
      context.page = this;
    }
    postMessage(message) {
      posted.push(message);
    }
  }
  globalThis.Worker = PageWorker;
  const answers = [];
  const control = startLearner("text", 7, { longest: 3 }, (answer) => answers.push(answer));
  delete globalThis.Worker;
  assert.match(context.page.address, /^blob:/);
  control.pause();
  control.resume();
  control.change({ learningRate: 1 });
  control.stop();
  assert.deepEqual(posted, [
    { type: "start", start: 7, options: { longest: 3 } },
    { type: "pause" },
    { type: "resume" },
    { type: "change", options: { learningRate: 1 } },
    "terminated",
  ]);
  context.page.onmessage({ data: { type: "progress" } });
  context.page.onerror({ message: "" });
  assert.deepEqual(answers, [{ type: "progress" }, { type: "error", message: "the worker did not start" }]);
});

test("the joined source can stand in a page", () => {
  const source = bundled();
  assert.doesNotMatch(source, /<\/script|<!--/);
  assert.doesNotMatch(source, /^(import|export) /m);
  const names = [...source.matchAll(/^(?:async )?(?:function|class|const|let) ([\w$]+)/gm)].map(([, name]) => name);
  assert.deepEqual(names, [...new Set(names)]);
});

const options = (changes) => () => new Learner(startingMachine(0, TINY), changes);
const errors = {
  "an unknown option": [options({ rate: 1 }), /options must be among sequences, .*Received: rate/],
  "a negative rate": [
    options({ learningRate: -1 }),
    /learningRate must be a finite number of at least 0. Received: -1/,
  ],
  "a rate that is NaN": [options({ learningRate: NaN }), /learningRate must be .*Received: NaN/],
  "no batch": [options({ batchSize: 0 }), /batchSize must be a whole number from 1 .*Received: 0/],
  "lengths the wrong way round": [
    options({ shortest: 4, longest: 3 }),
    /longest must be .* from 4 to 120. Received: 3/,
  ],
  "an unknown memory": [
    options({ initialMemory: "zero" }),
    /initialMemory must be constant, random or learned. Received: zero/,
  ],
  "a switch that is none": [options({ sharpening: 1 }), /sharpening must be true or false. Received: 1/],
  "a seed that is none": [options({ seed: -1 }), /seed must be a whole number from 0 .*Received: -1/],
  "a start that is none": [() => new Learner(-1), /seed must be a whole number from 0 .*Received: -1/],
  "two read heads": [
    () => new Learner(withTwoReadHeads()),
    /must have an LSTM, one read head, one write head .*Received: lstm, 2, 1, 9 inputs, 8 outputs/,
  ],
  "a change of what is fixed": [
    () => tiny().change({ initialMemory: "random" }),
    /only learningRate, sharpening and location can change in a training. Received: initialMemory/,
  ],
  "a probe of no length": [() => tiny().probe(0), /length must be a whole number from 1 to 120. Received: 0/],
};
for (const [name, [run, message]] of Object.entries(errors)) {
  test(`error: ${name}`, () => assert.throws(run, message));
}

function withTwoReadHeads() {
  return startingMachine(0, { ...SMALL_SIZES, readHeads: 2 });
}

test("the standard options are those of the machine in the page", () => {
  assert.deepEqual(new Learner(0).options, LEARNING_OPTIONS);
  assert.deepEqual(new Learner(0).machine.sizes, SMALL_SIZES);
});
