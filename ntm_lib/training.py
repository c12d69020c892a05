"""Train a machine by a named recipe, with a progress bar, and write down what happened."""

from __future__ import annotations

import functools
import json
import math
import os
import platform
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf
from tqdm import tqdm

from ntm_lib import checks
from ntm_lib.metrics import bit_errors, bits_per_sequence
from ntm_lib.models import NeuralTuringMachine
from ntm_lib.recipes import COPY_RECIPE, Recipe
from ntm_lib.sequence_model import SequenceModel
from ntm_lib.tasks import Task

SOLVED = 0.01
"""A task counts as learned below this many bits a sequence."""


class TrainingRun(NamedTuple):
    """A trained model and the record of its training."""

    model: SequenceModel
    results: dict[str, Any]


def train_step(inputs: Any, targets: Any, model: SequenceModel, optimizer: Any, *, mask: Any = None) -> tf.Tensor:
    """Make one update of the weights: the deck's slide 5, for any model, with the loss in bits.

    The step is compiled by XLA for each pair of model and optimizer, and once more for each new shape of the inputs.

    Args:
        inputs: `[B, T, I]`.
        targets: `[B, T, O]`, 0 or 1.
        model: maps inputs to logits.
        optimizer: a Keras optimizer that is used for this model only.
        mask: `[B, T]`, 1 where the output counts; everywhere if not given.

    Returns:
        The loss before the update: bits a sequence, one number.

    Raises:
        ValueError: if a shape does not fit, or a value is not a finite real number.
    """
    if not isinstance(optimizer, keras.optimizers.Optimizer):
        raise ValueError(f"optimizer must be a Keras optimizer. Received: {optimizer!r}")
    inputs, targets = checks.tensor("inputs", inputs, "[B, T, I]"), checks.tensor("targets", targets, "[B, T, O]")
    mask = tf.ones(inputs.shape[:2]) if mask is None else checks.tensor("mask", mask, "[B, T]")
    for axis, meaning in ((0, "the batch of inputs"), (1, "the steps of inputs")):
        checks.size("targets", targets, axis, inputs.shape[axis], meaning)
        checks.size("mask", mask, axis, inputs.shape[axis], meaning)
    return _compiled_step(model, optimizer)(inputs, targets, mask)


@functools.lru_cache(maxsize=8)
def _compiled_step(model: SequenceModel, optimizer: Any) -> Any:
    if not isinstance(model, keras.Model):
        raise ValueError(f"model must be a Keras model. Received: {model!r}")
    if not model.built:
        raise ValueError("model must have its weights: call it once. Received a model that is not built")
    optimizer.build(model.trainable_variables)

    @tf.function(jit_compile=True)
    def step(inputs: tf.Tensor, targets: tf.Tensor, mask: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            loss = bits_per_sequence(targets, model(inputs, training=True), mask)
            # A penalty of the model's own is 0 as a number, and has a gradient.
            loss += sum(model.losses)
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        return loss

    return step


def dataset(task: Task, batch_size: int, *, seed: int = 0, chunk: int = 16) -> tf.data.Dataset:
    """Return an endless `tf.data.Dataset` of `TaskBatch`es of one static shape, as `fit` takes them.

    Chunk number i is drawn from a generator of its own, seeded by `seed` and i: the data is the same whenever and
    however often it is read.

    Args:
        task: what to sample.
        batch_size: B.
        seed: of the sequences.
        chunk: how many batches are drawn at once, to save calls into Python.

    Returns:
        Batches `(inputs [B, T, I], targets [B, T, O], mask [B, T])`.

    Raises:
        ValueError: if a number is not whole and positive.
    """
    for name, value, minimum in (("batch_size", batch_size, 1), ("seed", seed, 0), ("chunk", chunk, 1)):
        checks.positive_integer(name, value, minimum)
    steps = task.max_steps
    shapes: list[tuple[int, ...]] = [(chunk, batch_size, steps, width) for width in (task.num_inputs, task.num_outputs)]
    shapes.append((chunk, batch_size, steps))

    def draw(index: np.ndarray) -> list[np.ndarray]:
        batch = task.sample(chunk * batch_size, np.random.default_rng([seed, int(index)]), steps=steps)
        return [part.reshape(shape) for part, shape in zip(batch, shapes, strict=True)]

    def on_graph(index: tf.Tensor) -> tuple[tf.Tensor, ...]:
        parts = tf.numpy_function(draw, [index], [tf.float32] * len(shapes))
        return tuple(tf.ensure_shape(part, shape) for part, shape in zip(parts, shapes, strict=True))

    # Not `from_generator`: it tells the C library to give memory back at once, which costs training half its speed.
    return tf.data.Dataset.counter().map(on_graph).unbatch().prefetch(2 * chunk)


def evaluate(
    model: SequenceModel, task: Task, *, sequences: int = 100, seed: int = 1_000_000, length: int | None = None
) -> dict[str, float]:
    """Return how a model does on fresh sequences.

    Args:
        model: maps inputs to logits.
        task: what to sample.
        sequences: how many.
        seed: of the sequences; far from the seeds of training by default.
        length: of every sequence, as for the task's `sample`.

    Returns:
        `bits` and `wrong_bits`, both a sequence and averaged, and `right`, the share of sequences without a mistake.
        A model that answers NaN gets NaN, NaN and 0.

    Raises:
        ValueError: if the model does not fit the task, or a number is not whole and positive.
    """
    _check_widths(model, task)
    rng = np.random.default_rng(seed)
    bits, wrong = [], []
    for start in range(0, checks.positive_integer("sequences", sequences), 100):
        batch = task.sample(min(100, sequences - start), rng, length=length)
        logits = forward(model)(batch.inputs)
        if not np.isfinite(logits).all():  # a run that met NaN is reported, not raised
            return {"bits": math.nan, "wrong_bits": math.nan, "right": 0.0}
        bits += [float(bits_per_sequence(batch.targets, logits, batch.mask))] * len(batch.mask)
        wrong += bit_errors(batch.targets, logits, batch.mask).numpy().tolist()
    return {
        "bits": float(np.mean(bits)),
        "wrong_bits": float(np.mean(wrong)),
        "right": float(np.mean(np.equal(wrong, 0))),
    }


def _check_widths(model: SequenceModel, task: Task) -> None:
    received, expected = (model.num_inputs, model.num_outputs), (task.num_inputs, task.num_outputs)
    if received != expected:
        raise ValueError(
            f"model must have num_inputs and num_outputs {expected} for the task {task.name!r}. Received: {received}"
        )


@functools.lru_cache(maxsize=8)
def forward(model: SequenceModel) -> Any:
    """Return the model as one traced function of inputs `[B, T, I]`, for any B and T without tracing again."""

    @tf.function(input_signature=[tf.TensorSpec([None, None, model.num_inputs])])
    def run(inputs: tf.Tensor) -> tf.Tensor:
        return model(inputs, training=False)

    return run


def train(
    task: Task,
    *,
    seed: int = 0,
    recipe: Recipe = COPY_RECIPE,
    model: SequenceModel | Callable[[], SequenceModel] | None = None,
    lengths: Sequence[int] = (20, 40, 80, 120),
    progress: bool = True,
    callbacks: Sequence[keras.callbacks.Callback] = (),
) -> TrainingRun:
    """Train a machine on a task and test it on longer sequences than it has seen.

    Args:
        task: what to learn.
        seed: of the weights and of the sequences.
        recipe: how to train.
        model: what to train, or a function that makes it once the seed is set; if not given, the machine of the
            paper's copy experiment: LSTM-100, memory 128 x 20.
        lengths: the sequence lengths to test at, 100 sequences each.
        progress: whether to show a bar with the bits and the time left.
        callbacks: further Keras callbacks.

    Returns:
        `TrainingRun(model, results)`. `results` holds the settings, the curve, and bits at every length. A run that
        does not learn, or meets NaN, is returned like any other, with `solved` False.

    Raises:
        ValueError: if `seed` is not a whole number of at least 0 and below 2**32, or the model does not fit the task.
    """
    if not callable(getattr(task, "sample", None)):
        raise ValueError(f"task must be a task such as CopyTask(). Received: {task!r}")
    if not isinstance(recipe, Recipe):
        raise ValueError(f"recipe must be a Recipe. Received: {recipe!r}")
    if checks.positive_integer("seed", seed, minimum=0) >= 2**32:
        raise ValueError(f"seed must be below 2**32. Received: {seed!r}")
    keras.utils.set_random_seed(seed)
    if not isinstance(model, SequenceModel):
        if model is not None and not callable(model):
            raise ValueError(f"model must be a SequenceModel or a function that makes one. Received: {model!r}")
        model = model() if model else NeuralTuringMachine(task.num_inputs, task.num_outputs, 128, 20)
    _check_widths(model, task)
    model.compile(recipe.optimizer(), steps_per_execution=recipe.steps_per_execution)
    record = _Record(recipe, progress)
    started = time.perf_counter()
    with warnings.catch_warnings():  # the last epoch is shorter where the recipe's steps do not fill it
        warnings.filterwarnings("ignore", message=".*ran out of data")
        model.fit(
            dataset(task, recipe.batch_size, seed=seed, chunk=recipe.steps_per_execution).take(recipe.steps),
            epochs=record.epochs,
            steps_per_epoch=record.steps_per_epoch,
            shuffle=False,
            verbose=0,
            callbacks=[record, keras.callbacks.TerminateOnNaN(), *callbacks],
        )
    results = {
        "task": task.name,
        "seed": seed,
        "model": {"class": type(model).__name__, **model.get_config()},
        "parameters": model.count_params(),
        "recipe": asdict(recipe),
        "machine": machine(),
        "seconds": round(time.perf_counter() - started, 1),
        "first_step_seconds": record.first_step_seconds,
        "curve": record.curve,
        "sequences_to_solve": next((point["sequences"] for point in record.curve if point["bits"] < SOLVED), None),
        "final": evaluate(model, task, sequences=1000),
        "lengths": {str(length): evaluate(model, task, length=length) for length in lengths},
    }
    return TrainingRun(model, results | {"solved": results["final"]["bits"] < SOLVED})


class _Record(keras.callbacks.Callback):
    """Draws the progress bar and keeps the curve: the mean bits of every 1,000 sequences or so."""

    def __init__(self, recipe: Recipe, progress: bool) -> None:
        super().__init__()
        self.recipe = recipe
        executions = max(1, round(1000 / (recipe.batch_size * recipe.steps_per_execution)))
        self.steps_per_epoch = executions * recipe.steps_per_execution
        self.epochs = -(-recipe.steps // self.steps_per_epoch)
        self.curve: list[dict[str, float]] = []
        self.first_step_seconds: float | None = None
        self._bar = tqdm(total=self._shown(recipe.steps), unit=" sequences", disable=not progress, mininterval=0.5)

    def _shown(self, steps: int) -> int:
        """Return the sequences shown after that many steps, of which the recipe has an end."""
        return min(steps, self.recipe.steps) * self.recipe.batch_size

    def on_train_begin(self, logs: Any = None) -> None:
        self._started = time.perf_counter()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        if self.first_step_seconds is None:
            self.first_step_seconds = round(time.perf_counter() - self._started, 1)
        self._bar.update(self._shown(int(self.model.optimizer.iterations)) - self._bar.n)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        bits = float((logs or {})["loss"])
        self.curve.append({"sequences": self._shown((epoch + 1) * self.steps_per_epoch), "bits": bits})
        self._bar.set_postfix_str(f"{bits:.3g} bits a sequence", refresh=False)

    def on_train_end(self, logs: Any = None) -> None:
        self._bar.close()


def machine() -> dict[str, Any]:
    """Return what the figures of a run depend on: versions, architecture, and the cores it may use."""
    return {
        "python": platform.python_version(),
        "tensorflow": tf.__version__,
        "keras": keras.__version__,
        "numpy": np.__version__,
        "system": platform.system(),
        "architecture": platform.machine(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
    }


def write_results(results: dict[str, Any], path: str | Path) -> None:
    """Write results as JSON, through a file beside it, so that a failed write leaves the old file as it was.

    JSON has no NaN: it becomes null, as does infinity.
    """
    path = Path(path)
    beside = path.with_suffix(".writing")
    beside.write_text(json.dumps(_with_null(results), indent=1, allow_nan=False) + "\n")
    beside.replace(path)


def _with_null(part: Any) -> Any:
    if isinstance(part, dict):
        return {name: _with_null(value) for name, value in part.items()}
    if isinstance(part, list | tuple):
        return [_with_null(value) for value in part]
    return None if isinstance(part, float) and not math.isfinite(part) else part
