"""The books of chapter 14: what is said of each step is so, and on the page every part can be driven and read."""

from __future__ import annotations

import functools
import json
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pytest
from pages import ROOT
from test_browser import NARROW, WIDE
from test_inspector_browser import BLANK, SIZES, THEMES, WIDGET, Shown, shown

from ntm_lib.inspector import books, modules
from ntm_lib.inspector.books import Entry, MemoryBooks, holding

LETTERS = "ABCDEF"


@functools.cache
def chapter() -> dict[str, Any]:
    """The names that the chapter's own cells define: those that drive the DNC and the MANN, without the trained NTM."""
    cells = nbformat.read(ROOT / "book" / "14_beyond.ipynb", as_version=nbformat.NO_CONVERT).cells
    names: dict[str, Any] = {}
    for cell in cells:
        used = re.search(r"^def (use|relink)\(|^class DNC|^story = |^slot = |Entry\(|import", cell.source, re.MULTILINE)
        if cell.cell_type == "code" and used:
            exec(cell.source, names)
    return names


def dnc() -> MemoryBooks:
    return MemoryBooks(chapter()["entries"], LETTERS, title='A "DNC" <by hand>', step=4)


def mann() -> MemoryBooks:
    return MemoryBooks(chapter()["happened"], "ABCD", title="A MANN")


# --- what is said


DNC_SAID = [
    *(f"The allocation offers slot {slot}. {name} is written there." for slot, name in enumerate("ABC")),
    "A look-up for B leads to slot 1, which holds B.",
    "The free gate lets go of slot 1, which holds B. The allocation offers slot 1. D is written there.",
    "The allocation offers slot 3. E is written there.",
    "A look-up for C leads to slot 2, which holds C.",
    "Forward leads to slot 1, which holds D.",
    "Forward leads to slot 3, which holds E.",
    "Back leads to slot 1, which holds D.",
    "F asks for a slot. The allocation is zero everywhere: nothing is written.",
]
MANN_SAID = [
    *(f"{name} is written to slot {slot}, the least used." for slot, name in enumerate("ABC")),
    "A look-up for A leads to slot 0, which holds A.",
    "D is written to slot 1, the least used.",
]


def test_the_chapters_machines_are_told_step_by_step() -> None:
    assert dnc().sentences() == DNC_SAID
    assert mann().sentences() == MANN_SAID
    orders = [step["order"] for step in dnc().data["steps"]]
    assert orders == [*("+A", "+B", "+C", "?B", "+D", "+E", "?C"), *"→→←", "+F"]
    assert [step["order"] for step in mann().data["steps"]] == ["+A", "+B", "+C", "?A", "+D"]


def entry(**changes: Any) -> Entry:
    """Two slots, two letters: A in slot 0, and B written to slot 1."""
    parts = {"memory": np.eye(2), "usage": [1, 1], "wrote": [0, 1], "read": [1, 0], "allocation": [0, 1]}
    return Entry("B", **parts | changes)


LOOKED_UP = {"write_gate": 0, "wrote": [0, 0]}
SAID: dict[str, tuple[dict[str, Any], str]] = {
    "a part": ({"wrote": [0, 0.4]}, "The allocation offers slot 1. B is written there, with a weight of 0.40."),
    "a closed gate": ({"wrote": [0, 0.001]}, "B asks for a slot. Nothing is written."),
    "used": ({"allocation": None, "wrote": [1, 0]}, "B is written to slot 0."),
    "nowhere": (LOOKED_UP | {"read": [0, 0], "modes": [0, 0, 1]}, "Forward leads nowhere."),
    "anywhere": (LOOKED_UP | {"read": [0.5, 0.5]}, "A look-up for B leads to no slot more than to another."),
    "mixed modes": (LOOKED_UP | {"modes": [0.6, 0.4, 0]}, "Back leads to slot 0, which holds A."),
    "nothing to free": ({"free_gate": 1}, "The allocation offers slot 1. B is written there."),
}


@pytest.mark.parametrize("name", SAID)
def test_what_is_said_is_so(name: str) -> None:
    changes, expected = SAID[name]
    given = entry(**changes)
    same = {"modes": None if given.modes is None else [0, 1, 0], "allocation": given.allocation}
    before = entry(usage=[1, 0], read=[0.5, 0.5], **same)
    assert MemoryBooks([before, given], "AB", title="").sentences()[1] == expected


def test_a_slot_holds_what_is_largest_in_it() -> None:
    assert holding([[0.9, 0.1], [0.2, 0.3], [0, 1]], "XY") == ["X", "–", "Y"]


def test_what_the_page_gets_are_the_books() -> None:
    data = dnc().data
    assert [raster["name"] for raster in data["rasters"]] == list(books.BOOKS.values())
    for raster, name in zip(data["rasters"], books.BOOKS, strict=True):
        np.testing.assert_allclose(raster["values"], [getattr(each, name) for each in dnc().entries], atol=1e-4)
    np.testing.assert_allclose(data["link"], [each.link for each in dnc().entries], atol=1e-4)
    assert data["steps"][-1]["holds"] == ["A", "D", "C", "E"]
    assert mann().data["link"] is mann().data["modes"] is None
    assert [raster["name"] for raster in mann().data["rasters"]] == ["usage", "write weighting", "read weighting"]
    assert mann().data["rasters"][0]["limit"] > 1, "the usage of a MANN is not bounded by 1"


def test_the_static_picture_draws_and_tells_the_same() -> None:
    picture = dnc().picture()
    drawn = {axis.get_title(loc="left"): axis.images[0].get_array() for axis in picture.figure.axes}
    for raster in dnc().data["rasters"]:
        np.testing.assert_allclose(drawn[raster["name"]], np.transpose(raster["values"]))
    assert all(sentence in picture.alt for sentence in DNC_SAID)


BAD: dict[str, tuple[Callable[[], object], str]] = {
    "nothing": (lambda: MemoryBooks([], "AB", title=""), r"entries must hold at least one step. Received: none"),
    "another width": (
        lambda: MemoryBooks([entry(), entry(usage=[1, 1, 1])], "AB", title=""),
        r"usage of step 1 must have the shape \[N\] = \(2,\). Received: \(3,\)",
    ),
    "NaN": (lambda: MemoryBooks([entry(read=[0, np.nan])], "AB", title=""), r"read of step 0 must be finite"),
    "no usage": (lambda: MemoryBooks([entry(usage=None)], "AB", title=""), r"usage of step 0 must hold real numbers"),
    "a link missing": (
        lambda: MemoryBooks([entry(link=np.eye(2)), entry()], "AB", title=""),
        r"link of step 1 must hold real numbers",
    ),
    "two modes": (lambda: MemoryBooks([entry(modes=[0, 1])], "AB", title=""), r"modes of step 0 must have .*\(3,\)"),
    "no letters": (lambda: MemoryBooks([entry()], "A", title=""), r"letters must name all 2 columns.*Received: 'A'"),
    "step": (lambda: MemoryBooks([entry()], "AB", title="", step=1), r"step must be below 1. Received: 1"),
}


@pytest.mark.parametrize("name", BAD)
def test_errors_say_what_was_received_and_expected(name: str) -> None:
    call, message = BAD[name]
    with pytest.raises(ValueError, match=message):
        call()


def test_the_javascript_tests_pass() -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("no node on this machine")
    file = modules.FOLDER / "tests" / "books.test.js"
    done = subprocess.run([node, "--test", file], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:]


# --- on a page


@pytest.fixture
def show(browser: Any, tmp_path: Path) -> Callable[..., Any]:
    return functools.partial(shown, browser, tmp_path)


@pytest.fixture
def driven(show: Callable[..., Any]) -> Iterator[Shown]:
    with show(dnc().html()) as page:
        yield page


def told(page: Shown) -> str:
    return str(page.find(".told").inner_text())


def panel(page: Shown, number: int) -> Any:
    return page.find("canvas[role]").nth(number)


OVER_TIME, NOW = range(2)


@pytest.mark.slow
@SIZES
@THEMES
def test_both_drawings_are_there_in_every_size_and_theme(show, size, theme):
    with show(dnc().html(), viewport=size, color_scheme=theme) as page:
        assert page.find(".title").inner_text() == 'A "DNC" <by hand>'
        assert (page.step, told(page)) == (4, DNC_SAID[4])
        for drawn in page.find("canvas[aria-hidden]").all():
            assert drawn.evaluate("canvas => canvas.toDataURL()") != drawn.evaluate(BLANK)
        assert page.find(".inspector").get_attribute("data-theme") == theme
        assert page.page.evaluate("document.documentElement.scrollWidth") == size["width"]
        assert not page.page.locator("img").is_visible()


@pytest.mark.slow
def test_keys_go_through_the_steps_and_read_cells(driven):
    panel(driven, OVER_TIME).focus()
    for key, step in (("ArrowRight", 5), ("ArrowLeft", 4), ("End", 10), ("Home", 0)):
        driven.page.keyboard.press(key)
        assert (driven.step, told(driven)) == (step, DNC_SAID[step])
    driven.find("input[type=range]").press("End")
    panel(driven, NOW).focus()
    assert driven.readout == "slot 0 holds A"
    driven.page.keyboard.press("ArrowDown")
    assert driven.readout == "link: slot 0 written after slot 0, 0.000"
    for key in ("ArrowDown", "ArrowRight", "ArrowRight"):
        driven.page.keyboard.press(key)
    assert driven.readout == "link: slot 1 written after slot 2, 1.000"
    for _ in range(3):
        driven.page.keyboard.press("ArrowDown")
    assert driven.readout == "read mode forward: 0.000"


@pytest.mark.slow
def test_it_plays_to_the_end(driven):
    driven.find("button[aria-label='Last step']").click()
    driven.find("button[aria-label='One step back']").click()
    driven.find("button[aria-label=Play]").click()
    driven.find(".told").filter(has_text="F asks for a slot").wait_for()
    driven.find("button[aria-label=Play]").wait_for()
    assert driven.step == 10


@pytest.mark.slow
def test_the_mouse_drags_the_step_and_reads_a_cell(driven):
    box = panel(driven, OVER_TIME).bounding_box()
    wide = (box["width"] - 54) / 11
    driven.page.mouse.move(box["x"] + 52 + 0.5 * wide, box["y"] + 30)
    assert driven.readout == "usage, slot 0, step 0: 0.000"
    driven.page.mouse.move(5, 5)
    assert driven.readout == ""
    driven.page.mouse.move(box["x"] + 52 + 0.5 * wide, box["y"] + 30)
    driven.page.mouse.down()
    assert driven.step == 0
    driven.page.mouse.move(box["x"] + 52 + 7.5 * wide, box["y"] + 30)
    driven.page.mouse.up()
    assert (driven.step, told(driven)) == (7, DNC_SAID[7])
    assert driven.readout == "usage, slot 0, step 7: 1.000"


@pytest.mark.slow
def test_a_finger_taps_a_step_and_a_link_on_a_telephone(show):
    with show(dnc().html(), viewport=NARROW, has_touch=True, is_mobile=True) as page:
        box = panel(page, OVER_TIME).bounding_box()
        page.page.touchscreen.tap(box["x"] + box["width"] - 8, box["y"] + 30)
        assert page.step == 10
        panel(page, NOW).scroll_into_view_if_needed()
        box = panel(page, NOW).bounding_box()
        page.page.touchscreen.tap(box["x"] + 52 + 2.5 * 46, box["y"] + 116 + 1.5 * 34)
        assert page.readout == "link: slot 1 written after slot 2, 1.000"
        assert page.page.evaluate("document.documentElement.scrollWidth") == NARROW["width"]


@pytest.mark.slow
def test_a_screen_reader_hears_the_step_once_it_rests(driven):
    spoken = driven.find("[aria-live=polite]")
    driven.page.wait_for_timeout(700)
    assert spoken.inner_text() == "", "a page that opens says nothing by itself"
    for _ in range(3):
        driven.find("button[aria-label='One step forward']").click()
    driven.page.wait_for_timeout(700)
    assert spoken.inner_text() == DNC_SAID[7]


@pytest.mark.slow
@SIZES
@THEMES
def test_axe_finds_nothing_serious(show, size, theme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    with show(dnc().html() + mann().html(), html=f'data-theme="{theme}"', viewport=size) as page:
        results = axe.Axe().run(page.page).response
        serious = [v for v in results["violations"] if v["impact"] in {"serious", "critical"}]
        assert [(v["id"], [node["html"] for node in v["nodes"]]) for v in serious] == []


@pytest.mark.slow
def test_the_picture_is_there_in_print(driven):
    driven.page.emulate_media(media="print")
    picture = driven.page.locator("img")
    assert picture.is_visible()
    assert DNC_SAID[4] in (picture.get_attribute("alt") or "")
    assert not driven.find(".transport").is_visible()


@pytest.mark.slow
def test_a_memory_without_links_has_its_own_figure(show):
    with show(mann().html()) as page:
        page.find("button[aria-label='Last step']").click()
        assert told(page) == MANN_SAID[-1]
        panel(page, NOW).focus()
        page.page.keyboard.press("ArrowRight")
        assert page.readout == "slot 1 holds D"


@pytest.mark.slow
def test_what_is_wrong_with_the_data_is_said_in_the_frame(show):
    with show(dnc().html().replace('"link":[[[0.0,0.0,0.0,0.0]', '"link":[[[0.0,0.0]', 1)) as page:
        assert "link must have the shape [11, 4, 4]" in page.find("[role=alert]").inner_text()
        assert page.page.locator("img").is_visible()


@pytest.mark.slow
def test_a_widget_and_its_model_follow_each_other(show):
    pytest.importorskip("anywidget")
    made = dnc()
    assert (made.widget.step, made.widget.books) == (4, made.data)
    made.step = 6
    assert made.widget.step == 6
    state = json.dumps({"books": made.data, "title": "t", "step": 2, "playing": False})
    module = books._widget_class()._esm.replace("export default ", "const shown = ")
    with show(WIDGET.format(module=module, state=state), viewport=WIDE) as page:
        page.find("button[aria-label='One step forward']").click()
        assert page.page.evaluate("[saved.step, saved.playing]") == [3, False]
        page.page.evaluate("fromPython('step', 7)")
        assert told(page) == DNC_SAID[7]
        page.page.evaluate("end()")
        assert page.find(".inspector > *").count() == 0
