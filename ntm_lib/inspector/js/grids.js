// What the small figures draw: numbers in their cells, and bars beside the rows of a grid.
import { range, written } from "./canvas.js";
import { inkOn } from "./contrast.js";

/** A number in as little room as there is: 0.85, 1, −0.5, 12.5. */
export function short(value, places = 2) {
  const text = written(value, Math.abs(value) < 9.995 ? places : 1);
  return text.replace(/\.?0+$/, "") || "0";
}

/**
 * The number of each cell of a heat map, as texts of a Panel.
 * @param {object} layer what heatMap returned
 * @param {number} places decimals at most
 * @returns {object[]} texts
 */
export function numbersOn(layer, places = 2) {
  const { x, y, width, height, rows, columns, value, scale, limit } = layer;
  return range(rows * columns).map((i) => {
    const [row, column] = [Math.floor(i / columns), i % columns];
    const number = value(row, column);
    const ink = (palette) => inkOn(palette.scales[scale](number / limit));
    return { text: short(number, places), x: x + ((column + 0.5) * width) / columns, y: y + ((row + 0.5) * height) / rows, align: "center", ink };
  });
}

/** Paint a layer of bars, left or right of a line, that leave room in their rows: each begins `from` pixels below its row's top. */
export function paintRows({ x, y, width, height, rows, side, ink, value }, context, palette, from, thick) {
  const row = height / rows;
  context.fillStyle = palette.line;
  context.fillRect(side === "left" ? x + width : x - 1, y, 1, height);
  for (let slot = 0; slot < rows; slot++) {
    const long = width * value(slot, 0);
    context.fillStyle = palette.empty;
    context.fillRect(x, y + slot * row + from, width, thick);
    context.fillStyle = palette[ink];
    context.fillRect(side === "left" ? x + width - long : x, y + slot * row + from, long, thick);
  }
}
