"""Training: single steps, whole runs, and that a run which fails is reported and not raised."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from machines import answers, batch, randomised, small

from ntm_lib import (
    COPY_RECIPE,
    CopyTask,
    LSTMBaseline,
    NeuralTuringMachine,
    Recipe,
    TrainingRun,
    bits_per_sequence,
    dataset,
    evaluate,
    train,
    train_step,
)
from ntm_lib.training import write_results

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
    "no steps": (lambda: Recipe(10, 4, 1e-3, 1.0, steps_per_execution=0), r"steps_per_execution must be .*Received: 0"),
    "a data set of nothing": (lambda: dataset(TASK, 0), r"batch_size must be .*Received: 0"),
    "a data set of no seed": (lambda: dataset(TASK, 1, seed=-1), r"seed must be .*Received: -1"),
    "chunks of nothing": (lambda: dataset(TASK, 1, chunk=0), r"chunk must be .*Received: 0"),
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


# --- a whole run


@pytest.fixture(scope="module")
def runs() -> list[TrainingRun]:
    """The same seed twice."""
    return [train(TASK, seed=3, recipe=TINY, model=machine, lengths=(1, 4), progress=False) for _ in range(2)]


def test_a_run_is_described_completely(runs: list[TrainingRun]) -> None:
    model, results = runs[0]
    assert set(results) == {
        *("task", "seed", "model", "parameters", "recipe", "machine", "seconds", "first_step_seconds"),
        *("curve", "sequences_to_solve", "final", "lengths", "solved"),
    }
    assert (results["task"], results["seed"], results["parameters"]) == ("copy", 3, model.count_params())
    assert results["recipe"]["sequences"] == 300
    assert results["model"]["units"] == 8
    assert results["model"]["class"] == "NeuralTuringMachine"
    assert set(results["machine"]) == {"python", "tensorflow", "keras", "numpy", "system", "architecture", "cores"}
    assert set(results["lengths"]) == {"1", "4"}
    assert all(
        set(each) == {"bits", "wrong_bits", "right"} for each in (results["final"], *results["lengths"].values())
    )
    assert results["solved"] is (results["final"]["bits"] < 0.01)
    json.dumps(results)


def test_exactly_the_recipes_sequences_are_shown(runs: list[TrainingRun]) -> None:
    model, results = runs[0]
    assert int(model.optimizer.iterations) == 75  # 300 sequences in batches of 4, which is no multiple of 20
    assert results["curve"][-1]["sequences"] == 300
    assert float(model.optimizer.learning_rate) == 0.0


def test_the_same_seed_gives_the_same_run(runs: list[TrainingRun]) -> None:
    one, other = runs
    assert one.results["curve"] == other.results["curve"]
    assert one.results["lengths"] == other.results["lengths"]
    for a, b in zip(one.model.get_weights(), other.model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_training_helps(runs: list[TrainingRun]) -> None:
    keras.utils.set_random_seed(3)
    assert runs[0].results["final"]["bits"] < evaluate(machine(), TASK, sequences=1000)["bits"] - 0.1


def test_a_run_that_meets_nan_is_reported_and_not_raised(tmp_path: Path) -> None:
    def poisoned() -> NeuralTuringMachine:
        model = machine()
        model.cell.controller.output_bias.assign([np.nan, 0.0])
        return model

    run = train(TASK, recipe=TINY, model=poisoned, lengths=(1,), progress=False)
    assert run.results["solved"] is False
    assert math.isnan(run.results["final"]["bits"])
    assert run.results["final"]["right"] == 0.0
    assert int(run.model.optimizer.iterations) == 20, "it stops after the first program"
    write_results(run.results, tmp_path / "results.json")
    text = (tmp_path / "results.json").read_text()
    assert json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))["final"]["bits"] is None


def test_a_failed_write_leaves_the_old_results(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    write_results({"bits": 1.5, "curve": [{"bits": 2.0}]}, path)
    before = path.read_bytes()
    with pytest.raises(TypeError):
        write_results({"bits": object()}, path)
    assert path.read_bytes() == before
    assert json.loads(before) == {"bits": 1.5, "curve": [{"bits": 2.0}]}
