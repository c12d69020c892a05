"""The built pages as files: complete, linked, with alternative texts, and asking no other machine for anything."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
import yaml
from bs4 import BeautifulSoup
from pages import ROOT, page_names

from tools.dates import version

pytestmark = pytest.mark.pages

LOADING = {
    "script": "src",
    "img": "src",
    "iframe": "src",
    "video": "src",
    "audio": "src",
    "source": "src",
    "link[rel=stylesheet]": "href",
    "link[rel~=icon]": "href",
    "link[rel=preload]": "href",
}

MARKUP = re.compile(
    r"\{(?:cite|term|ref|numref|eq|doc)(?::\w)?\}`|^:::|```|^\(\w[\w-]*\)=|<details|\[\^", flags=re.MULTILINE
)


@cache
def soup(page: Path) -> BeautifulSoup:
    return BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser")


@pytest.fixture(params=page_names())
def page(request, built_book: Path) -> Path:
    return built_book / f"{request.param}.html"


def is_remote(address: str) -> bool:
    return address.startswith(("http:", "https:", "//"))


def test_page_is_there_with_one_title_and_a_language(page):
    assert soup(page).html["lang"] == "en"
    assert len(soup(page).select("#main-content article h1, article.bd-article h1")) == 1
    assert soup(page).title.get_text(strip=True)


def test_page_loads_nothing_from_another_machine(page):
    loaded = [tag.get(attribute, "") for selector, attribute in LOADING.items() for tag in soup(page).select(selector)]
    assert [address for address in loaded if is_remote(address)] == []
    inline = "\n".join(script.get_text() for script in soup(page).select("script:not([src])"))
    assert re.findall(r"import\s*\(?\s*['\"]https?:[^'\"]*", inline) == []
    assert "thebe_selector" not in inline


def test_style_sheets_load_nothing_from_another_machine(built_book):
    for sheet in built_book.rglob("*.css"):
        assert re.findall(r"(?:url\(|@import)\s*['\"]?(?:https?:)?//[^)'\"]*", sheet.read_text(encoding="utf-8")) == []


def test_every_picture_has_an_alternative_text(page):
    without = [img.get("src", "")[:80] for img in soup(page).select("img") if not img.get("alt", "").strip()]
    assert without == []
    figures = soup(page).select("article.bd-article .cell_output img, article.bd-article figure img")
    bare = [img["alt"] for img in figures if len(img["alt"].split()) < 4 or img["alt"].endswith((".png", ".svg"))]
    assert bare == []


def test_links_and_files_inside_the_book_exist(page):
    broken = []
    tags = soup(page).select("a[href], img[src], script[src], link[rel=stylesheet][href]")
    for address in {tag.get("href") or tag.get("src") for tag in tags}:
        parts = urlsplit(address)
        if parts.scheme or parts.netloc:
            continue
        target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
        is_page = target.suffix == ".html"
        if not target.exists() or (is_page and not has_anchor(target, unquote(parts.fragment))):
            broken.append(address)
    assert broken == []


def has_anchor(page: Path, name: str) -> bool:
    return not name or soup(page).find(id=name) is not None


def test_no_markup_is_left_in_the_text(page):
    article = BeautifulSoup(str(soup(page).select_one("article.bd-article")), "html.parser")
    for code in article.select("pre, code, script, style"):
        code.decompose()
    assert MARKUP.findall(article.get_text()) == []
    assert article.select(".system-message, .problematic") == []


def test_a_cell_fails_in_a_page_only_where_its_notebook_says_so(page, built_book):
    source = ROOT / page.relative_to(built_book).with_suffix(".ipynb")
    announced = source.read_text(encoding="utf-8").count('"raises-exception"') if source.exists() else 0
    assert len(soup(page).select(".cell_output .traceback")) <= announced


def test_launch_and_source_buttons_point_at_the_page(page, built_book):
    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    repository, branch = config["repository"]["url"], config["repository"]["branch"]
    path = page.relative_to(built_book)
    name = next(found for end in (".ipynb", ".md") if (ROOT / (found := path.with_suffix(end))).exists()).as_posix()
    release = f"v{version(ROOT)}"
    notebook = name if name.endswith(".ipynb") else "book/01_introduction.ipynb"  # Colab and Kaggle open no text
    owner = repository.removeprefix("https://github.com/")
    launch = [unquote(tag["href"]) for tag in soup(page).select(".dropdown-launch-buttons a[href]")]
    assert launch == [
        f"https://mybinder.org/v2/gh/{owner}/{branch}?urlpath=lab/tree/{name}",
        f"https://colab.research.google.com/github/{owner}/blob/{release}/{notebook}",
        f"https://kaggle.com/kernels/welcome?src={repository}/blob/{release}/{notebook}",
    ]
    assert repository in {tag["href"] for tag in soup(page).select("a[href]")}


def test_search_index_covers_every_page(built_book):
    index = (built_book / "searchindex.js").read_text(encoding="utf-8")
    assert [name for name in page_names() if f'"{name}"' not in index] == []
