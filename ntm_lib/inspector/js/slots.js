// What the figure of the tape draws: numbers in boxes, the circle of slots with its heads, and the log.
import { inkOn } from "./contrast.js";

/** A number in a box, both in given colours. */
function paintBox(context, [x, y, width, height], number, fill, ink, font) {
  context.fillStyle = fill;
  context.fillRect(x, y, width, height);
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.font = `${font}px system-ui, sans-serif`;
  context.fillStyle = ink;
  context.fillText(number, x + width / 2, y + height / 2 + 1);
}

/**
 * Numbers in a row.
 * @param {object} layer of a Panel, with one row; fill(place): a colour's name for a box that is filled; next: a place that is outlined
 * @param {CanvasRenderingContext2D} context
 * @param {object} palette
 */
export function paintNumbers({ x, y, width, height, columns, value, fill, next }, context, palette) {
  const wide = width / columns;
  for (let i = 0; i < columns; i++) {
    const filled = fill(i);
    paintBox(context, [x + i * wide, y, wide - 2, height], value(0, i), palette[filled ?? "empty"], filled ? inkOn(palette[filled]) : palette.muted, "600 15");
    context.strokeStyle = palette.read;
    if (i === next) context.strokeRect(x + i * wide + 0.5, y + 0.5, wide - 3, height - 1);
  }
}

/**
 * The slots, the circle that they are on, and the heads.
 * @param {object} layer of a Panel, with one row; heads: [{slot, ink, below, moves, name}]
 * @param {CanvasRenderingContext2D} context
 * @param {object} palette
 */
export function paintSlots({ x, y, width, height, columns, value, heads }, context, palette) {
  const cell = width / columns;
  paintCircle(context, palette, x, y, width, height);
  for (let slot = 0; slot < columns; slot++) {
    const [ink, font] = value(0, slot) ? [palette.ink, "600 24"] : [palette.muted, "400 24"];
    paintBox(context, [x + slot * cell, y, cell - 2, height], value(0, slot), palette.empty, ink, font);
  }
  for (const head of heads) paintHead(context, palette, head, x + head.slot * cell, y, cell - 2, height);
}

function paintHead(context, palette, { ink, below, moves, name, slot }, left, top, width, height) {
  const [middle, tip, away] = below ? [left + width / 2, top + height + 4, 1] : [left + width / 2, top - 4, -1];
  context.fillStyle = context.strokeStyle = palette[ink];
  context.lineWidth = moves ? 3 : 1;
  context.strokeRect(left + 1, top + 1, width - 2, height - 2);
  context.beginPath();
  for (const [across, down] of [[0, 0], [8, 12], [-8, 12]]) context.lineTo(middle + across, tip + away * down);
  context.closePath();
  if (moves) context.fill();
  else context.stroke();
  context.lineWidth = 1;
  const side = slot > 2 ? -1 : 1;
  context.font = `${moves ? 600 : 400} 12px system-ui, sans-serif`;
  context.textAlign = side < 0 ? "right" : "left";
  context.fillText(name, middle + 13 * side, tip + away * 7);
}

/** The way from the last slot to the first, over the others; there is room for a line of text in it. */
function paintCircle(context, palette, x, y, width, height) {
  const [left, right, middle, top, text] = [x - 15, x + width + 13, y + height / 2, 46, 124];
  context.strokeStyle = palette.muted;
  context.beginPath();
  context.moveTo(x + width, middle);
  context.arcTo(right, middle, right, top, 10);
  context.arcTo(right, top, x, top, 10);
  context.lineTo(x + width / 2 + text, top);
  context.moveTo(x + width / 2 - text, top);
  context.arcTo(left, top, left, middle, 10);
  context.arcTo(left, middle, x, middle, 10);
  context.lineTo(x - 3, middle);
  for (const side of [-4, 4]) {
    context.moveTo(x - 3, middle);
    context.lineTo(x - 8, middle + side);
  }
  context.stroke();
}

/**
 * The tape after each order: a slot is filled where it was written or read, and outlined where a head stands.
 * @param {object} layer of a Panel, a row an order; tapes: [rows], orders: [rows], count: numbers heard, twoHeads, now: the row that is shown
 * @param {CanvasRenderingContext2D} context
 * @param {object} palette
 */
export function paintLog({ x, y, width, height, rows, columns, value, tapes, orders, count, twoHeads, now }, context, palette) {
  const [wide, high] = [width / columns, height / rows];
  for (let row = 0; row < rows; row++) {
    const { write, read } = tapes[row];
    const done = { write, read }[orders[row]];
    const place = row && tapes[row - 1].heard === count ? read : write; // of the head that is in use
    context.globalAlpha = row > now ? 0.35 : 1;
    for (let slot = 0; slot < columns; slot++) {
      const box = [x + slot * wide, y + row * high, wide - 1, high - 1];
      const fill = palette[slot === done ? orders[row] : "empty"];
      const ink = slot === done ? inkOn(fill) : palette[value(row, slot) ? "ink" : "muted"];
      paintBox(context, box, value(row, slot), fill, ink, slot === done ? "600 12" : "400 12");
      if (slot === done || (slot !== write && slot !== read)) continue;
      outlineHead(context, palette, box, twoHeads && (slot === write ? "write" : "read"), slot === place);
    }
  }
  context.globalAlpha = 1;
}

/** A head that is not in use has a fainter outline. */
function outlineHead(context, palette, [x, y, width, height], name, used) {
  const alpha = context.globalAlpha;
  context.globalAlpha = used ? alpha : alpha * 0.4;
  context.strokeStyle = palette[name || "ink"];
  context.strokeRect(x + 0.5, y + 0.5, width - 1, height - 1);
  context.globalAlpha = alpha;
}
