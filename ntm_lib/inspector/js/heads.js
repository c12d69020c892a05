// What a head was told, as glyphs with numbers, and the stages of its addressing.
import { between, heatMap, weightBars, written } from "./canvas.js";
import { addElement } from "./dom.js";

// The numbers of a head: symbol, and, if they have no last value, the least one, from which a bar leads to the largest seen.
const NUMBERS = { strength: ["β", 0], gate: ["g"], shift: ["s"], sharpening: ["γ", 1] };

// The vectors of each head: name, symbol, and what is not as usual about them.
const VECTORS = {
  write: [["key", "k"], ["erase", "e", { scale: "bits" }], ["add", "a"]],
  read: [["key", "k"], ["read vector", "r", { field: "reads" }]],
};

// The stages of addressing: name, symbol, and where a trace has them under another name.
const STAGES = [
  ["previous", "w(t−1)"], ["content", "wᶜ, equation 5"], ["gated", "wᵍ, equation 7"], ["shifted", "w̃, equation 8"],
  ["sharpened", "w, equation 9", "weights"],
];

/**
 * The parameters of the shown head that are numbers, each with a bar, and the shift as a small distribution.
 * @param {InspectorView} view
 * @param {HTMLElement} root where they go
 * @param {"write"|"read"} name
 * @returns {function()} shows those of the view's step
 */
export function headNumbers(view, root, name) {
  const title = addElement(root, "p", { class: "name" });
  const list = addElement(root, "dl");
  const fields = Object.entries(NUMBERS).map(([field, [symbol, least]]) => {
    const entry = addElement(list, "div");
    addElement(entry, "dt", { text: `${field} ${symbol}` });
    return { field, least, place: addElement(entry, "dd", { class: field }) };
  });
  return () => {
    title.textContent = view.headName(name);
    for (const { field, least, place } of fields) {
      const values = view.part(name, field);
      const full = least === undefined ? values[0] : (values[0] - least) / Math.max(view.most(field) - least, 1e-6);
      if (field === "shift") setShift(place, values);
      else setNumber(place, values[0], full);
    }
  };
}

function setNumber(place, value, full) {
  place.textContent = written(value);
  addElement(place, "span", { class: "bar", style: `--part: ${between(0, full, 1)}` });
}

function setShift(place, shift) {
  place.replaceChildren();
  shift.forEach((part, i) => {
    const offset = i - (shift.length - 1) / 2;
    const entry = addElement(place, "span");
    setNumber(entry, part, part);
    addElement(entry, "small", { text: (offset > 0 ? "+" : "") + written(offset, 0) });
  });
}

/**
 * The vectors of a head side by side as strips.
 * @param {InspectorView} view
 * @param {number} width
 * @param {"write"|"read"} name
 * @returns {{height: number, layers: object[], texts: object[]}} what a Panel draws
 */
export function vectorStrips(view, width, name) {
  const each = (width + 12) / VECTORS[name].length;
  const layers = VECTORS[name].map(([title, , { field = title, scale = "signed" } = {}], i) => {
    const values = view.part(name, field);
    const limit = field === "reads" ? view.limit : 1;
    return heatMap({ name: title, values, order: [0], columns: values.length, scale, limit, x: i * each, y: 18, width: each - 12, height: 20 });
  });
  const texts = VECTORS[name].map(([title, symbol], i) => ({ text: `${title} ${symbol}`, x: i * each, y: 8 }));
  return { height: 40, layers, texts };
}

/**
 * The five stages of addressing as bars over the same slots, one under the other.
 * @param {InspectorView} view
 * @param {number} width
 * @param {"write"|"read"} name
 * @returns {{height: number, layers: object[], texts: object[]}} what a Panel draws
 */
export function stageBars(view, width, name) {
  const [x, row, order, bottom] = [100, 38, view.shown, STAGES.length * 38 + 6];
  const layers = STAGES.map(([stage, , field = stage], i) => (
    weightBars({ name: stage, values: view.part(name, field), order, side: "up", ink: name, x, y: i * row + 4, width: width - x, height: row - 10 })));
  const texts = STAGES.flatMap(([stage, symbol], i) => [
    { text: stage, x: 0, y: i * row + 14, ink: "ink" }, { text: symbol, x: 0, y: i * row + 29 }]);
  const ends = [{ text: `slot ${order[0]}`, x, y: bottom }, { text: order.at(-1), x: width, y: bottom, align: "right" }];
  return { height: bottom + 10, layers, texts: [...texts, ...ends] };
}
