// A tape that is driven by orders: what one order does, and how few orders are enough.
//
// A tape is {slots: [N] what stands in each, write, read: the slots of its heads, heard: how many numbers were written,
// said: the numbers that were read}. With one head, write and read are the same slot.

/** @param {number} count N @returns {object} a tape before the first order */
export function blankTape(count) { return { slots: Array(count).fill(0), write: 0, read: 0, heard: 0, said: [] }; }

/**
 * What one order does. While numbers are heard, "write" takes them one by one; after the last of them, "read" says what
 * stands under the head. Of two heads, "left" and "right" move the one that is in use.
 * @param {object} tape
 * @param {"write"|"read"|"left"|"right"} order
 * @param {{message: number[], twoHeads: boolean}} task
 * @returns {object|null} the tape after it; null if it cannot be done now
 */
export function obey(tape, order, { message, twoHeads }) {
  const listens = tape.heard < message.length;
  const { slots, write, read, heard, said } = tape;
  if (order === "write") {
    return listens ? { ...tape, slots: slots.with(write, message[heard]), heard: heard + 1 } : null;
  }
  if (order === "read") {
    return listens || said.length === message.length ? null : { ...tape, said: [...said, slots[read]] };
  }
  const from = listens ? write : read;
  const to = (from + (order === "right" ? 1 : -1) + slots.length) % slots.length;
  if (!twoHeads) return { ...tape, write: to, read: to };
  return listens ? { ...tape, write: to } : { ...tape, read: to };
}

/**
 * The tape before the first order and after each.
 * @param {string[]} orders [T]
 * @param {{message: number[], slots: number, twoHeads: boolean}} task
 * @returns {object[]} [T + 1] tapes
 */
export function tapesOf(orders, task) {
  const tapes = [blankTape(task.slots)];
  for (const order of orders) tapes.push(obey(tapes.at(-1), order, task));
  return tapes;
}

/**
 * The least number of orders that says a message of different numbers: the best of all ways to lay it out on the tape.
 * @param {{message: number[], slots: number, twoHeads: boolean, backwards: boolean}} task
 * @returns {number|null} null if there are fewer slots than numbers
 */
export function fewestOrders({ message, slots, twoHeads, backwards }) {
  const steps = (path) => path.slice(1).reduce((sum, slot, i) => {
    const ahead = (slot - path[i] + slots) % slots;
    return sum + Math.min(ahead, slots - ahead);
  }, 0);
  const moves = (places) => {
    const asked = backwards ? places.toReversed() : places;
    return twoHeads ? steps([0, ...places]) + steps([0, ...asked]) : steps([0, ...places, ...asked]);
  };
  const best = (places) => {
    if (places.length === message.length) return moves(places);
    const free = Array.from({ length: slots }, (_, slot) => slot).filter((slot) => !places.includes(slot));
    return Math.min(...free.map((slot) => best([...places, slot])));
  };
  const least = best([]);
  return Number.isFinite(least) ? 2 * message.length + least : null;
}
