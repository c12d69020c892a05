"""How the learning rate changes in the course of a training."""

from __future__ import annotations

from typing import Any

import keras


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
