// What a head was told, as glyphs with numbers, and the stages of its addressing.
import { between, heatMap, weightBars, written } from "./canvas.js";
import { addElement } from "./transport.js";

const SYMBOLS = { strength: "β", gate: "g", shift: "s", sharpening: "γ" };

/**
 * The parameters of one head that are numbers, each with a bar, and the shift as a small distribution.
 * @param {HTMLElement} root where they go
 * @returns {function(object)} shows those of {title, strength, gate, sharpening, shift: [K], most: {strength, sharpening}: the
 *   longest bars}
 */
export function headNumbers(root) {
  const title = addElement(root, "p", { class: "name" });
  const list = addElement(root, "dl");
  const fields = Object.entries(SYMBOLS).map(([field, symbol]) => {
    const entry = addElement(list, "div");
    addElement(entry, "dt", { text: `${field} ${symbol}` });
    return addElement(entry, "dd", { class: field });
  });
  return ({ most, ...head }) => {
    title.textContent = head.title;
    const [strength, gate, shift, sharpening] = fields;
    setNumber(strength, head.strength, head.strength / most.strength);
    setNumber(gate, head.gate, head.gate);
    setNumber(sharpening, head.sharpening, (head.sharpening - 1) / Math.max(most.sharpening - 1, 1e-6));
    setShift(shift, head.shift);
  };
}

function setNumber(field, value, part) {
  field.textContent = written(value);
  addElement(field, "span", { class: "bar", style: `--part: ${between(0, part, 1)}` });
}

function setShift(field, shift) {
  field.replaceChildren();
  shift.forEach((part, place) => {
    const offset = place - (shift.length - 1) / 2;
    const entry = addElement(field, "span");
    setNumber(entry, part, part);
    addElement(entry, "small", { text: (offset > 0 ? "+" : "") + written(offset, 0) });
  });
}

/**
 * Vectors side by side as strips.
 * @param {number} width
 * @param {object[]} vectors {name, symbol, values: [W], scale, limit}
 * @returns {{height: number, layers: object[], texts: object[]}} what a Panel draws
 */
export function vectorStrips(width, vectors) {
  const each = (width + 12) / vectors.length;
  const layers = vectors.map(({ values, ...rest }, place) => (
    heatMap({ ...rest, values, order: [0], columns: values.length, x: place * each, y: 18, width: each - 12, height: 20 })));
  const texts = vectors.map(({ name, symbol }, place) => ({ text: `${name} ${symbol}`, x: place * each, y: 8 }));
  return { height: 40, layers, texts };
}

/**
 * The five stages of addressing as bars over the same slots, one under the other.
 * @param {object} options {stages: [[name, symbol, weighting [N]]], order: slots to show, ink, width}
 * @returns {{height: number, layers: object[], texts: object[]}} what a Panel draws
 */
export function stageBars({ stages, order, ink, width }) {
  const [x, row, bottom] = [100, 38, stages.length * 38 + 6];
  const layers = stages.map(([name, , values], place) => (
    weightBars({ name, values, order, side: "up", ink, x, y: place * row + 4, width: width - x, height: row - 10 })));
  const texts = stages.flatMap(([name, symbol], place) => [
    { text: name, x: 0, y: place * row + 14, ink: "ink" }, { text: symbol, x: 0, y: place * row + 29 }]);
  const ends = [{ text: `slot ${order[0]}`, x, y: bottom }, { text: order.at(-1), x: width, y: bottom, align: "right" }];
  return { height: bottom + 10, layers, texts: [...texts, ...ends] };
}
