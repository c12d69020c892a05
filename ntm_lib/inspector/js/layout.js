// How the drawings of an inspector are laid out: rasters on one axis of time, and memory between the bars of its heads.
import { between, heatMap, labelled, largest, range, raster, sum, weightBars, written } from "./canvas.js";

// Pixels left of everything over time, for labels of rows, and right of it, so that the last number below has room.
const GUTTER = 46;
const MARGIN = 12;
const USED = 0.1; // a slot counts as used if a head ever puts more than this on it
const FEW = 32; // so many slots are always shown

/**
 * Input, target and output over time; wrong bits are marked.
 * @param {InspectorView} view
 * @param {number} width
 * @returns {{height: number, layers: object[], texts: object[]}} what a Panel draws
 */
export function sequencesOverTime({ trace, wrong }, width) {
  const { inputs, targets, outputs, mask, steps } = trace;
  const parts = Object.entries({ input: inputs, target: targets, output: outputs }).filter(([, values]) => values);
  const cell = between(3, (190 * steps) / sum(parts.map(([, values]) => values.length)), 8);
  return rastersOverTime(width, cell, steps, parts.map(([name, values]) => {
    const stride = values.length / steps;
    return {
      name, values, stride, order: range(stride), rowName: "bit", scale: values.some((value) => value < 0) ? "signed" : "bits",
      limit: values.reduce((most, value) => Math.max(most, Math.abs(value)), 1),
      faint: (step) => name !== "input" && mask?.[step] === 0, wrong: (bit, step) => name === "output" && wrong[step * stride + bit],
    };
  }));
}

/**
 * The weightings of the shown heads over time.
 * @param {InspectorView} view
 * @param {number} width
 * @returns {{height: number, layers: object[], texts: object[]}} what a Panel draws
 */
export function weightingsOverTime(view, width) {
  const { trace, shown: order } = view;
  const { slots } = trace.sizes;
  return rastersOverTime(width, between(1.5, 130 / order.length, 9), trace.steps, ["write", "read"].map((name) => ({
    name: `${name} weighting`, values: trace[name].weights, first: view.row(name, 0) * slots, stride: view.count(name) * slots,
    order, rowName: "slot", scale: name,
  })));
}

/** Rasters one under the other on one axis of time, `cell` pixels from row to row; those of slots get a title and numbers. */
function rastersOverTime(width, cell, steps, rasters) {
  const [layers, texts, wide] = [[], [], width - GUTTER - MARGIN];
  let y = 2;
  for (const options of rasters) {
    const { name, rowName, scale, order } = options;
    if (rowName === "slot") {
      texts.push({ text: name, x: GUTTER, y: y + 8, ink: scale, bold: true }, { text: "slot", x: 0, y: y + 8 });
      y += 18;
      texts.push(...slotAxis(order, y, cell, GUTTER - 8));
    } else texts.push({ text: name, x: 0, y: y + (order.length * cell) / 2, ink: "ink" });
    layers.push(raster({ ...options, steps, x: GUTTER, y, width: wide, height: order.length * cell }));
    y += order.length * cell + 8;
  }
  const numbers = labelled(range(steps), wide / steps, 36);
  texts.push({ text: "step", x: 0, y: y + 4 });
  texts.push(...numbers.map((step) => ({ text: step, x: GUTTER + ((step + 0.5) * wide) / steps, y: y + 4, align: "center" })));
  return { height: y + 14, layers, texts };
}

/**
 * Memory as a heat map, its write weighting to the left of it and its read weighting to the right, row by row.
 * @param {InspectorView} view
 * @param {number} width
 * @returns {{height: number, layers: object[], texts: object[]}} what a Panel draws
 */
export function memoryBetweenBars(view, width) {
  const { limit, step, shown: order, trace: { sizes } } = view;
  const [name, title, values] = view.changeOnly.checked
    ? ["change of memory", "change by the write", view.changeAt(step)] : ["memory", "memory after the write", view.memoryAt(step)];
  const cell = between(3, (view.root.clientWidth < 600 ? 320 : 470) / order.length, 20);
  const [index, bars] = [32, Math.max(40, Math.round(width * 0.16))];
  const place = { order, y: 24, height: order.length * cell };
  const x = index + bars + 8;
  const middle = width - x - bars - 8;
  const right = x + middle + 8;
  const legend = { x: x + middle / 4, y: place.y + place.height + 12, width: middle / 2, height: 8 };
  const weights = (head, side, left) => weightBars({ ...place, name: `${head} weight`, values: view.part(head, "weights"), side, ink: head, x: left, width: bars });
  const layers = [
    weights("write", "left", index), heatMap({ ...place, name, values, columns: sizes.width, rowName: "slot", limit, x, width: middle }),
    weights("read", "right", right), { ...heatMap({ ...legend, values: range(41).map((i) => i / 20 - 1), order: [0], columns: 41 }), silent: true },
  ];
  const texts = [
    { text: "write", x: x - 8, y: 10, align: "right", ink: "write", bold: true },
    { text: title, x: x + middle / 2, y: 10, align: "center", ink: "ink" },
    { text: "read", x: right, y: 10, ink: "read", bold: true },
    { text: `−${written(limit, 1)}`, x: legend.x - 6, y: legend.y + 4, align: "right" },
    { text: `+${written(limit, 1)}`, x: legend.x + legend.width + 6, y: legend.y + 4 },
  ];
  return { height: legend.y + 14, layers, texts: [...texts, ...slotAxis(order, place.y, cell, index - 8)] };
}

/**
 * The slots of the shortest stretch of the ring that holds every used slot, with one more at either end.
 * @param {object} trace
 * @returns {number[]} slots in the order in which they are shown
 */
export function usedArc({ read, write, sizes: { slots } }) {
  const used = [];
  for (const { weights } of [read, write]) weights.forEach((weight, place) => { if (weight > USED) used[place % slots] = true; });
  const places = range(slots).filter((slot) => used[slot]);
  if (!places.length || slots <= FEW) return range(slots);
  const gaps = places.map((place, i) => (places[i + 1] ?? places[0] + slots) - place);
  const longest = largest(gaps);
  const length = Math.min(slots, slots - gaps[longest] + 3);
  return range(length).map((i) => (places[(longest + 1) % places.length] - 1 + i + slots) % slots);
}

function slotAxis(order, top, cell, x) {
  return labelled(order, cell, 16).map((place) => ({ text: order[place], x, y: top + (place + 0.5) * cell, align: "right" }));
}
