// The forward pass: parity with TensorFlow by golden traces, the ways to break a machine, and every error.
import assert from "node:assert/strict";
import test from "node:test";
import { MAX_STEPS, machineSettings, runMachine, uniformGenerator } from "../machine.js";
import { decodeWeights } from "../weights.js";
import { floatsOf, golden, largestDifference, samplesOf, tensorsOf } from "./support.js";

const TOLERANCE = 1e-4;
const SMALL = golden("small");
const lstm = () => decodeWeights(SMALL["lstm"].machine);
const inputsOf = (name) => floatsOf(SMALL[name].inputs);

for (const [name, { machine, inputs, trace }] of Object.entries(SMALL)) {
  test(`${name}: every number of the trace is TensorFlow's`, () => {
    const received = tensorsOf(runMachine(decodeWeights(machine), floatsOf(inputs)));
    assert.deepEqual(Object.keys(received).sort(), Object.keys(trace).sort());
    for (const [part, expected] of Object.entries(trace)) {
      assert.ok(largestDifference(received[part], floatsOf(expected)) < TOLERANCE, part);
    }
  });
}

test("a trained machine copies 120 vectors as in TensorFlow, every tensor at every step", () => {
  const { machine, inputs, samples } = golden("copy-120");
  const trace = runMachine(decodeWeights(machine), floatsOf(inputs));
  assert.equal(trace.steps, MAX_STEPS);
  const received = tensorsOf(trace);
  assert.deepEqual(Object.keys(received).sort(), Object.keys(samples).sort());
  for (const [part, expected] of Object.entries(samples)) {
    const difference = largestDifference(samplesOf(received[part], trace.steps), floatsOf(expected));
    assert.ok(difference < TOLERANCE, `${part}: ${difference}`);
  }
});

test("the previous weightings and the initial memory are the machine's", () => {
  const machine = decodeWeights(SMALL["learned starts"].machine);
  const { read, write, initialMemory } = runMachine(machine, inputsOf("learned starts"));
  assert.deepEqual([...read.previous, ...write.previous], [...machine.initialWeights]);
  assert.deepEqual(initialMemory, machine.initialMemory);
});

test("without location addressing the weighting before and the shift have no effect", () => {
  const { read, write } = runMachine(lstm(), inputsOf("lstm"), { location: false });
  for (const { gate, shift, shifted, content } of [read, write]) {
    assert.ok(gate.every((value) => value === 1));
    assert.deepEqual([...shift.slice(0, 3)], [0, 1, 0]);
    assert.deepEqual(shifted, content);
  }
});

test("without sharpening the weighting is the shifted one", () => {
  const { read } = runMachine(lstm(), inputsOf("lstm"), { sharpening: false });
  assert.ok(read.sharpening.every((value) => value === 1));
  assert.ok(largestDifference(read.weights, read.shifted) < 1e-6);
  assert.ok(runMachine(lstm(), inputsOf("lstm")).read.sharpening.every((value) => value > 1));
});

test("noise has the deviation that was asked for, and its seed decides it", () => {
  const machine = lstm();
  const inputs = new Float32Array(MAX_STEPS * machine.sizes.inputs);
  const quiet = { ...machine, headKernel: new Float32Array(machine.headKernel.length) };
  const noisy = (noiseSeed) => runMachine(quiet, inputs, { memoryNoise: 0.01, noiseSeed });
  const first = noisy(1);
  assert.deepEqual(noisy(1).memory, first.memory);
  assert.notDeepEqual(noisy(2).memory, first.memory);
  const { width } = machine.sizes;
  const entries = machine.sizes.slots * width;
  const { weights, erase, add } = first.write;
  let [sum, squares] = [0, 0];
  for (let i = entries; i < first.memory.length; i++) {
    const [time, slot] = [Math.floor(i / entries), Math.floor((i % entries) / width)];
    const weight = weights[time * machine.sizes.slots + slot];
    const place = time * width + (i % width);
    const noise = first.memory[i] - (first.memory[i - entries] * (1 - weight * erase[place]) + weight * add[place]);
    sum += noise;
    squares += noise * noise;
  }
  const count = first.memory.length - entries;
  assert.ok(Math.abs(sum / count) < 0.001);
  assert.ok(Math.abs(Math.sqrt(squares / count) - 0.01) < 0.001);
});

test("fewer slots are the machine with so many slots", () => {
  const machine = lstm();
  const slots = 4;
  const smaller = {
    ...machine,
    sizes: { ...machine.sizes, slots },
    initialMemory: machine.initialMemory.slice(0, slots * machine.sizes.width),
    initialWeights: Float32Array.of(1, 0, 0, 0, 1, 0, 0, 0),
  };
  const changed = runMachine(machine, inputsOf("lstm"), { slots });
  assert.deepEqual(changed, runMachine(smaller, inputsOf("lstm")));
  const learned = runMachine(decodeWeights(SMALL["learned starts"].machine), inputsOf("learned starts"), { slots: 3 });
  const sum = learned.read.previous.reduce((total, weight) => total + weight, 0);
  assert.ok(Math.abs(sum - 1) < 1e-6);
});

test("changes can be combined, and a run does not change the machine", () => {
  const machine = lstm();
  const before = structuredClone(machine);
  const changes = { location: false, sharpening: false, memoryNoise: 0.1, noiseSeed: 3, slots: 5 };
  const { logits, sizes, write } = runMachine(machine, inputsOf("lstm"), changes);
  assert.equal(sizes.slots, 5);
  assert.ok(write.gate.every((gate) => gate === 1) && write.sharpening.every((value) => value === 1));
  assert.ok(logits.every(Number.isFinite));
  assert.deepEqual(machine, before);
});

test("extreme weights give finite numbers", () => {
  const machine = lstm();
  for (const name of ["kernel", "headKernel", "outputKernel"]) {
    machine[name] = machine[name].map((value) => value * 1e4);
  }
  for (const values of Object.values(tensorsOf(runMachine(machine, inputsOf("lstm"))))) {
    assert.ok(values.every(Number.isFinite));
  }
});

test("uniform numbers are those of mulberry32", () => {
  const uniform = uniformGenerator(0);
  assert.deepEqual([uniform(), uniform()], [1144304738 / 2 ** 32, 1416247 / 2 ** 32]);
});

const channels = lstm().sizes.inputs;
const nan = (values) => values.map((value, i) => (i === 1 ? NaN : value));
const errors = {
  "no machine": [() => runMachine(null, [1]), TypeError, /machine must be an object.*Received: null/],
  "no inputs": [() => runMachine(lstm(), null), TypeError, /inputs must be a flat array.*Received: null/],
  "an empty sequence": [() => runMachine(lstm(), []), RangeError, /at least one step. Received an empty/],
  "a wrong length": [
    () => runMachine(lstm(), new Float32Array(channels + 1)),
    RangeError,
    /3 entries for each step. Received 4/,
  ],
  "too many steps": [
    () => runMachine(lstm(), new Float32Array((MAX_STEPS + 1) * channels)),
    RangeError,
    /at most 241 steps. Received: 242/,
  ],
  "NaN in the inputs": [() => runMachine(lstm(), [0, NaN, 0]), RangeError, /inputs must be finite. Received NaN at 1/],
  "infinity in the inputs": [() => runMachine(lstm(), [Infinity, 0, 0]), RangeError, /Received Infinity at 0/],
  "NaN in a weight": [
    () => runMachine({ ...lstm(), kernel: nan(lstm().kernel) }, [0, 0, 0]),
    RangeError,
    /kernel must be finite. Received NaN at 1/,
  ],
  "a missing array": [
    () => runMachine({ ...lstm(), bias: undefined }, [0, 0, 0]),
    TypeError,
    /bias must be a Float32Array/,
  ],
  "a short array": [
    () => runMachine({ ...lstm(), bias: new Float32Array(1) }, [0, 0, 0]),
    RangeError,
    /bias must have 20 entries, shape \[20\]. Received: 1/,
  ],
  "no heads": [
    () => runMachine({ ...lstm(), sizes: { ...lstm().sizes, readHeads: 0 } }, [0, 0, 0]),
    RangeError,
    /sizes.readHeads must be a whole number from 1 to 65536. Received: 0/,
  ],
  "fewer slots than shifts": [
    () => runMachine({ ...lstm(), sizes: { ...lstm().sizes, slots: 2 } }, [0, 0, 0]),
    RangeError,
    /sizes.shifts must be odd and at most slots = 2. Received: 3/,
  ],
  "no sizes": [() => runMachine({ ...lstm(), sizes: null }, [0]), TypeError, /sizes must be an object. Received: null/],
  "an unknown controller": [
    () => runMachine({ ...lstm(), controller: "gru" }, [0, 0, 0]),
    RangeError,
    /controller must be "lstm" or "feed-forward". Received: gru/,
  ],
  "no changes": [() => runMachine(lstm(), [0, 0, 0], null), TypeError, /changes must be an object.*Received: null/],
  "an unknown change": [
    () => runMachine(lstm(), [0, 0, 0], { sharp: 1 }),
    RangeError,
    /changes must be among.*Received: sharp/,
  ],
  "a change that is no switch": [
    () => runMachine(lstm(), [0, 0, 0], { location: 0 }),
    TypeError,
    /location must be true or false. Received: 0/,
  ],
  "negative noise": [
    () => machineSettings({ memoryNoise: -1 }, lstm().sizes),
    RangeError,
    /memoryNoise must be.*Received: -1/,
  ],
  "a noise seed that is none": [
    () => machineSettings({ noiseSeed: 0.5 }, lstm().sizes),
    RangeError,
    /noiseSeed.*Received: 0.5/,
  ],
  "too few slots": [
    () => machineSettings({ slots: 2 }, lstm().sizes),
    RangeError,
    /slots must be .* from 3 to 6. Received: 2/,
  ],
  "too many slots": [
    () => machineSettings({ slots: 7 }, lstm().sizes),
    RangeError,
    /slots must be .* from 3 to 6. Received: 7/,
  ],
};
for (const [name, [run, kind, message]] of Object.entries(errors)) {
  test(`error: ${name}`, () => assert.throws(run, (error) => error instanceof kind && message.test(error.message)));
}
