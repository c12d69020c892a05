// Light or dark: what the page says, and when it says something else.

/**
 * The theme of the page: what the book or JupyterLab says, otherwise what the system prefers.
 * @returns {"light"|"dark"}
 */
export function pageTheme() {
  const book = document.documentElement.dataset.theme;
  if (book === "dark" || book === "light") return book;
  const lab = document.body?.dataset.jpThemeLight;
  return (lab ? lab !== "true" : systemTheme().matches) ? "dark" : "light";
}

/**
 * Call back whenever the theme of the page may have changed.
 * @param {function()} changed
 * @returns {function()} ends it
 */
export function watchTheme(changed) {
  const observer = new MutationObserver(changed);
  for (const element of [document.documentElement, document.body]) observer.observe(element, { attributeFilter: ["data-theme", "data-jp-theme-light"] });
  const system = systemTheme();
  system.onchange = changed;
  return () => {
    observer.disconnect();
    system.onchange = null;
  };
}

function systemTheme() { return matchMedia("(prefers-color-scheme: dark)"); }
