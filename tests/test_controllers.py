"""The controller alone: its step against the reference, its weights at the start, what it refuses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
from machines import randomised

from ntm_lib import NTMController, reference

KINDS = ["lstm", "feed-forward"]


def controller(kind: str = "lstm", **changes: Any) -> NTMController:
    sizes = {"units": 5, "read_heads": 2, "write_heads": 1, "shift_range": 1}
    return NTMController(3, 2, 4, controller=kind, **(sizes | changes))


@pytest.mark.parametrize("kind", KINDS)
def test_one_step_is_the_references(kind: str) -> None:
    layer = randomised(controller(kind))
    rng = np.random.default_rng(1)
    x, reads, hidden, cell = (rng.normal(size=(3, size)) for size in (3, 8, 5, 5))
    kernel, bias = layer.kernel.numpy(), layer.bias.numpy()
    previous = [reads, hidden, cell] if kind == "lstm" else reads
    raw, state = layer(x, previous)
    for b in range(3):
        seen = np.concatenate([x[b], reads[b]])
        if kind == "lstm":
            expected, expected_cell = reference.lstm_step(seen, hidden[b], cell[b], kernel, bias)
            np.testing.assert_allclose(state[0][b], expected, atol=1e-6)
            np.testing.assert_allclose(state[1][b], expected_cell, atol=1e-6)
        else:
            expected = reference.feed_forward_step(seen, kernel, bias)
            assert state == []
        heads = reference.affine(expected, layer.head_kernel.numpy(), layer.head_bias.numpy())
        np.testing.assert_allclose(raw[b], heads, atol=1e-5)


def test_the_lstm_step_is_keras_own() -> None:
    layer, keras_cell = randomised(controller("lstm")), keras.layers.LSTMCell(5)
    keras_cell.build([None, 11])
    keras_cell.set_weights([*np.split(layer.kernel.numpy(), [11]), layer.bias.numpy()])
    rng = np.random.default_rng(1)
    x, reads, hidden, cell = (rng.normal(size=(3, size)).astype(np.float32) for size in (3, 8, 5, 5))
    _, (new_hidden, new_cell) = layer(x, [reads, hidden, cell])
    _, (expected_hidden, expected_cell) = keras_cell(np.concatenate([x, reads], axis=1), [hidden, cell])
    np.testing.assert_allclose(new_hidden, expected_hidden, atol=1e-6)
    np.testing.assert_allclose(new_cell, expected_cell, atol=1e-6)


def test_the_forget_gate_starts_open_and_all_other_biases_at_zero() -> None:
    layer = controller("lstm")
    np.testing.assert_array_equal(layer.bias, np.repeat([0.0, 1.0, 0.0, 0.0], 5))
    for bias in (layer.head_bias, layer.output_bias, controller("feed-forward").bias):
        np.testing.assert_array_equal(bias, np.zeros(bias.shape))


@pytest.mark.parametrize("kind", KINDS)
def test_weights_have_the_references_shapes(kind: str) -> None:
    layer = controller(kind, shift_range=2)
    sizes = reference.Sizes(3, 2, 9, 4, 5, 2, 1, 2, kind)
    shapes = [tuple(weight.shape) for weight in layer.trainable_weights]
    assert shapes == list(sizes.parameter_shapes().values())


@pytest.mark.parametrize("kind", KINDS)
def test_a_configuration_makes_the_same_controller(kind: str) -> None:
    layer = controller(kind, shift_range=2, name="mine")
    again = NTMController.from_config(layer.get_config())
    assert again.get_config() == layer.get_config()
    assert [w.shape for w in again.weights] == [w.shape for w in layer.weights]


SIZES = ["num_inputs", "num_outputs", "memory_vector_dim", "units", "read_heads", "write_heads"]


@pytest.mark.parametrize("name", SIZES)
@pytest.mark.parametrize("value", [0, -1, 2.5, True, "3", None])
def test_sizes_must_be_whole_and_positive(name: str, value: Any) -> None:
    arguments: dict[str, Any] = {"num_inputs": 3, "num_outputs": 2, "memory_vector_dim": 4, name: value}
    with pytest.raises(ValueError, match=f"{name} must be a whole number of at least 1. Received: {value!r}"):
        NTMController(**arguments)


@pytest.mark.parametrize("value", [-1, 1.0, True, "1"])
def test_a_shift_range_must_be_whole_and_not_negative(value: Any) -> None:
    with pytest.raises(ValueError, match=f"shift_range must be a whole number of at least 0. Received: {value!r}"):
        controller(shift_range=value)


X, READS, STATE = np.ones((2, 3)), np.ones((2, 8)), np.ones((2, 5))
WRONG: dict[str, tuple[Callable[[], Any], str]] = {
    "kind": (lambda: controller("gru"), "controller must be one of 'lstm', 'feed-forward'. Received: 'gru'"),
    "x of rank 3": (lambda: controller()(X[None], [READS, STATE, STATE]), r"inputs must have shape \[B, I\]. Received"),
    "x too wide": (lambda: controller()(np.ones((2, 4)), [READS, STATE, STATE]), r"inputs must have 3 .*\(2, 4\)"),
    "x is nan": (lambda: controller()(X * np.nan, [READS, STATE, STATE]), "inputs must be finite. Received nan"),
    "no h and c": (lambda: controller()(X, READS), r"prev_state must hold 3 tensors of widths \[8, 5, 5\]. Received 1"),
    "c too narrow": (lambda: controller()(X, [READS, STATE, STATE[:, 1:]]), r"prev_state must have 5 .*\(2, 4\)"),
    "h for a feed-forward one": (
        lambda: controller("feed-forward")(X, [READS, STATE]),
        "must hold 1 tensors.*ceived 2",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_argument_is_named_with_what_came(name: str) -> None:
    call, message = WRONG[name]
    with pytest.raises(ValueError, match=message):
        call()
