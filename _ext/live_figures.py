"""The directive `live-figure`: a part of a page that computes in the reader's browser, with all that it needs.

The weights of the playground's other machines are written beside the pages as classic scripts, which also load from a
disk, where a page may not fetch a file.
"""

from __future__ import annotations

from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

MACHINES = "_static/machines/"


class LiveFigure(SphinxDirective):
    """Put a live figure into the page: `playground`, or one of the small figures of `ntm_lib.inspector.figures`."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Return the figure as raw HTML."""
        from ntm_lib.inspector import figures, playground

        name = self.arguments[0]
        if name == "playground":
            text = playground.html("../" * self.env.docname.count("/") + MACHINES)
        elif name in figures.PICTURES:
            text = figures.html(name)
        else:
            allowed = ", ".join(["playground", *sorted(figures.PICTURES)])
            raise self.error(f"live-figure must be one of {allowed}. Received: {name!r}")
        return [nodes.raw("", text, format="html")]


def write_machines(app: Sphinx, error: Exception | None) -> None:
    """Write the weights beside the pages."""
    if error is not None or app.builder.format != "html":
        return
    from ntm_lib.inspector import playground

    folder = Path(app.outdir) / MACHINES
    folder.mkdir(parents=True, exist_ok=True)
    for machine in playground.machines():
        (folder / f"{machine['name']}.js").write_text(playground.machine_script(machine["name"]), encoding="utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive."""
    app.add_directive("live-figure", LiveFigure)
    app.connect("build-finished", write_machines)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
