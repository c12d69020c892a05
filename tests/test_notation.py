"""The page of notation agrees with the library: every argument, field, function and shape in its tables is there."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator

import pytest
from pages import ROOT

import ntm_lib

PAGE = (ROOT / "book" / "notation.md").read_text(encoding="utf-8")
CODE = re.compile(r"`([^`]+)`")


def tables() -> Iterator[tuple[str, list[dict[str, str]]]]:
    """The heading above each table, and its rows by the names of their columns."""
    for section in re.split(r"^## ", PAGE, flags=re.MULTILINE)[1:]:
        lines = [line for line in section.splitlines() if line.startswith("|")]
        if lines:
            names, _, *rows = ([cell.strip() for cell in line.strip("|").split("|")] for line in lines)
            yield section.splitlines()[0], [dict(zip(names, row, strict=True)) for row in rows]


def callables() -> dict[str, inspect.Signature]:
    """Every public function and class with the signature that a user sees."""
    public = {name: getattr(ntm_lib, name) for name in ntm_lib.__all__}
    return {
        name: inspect.signature(each.__init__ if inspect.isclass(each) else each)
        for name, each in public.items()
        if callable(each)
    }


def parameters() -> set[str]:
    return {name for signature in callables().values() for name in signature.parameters}


def described(argument: str) -> list[str]:
    """What the docstrings of the library say of an argument."""
    found = []
    for name, signature in callables().items():
        if argument in signature.parameters:
            text = inspect.getdoc(getattr(ntm_lib, name)) or ""
            found += re.findall(rf"^ +{argument}: (.*(?:\n {{8}}.*)*)", text, flags=re.MULTILINE)
    return found


ROWS = [(title, row) for title, rows in tables() for row in rows]
ARGUMENTS = sorted(
    {code for _, row in ROWS for name in ("argument", "argument or field") for code in CODE.findall(row.get(name, ""))}
)


def test_the_tables_were_read() -> None:
    assert {title for title, _ in ROWS} >= {"Sizes", "What a head is told", "From the key to the weighting"}
    assert len(ARGUMENTS) > 25


@pytest.mark.parametrize("code", ARGUMENTS)
def test_an_argument_is_one_of_the_librarys(code: str) -> None:
    """Or a field of a class of it, written with a point; or an expression of arguments, such as a row of the memory."""
    owner, _, field = code.partition(".")
    if field:
        assert field in dir(getattr(ntm_lib, owner)) or field in inspect.get_annotations(getattr(ntm_lib, owner))
        return
    names = {node.id for node in ast.walk(ast.parse(code, mode="eval")) if isinstance(node, ast.Name)} - {"i"}
    assert names
    assert names <= parameters()


def test_the_docstring_of_an_argument_gives_the_shape_of_the_page() -> None:
    rows = [row for title, row in ROWS if title == "What a head is told"]
    assert len(rows) == 7
    for row in rows:
        (argument,), shape = CODE.findall(row["argument"]), row["shape"]
        assert any(shape in text for text in described(argument)), (argument, shape, described(argument))


def test_what_a_head_is_told_has_the_fields_of_the_page() -> None:
    fields = [CODE.findall(row["field"])[0] for title, row in ROWS if title == "What a head is told"]
    assert set(fields) == set(inspect.get_annotations(ntm_lib.HeadParameters)) - {"self"}
    assert set(fields) <= set(inspect.get_annotations(ntm_lib.HeadTrace))


def test_the_stages_are_functions_with_the_shapes_of_the_page() -> None:
    rows = [row for title, row in ROWS if title == "From the key to the weighting"]
    for row in rows:
        (function,) = CODE.findall(row["function"])
        returned = (inspect.getdoc(getattr(ntm_lib, function)) or "").partition("Returns:")[2]
        assert row["shape"] in returned, function
    stages = {field for row in rows for field in CODE.findall(row["field of `AddressingStages`"])}
    assert stages == set(ntm_lib.AddressingStages._fields)


def test_every_equation_and_figure_of_the_page_is_in_a_chapter() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "book").glob("*.ipynb")))
    for label in re.findall(r"\(#(eq-[\w-]+)\)", PAGE):
        assert f"({label})=" in text, label
    for label in re.findall(r"\{numref\}`(fig-[\w-]+)`", PAGE):
        assert f'"{label}"' in text or f":name: {label}" in text or f"({label})=" in text, label
