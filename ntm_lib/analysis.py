"""Look at how a machine learns, its gradients, and at what its memory does in a long run."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ntm_lib import checks, recurrence
from ntm_lib.metrics import bits_per_sequence
from ntm_lib.models import NeuralTuringMachine
from ntm_lib.sequence_model import SequenceModel
from ntm_lib.tasks.base import generator


def compute_gradients(model: SequenceModel, inputs: Any, targets: Any, *, mask: Any = None) -> list[tf.Tensor]:
    """Return the gradient of the loss in bits for each trainable variable: the deck's slide 8.

    Args:
        model: maps inputs `[B, T, I]` to logits `[B, T, O]`.
        inputs: `[B, T, I]`.
        targets: `[B, T, O]`, 0 or 1.
        mask: `[B, T]`, 1 where the output counts; everywhere if not given.

    Returns:
        One tensor for each of `model.trainable_variables`, in their order and of their shapes.

    Raises:
        ValueError: if a shape does not fit, or a value is not a finite real number.

    Example:
        >>> import numpy as np
        >>> from ntm_lib import CopyTask, NeuralTuringMachine, compute_gradients
        >>> batch = CopyTask(2).sample(1, np.random.default_rng(0), length=2)
        >>> model = NeuralTuringMachine(3, 2, 6, 4, units=5)
        >>> gradients = compute_gradients(model, batch.inputs, batch.targets, mask=batch.mask)
        >>> len(gradients) == len(model.trainable_variables)
        True
    """
    if not isinstance(model, keras.Model):
        raise ValueError(f"model must be a Keras model. Received: {model!r}")
    with tf.GradientTape() as tape:
        loss = bits_per_sequence(targets, model(inputs, training=False), mask)
    return tape.gradient(loss, [variable.value for variable in model.trainable_variables])


def analyze_ntm_stability(
    ntm: NeuralTuringMachine,
    num_iterations: int,
    *,
    sequences: int = 8,
    seed: int | np.random.Generator | None = 0,
) -> np.ndarray:
    """Return how far the memory is from its start after each step of one long run: the deck's slide 12.

    The inputs are normal random numbers, as there. The memory starts once and is carried from step to step: a machine
    that is called anew for each step starts anew each time, and its memory never gets further than one write.

    Args:
        ntm: the machine.
        num_iterations: T, how many steps.
        sequences: how many runs are averaged.
        seed: of the inputs.

    Returns:
        `[T]`, the mean of |M_t - M_0| over slots, their numbers and the runs.

    Raises:
        ValueError: if `ntm` is no `NeuralTuringMachine`, or a number is not whole and positive.

    Example:
        >>> from ntm_lib import NeuralTuringMachine, analyze_ntm_stability
        >>> model = NeuralTuringMachine(3, 2, 6, 4, units=5)
        >>> changes = analyze_ntm_stability(model, 20, sequences=2)
        >>> print(changes.shape, bool((changes > 0).all()))
        (20,) True
    """
    if not isinstance(ntm, NeuralTuringMachine):
        raise ValueError(f"ntm must be a NeuralTuringMachine. Received: {ntm!r}")
    steps = checks.positive_integer("num_iterations", num_iterations)
    runs = checks.positive_integer("sequences", sequences)
    inputs = generator(seed).standard_normal((steps, runs, ntm.num_inputs)).astype(np.float32)

    def step(use: recurrence.Affine, vectors: tf.Tensor, state: Any) -> tuple[tf.Tensor, Any]:
        _, after = ntm.cell.features(use, vectors, state)
        return tf.reduce_mean(tf.abs(after.memory - start.memory)), after

    start = ntm.cell.initial_state(runs)
    weights = ntm.cell.controller.recurrent_weights()
    run = tf.function(lambda inputs: recurrence.scan(step, weights, inputs, start)[0], autograph=False)
    return run(tf.constant(inputs)).numpy()
