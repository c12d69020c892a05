"""The real exercises through the real grader: solutions earn everything, releases nothing, and mistakes are named."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from exercise_class import SALT, require_sandbox

from exercises.grader import batch, submissions, wire
from exercises.grader.events import Limits
from exercises.grader.judging import QuestionKey, judge, keys_of
from exercises.grader.running import Outcome, Result
from exercises.grader.spec import Exercise
from exercises.hostile import course

ROOT = Path(__file__).resolve().parents[1] / "exercises"
PATHS = sorted((ROOT / "source").glob("*.ipynb"))
COURSE = batch.Class.read(ROOT / "source")
KEYS = {name: keys_of(exercise, SALT) for name, exercise in COURSE.exercises.items()}
ASKED = [(name, key) for name, keys in KEYS.items() for key in keys]


def hand_in(folder: Path, student: str, exercise: Exercise, answers: dict[str, str]) -> None:
    notebook = json.loads((ROOT / "release" / f"{exercise.name}.ipynb").read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        name = cell["metadata"].get("nbgrader", {}).get("grade_id")
        if name in answers:
            cell["source"] = answers[name]
    (folder / student).mkdir(parents=True, exist_ok=True)
    (folder / student / f"submission-{exercise.name}.ipynb").write_text(json.dumps(notebook), encoding="utf-8")


@pytest.mark.slow
def test_solutions_earn_everything_and_releases_nothing(tmp_path: Path) -> None:
    require_sandbox()
    for exercise in COURSE.exercises.values():
        touched = {name: f"{code}\n# touched\n" for name, code in exercise.starters.items()}
        hand_in(tmp_path / "in", "right", exercise, dict(exercise.solutions))
        hand_in(tmp_path / "in", "released", exercise, {})
        hand_in(tmp_path / "in", "touched", exercise, touched)
    found = submissions.find(tmp_path / "in", list(COURSE.exercises))
    outcome = batch.grade_all(found, COURSE, tmp_path / "out", SALT, batch.Way(Limits(pace=3)), progress=False)
    assert outcome.broken == {} and len(outcome.records) == 3 * len(PATHS)
    for record in outcome.records:
        by_machine = sum(question["possible"] for question in record["questions"])
        wanted = by_machine if record["student"] == "right" else 0
        verdicts = [(question["name"], question["verdict"], question["reasons"]) for question in record["questions"]]
        assert record["points"] == wanted, (record["file"], verdicts)
        assert record["problems"] == []
        if record["student"] == "released":
            assert {question["verdict"] for question in record["questions"]} == {"not attempted"}


def outcome_of(key: QuestionKey, behaves: Any) -> Outcome:
    """What the box gives for an answer that behaves like this."""

    def given(number: int) -> Result:
        question = key.question
        value = behaves if question.kind == "value" else behaves(**question.passed(key.cases[number]))
        return Result(value=wire.decode(wire.encode(copy.deepcopy(value))))

    cases = range(1) if key.question.kind == "value" else range(len(key.cases))
    results = {number: given(number) for number in cases}
    public = {number: result for number, result in results.items() if number < key.shown}
    return Outcome(public=public, hidden={n - key.shown: result for n, result in results.items() if n >= key.shown})


MISTAKES = [(name, key, place) for name, key in ASKED for place in range(len(key.question.mistakes))]


@pytest.mark.parametrize(("name", "key", "place"), MISTAKES, ids=lambda part: part if isinstance(part, str) else None)
def test_every_known_mistake_is_named_and_keeps_exactly_its_points(name: str, key: QuestionKey, place: int) -> None:
    mistake = key.question.mistakes[place]
    judged = judge(key, outcome_of(key, mistake.behaves), "an answer")
    assert (judged.mistake, judged.hint, judged.verdict) == (mistake.name, mistake.hint, "known mistake")
    unnamed = judge(replace(key, mistakes=[]), outcome_of(key, mistake.behaves), "an answer")
    assert (unnamed.mistake, unnamed.hidden_right) == ("", judged.hidden_right)
    assert judged.points == max(round(key.question.points * mistake.earns, 2), unnamed.points) < key.question.points


@pytest.mark.parametrize(("name", "key"), ASKED, ids=lambda part: part if isinstance(part, str) else part.question.name)
def test_the_arguments_of_every_case_can_be_sent(name: str, key: QuestionKey) -> None:
    for arguments in key.cases:
        passed = key.question.passed(arguments)
        assert wire.encode(wire.decode(wire.encode(passed))) == wire.encode(passed)


def test_the_small_exercise_has_a_reference_that_is_not_its_solution() -> None:
    assert "np.roll" in course.RIGHT["q1"] and "np.roll" not in course.QUESTIONS["q1"]
