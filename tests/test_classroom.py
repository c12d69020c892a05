"""The machine that learns in the page: it learns, pauses, is compared, and leaves the page quick, from a file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from test_browser import NARROW, Visit, visit

from ntm_lib.inspector.classroom import Classroom

pytestmark = pytest.mark.pages

PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>classroom</title>
<meta name="viewport" content="width=device-width"></head><body><main><h1>A page</h1>{}</main></body></html>"""
CLASSROOM = "[...document.querySelectorAll('*')].find(e => e.classroom).classroom"


@pytest.fixture
def page(browser: Any, tmp_path: Path) -> Iterator[Visit]:
    (tmp_path / "alone.html").write_text(PAGE.format(Classroom().html()), encoding="utf-8")
    with visit(browser, tmp_path, "alone") as opened:
        yield opened
        assert opened.requests == []
        assert opened.problems == []


def press(page: Visit, name: str) -> None:
    page.page.get_by_role("button", name=name, exact=True).click()


def sequences(page: Visit) -> int:
    found = re.match(r"([\d,]+) sequences", page.page.locator(".state").inner_text())
    return int(found[1].replace(",", "")) if found else 0


def wait_for(page: Visit, condition: str) -> None:
    page.page.wait_for_function(f"() => {{ const room = {CLASSROOM}; return {condition}; }}", timeout=120_000)


def test_it_learns_to_copy(page: Visit) -> None:
    press(page, "Learn")
    page.page.locator(".state", has_text="Learned after").wait_for(timeout=240_000)
    wait_for(page, "room.runs[0].points.at(-1)[1] < 0.1")
    assert page.page.evaluate(f"{CLASSROOM}.runs[0].solved") <= 6_000
    assert page.page.evaluate(
        f"""(() => {{ const {{ logits, targets, mask }} = {CLASSROOM}.trace;
        return logits.every((x, i) => !mask[Math.floor(i / 8)] || x > 0 === targets[i] > 0.5); }})()"""
    )
    assert page.page.locator(".runs li").all_inner_texts()[0].startswith("start 0: learned after ")


def test_it_pauses_and_goes_on_where_it_was(page: Visit) -> None:
    press(page, "Learn")
    wait_for(page, "room.runs[0].points.length > 1")
    press(page, "Pause")
    page.page.wait_for_timeout(400)  # an answer may be on its way
    paused = sequences(page)
    page.page.wait_for_timeout(800)
    assert sequences(page) == paused > 0
    press(page, "Resume")
    wait_for(page, f"room.runs[0].points.at(-1)[0] > {paused}")
    press(page, "Forget all runs")
    assert page.page.locator(".runs li").count() == 0


def test_the_curves_can_be_read_by_keys(page: Visit) -> None:
    """Before a run the curve says what to do, after it what was reached at the chosen place."""
    curve = page.page.locator("canvas[tabindex]").first
    curve.focus()
    curve.press("ArrowRight")
    assert page.page.locator(".readout").inner_text() == "No run yet: Learn starts one."
    press(page, "Learn")
    wait_for(page, "room.runs[0].points.length > 1")
    press(page, "Pause")
    curve.focus()
    curve.press("ArrowRight")
    reading = re.fullmatch(r"([\d,]+) sequences: run 1 ([\d.]+) bits", page.page.locator(".readout").inner_text())
    assert reading
    shown = page.page.evaluate(f"{CLASSROOM}.runs[0].points.map(([, bits]) => bits.toFixed(2))")
    assert reading[2] in shown


def test_one_change_is_learned_beside_the_first(page: Visit) -> None:
    press(page, "Learn")
    wait_for(page, "room.runs[0].points.length > 1")
    page.page.get_by_label("sharpening").uncheck()
    wait_for(page, "room.runs.length === 2 && room.runs[1].points.length > 1")
    page.page.get_by_label("Rate").select_option("0.001")
    wait_for(page, "room.runs.length === 3 && room.runs[2].points.length > 0")
    names = [text.split(":")[0] for text in page.page.locator(".runs li").all_inner_texts()]
    assert names == ["start 0", "start 0, no sharpening", "start 0, rate 0.001, no sharpening"]
    assert page.page.evaluate(f"{CLASSROOM}.runs[0].points[0][1] !== {CLASSROOM}.runs[1].points[0][1]")


def test_the_page_answers_while_it_learns(page: Visit) -> None:
    """The work is done by a worker: of the page's frames hardly any is late, so a reader can scroll and press."""
    press(page, "Learn")
    wait_for(page, "room.runs[0].points.length > 1")
    gaps = page.page.evaluate(
        """() => new Promise(done => { const times = []; const tick = now => { times.push(now);
        times.length < 120 ? requestAnimationFrame(tick) : done(times.slice(1).map((t, i) => t - times[i])); };
        requestAnimationFrame(tick); })"""
    )
    assert sorted(gaps)[len(gaps) // 2] < 25
    press(page, "Pause")


def test_it_can_be_driven_by_keys_and_fits_a_telephone(browser: Any, tmp_path: Path) -> None:
    (tmp_path / "alone.html").write_text(PAGE.format(Classroom().html()), encoding="utf-8")
    context = browser.new_context(viewport=NARROW, has_touch=True, color_scheme="dark")
    telephone = context.new_page()
    telephone.goto((tmp_path / "alone.html").as_uri())
    learn = telephone.get_by_role("button", name="Learn", exact=True)
    learn.focus()
    learn.press("Enter")
    telephone.get_by_role("button", name="Pause", exact=True).tap()
    telephone.get_by_role("button", name="Resume", exact=True).wait_for()
    assert telephone.evaluate("document.documentElement.scrollWidth") == NARROW["width"]
    small = telephone.evaluate(
        f"""[...{CLASSROOM}.root.querySelectorAll("button, select, label")].filter(e => e.offsetParent)
        .filter(e => e.getBoundingClientRect().height < 24).map(e => e.textContent)"""
    )
    assert small == []
    context.close()


STARTS = [{"solved": {"sequences": 400}, "curve": [44.0, 3.0, 0.05]}, {"solved": None, "curve": [44.0, 20.0, 4.0]}]


def test_without_a_script_and_in_print_it_says_what_would_be_here(browser: Any, tmp_path: Path) -> None:
    """With starts at hand their curves are drawn; the alternative text says what is seen."""
    assert "<img" not in Classroom()._repr_html_()
    (tmp_path / "alone.html").write_text(PAGE.format(Classroom(STARTS).html()), encoding="utf-8")
    for scripts in (True, False):
        context = browser.new_context(java_script_enabled=scripts)
        page = context.new_page()
        page.goto((tmp_path / "alone.html").as_uri())
        page.emulate_media(media="print")
        assert page.get_by_text("It needs scripts").is_visible()
        assert page.locator("img").is_visible()
        assert page.locator("img").get_attribute("alt") == (
            "2 learning curves fall from about 44 bits a sequence to a median of 2 bits after 1 thousand sequences; "
            "1 of 2 runs count as learned at the end."
        )
        context.close()
