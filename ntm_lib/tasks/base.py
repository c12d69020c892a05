"""What every task has in common: sequences drawn one by one, laid side by side, padded and masked."""

from __future__ import annotations

import abc
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from ntm_lib import checks

Range: TypeAlias = int | tuple[int, int]
"""A whole number, or the lowest and the highest of a uniform draw."""


class TaskBatch(NamedTuple):
    """Sequences to show a machine, what it should answer, and where its answer counts; all float32.

    Example:
        >>> import numpy as np
        >>> from ntm_lib import CopyTask
        >>> batch = CopyTask(vector_dim=2).sample(1, np.random.default_rng(0), length=2)
        >>> batch.inputs.shape, batch.targets.shape
        ((1, 5, 3), (1, 5, 2))
        >>> print(batch.mask[0])
        [0. 0. 0. 1. 1.]
    """

    inputs: np.ndarray
    """`[B, T, I]`."""
    targets: np.ndarray
    """`[B, T, O]`, 0 or 1; 0 where nothing is asked."""
    mask: np.ndarray
    """`[B, T]`, 1 at the steps where the answer counts."""


class Task(abc.ABC):
    """A family of sequences with a question in each.

    A task says what one sequence looks like, `draw`; drawing batches, padding and masks are here. `difficulty` names
    what makes its sequences harder, each with the range of the training distribution.

    Example:
        >>> import numpy as np
        >>> from ntm_lib import Task, TaskBatch
        >>> class Last(Task):
        ...     "Say the last of some random bits."
        ...     name, num_inputs, num_outputs = "last", 1, 1
        ...     difficulty = {"length": (1, 4)}
        ...     def steps(self, *, length):
        ...         return length
        ...     def draw(self, rng, *, length):
        ...         bits = rng.integers(0, 2, size=(length, 1)).astype("float32")
        ...         mask = (np.arange(length) == length - 1).astype("float32")
        ...         return TaskBatch(bits, bits * mask[:, None], mask)
        >>> batch = Last().sample(3, np.random.default_rng(0))
        >>> batch.inputs.shape, batch.mask.sum(axis=1).tolist()
        ((3, 4, 1), [1.0, 1.0, 1.0])
    """

    name: str
    """On the command line and in results."""
    num_inputs: int
    """I, the width of an input vector."""
    num_outputs: int
    """O, the width of an output vector."""
    difficulty: Mapping[str, Range]
    """What `sample` draws if nothing else is asked for."""
    curriculum: Sequence[Mapping[str, Range]] = ()
    """Easier distributions to begin with, easiest first; each overrides `difficulty`. Empty where none is needed."""

    variant: Mapping[str, int | str] = {}
    """What tells this task from the usual one of its name, where neither a width nor a difficulty does: two trainings
    that differ in it are not the same."""

    tests: Sequence[Mapping[str, Range]] = ()
    """Harder sequences than those of training, which show whether a machine has learned the rule."""

    @abc.abstractmethod
    def draw(self, rng: np.random.Generator, *_: Any, **difficulty: Any) -> TaskBatch:
        """Return one sequence without a batch axis: `[T, I]`, `[T, O]` and `[T]`."""

    @abc.abstractmethod
    def steps(self, *_: Any, **difficulty: Any) -> int:
        """Return T of a sequence of that difficulty."""

    def slots(self, *_: Any, **difficulty: Any) -> int:
        """Return how many slots a sequence of that difficulty fills if each of its items has its own; 0 if unknown."""
        return 0

    @property
    def max_steps(self) -> int:
        """T of the longest sequence that `sample` draws by itself."""
        return self.steps(**{name: bounds(name, value)[1] for name, value in self.difficulty.items()})

    def sample(self, batch: int, rng: np.random.Generator, *, steps: int | None = None, **difficulty: Any) -> TaskBatch:
        """Draw `batch` sequences, padded with silence that does not count.

        Args:
            batch: B, how many.
            rng: the source of randomness.
            steps: T, to which all are padded: one T for all batches means one compiled program. If not given, what
                the hardest sequence that may be drawn needs.
            **difficulty: for any name in `self.difficulty`, a whole number for every sequence, or the lowest and the
                highest of a uniform draw for each; None means the training distribution.

        Returns:
            `TaskBatch(inputs [B, T, I], targets [B, T, O], mask [B, T])`.

        Raises:
            ValueError: if a number is not whole and positive, a name is no difficulty of this task, or `steps` is too
                short.
        """
        batch = checks.positive_integer("batch", batch)
        if not isinstance(rng, np.random.Generator):
            raise ValueError(f"rng must be a numpy.random.Generator. Received: {rng!r}")
        ranges = self.ranges(**difficulty)
        longest = self.steps(**{name: high for name, (_, high) in ranges.items()})
        steps = checks.positive_integer("steps", longest if steps is None else steps, minimum=longest)
        return self.draw_all(batch, rng, steps, ranges)

    def draw_all(
        self, batch: int, rng: np.random.Generator, steps: int, ranges: Mapping[str, tuple[int, int]]
    ) -> TaskBatch:
        """Return a batch of T steps; one sequence after the other, unless a task knows a faster way."""
        drawn = [
            self.draw(rng, **{name: int(rng.integers(low, high + 1)) for name, (low, high) in ranges.items()})
            for _ in range(batch)
        ]
        return TaskBatch(*(_padded(parts, steps) for parts in zip(*drawn, strict=True)))

    def ranges(self, **difficulty: Range | None) -> dict[str, tuple[int, int]]:
        """Return the lowest and highest of every difficulty, those of the training distribution where not given.

        Raises:
            ValueError: if a name is no difficulty of this task, or a range is none.
        """
        for name in difficulty:
            checks.choice("difficulty", name, tuple(self.difficulty))
        chosen = {**self.difficulty, **{name: value for name, value in difficulty.items() if value is not None}}
        return {name: bounds(name, value) for name, value in chosen.items()}

    def optimal_bits(self, batch: TaskBatch, **_: Any) -> np.ndarray:
        """Return the least cost that any machine can expect on each sequence, `[B]`, in bits: 0 if all is determined.

        Where the optimum depends on it, the difficulty that the batch was drawn with is an argument too.

        Raises:
            ValueError: if a shape does not fit the task.
        """
        return np.zeros(len(self.checked(batch).mask))

    def checked(self, batch: TaskBatch) -> TaskBatch:
        """Return the batch if its widths are those of the task, or raise `ValueError`."""
        inputs, targets, mask = batch
        checks.array("inputs", inputs, "[B, T, I]")
        checks.array("targets", targets, "[B, T, O]")
        checks.array("mask", mask, "[B, T]")
        checks.size("inputs", inputs, -1, self.num_inputs, "num_inputs")
        checks.size("targets", targets, -1, self.num_outputs, "num_outputs")
        return batch

    def check_example(self, batch: TaskBatch, example: int) -> None:
        """Raise `ValueError` if a shape does not fit the task, or the batch has no such example."""
        self.checked(batch)
        if not 0 <= example < len(batch.mask):
            raise ValueError(f"example must be between 0 and {len(batch.mask) - 1}. Received: {example!r}")

    def describe(self, batch: TaskBatch, example: int = 0) -> str:
        """Return one sequence in a form for people: what is shown, and what should be answered.

        Raises:
            ValueError: if a shape does not fit the task, or there is no such example.
        """
        self.check_example(batch, example)
        inputs, targets, mask = (np.asarray(part)[example] for part in batch)
        return self.text(inputs, targets, mask > 0.5)

    def text(self, inputs: np.ndarray, targets: np.ndarray, asked: np.ndarray) -> str:
        """Return the sequence `[T, I]`, `[T, O]`, `[T]` in words; a line a step where a task knows nothing better."""
        last = int(np.flatnonzero(asked)[-1])
        lines = [
            f"{step:3}  in {digits(row)}" + (f"  out {digits(target)}" if due else "")
            for step, (row, target, due) in enumerate(zip(inputs, targets, asked, strict=True))
            if step <= last
        ]
        return "\n".join(lines)


def bounds(name: str, value: Range) -> tuple[int, int]:
    """Return the lowest and the highest of a range.

    Raises:
        ValueError: if `value` is neither a whole number of at least 1, nor two of them in order.
    """
    if isinstance(value, tuple | list):
        if len(value) != 2:
            raise ValueError(f"{name} must be one number or the lowest and the highest. Received: {value!r}")
        low = checks.positive_integer(f"the lowest {name}", value[0])
        return low, checks.positive_integer(f"the highest {name}", value[1], minimum=low)
    number = checks.positive_integer(name, value)
    return number, number


def digits(vector: np.ndarray) -> str:
    """Return a vector as text: a digit for 0 and 1, two places behind the point for anything else."""
    whole = np.isin(vector, (0.0, 1.0))
    return "".join(str(int(x)) if bit else f" {x:+.2f} " for x, bit in zip(vector, whole, strict=True))


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


def inputs_and_targets(
    task: Task, batch_size: int, seed: int | np.random.Generator | None, **difficulty: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return what the deck's generators return: inputs `[B, T, I]` and targets `[B, T, O]` of one batch.

    Raises:
        ValueError: if a number is not whole and positive, or `seed` is not a seed.
    """
    checks.positive_integer("batch_size", batch_size)
    batch = task.sample(batch_size, generator(seed), **difficulty)
    return batch.inputs, batch.targets


def _padded(parts: Sequence[Any], steps: int) -> np.ndarray:
    """Return arrays `[T, ...]` of different T as one `[B, steps, ...]`, with zeros behind."""
    result = np.zeros((len(parts), steps, *parts[0].shape[1:]), np.float32)
    for row, part in zip(result, parts, strict=True):
        row[: len(part)] = part
    return result
