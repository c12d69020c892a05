"""Grades as tables: our own CSV, Canvas, Moodle, and Gradescope's results JSON."""

from __future__ import annotations

import csv
import io
import json
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from exercises.grader import hand_marking, records
from exercises.grader.submissions import Found

FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
CANVAS = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section")
CANVAS_FILE = re.compile(r"[^_]+_(?:LATE_)?(\d+)_\d+(?:_|$)")  # the user's number, then the submission's
MOODLE_FOLDER = re.compile(r"[^_]+_(\d+)_assignsubmission_file")
NUMBERED = ("ID", "Identifier")  # the columns that hold such a number
IDENTIFIERS = ("student", "ID", "SIS User ID", "SIS Login ID", "Email address", "Username", "ID number", "Identifier")


def neutral(text: str) -> str:
    """A cell that a spreadsheet shows and does not compute: what begins like a formula gets an apostrophe before it."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")  # a bare return would begin a new line of the table
    return f"'{text}" if text.lstrip(" ").startswith(FORMULA_SIGNS) else text


def table(rows: Iterable[Sequence[Any]]) -> str:
    """Rows as CSV. Texts are neutralised; numbers are written as they are."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    for row in rows:
        writer.writerow([neutral(cell) if isinstance(cell, str) else cell for cell in row])
    return stream.getvalue()


def write_grades(
    out: Path, graded: Sequence[Mapping[str, Any]], found: Sequence[Found], broken: Mapping[str, str]
) -> None:
    """Write grades.csv, one line a file, and questions.csv, one line a question. The order is that of the files."""
    by_file = {record["file"]: record for record in graded}
    lines: list[Sequence[Any]] = [("student", "exercise", "file", "verdict", "points", "possible", "waiting", "note")]
    parts: list[Sequence[Any]] = [
        ("student", "exercise", "file", "question", "points", "possible", "verdict", "mistake")
    ]
    for file in found:
        record = by_file.get(file.shown)
        if record is None:
            if file.shown in broken:
                lines.append((file.student, "", file.shown, "NOT GRADED: machine failed", "", "", "", "run again"))
            continue
        note = " ".join(filter(None, [_trusted(record), record["why"], *record["problems"]]))
        head = (record["student"], record["exercise"], record["file"])
        lines.append((*head, record["verdict"], record["total"], record["possible"], record["waiting"], note))
        for question in record["questions"]:
            result = (question["points"], question["possible"], question["verdict"], question["mistake"])
            parts.append((*head, question["name"], *result))
        for text in record["texts"]:
            verdict = "by hand" if text["points"] is None else "marked"
            parts.append((*head, text["name"], _blank(text["points"]), text["possible"], verdict, text["comment"]))
    records.write_atomically(out / "grades.csv", table(lines))
    records.write_atomically(out / "questions.csv", table(parts))


def _trusted(record: Mapping[str, Any]) -> str:
    return "Graded without a sandbox (--trust)." if record["trust"] else ""


def _blank(value: Any) -> Any:
    return "" if value is None else value


def export(form: str, results: Path, out: Path | None, roster: Path | None, exercise: str | None) -> Path:
    """Write the grades of one exercise in the form of another system. Gives what was written."""
    graded = hand_marking.merge(results, all_records(results))
    names = sorted({record["exercise"] for record in graded if record["questions"]})
    if exercise is None and len(names) > 1:
        raise ValueError(f"The results hold {', '.join(names)}: say which with --exercise.")
    exercise = exercise or (names[0] if names else "")
    chosen = best_of([record for record in graded if record["exercise"] == exercise])
    if form == "gradescope":
        folder = out or results / "gradescope"
        for record in chosen.values():
            text = json.dumps(gradescope(record), indent=1, ensure_ascii=False) + "\n"
            records.write_atomically(folder / f"{records.file_name(record['file'])}.json", text)
        return folder
    if roster is None:
        raise ValueError(f"{form} needs --roster FILE: the CSV of the class that you get from {form.capitalize()}.")
    header, rows = _roster(roster)
    trusted = any(record["trust"] for record in chosen.values())
    if trusted:  # a gradebook has no place for a note
        print("Graded without a sandbox (--trust): for your own work only.", file=sys.stderr)
    target = out or results / f"{form}{'-without-sandbox' if trusted else ''}.csv"
    lines = _canvas(header, rows, chosen, exercise) if form == "canvas" else _moodle(header, rows, chosen)
    records.write_atomically(target, table(lines))
    return target


def all_records(results: Path) -> list[dict[str, Any]]:
    """All records in a folder of results, in the order of their files' names."""
    paths = sorted((results / "records").glob("*.json"))
    if not paths:
        raise ValueError(f"{results} holds no records: run `grade` first.")
    found = [json.loads(path.read_text(encoding="utf-8")) for path in paths]
    return sorted(found, key=lambda record: str(record["file"]))


def best_of(graded: Iterable[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """One record a student: of several files the one with the most points, and of equal ones the first."""
    chosen: dict[str, dict[str, Any]] = {}
    for record in graded:
        other = chosen.get(record["student"])
        if other is None or record["total"] > other["total"]:
            chosen[record["student"]] = record
    return chosen


def _roster(path: Path) -> tuple[list[str], list[dict[str, str]]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ValueError(f"--roster {path}: {error.strerror}; expected the CSV of the class.") from None
    reader = csv.DictReader(io.StringIO(text, newline=""))
    rows = [{name: value or "" for name, value in row.items() if name is not None} for row in reader]
    header = list(reader.fieldnames or [])
    if not set(header) & set(IDENTIFIERS):
        raise ValueError(f"{path} has the columns {', '.join(header)}; expected one of {', '.join(IDENTIFIERS)}.")
    return header, rows


def _record_of(row: Mapping[str, str], chosen: Mapping[str, dict[str, Any]]) -> dict[str, Any] | None:
    """The record of a line of the roster: by a name that is the student's, or by the number that the system gave them.

    Of the numbers in a file's name only the user's counts: any other may be the number of somebody else.
    """
    if row.get("student", "") in chosen:
        return chosen[row["student"]]
    wanted = {row[name].strip().removeprefix("Participant ") for name in IDENTIFIERS if row.get(name, "").strip()}
    numbers = {row[name].strip().removeprefix("Participant ") for name in NUMBERED if row.get(name, "").strip()}
    claims = [student for student in chosen if student in wanted or _number_in(student) in numbers]
    if len(claims) > 1 and len({_number_in(student) or student for student in claims}) == 1:
        claims = [max(claims, key=lambda student: float(chosen[student]["total"]))]  # one student, who handed in twice
    if len(claims) > 1:
        line = row.get("student") or row.get("Student") or row.get("Full name") or ", ".join(sorted(wanted))
        raise ValueError(
            f"{line}: received {' and '.join(sorted(claims))}, expected one student's files for a line of the roster."
            " Cure: name the one that counts in the column `student` of the roster."
        )
    return chosen[claims[0]] if claims else None


def _number_in(student: str) -> str:
    """The user's number in Canvas' `doejane_4711_815_NAME.ipynb` or Moodle's `Jane Doe_4711_assignsubmission_file_`."""
    form = CANVAS_FILE.match(student) or MOODLE_FOLDER.match(student)
    return form[1] if form else ""


def _claimed(rows: Sequence[Mapping[str, str]], chosen: Mapping[str, dict[str, Any]]) -> list[dict[str, Any] | None]:
    """The record of each line. A student whose files fit two lines is refused; who fits none is told."""
    found = [_record_of(row, chosen) for row in rows]
    students = [record["student"] for record in found if record is not None]
    twice = sorted({student for student in students if students.count(student) > 1})
    if twice:
        raise ValueError(f"{', '.join(twice)}: received two lines of the roster that fit, expected one.")
    left = sorted(set(chosen) - set(students))
    if left:
        print(f"Not in the roster, so not exported: {', '.join(left)}", file=sys.stderr)
    return found


def _canvas(
    header: list[str], rows: list[dict[str, str]], chosen: dict[str, dict[str, Any]], exercise: str
) -> list[Sequence[Any]]:
    possible = max((record["possible"] for record in chosen.values()), default="")  # 0 for a file that is no notebook
    lines: list[Sequence[Any]] = [(*CANVAS, exercise), ("    Points Possible", "", "", "", "", possible)]
    rows = [row for row in rows if not _is_points_possible(row)]
    for row, record in zip(rows, _claimed(rows, chosen), strict=True):
        name = row.get("Student") or row.get("name") or row.get("student", "")
        cells = [row.get(column, "") for column in CANVAS[1:]]
        lines.append((name, *cells, "" if record is None else record["total"]))
    return lines


def _is_points_possible(row: Mapping[str, str]) -> bool:
    return row.get("Student", "").strip() in ("", "Points Possible") and not row.get("ID", "").strip()


def _moodle(header: list[str], rows: list[dict[str, str]], chosen: dict[str, dict[str, Any]]) -> list[Sequence[Any]]:
    kept = [name for name in header if name not in ("student", "Grade", "Maximum Grade", "Feedback comments")]
    lines: list[Sequence[Any]] = [(*kept, "Grade", "Maximum Grade", "Feedback comments")]
    for row, record in zip(rows, _claimed(rows, chosen), strict=True):
        cells = [row.get(name, "") for name in kept]
        grades = ("", "", "") if record is None else (record["total"], record["possible"], comment_of(record))
        lines.append((*cells, *grades))
    return lines


def comment_of(record: Mapping[str, Any]) -> str:
    """What a student is told in one line."""
    parts = [
        f"{question['name']}: {question['points']:g} of {question['possible']:g}" for question in record["questions"]
    ]
    named = [f"{q['name']}: {q['mistake']}. {q['hint']}" for q in record["questions"] if q["mistake"]]
    return "; ".join(filter(None, [_trusted(record), *parts, *named, record["why"]]))


def gradescope(record: Mapping[str, Any]) -> dict[str, Any]:
    """The results JSON of Gradescope: score, and a test for each question with what its report says."""
    tests = []
    for question in record["questions"]:
        lines = [question["verdict"], *question["reasons"]]
        if question["mistake"]:
            lines.append(f"It looks as if {question['mistake']}. {question['hint']}")
        lines += [
            f"Public case {n}: {case['message']}" for n, case in enumerate(question["public"], 1) if case["message"]
        ]
        tests.append(_test(question["name"], question["points"], question["possible"], lines))
    for text in record["texts"]:
        waiting = text["points"] is None
        lines = ["A person reads this answer." if waiting else text["comment"]]
        tests.append(_test(text["name"], 0 if waiting else text["points"], text["possible"], lines))
    heads = filter(None, [_trusted(record), record["why"], *record["problems"]])
    return {
        "score": record["total"],
        "output": "\n".join(heads),
        "output_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "tests": tests,
    }


def _test(name: str, score: float, most: float, lines: list[str]) -> dict[str, Any]:
    status = "passed" if score == most else "failed"
    text = "\n".join(filter(None, lines))
    return {"name": name, "score": score, "max_score": most, "status": status, "output": text, "output_format": "text"}
