"""The notebooks as files: clean, complete, editable as text. The build of the book runs them, and `make notebooks`."""

from __future__ import annotations

import re
import textwrap
from itertools import pairwise

import jupytext
import nbformat
import pytest
from nbformat import NotebookNode
from pages import ROOT, chapters, notebooks, page_names

import ntm_lib

NOTEBOOKS = notebooks()
TAGS = {
    *("raises-exception", "hide-input", "hide-output", "hide-cell", "remove-input", "remove-output", "remove-cell"),
    *("nbval-skip", "full-width"),
}


def read(path) -> NotebookNode:
    return nbformat.read(path, as_version=nbformat.NO_CONVERT)


def markdown_of(notebook: NotebookNode) -> str:
    return "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def path(request):
    return request.param


@pytest.fixture
def notebook(path) -> NotebookNode:
    return read(path)


def test_the_table_of_contents_and_the_folder_agree():
    in_toc = {name for name in page_names() if name.startswith("book/")}
    in_folder = {f"book/{page.stem}" for page in (ROOT / "book").iterdir() if page.suffix in {".ipynb", ".md"}}
    assert in_toc == in_folder


def test_format_is_valid_and_cells_have_ids(notebook):
    nbformat.validate(notebook)
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
    ids = [cell["id"] for cell in notebook.cells]
    assert len(ids) == len(set(ids))


def test_committed_without_outputs(notebook):
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert code, "a chapter has code"
    assert [cell.id for cell in code if cell.outputs or cell.execution_count is not None] == []


def test_metadata_says_nothing_about_one_machine(notebook):
    assert set(notebook.metadata) <= {"kernelspec", "language_info"}
    assert notebook.metadata["kernelspec"]["name"] == "python3"
    assert notebook.metadata.get("language_info", {"name": "python"}) == {"name": "python"}


def test_tags_are_known(notebook):
    tags = {tag for cell in notebook.cells for tag in cell.metadata.get("tags", [])}
    assert tags <= TAGS


def test_one_title_and_no_skipped_heading_level(notebook):
    text = re.sub(r"^(```|~~~).*?^\1", "", markdown_of(notebook), flags=re.MULTILINE | re.DOTALL)
    levels = [len(marks) for marks in re.findall(r"^(#+) ", text, flags=re.MULTILINE)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    steps = [after - before for before, after in pairwise(levels)]
    assert max(steps, default=0) <= 1


def test_a_claim_is_an_assert_cell(notebook):
    assert any(re.search(r"^\s*assert\b", cell.source, flags=re.MULTILINE) for cell in notebook.cells)


def test_figures_in_metadata_have_captions_and_labels(notebook):
    for cell in notebook.cells:
        figure = cell.metadata.get("mystnb", {}).get("figure")
        if figure is not None:
            assert figure.get("caption", "").strip(), cell.id
            assert figure.get("name", "").startswith("fig-"), cell.id


def test_labels_are_unique_in_the_book():
    labels = []
    for path in NOTEBOOKS:
        notebook = read(path)
        labels += re.findall(r"^(?:\(([\w-]+)\)=|:name: (\S+))$", markdown_of(notebook), flags=re.MULTILINE)
        labels += [cell.metadata.get("mystnb", {}).get("figure", {}).get("name") for cell in notebook.cells]
    used = ["".join(label) for label in labels if label]
    assert sorted(used) == sorted(set(used))


ANSWER = re.compile(r'<details class="answer( right)?">\s*<summary>(.+?)</summary>(.*?)</details>', flags=re.DOTALL)


def test_self_checks_have_one_right_answer_and_explain_each(notebook, path):
    if path not in chapters():
        return
    text = markdown_of(notebook)
    assert len(ANSWER.findall(text)) == text.count('<details class="answer'), "not in the form that CONTRIBUTING shows"
    parts = re.split(r"^(?=\*\*\d+\. )", text, flags=re.MULTILINE)
    questions = [part for part in parts if ANSWER.search(part)]
    assert questions, "a chapter has a self-check"
    for question in questions:
        answers = ANSWER.findall(question)
        right = [explanation for mark, _, explanation in answers if mark]
        wrong = [explanation for mark, _, explanation in answers if not mark]
        title = question.splitlines()[0]
        assert len(right) == 1, title
        assert len(wrong) >= 3, title
        assert right[0].strip().startswith("Right."), title
        assert all(explanation.strip().startswith("No.") for explanation in wrong), title
        assert all(len(explanation.split()) > 4 for explanation in right + wrong), title
        assert all(text.startswith("\n\n") and text.endswith("\n\n") for *_, text in answers), title


def test_folded_text_is_an_answer_a_hint_or_a_solution(notebook):
    folded = re.findall(r"<details[^>]*>\s*<summary>", markdown_of(notebook))
    known = re.findall(r'<details class="(?:answer|answer right|hint|solution)">\s*<summary>', markdown_of(notebook))
    assert folded == known


def test_edited_as_text_a_notebook_comes_back_the_same(notebook):
    text = jupytext.writes(notebook, fmt="md:myst")
    back = jupytext.reads(text, fmt="md:myst")

    def content(book: NotebookNode) -> list[tuple]:
        return [(cell.cell_type, textwrap.dedent(cell.source).strip(), cell.metadata) for cell in book.cells]

    assert content(back) == content(notebook)


def test_prose_names_no_path_of_one_machine(path):
    assert not re.search(r"(/home/|/Users/|/root/|/tmp/|/work/)", path.read_text(encoding="utf-8"))


def test_every_slide_defect_says_what_where_and_who_repairs_it():
    """The page of errata is made from these marks."""
    marks = {path.stem: [cell.metadata.get("slide_defect") for cell in read(path).cells] for path in chapters()}
    for name, found in marks.items():
        for mark in filter(None, found):
            assert set(mark) == {"slide", "defect", "repair"}, name
            assert mark["slide"] == int(name[:2])
            assert mark["defect"].endswith(".")
            if mark["repair"].startswith("doi:"):  # a wrong reference: the right one is in the bibliography
                assert mark["repair"].removeprefix("doi:") in (ROOT / "references.bib").read_text(encoding="utf-8")
                continue
            part = ntm_lib
            for each in mark["repair"].removeprefix("ntm_lib.").split("."):
                part = getattr(part, each)
    slides = [found for name, found in marks.items() if int(name[:2]) <= 14]
    assert all(any(found) for found in slides), "every slide has a defect, so every chapter on one shows it"
