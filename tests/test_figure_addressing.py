"""The figure of chapter 3: its stages are the library's, and on the built page it is driven to its answer."""

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
from pages import ROOT
from test_browser import NARROW, Visit, visit

from ntm_lib.addressing import address
from ntm_lib.inspector import addressing, figures
from ntm_lib.numerics import NORM_EPSILON, WEIGHT_EPSILON

JS = Path(figures.__file__).parent / "js"
PAGE = "book/03_addressing"
STAGES = ("previous", "content", "gated", "shifted", "sharpened")


def node(*arguments: str | Path) -> str:
    program = shutil.which("node")
    if program is None:
        pytest.skip("no node on this machine")
    done = subprocess.run([program, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


def handles(seed: int) -> dict[str, Any]:
    """Some setting of all handles, from gentle to as far as the sliders go."""
    rng = np.random.default_rng(seed)
    return {
        "previous": rng.dirichlet(np.ones(5)).tolist(),
        "key": rng.uniform(-1, 1, 3).round(1).tolist(),
        "strength": float(rng.choice([0.0, 1.0, 7.3, 20.0])),
        "gate": float(rng.choice([0.0, 0.37, 1.0])),
        "shift": rng.dirichlet(np.ones(3)).tolist(),
        "sharpening": float(rng.choice([1.0, 3.2, 20.0])),
    }


def test_the_javascript_tests_pass() -> None:
    node("--test", JS / "tests" / "addressing.test.js")


def test_the_stages_are_the_librarys() -> None:
    """Fifty settings, every stage of each within 1e-5."""
    settings = [handles(seed) for seed in range(50)]
    program = (
        f"import {{ addressingStages }} from {json.dumps((JS / 'stages.js').as_uri())};"
        f"const memory = {json.dumps(np.ravel(addressing.MEMORY).tolist())};"
        f"console.log(JSON.stringify({json.dumps(settings)}.map((head) => addressingStages(memory, head))));"
    )
    for head, found in zip(settings, json.loads(node("--input-type=module", "-e", program)), strict=True):
        numbers = head["strength"], head["gate"], [head["shift"]], head["sharpening"]
        expected = address([addressing.MEMORY], [head["previous"]], [head["key"]], *numbers)
        for name, weights in zip(STAGES[1:], expected, strict=True):
            np.testing.assert_allclose(found[name], weights[0], atol=1e-5, err_msg=f"{name} {head}")


def test_its_small_numbers_are_the_librarys() -> None:
    text = (JS / "stages.js").read_text(encoding="utf-8")
    small = [float(number) for number in re.findall(r"_EPSILON = ([\d.e-]+);", text)]
    assert small == [NORM_EPSILON, WEIGHT_EPSILON]


def test_the_static_picture_shows_the_state_that_the_figure_starts_from() -> None:
    picture = figures.PICTURES["addressing"]()
    stages = addressing.stages("read")
    assert [axis.get_title(loc="left") for axis in picture.figure.axes] == list(STAGES)
    for axis, weights in zip(picture.figure.axes, stages.values(), strict=True):
        np.testing.assert_allclose([bar.get_height() for bar in axis.patches], weights, atol=1e-6)
    assert "sharpened 0.98 on slot 2" in picture.alt
    assert addressing.stages("write")["gated"] == addressing.stages("write")["previous"], "a closed gate"


# --- on the built page


@pytest.fixture(scope="module")
def opened(browser: Any, built_book: Path) -> Iterator[Visit]:
    with visit(browser, built_book, PAGE) as visited:
        visited.page.locator(".handles").wait_for()
        yield visited
        assert visited.requests == []
        assert visited.problems == []


@pytest.fixture
def page(opened: Visit) -> Visit:
    opened.page.get_by_role("button", name="Reset").click()
    return opened


def told(page: Visit) -> str:
    return str(page.page.locator(".told").inner_text())


def put(page: Visit, handle: str, value: float) -> None:
    page.page.get_by_role("slider", name=handle).fill(str(value))


def stages_of(page: Visit, head: str) -> dict[str, list[float]]:
    found = page.page.evaluate(
        """(head) => [...document.querySelectorAll('*')].find(e => e.figure).figure.stagesOf(head)""", head
    )
    return {name: found[name] for name in STAGES}


@pytest.mark.pages
@pytest.mark.parametrize("head", ["read", "write"])
def test_it_starts_with_the_step_of_the_chapter(page: Visit, head: str) -> None:
    for name, weights in addressing.stages(head).items():
        np.testing.assert_allclose(stages_of(page, head)[name], weights, atol=1e-5)
    assert told(page) == "The read head has 0.98 of its weight on slot 2. It reads (1.00, 0.00, 0.98)."


@pytest.mark.pages
def test_the_question_is_answered_by_driving(page: Visit) -> None:
    put(page, "strength β", 1)
    assert told(page).startswith("The read head has 0.48 of its weight on slot 2.")
    put(page, "sharpen γ", 20)
    assert told(page).startswith("The read head has 0.99 of its weight on slot 2.")
    put(page, "strength β", 0.5)
    assert told(page).startswith("The read head has 0.61 of its weight on slot 0.")
    put(page, "strength β", 0.2)
    assert told(page).startswith("The read head has 0.98 of its weight on slot 0.")


@pytest.mark.pages
def test_the_next_step_lets_both_heads_go_on(page: Visit) -> None:
    page.page.get_by_label("write head").check()
    slots = []
    for _ in range(3):
        slots.append(int(re.search(r"on slot (\d)", told(page))[1]))
        page.page.get_by_role("button", name="Next step").click()
    assert slots == [0, 1, 2], "it walks, round the end of the memory"
    page.page.get_by_label("read head").check()
    assert told(page).startswith("Step 4. The read head has 0.99 of its weight on slot 2.")


@pytest.mark.pages
def test_five_settings_read_the_list_backwards(page: Visit) -> None:
    """The exercise "drive": find (0, 0, 1) by content, then walk back one slot a step."""
    for place, value in enumerate((0, 0, 1)):
        put(page, f"key {place}", value)
    put(page, "gate g", 1)
    put(page, "shift +1", 0)
    put(page, "shift 0", 1)
    put(page, "strength β", 20)
    put(page, "sharpen γ", 20)
    slots = []
    for step in range(5):
        if step == 1:
            put(page, "gate g", 0)
            put(page, "shift −1", 1)
        slots.append(int(re.search(r"on slot (\d)", told(page))[1]))
        if step < 4:
            page.page.get_by_role("button", name="Next step").click()
            if step == 0:
                continue
    assert slots == [4, 3, 2, 1, 0]


@pytest.mark.pages
def test_it_is_driven_by_keys_alone_and_reads_its_numbers(page: Visit) -> None:
    slider = page.page.get_by_role("slider", name="gate g")
    slider.focus()
    for _ in range(90):
        page.page.keyboard.press("ArrowLeft")
    assert stages_of(page, "read")["gated"] == stages_of(page, "read")["previous"]
    page.page.get_by_role("button", name="Reset").press("Enter")
    panel = page.page.get_by_role("application", name="Memory, and the stages")
    panel.focus()
    heard = [page.page.locator(".readout").inner_text()]
    for key in ["ArrowRight"] * 7:
        panel.press(key)
        heard.append(page.page.locator(".readout").inner_text())
    panel.press("ArrowDown")
    heard.append(page.page.locator(".readout").inner_text())
    assert heard == [
        "key, column 0: 0.000",
        "key, column 1: 1.000",
        "key, column 2: 0.000",
        "write weight, slot 0: 0.996",  # .8³ / (.8³ + 2 · .1³)
        "memory, slot 0, column 0: 1.000",
        "memory, slot 0, column 1: 0.000",
        "memory, slot 0, column 2: 0.000",
        "read weight, slot 0: 0.014",
        "read weight, slot 1: 0.002",
    ]
    for key in ["ArrowRight"] * 2:
        panel.press(key)
    assert page.page.locator(".readout").inner_text() == "content, slot 1: 0.949, cosine 1.000"
    for key in ["ArrowRight"] * 6:
        panel.press(key)
    assert page.page.locator(".readout").inner_text() == "read vector, column 2: 0.984"
    for key in ["ArrowLeft"] * 9:
        panel.press(key)
    assert page.page.locator(".readout").inner_text() == "memory, slot 0, column 2: 0.000", "and back"


@pytest.mark.pages
def test_a_press_moves_the_head_and_a_finger_drives_it_on_a_telephone(browser: Any, built_book: Path) -> None:
    touching = browser.new_context(viewport=NARROW, has_touch=True)
    telephone = touching.new_page()
    telephone.goto(f"{built_book.as_uri()}/{PAGE}.html")
    telephone.get_by_label("write head").tap()
    assert telephone.locator(".told").inner_text().startswith("The write head has 1.00 of its weight on slot 0.")
    telephone.get_by_role("button", name="Next step").tap()
    assert telephone.locator(".told").inner_text().startswith("Step 2. The write head")
    assert telephone.evaluate("document.documentElement.scrollWidth") == NARROW["width"]
    small = telephone.evaluate(
        """() => [...[...document.querySelectorAll('*')].find(e => e.figure).shadowRoot.querySelectorAll(
        'button, input[type=range], label')].map(e => e.getBoundingClientRect()).filter(
        r => r.width > 0 && (r.width < 24 || r.height < 24)).length"""
    )
    assert small == 0, "targets below 24 pixels"
    touching.close()


def test_the_page_asks_for_it() -> None:
    assert "{live-figure} addressing" in (ROOT / f"{PAGE}.ipynb").read_text(encoding="utf-8")


# --- what it cannot start from


def changed(**handles: Any) -> dict[str, Any]:
    return {**addressing.HEADS, "read": {**addressing.HANDLES, **handles}}


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "flat": ({"memory": [1.0, 2.0]}, r"memory must have shape \[N, W\]"),
    "not finite": ({"memory": [[1.0], [np.nan]]}, "memory must be finite. Received nan"),
    "one slot": ({"memory": [[1.0, 0.0, 0.0]]}, r"2 to 12 slots of 1 to 6 numbers. Received shape: \[1, 3\]"),
    "no write head": (
        {"heads": {"read": addressing.HANDLES}},
        "heads must be a dictionary of read, write. Received: read",
    ),
    "no gate": ({"heads": {**addressing.HEADS, "read": {"key": [0.0]}}}, "a dictionary of previous, .*Received: key"),
    "no such slot": ({"heads": changed(previous=5)}, "read head: previous must be from 0 to 4. Received: 5"),
    "short key": ({"heads": changed(key=[1.0])}, r"read head: key must have 3 entries"),
    "long key": ({"heads": changed(key=[2.0, 0.0, 0.0])}, "read head: key must be from -1 to 1"),
    "shift": ({"heads": changed(shift=[0.5, 0.5, 0.5])}, "read head: shift must have the sum 1"),
    "gate": ({"heads": changed(gate=1.5)}, "read head: gate must be from 0 to 1. Received: 1.5"),
    "sharpening": ({"heads": changed(sharpening=0.5)}, "read head: sharpening must be from 1 to 20. Received: 0.5"),
    "text": ({"heads": changed(strength="<b>")}, "read head: strength must be a finite number .*Received: '<b>'"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_start_is_named_with_what_came(name: str) -> None:
    start, message = WRONG[name]
    with pytest.raises(ValueError, match=message):
        figures.html("addressing", **start)


def test_it_starts_from_another_memory() -> None:
    heads = {name: {**addressing.HANDLES, "previous": 0, "key": [1.0, 0.0]} for name in ("read", "write")}
    text = figures.html("addressing", memory=[[0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], heads=heads)
    data = re.search(r'<script type="application/json">(.*?)</script>', text)
    assert data
    assert json.loads(data[1]) == addressing.data([[0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], heads)
    assert "over 3 slots" in text


@pytest.mark.pages
def test_a_wrong_start_is_said_in_the_frame_and_escaped(browser: Any, built_book: Path) -> None:
    with visit(browser, built_book, PAGE) as visited:
        visited.page.locator(".handles").wait_for()
        for strength in ("<img src=x onerror=alert(1)>", 99):
            data = {**addressing.data(), "heads": changed(strength=strength)}
            visited.page.evaluate(
                """(data) => { const made = document.createElement(
                  [...document.querySelectorAll('*')].find(e => e.figure).localName);
                made.id = 'wrong'; const script = document.createElement('script');
                script.type = 'application/json'; script.textContent = JSON.stringify(data);
                made.append(script, new Image()); document.getElementById('wrong')?.remove();
                document.querySelector('article').append(made); }""",
                data,
            )
            frame = visited.page.locator("#wrong")
            assert frame.get_by_role("alert").inner_text() == (
                "This figure cannot be shown. read head: strength must be a number from 0 to 20. "
                f"Received: {json.dumps(strength)}"
            )
            assert frame.evaluate("e => e.shadowRoot.querySelectorAll('img').length") == 0
            assert frame.evaluate("e => getComputedStyle(e.shadowRoot.querySelector('slot')).display") == "block"
        assert visited.problems == []


@pytest.mark.pages
def test_the_answer_is_folded_away_below_it(page: Visit) -> None:
    name = page.page.evaluate("[...document.querySelectorAll('*')].find(e => e.figure).localName")
    answer = page.page.locator(f"figure:has({name}) ~ details.solution").first
    assert not answer.locator("p").first.is_visible()
    answer.locator("summary").click()
    # The numbers that test_the_question_is_answered_by_driving finds.
    said = re.findall(r"(?<=\s)0\.\d\d\b", answer.inner_text())
    assert said == ["0.48", "0.99", "0.61", "0.98"]
    answer.locator("summary").click()


@pytest.mark.pages
def test_print_and_a_page_without_scripts_show_the_static_picture(browser: Any, built_book: Path) -> None:
    for scripts in (True, False):
        context = browser.new_context(java_script_enabled=scripts)
        plain = context.new_page()
        plain.goto(f"{built_book.as_uri()}/{PAGE}.html")
        picture = plain.locator("img[alt^='Five bar charts over 5 slots']")
        picture.wait_for(state="hidden" if scripts else "visible")
        plain.emulate_media(media="print")
        picture.wait_for(state="visible")
        context.close()


@pytest.mark.pages
def test_a_press_on_a_slot_puts_the_previous_weighting_there(page: Visit) -> None:
    panel = page.page.get_by_role("application", name="Memory, and the stages")
    place = page.page.evaluate(
        """() => { const { layers } = [...document.querySelectorAll('*')].find(e => e.figure).figure.drawing.drawing;
        const { x, y, width, height, rows } = layers.find(l => l.name === 'previous');
        return { x: x + width / 2, y: y + height * 1.5 / rows }; }"""
    )
    panel.click(position=place)
    assert stages_of(page, "read")["previous"] == [0, 1, 0, 0, 0]
    assert stages_of(page, "write")["previous"] == [0, 0, 0, 0, 1], "only the head that is driven"
