"""Bits, wrong bits and whole sequences against the reference and by hand; the loss inside Keras."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from machines import check_gradient

from ntm_lib import BitsPerSequence, bit_errors, bits_per_sequence, reference, sequence_accuracy

few = settings(max_examples=25)


def case(seed: int, scale: float = 3.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    shape = tuple(rng.integers(1, 5, size=3))
    return rng.integers(0, 2, shape), rng.normal(size=shape) * scale, rng.integers(0, 2, shape[:2])


@few
@given(st.integers(0, 2**31), st.sampled_from([0.1, 3.0, 1e3]), st.booleans())
def test_bits_are_the_references(seed: int, scale: float, masked: bool) -> None:
    targets, logits, mask = case(seed, scale)
    given_mask = mask if masked else None
    expected = reference.bits_per_sequence(targets, logits, given_mask)
    assert float(bits_per_sequence(targets, logits, given_mask)) == pytest.approx(expected, rel=1e-5, abs=1e-6)
    exact = bits_per_sequence(targets, tf.constant(logits, tf.float64), given_mask)
    assert float(exact) == pytest.approx(expected, rel=1e-12)
    assert float(BitsPerSequence()(targets, logits, given_mask)) == pytest.approx(expected, rel=1e-5, abs=1e-6)


def test_knowing_nothing_costs_one_bit_for_each_bit_asked() -> None:
    targets = np.random.default_rng(0).integers(0, 2, (3, 5, 8))
    assert float(bits_per_sequence(targets, np.zeros(targets.shape))) == pytest.approx(40.0)
    mask = np.array([[0, 1, 1, 0, 0]] * 3)
    assert float(bits_per_sequence(targets, np.zeros(targets.shape), mask)) == pytest.approx(16.0)


def test_being_sure_and_right_costs_nothing_and_sure_and_wrong_much() -> None:
    assert float(bits_per_sequence([[[1.0, 0.0]]], [[[1e4, -1e4]]])) == 0.0
    assert float(bits_per_sequence([[[0.0]]], [[[1e4]]])) == pytest.approx(1e4 / math.log(2), rel=1e-6)


def test_padding_changes_nothing_under_the_mask() -> None:
    targets, logits, mask = case(1)
    padded = [np.pad(part, [(0, 0), (0, 3), (0, 0)], constant_values=1) for part in (targets, logits)]
    longer = np.pad(mask, [(0, 0), (0, 3)])
    for measure in (bits_per_sequence, bit_errors, sequence_accuracy):
        np.testing.assert_allclose(measure(*padded, longer), measure(targets, logits, mask), rtol=1e-6)


def test_wrong_bits_and_whole_sequences_by_hand() -> None:
    targets = np.array([[[1, 0], [1, 1]], [[0, 0], [1, 0]], [[0, 0], [0, 0]]])
    logits = np.array([[[2, -0.1], [-3, -1]], [[-1, -1], [0.1, -1]], [[-1, -0.1], [0.1, 1]]])
    np.testing.assert_array_equal(bit_errors(targets, logits), [2, 0, 2])
    np.testing.assert_array_equal(bit_errors(targets, logits, [[1, 0], [1, 1], [0, 1]]), [0, 0, 2])
    assert float(sequence_accuracy(targets, logits)) == pytest.approx(1 / 3)
    assert float(sequence_accuracy(targets, logits, [[1, 0], [1, 1], [0, 1]])) == pytest.approx(2 / 3)


def test_the_gradient_of_the_bits() -> None:
    targets, logits, mask = case(3)
    cases = {"anywhere": [logits], "sure": [logits * 100]}
    check_gradient(lambda z: bits_per_sequence(targets, z, mask), cases, tolerance=1e-6)


def test_the_loss_goes_through_a_configuration() -> None:
    again = keras.losses.deserialize(keras.losses.serialize(BitsPerSequence(name="bits")))
    assert isinstance(again, BitsPerSequence)
    assert again.name == "bits"


GOOD, MASK = np.zeros((2, 3, 4)), np.ones((2, 3))
WRONG: dict[str, tuple[Callable[[Any], Any], str]] = {
    "targets of rank 2": (lambda f: f(GOOD[0], GOOD), r"targets must have shape \[B, T, O\]. Received shape: \(3, 4\)"),
    "logits of rank 2": (lambda f: f(GOOD, GOOD[0]), r"logits must have shape \[B, T, O\]. Received shape: \(3, 4\)"),
    "another batch": (lambda f: f(GOOD[:1], GOOD), r"targets must have 2 entries .*\(1, 3, 4\)"),
    "other steps": (lambda f: f(GOOD[:, :2], GOOD), r"targets must have 3 entries .*\(2, 2, 4\)"),
    "other outputs": (lambda f: f(GOOD[..., :3], GOOD), r"targets must have 4 entries .*\(2, 3, 3\)"),
    "mask of rank 3": (lambda f: f(GOOD, GOOD, GOOD), r"mask must have shape \[B, T\]. Received shape: \(2, 3, 4\)"),
    "mask of other steps": (lambda f: f(GOOD, GOOD, MASK[:, :2]), r"mask must have 3 entries .*\(2, 2\)"),
    "nan in logits": (lambda f: f(GOOD, GOOD * np.nan), r"logits must be finite. Received nan at index \(0, 0, 0\)"),
    "nan in targets": (lambda f: f(GOOD * np.nan, GOOD), r"targets must be finite. Received nan"),
    "targets above 1": (lambda f: f(GOOD + 7, GOOD), r"targets must be between 0 and 1. Received: "),
    "inf in mask": (lambda f: f(GOOD, GOOD, MASK * np.inf), r"mask must be finite. Received inf"),
    "targets of text": (lambda f: f(np.full((2, 3, 4), "a"), GOOD), r"targets must hold real numbers"),
    "complex logits": (lambda f: f(GOOD, GOOD * 1j), r"logits must hold real numbers. Received dtype: complex128"),
}


@pytest.mark.parametrize("measure", [bits_per_sequence, bit_errors, sequence_accuracy, BitsPerSequence()])
@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_argument_is_named_with_what_came(measure: Any, name: str) -> None:
    call, message = WRONG[name]
    with pytest.raises(ValueError, match=message):
        call(measure)
