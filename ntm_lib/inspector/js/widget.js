// A figure as a widget in a live kernel, which anywidget shows.

/**
 * The widget's side of a figure.
 * @param {function(ShadowRoot, object, function(object)): Promise<{view: object|null, end: function()}>} mount
 * @param {string[]} names of the traits that the view is made from
 * @param {string[]} followed those of them that are also properties of the view: what Python sets later is set there
 * @returns {{render: function({model: object, el: HTMLElement})}} what anywidget calls for each view in a notebook
 */
export function widgetOf(mount, names, followed) {
  return { render: async ({ model, el }) => {
    el.dataset.lmSuppressShortcuts = "true"; // or JupyterLab takes the arrows
    const data = Object.fromEntries(names.map((name) => [name, model.get(name)]));
    const { view, end } = await mount(el.attachShadow({ mode: "open" }), data, (change) => {
      for (const [name, value] of Object.entries(change)) model.set(name, value);
      model.save_changes();
    });
    const listeners = followed.map((name) => [`change:${name}`, () => follow(view, name, model.get(name))]);
    for (const listener of listeners) model.on(...listener);
    for (const name of followed) if (model.get(name) !== data[name]) follow(view, name, model.get(name)); // since it began
    return () => {
      for (const listener of listeners) model.off(...listener);
      end();
    };
  } };
}

function follow(view, name, value) {
  if (view && view[name] !== value) view[name] = value;
}
