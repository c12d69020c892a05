"""The raw numbers of the controller become head parameters: order, ranges, sizes."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from ntm_lib import HeadParameters, HeadSizes, reference, split_heads
from ntm_lib.heads import start_bias

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


def test_heads_start_as_they_are_told() -> None:
    sizes = HeadSizes(2, 1, 3, 1)
    start = {"read": {"strength": 4.0, "gate": 2}, "write": {"gate": -3.0, "shift": [0, 0.5, 3.0], "sharpening": 2.0}}
    bias = start_bias(start, sizes)
    assert bias.shape == (sizes.total,)
    raw = split_heads(bias[np.newaxis], sizes)
    softplus = np.log1p(np.exp([4.0, 0.0, 2.0]))
    np.testing.assert_allclose(raw.strength[0], softplus[[0, 0, 1]], rtol=1e-5)
    np.testing.assert_allclose(raw.gate[0], 1 / (1 + np.exp([-2.0, -2.0, 3.0])), rtol=1e-5)
    np.testing.assert_allclose(raw.shift[0, 2], np.exp([0, 0.5, 3]) / np.exp([0, 0.5, 3]).sum(), rtol=1e-5)
    np.testing.assert_allclose(raw.shift[0, :2], np.full((2, 3), 1 / 3), rtol=1e-5)
    np.testing.assert_allclose(raw.sharpening[0, 2], 1 + softplus[2], rtol=1e-5)
    np.testing.assert_array_equal(raw.key, np.zeros((1, 3, 3)))
    np.testing.assert_array_equal(start_bias({}, sizes), np.zeros(sizes.total))


@pytest.mark.parametrize(
    ("start", "message"),
    [
        (3, r"head_start must be a mapping with keys among read, write. Received: 3"),
        ({"reads": {}}, r"the key of head_start must be .*Received: 'reads'"),
        ({"read": 1.0}, r"head_start\['read'\] must be a mapping with keys among strength, gate"),
        ({"read": {"strenght": 1.0}}, r"the key of head_start\['read'\] must be .*strength"),
        ({"read": {"gate": float("nan")}}, r"head_start\['read'\]\['gate'\] must be a finite number. Received: nan"),
        ({"read": {"gate": [1.0, 2.0]}}, r"must be a finite number. Received: \[1.0, 2.0\]"),
        ({"read": {"gate": "2"}}, r"must be a finite number. Received: '2'"),
        ({"write": {"shift": 3.0}}, r"must be 3 finite numbers. Received: 3.0"),
        ({"write": {"shift": [[1.0], [2.0, 3.0]]}}, r"must be 3 finite numbers"),
    ],
)
def test_a_start_that_is_none_is_refused(start: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        start_bias(start, HeadSizes(1, 1, 3, 1))
