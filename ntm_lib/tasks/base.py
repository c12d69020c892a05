"""What every task has in common."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np


class TaskBatch(NamedTuple):
    """Sequences to show a machine, what it should answer, and where its answer counts; all float32."""

    inputs: np.ndarray
    """`[B, T, I]`."""
    targets: np.ndarray
    """`[B, T, O]`, 0 or 1; 0 where nothing is asked."""
    mask: np.ndarray
    """`[B, T]`, 1 at the steps where the answer counts."""


class Task(Protocol):
    """A family of sequences with a question in each."""

    @property
    def name(self) -> str:
        """The task's name on the command line and in results."""
        ...

    @property
    def num_inputs(self) -> int:
        """I, the width of an input vector."""
        ...

    @property
    def num_outputs(self) -> int:
        """O, the width of an output vector."""
        ...

    @property
    def max_steps(self) -> int:
        """T of the longest sequence that `sample` draws by itself."""
        ...

    def sample(
        self, batch: int, rng: np.random.Generator, *, length: int | None = None, steps: int | None = None
    ) -> TaskBatch:
        """Draw `batch` sequences, of one length if it is given, padded to `steps`."""
        ...


def generator(seed: int | np.random.Generator | None) -> np.random.Generator:
    """Return a NumPy generator: the given one, one from a seed, or a fresh one.

    Raises:
        ValueError: if `seed` is neither a whole number of at least 0, nor a generator, nor None.
    """
    try:
        return np.random.default_rng(seed)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"seed must be a whole number of at least 0, or a NumPy generator. Received: {seed!r}"
        ) from error
