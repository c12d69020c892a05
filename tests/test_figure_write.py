"""The write of chapter 4: its numbers are the library's, and on the built page each handle does what it says."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from test_browser import NARROW, Visit, visit

from ntm_lib import read_memory, shift, write_memory
from ntm_lib.inspector import figures, write

JS = Path(figures.__file__).parent / "js"
PAGE = "book/04_read_write"


def of_node(program: str, given: Any) -> Any:
    """What a program of JavaScript returns; it gets `given`, and the figure's mathematics."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("no node on this machine")
    text = "".join(
        f"import {{ {names} }} from {json.dumps((JS / file).as_uri())};"
        for names, file in (("addedTo, blurredAt, erasedBy", "writing.js"), ("readVector", "stages.js"))
    )
    text += f"const given = {json.dumps(given)}; console.log(JSON.stringify((() => {{ {program} }})()));"
    run = subprocess.run([node, "--input-type=module", "-e", text], capture_output=True, text=True, check=True)
    return json.loads(run.stdout)


STEPS = """return given.map(({ memory, erase, add, write, read }) => {
  const weights = [write, read].map(({ slot, stray }) => blurredAt(memory.length, slot, stray));
  const erased = erasedBy(memory.flat(), weights[0], erase), added = addedTo(erased, weights[0], add);
  return { write: weights[0], erased, added, read: weights[1], vector: readVector(added, weights[1]) };
});"""


def steps(case: dict[str, Any]) -> dict[str, np.ndarray]:
    """The same arrays, from the library."""

    def blurred(slot: int, stray: float) -> Any:
        return shift(tf.one_hot([slot], len(case["memory"])), [[stray / 2, 1 - stray, stray / 2]])

    weights, read = blurred(**case["write"]), blurred(**case["read"])
    erase, add = [case["erase"]], [case["add"]]
    erased = write_memory([case["memory"]], weights, erase, np.zeros_like(add))
    added = write_memory([case["memory"]], weights, erase, add)
    found = {"write": weights, "erased": erased, "added": added, "read": read, "vector": read_memory(added, read)}
    return {name: np.ravel(each) for name, each in found.items()}


def cases() -> list[dict[str, Any]]:
    """The start of the figure, and whatever its handles can be set to."""
    random = np.random.default_rng(4)
    drawn = [
        {
            "memory": random.uniform(-9, 9, [5, 3]).round(3).tolist(),
            "erase": random.uniform(0, 1, 3).round(2).tolist(),
            "add": random.uniform(-10, 10, 3).round(1).tolist(),
            "write": {"slot": int(random.integers(5)), "stray": float(random.uniform().__round__(2))},
            "read": {"slot": int(random.integers(5)), "stray": float(random.uniform().__round__(2))},
        }
        for _ in range(30)
    ]
    return [write.data(), *drawn]


def test_a_write_is_the_librarys() -> None:
    for case, found in zip(cases(), of_node(STEPS, cases()), strict=True):
        for name, expected in steps(case).items():
            np.testing.assert_allclose(found[name], expected, atol=1e-5, err_msg=name)


def test_the_javascript_tests_pass() -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("no node on this machine")
    done = subprocess.run([node, "--test", JS / "tests" / "write.test.js"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:]


def test_the_static_picture_shows_the_state_that_the_figure_starts_from() -> None:
    expected = steps(write.data())
    picture = figures.PICTURES["write"]()
    drawn = {axis.get_title(loc="left"): np.ravel(axis.images[0].get_array()) for axis in picture.figure.axes}
    names = {"write w": "write", "erased": "erased", "added": "added", "read w": "read", "reads": "vector"}
    for title, name in names.items():
        np.testing.assert_allclose(drawn[title], expected[name], err_msg=title)
    np.testing.assert_allclose(drawn["before"], np.ravel(write.MEMORY))
    outlined = {axis.get_title(loc="left"): len(axis.patches) for axis in picture.figure.axes}
    assert outlined == {"write w": 0, "before": 0, "erased": 6, "added": 6, "read w": 0, "reads": 0}
    assert "slot 1 goes from (4, 5, 6) to (5.5, 5, 5.5)" in picture.alt
    assert picture.alt.endswith("The read head reads (5.5, 5, 5.5).")


# --- on the built page


START = (
    "Slot 2, with weight 0.50, goes from (7, 8, 9) to (8.5, 8, 7.25). Slots 1 and 3 change too. "
    "The read head gets (5.5, 5, 5.5)."
)


@pytest.fixture(scope="module")
def opened(browser: Any, built_book: Path) -> Iterator[Visit]:
    with visit(browser, built_book, PAGE) as visited:
        visited.page.locator(".told").wait_for()
        yield visited
        assert visited.requests == []
        assert visited.problems == []


@pytest.fixture
def page(opened: Visit) -> Visit:
    opened.page.get_by_role("button", name="Reset").click()
    return opened


def told(page: Visit) -> str:
    return str(page.page.locator(".told").inner_text())


def handle(page: Visit, group: str, label: str) -> Any:
    return page.page.get_by_role("group", name=group).get_by_label(label)


@pytest.mark.pages
def test_it_starts_with_the_chapters_blurred_write(browser: Any, built_book: Path) -> None:
    with visit(browser, built_book, PAGE, "dark") as page:
        page.page.locator(".told").wait_for()
        assert told(page) == START


@pytest.mark.pages
@pytest.mark.parametrize(
    ("group", "label", "value", "expected"),
    [
        ("write head", "stray part p", "0", "Slot 2, with weight 1.00, goes from (7, 8, 9) to (10, 8, 5.5). The"),
        ("write head", "slot", "0", "Slot 0, with weight 0.50, goes from (1, 2, 3) to (5.5, 2, 2.75). Slots 1 and 4"),
        ("erase e", "column 1", "1", "to (8.5, 4, 7.25)."),
        ("add a", "column 0", "-10", "to (−1.5, 8, 7.25)."),
        ("read head", "slot", "4", "The read head gets (0, 0, 2)."),
        ("read head", "stray part p", "1", "The read head gets (4.75, 5, 5.13)."),
    ],
)
def test_each_handle_acts(page: Visit, group: str, label: str, value: str, expected: str) -> None:
    handle(page, group, label).fill(value)
    assert expected in told(page)
    page.page.get_by_role("button", name="Reset").click()
    assert told(page) == START


@pytest.mark.pages
def test_the_question_is_answered_by_driving(page: Visit) -> None:
    handle(page, "erase e", "column 0").fill("0")
    handle(page, "add a", "column 0").fill("6")
    assert "goes from (7, 8, 9) to (10, 8, 7.25). Slots 1 and 3 change too." in told(page)
    for slot, read in (("1", "(5.5, 5, 5.5)"), ("3", "(2.5, 0, 1.13)")):
        handle(page, "read head", "slot").fill(slot)
        assert told(page).endswith(f"The read head gets {read}.")


@pytest.mark.pages
def test_a_write_that_is_repeated_comes_to_rest(page: Visit) -> None:
    """The chapter's exercise: with e = .2 and a = 1 a slot of weight .5 tends to 5."""
    handle(page, "erase e", "column 0").fill("0.2")
    handle(page, "add a", "column 0").fill("1")
    again = page.page.get_by_role("button", name="Write again")
    for _ in range(60):
        again.click()
    assert told(page).startswith("Write 61. Slot 2, with weight 0.50, goes from (5, 8, 2) to (5, 8, 2).")
    page.page.get_by_role("button", name="Reset").click()
    assert told(page) == START


# Every text that the figure draws, until `drawn` is emptied.
WATCHED = """() => { window.drawn = []; const draw = CanvasRenderingContext2D.prototype.fillText;
  CanvasRenderingContext2D.prototype.fillText = function (text, ...rest) {
    drawn.push(text); draw.call(this, text, ...rest); }; }"""


@pytest.mark.pages
def test_every_grid_draws_its_numbers_to_two_places(page: Visit) -> None:
    page.page.evaluate(WATCHED)
    page.page.get_by_role("button", name="Write again").click()
    page.page.wait_for_function("drawn.includes('9.25')")
    drawn = page.page.evaluate("drawn")
    for place, number in {"before": "7.25", "erased": "5.44", "after": "5.94", "read": "5.06"}.items():
        assert number in drawn, place
    assert "5.0625" not in drawn


@pytest.mark.pages
def test_keys_move_a_handle_and_read_a_cell_with_its_sum(page: Visit) -> None:
    stray = handle(page, "write head", "stray part p")
    stray.focus()
    stray.press("Home")
    assert "with weight 1.00" in told(page)
    page.page.get_by_role("button", name="Reset").press("Enter")
    panel = page.page.get_by_role("application", name="Memory before the write")
    panel.focus()
    readout = page.page.locator(".readout")
    assert readout.inner_text() == "write weight, slot 0: 0.000"
    for key in ["ArrowDown", *["ArrowRight"] * 4]:
        panel.press(key)
    assert readout.inner_text() == "erased, slot 1, column 0: 4.00 × (1 − 0.250 × 1.00) = 3.000"
    for _ in range(3):
        panel.press("ArrowRight")
    assert readout.inner_text() == "added, slot 1, column 0: 3.00 + 0.250 × 10.00 = 5.500"


@pytest.mark.pages
def test_a_finger_moves_a_handle_and_reads_a_cell_on_a_telephone(browser: Any, built_book: Path) -> None:
    touching = browser.new_context(viewport=NARROW, has_touch=True)
    telephone = touching.new_page()
    telephone.goto(f"{built_book.as_uri()}/{PAGE}.html")
    slot = telephone.get_by_role("group", name="read head").get_by_label("slot")
    box = slot.bounding_box()
    slot.tap(position={"x": box["width"] - 8, "y": box["height"] / 2})
    assert telephone.locator(".told").inner_text().endswith("The read head gets (0, 0, 2).")
    panel = telephone.get_by_role("application", name="Memory before the write")
    panel.tap(position={"x": 64, "y": 74 + 32 * 2.5})
    assert telephone.locator(".readout").inner_text() == "before, slot 2, column 0: 7.000"
    assert telephone.evaluate("document.documentElement.scrollWidth") == NARROW["width"]
    touching.close()
