"""Run a recurrent step over a sequence, forwards and backwards, at a cost that a memory machine can afford.

`scan` is the plain loop. `unroll` is the same loop with its own backward pass: it keeps the states between the steps,
computes each step a second time when its gradient is due, and leaves the gradient of every weight matrix to one product
after the loop. TensorFlow's gradient of a loop keeps every intermediate and updates every matrix at every step.

The loops are TensorFlow's own, so the library compiles with `autograph=False`: rewriting its source and that of Keras
would take most of the time before the first step.

A step is a function `step(affine, inputs, state) -> (output, state)`. All its weights are reached through
`affine(index, vectors)`, which returns `vectors @ kernel + bias` for the pair `weights[index]`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

LARGEST_GRADIENT = 1e6
"""What `unroll` hands back from one step to the one before is cut at this size, either way.

Over a hundred steps a gradient can grow past the largest float32, and one infinity makes every weight NaN. Healthy
training stays far below (norms of 1e5 are seen), so this changes only what would have been lost.
"""

Affine = Callable[[int, tf.Tensor], tf.Tensor]
Weights = Sequence[tuple[tf.Tensor, tf.Tensor]]
Step = Callable[[Affine, tf.Tensor, Any], tuple[Any, Any]]


@tf.custom_gradient
def affine(vectors: tf.Tensor, kernel: tf.Tensor, bias: tf.Tensor) -> Any:
    """Return `vectors @ kernel + bias` in float32, for `[M, X]`, `[X, Y]` and `[Y]`.

    The product runs in the dtype of the kernel, which is half precision under a mixed policy.
    """
    lowered = tf.cast(vectors, kernel.dtype)

    def gradient(upstream: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        lowered_upstream = tf.cast(upstream, kernel.dtype)
        to_vectors = tf.cast(tf.matmul(lowered_upstream, kernel, transpose_b=True), tf.float32)
        return to_vectors, *_weight_gradients(lowered, lowered_upstream)

    return tf.cast(tf.matmul(lowered, kernel) + bias, tf.float32), gradient


def scan(step: Step, weights: Weights, inputs: tf.Tensor, state: Any) -> tuple[Any, Any]:
    """Return the outputs of all steps, stacked on a new first axis, and the last state.

    Args:
        step: see the module's text.
        weights: the pairs of kernel `[X, Y]` and bias `[Y]` that `step` reaches through `affine`.
        inputs: `[T, B, I]`, time first, with T of at least 1.
        state: any nest of tensors, each with the batch as its first axis.

    Returns:
        `(outputs, state)`: the nest that `step` returns as its output, each tensor `[T, ...]`, and the state after T.
    """
    steps = tf.shape(inputs)[0]

    def use(index: int, vectors: tf.Tensor) -> tf.Tensor:
        return affine(vectors, *weights[index])

    template, _ = step(use, inputs[0], state)  # for its structure: the values are pruned from the graph
    arrays = [tf.TensorArray(part.dtype, steps, element_shape=part.shape) for part in tf.nest.flatten(template)]

    def body(time: tf.Tensor, state: Any, arrays: list[tf.TensorArray]) -> Any:
        output, state = step(use, inputs[time], state)
        return time + 1, state, _write(arrays, time, tf.nest.flatten(output))

    _, state, arrays = tf.while_loop(lambda time, *_: time < steps, body, (0, state, arrays))
    return tf.nest.pack_sequence_as(template, [array.stack() for array in arrays]), state


def unroll(step: Step, weights: Weights, inputs: tf.Tensor, state: Any) -> tf.Tensor:
    """Return the outputs of all steps like `scan`, with a backward pass of its own.

    Args:
        step: as for `scan`; its output is one tensor `[B, D]`, and `affine` is called once for each pair of weights.
        weights: as for `scan`.
        inputs: `[T, B, I]`; T is static if this is compiled by XLA.
        state: as for `scan`.

    Returns:
        `[T, B, D]`. Its gradient reaches `inputs`, `state` and `weights`.
    """
    pairs = len(weights)

    @tf.custom_gradient
    def run(inputs: tf.Tensor, *flat: tf.Tensor) -> Any:
        kernels, biases, states = flat[:pairs], flat[pairs : 2 * pairs], list(flat[2 * pairs :])
        local_weights = list(zip(kernels, biases, strict=True))

        def remember(use: Affine, vectors: tf.Tensor, before: Any) -> tuple[Any, Any]:
            products: dict[int, tf.Tensor] = {}

            def noted(index: int, vectors: tf.Tensor) -> tf.Tensor:
                products[index] = use(index, vectors)
                return products[index]

            output, after = step(noted, vectors, before)
            return (output, before, products), after

        (outputs, before, products), _ = scan(remember, local_weights, inputs, tf.nest.pack_sequence_as(state, states))

        def gradient(upstream: tf.Tensor) -> tuple[tf.Tensor, ...]:
            return _backward(step, local_weights, inputs, before, products, upstream)

        return outputs, gradient

    kernels, biases = zip(*weights, strict=True)
    return run(inputs, *kernels, *biases, *tf.nest.flatten(state))


def _backward(
    step: Step, weights: Weights, inputs: tf.Tensor, before: Any, products: dict[int, tf.Tensor], upstream: tf.Tensor
) -> tuple[Any, ...]:
    """Return the gradients of `inputs`, all kernels, all biases and the first state, given the states `before`."""
    steps, batch = tf.shape(inputs)[0], tf.shape(inputs)[1]
    # The gradient of a kernel needs what entered the product and what came back: both are kept for after the loop.
    entering = [tf.TensorArray(tf.float32, steps) for _ in weights]
    returning = [tf.TensorArray(tf.float32, steps) for _ in weights]
    to_inputs = tf.TensorArray(inputs.dtype, steps, element_shape=inputs.shape[1:])

    transposed = [tf.transpose(kernel) for kernel, _ in weights]  # once, not at every step

    def body(time: tf.Tensor, to_state: Any, to_inputs: Any, entering: Any, returning: Any) -> Any:
        now = tf.nest.map_structure(lambda saved: saved[time], before)
        taps = [tf.zeros([batch, kernel.shape[1]]) for kernel, _ in weights]
        seen: dict[int, tf.Tensor] = {}

        def tapped(index: int, vectors: tf.Tensor) -> tf.Tensor:
            seen[index] = vectors
            return _recalled(vectors, products[index][time], transposed[index]) + taps[index]

        with tf.GradientTape() as tape:
            sources = (inputs[time], now, taps)
            tape.watch(sources)
            targets = step(tapped, *sources[:2])
        to_input, to_state, to_taps = tape.gradient(
            targets, sources, output_gradients=(upstream[time], to_state), unconnected_gradients="zero"
        )
        to_state = tf.nest.map_structure(_cut, to_state)
        entering = _write(entering, time, [seen[index] for index in range(len(weights))])
        return time - 1, to_state, to_inputs.write(time, to_input), entering, _write(returning, time, to_taps)

    to_state = tf.nest.map_structure(lambda saved: tf.zeros_like(saved[0]), before)
    start = (steps - 1, to_state, to_inputs, entering, returning)
    _, to_state, to_inputs, entering, returning = tf.while_loop(lambda time, *_: time >= 0, body, start)
    gradients = [
        _weight_gradients(_rows(arrived, kernel.shape[0], kernel.dtype), _rows(back, kernel.shape[1], kernel.dtype))
        for (kernel, _), arrived, back in zip(weights, entering, returning, strict=True)
    ]
    to_kernels, to_biases = zip(*gradients, strict=True)
    return to_inputs.stack(), *to_kernels, *to_biases, *tf.nest.flatten(to_state)


def _cut(gradient: tf.Tensor) -> tf.Tensor:
    return tf.clip_by_value(gradient, -LARGEST_GRADIENT, LARGEST_GRADIENT)


def _recalled(vectors: tf.Tensor, product: tf.Tensor, transposed: tf.Tensor) -> tf.Tensor:
    """Return the product of `vectors` and a kernel that was computed before; only its gradient is computed now."""

    @tf.custom_gradient
    def recall(_: tf.Tensor) -> Any:
        def gradient(upstream: tf.Tensor) -> tf.Tensor:
            return tf.cast(tf.matmul(tf.cast(upstream, transposed.dtype), transposed), tf.float32)

        return tf.identity(product), gradient

    return recall(vectors)


def _rows(array: tf.TensorArray, width: int, dtype: tf.DType) -> tf.Tensor:
    """Return what was written at all steps as `[T * B, width]`."""
    return tf.cast(tf.reshape(array.stack(), [-1, width]), dtype)


def _weight_gradients(vectors: tf.Tensor, upstream: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Return the gradients of kernel `[X, Y]` and bias `[Y]` from what entered, `[M, X]`, and what came back, `[M, Y]`.

    The bias takes a product with ones: the equivalent sum over rows costs XLA on a CPU milliseconds.
    """
    to_bias = tf.matmul(tf.ones_like(vectors[:, :1]), upstream, transpose_a=True)
    return tf.matmul(vectors, upstream, transpose_a=True), tf.reshape(to_bias, [-1])


def _write(arrays: list[tf.TensorArray], time: tf.Tensor, values: Sequence[tf.Tensor]) -> list[tf.TensorArray]:
    return [array.write(time, value) for array, value in zip(arrays, values, strict=True)]
