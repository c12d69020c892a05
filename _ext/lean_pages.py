"""Leave out of each page what the theme loads and the page does not use, and let the text come before the scripts.

The theme draws its dozen icons with a script of 1.5 MB that knows two thousand: here each stands in the page as a
picture. Scripts for things that a page does not have are left out; the others wait until the text has been read.
`style_sheet.py` writes the one style sheet that the pages name, and `picture_files.py` the pictures.
"""

from __future__ import annotations

import functools
import re
from pathlib import Path

import picture_files
import pydata_sphinx_theme
from sphinx.application import Sphinx
from sphinx.jinja2glue import BuiltinTemplateLoader

SHEET = "styles/pages.css"
ICONS = Path(pydata_sphinx_theme.__file__).parent / "theme/pydata_sphinx_theme/static/scripts/fontawesome.js"

ICON = re.compile(r'<(i|span) class="(?P<names>[^"]*\bfa[sb]?[ -][^"]*)"(?P<others>[^>]*)></\1>')
STYLES_OF_ICONS = {"fa-solid", "fa-brands", "fas", "fab"}
STYLE_LINK = re.compile(
    r'[ \t]*<link (?=[^>]*rel="stylesheet")[^>]*href="(?P<static>[^"]*_static/)(?P<name>[^"?]*)[^>]*>\n?'
)
SCRIPT = re.compile(r"[ \t]*<script(?P<attributes>[^>]*)>(?P<body>.*?)</script>\n?", re.DOTALL)
CLASSES = re.compile(r'\sclass="([^"]*)"')
SOURCE = re.compile(r'\ssrc="(?:[^"]*/)?([\w.-]+\.js)[^"]*"')

OF_SEARCH = {"searchtools.js", "language_data.js", "searchindex.js"}
OF_FOLDING = {"togglebutton.js"}
OF_TABS = {"design-tabs.js"}
AT_ONCE = {"documentation_options.js"}
"""The small scripts inside a page read what this one sets."""
FOLDING_VARIABLES = re.compile(
    r"\s*(?:let toggle(?:HintShow|HintHide|OpenOnPrint)|var togglebuttonSelector) = [^;]*;\s*"
)


@functools.cache
def drawing(name: str) -> tuple[str, str, str]:
    """Return width, height and path of an icon.

    Raises:
        LookupError: if the theme has no icon of this name.
    """
    known = ICONS.read_text(encoding="utf-8")
    entry = rf'(?<![\w-])"?{re.escape(name)}"?:\[(\d+),(\d+),\[[^\]]*\],"[0-9a-f]+","([^"]*)"\]'
    found = re.findall(entry, known)
    if not found:
        raise LookupError(f"icon: expected one that the theme has. Received {name!r}")
    return found[-1]  # outlined, then solid: the theme's own order


def picture(tag: re.Match[str]) -> str:
    """Return an icon as the picture that the theme's script would put in its place; its button has the name."""
    names = [name for name in tag["names"].split() if name not in STYLES_OF_ICONS]
    width, height, path = drawing(next(name for name in names if name.startswith("fa-")).removeprefix("fa-"))
    others = re.sub(r'\s+title="[^"]*"', "", tag["others"]).rstrip()
    return (
        f'<svg class="{" ".join(["svg-inline--fa", *names])}"{others} aria-hidden="true" focusable="false" '
        f'viewBox="0 0 {width} {height}"><path fill="currentColor" d="{path}"/></svg>'
    )


def unused_scripts(text: str, is_search: bool) -> set[str]:
    """Return the names of the scripts that have nothing to do on a page."""
    sets = [set(names.split()) for names in CLASSES.findall(text)]
    unused = {"fontawesome.js"}
    if not is_search:
        unused |= OF_SEARCH
    if not any("toggle" in names or {"admonition", "dropdown"} <= names for names in sets):
        unused |= OF_FOLDING
    if not any("sd-tab-set" in names for names in sets):
        unused |= OF_TABS
    return unused


def lean_scripts(text: str, is_search: bool) -> str:
    """Leave out the unused scripts of a page's head, and let the others wait for its text."""
    unused = unused_scripts(text, is_search)

    def replace(tag: re.Match[str]) -> str:
        source = SOURCE.search(tag["attributes"])
        if source is None:
            settings = unused >= OF_FOLDING and FOLDING_VARIABLES.fullmatch(tag["body"])
            return "" if settings else tag[0]
        if source[1] in unused:
            return ""
        if is_search or source[1] in AT_ONCE or re.search(r"\s(defer|async|type)\b", tag["attributes"]):
            return tag[0]
        return tag[0].replace("<script", "<script defer", 1)

    head, end, body = text.partition("</head>")
    return SCRIPT.sub(replace, head) + end + body


def one_sheet(text: str) -> tuple[str, list[str]]:
    """Name one style sheet in place of those that a page declares; return the page, and their names in order."""
    head, end, body = text.partition("</head>")
    links = list(STYLE_LINK.finditer(head))
    if not links:
        return text, []
    link = f'<link rel="stylesheet" type="text/css" href="{links[0]["static"]}{SHEET}" />\n'
    head = head[: links[0].start()] + link + STYLE_LINK.sub("", head[links[0].start() :])
    return head + end + body, [found["name"] for found in links]


class LeanTemplates(BuiltinTemplateLoader):
    """The theme's templates, whose pages are made lean; `style_sheets` are those that some page declared."""

    style_sheets: dict[str, None]
    output: Path

    def init(self, builder, theme=None, dirs=None) -> None:  # type: ignore[no-untyped-def]
        """Begin with no style sheet."""
        self.style_sheets = {}
        self.output = Path(builder.outdir)
        super().init(builder, theme, dirs)

    def render(self, template: str, context: dict) -> str:  # type: ignore[override]
        """Return a whole page, or another file that has a template."""
        text = super().render(template, context)
        if "</head>" not in text:
            return text
        text, names = one_sheet(lean_scripts(ICON.sub(picture, text), template == "search.html"))
        self.style_sheets.update(dict.fromkeys(names))
        return picture_files.beside(text, "../" * context["pagename"].count("/"), self.output)


def setup(app: Sphinx) -> dict[str, bool]:
    """Say that one process must write the pages: it collects their style sheets. `_config.yml` names the templates."""
    return {"parallel_read_safe": True, "parallel_write_safe": False}
