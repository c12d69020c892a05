"""The forms of the equations that survive float32: no NaN at zero memory, zero weight or large exponents.

Each function states where it differs from the formula in the paper and by how much.
"""

from __future__ import annotations

import tensorflow as tf

NORM_EPSILON = 1e-6
"""Added to a sum of squares *inside* the root. Outside the root the gradient at a zero vector is still infinite."""

WEIGHT_EPSILON = 1e-16
"""Added to a weight before its logarithm: far below any weight that matters, and log(1e-16) = -36.8 is finite."""


def norm(vectors: tf.Tensor, axis: int = -1) -> tf.Tensor:
    """Return the length of each vector along `axis`, which is kept with size 1.

    The root of `sum(x**2) + NORM_EPSILON`: a vector of length 1 comes out 0.0000005 too long, a zero vector as 0.001,
    and the gradient there is 0 instead of NaN.
    """
    return tf.sqrt(tf.reduce_sum(tf.square(vectors), axis=axis, keepdims=True) + NORM_EPSILON)


def unit(vectors: tf.Tensor) -> tf.Tensor:
    """Return each vector of the last axis divided by its `norm`; a zero vector stays zero."""
    return vectors / norm(vectors)


def power_normalise(weights: tf.Tensor, exponent: tf.Tensor) -> tf.Tensor:
    """Return `weights**exponent / sum(weights**exponent)` over the last axis, as a softmax of logarithms.

    The direct form divides 0 by 0 as soon as every power underflows: in float32, uniform weights over 128 slots and an
    exponent above 18 are enough, because TensorFlow takes numbers below 2**-126 for 0. The softmax subtracts the
    largest logarithm first, so the result always sums to 1.

    Args:
        weights: `[..., N]`, not negative.
        exponent: broadcasts against `weights`.

    Returns:
        `[..., N]`.
    """
    return tf.nn.softmax(exponent * tf.math.log(weights + WEIGHT_EPSILON), axis=-1)
