"""The copy task: read a sequence of random bit vectors, then say it again (Graves et al. 2014, section 4.1)."""

from __future__ import annotations

import numpy as np

from ntm_lib import checks
from ntm_lib.tasks.base import TaskBatch, generator


class CopyTask:
    """Copy a sequence of random bit vectors after a delimiter.

    A sequence of length L takes T = 2L + 1 steps: L vectors, one delimiter on a channel of its own, then L steps of
    silence in which the machine must answer. Shorter sequences are padded with silence that does not count.

    Args:
        vector_dim: the bits of a vector, 8 in the paper.
        min_length: the shortest L.
        max_length: the longest L, 20 in the paper. L is uniform between the two.

    Raises:
        ValueError: if a number is not whole and positive, or `max_length` is below `min_length`.
    """

    name = "copy"

    def __init__(self, vector_dim: int = 8, *, min_length: int = 1, max_length: int = 20) -> None:
        self.vector_dim = checks.positive_integer("vector_dim", vector_dim)
        self.min_length = checks.positive_integer("min_length", min_length)
        self.max_length = checks.positive_integer("max_length", max_length, minimum=self.min_length)

    @property
    def num_inputs(self) -> int:
        """The bits of a vector and the delimiter's channel."""
        return self.vector_dim + 1

    @property
    def num_outputs(self) -> int:
        """The bits of a vector."""
        return self.vector_dim

    @property
    def max_steps(self) -> int:
        """T of the longest sequence."""
        return 2 * self.max_length + 1

    def sample(
        self, batch: int, rng: np.random.Generator, *, length: int | None = None, steps: int | None = None
    ) -> TaskBatch:
        """Draw `batch` sequences.

        Args:
            batch: B, how many.
            rng: the source of randomness.
            length: L of every sequence; drawn for each one if not given.
            steps: T, to which all are padded: one T for all batches means one compiled program. If not given, what
                the task needs: 2 max_length + 1, or 2 length + 1.

        Returns:
            `TaskBatch(inputs [B, T, vector_dim + 1], targets [B, T, vector_dim], mask [B, T])`.

        Raises:
            ValueError: if a number is not whole and positive, or `steps` is too short.
        """
        batch = checks.positive_integer("batch", batch)
        if not isinstance(rng, np.random.Generator):
            raise ValueError(f"rng must be a numpy.random.Generator. Received: {rng!r}")
        if length is None:
            lengths, longest = rng.integers(self.min_length, self.max_length + 1, size=batch), self.max_length
        else:
            longest = checks.positive_integer("length", length)
            lengths = np.full(batch, longest)
        steps = checks.positive_integer("steps", 2 * longest + 1 if steps is None else steps, minimum=2 * longest + 1)
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
    """
    length = checks.positive_integer("sequence_length", sequence_length)
    checks.positive_integer("batch_size", batch_size)
    batch = CopyTask(vector_dim).sample(batch_size, generator(seed), length=length)
    return batch.inputs, batch.targets
