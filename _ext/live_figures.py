"""The directive `live-figure`: a part of a page that computes in the reader's browser, with all that it needs.

Its content is the caption; with `:name:` the figure is numbered and can be referred to, as a drawn one.

The weights of the playground's other machines are written beside the pages as classic scripts, which also load from a
disk, where a page may not fetch a file.
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

MACHINES = "_static/machines/"
PLAYGROUND = "ntm_playground"


class LiveFigure(SphinxDirective):
    """Put a live figure into the page: `playground`, or one of the small figures of `ntm_lib.inspector.figures`."""

    required_arguments = 1
    has_content = True
    option_spec: ClassVar = {"name": directives.unchanged}

    def run(self) -> list[nodes.Node]:
        """Return the figure as raw HTML, inside of a figure if it has a caption."""
        from ntm_lib.inspector import figures, playground

        name = self.arguments[0]
        if name == "playground":
            vars(self.env)[PLAYGROUND] = True  # kept with the pages that were read
            text = playground.html("../" * self.env.docname.count("/") + MACHINES)
        elif name in figures.PICTURES:
            text = figures.html(name)
        else:
            allowed = ", ".join(["playground", *sorted(figures.PICTURES)])
            raise self.error(f"live-figure must be one of {allowed}. Received: {name!r}")
        raw = nodes.raw("", text, format="html")
        return [self.captioned(raw)] if self.content else [raw]

    def captioned(self, shown: nodes.Node) -> nodes.figure:
        """Return a figure with the directive's content below it."""
        words, messages = self.state.inline_text(" ".join(self.content), self.lineno)
        figure = nodes.figure("", shown, nodes.caption("", "", *words, *messages))
        self.set_source_info(figure)
        self.add_name(figure)
        return figure


def write_machines(app: Sphinx, error: Exception | None) -> None:
    """Write the weights beside the pages, if one of them has a playground."""
    if error is not None or app.builder.format != "html" or PLAYGROUND not in vars(app.env):
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
