// How drawings are laid out: rasters on one axis of time, and memory between the bars of its heads.
import { between, heatMap, labelled, largest, range, raster, weightBars, written } from "./canvas.js";

const GUTTER = 46; // pixels left of everything over time, for labels of rows
const MARGIN = 12; // and right of it, so that the last number below has room
const USED = 0.1; // a slot counts as used if a head ever puts more than this on it
const FEW = 32; // so many slots are always shown

/**
 * Rasters one under the other on one axis of time.
 * @param {object} options {width, cell: pixels from row to row, steps, rasters: what `raster` takes, without its place; those
 *   of slots get a title above and numbers}
 * @returns {{height: number, layers: object[], texts: object[]}} what a Panel draws
 */
export function rastersOverTime({ width, cell, steps, rasters }) {
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
 * @param {object} options {values: [N, columns], columns, order: which slots to show, write: [N], read: [N], limit: the number
 *   that gets the last colour, name, title, width, height: of the slots, within reason}
 * @returns {{height: number, layers: object[], texts: object[]}} what a Panel draws
 */
export function memoryBetweenBars({ values, columns, order, write, read, limit, name, title, width, height }) {
  const cell = between(3, height / order.length, 20);
  const [index, bars] = [32, Math.max(40, Math.round(width * 0.16))];
  const place = { order, y: 24, height: order.length * cell };
  const x = index + bars + 8;
  const middle = width - x - bars - 8;
  const right = x + middle + 8;
  const legend = { x: x + middle / 4, y: place.y + place.height + 12, width: middle / 2, height: 8 };
  const layers = [
    weightBars({ ...place, name: "write weight", values: write, side: "left", ink: "write", x: index, width: bars }),
    heatMap({ ...place, name, values, columns, rowName: "slot", limit, x, width: middle }),
    weightBars({ ...place, name: "read weight", values: read, side: "right", ink: "read", x: right, width: bars }),
    { ...heatMap({ ...legend, values: range(41).map((i) => i / 20 - 1), order: [0], columns: 41 }), silent: true },
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
  const used = new Set();
  for (const { weights } of [read, write]) weights.forEach((weight, place) => weight > USED && used.add(place % slots));
  const places = [...used].sort((a, b) => a - b);
  if (!places.length || slots <= FEW) return range(slots);
  const gaps = places.map((place, i) => (places[i + 1] ?? places[0] + slots) - place);
  const longest = largest(gaps);
  const length = Math.min(slots, slots - gaps[longest] + 3);
  return range(length).map((i) => (places[(longest + 1) % places.length] - 1 + i + slots) % slots);
}

function slotAxis(order, top, cell, x) {
  return labelled(order, cell, 16).map((place) => ({ text: order[place], x, y: top + (place + 0.5) * cell, align: "right" }));
}
