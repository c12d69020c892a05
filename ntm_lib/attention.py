"""Scaled dot-product attention, the deck's slide 7: the content half of a read, with another measure of likeness."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from ntm_lib import checks


def attention_mechanism(query: Any, keys: Any, values: Any) -> tf.Tensor:
    """Return softmax(Q K^T / sqrt(D)) V (Vaswani et al. 2017, equation 1).

    Args:
        query: Q, `[B, Q, D]`.
        keys: K, `[B, N, D]`.
        values: V, `[B, N, V]`.

    Returns:
        `[B, Q, V]`: for each query a mean of the values, weighted by how well their keys match.

    Raises:
        ValueError: if a shape does not fit, or a value is not a finite real number.

    Example:
        >>> from ntm_lib import attention_mechanism
        >>> keys, values = [[[9.0, 0.0], [0.0, 9.0]]], [[[10.0], [20.0]]]
        >>> queries = [[[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]]
        >>> print(attention_mechanism(queries, keys, values).numpy().round(1)[0])
        [[10.]
         [20.]
         [15.]]
    """
    query = checks.tensor("query", query, "[B, Q, D]")
    keys = checks.tensor("keys", keys, "[B, N, D]", dtype=query.dtype)
    values = checks.tensor("values", values, "[B, N, V]", dtype=query.dtype)
    checks.size("keys", keys, -1, query.shape[-1], "the width D of a query")
    checks.size("values", values, 1, keys.shape[1], "one for each key")
    checks.leading("keys", keys, query, "the batch of query")
    checks.leading("values", values, keys, "the batch of keys")
    scores = tf.matmul(query, keys, transpose_b=True) / tf.sqrt(tf.cast(tf.shape(keys)[-1], keys.dtype))
    return tf.matmul(tf.nn.softmax(scores), values)


def read_with_attention(memory: Any, read_query: Any) -> tf.Tensor:
    """Return what attention reads from memory, whose rows are keys and values at once.

    Args:
        memory: M, `[B, N, W]`.
        read_query: `[B, W]`, or `[B, R, W]` for several heads.

    Returns:
        `[B, W]` or `[B, R, W]`.

    Raises:
        ValueError: if a shape does not fit, or a value is not a finite real number.

    Example:
        >>> from ntm_lib import read_with_attention
        >>> memory = [[[8.0, 0.0], [0.0, 8.0]]]
        >>> print(read_with_attention(memory, [[1.0, 0.0]]).numpy().round(2))
        [[7.97 0.03]]
    """
    memory = checks.tensor("memory", memory, "[B, N, W]")
    query = checks.tensor("read_query", read_query, "[B, W]", "[B, R, W]", dtype=memory.dtype)
    checks.size("read_query", query, -1, memory.shape[-1], "the width W of a memory slot")
    checks.leading("read_query", query, memory, "the batch of memory")
    if query.shape.rank == 3:
        return attention_mechanism(query, memory, memory)
    return tf.squeeze(attention_mechanism(query[:, tf.newaxis, :], memory, memory), axis=1)
