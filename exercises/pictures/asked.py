"""The picture of a question, as the line of Markdown that stands in its statement."""

from __future__ import annotations

import base64
import re
from typing import Any

import numpy as np

from exercises.grader.sources import without_picture
from exercises.grader.spec import Exercise, FreeText, Question
from exercises.pictures import generic
from exercises.pictures.generic import Picture
from exercises.pictures.particular import PARTICULAR

HINT = '<details class="hint">'


def with_picture(statement: str, exercise: Exercise, question: Question | FreeText, kind: str) -> str:
    """The statement with its picture before the first hint, or at its end; an older one is replaced.

    kind: what the table at the beginning of the notebook calls the question: "build", "repair" ...
    """
    canvas, words = picture_of(exercise, question, kind)
    words = re.sub(r"[\[\]]", "", words)
    data = base64.b64encode(canvas.svg().encode()).decode()
    line = f"![{words}](data:image/svg+xml;base64,{data})\n\n"
    before, hint, after = without_picture(statement).partition(HINT)
    return f"{before.rstrip()}\n\n{line}{hint}{after}".rstrip("\n")


def picture_of(exercise: Exercise, question: Question | FreeText, kind: str) -> Picture:
    """The picture of what is asked, and what it shows, in words.

    Nothing goes into it but the first public case, what the statement says, and for a machine to be repaired what its
    code gives now.
    """
    drawn = PARTICULAR.get((exercise.name, question.name))
    if drawn is not None:
        return drawn(question, _names(exercise, question.name))
    if isinstance(question, FreeText):
        raise ValueError(f"{exercise.name}, {question.name}: expected a picture in exercises/pictures/particular.py")
    if {"inputs", "ask"} <= set(question.public[0]):
        return generic.timeline(question)
    if question.kind != "function":
        raise ValueError(f"{exercise.name}, {question.name}: expected a picture in exercises/pictures/particular.py")
    return generic.calls(question, _now(exercise, question) if kind == "repair" else None)


def _names(exercise: Exercise, name: str) -> dict[str, Any]:
    """What the given cells and the starter of a question define."""
    names: dict[str, Any] = {}
    exec(exercise.setup, names)
    exec(exercise.starters.get(name, ""), names)
    return names


def _now(exercise: Exercise, question: Question) -> Any:
    """What the code that is to be repaired gives in the first public case; None where that cannot be had here."""
    if question.uses != "numpy":
        return None
    with np.errstate(all="ignore"):
        return _names(exercise, question.name)[question.answer](**question.passed(question.public[0]))
