"""Find the notebook that is running, and write the file that a student hands in: the notebook without outputs."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def submission(exercise: str, questions: list[str], file: str | None, namespace: Mapping[str, Any]) -> str:
    """Write `submission-NAME.ipynb` beside the notebook and say what was written, or what to do instead."""
    path = Path(file) if file else running_notebook(exercise, namespace)
    if path is None or not path.is_file():
        what = f"There is no file {path}" if path else "This notebook's own file could not be found"
        return f'{what}. Nothing is written. Save the notebook, then say submit("its name.ipynb").'
    try:
        notebook = json.loads(path.read_text(encoding="utf-8"))
        cells = notebook["cells"]
        sources = {cell["metadata"]["nbgrader"]["grade_id"]: _source(cell) for cell in cells if _graded(cell)}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        return f"{path} is not a notebook that can be read ({error}). Nothing is written."
    for cell in cells:
        if cell.get("cell_type") == "code":
            cell["outputs"], cell["execution_count"] = [], None
    target = path.with_name(f"submission-{exercise}.ipynb")
    target.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    notes = _notes(questions, sources, namespace)
    return f"Wrote {target.name} beside {path.name}. {notes}Hand in this file; nothing was sent."


def _notes(questions: list[str], sources: Mapping[str, str], namespace: Mapping[str, Any]) -> str:
    """What the student should know: answers that are missing, and answers of which the saved text never ran here."""
    ran = {text.strip() for text in namespace.get("In", []) if isinstance(text, str)}
    missing = [name for name in questions if name not in sources]
    unsaved = [name for name in questions if name in sources and ran and sources[name].strip() not in ran]
    notes = f"Its cell for {', '.join(missing)} is missing. " if missing else ""
    if unsaved:
        notes += (
            f"The saved text of {', '.join(unsaved)} is not what ran last in this session: "
            "if you have changed it, save the notebook and submit again. "
        )
    return notes


def running_notebook(exercise: str, namespace: Mapping[str, Any]) -> Path | None:
    """This notebook: from VS Code, from Jupyter, or the only one in the folder with this exercise's name."""
    named = [namespace.get("__vsc_ipynb_file__"), os.environ.get("JPY_SESSION_NAME")]
    for text in filter(None, named):
        for path in (Path(str(text)), Path(Path(str(text)).name)):
            if path.suffix == ".ipynb" and path.is_file():
                return path
    fits = [path for path in sorted(Path().glob("*.ipynb")) if _is(path, exercise)]
    return fits[0] if len(fits) == 1 else None


def _is(path: Path, exercise: str) -> bool:
    """Whether a file is a notebook of this exercise, and not something that `submit` wrote."""
    if path.name == f"submission-{exercise}.ipynb":
        return False
    try:
        return bool(json.loads(path.read_text(encoding="utf-8"))["metadata"]["exercise"]["name"] == exercise)
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _graded(cell: Mapping[str, Any]) -> bool:
    marks = cell.get("metadata", {}).get("nbgrader", {})
    return bool(marks.get("solution") and marks.get("grade_id"))


def _source(cell: Mapping[str, Any]) -> str:
    source = cell.get("source", "")
    return source if isinstance(source, str) else "".join(source)
