"""Graded questions are variants: what a solution computes stands neither in a chapter's cells nor in the library."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from math import comb
from pathlib import Path

import numpy as np
import pytest

from exercises.grader import sources, spec

ROOT = Path(__file__).parents[1]
SOURCES = sorted((ROOT / "exercises" / "source").glob("[0-9][0-9]_*.ipynb"))
SMALLEST = 8  # nodes of an expression that says something
MOST = 0.5  # of the nodes of a solution's largest simple statement
INGREDIENTS = {  # looked at, and no answer: what the solution has in common with the course
    ("08_gradient_flow", "q2"): "what one write leaves, equation (3)",
    ("10_sorting", "q1"): "the order of a sort, of which the way back is asked",
    ("10_sorting", "q2"): "the sum of the largest of each, which the library takes of widths of columns",
    ("11_question_answering", "q3"): "a list of those that fit, which the library takes of names",
}


def forms(node: ast.AST, found: list[tuple[str, int, ast.AST]]) -> tuple[str, int]:
    """The form of a piece of code, whatever its names are, and how many nodes it has; all inside go to `found`."""
    if isinstance(node, ast.Name):
        return "name", 1
    if isinstance(node, ast.Constant):
        return repr(node.value), 1
    parts, size = [type(node).__name__], 1
    for name, value in ast.iter_fields(node):
        for part in value if isinstance(value, list) else [value]:
            if isinstance(part, ast.expr_context) or part is None:
                continue
            if isinstance(part, ast.AST):
                text, nodes = forms(part, found)
                parts.append(text)
                size += nodes
            elif name != "arg" or isinstance(node, ast.keyword):
                parts.append(str(part))
    form = f"({' '.join(parts)})"
    if isinstance(node, ast.expr | ast.Assign | ast.AugAssign | ast.Return) and size >= SMALLEST:
        found.append((form, size, node))
    return form, size


def parsed(code: str) -> ast.Module:
    """Code of a cell, without notebook commands; empty where it is no Python."""
    try:
        return ast.parse(re.sub(r"(?m)^\s*[%!].*$", "", code))
    except SyntaxError:
        return ast.parse("")


def code_of_the_course() -> Iterator[tuple[str, str]]:
    for path in sorted((ROOT / "ntm_lib").rglob("*.py")):
        yield path.name, path.read_text(encoding="utf-8")
    for path in sorted((ROOT / "book").glob("*.ipynb")):
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            text = sources.text_of(cell)
            folded = re.findall(r"```(?:python)?\n(.*?)```", text, re.DOTALL)
            for code in [text] if cell["cell_type"] == "code" else folded:
                yield path.stem, code


@pytest.fixture(scope="module")
def known() -> dict[str, str]:
    """Every form of the course's code -> where it stands."""
    places: dict[str, str] = {}
    for place, code in code_of_the_course():
        found: list[tuple[str, int, ast.AST]] = []
        forms(parsed(code), found)
        places |= {form: place for form, _, _ in found if form not in places}
    return places


def shared(solution: str, starter: str, known: dict[str, str]) -> list[str]:
    """The expressions that are most of a solution's largest statement and stand in the course; a starter's not."""
    given: list[tuple[str, int, ast.AST]] = []
    forms(parsed(starter), given)
    found: list[tuple[str, int, ast.AST]] = []
    forms(parsed(solution), found)
    own = [(form, size, node) for form, size, node in found if form not in {form for form, _, _ in given}]
    largest = max((size for _, size, _ in own), default=0)
    return [
        f"{ast.unparse(node)} ({known[form]})" for form, size, node in own if form in known and size > MOST * largest
    ]


def test_what_a_solution_computes_stands_neither_in_the_book_nor_in_the_library(known):
    copied = {}
    for path in SOURCES:
        exercise = sources.read(path)
        for name, solution in exercise.solutions.items():
            where = shared(solution, exercise.starters[name], known)
            if where and (path.stem, name) not in INGREDIENTS:
                copied[path.stem, name] = where
    assert not copied


def test_a_solution_that_stands_in_a_chapter_is_found(known):
    """What was once asked in chapters 10 and 12, under other names."""
    sort = "def due(vectors, ranks, keep):\n    return vectors[np.argsort(-ranks, kind='stable')[:keep]]\n"
    deals = "def chance(a, b, n):\n    ways = [comb(a + b, x) for x in range(n)]\n"
    deals += "    return sum(way for way in ways if way <= ways[a]) / sum(ways)\n"
    assert "priority_sort.py" in str(shared(sort, "", known))
    assert "12_stability" in str(shared(deals, "", known))


def test_the_count_of_deals_of_chapter_12_does_not_answer_its_exercise():
    cells = json.loads((ROOT / "book" / "12_stability.ipynb").read_text(encoding="utf-8"))["cells"]
    code = next(sources.text_of(cell) for cell in cells if cell["id"] == "stability-05")
    chapter: dict = {"comb": comb}
    exec(code[: code.index("\n\n\n")], chapter)
    exercise = sources.read(ROOT / "exercises" / "source" / "12_stability.ipynb")
    question = exercise.questions[0]

    def copied(steps_a, steps_b):
        """As in the chapter: who is below the middle has learned."""
        middle = np.median([*steps_a, *steps_b])
        learned = [sum(steps <= middle for steps in each) for each in (steps_a, steps_b)]
        return chapter["by_chance"](*learned, len(steps_a))

    points = [spec.judge(question, {"chance": copied}, np.random.default_rng(seed))[0] for seed in range(5)]
    assert max(points) < question.points / 2
