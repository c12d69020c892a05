"""What a student reads, and what the instructor reads about the class: HTML that stands alone, everything escaped."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from exercises.grader import records
from exercises.grader.spec import Exercise

TEMPLATES = Path(__file__).resolve().parent / "templates"
ENVIRONMENT = Environment(
    loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)


def write_all(out: Path, graded: Sequence[Mapping[str, Any]], exercises: Mapping[str, Exercise]) -> None:
    """Write one report a submission, and class.html."""
    for record in graded:
        name = records.file_name(record["file"])
        kept = json.loads((out / "records" / f"{name}.json").read_text(encoding="utf-8"))  # with the pictures
        page = student_page({**record, "questions": kept["questions"]}, exercises.get(record["exercise"]))
        records.write_atomically(out / "reports" / f"{name}.html", page)
    titles = {name: exercise.title for name, exercise in exercises.items()}
    records.write_atomically(out / "class.html", class_page(graded, titles))


def student_page(record: Mapping[str, Any], exercise: Exercise | None) -> str:
    """The report of one submission. `record` has been through hand_marking.merge."""
    title = exercise.title if exercise else record["exercise"]
    hints = {name: list(map(_marked_up, found)) for name, found in exercise.hints.items()} if exercise else {}
    return ENVIRONMENT.get_template("student.html").render(record=record, title=title, hints=hints)


def _marked_up(hint: str) -> Markup:
    """A hint as HTML: code and bold words, which is all the Markdown that a hint holds."""
    text = re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(hint)))
    return Markup(re.sub(r"\*\*(.+?)\*\*", r"<b>\1</b>", text))


def class_page(graded: Sequence[Mapping[str, Any]], titles: Mapping[str, str]) -> str:
    """Which question, which mistake, how often; and every file with its report."""
    names = sorted({record["exercise"] for record in graded if record["questions"]})
    exercises = [
        {"name": name, "title": titles.get(name, name), **_numbers([r for r in graded if r["exercise"] == name])}
        for name in names
    ]
    files = [
        {**record, "report": f"reports/{records.file_name(record['file'])}.html"}
        for record in sorted(graded, key=lambda record: (record["exercise"], record["file"]))
    ]
    trusted = any(record["trust"] for record in graded)
    return ENVIRONMENT.get_template("class.html").render(exercises=exercises, files=files, trusted=trusted)


def _numbers(graded: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What the class did in one exercise."""
    read = [record for record in graded if record["questions"]]
    totals = sorted(record["total"] for record in read)
    questions = []
    for place, question in enumerate(read[0]["questions"] if read else []):
        answers = [record["questions"][place] for record in read]
        verdicts = Counter(answer["verdict"] for answer in answers)
        mistakes = Counter(answer["mistake"] for answer in answers if answer["mistake"])
        mean = sum(answer["points"] for answer in answers) / len(answers)
        questions.append(
            {"name": question["name"], "possible": question["possible"], "mean": mean}
            | {"verdicts": _ordered(verdicts), "mistakes": _ordered(mistakes)}
        )
    middle = (totals[(len(totals) - 1) // 2] + totals[len(totals) // 2]) / 2 if totals else 0.0
    possible = read[0]["possible"] if read else 0
    return {"count": len(read), "median": middle, "possible": possible, "questions": questions}


def _ordered(counts: Counter[str]) -> list[tuple[str, int]]:
    """The most frequent first, equal ones by name: the same page whatever the order of grading was."""
    return sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
