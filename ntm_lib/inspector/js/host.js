// Where a figure stands: in a shadow root of its own, which holds its looks, its frame and the static picture's place.
import { showProblem } from "./problem.js";
import { inspectorStyle } from "./style.js";
import { watchTheme } from "./theme.js";

/**
 * Put a figure into a shadow root. What is wrong with its data is said in its place.
 * @param {ShadowRoot} shadow
 * @param {function(HTMLElement): Promise<object>} make builds a view, with `retheme` and `destroy`, in a frame
 * @param {string} style what this kind of figure adds to the looks
 * @returns {Promise<{view: object|null, end: function()}>} `end` takes the view away
 */
export async function mountView(shadow, make, style = "") {
  shadow.innerHTML = `<style>${inspectorStyle}${style}</style><div></div><slot></slot>`;
  const frame = shadow.querySelector("div");
  try {
    const view = await make(frame);
    const leave = watchTheme(() => view.retheme());
    return { view, end: () => { leave(); view.destroy(); } };
  } catch (error) {
    showProblem(frame, error);
    return { view: null, end: () => {} };
  }
}
