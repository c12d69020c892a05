"""The copy task: read a sequence of random bit vectors, then say it again (Graves et al. 2014, section 4.1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ntm_lib import checks
from ntm_lib.tasks.base import Range, Task, TaskBatch, digits, inputs_and_targets


class CopyTask(Task):
    """Copy a sequence of random bit vectors after a delimiter.

    A sequence of length L takes T = 2L + 1 steps: L vectors, one delimiter on a channel of its own, then L steps of
    silence in which the machine must answer. Shorter sequences are padded with silence that does not count.

    Args:
        vector_dim: the bits of a vector, 8 in the paper.
        min_length: the shortest L.
        max_length: the longest L, 20 in the paper. L is uniform between the two.

    Raises:
        ValueError: if a number is not whole and positive, or `max_length` is below `min_length`.

    Example:
        >>> import numpy as np
        >>> from ntm_lib import CopyTask
        >>> task = CopyTask(vector_dim=4, max_length=5)
        >>> batch = task.sample(1, np.random.default_rng(0), length=3)
        >>> print(task.describe(batch))
        copy: 1110 0000 0111
        >>> print(batch.inputs[0].astype(int))  # vectors, delimiter, silence
        [[1 1 1 0 0]
         [0 0 0 0 0]
         [0 1 1 1 0]
         [0 0 0 0 1]
         [0 0 0 0 0]
         [0 0 0 0 0]
         [0 0 0 0 0]]
    """

    name = "copy"
    tests = ({"length": 20}, {"length": 40}, {"length": 80}, {"length": 120})

    def __init__(self, vector_dim: int = 8, *, min_length: int = 1, max_length: int = 20) -> None:
        self.vector_dim = checks.positive_integer("vector_dim", vector_dim)
        self.min_length = checks.positive_integer("min_length", min_length)
        self.max_length = checks.positive_integer("max_length", max_length, minimum=self.min_length)
        self.num_inputs, self.num_outputs = self.vector_dim + 1, self.vector_dim
        self.difficulty: dict[str, Range] = {"length": (self.min_length, self.max_length)}

    def steps(self, *, length: int) -> int:
        """Return T of a sequence of that many vectors."""
        return 2 * length + 1

    def slots(self, *, length: int, **_: Any) -> int:
        """Return one for each vector."""
        return length

    def draw(self, rng: np.random.Generator, *, length: int) -> TaskBatch:
        """Return one sequence: `[T, vector_dim + 1]`, `[T, vector_dim]` and `[T]`."""
        inputs, targets, mask = self.draw_all(1, rng, self.steps(length=length), {"length": (length, length)})
        return TaskBatch(inputs[0], targets[0], mask[0])

    def draw_all(
        self, batch: int, rng: np.random.Generator, steps: int, ranges: Mapping[str, tuple[int, int]]
    ) -> TaskBatch:
        """Return a batch of T steps, drawn at once: as `Task.draw_all`."""
        shortest, longest = ranges["length"]
        drawn = shortest < longest
        lengths = rng.integers(shortest, longest + 1, size=batch) if drawn else np.full(batch, longest)
        return self._lay_out(lengths, rng.integers(0, 2, size=(batch, longest, self.vector_dim)), steps)

    def _lay_out(self, lengths: np.ndarray, bits: np.ndarray, steps: int) -> TaskBatch:
        """Put pattern, delimiter, silence and answer in their places."""
        batch, longest, width = bits.shape
        time = np.arange(steps)
        after_delimiter = time[None, :] - lengths[:, None] - 1  # 0 at the first step of the answer
        asked = (after_delimiter >= 0) & (after_delimiter < lengths[:, None])
        shown = time[None, :longest] < lengths[:, None]

        inputs = np.zeros((batch, steps, width + 1), np.float32)
        inputs[:, :longest, :width] = bits * shown[..., None]
        inputs[np.arange(batch), lengths, width] = 1.0
        answer = np.take_along_axis(bits, np.clip(after_delimiter, 0, longest - 1)[..., None], axis=1)
        targets = (answer * asked[..., None]).astype(np.float32)
        return TaskBatch(inputs, targets, asked.astype(np.float32))

    def text(self, inputs: np.ndarray, targets: np.ndarray, asked: np.ndarray) -> str:
        """Return the sequence in words."""
        return "copy: " + " ".join(digits(row) for row in targets[asked])


def generate_copy_task(
    sequence_length: int,
    vector_dim: int,
    *,
    batch_size: int = 1,
    seed: int | np.random.Generator | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Draw sequences of one length to copy: the deck's slide 6, with a delimiter that can be told from data.

    Args:
        sequence_length: L.
        vector_dim: the bits of a vector.
        batch_size: B.
        seed: a whole number, a NumPy generator, or None for a different draw each time.

    Returns:
        `(inputs, targets)`: `[B, 2L + 1, vector_dim + 1]` and `[B, 2L + 1, vector_dim]`, float32.

    Raises:
        ValueError: if a number is not whole and positive, or `seed` is not a seed.

    Example:
        >>> from ntm_lib import generate_copy_task
        >>> inputs, targets = generate_copy_task(3, 8, batch_size=2, seed=0)
        >>> inputs.shape, targets.shape
        ((2, 7, 9), (2, 7, 8))
        >>> bool((inputs[:, :3, :8] == targets[:, 4:]).all())
        True
    """
    length = checks.positive_integer("sequence_length", sequence_length)
    return inputs_and_targets(CopyTask(vector_dim), batch_size, seed, length=length)
