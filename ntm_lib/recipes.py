"""How a machine is trained: the settings that converge, each set under a name."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from ntm_lib import checks


@keras.saving.register_keras_serializable("ntm_lib")
class HoldThenDecay(keras.optimizers.schedules.LearningRateSchedule):
    """A learning rate that stays for a share of the steps, `hold`, and then falls linearly to 0."""

    def __init__(self, learning_rate: float, steps: int, *, hold: float = 0.0) -> None:
        super().__init__()
        self.learning_rate, self.steps, self.hold = learning_rate, steps, hold

    def __call__(self, step: Any) -> Any:
        """Return the rate of a step, one number."""
        left = 1.0 - keras.ops.cast(step, "float32") / self.steps
        return self.learning_rate * keras.ops.clip(left / (1.0 - self.hold), 0.0, 1.0)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {"learning_rate": self.learning_rate, "steps": self.steps, "hold": self.hold}


@dataclass(frozen=True)
class Recipe:
    """Everything that decides how a machine is trained, apart from the machine and the seed."""

    sequences: int
    """How many sequences are shown."""
    batch_size: int
    learning_rate: float
    """Adam's, at the start; it falls linearly to 0, at once or after `hold`."""
    clip_norm: float
    """The gradient of all weights together, in bits a sequence, is scaled down to this length where it is longer."""
    beta_2: float = 0.99
    """Adam's memory of squared gradients: at .99 a spike is forgotten after some hundred steps, at .999 after ten times
    as many, in which the machine hardly moves."""
    epsilon: float = 1e-4
    """What Adam adds to the size of a gradient before it divides by it, in bits. Where a gradient is smaller, the
    weight slows down. At Keras's 1e-7 the weights of a machine that has learned keep moving at the full rate."""
    hold: float = 0.0
    """The share of the training in which the rate stays before it falls."""
    steps_per_execution: int = 25
    """How many training steps run inside one compiled program."""

    def __post_init__(self) -> None:
        """Raise `ValueError` for a number that cannot be."""
        for name in ("sequences", "batch_size", "steps_per_execution"):
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
        if checks.non_negative_number("hold", self.hold) >= 1:
            raise ValueError(f"hold must be below 1. Received: {self.hold!r}")

    @property
    def steps(self) -> int:
        """The number of weight updates."""
        return -(-self.sequences // self.batch_size)

    def optimizer(self) -> keras.optimizers.Optimizer:
        """Return Adam with this rate, decay and clipping."""
        rate = HoldThenDecay(self.learning_rate, self.steps, hold=self.hold)
        return keras.optimizers.Adam(rate, beta_2=self.beta_2, epsilon=self.epsilon, global_clipnorm=self.clip_norm)


COPY_RECIPE = Recipe(sequences=40_000, batch_size=4, learning_rate=3e-3, clip_norm=10.0)
"""The recipe that learns to copy; `benchmarks/copy_seeds.py` shows from how many seeds, and how far it generalises."""
