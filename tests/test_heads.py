"""The raw numbers of the controller become head parameters: order, ranges, sizes."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from ntm_lib import HeadParameters, HeadSizes, reference, split_heads

few = settings(max_examples=25)
sizes_of_heads = st.builds(HeadSizes, st.integers(1, 3), st.integers(1, 3), st.integers(1, 5), st.integers(0, 3))


def reference_sizes(sizes: HeadSizes) -> reference.Sizes:
    return reference.Sizes(1, 1, 9, sizes.memory_vector_dim, 1, sizes.read_heads, sizes.write_heads, sizes.shift_range)


@few
@given(sizes_of_heads, st.integers(0, 2**31), st.sampled_from([0.1, 1.0, 30.0]))
def test_all_heads_are_cut_like_the_reference_cuts_them(sizes: HeadSizes, seed: int, magnitude: float) -> None:
    raw = np.random.default_rng(seed).normal(size=(3, sizes.total)) * magnitude
    heads = split_heads(tf.constant(raw), sizes)
    assert heads.key.dtype == tf.float64
    for b in range(3):
        reads, writes = reference.split_heads(raw[b], reference_sizes(sizes))
        for name in HeadParameters._fields:
            owners = writes if name in ("erase", "add") else reads + writes
            expected = np.array([getattr(head, name) for head in owners])
            np.testing.assert_allclose(getattr(heads, name)[b], expected, rtol=1e-9, atol=1e-12, err_msg=name)


@pytest.mark.parametrize("value", [-1e4, -100.0, 0.0, 100.0, 1e4])
def test_every_parameter_is_in_its_range_however_extreme_the_raw_numbers(value: float) -> None:
    sizes = HeadSizes(2, 1, 3, 1)
    raw = np.full((1, sizes.total), value)
    raw[0, ::2] *= -1
    heads = split_heads(raw, sizes)
    assert all(np.isfinite(part).all() for part in heads)
    for part, low, high in ((heads.key, -1, 1), (heads.gate, 0, 1), (heads.erase, 0, 1), (heads.add, -1, 1)):
        assert np.min(part) >= low
        assert np.max(part) <= high
    assert np.min(heads.strength) >= 0
    assert np.min(heads.sharpening) >= 1
    np.testing.assert_allclose(np.sum(heads.shift, axis=-1), 1.0, rtol=1e-6)


@few
@given(sizes_of_heads)
def test_the_sizes_add_up_to_the_references(sizes: HeadSizes) -> None:
    assert (sizes.total,) == reference_sizes(sizes).parameter_shapes()["head_bias"]
    assert sizes.shifts == 2 * sizes.shift_range + 1
    assert sizes.heads == sizes.read_heads + sizes.write_heads


def test_a_raw_vector_of_another_length_or_rank_is_refused() -> None:
    sizes = HeadSizes(1, 1, 2, 1)
    with pytest.raises(ValueError, match=rf"raw must have {sizes.total} entries .*Received shape: \(2, 7\)"):
        split_heads(np.zeros((2, 7)), sizes)
    with pytest.raises(ValueError, match=r"raw must have shape \[B, P\]. Received shape: \(20,\)"):
        split_heads(np.zeros(20), sizes)
    with pytest.raises(ValueError, match=r"sizes must be HeadSizes. Received: 3"):
        split_heads(np.zeros((2, 7)), 3)
