"""Pictures of what is to be predicted: all that happens, and a question mark for each number that is asked for.

What stands here as numbers is what the statements say; tests/test_exercises_pictures.py computes the answers from it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from exercises.grader.spec import Question
from exercises.pictures.canvas import INK, READ, UNKNOWN, WRITE, Canvas
from exercises.pictures.generic import Given, Picture

HALF_BACK, HALF_FORWARD = (0.5, 0.5, 0), (0, 0.5, 0.5)
READINGS = [  # 01, q2: comes in, the slots that the write head and the read head move, erase
    *[(5, 0, 0, 0), (3, 1, 0, 0), (8, 1, -1, 0), (2, 1, 0, 0), (0, 0, 1, 0), (0, 0, 0, 1), (0, 0, 1, 0)]
]
WRITES = [((0.5, 0.5, 0), 1, 2), ((0, 0.5, 0.5), 0.5, -4), ((1, 0, 0), 0, 1)]  # 04, q1: weighting, erase, add
KERNELS = [(HALF_BACK, 1), (HALF_BACK, 1), (HALF_FORWARD, 2), ((0, 0, 1), 1), (HALF_BACK, 1)]  # 06, q2: and sharpening
ROWS = {"A": (1, 0, 0, 0), "B": (0, 1, 0, 0), "C": (0, 2, 0, 0), "D": (1, 1, 1, 1)}  # 07, q1
WRITTEN = [((1, 0, 0), 0.5, 4), ((0.5, 0.5, 0), 1, 6), ((0, 0, 1), 1, 5)]  # 11, q2
MOVES = {-1: "back", 0: "stays", 1: "forward"}


def _unknown_steps(
    canvas: Canvas, first: Sequence[Any], title: str, steps: Sequence[str], name: str, count: int
) -> None:
    """A row that is known, then for each step what happens and a row that is not."""
    canvas.text(0, 12, title, bold=True)
    canvas.array(0, 20, [list(first)])
    y = 58.0
    for step in steps:
        canvas.line([(12, y - 12), (12, y + 10)], head=True)
        canvas.text(26, y + 4, step)
        canvas.array(0, y + 14, [[UNKNOWN] * count])
        canvas.text(count * 24 + 10, y + 29, name)
        y += 54


def _writes(writes: Sequence[tuple[Sequence[float], float, float]]) -> list[str]:
    return [
        f"weighting {', '.join(_fraction(part) for part in weights)}; erase {_fraction(erase)}; add {_fraction(add)}"
        for weights, erase, add in writes
    ]


def _fraction(number: float) -> str:
    return {0.5: "½"}.get(number, f"{number:g}")


def readings(question: Question, given: Given) -> Picture:
    """The steps of the program, and a question mark for each reading."""
    canvas = Canvas()
    for x, title in ((0, "step"), (50, "comes in"), (120, "write head"), (300, "read head"), (390, "reads")):
        canvas.text(x, 12, title, bold=True)
    for step, (number, write, read, erase) in enumerate(READINGS):
        y = 18.0 + 26 * step
        canvas.text(8, y + 16, step)
        canvas.number(60, y, 28, 24, number, INK, 8)
        does = "erases its slot" if erase else "adds it" if number else "rests"
        canvas.text(120, y + 16, f"{MOVES[write] + ', ' if write else ''}{does}", color=WRITE)
        canvas.text(300, y + 16, MOVES[read], color=READ)
        canvas.number(395, y, 28, 24, UNKNOWN)
    canvas.text(470, 12, "three slots, all 0 at first", bold=True)
    canvas.array(490, 24, np.zeros((3, 1)), rows=["0", "1", "2"])
    canvas.text(530, 39, "both heads start here")
    return canvas, (
        "Seven steps of a machine with three slots, and a question mark for each of the seven readings: the "
        "numbers 5, 3, "
        "8, 2, 0, 0, 0 come in, and the heads move as in the table."
    )


def three_writes(question: Question, given: Given) -> Picture:
    """A memory of three slots, three writes, and what is to be found after each."""
    canvas = Canvas()
    _unknown_steps(canvas, (4, 8, 0), "the memory at first", _writes(WRITES), "after this write", 3)
    return canvas, (
        "The memory 4, 8, 0, then three arrows with the three writes of the table, and after each of them three "
        "question marks."
    )


def waiting_head(question: Question, given: Given) -> Picture:
    """Five kernels, and a weighting to be found after each."""
    canvas = Canvas()
    steps = [
        f"kernel {', '.join(_fraction(part) for part in kernel)} (back, stay, forward); γ = {sharpening}"
        for kernel, sharpening in KERNELS
    ]
    _unknown_steps(canvas, (1, 0, 0, 0, 0), "the weighting at first, slots 0 to 4", steps, "after this step", 5)
    return (
        canvas,
        "The weighting 1, 0, 0, 0, 0, then five arrows with the kernels of the table, and five question marks "
        "after each.",
    )


def five_weightings(question: Question, given: Given) -> Picture:
    """Four rows and a query, and the weightings to be found."""
    canvas = Canvas()
    canvas.text(0, 12, "rows", bold=True)
    canvas.array(0, 20, list(ROWS.values()), rows=list(ROWS))
    canvas.text(0, 136, "query", bold=True)
    canvas.array(0, 142, [[0, "4 ln 2", 0, 0]])
    canvas.text(260, 12, "weights of A, B, C, D", bold=True)
    names = (
        "0 attention",
        "1 content",
        "2 content, query doubled",
        "3 attention, rows halved",
        "4 content, twice the β",
    )
    canvas.array(260, 20, [[UNKNOWN] * 4 for _ in names])
    for number, name in enumerate(names):
        canvas.text(364, 36 + 22 * number, name)
    return (
        canvas,
        "The four rows A to D and the query, and beside them five rows of four question marks, one for each way "
        "to make weights.",
    )


def parts_of_a_reading(question: Question, given: Given) -> Picture:
    """A memory, three writes and a read, and the four parts of what is read."""
    canvas = Canvas()
    canvas.text(0, 12, "the memory at first", bold=True)
    canvas.array(0, 20, [[8, 4, 2]])
    for number, step in enumerate([*_writes(WRITTEN), "read with the weighting ½, ½, 0"]):
        y = 48 + 26 * number
        canvas.line([(12, y), (12, y + 20)], READ if number == 3 else WRITE, head=True)
        canvas.text(26, y + 14, f"write {number}: {step}" if number < 3 else step, color=READ if number == 3 else WRITE)
    canvas.text(0, 172, "what is read =")
    for number, name in enumerate(("first memory", "write 0", "write 1", "write 2")):
        canvas.number(100 + 110 * number, 156, 40, 24, UNKNOWN)
        canvas.text(120 + 110 * number, 196, f"left of {name}", "middle")
        if number:
            canvas.text(70 + 110 * number, 172, "+", "middle")
    return canvas, (
        "The memory 8, 4, 2, three arrows with the three writes of the table and one with the read. What is "
        "read is a sum of four question marks: what is "
        "left of the first memory and of writes 0, 1 and 2."
    )
