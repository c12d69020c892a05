"""Dynamic N-grams: predict the next bit of a source whose table of probabilities is new each time (section 4.4)."""

from __future__ import annotations

from typing import Any

import numpy as np

from ntm_lib import checks
from ntm_lib.tasks.base import Range, Task, TaskBatch, digits


class NGramsTask(Task):
    """Predict each bit from those before it, for a source that is drawn afresh with every sequence.

    The source is a table with a probability of a 1 for each of the 2^(n - 1) contexts of n - 1 bits, each drawn from
    Beta(1/2, 1/2). The first n - 1 bits are fair coins; every further bit is drawn by the table. At every step the
    machine predicts one bit and is then shown it: L bits take T = L steps, the first of them with no bit to see. All
    bits count, the n - 1 coins too, which cost one bit each whoever predicts them.

    Args:
        n: the bits of a context and the bit that follows; 6 in the paper.
        length: the bits of a sequence, L; 200 in the paper.

    Raises:
        ValueError: if a number is not whole, n is below 2, or the length is not above n - 1.

    Example:
        >>> import numpy as np
        >>> from ntm_lib import NGramsTask
        >>> task = NGramsTask(n=3, length=20)
        >>> batch = task.sample(1, np.random.default_rng(0))
        >>> print(task.describe(batch))
        bits: 01111111111111111111
        asked: each of them, before it is shown
        >>> print(task.optimal_bits(batch).round(1))  # of 20: 1 after 11 is soon expected
        [5.9]
    """

    name = "n-grams"
    num_inputs = 1
    num_outputs = 1

    def __init__(self, n: int = 6, *, length: int = 200) -> None:
        self.n = checks.positive_integer("n", n, minimum=2)
        self.length = checks.positive_integer("length", length, minimum=self.n)
        self.difficulty: dict[str, Range] = {"n": self.n, "length": self.length}
        self.curriculum = tuple({"n": order} for order in range(2, self.n))

    def steps(self, *, n: int, length: int) -> int:
        """Return T of a sequence of that many bits."""
        return checks.positive_integer("length", length, minimum=checks.positive_integer("n", n, minimum=2))

    def slots(self, *, n: int, **_: Any) -> int:
        """Return one for each context."""
        return int(2 ** (n - 1))

    def draw(self, rng: np.random.Generator, *, n: int, length: int) -> TaskBatch:
        """Return one sequence: `[T, 1]`, `[T, 1]` and `[T]`."""
        bits = self.bits(rng, rng.beta(0.5, 0.5, size=2 ** (n - 1)), length).astype(np.float32)
        shown = np.concatenate([[0.0], bits[:-1]]).astype(np.float32)
        return TaskBatch(shown[:, None], bits[:, None], np.ones(length, np.float32))

    def bits(self, rng: np.random.Generator, table: np.ndarray, length: int) -> np.ndarray:
        """Return `[length]` bits of the source `table`, `[2^(n - 1)]`, the probability of a 1 after each context.

        A context is read as a binary number with the oldest bit first.
        """
        bits, first = np.empty(length, np.int64), len(table).bit_length() - 1
        bits[:first] = rng.integers(0, 2, size=first)
        chance, last = rng.random(length).tolist(), len(table) - 1
        context = int("".join(map(str, bits[:first])), 2)
        probabilities = table.tolist()
        for step in range(first, length):
            bit = int(chance[step] < probabilities[context])
            bits[step] = bit
            context = (2 * context + bit) & last
        return bits

    def optimal_predictions(self, batch: TaskBatch, *, n: Range | None = None, **_: Any) -> np.ndarray:
        """Return the best prediction of every bit, `[B, T]`, from what a sequence has shown so far.

        After N1 ones and N0 zeros in the same context it is (N1 + 1/2) / (N1 + N0 + 1) (Murphy 2012; the paper's
        section 4.4); 1/2 where no context is complete.

        Args:
            batch: of the task.
            n: of the source that drew it, where that is not the task's.

        Raises:
            ValueError: if a shape does not fit the task, or n is not one number.
        """
        low, high = self.ranges(n=n)["n"]
        if low != high:
            raise ValueError(f"n must be one number: the optimum of a mixture is not known. Received: {n!r}")
        first = low - 1
        bits = (self.checked(batch).targets[..., 0] > 0.5).astype(np.int64)
        examples, steps = bits.shape
        counts = np.full((examples, 2**first, 2), 0.5)
        context = np.zeros(examples, np.int64)
        predictions = np.full((examples, steps), 0.5)
        rows = np.arange(examples)
        for step in range(steps):
            if step >= first:
                seen = counts[rows, context]
                predictions[:, step] = seen[:, 1] / seen.sum(axis=-1)
                counts[rows, context, bits[:, step]] += 1
            context = (2 * context + bits[:, step]) % 2**first
        return predictions

    def optimal_bits(self, batch: TaskBatch, **difficulty: Any) -> np.ndarray:
        """Return the cost of the optimal predictions on each sequence, `[B]`, in bits.

        Raises:
            ValueError: if a shape does not fit the task, or `n` in the difficulty is not one number.
        """
        chance = self.optimal_predictions(batch, **difficulty)
        given = np.where(batch.targets[..., 0] > 0.5, chance, 1.0 - chance)
        return -(np.log2(given) * batch.mask).sum(axis=-1)

    def text(self, inputs: np.ndarray, targets: np.ndarray, asked: np.ndarray) -> str:
        """Return the bits of the sequence."""
        return f"bits: {digits(targets[asked, 0])}\nasked: each of them, before it is shown"
