"""The cell: in Keras's own loop it is the model; where it starts; its configuration; what it refuses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from machines import MANY_HEADS, SIZES, as_reference, batch, reference_state, small

from ntm_lib import NTMCell, reference

KINDS = ["lstm", "feed-forward"]


@pytest.mark.parametrize("controller", KINDS)
def test_in_a_keras_rnn_it_is_the_model(controller: str) -> None:
    model = small(controller=controller, initial_memory="random", initial_weights="random", **MANY_HEADS)
    layer = keras.layers.RNN(model.cell, return_sequences=True, return_state=True)
    inputs = batch(steps=7)
    logits, *state = layer(inputs)
    np.testing.assert_allclose(logits, model(inputs), atol=1e-5)
    assert [part.shape[1] for part in state] == model.cell.state_size


def test_a_keras_rnn_can_stop_and_go_on() -> None:
    layer = keras.layers.RNN(small().cell, return_sequences=True, return_state=True)
    inputs = batch(steps=6)
    whole, *_ = layer(inputs)
    first, *state = layer(inputs[:, :2])
    second, *_ = layer(inputs[:, 2:], initial_state=state)
    np.testing.assert_allclose(np.concatenate([first, second], axis=1), whole, atol=1e-5)


def test_a_keras_rnn_masks_it() -> None:
    model = small()
    layer, inputs = keras.layers.RNN(model.cell, return_sequences=True), batch(steps=6)
    mask = np.arange(6)[None] < np.array([[6], [4], [1]])
    ours, theirs = model(inputs, mask=mask), layer(inputs, mask=tf.constant(mask))
    np.testing.assert_allclose(ours[mask], theirs[mask], atol=1e-5)


def test_one_step_is_the_references() -> None:
    model = small(**MANY_HEADS, initial_memory="random", initial_weights="random")
    x = batch(2, 1)[:, 0]
    logits, state = model.cell(x, model.cell.get_initial_state(2))
    for b in range(2):
        step = reference.ntm_step(as_reference(model), reference_state(model), x[b])
        np.testing.assert_allclose(logits[b], step.logits, atol=1e-5)
        weights = np.concatenate([step.state.read_weights, step.state.write_weights])
        expected = (step.state.memory.T, weights, step.state.reads, step.state.hidden, step.state.cell)
        for part, values in zip(state, expected, strict=True):
            np.testing.assert_allclose(part[b], values.ravel(), atol=1e-5)


# --- where it starts


def make(**changes: Any) -> NTMCell:
    return NTMCell(**(SIZES | changes))


def test_it_starts_with_a_constant_memory_and_its_heads_on_slot_zero() -> None:
    start = make(**MANY_HEADS).initial_state(3)
    np.testing.assert_array_equal(start.memory, np.full((3, 4, 6), 1e-6, np.float32))
    np.testing.assert_array_equal(start.weights, np.tile(np.eye(6)[0], (3, 5, 1)))
    assert not any(np.any(part) for part in (start.reads, *start.controller))


def test_constant_weights_are_uniform() -> None:
    np.testing.assert_allclose(make(initial_weights="constant").initial_state(2).weights, np.full((2, 2, 6), 1 / 6))


@pytest.mark.parametrize("kind", ["learned", "random"])
def test_a_learned_or_random_start_is_the_same_for_every_sequence_and_every_call(kind: str) -> None:
    cell = make(initial_memory=kind, initial_weights=kind, **MANY_HEADS)
    first, second = cell.initial_state(3), cell.initial_state(2)
    for one, other in ((first.memory, second.memory), (first.weights, second.weights)):
        np.testing.assert_array_equal(one[0], one[2])
        np.testing.assert_array_equal(one[:2], other)
    assert np.abs(first.memory).max() <= 0.08
    assert np.std(first.memory[0]) > 0.02
    np.testing.assert_allclose(np.sum(first.weights, axis=-1), 1.0, rtol=1e-6)
    assert np.ptp(first.weights[0], axis=0).max() > 0.01, "each head starts elsewhere"
    assert not np.allclose(first.memory, make(initial_memory=kind).initial_state(3).memory), "drawn for each machine"


@pytest.mark.parametrize(
    ("memory", "weights", "trainable", "fixed"),
    [
        ("constant", "one-hot", set(), set()),
        ("constant", "constant", set(), set()),
        ("learned", "learned", {"memory_start", "weights_start"}, set()),
        ("random", "random", set(), {"memory_start", "weights_start"}),
        ("learned", "random", {"memory_start"}, {"weights_start"}),
        ("random", "one-hot", set(), {"memory_start"}),
    ],
)
def test_only_what_is_learned_is_trainable(memory: str, weights: str, trainable: set[str], fixed: set[str]) -> None:
    cell = make(initial_memory=memory, initial_weights=weights)
    starts = {"memory_start", "weights_start"}
    assert {variable.name for variable in cell.trainable_variables} & starts == trainable
    assert {variable.name for variable in cell.non_trainable_variables} & starts == fixed


# --- as a Keras layer


@pytest.mark.parametrize("controller", KINDS)
def test_a_configuration_makes_the_same_cell(controller: str) -> None:
    cell = make(controller=controller, **MANY_HEADS, initial_memory="learned", initial_weights="random", name="mine")
    again = NTMCell.from_config(cell.get_config())
    assert again.get_config() == cell.get_config()
    assert [(w.path, w.shape) for w in again.weights] == [(w.path, w.shape) for w in cell.weights]
    assert cell.output_size == 2
    assert cell.state_size[:3] == [24, 30, 8]


@pytest.mark.parametrize("name", ["memory_size", "memory_vector_dim", "num_inputs", "units", "write_heads"])
@pytest.mark.parametrize("value", [0, -3, 1.5, False, "6", None])
def test_sizes_must_be_whole_and_positive(name: str, value: Any) -> None:
    with pytest.raises(ValueError, match=f"{name} must be a whole number of at least 1. Received: {value!r}"):
        make(**{name: value})


CELL = make(units=2)
STATE = CELL.get_initial_state(2)
WRONG: dict[str, tuple[Callable[[], Any], str]] = {
    "memory": (lambda: make(initial_memory="zeros"), "initial_memory must be one of 'constant'.*Received: 'zeros'"),
    "memory one-hot": (lambda: make(initial_memory="one-hot"), "initial_memory must be one of.*Received: 'one-hot'"),
    "weights": (lambda: make(initial_weights="uniform"), "initial_weights must be one of 'one-hot'.*eived: 'uniform'"),
    "no name at all": (lambda: make(initial_weights=None), "initial_weights must be one of .*Received: None"),
    "range": (lambda: make(shift_range=3), r"shift_range must be at most 2, .* memory_size = 6 slots. Received: 3"),
    "one slot": (lambda: make(memory_size=1), r"shift_range must be at most 0, .*Received: 1"),
    "x of rank 1": (lambda: CELL(np.ones(3), STATE), r"inputs must have shape \[B, I\]. Received shape: \(3,\)"),
    "x too wide": (lambda: CELL(np.ones((2, 4)), STATE), r"inputs must have 3 entries .*\(2, 4\)"),
    "x is nan": (lambda: CELL(np.full((2, 3), np.nan), STATE), "inputs must be finite. Received nan"),
    "too few states": (lambda: CELL(np.ones((2, 3)), STATE[:2]), "states must hold 5 tensors.*Received 2"),
    "a state too narrow": (lambda: CELL(np.ones((2, 3)), [STATE[0][:, 1:], *STATE[1:]]), r"states must have 24 .*23\)"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_argument_is_named_with_what_came(name: str) -> None:
    call, message = WRONG[name]
    with pytest.raises(ValueError, match=message):
        call()


def test_the_largest_shift_range_that_fits_works() -> None:
    model = small(shift_range=2, memory_size=5)
    assert np.isfinite(model(batch())).all()
    single = small(shift_range=0, memory_size=1)
    assert np.isfinite(single(batch())).all()
