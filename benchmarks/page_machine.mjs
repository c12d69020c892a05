// Measure the machine of the page: how long a forward pass and a training step take in plain JavaScript.
//
// CPU time stands beside the time on the clock, because other programs slow only the latter (and the former a little).
//
//     node benchmarks/page_machine.mjs [--out FILE.json]
import { readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { fileURLToPath } from "node:url";
import { Learner, copySequence } from "../ntm_lib/inspector/js/learning.js";
import { runMachine, uniformGenerator } from "../ntm_lib/inspector/js/machine.js";
import { decodeWeights } from "../ntm_lib/inspector/js/weights.js";
import { golden } from "../ntm_lib/inspector/js/tests/support.js";

const MICROSECONDS = 1e6; // in a second
const FILES = ["machine", "weights", "gradient", "learning"];

function median(values) {
  return values.sort((a, b) => a - b)[Math.floor(values.length / 2)];
}

/** Returns the median milliseconds of a run, on the clock and of the CPU, and those of the very first run. */
function timed(run, times) {
  const [clock, cpu] = [[], []];
  for (let i = 0; i < times; i++) {
    const [used, started] = [process.cpuUsage(), performance.now()];
    run();
    clock.push(performance.now() - started);
    const { user, system } = process.cpuUsage(used);
    cpu.push((user + system) / 1000);
  }
  const first = clock[0];
  return { milliseconds: median(clock.slice(5)), cpu_milliseconds: median(cpu.slice(5)), first_milliseconds: first };
}

function forward(machine, length) {
  const { inputs } = copySequence(length, machine.sizes.outputs, uniformGenerator(length));
  return timed(() => runMachine(machine, inputs), 35);
}

function training(sequences) {
  const learner = new Learner(0);
  while (learner.sequences < 400) learner.step();
  const [used, started, before] = [process.cpuUsage(), performance.now(), learner.sequences];
  while (learner.sequences < before + sequences) learner.step();
  const { user, system } = process.cpuUsage(used);
  const seconds = (performance.now() - started) / 1000;
  const perCpuSecond = (sequences * MICROSECONDS) / (user + system);
  return { sequences_per_second: sequences / seconds, sequences_per_cpu_second: perCpuSecond };
}

const machine = decodeWeights(golden("copy-120").machine);
const results = { node: process.version, cpu: cpus()[0]?.model ?? "unknown", forward: {}, training: {}, bytes: {} };
for (const length of [10, 20, 120]) results.forward[`${2 * length + 1} steps`] = forward(machine, length);
results.training = training(2000);
for (const name of FILES) {
  const path = fileURLToPath(new URL(`../ntm_lib/inspector/js/${name}.js`, import.meta.url));
  const text = readFileSync(path, "utf8");
  const bare = text.replace(/^\s*(\/\*\*[\s\S]*?\*\/|\/\/.*)\n/gm, "");
  results.bytes[name] = { source: text.length, without_comments: bare.length };
}

for (const [name, row] of Object.entries(results.forward)) {
  const { milliseconds, cpu_milliseconds: cpu, first_milliseconds: first } = row;
  console.log(`forward ${name}: ${milliseconds.toFixed(1)} ms (CPU ${cpu.toFixed(1)}), first ${first.toFixed(1)} ms`);
}
const { sequences_per_second: rate, sequences_per_cpu_second: cpuRate } = results.training;
console.log(`training: ${rate.toFixed(0)} sequences/s, ${cpuRate.toFixed(0)} a CPU-second`);
for (const [name, { source, without_comments: bare }] of Object.entries(results.bytes)) {
  console.log(`${name}.js: ${source} bytes, ${bare} without comments`);
}
const place = process.argv.indexOf("--out");
if (place > 0) writeFileSync(process.argv[place + 1], `${JSON.stringify(results, null, 1)}\n`);
