"""Source notebooks -> what students get: release notebooks with the folded public cases, and the one file check.py."""

from __future__ import annotations

import ast
import copy
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from exercises.grader import sources
from exercises.grader.spec import PUBLIC_SHARE, Exercise, FreeText, Question
from exercises.pictures.asked import with_picture

FOLDER = Path(__file__).parents[1]
PARTS = ("values", "pictures", "machine", "cases", "progress", "submitting", "notebook")
HEADER = '''"""Check answers and drive a tape machine: what an exercise notebook needs beside it. NumPy is enough.

Nothing is sent anywhere. This file is joined from the parts in exercises/student of the course's repository.
"""

from __future__ import annotations
'''
START = """# check.py must lie beside this notebook. On Colab, run this first (without the #):
# !wget -q {address}
try:
    from check import exercise
except ModuleNotFoundError:
    raise SystemExit("check.py is missing; get it from {address}") from None
check, submit = exercise("{name}", CASES)"""


def release_all(source: Path = FOLDER / "source", release: Path = FOLDER / "release") -> list[Path]:
    """Write every release notebook and check.py, and the folded cases of the sources. -> the files of the release."""
    release.mkdir(parents=True, exist_ok=True)
    written = [release / "check.py"]
    written[0].write_text(joined_check(), encoding="utf-8")
    for path in sorted(source.glob("[0-9][0-9]_*.ipynb")):
        exercise = sources.read(path)
        notebook = sources.load(path)
        put_cases(notebook, exercise)
        path.write_text(as_file(notebook), encoding="utf-8")
        written.append(release / path.name)
        written[-1].write_text(as_file(released(notebook, exercise)), encoding="utf-8")
    return written


def released(notebook: Mapping[str, Any], exercise: Exercise) -> dict[str, Any]:
    """The release of a source notebook: no solutions, no hidden tests, no rubrics, no outputs."""
    result: dict[str, Any] = copy.deepcopy(dict(notebook))
    result["metadata"] = dict(result["metadata"]) | {"exercise": {"name": exercise.name}}
    for cell in result["cells"]:
        marks, source = cell["metadata"].get("nbgrader", {}), sources.text_of(cell)
        if marks.get("solution") and cell["cell_type"] == "code":
            source = sources.without_solution(source)
        elif marks.get("solution"):
            source = sources.ANSWER_HERE
        elif marks.get("grade"):
            source = sources.without_hidden(source)
        cell["source"] = source.splitlines(True)
        if cell["cell_type"] == "code":
            cell["outputs"], cell["execution_count"] = [], None
    return result


def put_cases(notebook: dict[str, Any], exercise: Exercise) -> None:
    """Write the folded public cases into the cell "cases" of a notebook, and the line with `check` into "start"."""
    text = json.dumps(public_cases(exercise), ensure_ascii=False, separators=(",", ":"))
    if "'''" in text:
        raise ValueError(f"{exercise.name}: the cases hold three quotes in a row, which the cell cannot hold")
    notebook["metadata"]["exercise"] = {"name": exercise.name}
    filled = {
        "cases": f"#@title The public cases, as data: nothing to read or to change here\nCASES = r'''{text}'''",
        "start": START.format(name=exercise.name, address=check_address()),
    }
    for cell in notebook["cells"]:
        name = cell["metadata"].get("nbgrader", {}).get("grade_id")
        if name in filled:
            cell["source"] = filled.pop(name).splitlines(True)
        if name == "cases":
            cell["metadata"] |= {"jupyter": {"source_hidden": True}, "cellView": "form"}  # folds it on Colab
    _put_pictures(notebook, exercise)
    if filled:
        raise ValueError(f"{exercise.name}: received no cell {' and no cell '.join(filled)}, expected one of each")


def _put_pictures(notebook: dict[str, Any], exercise: Exercise) -> None:
    """Write into each statement the picture of what it asks."""
    questions: dict[str, Question | FreeText] = {part.name: part for part in exercise.questions}
    questions |= {part.name: part for part in exercise.free_texts}
    texts = [cell for cell in notebook["cells"] if cell["cell_type"] == "markdown"]
    kinds = dict(re.findall(r"^\| (q\d+) \| (\w+)", "\n".join(map(sources.text_of, texts[:1])), re.MULTILINE))
    for cell in texts:
        statement = sources.text_of(cell)
        name = re.match(r"## (q\d+) ", statement)
        if name is not None and name[1] in questions:
            drawn = with_picture(statement, exercise, questions[name[1]], kinds.get(name[1], ""))
            cell["source"] = drawn.splitlines(True)


def check_address() -> str:
    """Where check.py can be had: in the release of this version, so that it stays the one that the notebook fits."""
    return f"{raw_address(FOLDER.parent)}/exercises/release/check.py"


def raw_address(root: Path) -> str:
    """Where the public course's files of this version are; its address stands in _config.yml and nowhere else."""
    found = []
    for name, line in (("_config.yml", r"^  url: (\S+)"), ("pyproject.toml", r'^version = "(.+)"$')):
        match = re.search(line, (root / name).read_text(encoding="utf-8"), re.MULTILINE)
        if match is None:
            raise ValueError(f"{root / name}: expected a line like {line}")
        found.append(match[1])
    return f"{found[0]}/raw/v{found[1]}"


def public_cases(exercise: Exercise) -> dict[str, Any]:
    """What `check` needs: public cases with expected values, and the values that known mistakes give. No code."""
    return {
        "name": exercise.name,
        "questions": [_public(question) for question in exercise.questions],
        "free_texts": [{"name": part.name, "points": part.points} for part in exercise.free_texts],
    }


def _public(question: Question) -> dict[str, Any]:
    told = {
        name: getattr(question, name)
        for name in ("name", "answer", "kind", "through", "tolerance", "picture", "points")
    }
    return told | {
        "passes": None if question.passes is None else list(question.passes),
        "hidden": question.hidden_count,
        "hidden_points": round(question.points * (1 - PUBLIC_SHARE), 2),
        "cases": [
            {"arguments": plain(dict(arguments)), "expected": plain(question.expected(arguments), 9)}
            for arguments in question.public
        ],
        "mistakes": [
            {
                "name": mistake.name,
                "hint": mistake.hint,
                "values": [plain(question.mistaken(mistake, arguments), 9) for arguments in question.public],
            }
            for mistake in question.mistakes
        ],
    }


def plain(value: Any, digits: int = 15) -> Any:
    """A value as JSON holds it; `revived` in student/notebook.py is its inverse. Numbers keep `digits` digits."""
    if isinstance(value, np.ndarray):
        flat = [plain(number.item(), digits) for number in value.ravel()]
        return {"__array__": flat, "dtype": value.dtype.name, "shape": list(value.shape)}
    if isinstance(value, np.generic):
        return plain(value.item(), digits)
    if isinstance(value, Mapping):
        return {str(name): plain(part, digits) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [plain(part, digits) for part in value]
    if isinstance(value, float):
        return float(f"{value:.{digits}g}") + 0.0  # no -0.0
    if value is None or isinstance(value, bool | int | str):
        return value
    raise ValueError(
        f"received a {type(value).__name__}, expected an array, a number, a string, or lists and dicts of these"
    )


def joined_check() -> str:
    """The text of release/check.py: the parts, one after the other, with their imports at the top."""
    modules: set[str] = set()
    names: dict[str, set[str]] = {}
    bodies = []
    for part in PARTS:
        source = (FOLDER / "student" / f"{part}.py").read_text(encoding="utf-8")
        found = [node for node in ast.parse(source).body if isinstance(node, ast.Import | ast.ImportFrom)]
        for node in found:
            if isinstance(node, ast.Import):
                modules.add(ast.unparse(node))
            elif node.module and not node.module.startswith(("exercises", "__future__")):
                names.setdefault(node.module, set()).update(ast.unparse(alias) for alias in node.names)
        bodies.append("\n".join(source.splitlines()[found[-1].end_lineno :]).strip("\n"))
    lines = sorted(modules - {"import numpy as np"})
    lines += [f"from {module} import {', '.join(sorted(names[module]))}" for module in sorted(names)]
    return "\n".join([HEADER, *lines, "", "import numpy as np", "", "", ""]) + "\n\n\n".join(bodies) + "\n"


def as_file(notebook: Mapping[str, Any]) -> str:
    """A notebook as its file holds it."""
    return json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
