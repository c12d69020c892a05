"""The book to print: complete, in order, with links that lead inside, and a PDF that is the same each time."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import pikepdf
import pytest
from bs4 import BeautifulSoup
from pages import ROOT, page_names

from tools import epub, pdf, printed
from tools.address import current

pytestmark = pytest.mark.pages


def book(root: Path, html: Path) -> printed.Book:
    return printed.Book(root, html, "1.2.3", "26 November 2026")


@pytest.fixture(scope="module")
def whole(built_book: Path) -> printed.Printed:
    return printed.assembled(book(ROOT, built_book), site="../html/")


@pytest.fixture(scope="module")
def soup(whole: printed.Printed) -> BeautifulSoup:
    return BeautifulSoup(whole.html, "html.parser")


def test_all_pages_are_there_in_the_order_of_the_table_of_contents(whole, soup):
    anchors = [name.rsplit("/", 1)[-1] for name in page_names()]
    assert [section["id"] for section in soup.select("section.page")] == list(whole.titles) == anchors
    assert [" ".join(heading.get_text().split()) for heading in soup.select("h1")] == list(whole.titles.values())
    assert [link["href"].lstrip("#") for link in soup.select("nav.chapters a")] == anchors
    assert len(soup.select("#bibliography div.citation")) > 20


def test_every_link_leads_to_a_place_in_the_book_or_to_the_web(soup):
    anchors = [tag["id"] for tag in soup.select("[id]")]
    assert len(anchors) == len(set(anchors))
    addresses = {link["href"] for link in soup.select("a[href]")}
    assert [each for each in addresses if each.startswith("#") and each[1:] not in set(anchors)] == []
    assert [each for each in addresses if not re.match(r"#|https?://|mailto:", each)] == []


def test_every_figure_is_there_and_numbered(soup, built_book: Path):
    pages = {name: (built_book / f"{name}.html").read_text(encoding="utf-8") for name in page_names()}
    live = {name: len(re.findall(r"</ntm-[\w-]+>", text)) for name, text in pages.items()}
    assert sum(live.values()) >= 14
    web = current(ROOT).pages
    assert [figure.a["href"].partition("#")[0] for figure in soup.select(".live")] == [
        f"{web}{name}.html" for name, count in live.items() for _ in range(count)
    ]
    for figure in soup.select(".live"):
        page, _, place = figure.a["href"].removeprefix(web).partition(".html")
        assert not place or f'id="{place[1:]}"' in pages[page]
        assert len(figure.img["alt"].split()) > 3
    in_chapters = [figure for figure in soup.select(".live") if "/book/0" in figure.a["href"]]
    assert all(figure.find_parent("figure").select_one(".caption-number") for figure in in_chapters)
    numbered = re.findall(r'<span class="caption-number">(Fig\. [\d.]+)', "".join(pages.values()))
    assert [tag.get_text().strip() for tag in soup.select("figure .caption-number")] == [
        each.strip() for each in numbered
    ]


def test_nothing_needs_a_script_and_nothing_is_folded(soup):
    assert {tag.get("src", "").rsplit("/", 1)[-1] for tag in soup.select("script")} == {"", "startup.js"}
    assert soup.find(printed.is_live) is None
    assert [tag for tag in soup.select("details") if "open" not in tag.attrs] == []


@pytest.mark.parametrize(
    ("address", "page", "expected"),
    [
        ("#a", "book/x", "#x--a"),
        ("y.html#b", "book/x", "#y--b"),
        ("../index.html", "book/x", "#index"),
        ("book/x.html", "index", "#x"),
        ("../genindex.html#A", "book/x", "https://web/genindex.html#A"),
        ("https://example.org/y.html#c", "book/x", "https://example.org/y.html#c"),
    ],
)
def test_where_a_link_leads(address: str, page: str, expected: str):
    assert printed.inside(address, page, ["index", "book/x", "book/y"], "https://web/") == expected


@pytest.fixture
def small_course(tmp_path: Path, monkeypatch) -> Path:
    """The frame of a course with two pages, changed last on a day that is known."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    root = tmp_path / "course"
    root.mkdir()
    (root / "_config.yml").write_bytes((ROOT / "_config.yml").read_bytes())
    (root / "_toc.yml").write_text(
        "root: book/03_addressing\nparts:\n  - caption: All\n    chapters: [{file: book/glossary}]\n"
    )
    return root


def test_a_pdf_has_outline_pages_tags_and_the_same_bytes_each_time(built_book: Path, browser, small_course):
    small, place = book(small_course, built_book), small_course.parent
    made = [pdf.make(browser, small, place / name) for name in ("a", "b")]
    assert made[0][0].read_bytes() == made[1][0].read_bytes()
    with pikepdf.open(made[0][0]) as opened:
        with opened.open_outline() as outline:
            assert [item.title for item in outline.root] == list(printed.assembled(small, "").titles.values())
            assert any(item.title == "Check yourself" for item in outline.root[0].children)
        assert len(opened.pages) == made[0][1] > 10
        assert opened.Root.MarkInfo.Marked
        assert str(opened.docinfo["/CreationDate"]) == "D:20231114221320+00'00'"


def test_what_does_not_fit_is_told(browser, tmp_path):
    page = browser.new_page(viewport={"width": 400, "height": 400})
    page.set_content("<article><p style='width: 900px'>wide</p><img src='missing.png'></article>")
    found = page.evaluate(pdf.FITTED)
    page.close()
    assert [line.split(":")[0] for line in found] == ["too wide", "no picture"]


def test_an_epub_holds_well_formed_chapters_with_formulas_pictures_and_links(built_book: Path, browser, small_course):
    small, place = book(small_course, built_book), small_course.parent
    made = [epub.make(browser, small, place / name) for name in ("a", "b")]
    assert made[0].read_bytes() == made[1].read_bytes()
    with zipfile.ZipFile(made[0]) as archive:
        names = archive.namelist()
        assert names[0] == "mimetype" and archive.getinfo("mimetype").compress_type == zipfile.ZIP_STORED
        trees = {
            name: ElementTree.fromstring(archive.read(name)) for name in names if name.endswith((".xhtml", ".opf"))
        }
    chapter = trees["book/03_addressing.xhtml"]
    page = (built_book / "book/03_addressing.html").read_text(encoding="utf-8")
    assert len(list(chapter.iter("{http://www.w3.org/1998/Math/MathML}math"))) == len(re.findall('class="math ', page))
    anchors = {tag.get("id") for tree in trees.values() for tag in tree.iter()}
    html = "{http://www.w3.org/1999/xhtml}"
    for tree in trees.values():
        for link in tree.iter(f"{html}a"):
            file, _, anchor = str(link.get("href")).partition("#")
            assert file.startswith("http") or (f"book/{file}" in names and (not anchor or anchor in anchors))
        assert [tag.get("src") for tag in tree.iter(f"{html}img") if f"book/{tag.get('src')}" not in names] == []
    listed = {tag.get("href") for tag in trees["book/package.opf"].iter("{http://www.idpf.org/2007/opf}item")}
    assert {f"book/{name}" for name in listed} == set(names) - {
        "mimetype",
        "META-INF/container.xml",
        "book/package.opf",
    }
