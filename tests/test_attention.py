"""Scaled dot-product attention against the loops of the reference."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from machines import check_gradient

from ntm_lib import attention_mechanism, read_with_attention, reference

few = settings(max_examples=20)
seeds = st.integers(0, 2**31)


@few
@given(seeds, st.sampled_from([tf.float32, tf.float64]), st.sampled_from([1e-3, 1.0, 1e3]))
def test_attention_is_the_references(seed: int, dtype: Any, magnitude: float) -> None:
    rng = np.random.default_rng(seed)
    b, q, n, d, v = rng.integers(1, 5, size=5)
    query, keys = rng.normal(size=(b, q, d)) * magnitude, rng.normal(size=(b, n, d))
    values = rng.normal(size=(b, n, v))
    result = attention_mechanism(*(tf.constant(part, dtype) for part in (query, keys, values)))
    assert result.dtype == dtype
    expected = [reference.attention(*parts) for parts in zip(query, keys, values, strict=True)]
    np.testing.assert_allclose(result, expected, atol=1e-10 if dtype == tf.float64 else 1e-3)


@few
@given(seeds)
def test_reading_with_attention_takes_the_rows_as_keys_and_values(seed: int) -> None:
    rng = np.random.default_rng(seed)
    b, r, n, w = rng.integers(1, 5, size=4)
    memory, queries = rng.normal(size=(b, n, w)), rng.normal(size=(b, r, w))
    expected = [reference.attention(q, m, m) for q, m in zip(queries, memory, strict=True)]
    np.testing.assert_allclose(read_with_attention(memory, queries), expected, atol=1e-5)
    np.testing.assert_allclose(read_with_attention(memory, queries[:, 0]), np.array(expected)[:, 0], atol=1e-5)


def test_a_query_of_zero_reads_the_mean() -> None:
    memory = np.random.default_rng(0).normal(size=(2, 5, 3))
    np.testing.assert_allclose(read_with_attention(memory, np.zeros((2, 3))), memory.mean(axis=1), atol=1e-6)


def test_a_huge_query_reads_one_row_without_overflow() -> None:
    memory = np.eye(4, 3)[None] * 1e3
    np.testing.assert_allclose(read_with_attention(memory, [[0.0, 1e4, 0.0]]), [[0.0, 1e3, 0.0]])


@pytest.mark.parametrize("compiled", [False, True], ids=["traced", "compiled"])
def test_gradients_agree_with_central_differences(compiled: bool) -> None:
    rng = np.random.default_rng(0)
    parts = rng.normal(size=(2, 2, 3)), rng.normal(size=(2, 4, 3)), rng.normal(size=(2, 4, 2))
    check_gradient(attention_mechanism, {"anywhere": parts, "zero": [0 * part for part in parts]}, compiled=compiled)


Q, K, V = np.ones((2, 1, 3)), np.ones((2, 4, 3)), np.ones((2, 4, 5))
WRONG: dict[str, tuple[Callable[[], Any], str]] = {
    "query of rank 2": (lambda: attention_mechanism(Q[0], K, V), r"query must have shape \[B, Q, D\]. Received shape"),
    "keys of rank 2": (lambda: attention_mechanism(Q, K[0], V), r"keys must have shape \[B, N, D\]. Received shape"),
    "keys too narrow": (lambda: attention_mechanism(Q, K[..., :2], V), r"keys must have 3 entries .*\(2, 4, 2\)"),
    "keys of another batch": (lambda: attention_mechanism(Q, np.ones((3, 4, 3)), V), r"keys must have 2 .*\(3, 4, 3\)"),
    "a value for each key": (lambda: attention_mechanism(Q, K, V[:, :3]), r"values must have 4 entries .*\(2, 3, 5\)"),
    "values of another batch": (lambda: attention_mechanism(Q, K, np.ones((3, 4, 5))), r"values must have 2 entries"),
    "nan in keys": (lambda: attention_mechanism(Q, K * np.nan, V), "keys must be finite. Received nan"),
    "query of text": (lambda: attention_mechanism([[["a"]]], K, V), "query must hold real numbers"),
    "memory of rank 2": (lambda: read_with_attention(K[0], Q[:, 0]), r"memory must have shape \[B, N, W\]. Received"),
    "read query too wide": (lambda: read_with_attention(K, np.ones((2, 4))), r"read_query must have 3 .*\(2, 4\)"),
    "read query of another batch": (
        lambda: read_with_attention(K, np.ones((3, 3))),
        r"read_query must have 2 .*\(3, 3",
    ),
    "read query of rank 1": (lambda: read_with_attention(K, np.ones(3)), r"read_query must have shape \[B, W\] or"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_argument_is_named_with_what_came(name: str) -> None:
    call, message = WRONG[name]
    with pytest.raises(ValueError, match=message):
        call()
