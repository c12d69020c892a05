"""Priority sort: shown vectors with priorities, give those of the highest priority in order (section 4.5)."""

from __future__ import annotations

from typing import Any

import numpy as np

from ntm_lib import checks
from ntm_lib.tasks.base import Range, Task, TaskBatch, digits


class PrioritySortTask(Task):
    """Give the vectors of highest priority, the highest first.

    With n items, k of them asked for, a sequence takes T = n + 1 + k steps: n random bit vectors, each with a priority
    uniform on [-1, 1] on a channel of its own; a delimiter on another; k steps of answer. Whole vectors are sorted: a
    machine that sorts each bit by itself is wrong.

    Args:
        vector_dim: the bits of a vector, 8.
        max_items: the most items, 20 in the paper.
        min_items: the fewest. The paper's sequences all have 20; fewer are for a curriculum.
        answers: how many are asked for, 16 in the paper; all of them where a sequence has fewer items.

    Raises:
        ValueError: if a number is not whole and positive, or out of order.

    Example:
        >>> import numpy as np
        >>> from ntm_lib import PrioritySortTask
        >>> task = PrioritySortTask(vector_dim=3, max_items=4, answers=2)
        >>> print(task.describe(task.sample(1, np.random.default_rng(1))))
        shown with priorities: 011 (+0.66), 100 (-0.18), 110 (+0.10), 010 (-0.94)
        answer: 011, 110
    """

    name = "priority-sort"
    curriculum = ({"items": (4, 20)},)

    def __init__(
        self, vector_dim: int = 8, *, max_items: int = 20, min_items: int | None = None, answers: int = 16
    ) -> None:
        self.vector_dim = checks.positive_integer("vector_dim", vector_dim)
        self.max_items = checks.positive_integer("max_items", max_items)
        fewest = checks.positive_integer("min_items", self.max_items if min_items is None else min_items)
        checks.positive_integer("max_items", max_items, minimum=fewest)
        self.answers = checks.positive_integer("answers", answers)
        self.num_inputs, self.num_outputs = self.vector_dim + 2, self.vector_dim
        self.difficulty: dict[str, Range] = {"items": (fewest, self.max_items)}
        self.variant = {} if self.answers == 16 else {"answers": self.answers}

    def steps(self, *, items: int) -> int:
        """Return T of a sequence of that many items."""
        return items + 1 + min(items, self.answers)

    def slots(self, *, items: int, **_: Any) -> int:
        """Return one for each item."""
        return items

    def draw(self, rng: np.random.Generator, *, items: int) -> TaskBatch:
        """Return one sequence: `[T, vector_dim + 2]`, `[T, vector_dim]` and `[T]`."""
        steps, width = self.steps(items=items), self.vector_dim
        bits = rng.integers(0, 2, size=(items, width))
        priorities = rng.uniform(-1.0, 1.0, size=items).astype(np.float32)
        inputs = np.zeros((steps, self.num_inputs), np.float32)
        inputs[:items, :width] = bits
        inputs[:items, width] = priorities
        inputs[items, width + 1] = 1.0
        targets = np.zeros((steps, width), np.float32)
        targets[items + 1 :] = bits[np.argsort(-priorities, kind="stable")][: self.answers]
        return TaskBatch(inputs, targets, (np.arange(steps) > items).astype(np.float32))

    def text(self, inputs: np.ndarray, targets: np.ndarray, asked: np.ndarray) -> str:
        """Return the sequence in words."""
        width = self.vector_dim
        items = int(inputs[:, width + 1].argmax())
        shown = ", ".join(f"{digits(row[:width])} ({row[width]:+.2f})" for row in inputs[:items])
        answer = ", ".join(digits(row) for row in targets[asked])
        return f"shown with priorities: {shown}\nanswer: {answer}"
