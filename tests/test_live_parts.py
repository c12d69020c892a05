"""Every live part of every built page: it is there, answers to keys and fingers, and is open to assistive software."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pages import live_pages, page_names
from test_browser import NARROW, WIDE, Visit, visit

from tools.browser import prefer_theme

pytestmark = pytest.mark.pages

LIVE = "[...document.querySelectorAll('article.bd-article *')].filter(e => e.localName.startsWith('ntm-'))"
"""The custom elements of the library; a page has none, one or several."""

OPEN = "e.shadowRoot.querySelectorAll('details').forEach(d => { d.open = true; })"


@pytest.fixture(scope="module", params=live_pages())
def opened(request: pytest.FixtureRequest, browser: Any, built_book: Path) -> Iterator[Visit]:
    with visit(browser, built_book, request.param) as page:
        page.page.wait_for_function(f"() => {LIVE}.every(e => e.shadowRoot?.querySelector('canvas, [role=alert]'))")
        page.page.evaluate(f"{LIVE}.forEach(e => {OPEN})")
        yield page


def test_a_live_part_is_where_the_source_asks_for_one(built_book: Path) -> None:
    pages = {name: (built_book / f"{name}.html").read_text(encoding="utf-8") for name in page_names()}
    assert [name for name, text in pages.items() if "<ntm-" in text] == live_pages()


def test_none_reports_a_problem_and_all_have_the_pages_theme(opened: Visit) -> None:
    for theme in ("dark", "light"):  # the others begin with the light one
        prefer_theme(opened.page, theme)
        shown = opened.page.evaluate(
            f"{LIVE}.map(e => [e.shadowRoot.querySelector('.inspector').dataset.theme, "
            "e.shadowRoot.querySelector('[role=alert]')?.textContent ?? ''])"
        )
        assert shown == [[theme, ""]] * len(shown)
    assert opened.requests == []
    assert opened.problems == []


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["1280", "390"])
def test_what_can_be_pressed_has_room_for_a_finger(opened: Visit, size: dict[str, int]) -> None:
    opened.page.set_viewport_size(size)
    small = opened.page.evaluate(
        f"""{LIVE}.flatMap(host => [...host.shadowRoot.querySelectorAll('button, select, summary, input')])
        .filter(e => e.offsetParent && !(e.closest('label')?.getBoundingClientRect().height >= 24))
        .filter(e => e.getBoundingClientRect().height < 24 || e.getBoundingClientRect().width < 24)
        .map(e => e.outerHTML.slice(0, 100))"""
    )
    assert small == []


def test_in_print_each_is_a_picture_with_a_text(opened: Visit) -> None:
    opened.page.emulate_media(media="print")
    shown = opened.page.evaluate(
        f"""{LIVE}.map(e => e.shadowRoot.querySelector('.inspector').offsetHeight
        + [...e.querySelectorAll('img')].filter(i => i.offsetWidth > 200 && i.alt.length > 40).length)"""
    )
    opened.page.emulate_media(media="screen")
    assert shown == [1] * len(shown)


SAID = """host => { host.said = 0; const watcher = new MutationObserver(() => { host.said += 1; });
  for (const line of host.shadowRoot.querySelectorAll('[aria-live]')) watcher.observe(line, { childList: true }); }"""


def test_a_screen_reader_is_not_flooded(opened: Visit) -> None:
    """Nothing is said when the page opens, and a slider that is moved through many values is spoken of at its rest."""
    for place in range(opened.page.evaluate(f"{LIVE}.length")):
        host = opened.page.evaluate_handle(f"{LIVE}[{place}]").as_element()
        assert host.evaluate("e => e.shadowRoot.querySelector('[role=status]')") is None
        host.evaluate(SAID)
        slider = host.evaluate_handle("e => e.shadowRoot.querySelector('input[type=range]')").as_element()
        if slider is None or not slider.is_visible():
            continue
        slider.focus()
        slider.press("Home")
        for _ in range(10):
            slider.press("ArrowRight")
        opened.page.wait_for_timeout(1200)
        assert host.evaluate("e => e.said") <= 2


def test_each_can_be_reached_and_read_by_keys(opened: Visit) -> None:
    """A panel that gets the focus says which number is meant, and an arrow goes to another."""
    count = opened.page.evaluate(f"{LIVE}.length")
    for place in range(count):
        host = opened.page.evaluate_handle(f"{LIVE}[{place}]").as_element()
        controls = host.evaluate(
            "e => [...e.shadowRoot.querySelectorAll('button, select, input, canvas[tabindex]')].length"
        )
        assert controls > 0
        panels = host.evaluate_handle("e => e.shadowRoot.querySelector('canvas[tabindex]')").as_element()
        if panels is None:
            continue
        before = host.evaluate("e => e.shadowRoot.textContent")
        panels.focus()
        panels.press("ArrowRight")
        panels.press("ArrowDown")
        assert host.evaluate("e => e.shadowRoot.textContent") != before
