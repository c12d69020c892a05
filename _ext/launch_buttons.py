"""Give every page the buttons that launch it: Binder, Colab and Kaggle.

The theme gives them to notebooks only, and knows no Kaggle. Binder's JupyterLab opens text as well. Colab and Kaggle
open notebooks only, so from a page of text they open the first chapter, and say so. They open the notebooks of the
release whose library the first cell fetches.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx_book_theme.header_buttons.launch import add_launch_buttons

COLAB = "https://colab.research.google.com/github/"
KAGGLE = "https://kaggle.com/kernels/welcome?src=https://github.com/"


def group(context: dict[str, Any]) -> dict[str, Any] | None:
    """Return the group of a page's launch buttons, if there is one."""
    return next((button for button in context["header_buttons"] if button.get("label") == "launch-buttons"), None)


def launch_text(app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: Any) -> None:
    """Let the theme make its buttons for a page of text, in front of the others."""
    as_notebook = {**context, "header_buttons": [], "page_source_suffix": ".ipynb", "sourcename": ""}
    add_launch_buttons(app, pagename, templatename, as_notebook, doctree)
    first = min((Path(app.srcdir) / "book").glob("*.ipynb")).relative_to(app.srcdir).as_posix()
    for button in (group(as_notebook) or {"buttons": []})["buttons"]:
        if button["url"].startswith(COLAB):
            button["url"] = button["url"].replace(app.env.doc2path(pagename, base=False), first)
            button["text"] += ", chapter 1"
            button["tooltip"] = "Launch the first chapter on Colab"
    context["header_buttons"][:0] = as_notebook["header_buttons"]


def open_release(app: Sphinx, context: dict[str, Any]) -> None:
    """Let Colab open the notebook of the release, not that of the branch."""
    project = tomllib.loads((Path(app.srcdir) / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    branch = app.config.html_theme_options["repository_branch"]
    for button in (group(context) or {"buttons": []})["buttons"]:
        if button["url"].startswith(COLAB):
            button["url"] = button["url"].replace(f"/blob/{branch}/", f"/blob/v{project['version']}/", 1)


def add_kaggle(context: dict[str, Any]) -> None:
    """Put beside Colab's button one for Kaggle, with the same notebook."""
    buttons = (group(context) or {"buttons": []})["buttons"]
    for button in [button for button in buttons if button["url"].startswith(COLAB)]:
        words = {key: button[key].replace("Colab", "Kaggle") for key in ("text", "tooltip")}
        url = button["url"].replace(COLAB, KAGGLE, 1)
        buttons.append({"type": "link", "icon": "fas fa-k", "url": url, **words})


def complete(app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: Any) -> None:
    """Complete the buttons of one page. Search and index, which have no source, stay as they are."""
    if doctree is not None and "header_buttons" in context:
        if group(context) is None:
            launch_text(app, pagename, templatename, context, doctree)
        open_release(app, context)
        add_kaggle(context)


def setup(app: Sphinx) -> dict[str, bool]:
    """Run behind the theme, which makes its buttons at 501."""
    app.connect("html-page-context", complete, priority=600)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
