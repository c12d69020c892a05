"""A reader without a mouse: Tab goes through a whole chapter, and what opens by a key closes by one."""

from __future__ import annotations

from typing import Any

import pytest
from test_browser import NARROW, WIDE, visit

from tools import accessibility

pytestmark = pytest.mark.pages

CHAPTER = "book/03_addressing"
MOST_STOPS = 400

# Of the element with the focus: what it is, whether some of it is in sight and not covered, whether it is marked, and
# whether it had the focus before.
STOP = """() => {
  let element = document.activeElement, host = null;
  while (element.shadowRoot?.activeElement) { host ??= element; element = element.shadowRoot.activeElement; }
  const at = (x, y) => {
    let found = document.elementFromPoint(x, y);
    for (let inner; (inner = found?.shadowRoot?.elementFromPoint(x, y)) && inner !== found;) found = inner;
    for (; found; found = found.parentNode ?? found.host) if (found === element) return true;
    return false;
  };
  const parts = [.02, .25, .5, .75, .98];
  const seen = [...element.getClientRects()].some(box => parts.some(across => parts.some(down =>
    at(box.left + box.width * across, box.top + box.height * down))));
  const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(element);
  const again = element.wasFocused === true;
  element.wasFocused = true;
  const place = ['#pst-skip-link', '#pst-primary-sidebar', '.bd-header-article', 'details.answer', 'a.right-next',
    'article', '#pst-secondary-sidebar', 'footer'].find(each => (host ?? element).closest(each)) ?? element.localName;
  return { place: host ? 'live figure' : place, what: element.outerHTML.slice(0, 100), seen, again,
    marked: (outlineStyle !== 'none' && parseFloat(outlineWidth) > 0) || boxShadow !== 'none' };
}"""


def walk(page: Any) -> list[dict[str, Any]]:
    """Press Tab from the top of the page until the focus leaves it, and return every stop."""
    stops: list[dict[str, Any]] = []
    for _ in range(MOST_STOPS):
        page.keyboard.press("Tab")
        stop = page.evaluate(STOP)
        if stop["place"] == "body":
            return stops
        stops.append(stop)
    raise AssertionError(f"Tab does not leave the page. The last stops: {stops[-3:]}")


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["1280", "390"])
def test_tab_goes_through_a_whole_chapter(browser: Any, built_book: Any, size: dict[str, int]) -> None:
    with visit(browser, built_book, CHAPTER) as visited:
        visited.page.set_viewport_size(size)
        visited.page.wait_for_function(accessibility.DRAWN)
        visited.page.wait_for_function(accessibility.STOPS_SET)
        stops = walk(visited.page)
    assert [stop["what"] for stop in stops if stop["again"]] == []
    assert [stop["what"] for stop in stops if not stop["seen"]] == [], "hidden, or behind the bar at the top"
    assert [stop["what"] for stop in stops if not stop["marked"]] == [], "the focus is not seen"
    places = list(dict.fromkeys(stop["place"] for stop in stops))
    aside = ["#pst-primary-sidebar"] if size == WIDE else []
    expected = [
        "#pst-skip-link",
        *aside,
        ".bd-header-article",
        "article",
        "live figure",
        "details.answer",
        "a.right-next",
    ]
    assert [place for place in places if place in expected] == expected


FOCUSED = "selector => document.activeElement.matches(selector)"


def test_the_menu_and_the_search_field_give_the_focus_back(browser: Any, built_book: Any) -> None:
    with visit(browser, built_book, "book/notation") as visited:
        page = visited.page
        page.set_viewport_size(NARROW)
        page.locator(".primary-toggle").focus()
        for key, opened in (("Enter", "#pst-primary-sidebar-modal"), ("Control+k", "#pst-search-dialog")):
            page.keyboard.press(key)
            page.wait_for_selector(f"dialog{opened}[open]")
            assert page.evaluate(FOCUSED, f"{opened} *")
            page.keyboard.press("Escape")
            page.wait_for_function(FOCUSED, arg=".primary-toggle")


def test_the_first_stop_leads_past_the_sidebar(browser: Any, built_book: Any) -> None:
    with visit(browser, built_book, "book/notation") as visited:
        visited.page.keyboard.press("Tab")
        assert visited.page.evaluate(FOCUSED, "#pst-skip-link a")
        visited.page.keyboard.press("Enter")
        visited.page.keyboard.press("Tab")
        assert visited.page.evaluate(FOCUSED, "#main-content *")


SCROLLS = """() => { const code = document.querySelector('details[open] pre');
  return code?.scrollWidth > code?.clientWidth && code.tabIndex === 0; }"""


def test_code_that_scrolls_is_a_stop_once_it_is_unfolded(browser: Any, built_book: Any) -> None:
    with visit(browser, built_book, "book/colophon") as visited:
        visited.page.locator("details.hide summary").first.focus()
        visited.page.keyboard.press("Enter")
        visited.page.wait_for_function(SCROLLS)
