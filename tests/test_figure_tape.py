"""The tape of chapter 1: it does what the chapter's own code does, and on the built page it is driven to its answer."""

from __future__ import annotations

import contextlib
import importlib.util
import io
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from docutils import nodes
from docutils.core import publish_doctree
from docutils.parsers.rst import DirectiveError, directives
from pages import ROOT
from test_browser import NARROW, Visit, visit

from ntm_lib.inspector import figures, tape

JS = Path(figures.__file__).parent / "js"
PAGE = "book/01_introduction"


def chapter() -> dict[str, Any]:
    """What the first two cells of the chapter that define functions define: `drive` and `copy_with_tape`."""
    names: dict[str, Any] = {}
    cells = nbformat.read(ROOT / f"{PAGE}.ipynb", as_version=nbformat.NO_CONVERT).cells
    for start in ("def drive", "def copy_with_tape"):
        source = next(cell.source for cell in cells if cell.source.startswith(start))
        exec(source.split("\n\n\n")[0], names)
    return names


def tapes(orders: list[str], count: int, **task: bool) -> list[dict[str, Any]]:
    """The tape after each order, as the page computes it."""
    given = {"message": tape.MESSAGE[:count], "slots": tape.SLOTS, "twoHeads": False, **task}
    return of_node(f"orders.tapesOf({json.dumps(orders)}, {json.dumps(given)})")


def of_node(program: str) -> Any:
    node = shutil.which("node")
    if node is None:
        pytest.skip("no node on this machine")
    text = f"import * as orders from {json.dumps((JS / 'orders.js').as_uri())}; console.log(JSON.stringify({program}));"
    run = subprocess.run([node, "--input-type=module", "-e", text], capture_output=True, text=True, check=True)
    return json.loads(run.stdout)


def test_the_javascript_tests_pass() -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("no node on this machine")
    done = subprocess.run([node, "--test", JS / "tests" / "tape.test.js"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:]


@pytest.mark.parametrize(
    "orders",
    [
        "write right write right write left left read right read right read",
        "left write left write left write read right read right read",
        "write write right right write right right right read read left read",
    ],
)
def test_the_figure_does_what_the_chapters_function_does(orders: str) -> None:
    """Row by row: what `drive` prints, brackets around the slot of the head, is what the figure's log shows."""
    message = iter(tape.MESSAGE)
    program = [f"write {next(message)}" if order == "write" else order for order in orders.split()]
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        said = chapter()["drive"](", ".join(program), tape.SLOTS)
    found = tapes(orders.split(), 3)
    assert found[-1]["said"] == said
    for line, row in zip(printed.getvalue().splitlines(), found[1:], strict=True):
        numbers = re.findall(r"[\[ ](\d)[\] ]", line[8:])
        assert [int(number) for number in numbers] == row["slots"]
        assert line[8:].count("[") == 1
        assert line[9:][4 * row["write"]] == "[", "the slot of the head"


@pytest.mark.parametrize("count", [3, 5, 6])
def test_with_two_heads_the_rule_is_the_chapters(count: int) -> None:
    orders = ["write", "right"] * (count - 1) + ["write"] + ["read", "right"] * (count - 1) + ["read"]
    said = tapes(orders, count, twoHeads=True)[-1]["said"]
    assert said == chapter()["copy_with_tape"](tape.MESSAGE[:count], tape.SLOTS)


def test_the_static_picture_shows_the_state_that_the_figure_starts_from() -> None:
    rows, places = tape.tapes()
    found = tapes(tape.ORDERS, tape.COUNT)
    assert rows == [each["slots"] for each in found]
    assert places == [each["write"] for each in found]
    picture = figures.PICTURES["tape"]()
    (axis,) = picture.figure.axes
    assert axis.images[0].get_array().tolist() == rows
    assert [label.get_text() for label in axis.get_yticklabels()] == ["start", "write 7", "right", "write 2"]
    assert "hold 7, 2, 0, 0, 0, and the head, an outlined slot, is on slot 1" in picture.alt


@pytest.fixture(scope="module")
def live_figure() -> Any:
    """The directive."""
    spec = importlib.util.spec_from_file_location("live_figures", ROOT / "_ext" / "live_figures.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.LiveFigure


def test_with_a_caption_it_is_a_figure_with_a_label(live_figure: Any) -> None:
    directives.register_directive("live-figure", live_figure)
    tree = publish_doctree(".. live-figure:: tape\n   :name: fig-tape\n\n   Every *order*\n   is kept.\n")
    (figure,) = tree.findall(nodes.figure)
    assert figure["ids"] == ["fig-tape"]
    shown, caption = figure.children
    assert shown.astext().startswith("<ntm-tape-")
    assert caption.astext() == "Every order is kept."


def test_a_page_asks_for_a_figure_that_there_is(live_figure: Any) -> None:
    directive = live_figure.__new__(live_figure)
    directive.content = []
    directive.arguments = ["tape"]
    (node,) = directive.run()
    assert node.astext().startswith("<ntm-tape-")
    directive.arguments = ["tap"]
    with pytest.raises(DirectiveError) as refused:
        directive.run()
    allowed = ", ".join(["playground", *sorted(figures.PICTURES)])
    assert refused.value.msg == f"live-figure must be one of {allowed}. Received: 'tap'"


# --- on the built page


@pytest.fixture(scope="module")
def opened(browser: Any, built_book: Path) -> Iterator[Visit]:
    with visit(browser, built_book, PAGE) as visited:
        visited.page.locator(".orders button").first.wait_for()
        yield visited
        assert visited.requests == []
        assert visited.problems == []


@pytest.fixture
def page(opened: Visit) -> Visit:
    opened.page.get_by_role("button", name="Reset").click()
    return opened


def told(page: Visit) -> str:
    return str(page.page.locator(".told").inner_text())


def drive(page: Visit, orders: str) -> None:
    for order in orders.split():
        page.page.locator(f"[data-order={order}]").click(force=True)  # also where it is refused


def steps(page: Visit) -> str:
    return str(page.page.locator(".count").inner_text())


def log(page: Visit) -> list[str]:
    """The orders in the list, as it names them."""
    return list(
        page.page.evaluate(
            """() => { const { figure } = [...document.querySelectorAll('*')].find(e => e.figure);
            return figure.panels[1].drawing.texts.filter(t => t.align === 'right').slice(1).map(t => t.text); }"""
        )
    )


@pytest.mark.pages
def test_it_starts_in_the_middle_of_a_copy(browser: Any, built_book: Path) -> None:
    with visit(browser, built_book, PAGE, "dark") as page:
        page.page.locator(".orders button").first.wait_for()
        assert told(page) == "You hear 9. The head is on slot 1, which holds 2."
        assert log(page) == ["start", "write 7", "right", "write 2"]
        assert steps(page) == "step 3 / 3"
        disabled = "all => all.filter(e => e.ariaDisabled === 'true').map(e => e.dataset.order)"
        assert page.page.locator("[data-order]").evaluate_all(disabled) == ["read"]


@pytest.mark.pages
@pytest.mark.parametrize(
    ("ticks", "orders", "count"),
    [
        ([], "right write left left read right read right read", 12),
        (["backwards"], "write right write right write read left read left read", 10),
        (["two heads"], "write right write right write read right read right read", 10),
        (["backwards", "two heads"], "write right write right write right right read left read left read", 12),
    ],
)
def test_the_question_is_answered_by_driving(page: Visit, ticks: list[str], orders: str, count: int) -> None:
    for label in ticks:
        page.page.get_by_label(label).check()
    drive(page, orders)
    said = "9, 2, 7" if "backwards" in ticks else "7, 2, 9"
    assert told(page) == f"{said}, said in {count} orders. No way is shorter."


@pytest.mark.pages
def test_a_detour_is_told(page: Visit) -> None:
    drive(page, "right write right right right read right read right read")
    assert told(page) == "7, 2, 9, said in 13 orders. There is a shorter way."


@pytest.mark.pages
def test_what_is_wrong_and_what_is_lost_are_told_and_can_be_taken_back(page: Visit) -> None:
    drive(page, "write")
    assert told(page) == "Nothing more is heard. Say 7. The head is on slot 1, which holds 9."
    drive(page, "write")
    assert told(page) == "Nothing more is heard: there is nothing to write."
    drive(page, "left read")
    assert told(page) == "Say 2: but it is on no slot any more. It was written over."
    drive(page, "read")
    assert told(page) == "You said 7, and 2 was asked for. Go back and try again."
    for _ in range(4):
        page.page.get_by_role("button", name="One step back").click()
    assert told(page).startswith("You hear 9.")
    drive(page, "read")
    assert told(page) == "Listen first: there is still a number to write."
    drive(page, "right")
    assert log(page) == ["start", "write 7", "right", "write 2", "right"]


@pytest.mark.pages
def test_six_numbers_do_not_fit_into_five_slots(page: Visit) -> None:
    page.page.get_by_label("numbers heard").fill("6")
    page.page.get_by_label("two heads").check()
    assert told(page) == "You hear 7. The write head is on slot 0, which holds 0."
    drive(page, "write right " * 5 + "write read")
    assert told(page) == "You said 8, and 7 was asked for. 6 numbers do not fit into 5 slots."


@pytest.mark.pages
def test_the_list_of_orders_is_played_again(page: Visit) -> None:
    drive(page, "right write")
    page.page.evaluate(
        """() => { const { root } = [...document.querySelectorAll('*')].find(e => e.figure).figure;
        const count = root.querySelector('.count'); window.seen = [];
        new MutationObserver(() => window.seen.push(count.textContent)).observe(count, { childList: true }); }"""
    )
    page.page.get_by_role("button", name="Play", exact=True).click()
    page.page.wait_for_function("window.seen.at(-1) === 'step 5 / 5'")
    assert list(dict.fromkeys(page.page.evaluate("window.seen"))) == [f"step {step} / 5" for step in range(6)]
    page.page.get_by_role("button", name="Play", exact=True).wait_for()
    page.page.get_by_role("button", name="First step").click()
    assert told(page) == "You hear 7. The head is on slot 0, which holds 0."
    assert len(log(page)) == 6


@pytest.mark.pages
def test_reset_brings_the_first_state_back(page: Visit) -> None:
    page.page.get_by_label("numbers heard").fill("5")
    page.page.get_by_label("backwards").check()
    drive(page, "left left write")
    page.page.get_by_role("button", name="Reset").click()
    assert told(page) == "You hear 9. The head is on slot 1, which holds 2."
    assert log(page) == ["start", "write 7", "right", "write 2"]
    assert not page.page.get_by_label("backwards").is_checked()
    assert page.page.get_by_label("numbers heard").input_value() == "3"


@pytest.mark.pages
def test_it_is_driven_by_keys_alone(page: Visit) -> None:
    page.page.locator("[data-order=write]").focus()
    for key in ("ArrowRight", "Enter", "ArrowLeft", "ArrowLeft", "Tab", " ", "ArrowRight", " ", "ArrowRight", "Enter"):
        page.page.keyboard.press(key)
    assert told(page) == "7, 2, 9, said in 12 orders. No way is shorter."


@pytest.mark.pages
def test_each_cell_reads_its_number(page: Visit) -> None:
    panel = page.page.get_by_role("application", name="What is heard")
    panel.focus()
    panel.press("ArrowRight")
    readout = page.page.locator(".drive .readout")
    assert readout.inner_text() == "heard, number 2: 2"
    panel.press("ArrowDown")
    assert readout.inner_text() == "tape, slot 1: 2"
    rows = page.page.get_by_role("application", name="The tape after each order")
    rows.focus()
    rows.press("ArrowDown")
    assert readout.inner_text() == "after order 1, write 7, slot 0: 7"


@pytest.mark.pages
def test_a_finger_drives_it_on_a_telephone(browser: Any, built_book: Path) -> None:
    touching = browser.new_context(viewport=NARROW, has_touch=True)
    telephone = touching.new_page()
    telephone.goto(f"{built_book.as_uri()}/{PAGE}.html")
    for order in ("right", "write", "left", "left", "read"):
        telephone.locator(f"[data-order={order}]").tap()
    assert telephone.locator(".told").inner_text().startswith("Nothing more is heard. Say 2.")
    assert telephone.evaluate("document.documentElement.scrollWidth") == NARROW["width"]
    touching.close()
