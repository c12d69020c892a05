"""Free texts: a table that a person fills in, and whose points count from the next run on."""

from __future__ import annotations

import csv
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
    with path.open(encoding="utf-8-sig", newline="") as stream:
        for row in csv.DictReader(stream):
            try:
                name = row["file"], row["question"], row["answer_id"]
                points = float(row["points"].replace(",", ".")) if row["points"].strip() else None
            except (KeyError, ValueError, AttributeError) as error:
                raise ValueError(f"{path}, line {len(marks) + 2}: cannot be read ({error}).") from None
            marks[name] = (points, (row.get("comment") or "").strip())
    return marks


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
