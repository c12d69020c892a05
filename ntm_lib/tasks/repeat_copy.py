"""Repeat copy: say a sequence again as many times as asked, then say that this was all (section 4.2)."""

from __future__ import annotations

from typing import Any

import numpy as np

from ntm_lib import checks
from ntm_lib.tasks.base import Range, Task, TaskBatch, digits


class RepeatCopyTask(Task):
    """Copy a sequence of random bit vectors a number of times, then give an end marker.

    A sequence of length L with R repeats takes T = L + 1 + L R + 1 steps: L vectors; one step with a delimiter on a
    channel of its own and the number of repeats on another; L R steps of answer; the end marker, on the last output
    channel. The number of repeats is shifted and scaled so that it has mean 0 and variance 1 in training.

    Args:
        vector_dim: the bits of a vector, 8.
        max_length: the longest L, 10 in the paper; L is uniform from 1.
        max_repeats: the most R, 10 in the paper; R is uniform from 1.

    Raises:
        ValueError: if a number is not whole and positive, or `max_repeats` is 1, which has no variance.

    Example:
        >>> import numpy as np
        >>> from ntm_lib import RepeatCopyTask
        >>> task = RepeatCopyTask(vector_dim=3)
        >>> batch = task.sample(1, np.random.default_rng(0), length=2, repeats=3)
        >>> print(task.describe(batch))
        shown: 111 000
        asked: all of it 3 times, then the end marker
    """

    name = "repeat-copy"
    curriculum = tuple({"length": (1, most), "repeats": (1, most)} for most in (2, 3, 4, 5, 6, 8))
    tests = (
        {"length": 10, "repeats": 10},
        {"length": 20, "repeats": 10},
        {"length": 10, "repeats": 20},
    )

    def __init__(self, vector_dim: int = 8, *, max_length: int = 10, max_repeats: int = 10) -> None:
        self.vector_dim = checks.positive_integer("vector_dim", vector_dim)
        self.max_length = checks.positive_integer("max_length", max_length)
        self.max_repeats = checks.positive_integer("max_repeats", max_repeats, minimum=2)
        self.num_inputs, self.num_outputs = self.vector_dim + 2, self.vector_dim + 1
        self.difficulty: dict[str, Range] = {"length": (1, self.max_length), "repeats": (1, self.max_repeats)}

    def steps(self, *, length: int, repeats: int) -> int:
        """Return T of a sequence of that length and number of repeats."""
        return length + 1 + length * repeats + 1

    def slots(self, *, length: int, **_: Any) -> int:
        """Return one for each vector."""
        return length

    def normalised(self, repeats: int) -> float:
        """Return the number of repeats as the machine sees it: mean 0 and variance 1 over the training distribution."""
        variance = (self.max_repeats**2 - 1) / 12
        return (repeats - (1 + self.max_repeats) / 2) / variance**0.5

    def draw(self, rng: np.random.Generator, *, length: int, repeats: int) -> TaskBatch:
        """Return one sequence: `[T, vector_dim + 2]`, `[T, vector_dim + 1]` and `[T]`."""
        steps, width = self.steps(length=length, repeats=repeats), self.vector_dim
        bits = rng.integers(0, 2, size=(length, width))
        inputs = np.zeros((steps, self.num_inputs), np.float32)
        inputs[:length, :width] = bits
        inputs[length, width:] = 1.0, self.normalised(repeats)
        targets = np.zeros((steps, self.num_outputs), np.float32)
        targets[length + 1 : -1, :width] = np.tile(bits, (repeats, 1))
        targets[-1, width] = 1.0
        return TaskBatch(inputs, targets, (np.arange(steps) > length).astype(np.float32))

    def text(self, inputs: np.ndarray, targets: np.ndarray, asked: np.ndarray) -> str:
        """Return the sequence in words."""
        length = int(inputs[:, self.vector_dim].argmax())
        repeats = (int(asked.sum()) - 1) // length
        shown = " ".join(digits(row[: self.vector_dim]) for row in inputs[:length])
        return f"shown: {shown}\nasked: all of it {repeats} times, then the end marker"
