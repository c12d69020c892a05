"""Checks of what a caller passes in: every public function says what it received and what it expected."""

from __future__ import annotations

import difflib
import math
import operator
from collections.abc import Sequence
from typing import Any

import numpy as np


def positive_integer(name: str, value: Any, minimum: int = 1) -> int:
    """Return `value` as an int, or raise `ValueError` if it is not a whole number of at least `minimum`."""
    try:
        number = operator.index(value)
    except TypeError:
        number = minimum - 1
    if isinstance(value, bool) or number < minimum:
        raise ValueError(f"{name} must be a whole number of at least {minimum}. Received: {value!r}")
    return number


def non_negative_number(name: str, value: Any) -> float:
    """Return `value` as a float, or raise `ValueError` if it is not a finite real number of at least 0."""
    real = isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
    if not real or not 0 <= float(value) < math.inf:
        raise ValueError(f"{name} must be a finite number of at least 0. Received: {value!r}")
    return float(value)


def choice(name: str, value: Any, choices: Sequence[str]) -> str:
    """Return `value` if it is one of `choices`, or raise `ValueError` naming them all, and the nearest."""
    if not isinstance(value, str) or value not in choices:
        hint = nearest(value, choices) if isinstance(value, str) else ""
        raise ValueError(f"{name} must be one of {', '.join(map(repr, choices))}. Received: {value!r}{hint}")
    return str(value)


def nearest(value: str, choices: Sequence[str]) -> str:
    """Return ". Did you mean 'x' or 'y'?" with the choices that are written nearly like `value`; "" without any."""
    near = difflib.get_close_matches(value, choices, n=2)
    return f". Did you mean {' or '.join(map(repr, near))}?" if near else ""


def array(name: str, value: Any, *shapes: str, dtype: Any = None) -> np.ndarray:
    """Return `value` as a finite NumPy array of real numbers with the rank of one of `shapes`, like "[B, T, I]".

    It must be finite in `dtype` too, if one is given: 1e300 is no float32.
    """
    try:
        result = np.asarray(value)
    except ValueError as error:  # rows of different lengths
        raise ValueError(f"{name} must be an array of real numbers. Received: {value!r}") from error
    _real_numbers(name, result.dtype)
    rank(name, result.shape, *shapes)
    _finite(name, result)
    if dtype is not None:
        with np.errstate(over="ignore"):
            result = result.astype(dtype)
        _finite(name, result)
    return result


def tensor(name: str, value: Any, *shapes: str, dtype: Any = None) -> Any:
    """Return `value` as a TensorFlow tensor with the rank of one of `shapes`, if any are given.

    It is of `dtype`, or if that is not given float64 for a tensor of float64 and float32 for everything else: half
    precision cannot hold the epsilons of `ntm_lib.numerics`. A concrete value must be finite as well; inside a traced
    function there is no value to look at yet.
    """
    import tensorflow as tf

    try:
        result = tf.convert_to_tensor(value)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must be an array of real numbers. Received: {value!r}") from error
    _real_numbers(name, result.dtype.as_numpy_dtype)
    if dtype is None:
        dtype = tf.float64 if tf.is_tensor(value) and result.dtype == tf.float64 else tf.float32
    result = tf.cast(result, dtype)
    if result.shape.rank is not None:
        rank(name, tuple(result.shape), *shapes)
    if tf.executing_eagerly():
        _finite(name, result.numpy())
    return result


def rank(name: str, shape: Sequence[int | None], *shapes: str) -> None:
    """Raise `ValueError` unless `shape` has as many axes as one of `shapes`, written like "[B, N, W]"."""
    ranks = [0 if text == "[]" else text.count(",") + 1 for text in shapes]
    if shapes and len(shape) not in ranks:
        expected = " or ".join("one number" if text == "[]" else text for text in shapes)
        raise ValueError(f"{name} must have shape {expected}. Received shape: {tuple(shape)}")


def size(name: str, value: Any, axis: int, expected: int | None, meaning: str) -> None:
    """Raise `ValueError` unless axis `axis` of `value` has `expected` entries; an unknown size passes."""
    received = value.shape[axis]
    if received is not None and expected is not None and received != expected:
        raise ValueError(
            f"{name} must have {expected} entries ({meaning}) on axis {axis}. Received shape: {tuple(value.shape)}"
        )


def leading(name: str, value: Any, other: Any, meaning: str, axes: int = 1) -> None:
    """Raise `ValueError` if one of the first `axes` axes of `value` differs from that of `other` and neither is 1."""
    for axis in range(axes):
        received, expected = value.shape[axis], other.shape[axis]
        if received != 1 and expected != 1:
            size(name, value, axis, expected, meaning)


def _real_numbers(name: str, dtype: Any) -> None:
    # NumPy knows bfloat16 only as an opaque type of kind "V".
    if np.dtype(dtype).kind not in "fiub" and "bfloat16" not in str(dtype):
        raise ValueError(f"{name} must hold real numbers. Received dtype: {np.dtype(dtype).name}")


def _finite(name: str, values: np.ndarray) -> None:
    if values.dtype.kind != "f" or np.isfinite(values).all():
        return
    place = tuple(int(i) for i in np.argwhere(~np.isfinite(values))[0])
    raise ValueError(f"{name} must be finite. Received {values[place]} at index {place} of shape {values.shape}")
