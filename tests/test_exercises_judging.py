"""What a report says of an answer, from values as the box gives them: no box is needed."""

from __future__ import annotations

import os
from dataclasses import replace
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from exercise_class import SALT

if not hasattr(os, "pidfd_open"):
    pytest.skip("the grader needs Linux", allow_module_level=True)

from exercises import check
from exercises.grader import sources
from exercises.grader.judging import Judged, QuestionKey, judge, keys_of
from exercises.grader.running import Outcome, Result
from exercises.hostile import course


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> dict[str, QuestionKey]:
    """The questions of the small exercise: q1 has two public and four hidden cases."""
    path = course.write_source(tmp_path_factory.mktemp("source"))
    return {key.question.name: key for key in keys_of(sources.read(path), SALT)}


def raised(kind: str) -> Result:
    return Result(error={"type": kind, "message": "", "cell": "", "line": 0, "code": ""})


def judged(key: QuestionKey, results: list[Any]) -> Judged:
    """The verdict on these results of a question's cases; anything but a result is a value."""
    made = [result if isinstance(result, Result) else Result(value=result) for result in results]
    outcome = Outcome(public=dict(enumerate(made[: key.shown])), hidden=dict(enumerate(made[key.shown :])))
    return judge(key, outcome, "an answer")


def test_a_cell_that_was_left_out_is_not_said_to_be_as_handed_out(keys: dict[str, QuestionKey]) -> None:
    assert judge(keys["q1"], None, "").reasons == ["There is no code to run: the cell is empty, or was left out."]
    assert judge(keys["q1"], None, "starter").reasons == ["The cell is as it was handed out."]


def test_the_verdict_is_error_only_where_most_cases_raise(keys: dict[str, QuestionKey]) -> None:
    assert judged(keys["q1"], [5, 5, 5, 5, 5, raised("ValueError")]).verdict == "wrong"
    assert judged(keys["q1"], [5, 5, *[raised("ValueError")] * 4]).verdict == "error"


def test_public_arguments_are_shown_as_in_the_notebook(keys: dict[str, QuestionKey]) -> None:
    shown = judged(keys["q1"], [5] * 6).public[0]["arguments"]
    assert shown.startswith("<small>steps = <code>1</code></small>") and "<svg" in shown
    assert "longest" not in check.arguments_shown({"steps": 1, "longest": 6, "ask": [1]})


def test_hidden_inputs_do_not_leave_through_the_names_of_errors(keys: dict[str, QuestionKey]) -> None:
    """`raise NAMES[steps]` would spell what came in."""
    kinds = ["ArithmeticError", "BlockingIOError", "KeyError", "OSError"]
    said = " ".join(judged(keys["q1"], [raised("KeyError"), 5, *map(raised, kinds)]).reasons)
    assert "In 4 of the hidden cases it raises KeyError, an error." in said
    assert not [kind for kind in kinds if kind != "KeyError" and kind in said]
    said = " ".join(judged(keys["q1"], [5, 5, *map(raised, kinds)]).reasons)
    assert "In 4 of the hidden cases it raises an error." in said


def test_to_be_named_costs_no_points() -> None:
    """Who takes an add to replace predicts six of seven entries right: more than the quarter that the mistake keeps."""
    exercise = sources.read(Path(__file__).parents[1] / "exercises" / "source" / "01_introduction.ipynb")
    key = keys_of(exercise, SALT)[1]
    mistake = key.question.mistakes[1]
    named = judged(key, [mistake.behaves])
    assert (named.mistake, named.points, named.hidden_right) == (mistake.name, 1.75, 5)
    assert named.reasons[0] == "An answer with this mistake keeps at least 0.5 of 2 points."
    assert judged(replace(key, mistakes=[]), [mistake.behaves]).points == named.points


def test_a_report_counts_hidden_cases_and_does_not_say_which(keys: dict[str, QuestionKey]) -> None:
    key = keys["q1"]
    public, hidden = key.expected[: key.shown], [key.expected[key.shown], raised("ValueError"), Result(lost="time"), 0]
    assert len(hidden) == len(key.cases) - key.shown
    told = judged(key, [*public, *hidden]).reasons
    assert told[-2:] == ["In 1 of the hidden cases it took too long and was stopped.", ONE_RAISES]
    for order in permutations((raised("ValueError"), Result(lost="time"), 0)):
        assert judged(key, [*public, hidden[0], *order]).reasons == told


ONE_RAISES = "In 1 of the hidden cases it raises an error."


def test_what_was_learned_of_hidden_inputs_is_of_no_use_with_a_new_secret() -> None:
    """Answers that know the hidden cases of one secret by heart, and nothing else."""
    exercise = sources.read(Path(__file__).parents[1] / "exercises" / "source" / "12_stability.ipynb")
    old, new = (keys_of(replace(exercise, questions=exercise.questions[:1]), secret)[0] for secret in (SALT, SALT * 2))
    learned = {repr(case): value for case, value in zip(old.cases, old.expected, strict=True)}
    by_heart = [[learned.get(repr(case), -1.0) for case in key.cases] for key in (old, new)]
    assert judged(old, by_heart[0]).points == old.question.points
    assert judged(new, by_heart[1]).points == old.question.points / 4  # the public cases
    assert judged(new, by_heart[1]).hidden_right == 0
