// What figures build their part of a page from.

/**
 * A new element with attributes, inside another.
 * @param {Element} parent
 * @param {string} tag
 * @param {object} attributes by name; `text` is its text, and functions, such as `onclick`, are told of events
 * @returns {HTMLElement}
 */
export function addElement(parent, tag, { text, ...attributes } = {}) {
  const element = parent.appendChild(document.createElement(tag));
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value);
  }
  if (text !== undefined) element.textContent = text;
  return element;
}

/** Whether a key is held that gives others another meaning. */
export function withModifier(event) { return event.altKey || event.ctrlKey || event.metaKey; }
