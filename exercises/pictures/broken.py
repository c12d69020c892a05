"""Pictures of what is to be broken, found or explained: how it is now, and question marks for what is wanted."""

from __future__ import annotations

from typing import Any

import numpy as np

from exercises.grader.spec import Question
from exercises.pictures.canvas import FAINT, INK, READ, UNKNOWN, WRITE, Canvas
from exercises.pictures.generic import Given, Picture


def two_messages(question: Question, given: Given) -> Picture:
    """Two rows of six unknown bits that lead to one state."""
    canvas = Canvas()
    for row, y in enumerate((0, 60)):
        canvas.text(0, y + 16, "one message" if row == 0 else "another")
        canvas.array(90, y, [[UNKNOWN] * 6])
        canvas.line([(242, y + 11), (320, 41 if row == 0 else 47)], head=True)
    canvas.number(326, 30, 60, 28, "s = ?")
    canvas.text(400, 48, "the same state, below 61, for both")
    return canvas, "Two different rows of six unknown bits; arrows lead from both to one and the same state s."


def follower(question: Question, given: Given) -> Picture:
    """The weighting of the starter before and after the shift, and what is wanted instead."""
    canvas = Canvas()
    now = given["after"](given["weights"], given["kernel"], question.public[0]["sharpening"])
    for left, title, bars in ((0, "the cell's weights", given["weights"]), (230, "after: slot 2 leads", now)):
        canvas.text(left, 12, title, bold=True)
        for slot, value in enumerate(bars):
            canvas.cell(left + 30 * slot, 100 - 150 * value, 26, 150 * value + 1, READ if slot == 2 else INK, 0.7)
            canvas.text(left + 30 * slot + 12, 116, slot, "middle")
    canvas.text(460, 12, "wanted: another slot leads", bold=True)
    for slot in range(5):
        canvas.number(460 + 30 * slot, 76, 26, 25, UNKNOWN)
        canvas.text(472 + 30 * slot, 116, slot, "middle")
    canvas.line([(160, 60), (215, 60)], head=True)
    canvas.text(187, 50, "shift, γ", "middle")
    return canvas, (
        "Bars of five slots. With the weights and the kernel of the cell slot 2 leads before the shift and "
        "after it. Wanted "
        "are weights and a kernel with which another slot leads afterwards."
    )


def two_orders(question: Any, given: Given) -> Picture:
    """An empty slot, and the two orders of erase and add."""
    canvas = Canvas()
    for y, first, second in ((10, "erase, e = 1", "add a"), (64, "add a", "erase, e = 1")):
        canvas.number(0, y, 40, 26, 0)
        canvas.line([(46, y + 13), (150, y + 13)], head=True)
        canvas.text(98, y + 6, first, "middle", WRITE)
        canvas.number(156, y, 40, 26, UNKNOWN)
        canvas.line([(202, y + 13), (306, y + 13)], head=True)
        canvas.text(254, y + 6, second, "middle", WRITE)
        canvas.number(312, y, 40, 26, UNKNOWN)
    canvas.text(372, 54, "are these two the same?")
    return (
        canvas,
        "An empty slot twice: once erase comes first and then add, once add first and then erase; the results "
        "are question marks.",
    )


def turned(question: Question, given: Given) -> Picture:
    """A gradient of two numbers and what the clip leaves of it."""
    canvas, limit = Canvas(), 1.0
    gradient = np.array([3.0, 0.4])
    clipped = np.clip(gradient, -limit, limit)
    origin, unit = np.array([20.0, 100.0]), np.array([90.0, -90.0])
    canvas.cell(origin[0], origin[1] - 90, 90, 90, FAINT)
    canvas.text(26, 24, "limit 1")
    canvas.line([(0, 100), (330, 100)])
    canvas.line([(20, 0), (20, 112)])
    for vector, color, name in ((gradient, INK, "gradient (3, 0.4)"), (clipped, READ, "clipped (1, 0.4)")):
        tip = origin + unit * vector
        canvas.line([tuple(origin), tuple(tip)], color, head=True)
        canvas.text(tip[0] + 8, tip[1] + (4 if color == INK else -6), name, color=color)
    angle = given["turned_by"](gradient, limit)
    canvas.text(
        170,
        30,
        f"turned by {angle:.0f}°; wanted is more than {question.public[0]['angle']:.0f}°, with more numbers",
        color=INK,
    )
    return canvas, (
        f"Two arrows from one point: the gradient (3, 0.4) and (1, 0.4), which clipping to 1 leaves of it, "
        f"turned by {angle:.0f} "
        f"degrees. Wanted is a gradient that is turned by more than {question.public[0]['angle']:.0f}."
    )


def too_long(question: Question, given: Given) -> Picture:
    """The time line of the heads of a machine that does not stop writing."""
    canvas, length = Canvas(), 3
    steps = 2 * length + 1
    for step in range(steps):
        x = 90 + 62 * step
        canvas.text(x + 25, 12, step, "middle", bold=True)
        writes = f"v{step}" if step < length else "zeros"
        canvas.number(x, 20, 56, 24, writes, WRITE, 1)
        if step > length:
            canvas.number(x, 50, 56, 24, f"slot {step - length - 1}", READ)
    canvas.text(0, 37, "writes")
    canvas.text(0, 67, "reads")
    canvas.text(
        0,
        96,
        f"A pattern of L = {length}, no pause, stride 1, a write head that does not stop: at step t it is on slot t.",
    )
    canvas.text(0, 114, "On a ring it comes round. For which L does it first erase a vector that has not been read?")
    return canvas, (
        f"A time line of {steps} steps for three vectors: they are written at steps 0 to 2, zeros at all later "
        f"steps, and slots 0 to 2 are "
        "read at steps 4 to 6."
    )


def layers(question: Question, given: Given) -> Picture:
    """Inputs, three layers and outputs; what the convention leaves open is dashed."""
    canvas = Canvas()
    names = ["inputs", "layer 1", "layer 2", "layer 3", "outputs"]
    for number, name in enumerate(names):
        canvas.cell(120 * number, 60, 80, 30)
        canvas.text(120 * number + 40, 79, name, "middle")
        if number < 4:
            canvas.line([(120 * number + 80, 75), (120 * number + 118, 75)], head=True)
        if name.startswith("layer"):
            canvas.line(
                [(120 * number + 25, 90), (120 * number + 25, 104), (120 * number + 55, 104), (120 * number + 55, 92)],
                head=True,
            )
    for target, height in ((2, 48), (3, 36), (4, 8)):
        canvas.line(
            [(30, 60), (30, height), (120 * target + 20, height), (120 * target + 20, 58)], READ, dash=True, head=True
        )
    for origin, height in ((1, 132), (2, 120)):
        x = 120 * origin + 70
        canvas.line(
            [(x, 90), (x, height), (120 * 4 + 20 + 12 * origin, height), (120 * 4 + 20 + 12 * origin, 92)],
            WRITE,
            dash=True,
            head=True,
        )
    canvas.text(60, 30, "inputs to all layers? to the outputs?", color=READ)
    canvas.text(0, 146, "outputs from all layers? a bias for each output? more numbers for each unit?", color=WRITE)
    return canvas, (
        "Inputs, three layers and outputs in a row. Full arrows go from each to the next and from each layer to "
        "itself; dashed arrows from the "
        "inputs to the later layers and the outputs, and from layers 1 and 2 to the outputs, are open questions."
    )


def halving(question: Question, given: Given) -> Picture:
    """Bits that come in, the cell's digits, and what should be impossible to give back."""
    canvas, digits = Canvas(), int(question.public[0]["digits"])
    cell = 0.0
    for number, bit in enumerate((1, 0, 1, 1)):
        cell = given["rounded"](cell / 2 + bit, digits)
        x = 86 + 74 * number
        canvas.number(x + 18, 0, 24, 24, bit, WRITE)
        canvas.line([(x + 30, 26), (x + 30, 42)], head=True)
        canvas.number(x, 44, 62, 24, f"{cell:g}")
    canvas.text(0, 16, "bits", color=WRITE)
    canvas.text(0, 60, "the cell")
    canvas.text(400, 16, f"wanted: at most {digits + 1} bits")
    canvas.array(400, 24, [[UNKNOWN] * (digits + 1)])
    canvas.text(400, 62, f"that a cell of {digits} significant digits")
    canvas.text(400, 78, "does not give back")
    return canvas, (
        "The bits 1, 0, 1, 1 come in one after the other, and the cell holds 1, 0.5, 1.25, 1.625. Beside it "
        "question marks for the bits that a "
        f"cell of {digits} significant binary digits does not give back."
    )


def directions(question: Question, given: Given) -> Picture:
    """Priorities as directions, and the key along column 1."""
    canvas = Canvas()
    priorities = given["five"]
    rows = given["laid_out"](priorities, question.public[0]["loads"])
    for priority, (across, up, *_) in zip(priorities, rows, strict=True):
        tip = (30 + 130 * across, 140 - 130 * up)
        canvas.line([(30, 140), tip], READ, head=True)
        canvas.text(tip[0] + 5, tip[1] + 2, f"{priority:g}", color=READ)
    canvas.line([(30, 140), (30, 0)], WRITE, dash=True, head=True)
    canvas.text(36, 8, "the key, along column 1", color=WRITE)
    canvas.text(240, 60, "five tried priorities; the lowest is the nearest to the key")
    canvas.text(240, 80, "wanted: five others, at least 0.1 apart")
    canvas.array(240, 90, [[UNKNOWN] * 5])
    canvas.text(240, 132, "for which a mixture of loads is read")
    return canvas, (
        "Five arrows in a quarter of a circle, the directions of the priorities 0.2, 0.4, 0.6, 0.8 and 1, and the "
        "key along column 1, nearest to that of 0.2. "
        "Five question marks for the priorities that are wanted."
    )


def alike(question: Question, given: Given) -> Picture:
    """A ring of four slots with unknown rows and weights, and what must be true afterwards."""
    canvas = Canvas()
    for slot, (x, y) in enumerate(((80, 0), (150, 50), (80, 100), (10, 50))):
        canvas.array(x, y, [[UNKNOWN, UNKNOWN]])
        canvas.text(x - 5, y + 15, slot, "end", color=READ)
    canvas.line([(130, 12), (172, 46)])
    canvas.line([(172, 76), (130, 110)])
    canvas.line([(62, 104), (34, 76)])
    canvas.line([(34, 46), (62, 18)])
    canvas.text(230, 20, "a memory of four rows, and")
    canvas.array(400, 4, [[UNKNOWN] * 4])
    canvas.text(504, 20, "weights")
    canvas.line([(300, 34), (300, 62)], head=True)
    canvas.text(314, 54, "any program: keys, gates, shifts, erase, add")
    canvas.text(230, 84, "at most two different rows, for ever")
    return canvas, (
        "A ring of four slots with two question marks in each and four question marks for the weights. After "
        "any program there must be at most two different "
        "rows."
    )
