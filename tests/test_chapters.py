"""Every chapter has all its parts, and says where each of its measured numbers comes from."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode
from pages import ROOT, chapters

sys.path.insert(0, str(ROOT / "_ext"))
import reading_times

CHAPTERS = chapters()
DECK = {
    1: ["NeuralTuringMachine"],
    2: ["NTMController"],
    3: ["cosine_similarity", "content_addressing"],
    4: ["read_memory", "write_memory"],
    5: ["train_step"],
    6: ["generate_copy_task"],
    7: ["attention_mechanism", "read_with_attention"],
    8: ["compute_gradients", "plot_gradient_flow"],
    9: ["SimpleNTM"],
    10: ["generate_sorting_task", "train_sorting_ntm"],
    11: ["generate_qa_task", "train_qa_ntm"],
    12: ["analyze_ntm_stability", "plot_memory_stability"],
    13: ["experiment_memory_scaling", "plot_scaling_results"],
}
"""The names that each slide defines or uses."""


@pytest.fixture(params=CHAPTERS, ids=lambda path: path.stem)
def path(request) -> Path:
    return request.param


@pytest.fixture
def chapter(path) -> NotebookNode:
    return nbformat.read(path, as_version=nbformat.NO_CONVERT)


def source(chapter: NotebookNode, kind: str) -> str:
    return "\n\n".join(cell.source for cell in chapter.cells if cell.cell_type == kind)


def unfolded(text: str) -> str:
    """The running text: without folded answers, directives and equations."""
    return reading_times.EQUATION.sub("", reading_times.BLOCK.sub("", reading_times.FOLDED.sub("", text)))


# --- the parts of a chapter


def test_a_chapter_opens_with_what_you_will_be_able_to_do_and_what_it_builds_on(chapter):
    opening = chapter.cells[0].source
    assert re.search(r"^After (this chapter|these pages) you can\n\n- ", opening, re.MULTILINE)
    assert re.search(r"builds on|You need|before", opening)


def test_a_chapter_ends_with_exercises_what_to_remember_and_sources(chapter):
    headings = re.findall(r"^## (.*)$", source(chapter, "markdown"), re.MULTILINE)
    assert headings[-4:] == ["Check yourself", "Exercises", "What to remember", "Sources"]


def test_the_slides_names_are_used(chapter, path):
    code = source(chapter, "code")
    for name in DECK.get(int(path.stem[:2]), []):
        assert re.search(rf"\bntm_lib\.{name}\b|import .*\b{name}\b", code), name


def test_the_slides_code_is_run_and_its_defects_are_marked(chapter):
    assert any("slide_defect" in cell.metadata for cell in chapter.cells)


def test_mathematics_code_and_shapes_stand_together(chapter, path):
    text = source(chapter, "markdown")
    assert "$$" in text
    if path.stem == "01_introduction":
        return  # it comes before the first tensor
    assert "literalinclude" in text
    assert re.search(r"`\[(B|N|T|I|K|S)\b[^`]*\]`", text)


def test_there_is_a_live_figure_and_an_experiment_to_change(chapter):
    text, code = source(chapter, "markdown"), source(chapter, "code")
    assert "{live-figure}" in text or re.search(r"inspect\(|[cC]lassroom\(|TrainingRecorder\(|MemoryBooks\(", code)
    assert "# change me" in code
    assert "assert " in code


def test_there_are_questions_and_exercises_of_different_kinds(chapter):
    text = source(chapter, "markdown")
    assert len(re.findall(r"^\*\*\d\. .*\*\*$", text, re.MULTILINE)) >= 5
    kinds = set(re.findall(r"^\*\*(?:\d\. )?(Build|Drive|Predict|Break)\.\*\*", text, re.MULTILINE))
    assert len(kinds) >= 2


def test_the_graded_exercises_of_a_chapter_are_linked(chapter, path):
    release = ROOT / "exercises" / "release" / path.name
    if release.exists():
        linked = re.findall(r"\{download\}`[^`]*<\.\./(exercises/release/[^`>]*)>`", source(chapter, "markdown"))
        assert linked == [f"exercises/release/{path.name}", "exercises/release/check.py"]
    else:
        assert int(path.stem[:2]) > 12, "each chapter from 1 to 12 has graded exercises"


def test_every_drawn_figure_has_a_caption_and_tells_what_is_seen(chapter):
    """A `Picture` carries its own alternative text; another figure has it in the metadata of its cell."""
    for cell in chapter.cells:
        shown = cell.metadata.get("mystnb", {})
        if "figure" in shown:
            assert shown["figure"].get("caption", "").strip().endswith((".", "?")), cell.id
            tells = re.search(r"Picture\(|plots\.|plot_|inspect\(|^display\(watched\)$", cell.source, re.MULTILINE)
            assert "image" in shown or tells, cell.id


def test_no_page_takes_much_more_than_25_minutes(path):
    assert reading_times.reading(path).minutes <= 28


# --- the numbers in the text

MEASURED = re.compile(
    r"(?<![\w.,$\\{/])(\d[\d,]*(?:\.\d+)?)[ \u00a0]?"
    r"(s|ms|seconds?|minutes?|hours?|bits?|%|per cent|times|sequences|of (?:five|ten|\d+) (?:seeds|runs)|[KMG]B)(?!\w)"
)
"""Numbers with the units that something measured has. They need a source, in the metadata of their cell:

"numbers": {"0.01 bits": "graves2014ntm"}   a work in the bibliography says so
"numbers": {"40,000 sequences": "cell 24"}  the number is set, asserted or computed in the code cell of this id
"numbers": {"20,000 sequences": "delay.json"}  it stands, rounded, in this file of benchmarks/results
"numbers": {"160 bits": "by hand"}          it is given for an example, or worked out in the text
"""


def measured_numbers(cell: NotebookNode) -> set[str]:
    """The numbers of measured kind in the running text of a cell."""
    text = re.sub(r"`[^`]*`", "", unfolded(cell.source))
    return {" ".join(found[0].split()) for found in MEASURED.finditer(text)}


def stands_in(number: str, results: object) -> bool:
    """Return whether the results hold this number, rounded as it is written."""
    digits = re.match(r"[\d.,]+", number)[0].replace(",", "")
    if isinstance(results, dict | list):
        return any(stands_in(number, each) for each in (results.values() if isinstance(results, dict) else results))
    decimals = len(digits.partition(".")[2])
    return isinstance(results, int | float) and abs(results - float(digits)) <= 0.5 * 10**-decimals


def test_every_measured_number_in_the_text_has_a_source(chapter):
    bibliography = (ROOT / "references.bib").read_text(encoding="utf-8")
    code = {cell.id: cell.source.replace("_", "") for cell in chapter.cells if cell.cell_type == "code"}
    for cell in chapter.cells:
        if cell.cell_type != "markdown":
            continue
        sources = cell.metadata.get("numbers", {})
        assert measured_numbers(cell) == set(sources), f"cell {cell.id} of the text"
        for number, origin in sources.items():
            if origin == "by hand":
                continue
            if origin.startswith("cell "):
                digits = re.match(r"[\d.,]+", number)[0].replace(",", "")
                assert re.search(rf"(?<![\d.]){re.escape(digits)}(?!\d)", code[origin.removeprefix("cell ")]), number
            elif origin.endswith(".json"):
                results = json.loads((ROOT / "benchmarks" / "results" / origin).read_text("utf-8"))
                assert stands_in(number, results), number
            else:
                assert f"{{{origin}," in bibliography, f"{number}: {origin}"
