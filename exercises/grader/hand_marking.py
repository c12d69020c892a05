"""Free texts: a table that a person fills in, and whose points count from the next run on."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from exercises.grader import records

COLUMNS = ("file", "student", "exercise", "question", "answer_id", "possible", "points", "comment", "rubric", "answer")
QUEUE = "hand_marking.csv"


def merge(results: Path, graded: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The records with the points given by hand, and with `total` and `waiting`, the points still to be given.

    Points hold for the very text that they were given for. An empty text earns nothing and waits for nobody.
    """
    marks = _marks(results / QUEUE)
    merged = []
    for record in graded:
        texts = []
        for text in record["texts"]:
            points, comment = marks.get(_name(record, text), (None, ""))
            if not text["answer"].strip():
                points, comment = 0.0, "no answer"
            if points is not None and not 0 <= points <= text["possible"]:
                raise ValueError(
                    f"{results / QUEUE}: {record['file']}, {text['name']}: received {points:g} points, "
                    f"expected 0 to {text['possible']:g}"
                )
            texts.append({**text, "points": points, "comment": comment})
        given = sum(text["points"] or 0.0 for text in texts)
        waiting = sum(text["possible"] for text in texts if text["points"] is None)
        total = round(record["points"] + given, 2)
        merged.append({**record, "texts": texts, "total": total, "waiting": waiting})
    return merged


def _name(record: Mapping[str, Any], text: Mapping[str, Any]) -> tuple[str, str, str]:
    from exercises.grader.exports import neutral

    return neutral(record["file"]), text["name"], text["answer_id"]


def _marks(path: Path) -> dict[tuple[str, str, str], tuple[float | None, str]]:
    if not path.exists():
        return {}
    marks: dict[tuple[str, str, str], tuple[float | None, str]] = {}
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError(f"{path} is no UTF-8; in the spreadsheet, save it as 'CSV UTF-8'.") from None
    if text:
        for row in _rows(path, text):
            try:
                name = row["file"], row["question"], row["answer_id"]
                points = float(row["points"].replace(",", ".")) if row["points"].strip() else None
            except (KeyError, ValueError, AttributeError) as error:
                raise ValueError(f"{path}, line {len(marks) + 2}: cannot be read ({error}).") from None
            marks[name] = (points, (row.get("comment") or "").strip())
    return marks


def _rows(path: Path, text: str) -> list[dict[str, str]]:
    # not str.splitlines, which ends a line at characters that a student's text may hold
    stream = io.StringIO(text, newline="")
    try:
        return list(csv.DictReader(stream, delimiter=_delimiter(path, re.split(r"[\r\n]", text, maxsplit=1)[0])))
    except csv.Error as error:
        raise ValueError(f"{path}: cannot be read as CSV ({error}).") from None


def _delimiter(path: Path, head: str) -> str:
    """What a spreadsheet put between the columns: a comma, or in many countries a semicolon, or a tab."""
    names = [re.escape(name) for name in COLUMNS[:2]]
    found = re.match(rf'"?{names[0]}"?([,;\t])"?{names[1]}\b', head)
    if found is None:
        raise ValueError(
            f"{path}, line 1: received {head.strip()[:80]!r}, expected the columns {', '.join(COLUMNS)}, "
            "separated by commas, semicolons or tabs"
        )
    return found[1]


def write_queue(results: Path, graded: Sequence[Mapping[str, Any]]) -> None:
    """Write the table: first what waits, then what is marked already, each in the order of the files."""
    from exercises.grader.exports import table

    rows: list[Sequence[Any]] = []
    for record in graded:
        for text in record["texts"]:
            if text["answer"].strip():
                head = (record["file"], record["student"], record["exercise"], text["name"], text["answer_id"])
                points = "" if text["points"] is None else text["points"]
                rows.append((*head, text["possible"], points, text["comment"], text["rubric"], text["answer"]))
    if rows or (results / QUEUE).exists():
        rows.sort(key=lambda row: row[6] != "")
        records.write_atomically(results / QUEUE, table([COLUMNS, *rows]))
