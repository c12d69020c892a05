// Ink that can be read on any colour.

/** Black or white, whichever is told apart better from a colour, "#rrggbb" or "rgb(r g b)": by 4.5 to 1 at least. */
export function inkOn(colour) {
  const parts = colour[0] === "#" ? colour.match(/\w\w/g).map((part) => parseInt(part, 16)) : colour.match(/\d+/g);
  const [red, green, blue] = parts.map((part) => (part > 10 ? ((part / 255 + 0.055) / 1.055) ** 2.4 : part / 3294.6));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.1791 ? "#000" : "#fff"; // WCAG's relative luminance
}
