"""Read a source notebook and run its given and its test cells in this trusted process -> Exercise.

The answer cells are read as text and not run. Kinds of cells by their nbgrader metadata (a cell without any is for the
reader alone and does not count):

- locked, no grade, grade_id "cases" or "start": the folded public cases, and the import of check.py; not run here;
- locked, no grade, code: given; it goes into the sandbox before the answers;
- solution, code: an answer; its grade_id is the question's name;
- grade, code: a test, "NAME-test";
- grade and solution, markdown: a free text. Its source is the rubric, which the release replaces; the markdown cell
  before it holds the prompt.
"""

from __future__ import annotations

import ast
import hashlib
import json
import linecache
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from exercises import check
from exercises.grader.spec import COLLECTOR, Exercise, FreeText, Question

NOT_GIVEN = ("cases", "start")
SOLUTION = ("### BEGIN SOLUTION", "### END SOLUTION")
HIDDEN = ("### BEGIN HIDDEN TESTS", "### END HIDDEN TESTS")
STUB = "# your lines here"
ANSWER_HERE = "Your answer here."
PICTURE = re.compile(r"^!\[[^\]\n]*\]\(data:image/svg\+xml;base64,[A-Za-z0-9+/=]*\)\n\n?", re.MULTILINE)
HINT = re.compile(r'<details class="hint"><summary>[^<]*</summary>(.*?)</details>', re.DOTALL)


class Cell(NamedTuple):
    """One cell with nbgrader metadata."""

    grade_id: str
    kind: str  # "code" or "markdown"
    source: str
    marks: Mapping[str, Any]  # the nbgrader metadata


def load(path: Path) -> dict[str, Any]:
    """The notebook file as JSON."""
    notebook: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return notebook


def text_of(cell: Mapping[str, Any]) -> str:
    """The source of a cell as one string, however the file keeps it."""
    source = cell["source"]
    return source if isinstance(source, str) else "".join(source)


def marked_cells(notebook: Mapping[str, Any]) -> Iterator[Cell]:
    """The cells that have nbgrader metadata, in order."""
    for cell in notebook["cells"]:
        marks = cell["metadata"].get("nbgrader")
        if marks:
            yield Cell(marks["grade_id"], cell["cell_type"], text_of(cell), marks)


def read(path: Path) -> Exercise:
    """A source notebook -> everything that the grader knows of it. ValueError says what is wrong with the source."""
    notebook = load(path)
    cells = list(marked_cells(notebook))
    _refuse_what_does_not_fit(path, cells)
    given = [cell.source for cell in cells if _is_given(cell)]
    questions = _collect(path, given, [cell for cell in cells if cell.kind == "code" and cell.marks["grade"]])
    answers = {cell.grade_id: cell.source for cell in cells if cell.kind == "code" and cell.marks["solution"]}
    if set(answers) != {question.name for question in questions}:
        asked = ", ".join(question.name for question in questions)
        raise ValueError(f"{path.name}: received answer cells {', '.join(answers)}, expected one for each of {asked}")
    return Exercise(
        name=path.stem,
        title=_title(notebook),
        setup="\n\n".join(given),
        questions=tuple(questions),
        free_texts=tuple(_free_texts(notebook)),
        solutions={name: without_markers(source) for name, source in answers.items()},
        starters={name: without_solution(source) for name, source in answers.items()},
        hints=_hints(notebook),
        source_hash=hashlib.sha256(path.read_bytes()).hexdigest(),
    )


def hidden_definitions(path: Path, name: str) -> str:
    """The hidden part of a question's test without its call of `grade`: what its mistakes are made of, for tests."""
    source = next(cell.source for cell in marked_cells(load(path)) if cell.grade_id == f"{name}-test")
    tree = ast.parse(_between(source, HIDDEN))
    kept = [part for part in tree.body if not (isinstance(part, ast.Expr) and "grade(" in ast.unparse(part))]
    return "\n".join(ast.unparse(part) for part in kept)


def secret_lines(path: Path, longer_than: int = 12, hidden: bool = True) -> list[str]:
    """The lines of solutions, and of hidden tests and rubrics, that stand in no released part of the source."""
    shown: set[str] = set()
    secret: list[str] = []
    for cell in load(path)["cells"]:
        marks, lines = cell["metadata"].get("nbgrader", {}), text_of(cell).splitlines()
        if cell["cell_type"] == "markdown" and marks.get("solution"):
            secret += lines if hidden else []
            continue
        kept = set(without_hidden(without_solution("\n".join(lines))).splitlines())
        shown |= {line.strip() for line in kept}
        secret += [line for line in lines if line not in kept] if hidden or not marks.get("grade") else []
    return [line.strip() for line in secret if len(line.strip()) > longer_than and line.strip() not in shown]


def without_solution(source: str) -> str:
    """An answer cell as it is released: each marked region becomes one comment, in its place."""
    pattern = rf"^([ \t]*){SOLUTION[0]}.*?{SOLUTION[1]}[ \t]*$"
    return re.sub(pattern, rf"\g<1>{STUB}", source, flags=re.DOTALL | re.MULTILINE)


def without_hidden(source: str) -> str:
    """A cell as it is released: without what stands between the markers of hidden tests, and without the markers."""
    pattern = rf"\n?^[ \t]*{HIDDEN[0]}.*?{HIDDEN[1]}[ \t]*$"
    return re.sub(pattern, "", source, flags=re.DOTALL | re.MULTILINE).strip("\n")


def without_markers(source: str) -> str:
    """The answer cell with its solution, without the lines of the markers."""
    return "\n".join(line for line in source.splitlines() if line.strip() not in SOLUTION)


def without_picture(statement: str) -> str:
    """A statement as its author writes it, without the picture that the release draws."""
    return PICTURE.sub("", f"{statement}\n").rstrip("\n")


def _is_given(cell: Cell) -> bool:
    marks = cell.marks
    return cell.kind == "code" and not (marks["grade"] or marks["solution"]) and cell.grade_id not in NOT_GIVEN


def _collect(path: Path, given: list[str], tests: list[Cell]) -> list[Question]:
    """Run the given cells and the hidden parts of the tests; each hands its question to the collector."""
    questions: list[Question] = []
    sys.modules.setdefault("check", check)  # given cells import it by the name that it has beside a notebook
    namespace: dict[str, Any] = {"__name__": f"source_{path.stem}", COLLECTOR: questions}
    for number, source in enumerate(given):
        _run(f"<{path.name}, given cell {number}>", source, namespace)
    for test in tests:
        before = len(questions)
        _run(f"<{path.name}, {test.grade_id}>", _between(test.source, HIDDEN), dict(namespace))
        if len(questions) != before + 1 or f"{questions[-1].name}-test" != test.grade_id:
            raise ValueError(f"{path.name}: {test.grade_id} must call grade once, for the question it is named after")
        if questions[-1].points != test.marks["points"]:
            received = f"{questions[-1].points:g} points in the question, {test.marks['points']} in the cell"
            raise ValueError(f"{path.name}: {test.grade_id}: received {received}, expected the same number")
    return questions


def _run(name: str, source: str, namespace: dict[str, Any]) -> None:
    linecache.cache[name] = (len(source), None, source.splitlines(True), name)  # tracebacks show the lines
    exec(compile(source, name, "exec"), namespace)


def _between(source: str, markers: tuple[str, str]) -> str:
    """What stands between the markers; the lines before are kept empty, so that line numbers stay right."""
    head, found, rest = source.partition(markers[0])
    inside, closed, _ = rest.partition(markers[1])
    if not (found and closed):
        raise ValueError(f"expected {markers[0]} and {markers[1]} in the test cell, received {source[:60]!r}")
    return "\n" * head.count("\n") + inside


def _title(notebook: Mapping[str, Any]) -> str:
    first = next(text_of(cell) for cell in notebook["cells"] if cell["cell_type"] == "markdown")
    return first.splitlines()[0].lstrip("# ")


def _hints(notebook: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """The folded hints of each statement `## q1 ...`, in order."""
    texts = [text_of(cell) for cell in notebook["cells"] if cell["cell_type"] == "markdown"]
    headed = [(re.match(r"## (q\d+) ", text), text) for text in texts]
    return {name[1]: tuple(map(str.strip, HINT.findall(text))) for name, text in headed if name}


def _free_texts(notebook: Mapping[str, Any]) -> Iterator[FreeText]:
    before = ""
    for cell in notebook["cells"]:
        marks = cell["metadata"].get("nbgrader", {})
        if cell["cell_type"] == "markdown" and marks.get("grade") and marks.get("solution"):
            yield FreeText(marks["grade_id"], marks["points"], before, text_of(cell))
        before = without_picture(text_of(cell))


def _refuse_what_does_not_fit(path: Path, cells: list[Cell]) -> None:
    names = [cell.grade_id for cell in cells]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"{path.name}: received {', '.join(twice)} more than once, expected each grade_id once")
    for cell in cells:
        for begin, end in (SOLUTION, HIDDEN):
            if cell.source.count(begin) != cell.source.count(end):
                raise ValueError(f"{path.name}: {cell.grade_id} has {begin} without {end}, or the other way round")
