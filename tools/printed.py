"""The built pages as one page to print: every chapter in the order of `_toc.yml`, with links that lead inside.

What a sheet of paper cannot do is replaced: a live figure by its still picture and the address where it can be driven,
folded text by unfolded text. Nothing is executed.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

import yaml
from bs4 import BeautifulSoup, Tag

from tools.address import current

STYLES = Path(__file__).with_name("print.css")
LEFT_OUT = "script, noscript, a.headerlink, .copybtn, .d-print-none, details.hide > summary"
SHORT = 20  # lines of code that stay on one sheet
MATHJAX = (
    '<script>window.MathJax = {"options": {"processHtmlClass": "tex2jax_process|mathjax_process|math|output_area"},'
    '"loader": {"load": ["core", "input/tex", "output/chtml", "a11y/assistive-mml"]}}'
)
SHELL = """<!DOCTYPE html>
<html lang="en" data-theme="light"><head><meta charset="utf-8"><title>{title}</title>
{sheets}<style>{styles}</style>
{mathjax}</script><script defer src="{site}_static/mathjax/startup.js"></script></head>
<body><main class="bd-content"><article class="bd-article">
{front}
{pages}
</article></main></body></html>
"""


class Book(NamedTuple):
    """What the printed book is made from."""

    root: Path
    """The course's folder."""
    html: Path
    """The folder of the built pages."""
    version: str
    date: str
    """The day of the last change, as the title page says it."""

    @property
    def config(self) -> dict:
        """The book's configuration."""
        return yaml.safe_load((self.root / "_config.yml").read_text(encoding="utf-8"))

    @property
    def parts(self) -> list[tuple[str, list[str]]]:
        """The captions of the table of contents with their pages; the first has none."""
        toc = yaml.safe_load((self.root / "_toc.yml").read_text(encoding="utf-8"))
        named = [(part["caption"], [chapter["file"] for chapter in part["chapters"]]) for part in toc["parts"]]
        return [("", [toc["root"]]), *named]


class Printed(NamedTuple):
    """The book as one page."""

    html: str
    headings: list[str]
    """The text of every heading, in order: the outline."""
    titles: dict[str, str]
    """The title of each chapter, by its anchor."""


def slug(page: str) -> str:
    """Return the anchor of a page: its name without the folder."""
    return page.rsplit("/", 1)[-1]


def inside(address: str, page: str, pages: list[str], web: str) -> str:
    """Return where a link of a page leads in print: to an anchor, or to the web where the target is not printed."""
    parts = urlsplit(address)
    if parts.scheme or parts.netloc:
        return address
    path = (
        posixpath.normpath(posixpath.join(posixpath.dirname(page), unquote(parts.path)))
        if parts.path
        else f"{page}.html"
    )
    name = path.removesuffix(".html")
    if name not in pages:
        return f"{web}{path}" + (f"#{parts.fragment}" if parts.fragment else "")
    return f"#{slug(name)}" + (f"--{unquote(parts.fragment)}" if parts.fragment else "")


def article(book: Book, page: str, site: str, pages: list[str], web: str) -> Tag:
    """Return the text of a page with anchors of its own and links that lead inside."""
    soup = BeautifulSoup((book.html / f"{page}.html").read_text(encoding="utf-8"), "html.parser")
    text = soup.select_one("article.bd-article > section")
    if text is None:
        raise ValueError(f"{page}: received a page without an article, expected one that `make book` built")
    for tag in text.select(LEFT_OUT):
        tag.decompose()
    for tag in text.select("[id]"):
        tag["id"] = f"{slug(page)}--{tag['id']}"
    for tag in text.select("a[href]"):
        tag["href"] = inside(str(tag["href"]), page, pages, web)
    for tag in text.select("img[src]"):
        if not str(tag["src"]).startswith("data:"):
            tag["src"] = site + posixpath.normpath(posixpath.join(posixpath.dirname(page), str(tag["src"])))
    for tag in text.select("details.hide"):
        tag.unwrap()  # folded code and output
    for tag in text.select("details"):
        tag["open"] = ""
    for tag in text.select(".cell_input, .cell_output > .output"):
        if tag.get_text().count("\n") <= SHORT:
            tag["class"] = " ".join([*tag.get_attribute_list("class"), "short"])
    text["class"] = " ".join([*text.get_attribute_list("class"), "page"])
    text["id"] = slug(page)
    return text


def is_live(tag: Tag) -> bool:
    """Say whether an element is a live figure."""
    return tag.name.startswith("ntm-")


def still(text: Tag, page: str, web: str) -> None:
    """Replace the live figures of a page by still pictures and the address where each can be driven."""
    maker = BeautifulSoup("", "html.parser")
    for live in text.find_all(is_live):
        picture = live.find("img")
        if picture is None:
            raise ValueError(f"{page}: received a live figure without a still picture")
        around = live.find_parent("figure")
        place = f"#{str(around['id']).removeprefix(f'{slug(page)}--')}" if around and around.get("id") else ""
        figure, caption = maker.new_tag("div", attrs={"class": "live"}), maker.new_tag("p")
        link = maker.new_tag("a", href=f"{web}{page}.html{place}")
        link.string = f"{web}{page}.html"
        caption.extend(["What it shows first. To drive it, open ", link, "."])
        figure.extend([picture.extract(), caption])
        live.replace_with(figure)


def front_matter(book: Book, titles: dict[str, str], web: str) -> str:
    """Return the title page and the contents; the printer fills in the page numbers."""
    config = book.config
    lines = []
    for caption, pages in book.parts:
        lines += [f"<p class='part'>{caption}</p>"] if caption else []
        lines += [
            f"<p><a href='#{slug(page)}'>{titles[page]}</a><span data-page='{slug(page)}'></span></p>" for page in pages
        ]
    return f"""<header class="title"><p class="title">{config["title"]}</p>
<p>Version {book.version}, {book.date}</p>
<p>The live edition, whose figures can be driven and whose notebooks can be run: <a href="{web}">{web}</a></p>
<p>{config["html"]["extra_footer"]}</p></header>
<nav class="chapters"><p class="title">Contents</p>{"".join(lines)}</nav>"""


def assembled(book: Book, site: str) -> Printed:
    """Return the whole book as one page.

    Args:
        book: what it is made from.
        site: the way from the place of the page to the folder of the built pages.
    """
    web = current(book.root).pages
    pages = [page for _, part in book.parts for page in part]
    titles, texts, headings = {}, [], []
    for page in pages:
        text = article(book, page, site, pages, web)
        still(text, page, web)
        found = [" ".join(heading.get_text().split()) for heading in text.select("h1, h2, h3, h4, h5, h6")]
        titles[page] = found[0]
        headings += found
        texts.append(str(text))
    first = BeautifulSoup((book.html / f"{pages[0]}.html").read_text(encoding="utf-8"), "html.parser")
    sheets = [re.sub(r"\?.*", "", str(link["href"])) for link in first.select("link[rel=stylesheet]")]
    whole = SHELL.format(
        title=book.config["title"],
        sheets="".join(f'<link rel="stylesheet" href="{site}{sheet}">\n' for sheet in sheets),
        styles=STYLES.read_text(encoding="utf-8"),
        mathjax=MATHJAX,
        site=site,
        front=front_matter(book, titles, web),
        pages="\n".join(texts),
    )
    return Printed(whole, headings, {slug(page): title for page, title in titles.items()})
