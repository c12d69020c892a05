"""Training: single steps, recipes, data, and the measures of evaluation."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from machines import answers, batch, randomised, small

from ntm_lib import (
    COPY_RECIPE,
    CopyTask,
    Goal,
    LSTMBaseline,
    NeuralTuringMachine,
    Recipe,
    bits_per_sequence,
    dataset,
    evaluate,
    train,
    train_step,
)

TASK = CopyTask(2, min_length=1, max_length=2)
TINY = Recipe(sequences=300, batch_size=4, learning_rate=1e-2, clip_norm=10.0, steps_per_execution=20)


def machine() -> NeuralTuringMachine:
    return NeuralTuringMachine(3, 2, 6, 4, controller="feed-forward", units=8, name="machine")


# --- one step


def test_a_step_returns_the_bits_before_it_and_makes_the_optimizers_update() -> None:
    model, twin = small(), small()
    mask = np.array([[0, 0, 1, 1, 1]] * 3)
    loss = train_step(batch(), answers(), model, keras.optimizers.SGD(0.01), mask=mask)
    with tf.GradientTape() as tape:
        expected = bits_per_sequence(answers(), twin(batch(), training=True), mask)
        paid = expected + sum(twin.losses)  # the penalty for spread heads is 0 as a number and has a gradient
    gradients = tape.gradient(paid, twin.trainable_variables)
    assert float(loss) == pytest.approx(float(expected), rel=1e-5)
    for variable, start, gradient in zip(model.trainable_variables, twin.trainable_variables, gradients, strict=True):
        np.testing.assert_allclose(variable.numpy(), start.numpy() - 0.01 * gradient, atol=1e-5, err_msg=variable.path)


def test_steps_lower_the_loss_serve_several_models_and_survive_a_failed_call() -> None:
    """The deck's step serves one model only, and returns None for ever after a first call that failed."""
    first, second = small(controller="feed-forward"), randomised(LSTMBaseline(3, 2, units=4, layers=1))
    optimizers = keras.optimizers.Adam(0.05), keras.optimizers.Adam(0.05)
    with pytest.raises(ValueError, match=r"targets must have 2 entries .*\(3, 5, 1\)"):
        train_step(batch(), answers()[..., :1], first, optimizers[0])
    untouched = second.get_weights()
    losses = [float(train_step(batch(), answers(), first, optimizers[0])) for _ in range(30)]
    assert losses[-1] < losses[0] / 2
    for weight, start in zip(second.get_weights(), untouched, strict=True):
        np.testing.assert_array_equal(weight, start)
    others = [float(train_step(batch(), answers(), second, optimizers[1])) for _ in range(30)]
    assert others[-1] < others[0]
    assert float(train_step(batch(), answers(), first, optimizers[0])) <= losses[-1] * 1.5
    assert [int(optimizer.iterations) for optimizer in optimizers] == [31, 30]


MODEL, ADAM, X, Y = small(), keras.optimizers.Adam(), batch(), answers()
WRONG: dict[str, tuple[Callable[[], Any], str]] = {
    "inputs of rank 2": (lambda: train_step(X[0], Y, MODEL, ADAM), r"inputs must have shape \[B, T, I\]. Received"),
    "inputs too wide": (lambda: train_step(np.ones((3, 5, 4)), Y, MODEL, ADAM), r"inputs must have 3 .*\(3, 5, 4\)"),
    "nan": (
        lambda: train_step(X * np.nan, Y, MODEL, ADAM),
        r"inputs must be finite. Received nan at index \(0, 0, 0\)",
    ),
    "targets of rank 2": (lambda: train_step(X, Y[0], MODEL, ADAM), r"targets must have shape \[B, T, O\]. Received"),
    "targets of another batch": (lambda: train_step(X, Y[:2], MODEL, ADAM), r"targets must have 3 .*\(2, 5, 2\)"),
    "inf in targets": (lambda: train_step(X, Y + np.inf, MODEL, ADAM), r"targets must be finite. Received inf"),
    "targets of text": (lambda: train_step(X, np.full(Y.shape, "a"), MODEL, ADAM), r"targets must hold real numbers"),
    "mask of other steps": (
        lambda: train_step(X, Y, MODEL, ADAM, mask=np.ones((3, 4))),
        r"mask must have 5 .*\(3, 4\)",
    ),
    "no optimizer": (lambda: train_step(X, Y, MODEL, "adam"), r"optimizer must be a Keras optimizer. Received: 'adam'"),
    "no model": (lambda: train_step(X, Y, None, ADAM), r"model must be a Keras model. Received: None"),
    "a model without weights": (
        lambda: train_step(X, Y, keras.Sequential([keras.layers.Dense(2)]), ADAM),
        r"model must have its weights",
    ),
    "a recipe of nothing": (lambda: Recipe(0, 4, 1e-3, 1.0), r"sequences must be .*Received: 0"),
    "a batch of nothing": (lambda: Recipe(10, -4, 1e-3, 1.0), r"batch_size must be .*Received: -4"),
    "no rate": (lambda: Recipe(10, 4, 0.0, 1.0), r"learning_rate must be .*Received: 0.0"),
    "a rate of text": (lambda: Recipe(10, 4, "fast", 1.0), r"learning_rate must be .*Received: 'fast'"),
    "a rate of nan": (lambda: Recipe(10, 4, math.nan, 1.0), r"learning_rate must be .*Received: nan"),
    "a negative clip": (lambda: Recipe(10, 4, 1e-3, -1.0), r"clip_norm must be .*Received: -1.0"),
    "beta_2": (lambda: Recipe(10, 4, 1e-3, 1.0, beta_2=1.0), r"beta_2 must be .*Received: 1.0"),
    "epsilon": (lambda: Recipe(10, 4, 1e-3, 1.0, epsilon=0.0), r"epsilon must be .*Received: 0.0"),
    "held for ever": (lambda: Recipe(10, 4, 1e-3, 1.0, hold=1.0), r"hold must be below 1. Received: 1.0"),
    "held by text": (lambda: Recipe(10, 4, 1e-3, 1.0, hold="half"), r"hold must be a finite .*Received: 'half'"),
    "only reviews": (lambda: Recipe(10, 4, 1e-3, 1.0, review=1.0), r"review must be below 1. Received: 1.0"),
    "a negative limit": (lambda: Recipe(10, 4, 1e-3, 1.0, advance_below=-1), r"advance_below must be .*Received: -1"),
    "epochs of nothing": (lambda: Recipe(10, 4, 1e-3, 1.0, sequences_per_epoch=0), r"sequences_per_epoch must be"),
    "no measure": (lambda: Goal("bit", 0.1), r"measure must be one of 'bits'.*Received: 'bit'. Did you mean 'bits'"),
    "no limit": (lambda: Goal("bits", math.nan), r"limit must be a finite number of at least 0. Received: nan"),
    "no steps": (lambda: Recipe(10, 4, 1e-3, 1.0, steps_per_execution=0), r"steps_per_execution must be .*Received: 0"),
    "a data set of nothing": (lambda: dataset(TASK, 0), r"batch_size must be .*Received: 0"),
    "a data set of no seed": (lambda: dataset(TASK, 1, seed=-1), r"seed must be .*Received: -1"),
    "chunks of nothing": (lambda: dataset(TASK, 1, chunk=0), r"chunk must be .*Received: 0"),
    "a data set of no task": (lambda: dataset(3, 4), r"task must be a task such as CopyTask\(\). Received: 3"),
    "evaluation of nothing": (lambda: evaluate(3, TASK), r"model must be a SequenceModel. Received: 3"),
    "evaluation on nothing": (lambda: evaluate(MODEL, 3), r"task must be a task such as CopyTask\(\). Received: 3"),
    "evaluation with no seed": (lambda: evaluate(MODEL, TASK, seed=-1), r"seed must be a whole number .*Received: -1"),
    "an empty batch": (
        lambda: train_step(X[:0], Y[:0], MODEL, ADAM),
        r"inputs must have at least one sequence and one step T. Received shape: \(0, 5, 3\)",
    ),
    "inputs too wide for the model": (
        lambda: train_step(X[..., :2], Y, MODEL, ADAM),
        r"^inputs must have 3 entries \(num_inputs\)",
    ),
    "targets too wide for the model": (
        lambda: train_step(X, Y[..., :1], MODEL, ADAM),
        r"^targets must have 2 entries \(num_outputs\)",
    ),
    "no sequences": (lambda: evaluate(MODEL, TASK, sequences=0), r"sequences must be .*Received: 0"),
    "a task of another width": (
        lambda: evaluate(MODEL, CopyTask(3)),
        r"model must have .*\(4, 3\).*Received: \(3, 2\)",
    ),
    "training for another task": (lambda: train(CopyTask(3), model=MODEL), r"model must have .*Received: \(3, 2\)"),
    "negative seed": (lambda: train(TASK, seed=-1), r"seed must be .*Received: -1"),
    "seed of text": (lambda: train(TASK, seed="a"), r"seed must be .*Received: 'a'"),
    "seed too large": (lambda: train(TASK, seed=2**32), r"seed must be below 2\*\*32. Received: 4294967296"),
    "no machine": (lambda: train(TASK, model=3), r"model must be .*Received: 3"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_argument_is_named_with_what_came(name: str) -> None:
    call, message = WRONG[name]
    with pytest.raises(ValueError, match=message):
        call()


def test_the_default_recipe_is_the_papers_amount_of_data_and_decays_to_nothing() -> None:
    optimizer = COPY_RECIPE.optimizer()
    assert COPY_RECIPE.steps * COPY_RECIPE.batch_size == COPY_RECIPE.sequences
    assert optimizer.global_clipnorm == COPY_RECIPE.clip_norm
    assert optimizer.epsilon == COPY_RECIPE.epsilon
    optimizer.iterations.assign(0)
    assert float(optimizer.learning_rate) == pytest.approx(COPY_RECIPE.learning_rate)
    optimizer.iterations.assign(COPY_RECIPE.steps)
    assert float(optimizer.learning_rate) == 0.0


def test_a_rate_can_be_held_before_it_falls() -> None:
    optimizer = Recipe(80, 4, 1e-2, 1.0, hold=0.5).optimizer()
    rates = []
    for step in range(21):
        optimizer.iterations.assign(step)
        rates.append(float(optimizer.learning_rate))
    np.testing.assert_allclose(rates[:11], 1e-2)
    np.testing.assert_allclose(rates[10:], 1e-2 * np.linspace(1, 0, 11), atol=1e-9)


def test_a_goal_is_reached_below_its_bits_or_from_its_share_on() -> None:
    measured = {"bits": 5.0, "optimal_bits": 4.0, "right": 0.9, "answered": 0.95}
    assert Goal("bits", 5.01).is_reached(measured)
    assert not Goal("bits", 5.0).is_reached(measured)
    assert Goal("excess_bits", 1.5).is_reached(measured)
    assert not Goal("excess_bits", 1.0).is_reached(measured)
    assert Goal("right", 0.9).is_reached(measured)
    assert not Goal("answered", 0.96).is_reached(measured)
    nan = dict.fromkeys(measured, math.nan)
    assert not any(Goal(measure, 0.5).is_reached(nan) for measure in ("bits", "excess_bits", "right", "answered"))


def test_a_curve_reaches_a_goal_at_its_first_point_below_on_the_last_stage() -> None:
    curve = [{"sequences": 10 * i, "bits": bits, "stage": i // 3} for i, bits in enumerate([3, 2, 1, 5, 2, 1])]
    assert Goal("bits", 2.5).first_reached(curve, 0.0) == 40
    assert Goal("excess_bits", 0.5).first_reached(curve, 1.0) == 50
    assert Goal("bits", 0.5).first_reached(curve, 0.0) is None
    assert Goal("right", 0.5).first_reached(curve, 0.0) is None
    assert Goal("bits", 0.5).first_reached([], 0.0) is None


# --- data and evaluation


def test_a_data_set_is_what_the_task_draws_in_one_static_shape() -> None:
    data = dataset(TASK, 3, seed=5, chunk=2)
    assert [tuple(spec.shape) for spec in data.element_spec] == [(3, 5, 3), (3, 5, 2), (3, 5)]
    first, second, third = (tuple(part.numpy() for part in each) for each in data.take(3))
    drawn = TASK.sample(6, np.random.default_rng([5, 0]), steps=5)
    for part, whole in zip(first, drawn, strict=True):
        np.testing.assert_array_equal(part, whole[:3])
    for part, whole in zip(second, drawn, strict=True):
        np.testing.assert_array_equal(part, whole[3:])
    following = TASK.sample(6, np.random.default_rng([5, 1]), steps=5)
    np.testing.assert_array_equal(third[0], following.inputs[:3])
    np.testing.assert_array_equal(next(iter(data))[0], first[0], err_msg="reading it again gives the same")


class Oracle:
    """Answers every bit right except where it is told to fail, and counts as a model."""

    num_inputs, num_outputs, built = 3, 2, True

    def __init__(self, wrong: int) -> None:
        self.wrong = wrong

    def __call__(self, inputs: tf.Tensor, training: Any = None) -> tf.Tensor:
        length = (tf.shape(inputs)[1] - 1) // 2
        answer = tf.pad(inputs[:, :length, :2], [[0, 0], [length + 1, 0], [0, 0]]) * 200.0 - 100.0
        flip = tf.cast(tf.range(tf.shape(inputs)[0]) < self.wrong, tf.float32)[:, None, None]
        return answer * (1.0 - 2.0 * flip)


@pytest.mark.parametrize("wrong", [0, 50])
def test_evaluation_counts_sequences_and_bits(wrong: int) -> None:
    result = evaluate(Oracle(wrong), CopyTask(2), sequences=150, length=3)
    share = 2 * wrong / 150  # in the batches of 100 and of 50
    assert result["right"] == pytest.approx(1 - share)
    assert result["wrong_bits"] == pytest.approx(6 * share)
    assert result["bits"] == pytest.approx(600 * share / math.log(2), rel=1e-5)
    assert result["answered"] == pytest.approx(1 - share)
    assert result["optimal_bits"] == 0.0


def test_more_items_than_slots_are_allowed_and_warned_about() -> None:
    with pytest.warns(UserWarning, match="a sequence of copy may hold 7 items here, and the memory has 6 slots"):
        evaluate(machine(), TASK, sequences=2, length=7)
    with pytest.warns(UserWarning, match="may hold 7 items here, and the memory has 6 slots"):
        train(CopyTask(2, max_length=7), recipe=TINY, model=machine, progress=False, tests=[])


def test_a_machine_without_slots_is_not_warned_of_them(recwarn: pytest.WarningsRecorder) -> None:
    evaluate(LSTMBaseline(3, 2, units=4, layers=1), TASK, sequences=2, length=7)
    evaluate(machine(), TASK, sequences=2, length=6)
    assert not [each for each in recwarn if "slots" in str(each.message)]
