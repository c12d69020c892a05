// One write: where the head is, and equations (3) and (4) of Graves et al. 2014, for one head.
//
// Memory is flat, row by row: N slots of W numbers.
import { allOn, shiftedBy } from "./stages.js";

/**
 * The weighting of a head that stands at a slot and is blurred: a part of its weight is stray, half of it on each neighbour.
 * @param {number} slots N
 * @param {number} slot where it stands
 * @param {number} stray from 0 to 1
 * @returns {number[]} [N], sum 1
 */
export function blurredAt(slots, slot, stray) { return shiftedBy(allOn(slots, slot), [stray / 2, 1 - stray, stray / 2]); }

/**
 * Equation (3): each number of slot i keeps the part 1 - w(i) e(j).
 * @param {number[]} memory [N * W]
 * @param {number[]} weights [N]
 * @param {number[]} erase [W], from 0 to 1
 * @returns {number[]} [N * W]
 */
export function erasedBy(memory, weights, erase) {
  return memory.map((value, i) => value * (1 - weights[Math.floor(i / erase.length)] * erase[i % erase.length]));
}

/**
 * Equation (4): each number of slot i gets w(i) a(j) on top.
 * @param {number[]} memory [N * W]
 * @param {number[]} weights [N]
 * @param {number[]} add [W]
 * @returns {number[]} [N * W]
 */
export function addedTo(memory, weights, add) {
  return memory.map((value, i) => value + weights[Math.floor(i / add.length)] * add[i % add.length]);
}
