"""Associative recall: shown a row of items and one of them again, name the one that followed it (section 4.3)."""

from __future__ import annotations

from typing import Any

import numpy as np

from ntm_lib import checks
from ntm_lib.tasks.base import Range, Task, TaskBatch, digits


class AssociativeRecallTask(Task):
    """Answer a query with the item that followed it in the list.

    An item is `item_length` random bit vectors, all items of a list different. Each item comes after a delimiter on
    channel `vector_dim` (the paper's channel 7); the query, one of the items but the last, stands between two
    delimiters on channel `vector_dim + 1` (the paper's channel 8). After it the machine must give the next item. With
    n items that takes T = n (1 + item_length) + 2 + 2 item_length steps.

    Args:
        vector_dim: the bits of a vector, 6 in the paper.
        item_length: the vectors of an item, 3 in the paper.
        max_items: the most items in a list, 6 in the paper; their number is uniform from 2.

    Raises:
        ValueError: if a number is not whole and positive, `max_items` is below 2, or there are not enough different
            items.

    Example:
        >>> import numpy as np
        >>> from ntm_lib import AssociativeRecallTask
        >>> task = AssociativeRecallTask(vector_dim=3, item_length=2)
        >>> print(task.describe(task.sample(1, np.random.default_rng(0), items=4)))
        items: 111 000, 000 111, 111 111, 110 110
        query: 000 111
        answer: 111 111
    """

    name = "associative-recall"
    tests = ({"items": 6}, {"items": 10}, {"items": 15}, {"items": 20})

    def __init__(self, vector_dim: int = 6, *, item_length: int = 3, max_items: int = 6) -> None:
        self.vector_dim = checks.positive_integer("vector_dim", vector_dim)
        self.item_length = checks.positive_integer("item_length", item_length)
        self.max_items = checks.positive_integer("max_items", max_items, minimum=2)
        self.num_inputs, self.num_outputs = self.vector_dim + 2, self.vector_dim
        self.difficulty: dict[str, Range] = {"items": (2, self.max_items)}
        self.variant = {} if self.item_length == 3 else {"item_length": self.item_length}
        self._check_enough(self.max_items)

    def _check_enough(self, items: int) -> None:
        checks.positive_integer("items", items, minimum=2)
        different = 2 ** (self.vector_dim * self.item_length)
        if items > different:
            raise ValueError(f"items must be at most {different}, the number of different items. Received: {items}")

    def steps(self, *, items: int) -> int:
        """Return T of a list of that many items."""
        return items * (1 + self.item_length) + 2 + 2 * self.item_length

    def slots(self, *, items: int, **_: Any) -> int:
        """Return one for each vector of an item."""
        return items * self.item_length

    def draw(self, rng: np.random.Generator, *, items: int) -> TaskBatch:
        """Return one sequence: `[T, vector_dim + 2]`, `[T, vector_dim]` and `[T]`."""
        self._check_enough(items)
        bits = self._different_items(rng, items)
        query = int(rng.integers(items - 1))
        steps, width, length = self.steps(items=items), self.vector_dim, self.item_length
        inputs = np.zeros((steps, self.num_inputs), np.float32)
        listed = inputs[: items * (1 + length)].reshape(items, 1 + length, -1)
        listed[:, 0, width] = 1.0
        listed[:, 1:, :width] = bits
        start = items * (1 + length)
        inputs[[start, start + 1 + length], width + 1] = 1.0
        inputs[start + 1 : start + 1 + length, :width] = bits[query]
        targets = np.zeros((steps, width), np.float32)
        targets[-length:] = bits[query + 1]
        return TaskBatch(inputs, targets, (np.arange(steps) >= steps - length).astype(np.float32))

    def _different_items(self, rng: np.random.Generator, items: int) -> np.ndarray:
        """Return `[items, item_length, vector_dim]` bits of which no two items agree; drawn again where they do."""
        while True:
            bits = rng.integers(0, 2, size=(items, self.item_length, self.vector_dim))
            if len(np.unique(bits.reshape(items, -1), axis=0)) == items:
                return bits

    def text(self, inputs: np.ndarray, targets: np.ndarray, asked: np.ndarray) -> str:
        """Return the sequence in words: items separated by commas."""
        width, length = self.vector_dim, self.item_length

        def item(rows: np.ndarray) -> str:
            return " ".join(digits(row[:width]) for row in rows[:length])

        items = ", ".join(item(inputs[start + 1 :]) for start in np.flatnonzero(inputs[:, width]))
        query = int(np.flatnonzero(inputs[:, width + 1])[0])
        return f"items: {items}\nquery: {item(inputs[query + 1 :])}\nanswer: {item(targets[asked])}"
