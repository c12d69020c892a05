"""Read what students hand in: any file at all -> the answer cells by name, and what was odd about the file.

Nothing of a submission is run here, and nothing but the answer cells of the exercise is taken out of it. Whatever the
file is, the outcome is a `Submission`: with answers, or with a `verdict` that says why there are none.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from exercises.grader.cells import defines, exchanged, readable_by_python

MOST_BYTES = 20 * 2**20
LONGEST_CELL = 200_000
NAME = re.compile(r"[0-9]{2}_[a-z0-9_]{1,60}")  # of an exercise
LONGEST_TEXT = 20_000
"""A table for spreadsheets must hold it: they take some 30,000 characters in a field."""
VERDICTS = {
    "link": "a symbolic link, not a file: hand in the notebook itself",
    "directory": "a folder with the name of a notebook: hand in the file",
    "no file": "neither a file nor a folder",
    "unreadable": "the file cannot be opened",
    "empty": "the file is empty",
    "too large": f"the file is larger than {MOST_BYTES // 2**20} MB: clear the outputs and hand it in again",
    "not text": "the file is not a text: it is damaged, or another kind of file",
    "not JSON": "the file is not JSON, so not a notebook: save the notebook and hand that file in",
    "not a notebook": "the file is JSON, but not a notebook with cells",
    "unknown exercise": "the notebook belongs to no exercise of this class",
    "another exercise": "the notebook belongs to another exercise: hand in the one that this assignment asks for",
    "nothing handed in": "the folder of this student holds no notebook",
}


@dataclass(frozen=True)
class Form:
    """What an exercise's notebook looks like: what is to be found in a submission."""

    name: str
    answers: Mapping[str, str]  # question -> the name that its cell defines
    starters: Mapping[str, str]  # question -> its cell as released
    free_texts: Sequence[str]


@dataclass(frozen=True)
class Found:
    """A file, or what should be one, of one student. `shown` is its path below the folder of submissions."""

    student: str
    path: Path
    shown: str


@dataclass
class Submission:
    """What a file holds. `verdict` is a key of VERDICTS where it holds no answers at all."""

    student: str
    shown: str
    exercise: str = ""
    verdict: str = ""
    digest: str = ""
    answers: dict[str, str] = field(default_factory=dict)
    free_texts: dict[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


# --- which files there are


def find(folder: Path, exercises: Sequence[str]) -> list[Found]:
    """All submissions in a folder, in the order of their paths.

    Known forms: FOLDER/STUDENT.ipynb, FOLDER/STUDENT_exercise.ipynb (as Canvas names them), and FOLDER/STUDENT/*.ipynb
    or FOLDER/STUDENT/exercise/*.ipynb (Moodle, nbgrader). Links are not followed.
    """
    if not folder.is_dir():
        raise ValueError(f"The submissions must be a folder, received {folder}")
    found = []
    for entry in sorted(os.scandir(folder), key=lambda entry: os.fsencode(entry.name)):
        if _is_hidden(entry.name):
            continue
        if entry.name.endswith(".ipynb"):
            found.append(_found(_student_of(entry.name, exercises), folder, Path(entry.path)))
        elif entry.is_symlink():
            found.append(_found(_text(entry.name), folder, Path(entry.path)))
        elif entry.is_dir():
            inside = list(_notebooks_below(Path(entry.path)))
            found += [_found(_text(entry.name), folder, path) for path in inside or [Path(entry.path)]]
    return found


def _is_hidden(name: str) -> bool:
    """Folders of checkpoints, and what macOS leaves beside each file of a zip."""
    return name.startswith("._") or (name.startswith(".") and not name.endswith(".ipynb"))


def _notebooks_below(folder: Path, depth: int = 2) -> Iterator[Path]:
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: os.fsencode(entry.name))
    except OSError:
        return
    for entry in entries:
        if _is_hidden(entry.name):
            continue
        if entry.name.endswith(".ipynb"):
            yield Path(entry.path)
        elif depth > 1 and entry.is_dir(follow_symlinks=False):
            yield from _notebooks_below(Path(entry.path), depth - 1)


def _found(student: str, folder: Path, path: Path) -> Found:
    return Found(student, path, _text(str(path.relative_to(folder))))


def _student_of(name: str, exercises: Sequence[str]) -> str:
    """The student in a file's name: what is left of it without the exercise's name."""
    stem = _text(name.removesuffix(".ipynb"))
    for exercise in sorted(exercises, key=len, reverse=True):
        if exercise in stem:
            stem = re.sub(rf"[ _-]*(submission)?[ _-]*{re.escape(exercise)}[ _-]*(\(?\d+\)?)?", "", stem)
    return stem.strip() or _text(name)


def _text(name: str) -> str:
    """A file's name as text that can be written anywhere: strange bytes and control characters are spelled out."""
    text = os.fsencode(name).decode("utf-8", "backslashreplace")
    return "".join(letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in text)


# --- what a file holds


def read(found: Found, forms: Mapping[str, Form], exercise: str | None = None) -> Submission:
    """Read one file. `exercise` says whose it is; otherwise notebook and name say it. Never raises for a file."""
    submission = Submission(found.student, found.shown, exercise or _named_in(found.shown, forms))
    data = _bytes_of(found.path, submission)
    notebook = _notebook_in(data, submission) if data is not None else None
    if notebook is None:
        return submission
    said = _names_said(notebook)
    if exercise and said and said[0] != exercise:
        submission.verdict = "another exercise"
        submission.problems.append(f"This is {said[0]}; this assignment is {exercise}.")
        return submission
    submission.exercise = exercise or next((name for name in said if name in forms), submission.exercise)
    if submission.exercise not in forms:
        submission.verdict = "unknown exercise"
        return submission
    _take_answers(notebook["cells"], forms[submission.exercise], submission)
    return submission


def _bytes_of(path: Path, submission: Submission) -> bytes | None:
    """The bytes of a plain file of bearable size; else None and the verdict."""
    try:
        if path.is_symlink():
            submission.verdict = "link"
            return None
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        submission.verdict = "unreadable"
        return None
    try:
        return _bytes_behind(descriptor, path, submission)
    finally:
        os.close(descriptor)


def _bytes_behind(descriptor: int, path: Path, submission: Submission) -> bytes | None:
    status = os.fstat(descriptor)
    if stat.S_ISDIR(status.st_mode):
        submission.verdict = "directory" if path.suffix == ".ipynb" else "nothing handed in"
    elif not stat.S_ISREG(status.st_mode):
        submission.verdict = "no file"
    elif status.st_size > MOST_BYTES:
        submission.verdict = "too large"
    if submission.verdict:
        submission.digest = hashlib.sha256(f"{submission.verdict} {status.st_size}".encode()).hexdigest()
        return None
    with open(descriptor, "rb", closefd=False) as stream:
        data = stream.read(MOST_BYTES)
    submission.digest = hashlib.sha256(data).hexdigest()
    if not data.strip(b"\0 \t\r\n"):
        submission.verdict = "empty"
        return None
    return data


def _notebook_in(data: bytes, submission: Submission) -> dict[str, Any] | None:
    """The notebook as version 4 of its format; else None and the verdict."""
    text = _decoded(data, submission)
    if text is None:
        return None
    try:
        notebook = json.loads(text)
    except (ValueError, RecursionError):
        submission.verdict = "not JSON"
        return None
    if isinstance(notebook, dict) and "worksheets" in notebook:
        import nbformat  # takes a second to load, and hardly a class needs it

        try:
            notebook = nbformat.convert(nbformat.from_dict(notebook), 4)
            submission.problems.append("The notebook has an old format; it was converted.")
        except Exception:  # nbformat raises many things for what is no notebook
            submission.verdict = "not a notebook"
            return None
    if not isinstance(notebook, dict) or not isinstance(notebook.get("cells"), list):
        submission.verdict = "not a notebook"
        return None
    return notebook


def _decoded(data: bytes, submission: Submission) -> str | None:
    marks = {b"\xff\xfe\0\0": "utf-32", b"\0\0\xfe\xff": "utf-32"}  # the longer ones first
    marks |= {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16", b"\xef\xbb\xbf": "utf-8-sig"}
    marked = [encoding for mark, encoding in marks.items() if data.startswith(mark)]
    encoding = marked[0] if marked else "utf-8"
    with contextlib.suppress(UnicodeDecodeError):
        text = data.decode(encoding)
        submission.problems += ["The file begins with a byte order mark; it was read nevertheless."] * bool(marked)
        return text
    if b"\0" in data[:1000] or not data.lstrip().startswith(b"{"):
        submission.verdict = "not text"
        return None
    submission.problems.append("The file is not in UTF-8; it was read as Latin-1.")
    return data.decode("latin-1")


def _named_in(shown: str, forms: Mapping[str, Form]) -> str:
    names = [name for name in sorted(forms, key=len, reverse=True) if name in shown]
    return names[0] if names else (next(iter(forms)) if len(forms) == 1 else "")


def _names_said(notebook: dict[str, Any]) -> list[str]:
    """What the notebook says it is: in its metadata, then in calls of `exercise`. Only what has an exercise's form."""
    metadata = notebook.get("metadata")
    said = metadata.get("exercise") if isinstance(metadata, dict) else None
    names = [said.get("name") if isinstance(said, dict) else None]
    for cell in notebook["cells"]:
        call = re.search(r"""exercise\(\s*["']([^"']{1,80})["']""", _source(cell))
        names.append(call[1] if call else None)
    return [name for name in names if isinstance(name, str) and NAME.fullmatch(name)]


def _take_answers(cells: list[Any], form: Form, submission: Submission) -> None:
    by_name: dict[str, list[str]] = {}
    # the texts of Markdown cells first: another cell counts where a student has changed its kind
    for cell in sorted(cells, key=lambda cell: not (isinstance(cell, dict) and cell.get("cell_type") == "markdown")):
        name = _grade_id(cell)
        kind = cell.get("cell_type") if isinstance(cell, dict) else None
        if name in form.free_texts or (kind == "code" and name in form.answers):
            by_name.setdefault(name, []).append(_source(cell))
    for question, answer in form.answers.items():
        code = _chosen(question, by_name.get(question, []), form.starters.get(question, ""), submission)
        if code is None:
            code = _found_by_definition(question, answer, cells, form, submission)
        if code is not None:
            submission.answers[question] = _cleaned(question, code, submission)
    found = submission.answers
    for one, other in exchanged(found, form.answers):
        submission.problems.append(
            f"The cells of {one} and {other} have each other's names; each counts where it belongs."
        )
        found[one], found[other] = found[other], found[one]
    for name in form.free_texts:
        if name not in by_name:
            submission.problems.append(f"The cell of {name} is missing: a text that was to be marked by a person.")
        text = next((text for text in by_name.get(name, []) if text.strip()), "")
        if len(text) > LONGEST_TEXT:
            submission.problems.append(f"{name} was cut after {LONGEST_TEXT} characters; received {len(text)}.")
        submission.free_texts[name] = text[:LONGEST_TEXT]


def _chosen(question: str, codes: list[str], starter: str, submission: Submission) -> str | None:
    """Of several cells with one name the first that holds an answer: code that is not the starter."""
    if len(codes) > 1:
        submission.problems.append(f"{question} stands in {len(codes)} cells; the first that holds an answer counts.")
    answered = [code for code in codes if code.strip() and code.strip() != starter.strip()]
    return next(iter(answered or codes), None)


def _found_by_definition(
    question: str, answer: str, cells: list[Any], form: Form, submission: Submission
) -> str | None:
    """An answer whose cell has lost its name: the first other code cell that defines what is asked for."""
    for cell in cells:
        if isinstance(cell, dict) and cell.get("cell_type") == "code" and _grade_id(cell) not in form.answers:
            code = _source(cell)
            if answer in defines(code):
                submission.problems.append(f"The cell of {question} has lost its name; found by `{answer}`.")
                return code
    submission.problems.append(f"The cell of {question} is missing.")
    return None


def _cleaned(question: str, code: str, submission: Submission) -> str:
    if len(code) > LONGEST_CELL:
        submission.problems.append(f"The cell of {question} is too long to be an answer; it was left out.")
        return ""
    code, dropped = readable_by_python(code.encode("utf-8", "replace").decode())
    if dropped:
        submission.problems.append(f"{question}: notebook commands were left out: {', '.join(dropped)[:200]}")
    return code


def _grade_id(cell: Any) -> str:
    try:
        name = cell["metadata"]["nbgrader"]["grade_id"]
    except (TypeError, KeyError, IndexError):
        return ""
    return name if isinstance(name, str) else ""


def _source(cell: Any) -> str:
    source = cell.get("source", "") if isinstance(cell, dict) else ""
    if isinstance(source, list):
        source = "".join(part for part in source if isinstance(part, str))
    # half of a surrogate pair is a string for JSON and none for UTF-8
    return source.encode("utf-8", "replace").decode("utf-8") if isinstance(source, str) else ""
