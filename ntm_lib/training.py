"""One step of training, and how well a model does."""

from __future__ import annotations

import functools
import warnings
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ntm_lib import checks
from ntm_lib.metrics import bit_errors, bits_per_sequence
from ntm_lib.sequence_model import SequenceModel
from ntm_lib.tasks import Task, TaskBatch
from ntm_lib.tasks.base import generator


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

    Example:
        >>> import keras
        >>> import numpy as np
        >>> from ntm_lib import CopyTask, LSTMBaseline, train_step
        >>> keras.utils.set_random_seed(0)
        >>> task = CopyTask(vector_dim=2)
        >>> model = LSTMBaseline(task.num_inputs, task.num_outputs, units=8, layers=1)
        >>> optimizer = keras.optimizers.Adam(0.01)
        >>> batch = task.sample(4, np.random.default_rng(0), length=2)
        >>> bits = []
        >>> for _ in range(20):  # the same four sequences again and again
        ...     loss = train_step(*batch[:2], model, optimizer, mask=batch.mask)
        ...     bits.append(float(loss))
        >>> bits[-1] < bits[0]
        True
    """
    if not isinstance(optimizer, keras.optimizers.Optimizer):
        raise ValueError(f"optimizer must be a Keras optimizer. Received: {optimizer!r}")
    inputs, targets = checks.tensor("inputs", inputs, "[B, T, I]"), checks.tensor("targets", targets, "[B, T, O]")
    mask = tf.ones(inputs.shape[:2]) if mask is None else checks.tensor("mask", mask, "[B, T]")
    checks.size("inputs", inputs, -1, getattr(model, "num_inputs", None), "num_inputs")
    checks.size("targets", targets, -1, getattr(model, "num_outputs", None), "num_outputs")
    if 0 in inputs.shape[:2]:
        raise ValueError(f"inputs must have at least one sequence and one step T. Received shape: {inputs.shape}")
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

    @tf.function(autograph=False, jit_compile=True)
    def step(inputs: tf.Tensor, targets: tf.Tensor, mask: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            loss = bits_per_sequence(targets, model(inputs, training=True), mask)
            # A penalty of the model's own is 0 as a number, and has a gradient.
            loss += sum(model.losses)
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        return loss

    return step


def evaluate(
    model: SequenceModel, task: Task, *, sequences: int = 100, seed: int = 1_000_000, **difficulty: Any
) -> dict[str, float]:
    """Return how a model does on fresh sequences.

    Args:
        model: maps inputs to logits.
        task: what to sample.
        sequences: how many.
        seed: of the sequences; far from the seeds of training by default.
        difficulty: of the sequences, by name, as for the task's `sample`; by default that of training.

    Returns:
        A sequence and averaged: `bits`; `optimal_bits`, what the best predictor would have paid for the same
        sequences; `wrong_bits`. And two shares: `right`, of sequences without a mistake, and `answered`, of steps that
        count without a mistake. A model that answers NaN gets NaN, and 0 for the shares.

    Raises:
        ValueError: if the model does not fit the task, a number is not whole and positive, or a difficulty is none of
            the task's.

    Example:
        >>> from ntm_lib import CopyTask, evaluate, load_pretrained
        >>> model = load_pretrained("copy-lstm")
        >>> measured = evaluate(model, CopyTask(), sequences=4, length=80)
        >>> measured["right"]  # four times the longest sequence of its training
        1.0
    """
    if not isinstance(task, Task):
        raise ValueError(f"task must be a task such as CopyTask(). Received: {task!r}")
    check_widths(model, task)
    warn_of_few_slots(model, task, **difficulty)
    rng = generator(seed)
    parts: list[dict[str, np.ndarray]] = []
    for start in range(0, checks.positive_integer("sequences", sequences), 100):
        batch = task.sample(min(100, sequences - start), rng, **difficulty)
        optimal = task.optimal_bits(batch, **difficulty)
        parts.append(_measured(batch, optimal, np.asarray(forward(model)(batch.inputs))))
    return {name: float(np.mean(np.concatenate([part[name] for part in parts]))) for name in parts[0]}


def _measured(batch: TaskBatch, optimal: np.ndarray, logits: np.ndarray) -> dict[str, np.ndarray]:
    """Return every measure of `evaluate` for each sequence, `[B]`."""
    examples = len(logits)
    if not np.isfinite(logits).all():  # a run that met NaN is reported, not raised
        nan, none = np.full(examples, np.nan), np.zeros(examples)
        return {"bits": nan, "optimal_bits": optimal, "wrong_bits": nan, "right": none, "answered": none}
    wrong = bit_errors(batch.targets, logits, batch.mask).numpy()
    mistaken = ((logits > 0) != (batch.targets > 0.5)).any(axis=-1) & (batch.mask > 0.5)
    return {
        "bits": np.full(examples, float(bits_per_sequence(batch.targets, logits, batch.mask))),
        "optimal_bits": optimal,
        "wrong_bits": wrong,
        "right": (wrong == 0).astype(float),
        "answered": 1.0 - mistaken.sum(axis=-1) / np.maximum(batch.mask.sum(axis=-1), 1.0),
    }


def warn_of_few_slots(model: SequenceModel, task: Task, **difficulty: Any) -> None:
    """Warn if the hardest sequences of a difficulty hold more items than the model's memory has slots."""
    slots = getattr(model, "memory_size", None)
    needed = task.slots(**{name: high for name, (_, high) in task.ranges(**difficulty).items()})
    if slots is not None and needed > slots:
        warnings.warn(
            f"a sequence of {task.name} may hold {needed} items here, and the memory has {slots} slots: "
            "it can be tried, but not be answered by one item a slot",
            stacklevel=3,
        )


def check_widths(model: SequenceModel, task: Task) -> None:
    """Raise `ValueError` unless inputs and outputs of the model are as wide as those of the task."""
    if not callable(model) or not hasattr(model, "num_inputs"):
        raise ValueError(f"model must be a SequenceModel. Received: {model!r}")
    received, expected = (model.num_inputs, model.num_outputs), (task.num_inputs, task.num_outputs)
    if received != expected:
        raise ValueError(
            f"model must have num_inputs and num_outputs {expected} for the task {task.name!r}. Received: {received}"
        )


@functools.lru_cache(maxsize=8)
def forward(model: SequenceModel) -> Any:
    """Return the model as one traced function of inputs `[B, T, I]`, for any B and T without tracing again."""

    @tf.function(autograph=False, input_signature=[tf.TensorSpec([None, None, model.num_inputs])])
    def run(inputs: tf.Tensor) -> tf.Tensor:
        return model(inputs, training=False)

    return run
