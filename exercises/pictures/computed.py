"""Pictures of functions whose arguments are single numbers, which say little as they stand."""

from __future__ import annotations

import numpy as np

from exercises.grader.spec import Question
from exercises.pictures.canvas import INK, MINUS, READ, WRITE, Canvas
from exercises.pictures.generic import Given, Picture


def hopping(question: Question, given: Given) -> Picture:
    """A ring with the message on it, and the hops of the read head."""
    case, canvas = question.public[0], Canvas()
    ring = [0] * case["slots"]
    for place, number in enumerate(case["message"]):
        ring[place % len(ring)] = number
    angles = np.linspace(0, 2 * np.pi, len(ring), endpoint=False) - np.pi / 2
    places = 115 + 70 * np.column_stack([np.cos(angles), np.sin(angles)])
    for slot, (x, y) in enumerate(places):
        canvas.number(x - 17, y - 13, 34, 26, ring[slot], WRITE, max(ring))
        out = 115 + 105 * np.array([np.cos(angles[slot]), np.sin(angles[slot])])
        canvas.text(out[0], out[1] + 4, f"slot {slot}", "middle")
    for hop in range(len(case["message"]) - 1):
        begin, end = (places[(case["stride"] * (hop + k)) % len(ring)] for k in (0, 1))
        along = (end - begin) / np.hypot(*(end - begin))
        begin, end = begin + 24 * along, end - 24 * along
        canvas.line([tuple(begin), tuple(end)], READ, head=True)
        middle = (begin + end) / 2 + (115 - (begin + end) / 2) * 0.22
        canvas.text(middle[0], middle[1] + 4, hop + 1, "middle", READ)
    canvas.text(270, 20, f"message {', '.join(map(str, case['message']))}", color=WRITE)
    canvas.text(270, 40, f"hops by {case['stride']}: before reading the second number, the third, ...", color=READ)
    words = ", ".join(map(str, question.expected(case)))
    canvas.text(270, 60, f"is read: {words}", color=READ)
    return canvas, (
        f"A ring of {len(ring)} slots that holds {', '.join(map(str, ring))} after the message is written. Arrows show "
        f"the hops of the read head from slot 0, which reads {words}."
    )


def heads_in_a_row(question: Question, given: Given) -> Picture:
    """The last kernel's numbers as a bar of read heads and write heads, for the statement's 92."""
    canvas = Canvas()
    width, shifts = 20, 3
    x = 0.0
    for kind, color, parts in (
        ("read head", READ, {"key": width, "β g": 2, "shift": shifts, "γ": 1}),
        ("write head", WRITE, {"key": width, "β g": 2, "shift": shifts, "γ": 1, "erase": width, "add": width}),
    ):
        begin = x
        for number, (name, size) in enumerate(parts.items()):
            canvas.cell(x, 24, 6 * size, 26, color, 0.7 if number % 2 else 0.4)
            if size > 5:
                canvas.text(x + 3 * size, 42, f"{name} {size}", "middle")
            x += 6 * size
        canvas.text((begin + x) / 2, 14, f"one {kind}: {sum(parts.values())} numbers", "middle", color)
    canvas.line([(0, 62), (x, 62)])
    canvas.text(
        x / 2,
        78,
        f"the {round(x / 6)} numbers of a step; in the first public case there are 180, with slots of 4",
        "middle",
    )
    return canvas, (
        "The 92 numbers of one step as a bar: 26 for a read head (key, strength and gate, shift, sharpening) "
        "and 66 for a write head "
        "(the same, and erase and add)."
    )


def one_match(question: Question, given: Given) -> Picture:
    """Bars: cosines of a match and of others, and the weights that are wanted."""
    case, canvas = question.public[0], Canvas()
    others = (1 - case["share"]) / (case["slots"] - 1)
    for left, title, bars in (
        (0, "cosine with the key", [1.0, *[case["cosine"]] * 4]),
        (330, "weight that is wanted", [case["share"], *[others] * 4]),
    ):
        canvas.text(left, 12, title, bold=True)
        for number, value in enumerate(bars):
            x = left + 48 * number
            canvas.cell(x, 124 - 85 * value, 28, 85 * value + 1, READ if number == 0 else INK, 0.7)
            canvas.text(x + 13, 119 - 85 * value, f"{value:.2g}", "middle")
        canvas.text(left, 140, "match")
        canvas.text(left + 48, 140, f"{case['slots'] - 1} others, of which 4 are drawn")
    canvas.line([(250, 65), (310, 65)], head=True)
    canvas.text(280, 56, "β = ?", "middle", bold=True)
    return canvas, (
        f"Bars before and after the softmax with the strength β. Cosines: 1 for the match, {case['cosine']} for "
        f"each of "
        f"{case['slots'] - 1} others. Weights: {case['share']} for the match, {others:.4f} for each other."
    )


def windows(question: Question, given: Given) -> Picture:
    """The steps of a sequence of three vectors, with the window of each answer."""
    canvas, length, window = Canvas(), 3, 5
    steps = 2 * length + 1
    for step in range(steps):
        x = 90 + 60 * step
        canvas.text(x + 25, 12, step, "middle", bold=True)
        if step < length:
            canvas.number(x, 20, 52, 24, f"v{step}", WRITE)
        elif step == length:
            canvas.number(x, 20, 52, 24, "end")
        else:
            canvas.number(x, 48, 52, 24, f"v{steps - 1 - step}", READ)
            y = 84 + 18 * (step - length - 1)
            canvas.line([(x + 50, y), (90 + 60 * (step - window + 1), y)], READ, head=True)
    for y, words in ((37, "comes in"), (65, "is asked for"), (106, "window of 5")):
        canvas.text(0, y, words)
    return canvas, (
        "Seven steps: v0, v1, v2 and the delimiter come in, then v2, v1, v0 are asked for. An arrow of five "
        "steps goes back from each "
        "answer: to steps 0, 1 and 2."
    )


def doubled(question: Question, given: Given) -> Picture:
    """A pattern, and the same with one vector twice."""
    case, canvas = question.public[0], Canvas()
    pattern, twice = np.asarray(case["pattern"]), case["twice"]
    answer = np.concatenate([pattern[: twice + 1], pattern[twice:-1]])
    for y, name, rows, color in ((20, "pattern", pattern, WRITE), (92, "answer", answer, READ)):
        canvas.text(0, y + 27, name, color=color)
        canvas.array(70, y, rows.T, color=color)
    for place in range(len(pattern)):
        x = 82 + 24 * place
        canvas.text(x, 12, place, "middle")
        if place >= twice and place + 1 < len(pattern):
            canvas.line([(x, 67), (x + 24, 90)], head=True)
    canvas.text(
        220,
        124,
        f"how many bits differ, and how many vectors? Here {question.expected(case)['bits']} and "
        f"{question.expected(case)['vectors']}.",
    )
    return canvas, (
        f"A pattern of {len(pattern)} vectors as columns, and below it the answer, in which vector {twice} "
        f"comes twice and all later "
        "ones come one place late."
    )


def fading(question: Question, given: Given) -> Picture:
    """The share of the gradient that is left, over the steps, for the first public case."""
    case, canvas = question.public[0], Canvas()
    expected = question.expected(case)
    factor, steps = 1 - case["erase"] / case["slots"], 60
    points = [(40 + 6.0 * step, 110 - 100 * factor**step) for step in range(steps + 1)]
    canvas.line([(40, 110), (410, 110)], head=True)
    canvas.line([(40, 110), (40, 0)], head=True)
    canvas.line(points, READ)
    level, at = 110 - 100 * case["left"], 40 + 6.0 * expected["steps"]
    canvas.line([(40, level), (400, level)], INK, dash=True)
    canvas.line([(at, level), (at, 110)], WRITE, dash=True, head=True)
    canvas.text(34, 14, "1", "end")
    canvas.text(34, level + 4, f"{case['left']:g}", "end")
    canvas.text(at, 126, f"steps = {expected['steps']}", "middle", WRITE)
    canvas.text(200, 20, f"left of the gradient: {case['slots']} slots, erase {case['erase']:g}", color=READ)
    canvas.text(200, 38, "and a cell whose forget gate σ(b) falls along the same curve")
    return canvas, (
        f"A falling curve: what is left of a slot's gradient over the steps, for {case['slots']} slots and an "
        f"erase of {case['erase']:g}. "
        f"It crosses {case['left']:g} at step {expected['steps']}."
    )


def states(question: Question, given: Given) -> Picture:
    """Two bars of equal length: what an LSTM passes on, and what a machine with a memory does."""
    canvas = Canvas()
    scale = 14.0
    canvas.text(0, 16, "LSTM, 15 units")
    canvas.cell(130, 0, 30 * scale, 24, INK, 0.4)
    canvas.text(130 + 15 * scale, 16, "h and c: 30", "middle")
    canvas.text(0, 52, "5 slots of 2")
    x = 130.0
    for words, size, color, share in (
        ("8: h, c", 8, INK, 0.4),
        ("10: memory", 10, WRITE, 0.5),
        ("10: weightings", 10, MINUS, 0.4),
        ("2", 2, READ, 0.6),
    ):
        canvas.cell(x, 36, size * scale, 24, color, share)
        canvas.text(x + size * scale / 2, 52, words, "middle")
        x += size * scale
    canvas.text(x, 78, "2: what is read", "end")
    return canvas, (
        "Two bars of 30 numbers: an LSTM of 15 units with h and c; and a machine with 8 of its controller, 10 "
        "of the memory, 10 of two "
        "weightings and 2 of what is read."
    )


def patience(question: Question, given: Given) -> Picture:
    """When numbers are heard and when answers are due, with and without a delay."""
    canvas = Canvas()
    for top, delay in ((0, 0), (70, 1)):
        canvas.text(0, top + 16, f"delay {delay}", bold=True)
        canvas.text(90, top + 16, "heard", color=WRITE)
        canvas.text(90, top + 46, "answers", color=READ)
        for number in range(2):
            canvas.number(160 + 110 * number, top, 90, 24, f"{('1st', '2nd')[number]} number", WRITE)
            due = min(number + delay, 2)
            canvas.number(205 + 110 * due, top + 30, 90, 24, ("smallest", "largest")[number], READ)
    return canvas, (
        "Two numbers are heard one after the other. Without a delay the smallest is due after the first of them "
        "and the larger one after the second; "
        "with a delay of 1 each is due one number later."
    )


def twice_the_key(question: Question, given: Given) -> Picture:
    """Three contexts of two pairs, the die, and what can be answered."""
    canvas = Canvas()
    for x, title in ((0, "context"), (150, "question"), (250, "values behind it"), (400, "best reader is right in")):
        canvas.text(x, 12, title, bold=True)
    for row, context in enumerate(((("A", 0), ("B", 1)), (("A", 0), ("A", 0)), (("A", 0), ("A", 1)))):
        y = 20.0 + 28 * row
        for number, (key, value) in enumerate(context):
            canvas.number(62 * number, y, 56, 24, f"{key} : {value}", WRITE)
        canvas.number(160, y, 30, 24, "A", READ)
        behind = [value for key, value in context if key == "A"]
        for number, value in enumerate(behind):
            canvas.number(270 + 34 * number, y, 30, 24, str(value), READ)
        most = max(behind.count(value) for value in behind)
        canvas.text(430, y + 16, "1" if most == len(behind) else f"{most} of {len(behind)}")
    return (
        canvas,
        "Three contexts of two pairs with the question A: in the first two one value stands behind A, in the "
        "third the values 0 and 1 do.",
    )


def exchanged(question: Question, given: Given) -> Picture:
    """One column a seed, its two numbers one above the other, with a sign that they may change places."""
    case, canvas = question.public[0], Canvas()
    seeds = list(zip(case["steps_a"], case["steps_b"], strict=True))
    for row, (name, numbers) in enumerate((("A", case["steps_a"]), ("B", case["steps_b"]))):
        canvas.text(0, 44 + 66 * row, name, bold=True)
        canvas.text(90 * len(seeds) + 24, 44 + 66 * row, f"sum {sum(numbers)}", bold=True)
    for seed, numbers in enumerate(seeds):
        x = 30 + 90 * seed
        canvas.text(x, 12, f"seed {seed}")
        for row, number in enumerate(numbers):
            canvas.number(x, 24 + 66 * row, 44, 30, str(number))
            canvas.cell(x, 24 + 66 * row, 44, 30, (READ, INK)[row], 0.25)
        canvas.text(x + 14, 76, "\u2195")
    canvas.text(0, 144, "Each seed's two numbers may change places. In how many of the ways are")
    canvas.text(0, 162, "the two sums at least as far apart as here?")
    return canvas, (
        f"{len(seeds)} seeds, each with a number of A above a number of B: "
        + "; ".join(f"{one} above {other}" for one, other in seeds)
        + ". An arrow between the two says that they may change places."
    )
