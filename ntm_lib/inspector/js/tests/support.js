// What the tests of the machine share: the golden files, sampled traces, and the source of a worker.
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";

const FOLDER = new URL("./golden/", import.meta.url);
const SAMPLES = 8;

/** Returns what a golden file holds; it is JSON, compressed. */
export function golden(name) {
  return JSON.parse(gunzipSync(readFileSync(new URL(`${name}.json.gz`, FOLDER))));
}

/** Returns all tensors of a trace by name, such as "read.key", with those of one step in one row. */
export function tensorsOf(trace) {
  const tensors = {};
  for (const name of ["logits", "outputs", "memory", "reads", "hidden"]) tensors[name] = trace[name];
  for (const part of ["read", "write"]) {
    for (const [name, values] of Object.entries(trace[part])) {
      if (name !== "previous") tensors[`${part}.${name}`] = values;
    }
  }
  return tensors;
}

/** Returns up to 8 numbers of each step, at places that wander from step to step: what a golden of a long run keeps. */
export function samplesOf(values, steps) {
  const size = values.length / steps;
  const count = Math.min(size, SAMPLES);
  const samples = new Float32Array(steps * count);
  for (let time = 0; time < steps; time++) {
    for (let k = 0; k < count; k++) {
      samples[time * count + k] = values[time * size + ((7 * time + k * Math.floor(size / count)) % size)];
    }
  }
  return samples;
}

/** Returns the float32 numbers that base64 stands for. */
export function floatsOf(text) {
  const bytes = Uint8Array.from(Buffer.from(text, "base64"));
  return new Float32Array(bytes.buffer);
}

/** Returns the largest difference between two arrays; NaN if they cannot be compared. */
export function largestDifference(received, expected) {
  if (received.length !== expected.length) return NaN;
  let largest = 0;
  for (let i = 0; i < received.length; i++) {
    const difference = Math.abs(received[i] - expected[i]);
    if (!(difference <= largest)) largest = difference;
  }
  return largest;
}

/** Returns modules joined into one script, without imports and exports, as a page inlines them. */
export function joined(...names) {
  const source = names.map((name) => readFileSync(new URL(`../${name}.js`, import.meta.url), "utf8")).join("\n");
  return source.replace(/^import .*$/gm, "").replace(/^export /gm, "");
}
