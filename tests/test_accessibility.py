"""The check of accessibility finds what is wrong, and the page about it shows what was found on all pages."""

from __future__ import annotations

import json
import sys
from itertools import product
from typing import Any

from pages import ROOT, page_names

from tools import accessibility

sys.path.insert(0, str(ROOT / "_ext"))
from accessibility import as_text  # type: ignore[import-not-found]

PAGE = """<!doctype html><html lang="en"><head><title>A page</title></head><body><main><h1>A page</h1>
<style>.faint {{ color: #bbb }}</style><details><summary>More</summary>{}</details></main></body></html>"""
WORD = '<span class="faint">name</span> '


def found_in(browser: Any, body: str, **options: bool) -> dict[str, int]:
    """The number of places of each violation in a page."""
    page = browser.new_page()
    page.set_content(PAGE.format(body))
    accessibility.prepare(page, **options)
    found = accessibility.check(page, 390)
    page.close()
    return {fault["rule"]: len(fault["places"]) for fault in found.violations}


def test_a_page_without_a_fault_has_none(browser: Any) -> None:
    assert found_in(browser, "<p>Text.</p><pre><span class='plain'>code</span></pre>") == {}


def test_what_is_folded_is_checked_too(browser: Any) -> None:
    assert found_in(browser, '<img src="data:," width="9" height="9"><p class="faint">Text.</p>') == {
        "image-alt": 1,
        "color-contrast": 1,
    }


def test_words_of_code_that_look_alike_are_checked_once(browser: Any) -> None:
    assert found_in(browser, f"<pre>{WORD * 3}</pre>") == {"color-contrast": 1}
    assert found_in(browser, f"<pre>{WORD * 3}</pre>", whole=True) == {"color-contrast": 3}


def test_the_kept_results_are_of_all_pages_and_without_a_fault() -> None:
    results = json.loads((ROOT / "accessibility.json").read_text(encoding="utf-8"))
    again = "run make accessibility OUT=accessibility.json"
    assert [*results["pages"]] == [*page_names(), "search", "genindex"], again
    assert results["tools"]["axe-core"] == accessibility.axe_version(), again
    settings = [*product(accessibility.THEMES, accessibility.SIZES)]
    for name, checked in results["pages"].items():
        assert [(each["theme"], each["width"]) for each in checked] == settings, name
        assert [each["violations"] for each in checked] == [[]] * len(settings), name


def test_the_table_counts_places() -> None:
    fault = {"rule": "image-alt", "impact": "critical", "places": ["<img>", "<img>"]}
    other = {"rule": "label", "impact": "critical", "places": ["<input>"]}
    light = {"theme": "light", "width": 1280, "violations": [fault, other], "undecided": {"color-contrast": 3}}
    dark = {"theme": "dark", "width": 390, "violations": [fault], "undecided": {"color-contrast": 4}}
    results = {"tools": {"axe-core": "1.2"}, "rules": ["a", "b"], "pages": {"index": [light, dark], "search": [light]}}
    lines = [*as_text(results)]
    assert "| checked with | axe-core 1.2 |" in lines
    assert "| pages | 2 |" in lines
    assert "| each of them | light and dark, 1280 and 390 pixels wide |" in lines
    assert "| critical violations | 8 |" in lines
    assert "| serious violations | 0 |" in lines
    assert "| places that a program cannot decide | `color-contrast` 10 |" in lines
