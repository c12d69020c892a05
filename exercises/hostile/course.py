"""The exercise that the hostile submissions belong to: three questions of four points, one of them on a value."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

NAME = "00_hostile"

RIGHT = {
    "q1": "def rotate(weights, steps):\n    return np.roll(weights, steps)\n",
    "q2": "def total(rows):\n    return np.asarray(rows).sum(axis=1)\n",
    "q3": "code = [3, 1, 2]\n",
}
STARTERS = {
    "q1": "def rotate(weights, steps):\n    # your lines here\n    return np.zeros(len(weights))\n",
    "q2": "def total(rows):\n    # your lines here\n    return np.zeros(len(rows))\n",
    "q3": "code = [0, 0, 0]\n# your lines here\n",
}
SOURCES = {
    "q1": "def rotate(weights, steps):\n    ### BEGIN SOLUTION\n    return np.roll(weights, steps)\n    ### END SOLUTION\n"
    "    return np.zeros(len(weights))\n",
    "q2": "def total(rows):\n    ### BEGIN SOLUTION\n    return np.asarray(rows).sum(axis=1)\n    ### END SOLUTION\n"
    "    return np.zeros(len(rows))\n",
    "q3": "code = [0, 0, 0]\n### BEGIN SOLUTION\ncode = [3, 1, 2]\n### END SOLUTION\n",
}
HIDDEN = """check("{name}")
### BEGIN HIDDEN TESTS
from exercises.grader.spec import Mistake, Question, grade
{body}
### END HIDDEN TESTS"""
QUESTIONS = {
    "q1": """
def reference(weights, steps):
    return np.array([weights[(slot - steps) % len(weights)] for slot in range(len(weights))])

def stops_at_the_end(weights, steps):
    return np.array([weights[slot - steps] if 0 <= slot - steps < len(weights) else 0.0 for slot in range(len(weights))])

grade(Question(
    name="q1", answer="rotate", points=4, seconds=1, picture="weighting",
    public=[{"weights": np.array([0.0, 1.0, 0.0, 0.0]), "steps": 1}, {"weights": np.array([0.5, 0.5, 0.0]), "steps": 2}],
    hidden=[{"weights": np.array([0.2, 0.7, 0.1]), "steps": steps} for steps in (0, 3, 5, -1)],
    reference=reference,
    mistakes=[Mistake("your shift does not wrap", stops_at_the_end, "What follows the last slot?", earns=0.25)],
), globals())""",
    "q2": """
def reference(rows):
    return np.array([float(sum(row)) for row in rows])

def over_columns(rows):
    return np.asarray(rows).sum(axis=0)

grade(Question(
    name="q2", answer="total", points=4, seconds=1,
    public=[{"rows": np.arange(6.0).reshape(2, 3)}],
    draw=lambda rng: {"rows": rng.random((4, 3))}, hidden=3,
    reference=reference, mistakes=[Mistake("you sum over the wrong axis", over_columns, "Which axis are the rows?")],
), globals())""",
    "q3": """
grade(Question(
    name="q3", answer="code", points=4, seconds=1, kind="value", public=[{}], hidden=[{}], reference=lambda: [3, 1, 2],
), globals())""",
}


def _cell(kind: str, source: str, **marks: Any) -> dict[str, Any]:
    metadata = {"nbgrader": {"schema_version": 3, "task": False, **marks}} if marks else {}
    cell: dict[str, Any] = {
        "cell_type": kind,
        "id": marks.get("grade_id", "text"),
        "metadata": metadata,
        "source": source,
    }
    return cell | ({"outputs": [], "execution_count": None} if kind == "code" else {})


def _locked(source: str, name: str) -> dict[str, Any]:
    return _cell("code", source, grade_id=name, grade=False, solution=False, locked=True)


def _answer(source: str, name: str) -> dict[str, Any]:
    return _cell("code", source, grade_id=name, grade=False, solution=True, locked=False)


def _test(source: str, name: str) -> dict[str, Any]:
    return _cell("code", source, grade_id=f"{name}-test", grade=True, solution=False, locked=True, points=4)


PROMPT = "## why\n\nWhy does the head go round?"
RUBRIC = "Two points for the ring."


def free_text(answer: str) -> dict[str, Any]:
    """A free text of two points, which a source or a submission may have at its end."""
    return _cell("markdown", answer, grade_id="why", grade=True, solution=True, locked=False, points=2)


def with_prompt(notebook: dict[str, Any], answer: str) -> dict[str, Any]:
    """The notebook with a free text; in a source the rubric stands in the place of the answer."""
    return {**notebook, "cells": [*notebook["cells"], _cell("markdown", PROMPT), free_text(answer)]}


def source() -> dict[str, Any]:
    """The source notebook."""
    cells = [_cell("markdown", "# A small exercise"), _locked("import numpy as np", "given")]
    for name, body in QUESTIONS.items():
        test = HIDDEN.format(name=name, body=body)
        cells += [_answer(SOURCES[name], name), _test(test, name)]
    return _notebook(cells)


def submission(answers: dict[str, str] | None = None) -> dict[str, Any]:
    """What a student hands in: right answers, or others in their place."""
    cells = [_cell("markdown", "# A small exercise"), _locked("import numpy as np", "given")]
    for name, code in (RIGHT | (answers or {})).items():
        cells += [_answer(code, name), _test(f'check("{name}")', name)]
    return _notebook(cells)


def _notebook(cells: list[dict[str, Any]]) -> dict[str, Any]:
    metadata = {"exercise": {"name": NAME}, "language_info": {"name": "python"}}
    return {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


def write_source(folder: Path) -> Path:
    """Write the source notebook into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{NAME}.ipynb"
    path.write_text(json.dumps(source(), indent=1), encoding="utf-8")
    return path
