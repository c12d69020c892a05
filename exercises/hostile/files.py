"""Hostile files: what is handed in is no notebook, or a notebook that is not what it was.

`Odd(name, verdict, points, make)`: `make(path)` writes the file. `verdict` is that of the file: "graded", or why not.
"""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from exercises.hostile.course import RIGHT, STARTERS, submission

ALL = 12.0


class Odd(NamedTuple):
    """One hostile file. `name` is the file's name without .ipynb."""

    name: str
    verdict: str
    points: float
    make: Callable[[Path], None]


def _bytes(data: bytes) -> Callable[[Path], None]:
    def make(path: Path) -> None:
        path.write_bytes(data)

    return make


def _text(text: str, encoding: str = "utf-8") -> Callable[[Path], None]:
    return _bytes(text.encode(encoding))


def _changed(change: Callable[[dict[str, Any]], Any]) -> Callable[[Path], None]:
    """The right submission after a change of its JSON."""

    def make(path: Path) -> None:
        notebook = copy.deepcopy(submission())
        notebook = change(notebook) or notebook
        path.write_text(json.dumps(notebook), encoding="utf-8")

    return make


def _cell(notebook: dict[str, Any], name: str) -> dict[str, Any]:
    cells: list[dict[str, Any]] = notebook["cells"]
    return next(cell for cell in cells if cell["metadata"].get("nbgrader", {}).get("grade_id") == name)


def _twice(notebook: dict[str, Any]) -> None:
    cell = _cell(notebook, "q1")
    notebook["cells"].insert(2, {**cell, "source": STARTERS["q1"]})
    notebook["cells"].append({**cell, "source": "def rotate(weights, steps):\n    return 0\n"})


def _without_marks(notebook: dict[str, Any]) -> None:
    for cell in notebook["cells"]:
        cell["metadata"] = {}


def _renamed(notebook: dict[str, Any]) -> None:
    _cell(notebook, "q1")["metadata"]["nbgrader"]["grade_id"] = "Question 1"


def _as_text(notebook: dict[str, Any]) -> None:
    _cell(notebook, "q1")["cell_type"] = "markdown"


def _strange_cells(notebook: dict[str, Any]) -> None:
    strange: list[Any] = [None, 5, "text", [], {}, {"cell_type": "code"}, {"metadata": 3, "source": 7}]
    strange += [{"cell_type": "code", "metadata": {"nbgrader": []}, "source": {}}]
    strange += [{"cell_type": "code", "metadata": {"nbgrader": {"grade_id": ["q1"]}}, "source": [1, None]}]
    notebook["cells"] = strange + notebook["cells"]
    notebook["metadata"] = ["exercise"]


def _forged_points(notebook: dict[str, Any]) -> None:
    _cell(notebook, "q1")["source"] = STARTERS["q1"]
    _cell(notebook, "q1")["metadata"]["nbgrader"] |= {"points": 100, "grade": True}
    _cell(notebook, "q1-test")["source"] = "4.0"
    notebook["metadata"]["points"] = 12


def _old_format(notebook: dict[str, Any]) -> dict[str, Any]:
    cells = [
        {
            "cell_type": "code",
            "input": cell["source"],
            "language": "python",
            "outputs": [],
            "metadata": cell["metadata"],
        }
        for cell in notebook["cells"]
        if cell["cell_type"] == "code"
    ]
    return {"nbformat": 3, "nbformat_minor": 0, "metadata": {"name": ""}, "worksheets": [{"cells": cells}]}


def _large(path: Path) -> None:
    with path.open("wb") as stream:
        stream.truncate(300 * 2**20)


def _link(target: str) -> Callable[[Path], None]:
    return lambda path: path.symlink_to(target)


WHOLE = json.dumps(submission(), ensure_ascii=False)
ACCENTS = json.dumps(submission({"q1": "# déjà vu\n" + RIGHT["q1"]}), ensure_ascii=False)

FILES = [
    Odd("not_json", "not JSON", 0, _text("def rotate(weights, steps): ...")),
    Odd("cut_off", "not JSON", 0, _text(WHOLE[: len(WHOLE) // 2])),
    Odd("nested_without_end", "not JSON", 0, _text("[" * 10**6)),
    Odd("a_list", "not a notebook", 0, _text("[1, 2, 3]")),
    Odd("a_number", "not a notebook", 0, _text("12")),
    Odd("no_cells", "not a notebook", 0, _text('{"metadata": {}, "nbformat": 4}')),
    Odd("cells_are_text", "not a notebook", 0, _text('{"cells": "all points please"}')),
    Odd("worksheets_are_text", "not a notebook", 0, _text('{"worksheets": "x", "nbformat": 3}')),
    Odd("empty", "empty", 0, _text("")),
    Odd("blank", "empty", 0, _text("\n \n")),
    Odd("zeros", "empty", 0, _bytes(bytes(5000))),
    Odd("a_picture", "not text", 0, _bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20)),
    Odd("300_MB", "too large", 0, _large),
    Odd("a_directory", "directory", 0, lambda path: path.mkdir()),
    Odd("a_pipe", "no file", 0, lambda path: os.mkfifo(path)),
    Odd("a_link_to_a_friend", "link", 0, _link("right.ipynb")),
    Odd("a_link_to_passwords", "link", 0, _link("/etc/passwd")),
    Odd("a_link_to_nothing", "link", 0, _link("nowhere.ipynb")),
    Odd("a_link_to_itself", "link", 0, _link("a_link_to_itself.ipynb")),
    Odd("right", "graded", ALL, _text(WHOLE)),
    Odd("byte_order_mark", "graded", ALL, _text(WHOLE, "utf-8-sig")),
    Odd("utf16", "graded", ALL, _text(WHOLE, "utf-16")),
    Odd("latin1", "graded", ALL, _text(ACCENTS, "latin-1")),
    Odd("cells_twice", "graded", ALL, _changed(_twice)),
    Odd("cell_missing", "graded", 8, _changed(lambda notebook: notebook["cells"].remove(_cell(notebook, "q1")))),
    Odd("cell_renamed", "graded", ALL, _changed(_renamed)),
    Odd("cells_reversed", "graded", ALL, _changed(lambda notebook: notebook["cells"].reverse())),
    Odd("cell_as_text", "graded", 8, _changed(_as_text)),
    Odd(
        "cell_too_long", "graded", 8, _changed(lambda n: _cell(n, "q1").update(source="#" * 10**6 + "\n" + RIGHT["q1"]))
    ),
    Odd(
        "spaces_that_take_long",
        "graded",
        8,
        _changed(lambda n: _cell(n, "q1").update(source=")\n" + " " * 199_000 + "=x")),
    ),
    Odd("marks_lost", "graded", ALL, _changed(_without_marks)),
    Odd("strange_cells", "graded", ALL, _changed(_strange_cells)),
    Odd("forged_points", "graded", 8, _changed(_forged_points)),
    Odd("old_format", "graded", ALL, _changed(_old_format)),
    Odd("=HYPERLINK(1)", "graded", ALL, _text(WHOLE)),
    Odd("+1", "graded", ALL, _text(WHOLE)),
    Odd("@SUM(A1)", "graded", ALL, _text(WHOLE)),
    Odd("..", "graded", ALL, _text(WHOLE)),
    Odd("..\\..\\up", "graded", ALL, _text(WHOLE)),
    Odd("<script>alert(1)<", "graded", ALL, _text(WHOLE)),
    Odd("two\nlines", "graded", ALL, _text(WHOLE)),
    Odd("no_text_\udcff\udcfe", "graded", ALL, _text(WHOLE)),
]
