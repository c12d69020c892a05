"""Where a head looks: content addressing, then gate, shift and sharpening (Graves et al. 2014, section 3.3).

Every weighting is a distribution over the N slots. All functions take one weighting for each example, `[B, N]`, or one
for each head, `[B, R, N]`, and return the rank they were given. Whatever belongs to a weighting (strength, gate,
sharpening) is then `[B]` or `[B, R]`, or one number for all.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import tensorflow as tf

from ntm_lib import checks, numerics


class AddressingStages(NamedTuple):
    """The weighting after each stage of addressing, each `[B, N]` or `[B, R, N]`.

    Example:
        >>> from ntm_lib import address
        >>> memory = [[[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]]]  # three slots
        >>> before, key, kernel = [[0.0, 0.0, 1.0]], [[0.0, 1.0]], [[0.0, 0.2, 0.8]]
        >>> stages = address(memory, before, key, 8.0, 0.9, kernel, sharpening=2.0)
        >>> for name, weighting in stages._asdict().items():
        ...     print(f"{name:8}", weighting.numpy().round(2))
        content  [[0. 1. 0.]]
        gated    [[0.  0.9 0.1]]
        shifted  [[0.08 0.18 0.74]]
        weights  [[0.01 0.06 0.93]]
    """

    content: tf.Tensor
    """w^c, equation (5)."""
    gated: tf.Tensor
    """w^g, equation (7)."""
    shifted: tf.Tensor
    """w~, equation (8)."""
    weights: tf.Tensor
    """w, equation (9): what the head uses."""


def cosine_similarity(x: Any, y: Any) -> tf.Tensor:
    """Return K[x, y] = x . y / (|x| |y|), equation (6), over the last axis.

    Args:
        x: `[..., W]`.
        y: `[..., W]`; the leading axes broadcast against those of `x`.

    Returns:
        `[...]`, between -1 and 1. A zero vector has similarity 0 with everything, and a finite gradient.

    Raises:
        ValueError: if the last axes differ, or a value is not a finite real number.

    Example:
        >>> from ntm_lib import cosine_similarity
        >>> rows = [[3.0, 0.0], [1.0, 1.0], [0.0, 2.0], [0.0, 0.0]]
        >>> print(cosine_similarity([1.0, 0.0], rows).numpy().round(2))
        [1.   0.71 0.   0.  ]
    """
    x = checks.tensor("x", x)
    y = checks.tensor("y", y, dtype=x.dtype)
    for name, vectors in (("x", x), ("y", y)):
        if vectors.shape.rank == 0:
            raise ValueError(f"{name} must have shape [..., W]. Received one number")
    checks.size("y", y, -1, x.shape[-1], "as many as the last axis of x")
    try:
        tf.broadcast_static_shape(x.shape, y.shape)
    except ValueError as error:
        raise ValueError(f"y must broadcast against x of shape {x.shape}. Received shape: {y.shape}") from error
    return tf.reduce_sum(numerics.unit(x) * numerics.unit(y), axis=-1)


def content_addressing(key: Any, memory: Any, *, strength: Any = None, slots_last: bool = False) -> tf.Tensor:
    """Return w^c = softmax(beta K[k, M(i)]) over the slots, equations (5) and (6).

    Args:
        key: k, `[B, W]` or `[B, R, W]`.
        memory: M, `[B, N, W]`, or `[B, W, N]` with `slots_last`.
        strength: beta, `[B]` or `[B, R]`, or one number for all; 1 if not given. At 1 over 128 slots even an exact
            match gets 2 % of the weight.
        slots_last: whether the slots are the last axis of `memory`. The cell keeps them there because it is faster.

    Returns:
        `[B, N]` or `[B, R, N]`.

    Raises:
        ValueError: if a rank or the width W does not fit, or a value is not a finite real number.

    Example:
        >>> from ntm_lib import content_addressing
        >>> memory = [[[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]]]  # three slots
        >>> for strength in (1.0, 10.0):
        ...     weights = content_addressing([[1.0, 0.0]], memory, strength=strength)
        ...     print(weights.numpy().round(2))
        [[0.67 0.24 0.09]]
        [[1. 0. 0.]]
    """
    memory = checks.tensor("memory", memory, "[B, W, N]" if slots_last else "[B, N, W]")
    key = checks.tensor("key", key, "[B, W]", "[B, R, W]", dtype=memory.dtype)
    width_axis = 1 if slots_last else 2
    checks.size("key", key, -1, memory.shape[width_axis], "the width W of a memory slot")
    checks.leading("key", key, memory, "the batch of memory")
    keys = key if key.shape.rank == 3 else key[:, tf.newaxis, :]
    lengths = tf.expand_dims(tf.squeeze(numerics.norm(memory, axis=width_axis), axis=width_axis), axis=1)
    similarity = tf.matmul(numerics.unit(keys), memory, transpose_b=not slots_last) / lengths
    similarity = similarity if key.shape.rank == 3 else tf.squeeze(similarity, axis=1)
    return tf.nn.softmax(_per_weighting("strength", 1.0 if strength is None else strength, similarity) * similarity)


def interpolate(content_weights: Any, previous_weights: Any, gate: Any) -> tf.Tensor:
    """Return w^g = g w^c + (1 - g) w_{t-1}, equation (7): look where the content is, or stay where the head was.

    Args:
        content_weights: w^c, `[B, N]` or `[B, R, N]`.
        previous_weights: w_{t-1}, of the same shape.
        gate: g between 0 and 1, `[B]` or `[B, R]`, or one number for all.

    Returns:
        `[B, N]` or `[B, R, N]`.

    Raises:
        ValueError: if a shape does not fit, or a value is not a finite real number.

    Example:
        >>> from ntm_lib import interpolate
        >>> content, previous = [[0.0, 0.0, 1.0]], [[1.0, 0.0, 0.0]]
        >>> print(interpolate(content, previous, gate=0.25).numpy())
        [[0.75 0.   0.25]]
    """
    content = checks.tensor("content_weights", content_weights, "[B, N]", "[B, R, N]")
    shape = "[B, N]" if content.shape.rank == 2 else "[B, R, N]"
    previous = checks.tensor("previous_weights", previous_weights, shape, dtype=content.dtype)
    checks.size("previous_weights", previous, -1, content.shape[-1], "the slots N of content_weights")
    checks.leading("previous_weights", previous, content, "as in content_weights", axes=content.shape.rank - 1)
    gate = _per_weighting("gate", gate, content)
    return gate * content + (1.0 - gate) * previous


def shift(weights: Any, kernel: Any) -> tf.Tensor:
    """Return the circular convolution w~(i) = sum_j w^g(j) s(i - j), equation (8), indices modulo N.

    The paper's s is a distribution over all N shifts that is 0 outside the allowed ones; `kernel` holds only those.
    Entry j belongs to the offset j - shift_range: with 3 entries, -1, 0, +1. An offset of +1 moves the head from
    slot i to slot i + 1, and from the last slot to slot 0.

    Args:
        weights: w^g, `[B, N]` or `[B, R, N]`.
        kernel: s, `[B, K]` or `[B, R, K]`, with K = 2 shift_range + 1 odd and at most N.

    Returns:
        `[B, N]` or `[B, R, N]`.

    Raises:
        ValueError: if K is even or larger than N, a rank does not fit, or a value is not a finite real number.

    Example:
        >>> from ntm_lib import shift
        >>> last_slot = [[0.0, 0.0, 0.0, 0.0, 1.0]]
        >>> print(shift(last_slot, [[0.0, 0.0, 1.0]]).numpy())  # a ring
        [[1. 0. 0. 0. 0.]]
        >>> print(shift(last_slot, [[0.1, 0.8, 0.1]]).numpy().round(2))  # blurs
        [[0.1 0.  0.  0.1 0.8]]
    """
    weights = checks.tensor("weights", weights, "[B, N]", "[B, R, N]")
    shape = "[B, K]" if weights.shape.rank == 2 else "[B, R, K]"
    kernel = checks.tensor("kernel", kernel, shape, dtype=weights.dtype)
    entries, slots = kernel.shape[-1], weights.shape[-1]
    if entries is None or entries % 2 == 0 or (slots is not None and entries > slots):
        raise ValueError(
            f"kernel must have an odd number of entries K, at most N = {slots}. Received shape: {kernel.shape}"
        )
    checks.leading("kernel", kernel, weights, "as in weights", axes=weights.shape.rank - 1)
    moved = [
        kernel[..., j : j + 1] * (tf.roll(weights, shift=j - entries // 2, axis=-1) if j != entries // 2 else weights)
        for j in range(entries)
    ]
    return tf.add_n(moved)


def sharpen(weights: Any, sharpening: Any) -> tf.Tensor:
    """Return w(i) = w~(i)^gamma / sum_j w~(j)^gamma, equation (9), which undoes the blur a shift leaves.

    Args:
        weights: w~, `[B, N]` or `[B, R, N]`.
        sharpening: gamma of at least 1, `[B]` or `[B, R]`, or one number for all.

    Returns:
        `[B, N]` or `[B, R, N]`. It sums to 1 for every gamma; the direct form gives NaN from gamma = 20 on over 128
        uniform slots. A weight of exactly 0 counts as 1e-16.

    Raises:
        ValueError: if a shape does not fit, or a value is not a finite real number.

    Example:
        >>> from ntm_lib import sharpen
        >>> for gamma in (1.0, 2.0, 5.0):
        ...     print(sharpen([[0.2, 0.6, 0.2]], gamma).numpy().round(3))
        [[0.2 0.6 0.2]]
        [[0.091 0.818 0.091]]
        [[0.004 0.992 0.004]]
    """
    weights = checks.tensor("weights", weights, "[B, N]", "[B, R, N]")
    return numerics.power_normalise(weights, _per_weighting("sharpening", sharpening, weights))


def spread(weights: Any) -> tf.Tensor:
    """Return 1 - sum_i w(i)^2: the chance that two draws from a weighting name different slots.

    0 for a head on one slot, 1 - 1/N for a head spread evenly over N. It is the Gini-Simpson index of a distribution.

    Args:
        weights: w, `[B, N]` or `[B, R, N]`.

    Returns:
        `[B]` or `[B, R]`.

    Raises:
        ValueError: if the rank does not fit, or a value is not a finite real number.

    Example:
        >>> from ntm_lib import spread
        >>> print(spread([[1.0, 0.0, 0.0, 0.0], [0.25, 0.25, 0.25, 0.25]]).numpy())
        [0.   0.75]
    """
    weights = checks.tensor("weights", weights, "[B, N]", "[B, R, N]")
    return 1.0 - tf.reduce_sum(tf.square(weights), axis=-1)


def address(
    memory: Any,
    previous_weights: Any,
    key: Any,
    strength: Any,
    gate: Any,
    kernel: Any,
    sharpening: Any,
    *,
    slots_last: bool = False,
) -> AddressingStages:
    """Return all stages of addressing, equations (5) to (9), as in figure 2 of the paper.

    Args:
        memory: M, `[B, N, W]`, or `[B, W, N]` with `slots_last`.
        previous_weights: w_{t-1}, `[B, N]` or `[B, R, N]`.
        key: k, `[B, W]` or `[B, R, W]`.
        strength: beta, at least 0, `[B]` or `[B, R]`, or one number for all, as are gate and sharpening.
        gate: g, between 0 and 1.
        kernel: s, `[B, K]` or `[B, R, K]`, a distribution over the offsets.
        sharpening: gamma, at least 1.
        slots_last: whether the slots are the last axis of `memory`.

    Returns:
        `AddressingStages(content, gated, shifted, weights)`, each of the shape of `previous_weights`.

    Raises:
        ValueError: if a shape does not fit, or a value is not a finite real number.

    Example:
        >>> from ntm_lib import address
        >>> memory = [[[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]]]  # three slots
        >>> before, key = [[1.0, 0.0, 0.0]], [[0.0, 1.0]]  # on slot 0, looking for slot 1
        >>> one_on = [[0.0, 0.0, 1.0]]
        >>> for gate in (1.0, 0.0):  # one slot on from the match; from where the head was
        ...     stages = address(memory, before, key, 20.0, gate, one_on, sharpening=1.0)
        ...     print(stages.weights.numpy().round(2))
        [[0. 0. 1.]]
        [[0. 1. 0.]]
    """
    content = content_addressing(key, memory, strength=strength, slots_last=slots_last)
    gated = interpolate(content, previous_weights, gate)
    shifted = shift(gated, kernel)
    return AddressingStages(content, gated, shifted, sharpen(shifted, sharpening))


def _per_weighting(name: str, value: Any, weights: tf.Tensor) -> tf.Tensor:
    """Return `value` with an axis of size 1 for the slots, so that it scales whole weightings."""
    ranks = ("[]", "[B]") if weights.shape.rank == 2 else ("[]", "[B, R]")
    scale = checks.tensor(name, value, *ranks, dtype=weights.dtype)
    if scale.shape.rank:
        checks.leading(name, scale, weights, "one for each weighting", axes=scale.shape.rank)
    return scale[..., tf.newaxis] if scale.shape.rank else scale
