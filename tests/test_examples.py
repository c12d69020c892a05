"""The examples in the library's docstrings: each is run and prints what it says, and every public name has one."""

from __future__ import annotations

import ast
import doctest
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pages import ROOT as BOOK
from pages import chapters

import ntm_lib
import ntm_lib.plots
import ntm_lib.tasks

ROOT = Path(ntm_lib.__file__).parent


def examples() -> Iterator[tuple[str, str, Path]]:
    """Every docstring of the library that holds an example: where it stands, and the file."""
    for path in sorted(ROOT.rglob("*.py")):
        module = path.relative_to(ROOT).with_suffix("").as_posix()
        yield from ((f"{module}:{name}", text, path) for name, text in docstrings(ast.parse(path.read_text())))


def docstrings(node: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """The docstrings with an example in a part of a program, by the names under which they can be reached."""
    for part in node.body:
        if isinstance(part, ast.FunctionDef | ast.ClassDef):
            inner = f"{name}.{part.name}".lstrip(".")
            text = ast.get_docstring(part) or ""
            if ">>>" in text:
                yield inner, text
            yield from docstrings(part, inner)


EXAMPLES = {place: (text, path) for place, text, path in examples()}


@pytest.mark.parametrize("place", EXAMPLES)
def test_an_example_prints_what_it_says(place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each starts with nothing imported, in an empty folder: a reader can copy it as it is."""
    monkeypatch.chdir(tmp_path)
    text, path = EXAMPLES[place]
    example = doctest.DocTestParser().get_doctest(text, {}, place, str(path), 0)
    printed: list[str] = []
    result = doctest.DocTestRunner(verbose=False).run(example, out=printed.append, clear_globs=False)
    assert result.attempted > 1
    assert result.failed == 0, "".join(printed)
    name = place.rpartition(":")[2]
    made = {type(value).__name__ for value in example.globs.values()}
    assert name in made or any(name in line.source for line in example.examples), f"{name} is not in its example"


CONSTANTS = {"COPY_RECIPE", "TASKS", "COLORS", "STYLE", "WIDTH"}
"""A value has no docstring of its own; the examples of `Recipe`, `figure` and the tasks use them."""

PUBLIC = {
    f"{module.__name__}.{name}": getattr(module, name)
    for module in (ntm_lib, ntm_lib.tasks, ntm_lib.plots)
    for name in module.__all__
    if name not in CONSTANTS
}


@pytest.mark.parametrize("name", PUBLIC)
def test_every_public_name_has_an_example(name: str) -> None:
    text = inspect.getdoc(PUBLIC[name]) or ""
    assert "\nExample:\n    >>> " in text


def test_the_constants_are_constants() -> None:
    named = {name: getattr(module, name, None) for name in CONSTANTS for module in (ntm_lib, ntm_lib.plots)}
    assert not any(inspect.isclass(value) or inspect.isroutine(value) for value in named.values())


@pytest.mark.parametrize("name", [name for name in PUBLIC if not name.startswith("ntm_lib.tasks.")])
def test_the_page_of_the_library_shows_every_public_name(name: str) -> None:
    """The tasks are on it under the names that `import ntm_lib` gives them, and so are the deck's figures."""
    page = (BOOK / "book" / "api.md").read_text(encoding="utf-8").split()
    assert name in page or (name.startswith("ntm_lib.plots.") and name.replace(".plots", "") in page)


@pytest.mark.pages
def test_source_that_a_chapter_includes_starts_behind_the_docstring_and_its_example(built_book: Path) -> None:
    for path in chapters():
        page = built_book / "book" / f"{path.stem}.html"
        assert "&gt;&gt;&gt;" not in page.read_text(encoding="utf-8"), path.stem
