"""The safe forms: how far they are from the formulas, and that nothing is NaN where the formulas are."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from machines import check_gradient

from ntm_lib import numerics, reference

few = settings(max_examples=25)


def test_the_reference_uses_the_same_epsilons() -> None:
    assert numerics.NORM_EPSILON == reference.NORM_EPSILON
    assert numerics.WEIGHT_EPSILON == reference.SHARPEN_EPSILON


@few
@given(st.integers(0, 2**31), st.floats(-3, 3))
def test_the_norm_is_the_root_of_the_sum_of_squares_and_epsilon(seed: int, magnitude: float) -> None:
    x = np.random.default_rng(seed).normal(size=(3, 4)) * 10.0**magnitude
    expected = np.sqrt((x**2).sum(axis=-1, keepdims=True) + 1e-6)
    np.testing.assert_allclose(numerics.norm(tf.constant(x)), expected, rtol=1e-14)
    np.testing.assert_allclose(numerics.norm(tf.constant(x.T), axis=0), expected.T, rtol=1e-14)
    np.testing.assert_allclose(numerics.unit(tf.constant(x)), x / expected, rtol=1e-14)


def test_the_docstring_of_norm_tells_the_truth() -> None:
    assert float(numerics.norm(tf.constant([0.6, 0.8], tf.float64))[0]) - 1.0 == pytest.approx(5e-7, rel=1e-3)
    assert float(numerics.norm(tf.zeros([3]))[0]) == pytest.approx(0.001)


@few
@given(st.integers(0, 2**31), st.integers(2, 9), st.floats(1, 40))
def test_power_normalise_is_the_formula_where_the_formula_works(seed: int, slots: int, exponent: float) -> None:
    weights = np.random.default_rng(seed).dirichlet(np.ones(slots))
    powers = (weights / weights.max()) ** exponent
    result = numerics.power_normalise(tf.constant(weights), tf.constant(exponent, tf.float64))
    np.testing.assert_allclose(result, powers / powers.sum(), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("slots", [2, 128, 1024])
@pytest.mark.parametrize("exponent", [1.0, 20.0, 1e3, 1e6])
def test_power_normalise_of_uniform_weights_stays_uniform_where_the_formula_is_nan(slots: int, exponent: float) -> None:
    uniform = tf.fill([slots], 1.0 / slots)
    result = numerics.power_normalise(uniform, tf.constant(exponent))
    np.testing.assert_allclose(result, uniform, rtol=1e-5)


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("dtype", [tf.float32, tf.float64])
def test_gradients_at_zero_are_finite(dtype: Any, compiled: bool) -> None:
    def gradients(vector: tf.Tensor, weights: tf.Tensor) -> Any:
        with tf.GradientTape() as tape:
            tape.watch([vector, weights])
            total = tf.reduce_sum(numerics.unit(vector)) + numerics.power_normalise(weights, 50.0)[0]
        return tape.gradient(total, [vector, weights])

    run = tf.function(gradients, jit_compile=True) if compiled else gradients
    for part in run(tf.zeros([4], dtype), tf.constant([0.0, 0.0, 1.0], dtype)):
        assert np.isfinite(part).all()


@pytest.mark.parametrize("compiled", [False, True])
def test_gradients_agree_with_central_differences_also_at_zero(compiled: bool) -> None:
    rng = np.random.default_rng(0)
    vectors = {"anywhere": [rng.normal(size=(2, 3))], "zero": [np.zeros((2, 3))]}
    check_gradient(lambda x: numerics.unit(x), vectors, step=1e-7, compiled=compiled)
    weights = {"anywhere": [rng.dirichlet(np.ones(5), size=2), np.array([[3.0], [20.0]])]}
    check_gradient(numerics.power_normalise, weights, compiled=compiled)


def test_the_gradient_at_a_weight_of_zero_is_the_one_sided_derivative_of_the_formula() -> None:
    """w^g / sum w^g at (0, 1/4, 3/4): moving the first weight matters for an exponent of 1 and not for 2."""
    weights = tf.constant([0.0, 0.25, 0.75], tf.float64)
    for exponent, expected in ((1.0, [1.0, -0.25, -0.75]), (2.0, [0.0, 0.0, 0.0])):
        with tf.GradientTape() as tape:
            tape.watch(weights)
            result = numerics.power_normalise(weights, tf.constant(exponent, tf.float64))
        np.testing.assert_allclose(tape.jacobian(result, weights)[:, 0], expected, atol=1e-6)
