"""The deck's sorting task, slide 10, made answerable: first all values, then the answer."""

from __future__ import annotations

from typing import Any

import numpy as np

from ntm_lib import checks
from ntm_lib.tasks.base import Range, Task, TaskBatch, inputs_and_targets


class SortingTask(Task):
    """Sort numbers below `max_value`, shown one at a time as one-hot vectors.

    L values take T = 2L + 1 steps: the values; a delimiter on a channel of its own; the values again, smallest first.
    The deck asks for the first answer together with the first input, when the smallest value may be yet to come.

    Args:
        sequence_length: L, 10 in the deck.
        max_value: the number of different values, 20 in the deck.

    Raises:
        ValueError: if a number is not whole and positive.

    Example:
        >>> import numpy as np
        >>> from ntm_lib import SortingTask
        >>> task = SortingTask(sequence_length=5, max_value=10)
        >>> print(task.describe(task.sample(1, np.random.default_rng(0))))
        shown: [8, 6, 5, 2, 3]
        answer: [2, 3, 5, 6, 8]
    """

    name = "sorting"

    def __init__(self, sequence_length: int = 10, max_value: int = 20) -> None:
        self.sequence_length = checks.positive_integer("sequence_length", sequence_length)
        self.max_value = checks.positive_integer("max_value", max_value)
        self.num_inputs, self.num_outputs = self.max_value + 1, self.max_value
        self.difficulty: dict[str, Range] = {"length": self.sequence_length}

    def steps(self, *, length: int) -> int:
        """Return T of a sequence of that many values."""
        return 2 * length + 1

    def slots(self, *, length: int, **_: Any) -> int:
        """Return one for each value, or one for each number there is to count them, whichever is less."""
        return min(length, self.max_value)

    def draw(self, rng: np.random.Generator, *, length: int) -> TaskBatch:
        """Return one sequence: `[T, max_value + 1]`, `[T, max_value]` and `[T]`."""
        values = rng.integers(0, self.max_value, size=length)
        inputs = np.zeros((self.steps(length=length), self.num_inputs), np.float32)
        targets = np.zeros((self.steps(length=length), self.num_outputs), np.float32)
        inputs[np.arange(length), values] = 1.0
        inputs[length, self.max_value] = 1.0
        targets[length + 1 + np.arange(length), np.sort(values)] = 1.0
        return TaskBatch(inputs, targets, (np.arange(len(inputs)) > length).astype(np.float32))

    def text(self, inputs: np.ndarray, targets: np.ndarray, asked: np.ndarray) -> str:
        """Return the sequence in words."""
        length = int(asked.sum())
        return f"shown: {inputs[:length].argmax(-1).tolist()}\nanswer: {targets[asked].argmax(-1).tolist()}"


def generate_sorting_task(
    sequence_length: int,
    max_value: int,
    *,
    batch_size: int = 1,
    seed: int | np.random.Generator | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Draw numbers to sort: the deck's slide 10, with a delimiter and the answer after it.

    Args:
        sequence_length: L.
        max_value: the number of different values.
        batch_size: B.
        seed: a whole number, a NumPy generator, or None for a different draw each time.

    Returns:
        `(inputs, targets)`: `[B, 2L + 1, max_value + 1]` and `[B, 2L + 1, max_value]`, float32.

    Raises:
        ValueError: if a number is not whole and positive, or `seed` is not a seed.

    Example:
        >>> from ntm_lib import generate_sorting_task
        >>> inputs, targets = generate_sorting_task(5, 10, batch_size=2, seed=0)
        >>> inputs.shape, targets.shape
        ((2, 11, 11), (2, 11, 10))
        >>> inputs[0, :5].argmax(-1).tolist(), targets[0, 6:].argmax(-1).tolist()
        ([8, 6, 5, 2, 3], [2, 3, 5, 6, 8])
    """
    return inputs_and_targets(SortingTask(sequence_length, max_value), batch_size, seed)
