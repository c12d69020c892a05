"""The Neural Turing Machine as a model of whole sequences."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from ntm_lib import checks, recurrence
from ntm_lib.addressing import spread
from ntm_lib.cells.ntm import NTMCell, NTMState
from ntm_lib.heads import HeadStart
from ntm_lib.masks import checked_inputs, combined_mask
from ntm_lib.sequence_model import SequenceModel


@keras.saving.register_keras_serializable("ntm_lib")
class NeuralTuringMachine(SequenceModel):
    """A Neural Turing Machine (Graves et al. 2014) as a Keras model: sequences in, logits out.

    The memory starts afresh with every sequence; only the weights are learned. `training=True`, as in `fit`, uses the
    fast backward pass of `ntm_lib.recurrence`; otherwise the plain loop runs, which takes any length without a new
    program and can be differentiated too.

    Training pays a little for heads that are spread over many slots, `spread_penalty`. A task of short sequences leaves
    open where a head rests while nothing depends on it; left to itself it dissolves over the memory, and the machine
    fails on sequences longer than it was trained on. This is not in the paper: 0 turns it off.

    Args:
        num_inputs: I, the width of an input vector.
        num_outputs: O, the width of an output vector.
        memory_size: N, the slots of memory.
        memory_vector_dim: W, the width of a slot.
        controller: "lstm" or "feed-forward".
        units: C, the units of the controller.
        read_heads: R.
        write_heads: H.
        shift_range: a head can move this many slots in a step, either way.
        head_start: the biases of the heads before training, as `ntm_lib.heads.start_bias` takes them; 0 if not given.
            `{"write": {"gate": -3.0, "shift": [0.0, 0.0, 3.0]}}` begins with a write head that moves on at every step.
        input_scale: how many times larger than Glorot's the controller's weights on the input begin. Glorot expects
            that all inputs are of about size 1. Of a one-hot word all but one are 0, so that the word is hardly heard:
            there begin with about 8.
        initial_memory: "constant" (1e-6), "learned" or "random" (drawn once).
        initial_weights: "one-hot" (slot 0), "constant" (1/N), "learned" or "random" (drawn once).
        spread_penalty: bits for each step and head whose weighting is spread over the whole memory; less spread costs
            in proportion to `ntm_lib.spread`. It acts on the gradient; the loss that is reported is without it.

    Raises:
        ValueError: if a number is not whole and positive, the penalty or the scale is negative or not finite, the shift
            range does not fit, a name is unknown, or `head_start` names no parameter of a head.

    Example:
        >>> import numpy as np
        >>> from ntm_lib import CopyTask, NeuralTuringMachine
        >>> model = NeuralTuringMachine(9, 8, memory_size=128, memory_vector_dim=20)
        >>> batch = CopyTask(vector_dim=8).sample(2, np.random.default_rng(0), length=5)
        >>> print(model(batch.inputs).shape, model.count_params())
        (2, 11, 8) 62260
        >>> model.save("machine.keras")
        >>> again = NeuralTuringMachine.load("machine.keras")
        >>> bool(np.allclose(again(batch.inputs), model(batch.inputs), atol=1e-6))
        True
    """

    def __init__(
        self,
        num_inputs: int,
        num_outputs: int,
        memory_size: int,
        memory_vector_dim: int,
        *,
        controller: str = "lstm",
        units: int = 100,
        read_heads: int = 1,
        write_heads: int = 1,
        shift_range: int = 1,
        head_start: HeadStart | None = None,
        input_scale: float = 1.0,
        initial_memory: str = "constant",
        initial_weights: str = "one-hot",
        spread_penalty: float = 0.01,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.spread_penalty = checks.non_negative_number("spread_penalty", spread_penalty)
        self.cell = NTMCell(
            num_inputs,
            num_outputs,
            memory_size,
            memory_vector_dim,
            controller=controller,
            units=units,
            read_heads=read_heads,
            write_heads=write_heads,
            shift_range=shift_range,
            head_start=head_start,
            input_scale=input_scale,
            initial_memory=initial_memory,
            initial_weights=initial_weights,
            name="cell",
            dtype=self.dtype_policy,
        )
        self.num_inputs, self.num_outputs = self.cell.controller.num_inputs, self.cell.controller.num_outputs
        self.memory_size, self.memory_vector_dim = self.cell.memory_size, self.cell.heads.memory_vector_dim
        self.supports_masking = True
        self.built = True

    def call(self, inputs: Any, mask: Any = None, sequence_lengths: Any = None, training: Any = None) -> tf.Tensor:
        """Run the machine over a batch of sequences.

        Args:
            inputs: `[B, T, I]`.
            mask: `[B, T]`, true where a step belongs to the sequence. At other steps the machine stands still and its
                logits are 0. (Steps that belong but do not count are the loss's mask, not this one.)
            sequence_lengths: `[B]`, the number of steps of each sequence: a mask for padding at the end.
            training: whether to use the fast backward pass.

        Returns:
            logits, `[B, T, O]`, in float32; the sigmoid of a logit is the probability of a 1.

        Raises:
            ValueError: if a shape does not fit, a length is above T, or a value is not a finite real number. (Within a
                traced function there are no values to look at: a length above T counts as T there.)
        """
        inputs = tf.cast(checked_inputs(inputs, self.num_inputs), tf.float32)
        mask = combined_mask(inputs, mask, sequence_lengths)
        state = self.cell.initial_state(tf.shape(inputs)[0])
        penalised = training is True and self.spread_penalty > 0
        step: recurrence.Step = _with_spread(self.cell.features) if penalised else self.cell.features
        sequence = inputs
        if mask is not None:
            step, sequence = _standing_still(step), tf.concat([inputs, mask[..., tf.newaxis]], axis=-1)
        run = recurrence.unroll if training is True else _outputs_of_scan
        features = run(step, self.cell.controller.recurrent_weights(), tf.transpose(sequence, [1, 0, 2]), state)
        if penalised:
            features, spreads = features[..., :-1], features[..., -1]
            self._penalise(spreads if mask is None else spreads * tf.transpose(mask))
        logits = tf.ensure_shape(self.logits(features), [*inputs.shape[:2], self.num_outputs])
        return logits if mask is None else logits * mask[..., tf.newaxis]

    def logits(self, features: tf.Tensor) -> tf.Tensor:
        """Return the logits, `[B, T, O]`, of the cell's features of all steps, `[T, B, C + R*W]`."""
        rows = self.cell.controller.output_logits(tf.reshape(features, [-1, features.shape[-1]]))
        shape = [tf.shape(features)[0], tf.shape(features)[1], self.num_outputs]
        return tf.transpose(tf.reshape(rows, shape), [1, 0, 2])

    def _penalise(self, spreads: tf.Tensor) -> None:
        """Let the spread of all heads, `[T, B]`, act on the gradient but not on the number: the loss stays in bits."""
        penalty = self.spread_penalty * tf.reduce_mean(tf.reduce_sum(spreads, axis=0))
        self.add_loss(penalty - tf.stop_gradient(penalty))

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        config = {**self.cell.get_config(), "spread_penalty": self.spread_penalty}
        return {**config, "name": self.name, "trainable": self.trainable}


def _outputs_of_scan(step: Any, weights: Any, inputs: tf.Tensor, state: NTMState) -> tf.Tensor:
    return recurrence.scan(step, weights, inputs, state)[0]


def _with_spread(step: recurrence.Step) -> recurrence.Step:
    """Return a step whose output has one more column: the spread of all its heads together."""

    def widened(use: recurrence.Affine, inputs: tf.Tensor, state: NTMState) -> tuple[tf.Tensor, NTMState]:
        features, after = step(use, inputs, state)
        heads = tf.reduce_sum(spread(after.weights), axis=-1, keepdims=True)
        return tf.concat([features, heads], axis=-1), after

    return widened


def _standing_still(step: recurrence.Step) -> recurrence.Step:
    """Return a step that keeps its state where the last input channel, a mask, is 0."""

    def masked(use: recurrence.Affine, inputs: tf.Tensor, state: Any) -> tuple[Any, Any]:
        output, after = step(use, inputs[:, :-1], state)
        moves = inputs[:, -1] > 0.5

        def choose(new: tf.Tensor, old: tf.Tensor) -> tf.Tensor:
            return tf.where(tf.reshape(moves, [-1] + [1] * (new.shape.rank - 1)), new, old)

        return output, tf.nest.map_structure(choose, after, state)

    return masked
