// The moments of a recorded training: their checks, their words, and the curve on which one is chosen.
import { range } from "./canvas.js";

const PLACES = 160; // how finely the curve can be pointed at
const LEAST_SHOWN = 0.01; // bits; what is less is drawn there
const CURVE = { left: 40, right: 14, top: 20, height: 84 };

/**
 * Check a recording that is to be shown.
 * @param {{run: number, curve: Array, earlier: Array, kept: number[]|null, payloads: object}} recording `curve` and
 *   `earlier`, that of the run before, are [sequences, bits or null] for each moment; `kept` are the places in `curve` that
 *   can be shown, null for all; `payloads` are, by that place, as in ntm_lib/inspector/payload.py, those that are at hand
 * @returns {object} the same
 * @throws {Error} if a part is missing or of another form
 */
export function checkRecording(recording) {
  const pair = (point) => Array.isArray(point) && Number.isInteger(point[0]) && (point[1] === null || Number.isFinite(point[1]));
  for (const name of ["curve", "earlier"]) {
    const points = recording?.[name];
    if (!Array.isArray(points)) throw new Error(`The recording must hold ${name}. Received: ${JSON.stringify(points)}`);
    const wrong = points.findIndex((point) => !pair(point));
    if (wrong >= 0) throw new Error(`${name} must hold [sequences, bits]. Received: ${JSON.stringify(points[wrong])} at place ${wrong}`);
  }
  const wrong = recording.kept?.find((place, i, all) => !recording.curve[place] || (i > 0 && place <= all[i - 1]));
  if (wrong !== undefined) throw new Error(`kept must hold rising places in the curve. Received: ${JSON.stringify(wrong)}`);
  return recording;
}

/**
 * A moment in words.
 * @param {[number, number|null]} point sequences shown until then, and bits a sequence
 * @returns {string} such as "after 4,000 sequences, 31 bits"
 */
export function momentText([sequences, bits]) {
  const when = sequences === 0 ? "before training" : `after ${sequences.toLocaleString("en")} sequence${sequences === 1 ? "" : "s"}`;
  if (bits === null) return when;
  const places = bits >= 10 ? 0 : bits >= 1 ? 1 : bits >= 0.1 ? 2 : 3;
  return `${when}, ${bits.toFixed(places)} bits`;
}

/**
 * The ends of a logarithmic axis of bits, powers of ten.
 * @param {Array} points [sequences, bits or null]
 * @returns {{least: number, most: number}|null} exponents; null if there are no bits
 */
export function bitsAxis(points) {
  const bits = points.map((point) => point[1]).filter((value) => value !== null);
  if (!bits.length) return null;
  const exponent = (value, round) => round(Math.log10(Math.max(LEAST_SHOWN, value)));
  const most = exponent(Math.max(...bits), Math.ceil);
  return { least: Math.min(exponent(Math.min(...bits), Math.floor), most - 1), most };
}

/**
 * Which of some rising numbers is nearest to one.
 * @param {number[]} values
 * @param {number} wanted
 * @returns {number} its place
 */
export function nearestPlace(values, wanted) {
  return values.reduce((best, value, i) => (Math.abs(value - wanted) < Math.abs(values[best] - wanted) ? i : best), 0);
}

/**
 * Where the axis of sequences ends.
 * @param {object} recording
 * @returns {number}
 */
export function lastSequence({ curve, earlier }) { return Math.max(1, ...[...curve, ...earlier].map((point) => point[0])); }

/**
 * The column of the curve in which a moment is.
 * @param {object} recording
 * @param {number|undefined} moment a place in its curve
 * @returns {number}
 */
export function columnOfMoment(recording, moment) {
  return Math.round(((recording.curve[moment]?.[0] ?? 0) / lastSequence(recording)) * (PLACES - 1));
}

/**
 * The moment nearest to a column of the curve.
 * @param {object} recording
 * @param {number[]} choices the moments to choose from
 * @param {number} column
 * @returns {number} its place in `choices`
 */
export function momentAtColumn(recording, choices, column) {
  return nearestPlace(choices.map((moment) => recording.curve[moment][0]), (column / (PLACES - 1)) * lastSequence(recording));
}

/**
 * The curve of the error, that of the run before behind it, and a dot for each moment that can be chosen.
 * @param {number} width
 * @param {object} recording
 * @param {number[]} choices
 * @returns {{height: number, layers: object[], texts: object[]}} what a Panel draws
 */
export function momentCurve(width, recording, choices) {
  const { curve, earlier } = recording;
  const axis = bitsAxis([...curve, ...earlier]);
  if (!axis) return { height: 0, layers: [], texts: [] };
  const [{ left, right, top, height }, end] = [CURVE, lastSequence(recording)];
  const box = { x: left, y: top, width: width - left - right, height };
  const across = (sequences) => left + ((sequences / end) * (PLACES - 1) + 0.5) * (box.width / PLACES);
  const up = (exponent) => top + ((axis.most - exponent) / (axis.most - axis.least)) * height;
  const spots = (points) => points.filter((point) => point[1] !== null)
    .map(([sequences, bits]) => [across(sequences), up(Math.log10(Math.max(LEAST_SHOWN, bits)))]);
  const exponents = range(axis.most - axis.least + 1).map((i) => axis.least + i);
  const lines = { grid: exponents.map(up), earlier: spots(earlier), curve: spots(curve), dots: spots(choices.map((moment) => curve[moment])) };
  const texts = [
    { text: "bits a sequence", x: left, y: 8, ink: "ink", bold: true },
    ...exponents.map((exponent) => ({ text: String(Number(`1e${exponent}`)), x: left - 8, y: up(exponent), align: "right" })),
    { text: "0", x: across(0), y: top + height + 12, align: "center" },
    { text: `${end.toLocaleString("en")} sequences`, x: left + box.width, y: top + height + 12, align: "right" },
  ];
  const describe = (_, column) => momentText(curve[choices[momentAtColumn(recording, choices, column)]]);
  const paint = (_, context, palette) => paintMoments(context, palette, box, lines);
  return { height: top + height + 22, layers: [{ ...box, rows: 1, columns: PLACES, time: true, value: () => 0, describe, paint }], texts };
}

function paintMoments(context, palette, box, { grid, earlier, curve, dots }) {
  const line = (points, colour, width) => {
    context.strokeStyle = colour;
    context.lineWidth = width;
    context.beginPath();
    for (const [x, y] of points) context.lineTo(x, y);
    context.stroke();
  };
  for (const y of grid) line([[box.x, y], [box.x + box.width, y]], palette.line, 0.5);
  line(earlier, palette.muted, 1.2);
  line(curve, palette.read, 2);
  context.fillStyle = palette.read;
  for (const [x, y] of dots) {
    context.beginPath();
    context.arc(x, y, dots.length > 60 ? 1.5 : 3, 0, 2 * Math.PI);
    context.fill();
  }
}
