"""Pictures that any question of a kind can have: a function's first public case, or the time line of a machine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from exercises.grader.spec import Question
from exercises.pictures.canvas import INK, LETTER, MINUS, READ, WRITE, Canvas, number_text
from exercises.student.values import numbers_in

Picture = tuple[Canvas, str]  # and what it shows, in words
Given = Mapping[str, Any]  # the names that the given code and the starter of a question define
MOST = 60  # letters of a text


def calls(question: Question, now: Any = None) -> Picture:
    """What goes in and what should come out in the first public case, and what comes out of code to be repaired."""
    canvas, arguments = Canvas(), question.passed(question.public[0])
    wanted = question.expected(question.public[0])
    _stacked(canvas, 0, "goes in", arguments)
    middle = canvas.right + 12
    canvas.line([(middle, 40), (middle + 40, 40)], head=True)
    title = "should come out" if question.through == "identity" else "should come of the answer"
    _stacked(canvas, middle + 54, title, wanted)
    words = f"The first public case. Goes in: {_in_words(arguments)}. Should come out: {_in_words(wanted)}."
    if now is not None:
        _stacked(canvas, canvas.right + 40, "comes out now", now)
        words += f" Comes out now: {_in_words(now)}."
    return canvas, words


def _stacked(canvas: Canvas, x: float, title: str, value: Any) -> float:
    """A value below a title, the parts of a dict or of a list of arrays one below the other. -> where it ends."""
    canvas.text(x, 12, title, bold=True)
    y = 24.0
    parts = value if isinstance(value, Mapping) else {"": value}
    for name, part in parts.items():
        y = _part(canvas, x, y, str(name), part) + 8
    return y


def _part(canvas: Canvas, x: float, y: float, name: str, value: Any) -> float:
    if isinstance(value, Mapping):
        value = list(value.values())
    array = numbers_in(value)
    if isinstance(value, list | tuple) and (array is None or array.ndim == 0) and value:
        if name:
            canvas.text(x, y + 12, name)
            y += 18
        for item in value:
            y = _part(canvas, x, y, "", item) + 4
        return y
    if array is None or array.ndim == 0:
        words = f"{name} = " if name else ""
        words += number_text(array) if array is not None and array.dtype.kind in "iuf" else str(value)
        canvas.text(x, y + 12, words if len(words) < MOST else words[: MOST - 4] + " ...")
        return y + 16
    if name:
        canvas.text(x, y + 12, f"{name} {_shape(array)}")
        y += 18
    if array.ndim == 3 and array.shape[-1] == 1:  # sequences of single numbers: a row each
        array = array[..., 0]
    for part in array if array.ndim == 3 else [array]:
        y = canvas.array(x, y, part)[1] + 3
    return y


def _shape(array: np.ndarray) -> str:
    return f"[{', '.join(map(str, array.shape))}]"


def timeline(question: Question) -> Picture:
    """The machine's tape at the beginning, and step by step what comes in and what must be read."""
    case, canvas = question.public[0], Canvas()
    inputs, expected = np.asarray(case["inputs"], float), np.asarray(question.expected(case), float)
    right = _tape(canvas, case, inputs.shape[1])
    steps, across = int(case["longest"]), max(1, inputs.shape[1])
    looks_at_memory = case.get("look") == "memory"
    asked = {} if looks_at_memory else dict(zip(case["ask"], expected, strict=True))
    side = 13.0
    left = right + 100
    canvas.text(left - 70, 12, "step", bold=True)
    y, commands = 20.0, case.get("commands")
    if commands is not None:
        canvas.text(left - 8, y + 12, "command", "end")
        y += 20
    coming = {step: inputs[step] for step in _not_zero(inputs, steps)}
    rows = {"comes in": coming, "must be read": asked}
    for step in range(steps):
        x = left + step * 30
        canvas.text(x + 6, 12, step, "middle")
        if commands is not None:
            canvas.text(x + 6, 32, commands[step], "middle")
    for title, vectors in rows.items():
        if not vectors:
            continue
        size = len(next(iter(vectors.values())))
        canvas.text(left - 8, y + size * side / 2 + 4, title, "end", READ if "read" in title else WRITE)
        for step, vector in vectors.items():
            if step < steps:
                _column(canvas, left + step * 30, y, vector, side, READ if title == "must be read" else WRITE)
        y += size * side + 14
    if looks_at_memory:
        canvas.text(left - 70, y + 12, f"the memory after step {case['ask'][0] - 1} must be")
        canvas.array(left, y + 20, expected[0], rows=range(len(expected[0])))
    read = f" At steps {_steps(asked)} what is drawn must be read." if asked else " The memory at the end is drawn too."
    words = (
        f"A time line of {steps} steps. The ring has {case['slots']} slots, "
        f"{'with rows in them' if case.get('memory') is not None else 'all empty'}; both heads begin on slot 0. "
        f"{f'Vectors of {across} numbers come in at steps {_steps(coming)}' if coming else 'Nothing comes in'}.{read}"
    )
    return canvas, words


def _column(canvas: Canvas, x: float, y: float, vector: Any, side: float, color: str) -> None:
    """A vector as a column of cells."""
    scale = float(np.abs(vector).max()) or 1.0
    canvas.cell(x, y, side, side * len(vector))
    for place, value in enumerate(vector):
        if value:
            canvas.cell(x, y + place * side, side, side, color if value > 0 else MINUS, 0.9 * abs(value) / scale)


def _tape(canvas: Canvas, case: Mapping[str, Any], width: int) -> float:
    """The slots at the beginning, with both heads on slot 0. -> where they end on the right."""
    memory = case.get("memory")
    tape = np.zeros((int(case["slots"]), width)) if memory is None else np.asarray(memory, float)
    canvas.text(0, 12, "tape at first", bold=True)
    left, top, high = 68.0, 20.0, 13.0 if len(tape) > 6 or memory is not None else 18.0
    canvas.text(0, top + high / 2 + 4, "heads")
    canvas.line([(34, top + high / 2), (47, top + high / 2)], head=True)
    scale = float(np.abs(tape).max()) or 1.0
    for slot, row in enumerate(tape):
        y = top + slot * high
        canvas.text(left - 4, y + high / 2 + 4, slot, "end")
        canvas.cell(left, y, 13 * width, high)
        for column, value in enumerate(row):
            if value:
                hue = INK if value > 0 else MINUS
                canvas.cell(left + 13 * column, y, 13, high, hue, 0.8 * abs(value) / scale)
    end = top + len(tape) * high
    canvas.text(left, end + 13, "then slot 0 again")
    return max(left + 13 * width, left + 17 * LETTER)


def _not_zero(inputs: np.ndarray, steps: int) -> list[int]:
    return [step for step in range(min(steps, len(inputs))) if inputs[step].any()]


def _steps(steps: Any) -> str:
    return ", ".join(map(str, steps))


def _in_words(value: Any) -> str:
    """A value in words for who does not see the picture."""
    if isinstance(value, Mapping):
        return "; ".join(f"{name} {_in_words(part)}" for name, part in value.items())
    array = numbers_in(value)
    if array is not None and array.dtype.kind in "iufb":
        if array.ndim == 0:
            return number_text(array) if array.dtype.kind != "b" else str(value)
        if array.size <= 12:
            return " and ".join(
                ", ".join(number_text(number) for number in row) for row in array.reshape(-1, array.shape[-1])
            )
        return f"{' by '.join(map(str, array.shape))} numbers"
    if isinstance(value, list | tuple):
        return "; ".join(_in_words(part) for part in value[:6]) + (" and more" if len(value) > 6 else "")
    return str(value)
