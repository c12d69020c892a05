"""Look at how a machine learns: its gradients."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from ntm_lib.metrics import bits_per_sequence
from ntm_lib.sequence_model import SequenceModel


def compute_gradients(model: SequenceModel, inputs: Any, targets: Any, *, mask: Any = None) -> list[tf.Tensor]:
    """Return the gradient of the loss in bits for each trainable variable: the deck's slide 8.

    Args:
        model: maps inputs `[B, T, I]` to logits `[B, T, O]`.
        inputs: `[B, T, I]`.
        targets: `[B, T, O]`, 0 or 1.
        mask: `[B, T]`, 1 where the output counts; everywhere if not given.

    Returns:
        One tensor for each of `model.trainable_variables`, in their order and of their shapes.

    Raises:
        ValueError: if a shape does not fit, or a value is not a finite real number.
    """
    if not isinstance(model, keras.Model):
        raise ValueError(f"model must be a Keras model. Received: {model!r}")
    with tf.GradientTape() as tape:
        loss = bits_per_sequence(targets, model(inputs, training=False), mask)
    return tape.gradient(loss, [variable.value for variable in model.trainable_variables])
