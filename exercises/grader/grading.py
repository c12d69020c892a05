"""Grade one submission: a job goes in, a record comes out, here, in another process, or on a cluster."""

from __future__ import annotations

import functools
import hashlib
import tempfile
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from multiprocessing.util import Finalize
from pathlib import Path
from typing import Any

from exercises.grader import sandbox, sources
from exercises.grader.events import Limits
from exercises.grader.judging import Judged, QuestionKey, judge, keys_of
from exercises.grader.running import Boxes, Outcome, run
from exercises.grader.spec import Exercise
from exercises.grader.submissions import VERDICTS, Form, Submission


@dataclass(frozen=True)
class Way:
    """How a batch is graded."""

    limits: Limits = field(default_factory=Limits)
    trust: bool = False
    warm: bool = True


@dataclass(frozen=True)
class Job:
    """Everything that is needed to grade one submission, on any machine that has the course."""

    submission: Submission
    source_name: str
    source: bytes  # the source notebook
    salt: bytes
    way: Way
    key: str


@functools.cache
def _exercise(name: str, source: bytes, salt: bytes) -> tuple[Exercise, list[QuestionKey]]:
    """Read a source notebook and compute what is expected, once a process."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"{name}.ipynb")
        path.write_bytes(source)
        exercise = sources.read(path)
        return exercise, keys_of(exercise, salt)


_OF_THIS_THREAD = threading.local()  # a cluster's worker may run several jobs at once


@functools.cache
def _require_once() -> None:
    """See once a process that the sandbox holds here; raises, and looks again at the next job, where it does not."""
    sandbox.require()


def _boxes(way: Way) -> Boxes:
    mine: dict[Way, Boxes] = _OF_THIS_THREAD.__dict__.setdefault("boxes", {})
    if way not in mine:
        if not way.trust:
            _require_once()  # a cluster's worker may be another machine than the one that the batch was started on
        mine[way] = Boxes(way.limits, way.trust, way.warm)
        Finalize(None, mine[way].close, exitpriority=1)  # `atexit` would not run in the processes of a pool
    return mine[way]


def form_of(exercise: Exercise) -> Form:
    """What to look for in a submission of this exercise."""
    answers = {question.name: question.answer for question in exercise.questions}
    return Form(exercise.name, answers, exercise.starters, [text.name for text in exercise.free_texts])


def grade(job: Job) -> dict[str, Any]:
    """The record of one submission. Raises InfrastructureError when the machine failed: then there is no grade."""
    submission = job.submission
    if submission.verdict:
        return _record(job, [], [], 0.0, {})
    exercise, keys = _exercise(job.source_name, job.source, job.salt)
    answers, starters = submission.answers, exercise.starters
    tried = [key for key in keys if _answered(answers.get(key.question.name, ""), starters[key.question.name])]
    boxes = _boxes(job.way)
    outcomes: Mapping[str, Outcome] = {}
    if tried:
        outcomes = run(boxes, [key.asked() for key in tried], exercise.setup, answers)
    judged = [judge(key, outcomes.get(key.question.name), answers.get(key.question.name)) for key in keys]
    texts = [
        {"name": text.name, "possible": text.points, "prompt": text.prompt, "rubric": text.rubric}
        | {"answer": _written(submission.free_texts.get(text.name, ""))}
        for text in exercise.free_texts
    ]
    # Where nothing ran there was no box, whatever this process has run for others before.
    return _record(job, judged, texts, exercise.points, boxes.versions if tried else {})


def _written(text: str) -> str:
    """A free text, empty where the cell is as it was handed out."""
    return "" if text.strip() == sources.ANSWER_HERE.strip() else text


def _answered(code: str, starter: str) -> bool:
    return code.strip() not in ("", starter.strip())


def _record(
    job: Job, judged: list[Judged], texts: list[dict[str, Any]], possible: float, versions: Mapping[str, str]
) -> dict[str, Any]:
    submission = job.submission
    for text in texts:
        text["answer_id"] = hashlib.sha256(text["answer"].encode()).hexdigest()[:12]
    return {
        "student": submission.student,
        "file": submission.shown,
        "exercise": submission.exercise,
        "key": job.key,
        "verdict": submission.verdict or "graded",
        "why": VERDICTS.get(submission.verdict, ""),
        "problems": submission.problems,
        "trust": job.way.trust,
        "box": dict(versions),
        "points": round(sum((question.points for question in judged), 0.0), 2),
        "possible": float(possible),
        "questions": [asdict(question) for question in judged],
        "texts": texts,
    }
