"""Tell assistive software that the bibliography is a list of items.

docutils gives each entry the role `doc-biblioentry`, which ARIA has given up, inside a `list`, which wants items.
"""

from __future__ import annotations

from typing import Any

from sphinx.application import Sphinx


def entries_as_items(app: Sphinx, pagename: str, templatename: str, context: dict, doctree: Any) -> None:
    """Rename the role in the text of one page."""
    if "body" in context:
        context["body"] = context["body"].replace('role="doc-biblioentry"', 'role="listitem"')


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect to the writing of pages."""
    app.connect("html-page-context", entries_as_items)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
