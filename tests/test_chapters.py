"""Every chapter has all its parts. Where its numbers come from is asked in `test_numbers.py`."""

from __future__ import annotations

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

SLIDES = 14
"""A chapter with a higher number goes beyond the deck."""


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
    assert re.search(r"^After this chapter you can\n\n- ", opening, re.MULTILINE)
    assert re.search(r"builds on|You need|before", opening)


def test_a_chapter_ends_with_exercises_what_to_remember_and_sources(chapter):
    headings = re.findall(r"^## (.*)$", source(chapter, "markdown"), re.MULTILINE)
    assert headings[-4:] == ["Check yourself", "Exercises", "What to remember", "Sources"]


def test_the_slides_names_are_used(chapter, path):
    code = source(chapter, "code")
    for name in DECK.get(int(path.stem[:2]), []):
        assert re.search(rf"\bntm_lib\.{name}\b|import .*\b{name}\b", code), name


def test_the_slides_code_is_run_and_its_defects_are_marked(chapter, path):
    about_a_slide = int(path.stem[:2]) <= SLIDES
    assert any("slide_defect" in cell.metadata for cell in chapter.cells) == about_a_slide


def test_mathematics_code_and_shapes_stand_together(chapter):
    text = source(chapter, "markdown")
    assert re.search(r"\\tag\{|\]\(#eq-", text), "no equation has a number"
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
        if int(path.stem[:2]) > SLIDES:
            return  # a chapter of your own
        text = source(chapter, "markdown").partition("\n## Exercises\n")[2]
        assert text.lstrip().startswith("There is no graded notebook for this chapter, since ")


def test_a_visible_cell_is_short(chapter):
    """But for those that print a slide's code, which are as long as the slide."""
    for cell in chapter.cells:
        tags = set(cell.metadata.get("tags", []))
        if cell.cell_type == "code" and not tags & {*reading_times.HIDDEN, "raises-exception"}:
            assert reading_times.visible(cell.source) <= 18, cell.id


SHOWN = re.compile(
    r"^(?:plt\.show\(|plots\.\w+\(|(?:\w+\.)*(?:plot_\w+|inspect|Picture|Classroom|MemoryBooks|TrainingRecorder)\()",
    re.MULTILINE,
)
"""What shows a figure, in the first column of a cell's code: drawn by us or by a slide, or live."""


def test_every_figure_has_a_caption(chapter):
    for cell in chapter.cells:
        if cell.cell_type == "markdown":
            for written in re.findall(r"^```\{live-figure\}(.*?)^```", cell.source, re.DOTALL | re.MULTILINE):
                assert re.fullmatch(r" [a-z]+\n:name: fig-[a-z-]+\n\n.+[.?]\n", written), cell.id
        elif SHOWN.search(cell.source) and "raises-exception" not in cell.metadata.get("tags", []):
            assert "figure" in cell.metadata.get("mystnb", {}), cell.id


def test_every_drawn_figure_tells_what_is_seen(chapter):
    """A `Picture` carries its own alternative text; another figure has it in the metadata of its cell."""
    for cell in chapter.cells:
        shown = cell.metadata.get("mystnb", {})
        if "figure" in shown:
            assert shown["figure"].get("caption", "").strip().endswith((".", "?")), cell.id
            tells = re.search(
                r"Picture\(|plots\.|plot_|inspect\(|Classroom\(|MemoryBooks\(|^display\(watched\)$",
                cell.source,
                re.MULTILINE,
            )
            assert "image" in shown or tells, cell.id


def test_no_page_takes_much_more_than_25_minutes(path):
    assert reading_times.reading(path).minutes <= 26
