"""How a machine is trained: the settings that converge, each set under a name."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import keras
import numpy as np

from ntm_lib import checks
from ntm_lib.schedules import HoldThenDecay


@dataclass(frozen=True)
class Recipe:
    """Everything that decides how a machine is trained, apart from the machine and the seed.

    Example:
        >>> from dataclasses import replace
        >>> from ntm_lib import COPY_RECIPE
        >>> longer = replace(COPY_RECIPE, sequences=80_000, hold=0.5)
        >>> COPY_RECIPE.steps, longer.steps
        (10000, 20000)
        >>> replace(COPY_RECIPE, beta_2=1.5)
        Traceback (most recent call last):
            ...
        ValueError: beta_2 must be a number between 0 and 1.0. Received: 1.5
    """

    sequences: int
    """How many sequences are shown."""
    batch_size: int
    learning_rate: float
    """Adam's, at the start; it falls linearly to 0, at once or after `hold`."""
    clip_norm: float
    """The gradient of all weights together, in bits a sequence, is scaled down to this length where it is longer."""
    beta_2: float = 0.99
    """Adam's memory of squared gradients: at 0.99 a spike is forgotten after some hundred steps, at 0.999 after ten
    times as many, in which the machine hardly moves."""
    epsilon: float = 1e-4
    """What Adam adds to the size of a gradient before it divides by it, in bits. Where a gradient is smaller, the
    weight slows down. At Keras's 1e-7 the weights of a machine that has learned keep moving at the full rate."""
    hold: float = 0.0
    """The share of the training in which the rate stays before it falls."""
    advance_below: float | None = None
    """How far above the optimum, in bits a sequence, the next stage of the task's curriculum begins; without it, no
    curriculum."""
    review: float = 0.1
    """The share of batches that come from an earlier stage of the curriculum."""
    steps_per_execution: int = 25
    """How many training steps run inside one compiled program."""
    sequences_per_epoch: int = 1000
    """About how many sequences make one point of the curve."""

    def __post_init__(self) -> None:
        """Raise `ValueError` for a number that cannot be."""
        for name in ("sequences", "batch_size", "steps_per_execution", "sequences_per_epoch"):
            checks.positive_integer(name, getattr(self, name))
        for name, limit in (
            ("learning_rate", math.inf),
            ("clip_norm", math.inf),
            ("beta_2", 1.0),
            ("epsilon", math.inf),
        ):
            value = getattr(self, name)
            if (
                isinstance(value, bool)
                or not isinstance(value, int | float | np.floating)
                or not 0 < float(value) < limit
            ):
                raise ValueError(f"{name} must be a number between 0 and {limit}. Received: {value!r}")
        for name in ("hold", "review"):
            if checks.non_negative_number(name, getattr(self, name)) >= 1:
                raise ValueError(f"{name} must be below 1. Received: {getattr(self, name)!r}")
        if self.advance_below is not None:
            checks.non_negative_number("advance_below", self.advance_below)

    @property
    def steps(self) -> int:
        """The number of weight updates."""
        return -(-self.sequences // self.batch_size)

    def optimizer(self) -> keras.optimizers.Optimizer:
        """Return Adam with this rate, decay and clipping."""
        rate = HoldThenDecay(self.learning_rate, self.steps, hold=self.hold)
        return keras.optimizers.Adam(rate, beta_2=self.beta_2, epsilon=self.epsilon, global_clipnorm=self.clip_norm)


@dataclass(frozen=True)
class Goal:
    """What counts as learned, in one of the measures of `ntm_lib.evaluate`.

    Example:
        >>> from ntm_lib import Goal
        >>> goal = Goal("bits", 0.01)
        >>> [goal.is_reached({"bits": bits}) for bits in (0.002, 3.0, float("nan"))]
        [True, False, False]
        >>> Goal("right", 0.95).is_reached({"right": 0.96})
        True
    """

    measure: str
    """"bits" or "excess_bits", bits a sequence or those above the optimum; "right" or "answered", shares."""
    limit: float
    """Bits must be below it; a share must be at least this."""

    def __post_init__(self) -> None:
        """Raise `ValueError` for an unknown measure, or a limit that is no number of at least 0."""
        checks.choice("measure", self.measure, ("bits", "excess_bits", "right", "answered"))
        checks.non_negative_number("limit", self.limit)

    def is_reached(self, measured: Mapping[str, float]) -> bool:
        """Return whether what `evaluate` measured is good enough. NaN never is."""
        if self.measure == "excess_bits":
            return measured["bits"] - measured["optimal_bits"] < self.limit
        return measured[self.measure] < self.limit if self.measure == "bits" else measured[self.measure] >= self.limit

    def first_reached(self, curve: Sequence[Mapping[str, float]], optimal_bits: float) -> int | None:
        """Return after how many sequences a curve first was below the limit; None if never, or if it is a share."""
        if self.measure not in ("bits", "excess_bits"):
            return None
        limit = self.limit + (optimal_bits if self.measure == "excess_bits" else 0.0)
        # A curriculum's easier stages do not count.
        last = curve[-1].get("stage") if curve else None
        return next((int(p["sequences"]) for p in curve if p["bits"] < limit and p.get("stage") == last), None)


SOLVED = Goal("bits", 0.01)
"""The default: less than 0.01 bits a sequence."""

COPY_RECIPE = Recipe(sequences=40_000, batch_size=4, learning_rate=3e-3, clip_norm=10.0)
"""The recipe that learns to copy; `benchmarks/copy_seeds.py` shows from how many seeds, and how far it generalises."""

RECALL_RECIPE = Recipe(sequences=60_000, batch_size=4, learning_rate=1e-3, clip_norm=1.44, epsilon=1e-7, hold=0.5)
"""The recipe that learns associative recall: a smaller rate that stays for half of the training, and a tighter clip."""

FEED_FORWARD_COPY_RECIPE = replace(RECALL_RECIPE, learning_rate=2e-3, hold=0.0)
"""The recipe with which a machine with a feed-forward controller learns to copy; with that of the LSTM few seeds do."""

REPEAT_COPY_RECIPE = replace(
    RECALL_RECIPE, sequences=200_000, beta_2=0.999, hold=0.6, advance_below=5.0, sequences_per_epoch=2000
)
"""The recipe that learns repeat copy: the one for recall, with a curriculum that goes on below 5 bits."""

N_GRAMS_RECIPE = replace(
    RECALL_RECIPE,
    sequences=40_000,
    learning_rate=3e-3,
    clip_norm=10.0,
    beta_2=0.999,
    epsilon=1e-4,
    hold=0.6,
    sequences_per_epoch=1000,
)
"""The recipe that learns N-grams: no curriculum, and the rate of the copy task for more than half of the training."""

KEY_VALUE_RECIPE = replace(RECALL_RECIPE, sequences=240_000, hold=0.6, advance_below=2.0, sequences_per_epoch=2000)
"""The recipe that learns to recall the values of keys: two keys of five tokens first."""

PRIORITY_SORT_RECIPE = replace(
    RECALL_RECIPE, sequences=480_000, batch_size=8, hold=0.6, advance_below=60.0, sequences_per_epoch=8000
)
"""The recipe that learns priority sort: 4 to 20 items until they cost less than 60 bits, then always 20."""

SORTING_RECIPE = replace(RECALL_RECIPE, sequences=80_000)
"""The recipe that learns the deck's sorting."""

STORIES_RECIPE = replace(
    RECALL_RECIPE,
    sequences=320_000,
    batch_size=16,
    learning_rate=3e-3,
    clip_norm=10.0,
    hold=0.6,
    advance_below=1.0,
    sequences_per_epoch=4000,
)
"""The recipe that learns to answer questions about a story: of one person first, then of two, three and four."""
