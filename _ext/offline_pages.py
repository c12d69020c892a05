"""Keep every built page free of requests to other machines.

Jupyter Book declares the scripts of thebe on every page, and those of Jupyter's widget manager on pages of notebooks,
all of them from public servers. The pages of this book work from a folder, without a network: this extension takes
those scripts out, and warns (which fails the build) where a page holds a Jupyter widget, empty without them.
"""

from __future__ import annotations

from typing import Any

from sphinx.application import Sphinx
from sphinx.util import logging

logger = logging.getLogger(__name__)

WIDGET_OUTPUT = "application/vnd.jupyter.widget-view+json"


def works_offline(script: Any) -> bool:
    """Say whether a script declared for a page comes with the book and does not belong to thebe."""
    address = str(getattr(script, "filename", None) or script or "")
    body = str(getattr(script, "attributes", {}).get("body", ""))
    return not address.startswith(("http:", "https:", "//")) and "thebe" not in f"{address}{body}".lower()


def take_out_remote_scripts(app: Sphinx, pagename: str, templatename: str, context: dict, doctree: Any) -> None:
    """Filter the scripts of one page; runs after every other extension has declared its own."""
    context["script_files"] = [script for script in context["script_files"] if works_offline(script)]
    if WIDGET_OUTPUT in context.get("body", ""):
        logger.warning(
            "%s: a Jupyter widget is empty in a page without a kernel; show HTML, or tag the cell remove-output",
            pagename,
            type="offline_pages",
        )


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect the filter behind all other listeners."""
    app.connect("html-page-context", take_out_remote_scripts, priority=1000)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
