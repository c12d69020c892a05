"""Values and questions -> verdicts, points, named mistakes. Runs outside the box, on values that are plain data."""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from exercises import check
from exercises.grader import wire
from exercises.grader.bounds import bounded
from exercises.grader.compare import Unusable, differs
from exercises.grader.events import LOSSES
from exercises.grader.running import Asked, Outcome, Result
from exercises.grader.spec import Exercise, Mistake, Question, earned

os.environ.setdefault("NTM_PLAIN_PICTURES", "1")  # a report stands alone, without the course's inspector
LONGEST_PICTURE = 200_000
LONGEST_CODE = 20_000


@dataclass
class Judged:
    """What one question earned, and everything that its report says. No hidden input is in it."""

    name: str
    points: float
    possible: float
    verdict: str
    mistake: str = ""
    hint: str = ""
    reasons: list[str] = field(default_factory=list)
    code: str = ""
    output: str = ""
    public: list[dict[str, Any]] = field(default_factory=list)  # right, message, arguments and picture as HTML
    hidden_right: int = 0
    hidden_count: int = 0


@dataclass
class QuestionKey:
    """A question with its cases drawn and everything expected computed, once for all submissions."""

    question: Question
    cases: list[Mapping[str, Any]]  # public first
    expected: list[Any]
    mistakes: list[tuple[Mistake, list[Any]]]

    @property
    def shown(self) -> int:
        """How many of the cases are public."""
        return len(self.question.public)

    def asked(self) -> Asked:
        """What the box has to know: the arguments of the calls, and nothing of what is expected."""
        question = self.question
        if question.kind == "value":
            return Asked(question.name, question.answer, "value", question.uses, question.seconds, [{}], [])
        calls = [question.passed(arguments) for arguments in self.cases]
        public, hidden = calls[: self.shown], calls[self.shown :]
        return Asked(question.name, question.answer, "function", question.uses, question.seconds, public, hidden)


def key_of(question: Question, exercise: str, salt: bytes) -> QuestionKey:
    """Draw the hidden cases of a question from the secret salt and compute what every case should give."""
    secret = hmac.new(salt, f"{exercise}\0{question.name}".encode(), hashlib.sha256).digest()
    generator = np.random.Generator(np.random.PCG64(int.from_bytes(secret, "big")))
    cases = [*question.public, *question.hidden_cases(generator)]
    for arguments in cases:
        wire.encode(question.passed(arguments))  # says at once when a case cannot be sent
    expected = [question.expected(arguments) for arguments in cases]
    for value in expected:
        trouble = differs(value, value, question.tolerance)
        if trouble:  # else every answer to it would be wrong
            raise ValueError(f"{exercise}, {question.name}: a reference value does not agree with itself: {trouble}")
    return QuestionKey(question, cases, expected, [(m, _mistaken(question, m, cases)) for m in question.mistakes])


def _mistaken(question: Question, mistake: Mistake, cases: Sequence[Mapping[str, Any]]) -> list[Any]:
    values: list[Any] = []
    for arguments in cases:
        try:
            values.append(question.mistaken(mistake, arguments))
        except Exception as error:  # such a mistake is told apart by other cases
            values.append(error)
    return values


def keys_of(exercise: Exercise, salt: bytes) -> list[QuestionKey]:
    """The keys of all questions of an exercise."""
    return [key_of(question, exercise.name, salt) for question in exercise.questions]


def judge(key: QuestionKey, outcome: Outcome | None, code: str | None) -> Judged:
    """The verdict on one question. `outcome` is None where nothing ran: no cell, or the starter as it was."""
    question = key.question
    judged = Judged(question.name, 0.0, question.points, "missing", hidden_count=len(key.cases) - key.shown)
    judged.code = (code or "")[:LONGEST_CODE]
    if code is None or outcome is None:
        judged.verdict = "missing" if code is None else "not attempted"
        judged.reasons.append(_WHY[judged.verdict] if code is None or code.strip() else _NO_CODE)
        return judged
    judged.output = outcome.output
    results = _results(key, outcome)
    observed = [_observed(question, *pair) for pair in zip(key.cases, results, strict=True)]
    messages = [_message(key, number, value) for number, value in enumerate(observed)]
    right = [not message for message in messages]
    mistake = _recognise(key, observed)
    judged.points = earned(question, right[: key.shown], right[key.shown :], mistake)
    judged.hidden_right = sum(right[key.shown :])
    if mistake is not None:
        judged.mistake, judged.hint = mistake.name, mistake.hint
    judged.public = [
        _shown(key, number, results[number], observed[number], messages[number]) for number in range(key.shown)
    ]
    judged.verdict = _verdict(outcome, results, right, mistake)
    judged.reasons = _reasons(key, outcome, results, messages, judged)
    if mistake is not None and mistake.earns:
        least = f"{question.points * mistake.earns:.4g} of {question.points:g}"
        judged.reasons.insert(0, f"An answer with this mistake keeps at least {least} points.")
    return judged


_WHY = {
    "missing": "There is no cell with this answer.",
    "not attempted": "The cell is as it was handed out.",
}
_NO_CODE = "There is no code to run: the cell is empty, or was left out."


def _results(key: QuestionKey, outcome: Outcome) -> list[Result]:
    """One result for each case, in order; what was not run shares the fate of what stopped it."""
    if key.question.kind == "value":
        return [outcome.public.get(0, _never_run(outcome, {}))] * len(key.cases)
    hidden = len(key.cases) - key.shown
    why = outcome.hidden or outcome.public  # where no hidden call was made, the public ones say why
    public = [outcome.public.get(case) or _never_run(outcome, outcome.public) for case in range(key.shown)]
    return public + [outcome.hidden.get(case) or _never_run(outcome, why) for case in range(hidden)]


def _never_run(outcome: Outcome, part: Mapping[int, Result]) -> Result:
    if outcome.lost:
        return Result(lost=outcome.lost)
    if outcome.definition is not None:
        return Result(error=outcome.definition)
    losses = [result.lost for result in part.values() if result.lost]
    return Result(lost=losses[-1] if losses else "protocol")


class _Failed(Exception):
    """An answer that gives nothing to compare. Its text is for the student."""


def _observed(question: Question, arguments: Mapping[str, Any], result: Result) -> Any:
    """The value that is compared, or the exception that says why there is none."""
    if result.lost:
        return _Failed(f"it {LOSSES[result.lost]}")
    if result.error is not None:
        return _Failed(_error_text(question, result.error))
    if result.changed:
        return _Failed(f"your function changes its argument `{result.changed}` in place: work on a copy")
    try:
        with bounded():
            return question.observed(arguments, result.value)
    except Unusable as error:
        return _Failed(str(error))
    except Exception as error:  # plain data of a shape that nobody thought of
        return _Failed(check.unjudged(error, result.value))


def _error_text(question: Question, error: Mapping[str, Any]) -> str:
    if error["type"] == "NotDefined":
        return f"the cell does not define `{question.answer}`"
    where = f" in line {error['line']} of {error['cell']}: {error['code']}" if error["line"] else ""
    return f"{error['type']}{': ' if error['message'] else ''}{error['message']}{where}"


def _message(key: QuestionKey, number: int, observed: Any) -> str:
    """'' for a right value, else what is wrong with it."""
    if isinstance(observed, _Failed):
        return str(observed)
    try:
        with bounded():
            return differs(key.expected[number], observed, key.question.tolerance)
    except Exception as error:
        return f"what it gives cannot be compared ({type(error).__name__})"


def _recognise(key: QuestionKey, observed: Sequence[Any]) -> Mistake | None:
    """The first known mistake with the same value in every case, if one of these values is wrong."""
    if any(isinstance(value, Exception) for value in observed):
        return None
    if not any(_message(key, number, value) for number, value in enumerate(observed)):
        return None
    for mistake, values in key.mistakes:
        pairs = zip(values, observed, strict=True)
        if all(not isinstance(one, Exception) and not _differ(key, one, other) for one, other in pairs):
            return mistake
    return None


def _differ(key: QuestionKey, one: Any, other: Any) -> bool:
    try:
        with bounded():
            return bool(differs(one, other, key.question.tolerance))
    except Exception:
        return True


def _verdict(outcome: Outcome, results: Sequence[Result], right: Sequence[bool], mistake: Mistake | None) -> str:
    """One word for what became of the question."""
    if outcome.lost:
        return outcome.lost
    if outcome.definition is not None and not any(result.is_value for result in results):
        return {"NotDefined": "not defined", "SyntaxError": "syntax error"}.get(outcome.definition["type"], "error")
    if mistake is not None:
        return "known mistake"
    if all(right):
        return "right"
    if any(right):
        return "partly right"
    mostly_raises = 2 * sum(result.error is not None for result in results) > len(results)
    for result in results:
        if result.lost:
            return result.lost
        if result.error is not None and mostly_raises:
            kind = result.error["type"]
            return {"MemoryError": "memory", "WireError": "cannot be sent"}.get(kind, "error")
    return "wrong"


def _reasons(
    key: QuestionKey, outcome: Outcome, results: Sequence[Result], messages: Sequence[str], judged: Judged
) -> list[str]:
    """Sentences on what happened. Of the hidden cases only how many, and in which way."""
    reasons = []
    if outcome.definition is not None:
        reasons.append(f"The cell ends with an error: {_error_text(key.question, outcome.definition)}")
    if outcome.lost:
        reasons.append(f"The cell {LOSSES[outcome.lost]}.")
    right = sum(not message for message in messages[: key.shown])
    reasons.append(
        f"{right} of {key.shown} public cases are right, {judged.hidden_right} of {judged.hidden_count} hidden ones."
    )
    hidden = results[key.shown :]
    for word, text in LOSSES.items():
        lost = sum(result.lost == word for result in hidden)
        if lost and not outcome.lost:
            reasons.append(f"In {lost} of the hidden cases it {text}.")
    if outcome.definition is None:
        reasons += _raised(results[: key.shown], hidden)
    return reasons


def _raised(public: Sequence[Result], hidden: Sequence[Result]) -> list[str]:
    """How often hidden calls raise. A type that no public call raised has no name here: it may tell what came in."""
    known = {result.error["type"] for result in public if result.error is not None}
    kinds = [result.error["type"] for result in hidden if result.error is not None]
    named = sorted({kind for kind in kinds if kind in known}) + ["an error"] * any(kind not in known for kind in kinds)
    return [f"In {len(kinds)} of the hidden cases it raises {', '.join(named)}."] if kinds else []


def _shown(key: QuestionKey, number: int, result: Result, observed: Any, message: str) -> dict[str, Any]:
    """One public case for the report: as a student sees it in the notebook."""
    arguments, got = key.cases[number], None if isinstance(observed, Exception) else observed
    raw = result.value if result.is_value else None
    given = check.arguments_shown(arguments)  # public ones, which the exercise itself holds
    try:
        with bounded():
            picture = check.PICTURES[key.question.picture](arguments, key.expected[number], got, raw)
    except Exception:
        picture = ""
    if len(picture) > LONGEST_PICTURE:
        picture = "<p>The picture is too large to be shown.</p>"
    return {"right": not message, "message": message[:600], "arguments": given, "picture": picture}
