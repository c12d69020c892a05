// What stands in the place of a figure that cannot be shown.
import { addElement } from "./dom.js";
import { pageTheme } from "./theme.js";

/**
 * Say in a figure's place why it cannot be shown.
 * @param {HTMLElement} frame what the figure would stand in, before its slot
 * @param {Error} error
 */
export function showProblem(frame, error) {
  frame.className = "inspector";
  frame.dataset.theme = pageTheme();
  frame.replaceChildren();
  addElement(frame, "p", { role: "alert", text: `This figure cannot be shown. ${error.message}` });
  frame.nextElementSibling.style.display = "block"; // the static picture, if there is one
}
