"""The checks of what a caller passes in: what passes, what does not, and that the message helps."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from ntm_lib import checks


@pytest.mark.parametrize("value", [1, 7, np.int64(3), np.array(5), 10**9])
def test_whole_positive_numbers_come_back_as_int(value: Any) -> None:
    result = checks.positive_integer("units", value)
    assert type(result) is int
    assert result == value


@pytest.mark.parametrize(
    "value", [0, -1, 1.0, 2.5, "3", None, True, False, np.True_, np.nan, [1], np.array([1, 2]), 1j]
)
def test_anything_else_is_refused_by_name_and_shown(value: Any) -> None:
    with pytest.raises(ValueError, match=r"^units must be a whole number of at least 1. Received: ") as caught:
        checks.positive_integer("units", value)
    assert repr(value) in str(caught.value)


def test_the_minimum_is_part_of_the_message() -> None:
    assert checks.positive_integer("shift_range", 0, minimum=0) == 0
    with pytest.raises(ValueError, match=r"shift_range must be a whole number of at least 0. Received: -1"):
        checks.positive_integer("shift_range", -1, minimum=0)


@pytest.mark.parametrize("value", [0, 0.0, 1, 0.25, np.float32(2.5), np.int64(3)])
def test_a_number_that_is_not_negative_comes_back_as_float(value: Any) -> None:
    result = checks.non_negative_number("penalty", value)
    assert type(result) is float
    assert result == value


@pytest.mark.parametrize("value", [-1, -1e-9, np.nan, np.inf, True, "1", None, [1.0], 1j])
def test_any_other_number_is_refused_by_name_and_shown(value: Any) -> None:
    with pytest.raises(ValueError, match=r"^penalty must be a finite number of at least 0. Received: ") as caught:
        checks.non_negative_number("penalty", value)
    assert repr(value) in str(caught.value)


def test_a_choice_is_one_of_those_named() -> None:
    assert checks.choice("controller", "lstm", ["lstm", "gru"]) == "lstm"
    for wrong in ("LSTM", "", None, 3):
        with pytest.raises(ValueError, match=r"controller must be one of 'lstm', 'gru'. Received: ") as caught:
            checks.choice("controller", wrong, ["lstm", "gru"])
        assert repr(wrong) in str(caught.value)


NOT_NUMBERS = {
    "strings": np.array([["a", "b"]]),
    "bytes": np.array([[b"a", b"b"]]),
    "complex": np.array([[1j, 2.0]]),
    "objects": np.array([[None, 1.0]], dtype=object),
    "ragged": [[1.0], [1.0, 2.0]],
    "nothing": None,
    "an object": object(),
}


@pytest.mark.parametrize("kind", NOT_NUMBERS)
@pytest.mark.parametrize("check", [checks.array, checks.tensor])
def test_what_is_not_made_of_real_numbers_is_refused_by_name(check: Any, kind: str) -> None:
    with pytest.raises(ValueError, match=r"^x must .*[Rr]eceived"):
        check("x", NOT_NUMBERS[kind], "[B, T]")


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("check", [checks.array, checks.tensor])
def test_the_first_value_that_is_not_finite_is_shown_with_its_index(check: Any, dtype: Any, bad: float) -> None:
    values = np.zeros((3, 4), dtype)
    values[1, 2] = values[2, 3] = bad
    with pytest.raises(ValueError, match=rf"x must be finite. Received {bad} at index \(1, 2\) of shape \(3, 4\)"):
        check("x", values)


@pytest.mark.parametrize("check", [checks.array, checks.tensor])
def test_the_rank_is_checked_against_every_shape_offered(check: Any) -> None:
    for shape in ((2, 3), (2, 3, 4)):
        assert tuple(check("w", np.zeros(shape), "[B, N]", "[B, R, N]").shape) == shape
    with pytest.raises(ValueError, match=r"w must have shape \[B, N\] or \[B, R, N\]. Received shape: \(5,\)"):
        check("w", np.zeros(5), "[B, N]", "[B, R, N]")
    with pytest.raises(ValueError, match=r"g must have shape one number or \[B\]. Received shape: \(1, 1\)"):
        check("g", [[1.0]], "[]", "[B]")


@pytest.mark.parametrize(
    ("value", "dtype"),
    [
        (tf.constant([1.0], tf.float64), tf.float64),
        (np.array([1.0]), tf.float32),
        ([1.0], tf.float32),
        ([1], tf.float32),
        (np.array([True, False]), tf.float32),
        (tf.constant([1.0], tf.float16), tf.float32),
        (tf.constant([1.0], tf.bfloat16), tf.float32),
        (tf.constant([1], tf.int64), tf.float32),
    ],
)
def test_float64_tensors_stay_and_the_rest_becomes_float32(value: Any, dtype: Any) -> None:
    assert checks.tensor("x", value).dtype == dtype


def test_a_given_dtype_wins() -> None:
    assert checks.tensor("x", np.array([1.0]), dtype=tf.float64).dtype == tf.float64
    assert checks.tensor("x", tf.constant([1.0], tf.float64), dtype=tf.float32).dtype == tf.float32


def test_numbers_beyond_float32_are_refused_and_not_turned_into_infinity() -> None:
    with pytest.raises(ValueError, match="x must be finite"):
        checks.tensor("x", np.array([1e300]))


def test_variables_and_keras_variables_pass() -> None:
    import keras

    assert checks.tensor("x", tf.Variable([1.0, 2.0])).shape == [2]
    assert checks.tensor("x", keras.Variable([1.0, 2.0])).shape == [2]


def test_inside_a_traced_function_the_rank_is_still_checked() -> None:
    traced = tf.function(lambda x: checks.tensor("x", x, "[B, T, I]"))
    assert traced(tf.zeros([1, 2, 3])).shape == [1, 2, 3]
    with pytest.raises(ValueError, match=r"x must have shape \[B, T, I\]. Received shape: \(1, 2\)"):
        traced(tf.zeros([1, 2]))


def test_a_size_that_does_not_fit_is_explained() -> None:
    checks.size("key", np.zeros((2, 3)), -1, 3, "the width")
    checks.size("key", np.zeros((2, 3)), -1, None, "an unknown size passes")
    with pytest.raises(ValueError, match=r"key must have 4 entries \(the width\) on axis -1. Received shape: \(2, 3\)"):
        checks.size("key", np.zeros((2, 3)), -1, 4, "the width")
