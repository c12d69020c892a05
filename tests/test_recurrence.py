"""The loop over time: `scan` against a Python loop, `unroll`'s own backward pass against TensorFlow's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from ntm_lib.recurrence import LARGEST_GRADIENT, affine, scan, unroll


def toy_step(use: Any, inputs: tf.Tensor, state: Any) -> tuple[tf.Tensor, Any]:
    """A recurrent step with two pairs of weights, a nested state, and a part of the state that nothing changes."""
    hidden, (memory, fixed) = state
    hidden = tf.tanh(use(0, tf.concat([inputs, hidden], axis=-1)))
    memory = memory * 0.5 + use(1, hidden)[:, :, tf.newaxis] * fixed
    return tf.concat([hidden, memory[:, :, 0]], axis=-1), (hidden, (memory, fixed))


def toy(steps: int = 4, batch: int = 2) -> tuple[Any, tf.Tensor, Any]:
    """Weights, inputs `[T, B, 3]` and state."""
    rng = np.random.default_rng(0)

    def numbers(*shape: int) -> tf.Tensor:
        return tf.constant(rng.normal(size=shape), tf.float32)

    weights = [(numbers(7, 4), numbers(4)), (numbers(4, 2), numbers(2))]
    return weights, numbers(steps, batch, 3), (numbers(batch, 4), (numbers(batch, 2, 5), numbers(batch, 1, 5)))


def flat(weights: Any, inputs: tf.Tensor, state: Any) -> list[tf.Tensor]:
    return [*tf.nest.flatten(weights), inputs, *tf.nest.flatten(state)]


def python_loop(weights: Any, inputs: tf.Tensor, state: Any) -> tuple[tf.Tensor, Any]:
    outputs = []
    for x in tf.unstack(inputs):
        output, state = toy_step(lambda i, v: v @ weights[i][0] + weights[i][1], x, state)
        outputs.append(output)
    return tf.stack(outputs), state


def gradients(run: Any, compiled: bool = False, steps: int = 4) -> tuple[tf.Tensor, list[tf.Tensor]]:
    """Outputs and the gradient of a random projection of them by weights, inputs and first state."""
    weights, inputs, state = toy(steps)
    projection = np.random.default_rng(3).normal(size=(steps, 2, 6)).astype(np.float32)

    @tf.function(jit_compile=compiled)
    def value(weights: Any, inputs: tf.Tensor, state: Any) -> Any:
        sources = flat(weights, inputs, state)
        with tf.GradientTape() as tape:
            tape.watch(sources)
            outputs = run(weights, inputs, state)
            loss = tf.reduce_sum(outputs * projection)
        return outputs, tape.gradient(loss, sources, unconnected_gradients="zero")

    return value(weights, inputs, state)


def test_affine_is_a_product_and_a_sum_and_so_is_its_gradient() -> None:
    rng = np.random.default_rng(0)
    sources = [tf.constant(rng.normal(size=shape), tf.float32) for shape in ((5, 3), (3, 2), (2,))]
    upstream = tf.constant(rng.normal(size=(5, 2)), tf.float32)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(sources)
        ours, plain = affine(*sources), sources[0] @ sources[1] + sources[2]
    np.testing.assert_allclose(ours, plain, atol=1e-6)
    pairs = zip(
        tape.gradient(ours, sources, output_gradients=upstream),
        tape.gradient(plain, sources, output_gradients=upstream),
        strict=True,
    )
    for one, other in pairs:
        np.testing.assert_allclose(one, other, atol=1e-5)


@pytest.mark.parametrize("half", [tf.float16, tf.bfloat16])
def test_affine_computes_in_the_dtype_of_the_kernel_and_returns_float32(half: Any) -> None:
    kernel, bias = tf.constant([[1.0], [1.0]], half), tf.constant([0.0], half)
    result = affine(tf.constant([[1.0, 2.0**-14]]), kernel, bias)
    assert result.dtype == tf.float32
    assert float(result[0, 0]) == 1.0  # 1 + 2^-14 has no place in half precision


@pytest.mark.parametrize("steps", [1, 5])
def test_scan_is_a_python_loop(steps: int) -> None:
    weights, inputs, state = toy(steps)
    outputs, last = scan(toy_step, weights, inputs, state)
    expected, expected_last = python_loop(weights, inputs, state)
    np.testing.assert_allclose(outputs, expected, atol=1e-5)
    for one, other in zip(tf.nest.flatten(last), tf.nest.flatten(expected_last), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


@pytest.mark.parametrize("compiled", [False, True], ids=["traced", "compiled"])
@pytest.mark.parametrize("steps", [1, 4])
def test_the_own_backward_pass_is_tensorflows(steps: int, compiled: bool) -> None:
    """Of weights, inputs and first state, and of the state that only passes through."""
    outputs, ours = gradients(lambda *parts: unroll(toy_step, *parts), compiled, steps)
    expected, theirs = gradients(lambda *parts: python_loop(*parts)[0], False, steps)
    np.testing.assert_allclose(outputs, expected, atol=1e-5)
    for place, (one, other) in enumerate(zip(ours, theirs, strict=True)):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-4, err_msg=f"source {place}")
        assert np.abs(other).max() > 1e-3, "a gradient of zero would prove nothing"


def test_the_gradient_of_scan_is_tensorflows() -> None:
    _, ours = gradients(lambda *parts: scan(toy_step, *parts)[0])
    _, theirs = gradients(lambda *parts: python_loop(*parts)[0])
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-4)


def test_one_trace_of_scan_serves_every_length_and_batch() -> None:
    weights, _, _ = toy()
    spec = [tf.TensorSpec([None, None, 3])]

    @tf.function(input_signature=spec)
    def run(inputs: tf.Tensor) -> tf.Tensor:
        batch = tf.shape(inputs)[1]
        return scan(
            toy_step, weights, inputs, (tf.zeros([batch, 4]), (tf.ones([batch, 2, 5]), tf.ones([batch, 1, 5])))
        )[0]

    for steps, batch in ((1, 1), (4, 2), (9, 3)):
        inputs = tf.random.stateless_normal([steps, batch, 3], [0, 0])
        state = (tf.zeros([batch, 4]), (tf.ones([batch, 2, 5]), tf.ones([batch, 1, 5])))
        np.testing.assert_allclose(run(inputs), python_loop(weights, inputs, state)[0], atol=1e-5)
    assert run.experimental_get_tracing_count() == 1


def test_a_gradient_that_grows_past_float32_stays_finite() -> None:
    """A hundred steps that each multiply by ten: 1e100 has no float32. The plain loop gives infinity, and NaN soon."""

    def growing(use: Any, inputs: tf.Tensor, state: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        return use(0, inputs) + state, 10.0 * (state - tf.stop_gradient(state))

    weights = [(tf.ones([1, 1]), tf.zeros([1]))]
    inputs, state = tf.ones([100, 1, 1]), tf.ones([1, 1])

    def gradient(run: Any) -> float:
        with tf.GradientTape() as tape:
            tape.watch(state)
            loss = tf.reduce_sum(run(growing, weights, inputs, state))
        return float(tape.gradient(loss, state)[0, 0])

    assert gradient(unroll) == LARGEST_GRADIENT
    assert gradient(lambda *arguments: scan(*arguments)[0]) == np.inf
