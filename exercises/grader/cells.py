"""Answer cells as text: what a cell defines, what it needs of earlier ones, and what only a notebook understands."""

from __future__ import annotations

import ast
import builtins
import itertools
import re
import warnings
from collections.abc import Mapping, Sequence

# \s*+ gives no space back, so that the time grows as the line does, and not as its square
NOTEBOOK_LINE = re.compile(r"^\s*+(%|!|\?|[\w.]+\?{1,2}\s*$|[\w.,\[\]= ]+=\s*[%!])")
TIMED = re.compile(r"^(\s*)%time\s+(?=\S)")  # what follows on the line is Python, and may define names
CELL_COMMAND = re.compile(r"^\s*%%(time|timeit|capture|prun)\b")


def readable_by_python(code: str) -> tuple[str, list[str]]:
    """The code without lines that only a notebook understands (`%magic`, `!shell`), and these lines.

    A line is taken out only where Python does not understand the cell as it is, and an empty statement keeps its place,
    so that the numbers of the lines stay right.
    """
    if tree_of(code) is not None:
        return code, []
    lines = code.split("\n")
    if lines and re.match(r"^\s*%%", lines[0]) and not CELL_COMMAND.match(lines[0]):
        return code, []  # %%bash and the like: the cell is not Python
    dropped = ["%time" if TIMED.match(line) else line.strip() for line in lines if NOTEBOOK_LINE.match(line)]
    kept = [_without(line) if NOTEBOOK_LINE.match(line) else line for line in lines]
    return "\n".join(kept), dropped


def _without(line: str) -> str:
    if TIMED.match(line):
        return TIMED.sub(r"\1", line)
    return line[: len(line) - len(line.lstrip())] + "pass"


def tree_of(code: str) -> ast.Module | None:
    """The syntax tree, or None where there is none."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def defines(code: str) -> set[str]:
    """The names that a cell gives to the cells after it."""
    tree = tree_of(code)
    if tree is None:
        return set()
    names: set[str] = set()
    waiting: list[ast.AST] = list(tree.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            names.add(node.name)
            continue  # what is inside stays inside
        if isinstance(node, ast.Lambda):
            continue
        if isinstance(node, ast.alias):
            names.add((node.asname or node.name).split(".")[0])
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        waiting += ast.iter_child_nodes(node)
    return names


def exchanged(answers: Mapping[str, str], names: Mapping[str, str]) -> list[tuple[str, str]]:
    """Pairs of questions of which each one's cell defines what the other asks for, and not what it asks for itself.

    answers: question -> code; names: question -> the name that is asked for.
    """
    found = {question: defines(code) & set(names.values()) for question, code in answers.items()}
    return [
        (one, other)
        for one, other in itertools.combinations(found, 2)
        if found[one] == {names[other]} and found[other] == {names[one]} != found[one]
    ]


def uses(code: str) -> set[str]:
    """The names that a cell reads anywhere, without those that Python itself has."""
    tree = tree_of(code)
    nodes = ast.walk(tree) if tree is not None else ()
    read = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    return read - set(dir(builtins))


def needed(question: str, answers: Mapping[str, str], order: Sequence[str], given: str) -> list[str]:
    """The answer cells that must run for a question, in order: its own, and earlier ones that define what it reads.

    An earlier cell that does nothing for this question is left out, so that it can do it no harm either. What the
    notebook gives (`given`, np for example) is there without any of them.
    """
    wanted, there = [question], defines(given)
    names = uses(answers[question]) - there
    for earlier in reversed(order[: list(order).index(question)]):
        if earlier in answers and defines(answers[earlier]) & names:
            wanted.append(earlier)
            names |= uses(answers[earlier]) - there
    return wanted[::-1]
