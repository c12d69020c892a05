"""Small machines, random numbers and comparisons that several test modules share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ntm_lib import NeuralTuringMachine, reference

SIZES: dict[str, Any] = {"num_inputs": 3, "num_outputs": 2, "memory_size": 6, "memory_vector_dim": 4, "units": 5}
"""No two axes of the same length, so that a mixed-up axis cannot go unnoticed."""

MANY_HEADS: dict[str, Any] = {"read_heads": 2, "write_heads": 3, "shift_range": 2}


def small(seed: int = 0, scale: float = 0.4, **changes: Any) -> NeuralTuringMachine:
    """A machine of `SIZES` with normal weights, biases included: none of its numbers is 0 or 1 by accident."""
    keras.utils.set_random_seed(seed)
    return randomised(NeuralTuringMachine(**(SIZES | changes)), seed, scale)


def randomised(model: Any, seed: int = 0, scale: float = 0.4) -> Any:
    rng = np.random.default_rng(seed)
    for variable in model.trainable_variables:
        variable.assign(rng.normal(0.0, scale, variable.shape))
    return model


def batch(size: int = 3, steps: int = 5, seed: int = 0, channels: int = SIZES["num_inputs"]) -> np.ndarray:
    """Inputs `[B, T, I]`."""
    return np.random.default_rng(seed).normal(size=(size, steps, channels)).astype(np.float32)


def answers(size: int = 3, steps: int = 5, seed: int = 1, channels: int = SIZES["num_outputs"]) -> np.ndarray:
    """Targets `[B, T, O]`."""
    return np.random.default_rng(seed).integers(0, 2, size=(size, steps, channels)).astype(np.float32)


def as_reference(model: NeuralTuringMachine) -> reference.Parameters:
    """The same machine as plain loops in float64."""
    controller, heads = model.cell.controller, model.cell.heads
    sizes = reference.Sizes(
        model.num_inputs,
        model.num_outputs,
        model.memory_size,
        model.memory_vector_dim,
        controller.units,
        heads.read_heads,
        heads.write_heads,
        heads.shift_range,
        controller.kind,
    )
    return reference.Parameters(
        sizes,
        *(
            variable.numpy().astype(np.float64)
            for variable in (
                controller.kernel,
                controller.bias,
                controller.head_kernel,
                controller.head_bias,
                controller.output_kernel,
                controller.output_bias,
            )
        ),
    )


def reference_state(model: NeuralTuringMachine) -> reference.State:
    """Where one sequence starts."""
    start, heads = model.cell.initial_state(1), model.cell.heads
    weights = start.weights[0].numpy().astype(float)
    return reference.initial_state(as_reference(model).sizes)._replace(
        memory=start.memory[0].numpy().T.astype(float),
        read_weights=weights[: heads.read_heads],
        write_weights=weights[heads.read_heads :],
    )


def check_gradient(
    function: Callable[..., tf.Tensor],
    cases: Mapping[str, Sequence[np.ndarray]],
    *,
    step: float = 1e-6,
    tolerance: float = 1e-5,
    compiled: bool = False,
) -> None:
    """Compare the gradient of a random projection of `function`, float64, with central differences in each number.

    All cases have arguments of the same shapes, so that they need one program.
    """
    first = [tf.constant(argument, tf.float64) for argument in next(iter(cases.values()))]
    projection = np.random.default_rng(7).normal(size=function(*first).shape)

    @tf.function
    def value(*parts: tf.Tensor) -> tf.Tensor:
        return tf.reduce_sum(function(*parts) * projection)

    @tf.function(jit_compile=compiled)
    def gradient(*parts: tf.Tensor) -> list[tf.Tensor]:
        with tf.GradientTape() as tape:
            tape.watch(parts)
            result = value(*parts)
        return tape.gradient(result, parts, unconnected_gradients="zero")

    for name, case in cases.items():
        arguments = [np.array(argument, np.float64) for argument in case]
        computed = gradient(*map(tf.constant, arguments))
        for place, argument in enumerate(arguments):
            expected = np.zeros(argument.shape)
            for index in np.ndindex(argument.shape):
                sides = []
                for sign in (1, -1):
                    moved = [part.copy() for part in arguments]
                    moved[place][index] += sign * step
                    sides.append(float(value(*map(tf.constant, moved))))
                expected[index] = (sides[0] - sides[1]) / (2 * step)
            size = max(1.0, np.abs(expected).max())
            message = f"{name}, argument {place}"
            np.testing.assert_allclose(computed[place], expected, rtol=0, atol=tolerance * size, err_msg=message)
