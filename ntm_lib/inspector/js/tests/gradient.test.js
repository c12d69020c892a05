// The backward pass against central differences, in double precision, number by number.
import assert from "node:assert/strict";
import test from "node:test";
import { addGradients, backwardRoom, emptyGradients } from "../gradient.js";
import { copySequence, startingMachine } from "../learning.js";
import { emptyTrace, machineSettings, machineWork, runSteps, uniformGenerator } from "../machine.js";

// No two sizes alike, and none a multiple of what is unrolled, so that every remainder of a loop has work to do.
const SIZES = { inputs: 4, outputs: 3, slots: 6, width: 5, units: 9, readHeads: 1, writeHeads: 1, shifts: 3 };
const SCALE = 0.7;

function doubled(sizes, seed) {
  const uniform = uniformGenerator(seed);
  const machine = startingMachine(1, sizes);
  for (const [name, values] of Object.entries(machine)) {
    if (ArrayBuffer.isView(values)) machine[name] = Float64Array.from(values, (value) => value + uniform() - 0.5);
  }
  for (let first = 0; first < 2 * sizes.slots; first += sizes.slots) {
    const row = Float64Array.from({ length: sizes.slots }, () => 0.1 + uniform());
    const sum = row.reduce((total, weight) => total + weight, 0);
    machine.initialWeights.set(row.map((weight) => weight / sum), first);
  }
  return machine;
}

function run(machine, sequence, settings, gradients) {
  const steps = sequence.mask.length;
  const trace = emptyTrace(machine.sizes, steps, Float64Array);
  const work = machineWork(machine, steps);
  trace.inputs.set(sequence.inputs);
  Object.assign(trace, { targets: sequence.targets, mask: sequence.mask });
  runSteps(machine, trace, work, settings);
  const bits = addGradients(machine, trace, work, backwardRoom(machine, steps), gradients, settings);
  return { bits, trace };
}

// What the gradient is the gradient of: the bits, and the penalty for heads that are spread.
function objective(machine, sequence, settings) {
  const { bits, trace } = run(machine, sequence, settings, emptyGradients(machine));
  const squares = [...trace.read.weights, ...trace.write.weights].reduce((sum, weight) => sum + weight * weight, 0);
  return settings.scale * (bits + settings.spreadPenalty * (2 * trace.steps - squares));
}

function largestError(machine, name, gradient, value) {
  let [error, size] = [0, 0];
  for (let i = 0; i < gradient.length; i++) {
    const kept = machine[name][i];
    const sides = [1e-5, -1e-5].map((change) => {
      machine[name][i] = kept + change;
      return value();
    });
    machine[name][i] = kept;
    const expected = (sides[0] - sides[1]) / 2e-5;
    error = Math.max(error, Math.abs(gradient[i] - expected));
    size = Math.max(size, Math.abs(expected));
  }
  return { error, size };
}

const cases = {
  "as it is": [{}, SIZES],
  "without location addressing": [{ location: false }, SIZES],
  "without sharpening": [{ sharpening: false }, SIZES],
  "with five shifts": [{}, { ...SIZES, shifts: 5 }],
};
for (const [name, [changes, sizes]] of Object.entries(cases)) {
  test(`the gradient of every number is that of central differences, ${name}`, () => {
    const machine = doubled(sizes, 5);
    const sequence = copySequence(3, sizes.outputs, uniformGenerator(2));
    const settings = { ...machineSettings(changes, sizes), spreadPenalty: 0.3, scale: SCALE };
    const gradients = emptyGradients(machine);
    run(machine, sequence, settings, gradients);
    for (const [array, gradient] of Object.entries(gradients)) {
      const { error, size } = largestError(machine, array, gradient, () => objective(machine, sequence, settings));
      assert.ok(size > 1e-3, `${array} has no gradient to compare`);
      assert.ok(error < 1e-6 * size, `${array}: ${error} of ${size}`);
    }
  });
}

test("gradients of several sequences add up", () => {
  const machine = doubled(SIZES, 5);
  const sequence = copySequence(3, SIZES.outputs, uniformGenerator(2));
  const settings = { ...machineSettings({}, SIZES), spreadPenalty: 0, scale: 1 };
  const [once, twice] = [emptyGradients(machine), emptyGradients(machine)];
  run(machine, sequence, settings, once);
  run(machine, sequence, settings, twice);
  run(machine, sequence, settings, twice);
  for (const [name, gradient] of Object.entries(once)) {
    assert.ok(gradient.every((value, i) => Math.abs(twice[name][i] - 2 * value) <= 1e-12 * Math.abs(value)), name);
  }
});
