"""The playground: its tasks are the library's, and on the built landing page it runs, breaks and is repaired."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_browser import NARROW, Visit, visit

from ntm_lib.inspector import playground
from ntm_lib.tasks import AssociativeRecallTask, CopyTask, PrioritySortTask

JS = Path(playground.__file__).parent / "js"


def of_node(program: str, *arguments: Any) -> Any:
    """What a program of JavaScript prints, as JSON; it gets `arguments` and the file of tasks as `tasks`."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("no node on this machine")
    text = f"import * as tasks from {json.dumps((JS / 'patterns.js').as_uri())}; const given = {json.dumps(arguments)};"
    text += f"console.log(JSON.stringify({program}, (_, v) => v instanceof Float32Array ? [...v] : v));"
    run = subprocess.run([node, "--input-type=module", "-e", text], capture_output=True, text=True, check=True)
    return json.loads(run.stdout)


def test_the_pages_copy_task_is_the_librarys() -> None:
    inputs, targets, mask = (part[0] for part in CopyTask().sample(1, np.random.default_rng(0), length=5))
    asked = of_node("tasks.copyTask(given[0])", inputs[:5, :8].astype(int).tolist())
    assert [asked["inputs"], asked["targets"], asked["mask"]] == [p.ravel().tolist() for p in (inputs, targets, mask)]


def test_the_pages_recall_task_is_the_librarys() -> None:
    for seed in range(5):
        parts = AssociativeRecallTask().sample(1, np.random.default_rng(seed), items=4)
        inputs, targets, mask = (part[0] for part in parts)
        vectors = inputs[:16].reshape(4, 4, 8)[:, 1:, :6].astype(int)
        asked = next(i for i in range(4) if (vectors[i] == inputs[17:20, :6]).all())
        found = of_node("tasks.recallTask(given[0], given[1])", vectors.reshape(12, 6).tolist(), asked)
        expected = [p.ravel().tolist() for p in (inputs, targets, mask)]
        assert [found["inputs"], found["targets"], found["mask"]] == expected


@pytest.mark.parametrize("items", [4, 16, 20])
def test_the_pages_sorting_task_is_the_librarys(items: int) -> None:
    parts = PrioritySortTask().sample(1, np.random.default_rng(items), items=items)
    inputs, targets, mask = (part[0] for part in parts)
    shown = inputs[:items, :8].astype(int).tolist(), inputs[:items, 8].tolist()
    found = of_node("tasks.prioritySortTask(given[0], given[1])", *shown)
    assert [found["inputs"], found["targets"], found["mask"]] == [p.ravel().tolist() for p in (inputs, targets, mask)]


def test_a_shelf_holds_the_weights_of_its_machine() -> None:
    for machine in playground.machines():
        script = playground.machine_script(machine["name"])
        start = f'(globalThis.ntmMachines ??= {{}})["{machine["name"]}"] = '
        assert script.startswith(start)
        assert json.loads(script.removeprefix(start).removesuffix(";\n"))["schema"] == "ntm_lib/weights/1"
        assert len(script) < 100_000


@pytest.fixture(scope="module")
def page(browser: Any, built_book: Path) -> Iterator[Visit]:
    with visit(browser, built_book, "index") as opened:
        opened.page.locator(".verdict:not(:empty)").wait_for()
        yield opened


def verdict(page: Visit, expected: str) -> str:
    """Wait until the verdict holds a text, and return all of it."""
    found = page.page.locator(".verdict", has_text=expected)
    found.wait_for(timeout=20_000)
    return str(found.inner_text())


def select(page: Visit, label: str) -> None:
    page.page.get_by_role("combobox", name="Machine").select_option(label=label)


@pytest.mark.pages
def test_it_copies_what_is_typed_whatever_the_length(page: Visit) -> None:
    assert verdict(page, "All 168 bits") == "All 168 bits are right. The answer reads neural turing machine"
    page.page.get_by_label("Text").fill("abc")
    assert verdict(page, "All 24 bits").endswith("The answer reads abc")
    vectors = page.page.get_by_role("spinbutton", name="Vectors")
    vectors.fill("500")
    vectors.press("Enter")
    verdict(page, "All 960 bits are right.")
    assert vectors.input_value() == "120"


def recalls(page: Visit) -> None:
    for item in ("1", "3"):
        page.page.get_by_label("Show again item").fill(item)
        page.page.get_by_label("Show again item").press("Enter")
        verdict(page, "All 18 bits are right.")


def sorts(page: Visit) -> None:
    """A vector that gets the highest priority is due first, and the machine gives it first."""
    page.page.get_by_role("spinbutton", name="Vector", exact=True).fill("7")
    page.page.get_by_role("spinbutton", name="Vector", exact=True).press("Enter")
    page.page.get_by_label("its priority").fill("1")
    playground = "[...document.querySelectorAll('*')].find(e => e.playground).playground"
    page.page.wait_for_function(
        f"""() => {{ const {{ view: {{ trace }}, editor }} = {playground};
        const due = trace.targets.subarray(168, 176), given = trace.logits.subarray(168, 176);
        return editor.pattern[7].every((bit, i) => bit === due[i] && bit === Number(given[i] > 0)); }}"""
    )


@pytest.mark.pages
def test_earlier_moments_and_another_task_come_from_files_beside_the_page(page: Visit) -> None:
    page.page.get_by_label("Text").fill("abcabc")
    first, *others = playground.machines()
    for machine in others:
        select(page, machine["label"])
        expected = {"early": "of 48 bits are wrong", "sort": "of 128 bits"}
        verdict(page, next((text for part, text in expected.items() if part in machine["name"]), "bits are right."))
        if machine["task"] == "recall":
            recalls(page)
        if machine["task"] == "sort":
            sorts(page)
    select(page, first["label"])
    verdict(page, "All ")
    assert page.requests == []
    assert page.problems == []


@pytest.mark.pages
@pytest.mark.parametrize("broken", ["no location addressing", "no sharpening", "noise in memory", "slots"])
def test_each_way_to_break_it_breaks_it_and_it_is_repaired(page: Visit, broken: str) -> None:
    page.page.get_by_label("Text").fill("twenty-one characters")
    verdict(page, "All 168 bits")
    page.page.get_by_text("Break it", exact=True).click()
    control = page.page.get_by_role("spinbutton", name="slots") if broken == "slots" else page.page.get_by_label(broken)
    control.check() if broken.startswith("no ") else control.fill("0.3" if broken.startswith("noise") else "20")
    control.press("Tab")
    assert "168 bits are wrong" in verdict(page, "of 168 bits are wrong")
    page.page.get_by_role("button", name="Repair").click()
    verdict(page, "All 168 bits are right")
    page.page.get_by_text("Break it", exact=True).click()


@pytest.mark.pages
def test_a_bit_is_drawn_with_keys_with_the_mouse_and_with_a_finger(browser: Any, built_book: Path) -> None:
    with visit(browser, built_book, "index") as opened:
        verdict(opened, "All 168 bits")
        editor = opened.page.get_by_role("application", name="The pattern.")
        pattern = "[...document.querySelectorAll('*')].find(e => e.playground).playground.editor.pattern"
        editor.focus()
        editor.press("ArrowDown")
        editor.press(" ")
        assert opened.page.evaluate(f"{pattern}[0]") == [0, 0, 1, 0, 1, 1, 1, 0]  # n is 01101110
        box = editor.bounding_box()
        opened.page.mouse.click(box["x"] + 5, box["y"] + 5)
        assert opened.page.evaluate(f"{pattern}[0]") == [1, 0, 1, 0, 1, 1, 1, 0]
        assert opened.page.get_by_label("Text").input_value() == ""
        assert verdict(opened, "All 168 bits are right.") == "All 168 bits are right."
    touching = browser.new_context(viewport=NARROW, has_touch=True)
    telephone = touching.new_page()
    telephone.goto(f"{built_book.as_uri()}/index.html")
    telephone.get_by_role("application", name="The pattern.").tap(position={"x": 5, "y": 5})
    telephone.locator(".verdict", has_text="All 168 bits are right.").wait_for()
    assert telephone.evaluate(f"{pattern}[0]") == [1, 1, 1, 0, 1, 1, 1, 0]
    touching.close()


@pytest.mark.pages
def test_what_it_cannot_take_is_said_in_its_frame(browser: Any, built_book: Path) -> None:
    with visit(browser, built_book, "index") as opened:
        verdict(opened, "All 168 bits")
        text, vectors = opened.page.get_by_label("Text"), opened.page.get_by_role("spinbutton", name="Vectors")
        text.fill("")
        assert "The text must have 1 to 120 characters. Received: none" in verdict(opened, "This cannot be run.")
        assert not opened.page.get_by_role("button", name="Play").is_visible(), "no answer of another input"
        text.fill("a" * 130)
        assert verdict(opened, "at most 120 characters").endswith("The answer reads " + "a" * 120)
        assert opened.page.get_by_role("button", name="Play").is_visible()
        text.fill("→")
        assert verdict(opened, "becomes a question mark").endswith("The answer reads ?")
        for received, least in (("0", "1"), ("121", "120"), ("", "1")):
            vectors.fill(received)
            vectors.press("Enter")
            told = f"Vectors must be a whole number from 1 to 120. Received: {received or 'none'}."
            verdict(opened, f"{told} All {8 * int(least)} bits are right.")
        opened.page.get_by_role("button", name="Random").click()
        verdict(opened, "All 8 bits are right.")


@pytest.mark.pages
def test_weights_that_are_not_there_are_named(browser: Any, built_book: Path, tmp_path: Path) -> None:
    (tmp_path / "alone.html").write_text(f"<!doctype html><meta charset=utf-8>{playground.html('missing/')}")
    with visit(browser, tmp_path, "alone") as opened:
        verdict(opened, "All 168 bits")
        select(opened, "recall an item")
        assert "The weights associative-recall-lstm must lie beside the page" in verdict(opened, "This cannot be run.")
