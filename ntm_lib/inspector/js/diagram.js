// Where the parts of one time step stand in the drawing, and the arrows between them.

/** Pixels: the line with the name of a part, and what lies above and below its cells. */
const NAME_HEIGHT = 24;
const [STRIP, EDGE, GAP, RAIL] = [16, 6, 20, 14]; // pixels: a vector, around cells, between rows, left of all rows for h_t

/**
 * A rectangle for each part.
 * @param {number} width of the drawing
 * @param {number} cells pixels: the height of the memory's cells
 * @returns {{boxes: Object<string, object>, height: number}} boxes {x, y, width, height} by the names of PARTS
 */
export function diagramLayout(width, cells) {
  const wide = width - RAIL - 2;
  const card = NAME_HEIGHT + STRIP + EDGE;
  const row = (place) => place * (card + GAP);
  const box = (x, share, y, height = card) => ({ x: RAIL + x * wide, y, width: share * wide, height });
  const [middle, tall] = [row(3) + 10, NAME_HEIGHT + cells + EDGE];
  const bottom = middle + tall + GAP;
  const boxes = {
    input: box(0, 0.24, 0), lastRead: box(0.27, 0.32, 0), lastHidden: box(0.62, 0.38, 0), hidden: box(0.27, 0.5, row(1)),
    writeNumbers: box(0, 0.545, row(2)), readNumbers: box(0.56, 0.44, row(2)),
    memoryBefore: box(0, 0.28, middle, tall), writeWeights: box(0.3, 0.2, middle, tall),
    memory: box(0.53, 0.25, middle, tall), readWeights: box(0.82, 0.18, middle, tall),
    output: box(0, 0.29, bottom), read: box(0.5, 0.35, bottom),
  };
  return { boxes, height: bottom + card + 2 };
}

/**
 * Where the cells of a part are, inside its box.
 * @param {object} box
 * @returns {object} {x, y, width, height}
 */
export function cellsOf({ x, y, width, height }) {
  return { x: x + EDGE, y: y + NAME_HEIGHT, width: width - 2 * EDGE, height: height - NAME_HEIGHT - EDGE };
}

/**
 * The arrows: from which part, to which, and the corners of the way.
 * @param {Object<string, object>} boxes
 * @returns {{from: string, to: string, way: number[][]}[]}
 */
export function diagramArrows(boxes) {
  const at = (name, across, down) => [boxes[name].x + across * boxes[name].width, boxes[name].y + down * boxes[name].height];
  const arrow = (from, to, ...way) => ({ from, to, way });
  const drop = (from, to, x) => arrow(from, to, [x, at(from, 0, 1)[1]], [x, at(to, 0, 0)[1]]);
  const level = (from, to, down) => arrow(from, to, at(from, boxes[from].x < boxes[to].x ? 1 : 0, down), at(to, boxes[from].x < boxes[to].x ? 0 : 1, down));
  const middle = (name) => at(name, 0.5, 0)[0];
  const [bus, under, rail] = [boxes.memory.y - GAP + 2, boxes.memory.y + boxes.memory.height + GAP / 2 - 2, 5];
  const start = middle("memoryBefore");
  const before = at("memoryBefore", 0, 0)[1];
  const overBus = (to) => arrow("memoryBefore", to, [start, before], [start, bus], [middle(to) - 8, bus], [middle(to) - 8, before]);
  return [
    arrow("input", "hidden", at("input", 0.7, 1), at("hidden", 0.06, 0)), drop("lastRead", "hidden", middle("lastRead")),
    drop("lastHidden", "hidden", at("lastHidden", 0.2, 0)[0]), drop("hidden", "writeNumbers", at("hidden", 0.3, 0)[0]),
    drop("hidden", "readNumbers", at("hidden", 0.9, 0)[0]), drop("writeNumbers", "writeWeights", middle("writeWeights") + 8),
    drop("readNumbers", "readWeights", middle("readWeights") + 8), drop("writeNumbers", "memory", boxes.memory.x + 4),
    overBus("writeWeights"), overBus("readWeights"), level("writeWeights", "memory", 0.5),
    arrow("memoryBefore", "memory", at("memoryBefore", 0.5, 1), [start, under], [boxes.memory.x + 10, under], at("memory", 0, 1).map((value, i) => value + (i ? 0 : 10))),
    drop("memory", "read", middle("memory")),
    arrow("readWeights", "read", at("readWeights", 0.5, 1), [middle("readWeights"), at("read", 0, 0.5)[1]], at("read", 1, 0.5)),
    level("read", "output", 0.5),
    arrow("hidden", "output", at("hidden", 0, 0.5), [rail, at("hidden", 0, 0.5)[1]], [rail, at("output", 0, 0.5)[1]], at("output", 0, 0.5)),
  ];
}

/**
 * Paint an arrow along its corners.
 * @param {CanvasRenderingContext2D} context in the colour and thickness that are wanted
 * @param {number[][]} way
 */
export function paintArrow(context, way) {
  const [[fromX, fromY], [x, y]] = way.slice(-2);
  const length = Math.hypot(x - fromX, y - fromY);
  const [alongX, alongY] = [(x - fromX) / length, (y - fromY) / length];
  context.beginPath();
  for (const corner of way) context.lineTo(...corner);
  context.stroke();
  context.beginPath();
  context.moveTo(x, y);
  for (const side of [-4, 4]) context.lineTo(x - 7 * alongX - side * alongY, y - 7 * alongY + side * alongX);
  context.fill();
}
