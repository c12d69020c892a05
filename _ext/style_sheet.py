"""Write one style sheet for all pages, with the rules that some page can use, in place of the theme's ten.

What a page can use: elements, classes and identifiers that stand in a built page, and every word of the scripts, since
a script may set a class of that name. A rule whose selector needs another is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import tinycss2
from lean_pages import SHEET, LeanTemplates
from sphinx.application import Sphinx
from tinycss2.ast import Node

UNUSED_FILES = ("**/*.map", "scripts/fontawesome.js", "vendor/fontawesome/webfonts/*.ttf", "*webpack-macros.html")
"""What no page loads, though the theme copies it: seven megabytes."""
CLASS = re.compile(r'\sclass="([^"]*)"')
IDENTIFIER = re.compile(r'\sid="([^"]*)"')
ELEMENT = re.compile(r"<([a-zA-Z][\w-]*)")
SCRIPT = re.compile(r"<script[^>]*>(.*?)</script>", re.DOTALL)
WORD = re.compile(r"[a-zA-Z_][\w-]*")
IMPORT = re.compile(r"""@import\s+["']([^"']+)["'];""")
ADDRESS = re.compile(r"""url\((?!["']?(?:data:|#))[^)]*\)""")
NESTED = {"media", "supports", "layer", "container"}
EITHER = {"is", "where", "has"}
ICON_STYLES = """.svg-inline--fa{display:inline-block;height:1em;overflow:visible;vertical-align:-.125em}
.svg-inline--fa{box-sizing:content-box}
.svg-inline--fa.fa-lg{vertical-align:-.2em}
"""
"""What the theme's script of icons sets, for the pictures of `lean_pages.py`."""


class Used(NamedTuple):
    """What stands in the pages and in the scripts."""

    names: set[str]
    """Classes and identifiers of the pages."""
    elements: set[str]
    words: set[str]
    """Words of the scripts."""

    def has(self, name: str) -> bool:
        """Return whether an element of some page has this class or identifier, or may get it."""
        return name in self.names or name in self.words

    def has_element(self, name: str) -> bool:
        """Return whether some page has, or may get, an element of this name."""
        return name.lower() in self.elements or name in self.words


def used_in(folder: Path) -> Used:
    """Read the built pages and the scripts that they load."""
    names: set[str] = set()
    elements: set[str] = set()
    words: set[str] = set()
    for page in folder.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        names |= {name for found in CLASS.findall(text) for name in found.split()} | set(IDENTIFIER.findall(text))
        elements |= {name.lower() for name in ELEMENT.findall(text)}
        for script in SCRIPT.findall(text):
            words |= set(WORD.findall(script))
    for path in (folder / "_static").rglob("*.js"):
        if "machines" not in path.parts and path.name != "fontawesome.js":
            words |= set(WORD.findall(path.read_text(encoding="utf-8")))
    return Used(names, elements, words)


def alternatives(tokens: list[Node]) -> Iterator[list[Node]]:
    """Split a list of selectors at its commas."""
    part: list[Node] = []
    for token in tokens:
        if token.type == "literal" and token.value == ",":
            yield part
            part = []
        else:
            part.append(token)
    yield part


def matches(selector: list[Node], used: Used) -> bool:
    """Return whether some element of some page may match the selector."""
    before = ""
    for token in selector:
        possible = True
        if token.type == "hash" or (token.type == "ident" and before == "."):
            possible = used.has(token.value)
        elif token.type == "ident" and before != ":":
            possible = used.has_element(token.value)
        elif token.type == "function" and token.lower_name in EITHER:
            possible = any(matches(each, used) for each in alternatives(token.arguments))
        if not possible:
            return False
        before = token.value if token.type == "literal" else ""
    return True


def lean(rules: list[Node], used: Used) -> Iterator[str]:
    """Return the rules that some page can use, as text."""
    for rule in rules:
        if rule.type == "qualified-rule":
            kept = [each for each in alternatives(rule.prelude) if matches(each, used)]
            if kept:
                selectors = ",".join(tinycss2.serialize(each).strip() for each in kept)
                yield f"{selectors}{{{tinycss2.serialize(rule.content).strip()}}}"
        elif rule.type == "at-rule" and rule.lower_at_keyword in NESTED and rule.content is not None:
            inner = "".join(lean(tinycss2.parse_blocks_contents(rule.content, True, True), used))
            if inner:
                yield f"@{rule.at_keyword}{tinycss2.serialize(rule.prelude)}{{{inner}}}"
        elif rule.type == "error":
            raise ValueError(f"style sheet, line {rule.source_line}: expected a rule. Received {rule.message}")
        else:
            yield rule.serialize()


def source(path: Path) -> str:
    """Return a style sheet with those that it imports in their place."""
    text = path.read_text(encoding="utf-8")
    return IMPORT.sub(lambda found: source((path.parent / found[1]).resolve()), text)


def sheet(paths: list[Path], used: Used) -> str:
    """Join style sheets, in their order, without what no page can use.

    Raises:
        ValueError: if one of them loads a file by an address that would lead elsewhere from the joined sheet.
    """
    lines = [ICON_STYLES]
    for path in paths:
        kept = "\n".join(lean(tinycss2.parse_stylesheet(source(path), True, True), used))
        if path.parent.name != Path(SHEET).parent.name and ADDRESS.search(kept):
            raise ValueError(f"{path.name}: expected no address of a file. Received {ADDRESS.findall(kept)[0]}")
        lines.append(kept + "\n")
    return "".join(lines)


def write_sheet(app: Sphinx, error: Exception | None) -> None:
    """Write the one sheet, and remove what is not loaded; nothing happens where no page was written."""
    templates = getattr(app.builder, "templates", None)
    if error is not None or not isinstance(templates, LeanTemplates) or not templates.style_sheets:
        return
    static = Path(app.outdir) / "_static"
    names = [name for name in templates.style_sheets if name != SHEET]
    text = sheet([static / name for name in names], used_in(Path(app.outdir)))
    (static / SHEET).write_text(text, encoding="utf-8")
    for pattern in UNUSED_FILES:
        for path in static.glob(pattern):
            path.unlink()


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect behind the theme, which writes the sheet of the code's colours when the build has finished."""
    app.connect("build-finished", write_sheet, priority=1100)
    return {"parallel_read_safe": True, "parallel_write_safe": False}
