"""The built pages in Chromium, opened as files: no request to a network, no error, legible maths, nothing cut off."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from pages import ROOT, chapters, page_names

sys.path.insert(0, str(ROOT / "benchmarks"))

from page_bytes import LARGEST, by_kind, without_figures

from tools import accessibility
from tools.browser import prefer_theme

pytestmark = pytest.mark.pages

WIDE, NARROW, NARROWEST = {"width": 1280, "height": 900}, {"width": 390, "height": 844}, {"width": 320, "height": 640}


@dataclass
class Visit:
    """One page opened in the browser, and what happened on the way."""

    page: Any
    name: str = ""
    theme: str = ""
    requests: list[str] = field(default_factory=list)
    files: set[Path] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)


@contextmanager
def visit(browser, folder: Path, name: str, theme: str = "light") -> Iterator[Visit]:
    """Open a page of the book, offline, and note every request that leaves the book's folder."""
    context = browser.new_context(viewport=WIDE, color_scheme=theme)
    inside = folder.as_uri()
    visited = Visit(context.new_page())

    def decide(route) -> None:
        if route.request.url.startswith(inside):
            visited.files.add(Path(unquote(urlsplit(route.request.url).path)))
            route.continue_()
        else:
            visited.requests.append(route.request.url)
            route.abort()

    context.route(lambda address: not address.startswith(("data:", "blob:")), decide)
    visited.page.on("pageerror", lambda error: visited.problems.append(str(error)))
    visited.page.on("requestfailed", lambda request: visited.problems.append(f"failed: {request.url}"))
    visited.page.on("console", lambda m: visited.problems.append(m.text) if m.type in {"error", "warning"} else None)
    visited.page.goto(f"{inside}/{name}.html")
    visited.page.evaluate("async () => { if (window.MathJax) await window.MathJax.startup.promise }")
    yield visited
    context.close()


THEMES = ("light", "dark")


@pytest.fixture(scope="module", params=zip(page_names(), cycle(THEMES), strict=False), ids="-".join)
def visited(request, browser, built_book: Path) -> Iterator[Visit]:
    """Each page of the book, opened once for all tests that take it, every other one in the dark theme."""
    with visit(browser, built_book, *request.param) as opened:
        opened.name, opened.theme = request.param
        yield opened


def test_page_asks_no_other_machine_and_reports_no_error(visited):
    assert visited.requests == []
    assert visited.problems == []
    assert visited.page.evaluate("document.documentElement.dataset.theme") == visited.theme


def test_page_without_the_data_of_its_figures_stays_small(visited, built_book):
    sizes = by_kind(built_book / f"{visited.name}.html", visited.files, compressed=True)
    assert min(sizes["text"], sizes["style"], sizes["scripts"]) > 0
    assert without_figures(sizes) < LARGEST, sizes


def test_maths_is_typeset_and_not_red(visited):
    red = visited.page.locator("mjx-merror, mjx-container [style*=red], mjx-container [fill=red]")
    assert red.all_inner_texts() == []
    assert visited.page.locator(".math:not(:has(mjx-container))").all_inner_texts() == []


# What is wider than its box must scroll there: anything else that reaches over the window's edge is cut off.
CUT_OFF = """() => [...document.querySelectorAll('article.bd-article :is(pre, table, img, mjx-container, figure, p)')]
  .filter(element => element.offsetParent && element.getBoundingClientRect().right > innerWidth + 1)
  .filter(element => { for (let e = element; e.matches('article.bd-article *'); e = e.parentElement)
                         if (/auto|scroll/.test(getComputedStyle(e).overflowX)) return false;
                       return true; })
  .map(element => element.outerHTML.slice(0, 120))"""


@pytest.mark.parametrize("size", [WIDE, NARROW, NARROWEST], ids=["1280", "390", "320"])
def test_page_is_no_wider_than_the_window(visited, size):
    visited.page.set_viewport_size(size)
    width, window = visited.page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    assert (width, window) == (size["width"], size["width"])
    assert visited.page.evaluate(CUT_OFF) == []


HIDDEN_BEGINNINGS = """() => [...document.querySelectorAll('article.bd-article div.math:has(> mjx-container)')]
  .filter(box => box.offsetParent)
  .filter(box => box.firstElementChild.getBoundingClientRect().left < box.getBoundingClientRect().left - 1)
  .map(box => box.innerText.slice(0, 80))"""


def test_an_equation_that_scrolls_opens_at_its_beginning(visited):
    visited.page.set_viewport_size(NARROW)
    assert visited.page.evaluate(HIDDEN_BEGINNINGS) == []


CONTRAST = """selector => {
  const parse = text => (text.match(/[\\d.]+/g) || []).map(Number);
  const linear = v => v <= 10.31 ? v / 3294.6 : ((v / 255 + .055) / 1.055) ** 2.4;
  const light = ([r, g, b]) => .2126 * linear(r) + .7152 * linear(g) + .0722 * linear(b);
  const behind = element => {
    for (let e = element; e; e = e.parentElement) {
      const colour = parse(getComputedStyle(e).backgroundColor);
      if (colour.length === 3 || colour[3] > .99) return colour;
    }
    return [255, 255, 255];
  };
  return [...document.querySelectorAll(selector)].filter(e => e.offsetParent && e.textContent.trim()).map(e => {
      const [a, b] = [light(parse(getComputedStyle(e).color)), light(behind(e))];
      return [(Math.max(a, b) + .05) / (Math.min(a, b) + .05), e.textContent.trim().slice(0, 40)]; })
    .filter(([ratio]) => ratio < 4.5);
}"""


@pytest.mark.parametrize("theme", THEMES)
def test_text_stands_out_from_its_background(visited, theme):
    prefer_theme(visited.page, theme)
    visited.page.evaluate("document.querySelectorAll('details').forEach(element => element.open = true)")
    text = "p, li, figcaption, figcaption *, summary, th, td, dt, dd, h1, h2, h3, pre, pre *, a"
    assert visited.page.evaluate(CONTRAST, f"article.bd-article :is({text})") == []


def test_self_check_works_by_keyboard(visited):
    page, answers = visited.page, visited.page.locator("details.answer")
    if visited.name not in {f"book/{path.stem}" for path in chapters()}:
        return
    answer = answers.first
    answer.evaluate("element => { element.open = false; }")
    answer.locator("summary").focus(timeout=10_000)
    page.keyboard.press("Enter")
    assert answer.locator("p").last.is_visible()
    page.keyboard.press("Space")
    assert not answer.evaluate("element => element.open")


def test_axe_finds_nothing(visited):
    """Each page once, every other one dark and narrow: `make accessibility` does all widths in both themes.

    This is the last test of an opened page, which it changes.
    """
    prefer_theme(visited.page, visited.theme)
    accessibility.prepare(visited.page)
    found = accessibility.check(visited.page, {"light": 1280, "dark": 390}[visited.theme])
    assert [(fault["rule"], fault["places"]) for fault in found.violations] == []
    assert "color-contrast" in found.passes


def test_search_works_from_files(browser, built_book):
    with visit(browser, built_book, "search") as visited:
        visited.page.goto(f"{visited.page.url}?q=sharpening")
        visited.page.wait_for_selector("#search-results ul.search li a", timeout=10_000)
        assert visited.requests == []
        # leaving the first page may cut off the browser's own request for the icon
        assert [problem for problem in visited.problems if "favicon" not in problem] == []


# What is shown and reaches over its own edge: on paper nobody can scroll to it.
CUT = """() => [...document.querySelectorAll('article pre')]
  .filter(each => each.getClientRects().length && each.scrollWidth > each.clientWidth + 1)
  .map(each => each.textContent.slice(0, 80))"""
PAPER = {"width": 657, "height": 970}


@pytest.mark.parametrize("name", ["book/06_copy", "book/12_stability"])
def test_no_line_of_code_is_cut_off_on_paper(browser, built_book, name):
    with visit(browser, built_book, name) as visited:
        visited.page.set_viewport_size(PAPER)
        visited.page.emulate_media(media="print")
        assert visited.page.evaluate(CUT) == []
        assert visited.page.evaluate(UNDIVIDED) == []


# A box that scrolls is pushed to the next sheet and leaves its frame empty; what fades in is printed before it is seen.
UNDIVIDED = """() => [...document.querySelectorAll(
    'article :is(.cell_input, .cell_output, .highlight, details, details > *)')]
  .filter(each => { const style = getComputedStyle(each);
    return style.overflowX !== 'visible' || style.animationName !== 'none'; })
  .map(each => each.className)"""


def test_paper_is_light_and_hides_nothing_and_the_page_comes_back_as_it_was(browser, built_book):
    with visit(browser, built_book, "book/03_addressing", "dark") as visited:
        theme = "document.documentElement.dataset.theme"
        count = "document.querySelectorAll('article details:not([open])').length"
        folded = visited.page.evaluate(count)
        assert folded > 10
        visited.page.evaluate(f"addEventListener('beforeprint', () => {{ window.on_paper = [{theme}, {count}]; }})")
        visited.page.pdf()
        assert visited.page.evaluate("window.on_paper") == ["light", 0]
        assert visited.page.evaluate(f"[{theme}, {count}]") == ["dark", folded]
