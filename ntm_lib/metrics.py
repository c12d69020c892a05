"""How well a machine does: cross-entropy in bits a sequence, wrong bits, sequences without a mistake.

All of them look only at the steps where the mask is 1. Bits a sequence is the measure of the paper (section 4).
"""

from __future__ import annotations

import math
from typing import Any

import keras
import tensorflow as tf

from ntm_lib import checks


def bits_per_sequence(targets: Any, logits: Any, mask: Any = None) -> tf.Tensor:
    """Return the cross-entropy in bits, summed over the steps and channels of a sequence, averaged over the batch.

    A machine that knows nothing pays 1 bit for each bit it has to name; one that is sure and right pays 0.

    Args:
        targets: `[B, T, O]`, 0 or 1.
        logits: `[B, T, O]`.
        mask: `[B, T]`, 1 where the output counts; everywhere if not given.

    Returns:
        One number, in bits.

    Raises:
        ValueError: if the shapes differ, or a value is not a finite real number.

    Example:
        >>> from ntm_lib import bits_per_sequence
        >>> targets, knows_nothing = [[[1, 0], [1, 1]]], [[[0.0, 0.0], [0.0, 0.0]]]
        >>> print(bits_per_sequence(targets, knows_nothing).numpy())
        4.0
        >>> print(bits_per_sequence(targets, knows_nothing, mask=[[0, 1]]).numpy())
        2.0
    """
    targets, logits, mask = _checked(targets, logits, mask)
    nats = tf.nn.sigmoid_cross_entropy_with_logits(labels=targets, logits=logits)
    per_step = tf.reduce_sum(nats, axis=-1) * mask
    return tf.reduce_mean(tf.reduce_sum(per_step, axis=-1)) / math.log(2.0)


def bit_errors(targets: Any, logits: Any, mask: Any = None) -> tf.Tensor:
    """Return the number of wrong bits in each sequence, `[B]`, when a logit above 0 is read as 1.

    Args:
        targets: `[B, T, O]`, 0 or 1.
        logits: `[B, T, O]`.
        mask: `[B, T]`, 1 where the output counts; everywhere if not given.

    Returns:
        `[B]`, whole numbers as floats.

    Raises:
        ValueError: if the shapes differ, or a value is not a finite real number.

    Example:
        >>> from ntm_lib import bit_errors
        >>> targets, logits = [[[1, 0], [1, 1]]], [[[2.0, -3.0], [-0.1, 4.0]]]
        >>> print(bit_errors(targets, logits).numpy())
        [1.]
    """
    targets, logits, mask = _checked(targets, logits, mask)
    wrong = tf.cast(tf.not_equal(logits > 0.0, targets > 0.5), mask.dtype)
    return tf.reduce_sum(tf.reduce_sum(wrong, axis=-1) * mask, axis=-1)


def sequence_accuracy(targets: Any, logits: Any, mask: Any = None) -> tf.Tensor:
    """Return the share of sequences in which every bit is right, one number between 0 and 1.

    Args:
        targets: `[B, T, O]`, 0 or 1.
        logits: `[B, T, O]`.
        mask: `[B, T]`, 1 where the output counts; everywhere if not given.

    Raises:
        ValueError: if the shapes differ, or a value is not a finite real number.

    Example:
        >>> from ntm_lib import sequence_accuracy
        >>> targets, logits = [[[1, 0]], [[1, 1]]], [[[2.0, -3.0]], [[-0.1, 4.0]]]
        >>> print(sequence_accuracy(targets, logits).numpy())  # though 3 of 4 bits are right
        0.5
    """
    return tf.reduce_mean(tf.cast(tf.equal(bit_errors(targets, logits, mask), 0.0), tf.float32))


@keras.saving.register_keras_serializable("ntm_lib")
class BitsPerSequence(keras.losses.Loss):
    """`bits_per_sequence` as a Keras loss; the mask is the sample weight, `[B, T]`.

    Keras would average over all steps, the silent ones included; this sums over the steps that count.

    Example:
        >>> from ntm_lib import BitsPerSequence
        >>> loss = BitsPerSequence()
        >>> targets, logits = [[[1, 0], [1, 1]]], [[[0.0, 0.0], [0.0, 0.0]]]
        >>> print(loss(targets, logits, sample_weight=[[0, 1]]).numpy())
        2.0
    """

    def __init__(self, name: str = "bits_per_sequence", **kwargs: Any) -> None:
        super().__init__(name=name, reduction=None, dtype=kwargs.get("dtype"))

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> tf.Tensor:
        """Return one number, in bits, for `[B, T, O]`, `[B, T, O]` and `[B, T]`."""
        return bits_per_sequence(y_true, y_pred, sample_weight)


def _checked(targets: Any, logits: Any, mask: Any) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    logits = checks.tensor("logits", logits, "[B, T, O]")
    targets = checks.tensor("targets", targets, "[B, T, O]", dtype=logits.dtype)
    mask = tf.ones_like(logits[..., 0]) if mask is None else checks.tensor("mask", mask, "[B, T]", dtype=logits.dtype)
    for axis, meaning in enumerate(("the batch of logits", "the steps of logits", "the outputs of logits")):
        checks.size("targets", targets, axis, logits.shape[axis], meaning)
        if axis < 2:
            checks.size("mask", mask, axis, logits.shape[axis], meaning)
    if tf.executing_eagerly() and not bool(tf.reduce_all((targets >= 0) & (targets <= 1))):
        raise ValueError(
            f"targets must be between 0 and 1. Received: {float(tf.reduce_min(targets))} to "
            f"{float(tf.reduce_max(targets))}"
        )
    return targets, logits, mask
