"""Whole machines: against the reference, forwards and backwards; masks; precision; and that each sequence is alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from machines import MANY_HEADS, SIZES, answers, as_reference, batch, reference_state, small

from ntm_lib import LSTMBaseline, NeuralTuringMachine, bits_per_sequence, reference

MACHINES: dict[str, dict[str, Any]] = {
    "lstm": {},
    "feed-forward": {"controller": "feed-forward"},
    "many heads": MANY_HEADS,
    "feed-forward, many heads": {"controller": "feed-forward", **MANY_HEADS},
    "learned start": {"initial_memory": "learned", "initial_weights": "learned", **MANY_HEADS},
    "random start, no shift": {"initial_memory": "random", "initial_weights": "random", "shift_range": 0},
}


def reference_logits(model: NeuralTuringMachine, inputs: np.ndarray) -> np.ndarray:
    parameters, state = as_reference(model), reference_state(model)
    return np.array([reference.run(parameters, sequence, state)[0] for sequence in inputs])


# --- against the reference


@pytest.mark.parametrize("name", MACHINES)
def test_a_long_sequence_is_the_references(name: str) -> None:
    model = small(seed=3, **MACHINES[name])
    inputs = batch(2, 40, seed=5)
    np.testing.assert_allclose(model(inputs), reference_logits(model, inputs), atol=1e-4)


@pytest.mark.parametrize("name", ["lstm", "feed-forward, many heads"])
def test_the_gradient_is_the_slope_of_the_references_loss(name: str) -> None:
    """Along random directions through all weights, by central differences in float64."""
    model, inputs, targets = small(**MACHINES[name]), batch(1, 6), answers(1, 6)
    with tf.GradientTape() as tape:
        loss = bits_per_sequence(targets, model(inputs, training=True))
    gradient = tape.gradient(loss, [v.value for v in model.trainable_variables])
    plain = as_reference(model)
    arrays = {name: getattr(plain, name) for name in plain.sizes.parameter_shapes()}

    def loss_at(distance: float, direction: dict[str, np.ndarray]) -> float:
        moved = {name: array + distance * direction[name] for name, array in arrays.items()}
        logits, _ = reference.run(reference.Parameters(plain.sizes, **moved), inputs[0])
        return reference.bits_per_sequence(targets, logits[None])

    for seed in range(4):
        rng = np.random.default_rng(seed)
        direction = {name: rng.normal(size=array.shape) for name, array in arrays.items()}
        slope = (loss_at(1e-6, direction) - loss_at(-1e-6, direction)) / 2e-6
        ours = sum(float(np.sum(part * along)) for part, along in zip(gradient, direction.values(), strict=True))
        assert ours == pytest.approx(slope, rel=2e-3, abs=2e-3)


# --- the two ways to run


def gradients(model: Any, inputs: Any, training: bool, compiled: bool = False, **arguments: Any) -> tuple[Any, Any]:
    """Logits, and the gradients of the loss by the inputs and by every trainable variable."""
    targets = answers(*inputs.shape[:2])

    def run(inputs: tf.Tensor) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            logits = model(inputs, training=training, **arguments)
            loss = bits_per_sequence(targets, logits)
        return logits, tape.gradient(loss, [inputs, *(v.value for v in model.trainable_variables)])

    return (tf.function(run, jit_compile=True) if compiled else run)(tf.constant(inputs))


@pytest.mark.parametrize("name", ["lstm", "feed-forward, many heads", "learned start", "random start, no shift"])
def test_training_changes_neither_the_logits_nor_the_gradients(name: str) -> None:
    model, inputs = small(**MACHINES[name]), batch(steps=7)
    fast_logits, fast = gradients(model, inputs, training=True)
    logits, plain = gradients(model, inputs, training=False)
    np.testing.assert_allclose(fast_logits, logits, atol=1e-5)
    names = ["inputs", *(variable.path for variable in model.trainable_variables)]
    for name, one, other in zip(names, fast, plain, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-4, err_msg=name)
        assert np.abs(other).max() > 1e-6, f"a gradient of zero for {name} would prove nothing"


def test_masks_leave_the_two_ways_equal() -> None:
    model, inputs = small(**MACHINES["learned start"]), batch(steps=7)
    lengths = np.array([7, 3, 1])
    fast_logits, fast = gradients(model, inputs, training=True, sequence_lengths=lengths)
    logits, plain = gradients(model, inputs, training=False, sequence_lengths=lengths)
    np.testing.assert_allclose(fast_logits, logits, atol=1e-5)
    for one, other in zip(fast, plain, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-4)
    assert not np.any(plain[0][1, 3:]), "no gradient reaches the padding"
    assert np.any(plain[0][1, 2])


def test_the_gradient_of_the_gradient_is_finite_from_the_constant_memory() -> None:
    """Of the plain loop, run eagerly; the own backward pass is for training and gives first-order gradients."""
    model, inputs = small(), tf.constant(batch(1, 2))
    with tf.GradientTape() as outer:
        outer.watch(inputs)
        with tf.GradientTape() as inner:
            inner.watch(inputs)
            value = tf.reduce_sum(tf.square(model(inputs, training=False)))
        squares = tf.reduce_sum(tf.square(inner.gradient(value, inputs)))
    curvature = outer.gradient(squares, inputs)
    assert np.isfinite(curvature).all()
    assert np.abs(curvature).max() > 1e-6


# --- the penalty for spread


def spread_of_heads(model: NeuralTuringMachine, inputs: Any, mask: np.ndarray | None = None) -> tf.Tensor:
    """The spread of all heads, summed over the steps, averaged over the batch: step by step, without the fast loop."""
    cell, state, total = model.cell, model.cell.initial_state(len(inputs)), 0.0
    weights = cell.controller.recurrent_weights()
    for t in range(inputs.shape[1]):
        _, state = cell.step(lambda i, v: v @ weights[i][0] + weights[i][1], inputs[:, t], state)
        counts = 1.0 if mask is None else mask[:, t, None, None]
        total += tf.reduce_sum(counts * (state.weights / cell.memory_size - tf.square(state.weights))) / len(inputs)
    # A weighting sums to 1, so the first term is a constant: what matters is the gradient.
    return total


@pytest.mark.parametrize("name", ["lstm", "feed-forward, many heads", "learned start"])
@pytest.mark.parametrize("masked", [False, True])
def test_the_penalty_is_a_gradient_towards_one_slot_and_not_a_number(name: str, masked: bool) -> None:
    model, inputs = small(**MACHINES[name], spread_penalty=0.5), tf.constant(batch(steps=6))
    mask = np.arange(6) < np.array([[6], [4], [1]]) if masked else None
    variables = [v.value for v in model.trainable_variables]
    with tf.GradientTape() as tape:
        model(inputs, training=True, mask=mask)
        (penalty,) = model.losses
    with tf.GradientTape() as plain:
        expected = 0.5 * spread_of_heads(model, inputs, None if mask is None else mask.astype(np.float32))
    assert float(penalty) == 0.0
    ours, theirs = tape.gradient(penalty, variables), plain.gradient(expected, variables)
    assert sum(other is not None and float(tf.reduce_max(tf.abs(other))) > 1e-4 for other in theirs) >= 4
    for one, other in zip(ours, theirs, strict=True):
        if other is None:  # the map to the output
            assert one is None or not np.any(one)
        else:
            np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize(("penalty", "training"), [(0.0, True), (0.5, False)])
def test_there_is_no_penalty_where_none_is_asked_for_or_nothing_is_trained(penalty: float, training: bool) -> None:
    model = small(spread_penalty=penalty)
    model(batch(), training=training)
    assert model.losses == []


@pytest.mark.parametrize("steps", [1, 4])
def test_fit_reports_bits_without_the_penalty_and_trains_with_it(steps: int) -> None:
    """A great penalty narrows the heads, and the loss that is shown stays in bits."""
    model, inputs, targets = small(spread_penalty=30.0), batch(4, 6), answers(4, 6)
    model.compile(keras.optimizers.Adam(0.01), steps_per_execution=steps)
    data = tf.data.Dataset.from_tensors((inputs, targets, np.ones((4, 6), np.float32))).repeat(40)
    before, bits = float(spread_of_heads(model, tf.constant(inputs))), float(bits_per_sequence(targets, model(inputs)))
    first = model.fit(data.take(steps), verbose=0).history["loss"][0]
    assert first == pytest.approx(bits, rel=0.2)
    model.fit(data, verbose=0)
    assert float(spread_of_heads(model, tf.constant(inputs))) < before - 1.0


# --- each sequence is alone


@pytest.mark.parametrize("name", MACHINES)
def test_a_sequence_has_the_same_logits_alone_and_anywhere_in_a_batch(name: str) -> None:
    model, inputs = small(**MACHINES[name]), batch(4, 6)
    together = model(inputs).numpy()
    for b in (0, 3):
        np.testing.assert_allclose(model(inputs[b : b + 1])[0], together[b], atol=1e-6)
    np.testing.assert_allclose(model(inputs[::-1])[::-1], together, atol=1e-6)
    np.testing.assert_array_equal(model(inputs), together)


def test_the_future_has_no_influence_on_the_past() -> None:
    model, inputs = small(**MANY_HEADS), batch(steps=8)
    np.testing.assert_allclose(model(inputs[:, :3]), model(inputs)[:, :3], atol=1e-6)


@pytest.mark.parametrize("training", [True, False])
def test_padding_changes_nothing_whatever_it_holds(training: bool) -> None:
    model, inputs, lengths = small(**MANY_HEADS), batch(steps=6), [6, 4, 1]
    for filler in (0.0, 1e3):
        padded = np.concatenate([inputs, np.zeros_like(inputs)], axis=1)
        for b, length in enumerate(lengths):
            padded[b, length:] = filler
        logits = model(padded, sequence_lengths=lengths, training=training)
        for b, length in enumerate(lengths):
            np.testing.assert_allclose(logits[b, :length], model(inputs[b : b + 1, :length])[0], atol=1e-5)
            assert not np.any(logits[b, length:])


@pytest.mark.parametrize("training", [True, False])
def test_masked_steps_in_the_middle_are_as_if_they_were_not_there(training: bool) -> None:
    model, inputs = small(**MANY_HEADS), batch(steps=6)
    mask = np.array([[1, 0, 1, 1, 0, 1], [0, 0, 1, 1, 1, 0], [1, 1, 1, 1, 1, 1]], bool)
    logits = model(inputs, mask=mask, training=training).numpy()
    for b in range(3):
        expected = model(inputs[b : b + 1, mask[b]])[0]
        np.testing.assert_allclose(logits[b, mask[b]], expected, atol=1e-5)
        assert not np.any(logits[b, ~mask[b]])


def test_lengths_are_a_mask_and_both_together_are_their_product() -> None:
    model, inputs, lengths = small(), batch(steps=5), np.array([5, 2, 0])
    as_mask = np.arange(5) < lengths[:, None]
    np.testing.assert_array_equal(model(inputs, sequence_lengths=lengths), model(inputs, mask=as_mask))
    other = np.array([[1, 0, 1, 1, 1]] * 3, bool)
    np.testing.assert_array_equal(
        model(inputs, mask=other, sequence_lengths=lengths), model(inputs, mask=other & as_mask)
    )
    np.testing.assert_array_equal(model(inputs, sequence_lengths=[5, 5, 5]), model(inputs, mask=np.ones((3, 5))))


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (5, 1), (4, 3)])
@pytest.mark.parametrize("training", [True, False])
def test_any_batch_size_and_any_length(shape: tuple[int, int], training: bool) -> None:
    model, inputs = small(), batch(*shape)
    logits = model(inputs, training=training)
    assert logits.shape == (*shape, 2)
    assert logits.dtype == tf.float32
    np.testing.assert_allclose(logits, reference_logits(model, inputs), atol=1e-5)


# --- precision


@pytest.mark.parametrize(
    ("policy", "compiled"), [("mixed_float16", False), ("mixed_float16", True), ("mixed_bfloat16", False)]
)
def test_mixed_precision_is_near_float32_and_its_gradients_are_finite(policy: str, compiled: bool) -> None:
    changes = {} if compiled else {"initial_memory": "learned", "initial_weights": "learned", **MANY_HEADS}
    model, mixed, inputs = small(**changes), small(dtype=policy, **changes), batch(steps=9)
    assert all(variable.dtype == "float32" for variable in mixed.variables)
    logits, expected = gradients(model, inputs, training=True)
    mixed_logits, computed = gradients(mixed, inputs, training=True, compiled=compiled)
    assert mixed_logits.dtype == tf.float32
    coarse = 0.02 if policy == "mixed_float16" else 0.1
    np.testing.assert_allclose(mixed_logits, logits, atol=coarse)
    assert not np.allclose(mixed_logits, logits, atol=1e-6), "half precision must have been used"
    for one, other in zip(computed, expected, strict=True):
        assert np.isfinite(one).all()
        assert np.linalg.norm(one - other) <= 5 * coarse * max(1.0, np.linalg.norm(other))


# --- as Keras models


def test_the_constructor_builds_it_and_shows_its_sizes() -> None:
    model = NeuralTuringMachine(**SIZES)
    assert model.built
    for name in ("num_inputs", "num_outputs", "memory_size", "memory_vector_dim"):
        assert getattr(model, name) == SIZES[name]


@pytest.mark.parametrize("name", MACHINES)
def test_a_configuration_makes_the_same_machine(name: str) -> None:
    model = small(**MACHINES[name], name="mine")
    again = NeuralTuringMachine.from_config(model.get_config())
    assert again.get_config() == model.get_config()
    again.set_weights(model.get_weights())
    np.testing.assert_array_equal(again(batch()), model(batch()))


def test_a_configuration_keeps_the_precision() -> None:
    for model in (small(dtype="mixed_bfloat16"), LSTMBaseline(3, 2, units=4, layers=2, dtype="mixed_bfloat16")):
        again = type(model).from_config(model.get_config())
        assert again.dtype_policy.name == "mixed_bfloat16"
        again.set_weights(model.get_weights())
        np.testing.assert_array_equal(again(batch()), model(batch()))


def test_it_can_be_a_part_of_a_functional_model() -> None:
    machine = small()
    inputs = keras.Input([None, 3])
    whole = keras.Model(inputs, keras.layers.Activation("sigmoid")(machine(inputs)))
    assert whole.output_shape == (None, None, 2)
    np.testing.assert_allclose(whole(batch()), tf.sigmoid(machine(batch())), atol=1e-6)


def test_random_starts_follow_the_seed() -> None:
    def starts(seed: int) -> Any:
        keras.utils.set_random_seed(seed)
        return NeuralTuringMachine(**SIZES, initial_memory="random", initial_weights="random")(batch()).numpy()

    np.testing.assert_array_equal(starts(1), starts(1))
    assert not np.allclose(starts(1), starts(2))


# --- what is refused

MODEL = small(units=2)
X = batch()
WRONG: dict[str, tuple[Callable[[], Any], str]] = {
    "inputs of rank 2": (lambda: MODEL(X[0]), r"inputs must have shape \[B, T, I\]. Received shape: \(5, 3\)"),
    "inputs of rank 4": (lambda: MODEL(X[None]), r"inputs must have shape \[B, T, I\]. Received shape: \(1, 3, 5, 3\)"),
    "inputs too wide": (lambda: MODEL(np.ones((1, 2, 4))), r"inputs must have 3 entries \(num_inputs\) .*\(1, 2, 4\)"),
    "no steps": (
        lambda: MODEL(np.ones((1, 0, 3))),
        r"inputs must have at least one sequence and one step.*Received shape: \(1, 0, 3\)",
    ),
    "no sequences": (lambda: MODEL(np.ones((0, 2, 3))), r"inputs must have at least one sequence.*shape: \(0, 2, 3\)"),
    "inputs of strings": (lambda: MODEL(np.full((1, 2, 3), "a")), "inputs must .*real numbers.*Received"),
    "complex inputs": (lambda: MODEL(np.ones((1, 2, 3)) * 1j), "inputs must hold real numbers. Received dtype: compl"),
    "nan": (lambda: MODEL(X * np.nan), r"inputs must be finite. Received nan at index \(0, 0, 0\)"),
    "inf": (lambda: MODEL(X + np.inf), "inputs must be finite. Received inf"),
    "nan in training": (lambda: MODEL(X * np.nan, training=True), "inputs must be finite. Received nan"),
    "mask of rank 1": (lambda: MODEL(X, mask=np.ones(5)), r"mask must have shape \[B, T\]. Received shape: \(5,\)"),
    "mask too short": (lambda: MODEL(X, mask=np.ones((3, 4))), r"mask must have 5 entries .*\(3, 4\)"),
    "mask of another batch": (lambda: MODEL(X, mask=np.ones((2, 5))), r"mask must have 3 entries .*\(2, 5\)"),
    "mask is nan": (lambda: MODEL(X, mask=np.full((3, 5), np.nan)), "mask must be finite. Received nan"),
    "lengths beyond T": (
        lambda: MODEL(X, sequence_lengths=[5, 6, 1]),
        r"sequence_lengths must be .*between 0 and T = 5. Received: \[5",
    ),
    "negative lengths": (
        lambda: MODEL(X, sequence_lengths=[5, -1, 1]),
        r"sequence_lengths must .*Received: \[ ?5.* -1",
    ),
    "half a step": (
        lambda: MODEL(X, sequence_lengths=[5, 2.5, 1]),
        r"sequence_lengths must be whole .*Received: .*2.5",
    ),
    "one length for all": (lambda: MODEL(X, sequence_lengths=5), r"sequence_lengths must have shape \[B\]. Received"),
    "too few lengths": (lambda: MODEL(X, sequence_lengths=[5, 5]), r"sequence_lengths must have 3 entries .*\(2,\)"),
    "controller": (lambda: small(controller="transformer"), "controller must be one of .*Received: 'transformer'"),
    "initial memory": (lambda: small(initial_memory="zeros"), "initial_memory must be one of .*Received: 'zeros'"),
    "a start that is an array": (lambda: small(initial_memory=np.zeros((4, 6))), "initial_memory must be one of "),
    "initial weights": (lambda: small(initial_weights="ones"), "initial_weights must be one of .*Received: 'ones'"),
    "negative penalty": (lambda: small(spread_penalty=-1), "spread_penalty must be a finite number of .*Received: -1"),
    "penalty is nan": (lambda: small(spread_penalty=np.nan), "spread_penalty must be a finite .*Received: nan"),
    "negative scale": (lambda: small(input_scale=-1), "input_scale must be a finite number of .*Received: -1"),
    "scale is infinite": (lambda: small(input_scale=np.inf), "input_scale must be a finite .*Received: inf"),
    "shift range": (lambda: small(shift_range=3), "shift_range must be at most 2, .*Received: 3"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_argument_is_named_with_what_came(name: str) -> None:
    call, message = WRONG[name]
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize("value", [0, -1, 2.0, True, "4", None])
@pytest.mark.parametrize("name", [*SIZES, "read_heads", "write_heads"])
def test_sizes_must_be_whole_and_positive(name: str, value: Any) -> None:
    with pytest.raises(ValueError, match=f"{name} must be a whole number of at least 1. Received: {value!r}"):
        NeuralTuringMachine(**(SIZES | {name: value}))


def test_a_machine_that_starts_with_biases_keeps_them_in_its_file(tmp_path: Path) -> None:
    start = {"read": {"strength": 4.0}, "write": {"gate": -3, "shift": (0, 0, 3)}}
    model = small(head_start=start)
    assert model.get_config()["head_start"] == {"read": {"strength": 4.0}, "write": {"gate": -3.0, "shift": [0, 0, 3]}}
    model.save(tmp_path / "machine.keras")
    again = NeuralTuringMachine.load(tmp_path / "machine.keras")
    assert again.get_config() == model.get_config()
    np.testing.assert_array_equal(again.get_weights()[3], model.get_weights()[3])
    assert small().get_config()["head_start"] == {}


@pytest.mark.parametrize("controller", ["lstm", "feed-forward"])
def test_a_scale_of_the_input_enlarges_the_weights_on_it_and_no_others(controller: str, tmp_path: Path) -> None:
    """One seed, two machines: all their weights are equal but for the rows of the kernel that belong to x_t."""
    machines = []
    for scale in (1.0, 8.0):
        keras.utils.set_random_seed(3)
        machines.append(NeuralTuringMachine(**SIZES, controller=controller, input_scale=scale))
    first, other = machines
    kernel, enlarged = first.get_weights()[0], other.get_weights()[0]
    inputs = first.num_inputs
    np.testing.assert_allclose(enlarged[:inputs], 8.0 * kernel[:inputs], rtol=1e-6)
    np.testing.assert_array_equal(enlarged[inputs:], kernel[inputs:])
    for one, another in zip(first.get_weights()[1:], other.get_weights()[1:], strict=True):
        np.testing.assert_array_equal(one, another)
    other.save(tmp_path / "machine.keras")
    assert NeuralTuringMachine.load(tmp_path / "machine.keras").get_config()["input_scale"] == 8.0
