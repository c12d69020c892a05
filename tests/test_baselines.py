"""The LSTM to compare with, and the deck's simplified machine."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from machines import batch, randomised

from ntm_lib import LSTMBaseline, SimpleNTM, reference


def test_the_baseline_is_a_stack_of_keras_lstms() -> None:
    model = randomised(LSTMBaseline(3, 2, units=4, layers=2))
    inputs = tf.constant(batch())
    expected = inputs
    for layer in model.recurrent:
        expected = layer(expected)
    np.testing.assert_allclose(model(inputs), expected @ model.output_map.kernel + model.output_map.bias, atol=1e-6)
    assert [w.shape for w in model.trainable_weights] == [
        (3, 16),
        (4, 16),
        (16,),
        (4, 16),
        (4, 16),
        (16,),
        (4, 2),
        (2,),
    ]


def test_the_baseline_trains_on_the_gradient_of_its_layers() -> None:
    """In training it takes a backward pass of its own; without it, Keras's."""
    model, inputs = randomised(LSTMBaseline(3, 2, units=4, layers=2)), tf.constant(batch())

    def outputs_and_gradients(training: bool) -> list[Any]:
        with tf.GradientTape() as tape:
            outputs = model(inputs, training=training)
            loss = tf.reduce_sum(outputs**2)
        return [outputs, *tape.gradient(loss, model.trainable_variables)]

    for fast, plain in zip(outputs_and_gradients(True), outputs_and_gradients(False), strict=True):
        np.testing.assert_allclose(fast, plain, atol=1e-5)


def test_the_baseline_skips_masked_steps() -> None:
    model, inputs = randomised(LSTMBaseline(3, 2, units=4, layers=2)), batch(1, 5)
    mask = np.array([[1, 1, 0, 1, 0]], bool)
    np.testing.assert_allclose(model(inputs, mask=mask)[0, 3], model(inputs[:, [0, 1, 3]])[0, 2], atol=1e-6)


def test_the_decks_machine_runs_as_the_deck_calls_it() -> None:
    ntm = SimpleNTM(6, 5, 4)
    inputs = batch(1, 10, channels=8)
    outputs, states = ntm(inputs, ntm.controller.get_initial_state(batch_size=1))
    assert outputs.shape == (1, 10, 6 + 4)
    assert [state.shape for state in states] == [(1, 6), (1, 6)]
    np.testing.assert_allclose(ntm(inputs)[0], outputs, atol=1e-6)


def test_the_decks_machine_is_what_its_docstring_says() -> None:
    """Step by step with the loops of the reference: LSTM, write where the query matches, read where it matches."""
    ntm, inputs = SimpleNTM(3, 4, 2), batch(1, 5)
    ntm.build(inputs.shape)
    randomised(ntm)
    memory, hidden, cell = ntm.initial_memory.numpy(), np.zeros(3), np.zeros(3)
    kernel = np.concatenate([ntm.controller.kernel.numpy(), ntm.controller.recurrent_kernel.numpy()])
    outputs = []
    for x in inputs[0]:
        hidden, cell = reference.lstm_step(x, hidden, cell, kernel, ntm.controller.bias.numpy())
        raw = reference.affine(hidden, ntm.interface.kernel.numpy(), ntm.interface.bias.numpy())
        write_query, read_query, erase, add = np.split(raw, 4)
        weights = reference.softmax(memory @ write_query / np.sqrt(2))
        memory = reference.write(memory, [(weights, [reference.sigmoid(e) for e in erase], np.tanh(add))])
        outputs.append(np.concatenate([hidden, reference.attention(read_query[None], memory, memory)[0]]))
    np.testing.assert_allclose(ntm(inputs)[0][0], outputs, atol=1e-5)


def test_the_decks_machine_goes_on_from_given_states_with_a_fresh_memory() -> None:
    ntm, inputs = SimpleNTM(6, 5, 4), batch(2, 3)
    _, states = ntm(inputs)
    first, _ = ntm(inputs)
    second, _ = ntm(inputs, states)
    assert not np.allclose(first, second)


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_the_other_models_run_in_mixed_precision(policy: str) -> None:
    assert np.isfinite(LSTMBaseline(3, 2, units=4, layers=1, dtype=policy)(batch())).all()
    outputs, _ = SimpleNTM(6, 5, 4, dtype=policy)(batch())
    assert np.isfinite(tf.cast(outputs, tf.float32)).all()


def test_the_decks_machine_has_gradients_everywhere() -> None:
    ntm = SimpleNTM(6, 5, 4)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.square(ntm(batch())[0]))
    for variable, gradient in zip(
        ntm.trainable_variables, tape.gradient(loss, [v.value for v in ntm.trainable_variables]), strict=True
    ):
        assert np.any(gradient), variable.path
    again = SimpleNTM.from_config(ntm.get_config())
    assert again.get_config() == ntm.get_config()


X = batch(3, 5)
WRONG: dict[str, tuple[Any, str]] = {
    "LSTM of rank 2": (lambda: LSTMBaseline(3, 2, units=2)(X[0]), r"inputs must have shape \[B, T, I\]. Received"),
    "LSTM too wide": (lambda: LSTMBaseline(4, 2, units=2)(X), r"inputs must have 4 entries .*\(3, 5, 3\)"),
    "LSTM nan": (lambda: LSTMBaseline(3, 2, units=2)(X * np.nan), "inputs must be finite. Received nan"),
    "LSTM mask too short": (
        lambda: LSTMBaseline(3, 2, units=2)(X, mask=np.ones((3, 4))),
        r"mask must have 5 entries .*\(3, 4\)",
    ),
    "deck's of rank 2": (lambda: SimpleNTM(2, 3, 4)(X[0]), r"inputs must have shape \[B, T, I\]. Received"),
    "deck's nan": (lambda: SimpleNTM(2, 3, 4)(X * np.nan), "inputs must be finite. Received nan"),
    "deck's states": (lambda: SimpleNTM(2, 3, 4)(X, [np.ones((3, 2))]), "states must be the two tensors.*Received: 1"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_argument_is_named_with_what_came(name: str) -> None:
    call, message = WRONG[name]
    with pytest.raises(ValueError, match=message):
        call()


CONSTRUCTORS: dict[Any, dict[str, Any]] = {
    LSTMBaseline: {"num_inputs": 3, "num_outputs": 2, "units": 4, "layers": 2},
    SimpleNTM: {"units": 4, "memory_size": 5, "memory_vector_dim": 3},
}


@pytest.mark.parametrize("value", [0, -1, 2.0, True, "4", None])
@pytest.mark.parametrize(
    ("made", "name"), [(made, name) for made, arguments in CONSTRUCTORS.items() for name in arguments]
)
def test_sizes_must_be_whole_and_positive(made: Any, name: str, value: Any) -> None:
    with pytest.raises(ValueError, match=f"{name} must be a whole number of at least 1. Received: {value!r}"):
        made(**(CONSTRUCTORS[made] | {name: value}))


def test_a_scale_of_the_input_enlarges_the_first_layers_weights_on_it() -> None:
    made = []
    for scale in (1.0, 8.0):
        keras.utils.set_random_seed(3)
        made.append(LSTMBaseline(5, 4, units=6, layers=2, input_scale=scale))
    first, other = (model.get_weights() for model in made)
    np.testing.assert_allclose(other[0], 8.0 * first[0], rtol=1e-6)
    for one, another in zip(first[1:], other[1:], strict=True):
        np.testing.assert_array_equal(one, another)
    assert made[1].get_config()["input_scale"] == 8.0
    with pytest.raises(ValueError, match=r"input_scale must be a finite number of at least 0. Received: -1"):
        LSTMBaseline(5, 4, input_scale=-1)
