"""Have the answers of one submission run in boxes, whatever they do there -> what each call gave.

Two passes. In the first the public cases of all questions run, and what they print is kept for the report. Only then
do arguments of hidden cases enter the box; of what comes out of it afterwards nothing is ever shown but the verdict.
"""

from __future__ import annotations

import builtins
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from exercises.grader.cells import needed
from exercises.grader.dialogue import LostWorker, Worker
from exercises.grader.events import LOSSES, NO_CASE, Kind, Limits
from exercises.grader.sandbox import GivenCodeError, InfrastructureError, Setting

ATTEMPTS = 3  # to start a worker, before the machine counts as broken
SHOWN_OUTPUT = 4000


@dataclass(frozen=True)
class Asked:
    """What the box is to do for one question."""

    name: str
    answer: str
    kind: str
    uses: str
    seconds: float
    public: Sequence[Mapping[str, Any]]  # the arguments of the calls
    hidden: Sequence[Mapping[str, Any]]


@dataclass
class Result:
    """What one call gave: a value, or an error (`type`, `message`, `cell`, `line`, `code`), or the word for a loss."""

    value: Any = None
    changed: str = ""
    error: dict[str, Any] | None = None
    lost: str = ""

    @property
    def is_value(self) -> bool:
        """Whether there is a value to compare."""
        return self.error is None and not self.lost


@dataclass
class Outcome:
    """What one question gave. A call without a result was never made."""

    definition: dict[str, Any] | None = None  # the error that the cell itself ended with
    lost: str = ""  # how the process was lost before the answer was defined
    public: dict[int, Result] = field(default_factory=dict)
    hidden: dict[int, Result] = field(default_factory=dict)
    output: str = ""


class Boxes:
    """The workers of this process: a warm one for each kit where the machine allows it, else fresh ones."""

    def __init__(self, limits: Limits, trust: bool = False, warm: bool = True) -> None:
        self.limits, self.trust = limits, trust
        self.warm = warm and not trust
        self.workers: dict[str, Worker] = {}
        self.versions: dict[str, str] = {}
        self.notes: list[str] = []

    def open(self, kit: str, given: str, cells: list[tuple[str, str]]) -> Worker:
        """A worker that holds this submission. InfrastructureError when several attempts failed."""
        for attempt in range(ATTEMPTS):
            try:
                return self._open_once(kit, given, cells)
            except InfrastructureError as error:
                self.drop(kit)
                last = attempt == ATTEMPTS - 1
                if isinstance(error, GivenCodeError) or (last and not self.warm):
                    raise
                if last:
                    self.notes.append(f"No warm worker on this machine, a fresh box each instead: {error}")
                    print(self.notes[-1], file=sys.stderr)
        self.warm = False
        return self.open(kit, given, cells)

    def _open_once(self, kit: str, given: str, cells: list[tuple[str, str]]) -> Worker:
        if kit not in self.workers:
            limits = self.limits if kit == "numpy" else replace(self.limits, processes=4 * self.limits.processes)
            self.workers[kit] = Worker(Setting(kit, limits, self.trust, self.warm))
        worker = self.workers[kit]
        worker.load(given, cells)
        self.versions = worker.versions
        return worker

    def finish(self, kit: str) -> None:
        """A submission is through: keep the warm worker, end the fresh one."""
        worker = self.workers.get(kit)
        if worker is not None and not worker.finish():
            self.drop(kit)

    def drop(self, kit: str) -> None:
        """End the worker of a kit; the next submission gets a new one."""
        worker = self.workers.pop(kit, None)
        if worker is not None:
            worker.close()

    def close(self) -> None:
        """End all workers."""
        for kit in list(self.workers):
            self.drop(kit)


def run(boxes: Boxes, asked: Sequence[Asked], given: str, answers: Mapping[str, str]) -> dict[str, Outcome]:
    """Run the questions that are asked. `answers` holds all answer cells in the order of the notebook: a question may
    use names from those before its own. InfrastructureError when the machine, not the student, failed.
    """
    outcomes = {question.name: Outcome() for question in asked}
    needs = {question.name: needed(question.name, answers, list(answers), given) for question in asked}
    for kit in dict.fromkeys(question.uses for question in asked):
        mine = [question for question in asked if question.uses == kit]
        _Kit(boxes, kit, given, list(answers.items()), needs, outcomes).run(mine)
    return outcomes


class _Kit:
    """The questions of one submission that need the same box."""

    def __init__(
        self,
        boxes: Boxes,
        kit: str,
        given: str,
        cells: list[tuple[str, str]],
        needs: Mapping[str, list[str]],
        outcomes: dict[str, Outcome],
    ) -> None:
        self.boxes, self.kit, self.given, self.cells = boxes, kit, given, cells
        self.needs, self.outcomes = needs, outcomes
        self.worker: Worker | None = None

    def run(self, questions: Sequence[Asked]) -> None:
        try:
            self._pass(questions, shown=True)
            # A value is the same in every case, and an answer that never came back will not come back now.
            again = [question for question in questions if question.kind == "function" and self._came_back(question)]
            self._pass(again[-1:] + again[:-1], shown=False)  # the last first: its process may still be there
        except BaseException:
            self.boxes.drop(self.kit)
            raise
        self.boxes.finish(self.kit)

    def _came_back(self, question: Asked) -> bool:
        outcome = self.outcomes[question.name]
        return any(not result.lost for result in outcome.public.values())

    def _pass(self, questions: Sequence[Asked], shown: bool) -> None:
        """One pass over the questions. A lost worker is replaced; the question it was lost in is tried again once."""
        waiting = list(questions)
        suspects: set[str] = set()
        while waiting:
            # A suspect runs alone, so that nobody else pays for it.
            batch = waiting[:1] if waiting[0].name in suspects else waiting
            reached = _Progress(batch, self.outcomes, shown)
            try:
                if self.worker is None:
                    self.worker = self.boxes.open(self.kit, self.given, self.cells)
                last = len(batch) - 1
                requests = [self._request(q, i, shown, keep=i == last) for i, q in enumerate(batch)]
                for event in self.worker.ask(requests, shown):
                    reached.take(event)
                waiting = waiting[len(batch) :]
            except LostWorker as loss:
                self.boxes.drop(self.kit)
                self.worker = None
                guilty = batch[reached.index]
                waiting = waiting[reached.index :]
                if guilty.name in suspects or loss.word == "memory":
                    reached.lose(loss.word)
                    waiting = waiting[1:]
                suspects.add(guilty.name)

    def _request(self, question: Asked, index: int, shown: bool, keep: bool) -> dict[str, Any]:
        calls = question.public if shown else question.hidden
        return {
            "index": index,
            "answer": question.answer,
            "kind": question.kind,
            "seconds": question.seconds * self.boxes.limits.pace,
            "cells": self.needs[question.name],
            "calls": [dict(arguments) for arguments in calls],
            "keep": keep and self.kit != "numpy" and question.kind == "function",  # there it is costly to begin again
        }


class _Progress:
    """Takes the events of one request, and refuses what does not fit: the box is in the student's hands."""

    def __init__(self, batch: Sequence[Asked], outcomes: Mapping[str, Outcome], shown: bool) -> None:
        self.batch, self.outcomes, self.shown = batch, outcomes, shown
        self.index = 0

    @property
    def results(self) -> dict[int, Result]:
        outcome = self.outcomes[self.batch[self.index].name]
        return outcome.public if self.shown else outcome.hidden

    def take(self, event: tuple[Kind, int, int, Any]) -> None:
        kind, index, case, payload = event
        if kind == Kind.BEGIN and index in (self.index, self.index + 1) and index < len(self.batch):
            self.index = index
            self.results.clear()
            return
        question = self.batch[self.index]
        calls = question.public if self.shown else question.hidden
        if index != self.index or (case != NO_CASE and case >= len(calls)):
            raise LostWorker("protocol")
        try:
            self._keep(kind, case, payload)
        except (TypeError, KeyError, ValueError, AttributeError):
            raise LostWorker("protocol") from None

    def _keep(self, kind: Kind, case: int, payload: Any) -> None:
        outcome = self.outcomes[self.batch[self.index].name]
        if kind == Kind.DEFINED:
            if self.shown:  # in the second pass the same cell may say something else, of hidden cases
                outcome.definition = _error(payload, self.shown) if payload is not None else None
        elif kind == Kind.VALUE:
            self._put(case, Result(value=payload["value"], changed=str(payload["changed"])[:60]))
        elif kind == Kind.ERROR:
            self._put(case, Result(error=_error(payload, self.shown)))
        elif kind == Kind.LOST and payload in LOSSES:
            if case == NO_CASE and self.shown:
                outcome.lost = payload
            elif case == NO_CASE:
                self.lose(payload)
            else:
                self._put(case, Result(lost=payload))
        elif kind == Kind.OUTPUT and self.shown:
            outcome.output = str(payload)[:SHOWN_OUTPUT]
        else:
            raise LostWorker("protocol")

    def _put(self, case: int, result: Result) -> None:
        if case in self.results or case == NO_CASE:
            raise LostWorker("protocol")
        self.results[case] = result

    def lose(self, word: str) -> None:
        """The worker was lost in this question: so are its calls without a result."""
        question = self.batch[self.index]
        calls = question.public if self.shown else question.hidden
        for case in range(len(calls)):
            self.results.setdefault(case, Result(lost=word))


def _error(payload: Mapping[str, Any], shown: bool) -> dict[str, Any]:
    """An error as the box tells it, cut. Of hidden calls only the type, and only one that Python itself knows."""
    name = str(payload["type"])[:60]
    if not shown:
        known = getattr(builtins, name, None)
        trusted = isinstance(known, type) and issubclass(known, BaseException)
        return {"type": name if trusted else "an error", "message": "", "cell": "", "line": 0, "code": ""}
    line = payload["line"]
    return {
        "type": name,
        "message": str(payload["message"])[:400],
        "cell": str(payload["cell"])[:60],
        "line": line if isinstance(line, int) and 0 < line < 100_000 else 0,
        "code": str(payload["code"])[:120],
    }


__all__ = ["Asked", "Boxes", "Outcome", "Result", "run"]
