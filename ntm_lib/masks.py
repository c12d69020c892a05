"""What a model of sequences is given: its inputs, and which of their steps belong to a sequence."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from ntm_lib import checks


def checked_inputs(inputs: Any, num_inputs: int | None = None) -> tf.Tensor:
    """Return the inputs `[B, T, I]` as a tensor, at least one sequence of at least one step.

    Raises:
        ValueError: if the shape does not fit, or a value is not a finite real number.
    """
    inputs = checks.tensor("inputs", inputs, "[B, T, I]")
    checks.size("inputs", inputs, -1, num_inputs, "num_inputs")
    if 0 in inputs.shape[:2]:
        raise ValueError(f"inputs must have at least one sequence and one step T. Received shape: {inputs.shape}")
    return inputs


def combined_mask(inputs: tf.Tensor, mask: Any, sequence_lengths: Any) -> tf.Tensor | None:
    """Return the mask `[B, T]` in float32 that `mask` and `sequence_lengths` make together, or None without either."""
    if mask is not None:
        mask = tf.cast(checks.tensor("mask", mask, "[B, T]") > 0.5, tf.float32)
        for axis in (0, 1):
            checks.size("mask", mask, axis, inputs.shape[axis], "batch and steps of inputs")
    if sequence_lengths is None:
        return mask
    lengths = checks.tensor("sequence_lengths", sequence_lengths, "[B]")
    checks.size("sequence_lengths", lengths, 0, inputs.shape[0], "the batch of inputs")
    steps = tf.shape(inputs)[1]
    fits = (lengths >= 0) & (lengths <= tf.cast(steps, lengths.dtype)) & (lengths == tf.round(lengths))
    if tf.executing_eagerly() and not bool(tf.reduce_all(fits)):
        raise ValueError(
            f"sequence_lengths must be whole numbers between 0 and T = {int(steps)}. Received: {lengths.numpy()}"
        )
    padding = tf.sequence_mask(tf.cast(lengths, tf.int32), steps, dtype=tf.float32)
    return padding if mask is None else mask * padding
