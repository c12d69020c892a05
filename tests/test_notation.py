"""The page of notation agrees with the library: every argument, field, function and shape in its tables is there."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator

import nbformat
import numpy as np
import pytest
from pages import ROOT, notebooks
from test_numbers import strings

import ntm_lib
from ntm_lib.inspector import books

PAGE = (ROOT / "book" / "notation.md").read_text(encoding="utf-8")
CODE = re.compile(r"`([^`]+)`")
FIGURE = re.compile(r"\{numref\}`(fig-[\w-]+)`")


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
PASSED = "argument or field"
SYMBOLS = {
    "Sizes": "B T I O N W C R H K P",
    "What passes through the machine": (
        r"\mathbf{x}_t \mathbf{h}_t \mathbf{M}_t \mathbf{M}_t(i) \mathbf{w}_t \mathbf{r}_t \mathbf{y}_t"
    ),
    "What a head is told": r"\mathbf{k}_t \beta_t g_t \mathbf{s}_t \gamma_t \mathbf{e}_t \mathbf{a}_t",
    "The gradient against the delay, in chapter 8": "G(D) s_T",
    "Change of the memory, in chapter 12": r"\Delta_t",
    "Cost, in chapter 13": "a b p N_0 S k q",
    "Later memories, in chapter 14": (
        r"\mathbf{u}_t f^i_t \boldsymbol{\psi}_t \mathbf{a}_t \mathbf{w}^w_t \mathbf{w}^{r,i}_t \mathbf{c}^w_t"
        r" \mathbf{c}^r_t g^w_t g^a_t L_t \mathbf{p}_t \mathbf{f}_t \mathbf{b}_t \boldsymbol{\pi}^i_t"
        r" \mathbf{w}^u_t \mathbf{w}^{lu}"
    ),
}
"""The symbols that each table must have, in its order."""


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


def test_what_a_trace_holds_has_the_shapes_of_the_page() -> None:
    """Every letter has a size of its own here, so that no two shapes are taken for each other."""
    size = {"B": 8, "T": 7, "I": 3, "O": 9, "N": 6, "W": 4, "C": 5, "R": 2}
    machine = ntm_lib.NeuralTuringMachine(size["I"], size["O"], size["N"], size["W"], units=size["C"], read_heads=2)
    trace = ntm_lib.record(machine, np.zeros((size["B"], size["T"], size["I"])))
    rows = [row for title, row in ROWS if title == "What passes through the machine" and "`Trace." in row[PASSED]]
    assert {row[PASSED] for row in rows} == {f"`Trace.{name}`" for name in ("hidden", "reads", "logits", "outputs")}
    for row in rows:
        shape = tuple(size[letter] for letter in re.findall(r"[A-Z]", row["shape"]))
        assert getattr(trace, row[PASSED].strip("`").partition(".")[2]).shape == shape, row[PASSED]


@pytest.mark.parametrize("section", SYMBOLS)
def test_no_symbol_is_missing(section: str) -> None:
    rows = [row for title, row in ROWS if title == section]
    found = [symbol for row in rows for symbol in re.findall(r"\$([^$]+)\$", row.get("symbol", row.get("letter", "")))]
    assert found == SYMBOLS[section].split()


def test_a_table_of_symbols_says_where_they_are_seen() -> None:
    titles = {title for title, row in ROWS if "symbol" in row}
    assert len(titles) > 8
    seen = {title for title, row in ROWS if FIGURE.search(row.get("seen in", ""))}
    assert seen == titles


COMMON = (
    "a after and at before between by each first for free from given head how in is its last leaves long much new next "
    "not number numbers of on one over part power right seen slot slots start step steps that the there to what when "
    "where which while with write written"
)
"""Words of the tables that name no quantity of their own."""


def words(text: str) -> set[str]:
    """The words of a text by their first five letters, without an s, so that `sharpened` and `sharpening` are one."""
    return {word.rstrip("s")[:5] for word in re.findall(r"[a-z]{3,}", text.lower()) if word not in COMMON.split()}


def shown_in_figures() -> dict[str, set[str]]:
    """For the name of each figure the words of its caption and of its alternative text, as far as that is written."""
    found = {}
    for path in notebooks():
        for cell in nbformat.read(path, as_version=nbformat.NO_CONVERT).cells:
            shown = cell.metadata.get("mystnb", {})
            if name := shown.get("figure", {}).get("name"):
                sentences = [text for text in strings(cell.source) if text.count(" ") > 5]
                alt = [shown.get("image", {}).get("alt", ""), *sentences]
                found[name] = words(" ".join([shown["figure"]["caption"], *alt]))
    return found


def quantity(row: dict[str, str]) -> set[str]:
    """The words for the quantity of a row: its meaning, its arguments, its fields."""
    names = ("meaning", "stage", "argument", "field", PASSED, "function", "field of `AddressingStages`")
    return words(" ".join(row.get(name, "") for name in names).replace("_", " "))


def test_a_figure_in_which_a_symbol_is_seen_speaks_of_its_quantity() -> None:
    shown = shown_in_figures()
    for title, row in ROWS:
        for name in FIGURE.findall(row.get("seen in", "")):
            assert name in shown, (title, row)
            assert quantity(row) & shown[name], (title, row)


def test_a_wrong_figure_for_the_gate_is_found() -> None:
    shown = shown_in_figures()
    (gate,) = (row for title, row in ROWS if title == "What a head is told" and "$g_t$" in row["symbol"])
    named = set(FIGURE.findall(PAGE))
    assert {name for name in named if quantity(gate) & shown[name]} == {"fig-numbers", "fig-stages", "fig-dnc-books"}


def test_the_symbols_of_a_chapter_are_in_it_and_in_the_figures_of_it() -> None:
    """A table that names its chapter takes its symbols and its figures from there."""
    for title, row in ROWS:
        if not (chapter := re.search(r"in chapter (\d+)$", title)):
            continue
        (path,) = (ROOT / "book").glob(f"{int(chapter[1]):02d}_*.ipynb")
        cells = nbformat.read(path, as_version=nbformat.NO_CONVERT).cells
        text = "".join(cell.source for cell in cells if cell.cell_type == "markdown")
        names = [cell.metadata.get("mystnb", {}).get("figure", {}).get("name") for cell in cells]
        assert set(FIGURE.findall(row["seen in"])) <= set(names), row
        for symbol in re.findall(r"\$([^$]+)\$", row["symbol"]):
            assert symbol.replace(" ", "") in text.replace(" ", ""), (path.stem, symbol)


def test_the_books_of_later_memories_have_the_fields_and_shapes_of_the_page() -> None:
    rows = [row for title, row in ROWS if title.startswith("Later memories")]
    fields = {field: row["shape"] for row in rows for field in CODE.findall(row["field"])}
    assert set(fields) == set(inspect.get_annotations(books.Entry)) - {"word", "memory"}
    for field, shape in fields.items():
        axes = books.SHAPES.get(field)
        assert shape == (f"`[{', '.join(axes)}]`" if axes else "one number"), field


def test_the_change_of_the_memory_has_the_shape_of_the_page() -> None:
    (row,) = (row for title, row in ROWS if title.startswith("Change of the memory"))
    (function,), (shape,) = CODE.findall(row["function"]), CODE.findall(row["shape"])
    assert shape in (inspect.getdoc(getattr(ntm_lib, function)) or "").partition("Returns:")[2].partition("Raises:")[0]
