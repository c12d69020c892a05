import assert from "node:assert/strict";
import { test } from "node:test";
import { inkOn } from "../contrast.js";

/** WCAG's contrast of a colour with black or white. */
function contrast(colour, ink) {
  const [red, green, blue] = colour.map((part) => (part / 255 <= 0.04045 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4));
  const light = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  return ink === "#fff" ? 1.05 / (light + 0.05) : (light + 0.05) / 0.05;
}

test("a number is told apart from its cell by 4.5 to 1, whatever the cell's colour", () => {
  const steps = [0, 8, 11, 60, 96, 110, 120, 128, 145, 180, 214, 255];
  for (const red of steps) for (const green of steps) for (const blue of steps) {
    const colour = [red, green, blue];
    const written = `#${colour.map((part) => part.toString(16).padStart(2, "0")).join("")}`;
    assert.ok(contrast(colour, inkOn(`rgb(${colour.join(" ")})`)) >= 4.5, colour);
    assert.equal(inkOn(written), inkOn(`rgb(${colour.join(" ")})`));
  }
});
