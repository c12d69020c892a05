"""An exercise's source notebook as plain text, and back.

`exercise_text.py FILE.ipynb` prints the text; `exercise_text.py NN_topic.txt` writes exercises/source/NN_topic.ipynb.
The text is for writing and reviewing; the notebook is what counts. Each cell starts with a line `=== KIND ...`:

    === text                    markdown for the reader
    === given NAME              code that the statements give; goes into the sandbox
    === answer q1               the answer cell, with ### BEGIN SOLUTION ... ### END SOLUTION
    === test q1 3               check("q1") and the hidden part; 3 points
    === free q4 2               the rubric of a free text; the cell before is its prompt; 2 points
    === try                     a code cell that is the student's own
    === cases, === start        filled by `python -m exercises.grader release`

The picture of a question is left out; `python -m exercises.grader release` draws it anew.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from exercises.grader.sources import without_picture

METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def marks(kind: str, name: str, points: str) -> dict[str, Any]:
    """The nbgrader metadata of a cell."""
    base = {"schema_version": 3, "task": False, "grade": False, "solution": False, "locked": True}
    if kind in ("cases", "start", "given"):
        return base | {"grade_id": name or kind}
    if kind == "answer":
        return base | {"solution": True, "locked": False, "grade_id": name}
    if kind == "test":
        return base | {"grade": True, "points": float(points), "grade_id": f"{name}-test"}
    return base | {"grade": True, "solution": True, "locked": False, "points": float(points), "grade_id": name}


def to_notebook(text: str) -> dict[str, Any]:
    """The notebook of a text."""
    cells = []
    for number, part in enumerate(text.split("\n=== ")[0 if text.startswith("=== ") else 1 :]):
        head, _, source = part.removeprefix("=== ").partition("\n")
        kind, name, points, *_ = [*head.split(), "", ""]
        markdown = kind in ("text", "free")
        cell: dict[str, Any] = {"cell_type": "markdown" if markdown else "code", "metadata": {}}
        if kind not in ("text", "try"):
            cell["metadata"]["nbgrader"] = marks(kind, name, points)
        cell["id"] = cell["metadata"].get("nbgrader", {}).get("grade_id", f"{kind}-{number}")
        cell["source"] = source.strip("\n").splitlines(True)
        if not markdown:
            cell |= {"outputs": [], "execution_count": None}
        cells.append(cell)
    return {"cells": cells, "metadata": METADATA, "nbformat": 4, "nbformat_minor": 5}


def to_text(notebook: dict[str, Any]) -> str:
    """The text of a notebook."""
    parts = []
    for cell in notebook["cells"]:
        known = cell["metadata"].get("nbgrader", {})
        name, points = known.get("grade_id", ""), f" {known['points']:g}" if "points" in known else ""
        if not known:
            head = "text" if cell["cell_type"] == "markdown" else "try"
        elif name in ("cases", "start"):
            head = name
        elif known["grade"] and known["solution"]:
            head = f"free {name}{points}"
        elif known["grade"]:
            head = f"test {name.removesuffix('-test')}{points}"
        else:
            head = f"{'answer' if known['solution'] else 'given'} {name}"
        source = "" if head in ("cases", "start") else without_picture("".join(cell["source"]))
        parts.append(f"=== {head}\n{source}\n")
    return "\n".join(parts)


def main() -> None:
    """Convert the file that is named."""
    path = Path(sys.argv[1])
    if path.suffix == ".ipynb":
        sys.stdout.write(to_text(json.loads(path.read_text(encoding="utf-8"))))
        return
    target = Path(__file__).parents[1] / "exercises" / "source" / f"{path.stem}.ipynb"
    notebook = to_notebook(path.read_text(encoding="utf-8"))
    target.write_text(json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True) + "\n", encoding="utf-8")
    print(f"wrote {target}; now: python -m exercises.grader release")


if __name__ == "__main__":
    main()
