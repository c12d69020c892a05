"""The figure of chapter 2: each part shows the library's numbers, and on the built page it is driven to its answer."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_browser import NARROW, WIDE, Visit, visit

from ntm_lib import plots
from ntm_lib.inspector import architecture, figures

JS = Path(figures.__file__).parent / "js"
PAGE = "book/02_architecture"
NAMES = {name: re.sub("_(.)", lambda found: found[1].upper(), name) for name in architecture.parts(1)}
"""What Python calls a part, and what the page calls it."""


def node(*arguments: str) -> Any:
    program = shutil.which("node")
    if program is None:
        pytest.skip("no node on this machine")
    done = subprocess.run([program, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return json.loads(done.stdout)


def values_on_the_page(step: int) -> dict[str, list[float]]:
    """What the figure shows of a step, without a browser."""
    program = (
        f"import {{ decodePayload }} from {json.dumps((JS / 'payload.js').as_uri())};"
        f"import {{ stepValues }} from {json.dumps((JS / 'step.js').as_uri())};"
        "const { payload, hidden, raw } = JSON.parse(process.argv[1]);"
        "const trace = await decodePayload(payload);"
        f"const found = stepValues({{ trace, hidden, raw }}, {step});"
        "console.log(JSON.stringify(Object.fromEntries(Object.entries(found).map(([k, v]) => [k, Array.from(v)]))));"
    )
    found: dict[str, list[float]] = node("--input-type=module", "-e", program, json.dumps(architecture.data()))
    return found


@pytest.mark.parametrize("step", [1, 4, 8])
def test_every_part_shows_the_numbers_of_the_trace(step: int) -> None:
    """To what the eye can see: the payload is quantised, and what is added to it is rounded to two places."""
    found = values_on_the_page(step)
    assert found.keys() == set(NAMES.values())
    for name, expected in architecture.parts(step).items():
        span = max(1.0, float(np.abs(expected).max()))
        np.testing.assert_allclose(found[NAMES[name]], np.ravel(expected), atol=0.01 * span, err_msg=name)


def test_before_the_first_step_there_is_nothing() -> None:
    found = values_on_the_page(0)
    assert not np.any(found["lastRead"])
    assert not np.any(found["lastHidden"])
    np.testing.assert_allclose(found["memoryBefore"], 1e-6, atol=1e-2)


def test_the_shapes_are_those_of_the_library() -> None:
    """Every part's axes, in the sizes of the trace, are the shape of its numbers."""
    trace, _ = architecture.run()
    sizes = {"inputs": 9, "outputs": 8, "slots": 128, "width": 20, "units": 100, "shifts": 3}
    assert trace.memory.shape[2:] == (sizes["slots"], sizes["width"])
    program = (
        f"import {{ PARTS, shapeOf }} from {json.dumps((JS / 'step.js').as_uri())};"
        f"const sizes = {json.dumps(sizes)};"
        "console.log(JSON.stringify(Object.fromEntries(Object.entries(PARTS).map(([name, part]) => "
        "[name, shapeOf(part.axes, sizes)]))));"
    )
    shapes = node("--input-type=module", "-e", program)
    for name, values in architecture.parts(4).items():
        assert tuple(shapes[NAMES[name]]) == values.shape, name


def test_the_static_picture_shows_the_step_that_the_figure_starts_from() -> None:
    picture = figures.PICTURES["architecture"]()
    parts = architecture.parts(architecture.STEP)
    images = [image.get_array() for image in picture.figure.axes[0].images]
    order = list(parts)
    np.testing.assert_array_equal(images[order.index("input")][0], parts["input"])
    drawn = images[order.index("memory")]
    np.testing.assert_array_equal(drawn, parts["memory"][: drawn.shape[1]].T)
    assert "the read head on slot 3" in picture.alt


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "missing": ({"input": None}, "parts must be input, last_read.*Received: last_read"),
    "flat memory": ({"memory": np.ones(4)}, r"memory must have shape \[N, W\]"),
    "not finite": ({"read": np.array([np.nan])}, "read must be finite"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_part_is_named_with_what_came(name: str) -> None:
    changes, message = WRONG[name]
    parts = {key: value for key, value in (architecture.parts(4) | changes).items() if value is not None}
    with pytest.raises(ValueError, match=message):
        plots.one_step(parts, alt="")


@pytest.mark.parametrize("step", [1, 4, 8])
def test_the_alt_text_says_what_this_step_shows(step: int) -> None:
    parts = architecture.parts(step)
    alt = architecture.picture(step).alt
    assert f"of step {step}." in alt
    assert ("The input is zero" in alt) == (not parts["input"].any())
    slot = parts["read_weights"].argmax()
    assert f"the read head on slot {slot} with {parts['read_weights'][slot]:.2f}" in alt
    apart = np.abs(parts["read"] - parts["memory"][slot]).max()
    assert ("this slot's row" in alt) == (apart < 0.02), apart


@pytest.mark.parametrize(
    ("start", "message"),
    [
        ({"step": 0}, "step must be a whole number of at least 1. Received: 0"),
        ({"step": 9}, "step must be from 1 to 8. Received: 9"),
        ({"part": "reed"}, "part must be one of .*'read'.*Received: 'reed'. Did you mean 'read'"),
    ],
)
def test_it_cannot_start_where_there_is_nothing(start: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        figures.html("architecture", **start)


def test_it_starts_at_another_step_and_part() -> None:
    found = architecture.data(4, "write_weights")
    assert (found["step"], found["part"]) == (4, "writeWeights")


# --- on the built page


@pytest.fixture(scope="module")
def opened(browser: Any, built_book: Path) -> Iterator[Visit]:
    with visit(browser, built_book, PAGE) as visited:
        visited.page.locator(".diagram button").first.wait_for()
        yield visited
        assert visited.requests == []
        assert visited.problems == []


@pytest.fixture
def page(opened: Visit) -> Visit:
    opened.page.get_by_role("button", name="Reset").click()
    return opened


def told(page: Visit) -> str:
    return str(page.page.locator(".told").inner_text())


def part(page: Visit) -> str:
    return str(page.page.locator(".detail h3").inner_text())


@pytest.mark.pages
def test_it_starts_with_the_last_answer(page: Visit) -> None:
    assert told(page) == "Step 8, answering. Write head on slot 7, read head on slot 3."
    assert part(page) == "read vector rₜ"
    assert "[W] = [20]" in page.page.locator(".detail dl").inner_text()
    assert "hidden" not in page.page.locator(".detail dd").nth(2).inner_text()


@pytest.mark.pages
def test_every_part_can_be_pressed_and_says_what_it_is(page: Visit) -> None:
    buttons = page.page.locator(".diagram button")
    assert buttons.count() == len(NAMES)
    for number in range(buttons.count()):
        buttons.nth(number).click()
        assert part(page) == buttons.nth(number).inner_text()
        assert page.page.locator(".detail .rule").inner_text().strip()
        assert re.match(r"\[.+\] = \[[\d, ]+\]", page.page.locator(".detail dd").first.inner_text())


@pytest.mark.pages
def test_the_question_is_answered_by_driving(page: Visit) -> None:
    """Step 8 reads slot 3; slot 3 changes at step 4, at the delimiter, and at no other step."""
    assert told(page).endswith("read head on slot 3.")
    slider = page.page.get_by_role("slider", name="step")
    written = {}
    for step in range(9):
        slider.fill(str(step))
        found = page.page.evaluate(
            """() => { const { numbers } = [...document.querySelectorAll('*')].find(e => e.figure).figure;
            return [Array.from(numbers.memoryBefore), Array.from(numbers.memory)]; }"""
        )
        before, after = (np.reshape(values, (128, 20)) for values in found)
        written[step] = np.abs(after - before)[3].max()
        if step == 4:
            assert told(page) == "Step 4, the delimiter. Write head on slot 3, read head on slot 0."
    assert [step for step, change in written.items() if change > 0.1] == [4]
    slider.fill("7")
    assert told(page) == "Step 7, answering. Write head on slot 6, read head on slot 2."


@pytest.mark.pages
def test_it_is_driven_by_keys_alone_and_reads_its_numbers(page: Visit) -> None:
    page.page.get_by_role("button", name="input xₜ").focus()
    page.page.keyboard.press("Tab")
    assert part(page) == "last read rₜ₋₁"
    page.page.keyboard.press("Enter")
    page.page.keyboard.press("Home")
    assert told(page).startswith("Step 0, listening.")
    panel = page.page.get_by_role("application", name="The numbers of this part")
    panel.focus()
    panel.press("ArrowRight")
    assert page.page.locator(".detail .readout").inner_text() == "last read, number 1: 0.00"
    for key in ["ArrowRight"] * 8 + ["ArrowDown"]:
        panel.press(key)
    assert page.page.locator(".detail .readout").inner_text() == "last read, number 19: 0.00", "rows of ten"


@pytest.mark.pages
@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"payload": {"schema": "<img src=x onerror=alert(1)>"}}, 'The data must have the schema "'),
        ({"hidden": [[1.0]]}, "hidden must be 9 rows of 100 finite numbers. Received: [[1]]"),
        ({"raw": None}, "raw must be 9 rows of 92 finite numbers. Received: null"),
        ({"part": "<b>read</b>"}, 'Received: "<b>read</b>"'),
        ({"step": 9}, "step must be a whole number from 0 to 8. Received: 9"),
    ],
    ids=["schema", "hidden", "raw", "part", "step"],
)
def test_a_wrong_start_is_said_in_the_frame_and_escaped(page: Visit, changes: dict[str, Any], message: str) -> None:
    page.page.evaluate(
        """(data) => { const made = document.createElement(
          [...document.querySelectorAll('*')].find(e => e.figure).localName);
        made.id = 'wrong'; const script = document.createElement('script');
        script.type = 'application/json'; script.textContent = JSON.stringify(data);
        made.append(script, new Image()); document.querySelector('article').append(made); }""",
        {**architecture.data(), **changes},
    )
    frame = page.page.locator("#wrong")
    said = frame.get_by_role("alert")
    said.wait_for()
    assert said.inner_text().startswith("This figure cannot be shown. ")
    assert message in said.inner_text()
    assert frame.evaluate("e => e.shadowRoot.querySelectorAll('img, b').length") == 0
    assert frame.evaluate("e => getComputedStyle(e.shadowRoot.querySelector('slot')).display") == "block"
    frame.evaluate("e => e.remove()")


@pytest.mark.pages
def test_each_part_shows_its_numbers(page: Visit) -> None:
    page.page.locator(".diagram button").first.wait_for()
    expected = architecture.parts(architecture.STEP)["read"]
    drawn = page.page.evaluate(
        """() => [...document.querySelectorAll('*')].find(e => e.figure).figure.values.drawing.texts.map(t => t.text)"""
    )
    numbers = [float(text.replace("−", "-")) for text in drawn]
    np.testing.assert_allclose(numbers, expected, atol=0.06)  # one decimal of stored weights


@pytest.mark.pages
def test_no_name_of_a_part_is_cut_off(page: Visit) -> None:
    for size in (WIDE, NARROW):
        page.page.set_viewport_size(size)
        for button in page.page.locator(".diagram button").all():
            button.click()
            assert button.evaluate("e => e.scrollWidth <= e.clientWidth"), (size, button.inner_text())
    page.page.set_viewport_size(WIDE)


@pytest.mark.pages
def test_the_answer_is_folded_away_below_it(page: Visit) -> None:
    name = page.page.evaluate("[...document.querySelectorAll('*')].find(e => e.figure).localName")
    answer = page.page.locator(f"figure:has({name}) ~ details.solution").first
    assert not answer.locator("p").first.is_visible()
    answer.locator("summary").click()
    assert answer.locator("p").first.inner_text().startswith("It reads slot 3, and slot 3 was written at step 4.")
    answer.locator("summary").click()


@pytest.mark.pages
def test_print_and_a_page_without_scripts_show_the_static_picture(browser: Any, built_book: Path) -> None:
    for scripts in (True, False):
        context = browser.new_context(java_script_enabled=scripts)
        plain = context.new_page()
        plain.goto(f"{built_book.as_uri()}/{PAGE}.html")
        picture = plain.locator("img[alt*='from top to bottom, of step 8']")
        picture.wait_for(state="hidden" if scripts else "visible")
        plain.emulate_media(media="print")
        picture.wait_for(state="visible")
        context.close()


@pytest.mark.pages
def test_a_finger_drives_it_on_a_telephone(browser: Any, built_book: Path) -> None:
    touching = browser.new_context(viewport=NARROW, has_touch=True)
    telephone = touching.new_page()
    telephone.goto(f"{built_book.as_uri()}/{PAGE}.html")
    telephone.locator(".diagram button", has_text="hidden hₜ").last.tap()
    assert telephone.locator(".detail h3").inner_text() == "hidden hₜ"
    assert telephone.evaluate("document.documentElement.scrollWidth") == NARROW["width"]
    small = telephone.evaluate(
        """() => [...[...document.querySelectorAll('*')].find(e => e.figure).shadowRoot.querySelectorAll(
        'button, input[type=range]')].map(e => e.getBoundingClientRect()).filter(
        r => r.width > 0 && (r.width < 24 || r.height < 24)).length"""
    )
    assert small == 0, "targets below 24 pixels"
    touching.close()
