"""The memory matrix: read it, write it, start it (Graves et al. 2014, sections 3.1 and 3.2)."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from ntm_lib import checks

INITIAL_MEMORY = 1e-6
"""What every number of a constant initial memory is. Not 0: the cosine with a zero row has no direction."""


def read_memory(memory: Any, read_weights: Any, *, slots_last: bool = False) -> tf.Tensor:
    """Return r = sum_i w(i) M(i), equation (2): the rows of memory, each as much as the weighting says.

    Args:
        memory: M, `[B, N, W]`, or `[B, W, N]` with `slots_last`.
        read_weights: w, `[B, N]`, or `[B, R, N]` for several heads.
        slots_last: whether the slots are the last axis of `memory`.

    Returns:
        `[B, W]` or `[B, R, W]`.

    Raises:
        ValueError: if a rank or the number of slots does not fit, or a value is not a finite real number.

    Example:
        >>> from ntm_lib import read_memory
        >>> memory = [[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]]
        >>> print(read_memory(memory, [[0.0, 1.0, 0.0]]).numpy())
        [[3. 4.]]
        >>> print(read_memory(memory, [[0.5, 0.0, 0.5]]).numpy())  # mixes slots
        [[3. 4.]]
    """
    memory = _memory(memory, slots_last)
    weights = checks.tensor("read_weights", read_weights, "[B, N]", "[B, R, N]", dtype=memory.dtype)
    checks.size("read_weights", weights, -1, memory.shape[2 if slots_last else 1], "the slots N of the memory")
    checks.leading("read_weights", weights, memory, "the batch of memory")
    heads = weights if weights.shape.rank == 3 else weights[:, tf.newaxis, :]
    vectors = tf.matmul(heads, memory, transpose_b=slots_last)
    return vectors if weights.shape.rank == 3 else tf.squeeze(vectors, axis=1)


def write_memory(
    memory: Any, write_weights: Any, erase_vector: Any, add_vector: Any, *, slots_last: bool = False
) -> tf.Tensor:
    """Return M(i) = M(i) [1 - w(i) e] + w(i) a, equations (3) and (4): erase first, then add, slot by slot.

    Several heads erase one after the other (the order does not matter, it is a product), then all add.

    Args:
        memory: M, `[B, N, W]`, or `[B, W, N]` with `slots_last`.
        write_weights: w, `[B, N]`, or `[B, H, N]` for several heads.
        erase_vector: e, between 0 and 1, `[B, W]` or `[B, H, W]`.
        add_vector: a, `[B, W]` or `[B, H, W]`.
        slots_last: whether the slots are the last axis of `memory`.

    Returns:
        The memory after the write, of the shape of `memory`.

    Raises:
        ValueError: if a shape does not fit, or a value is not a finite real number.

    Example:
        >>> from ntm_lib import write_memory
        >>> memory = [[[1.0, 1.0], [1.0, 1.0], [1.0, 1.0]]]
        >>> erase, add = [[1.0, 0.0]], [[0.0, 5.0]]
        >>> print(write_memory(memory, [[0.0, 1.0, 0.0]], erase, add).numpy()[0])
        [[1. 1.]
         [0. 6.]
         [1. 1.]]
    """
    memory = _memory(memory, slots_last)
    weights = checks.tensor("write_weights", write_weights, "[B, N]", "[B, H, N]", dtype=memory.dtype)
    shape = "[B, W]" if weights.shape.rank == 2 else "[B, H, W]"
    erase = checks.tensor("erase_vector", erase_vector, shape, dtype=memory.dtype)
    add = checks.tensor("add_vector", add_vector, shape, dtype=memory.dtype)
    checks.size("write_weights", weights, -1, memory.shape[2 if slots_last else 1], "the slots N of the memory")
    checks.leading("write_weights", weights, memory, "the batch of memory")
    for name, vector in (("erase_vector", erase), ("add_vector", add)):
        checks.leading(name, vector, weights, "as in write_weights")
        if weights.shape.rank == 3:
            checks.size(name, vector, 1, weights.shape[1], "the heads H of write_weights")
        checks.size(name, vector, -1, memory.shape[1 if slots_last else 2], "the width W of a memory slot")
    if weights.shape.rank == 2:
        weights, erase, add = weights[:, tf.newaxis], erase[:, tf.newaxis], add[:, tf.newaxis]
    for head in range(_heads(weights)):
        memory = memory * (1.0 - _outer(weights[:, head], erase[:, head], slots_last))
    for head in range(_heads(weights)):
        memory = memory + _outer(weights[:, head], add[:, head], slots_last)
    return memory


def _memory(memory: Any, slots_last: bool) -> tf.Tensor:
    return checks.tensor("memory", memory, "[B, W, N]" if slots_last else "[B, N, W]")


def _heads(weights: tf.Tensor) -> int:
    if weights.shape[1] is None:
        raise ValueError("write_weights must have a known number of heads H. Received shape: [B, H, N] with H unknown")
    return int(weights.shape[1])


def _outer(weights: tf.Tensor, vector: tf.Tensor, slots_last: bool) -> tf.Tensor:
    """Return w(i) v(j) for one head, laid out like the memory."""
    first, second = (vector, weights) if slots_last else (weights, vector)
    return first[:, :, tf.newaxis] * second[:, tf.newaxis, :]
