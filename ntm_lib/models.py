"""Models of whole sequences: the Neural Turing Machine, the deck's simplified one, and the LSTM to compare with."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from ntm_lib import checks, recurrence
from ntm_lib.addressing import spread
from ntm_lib.attention import read_with_attention
from ntm_lib.cells.ntm import NTMCell, NTMState
from ntm_lib.controllers import lstm
from ntm_lib.heads import HeadStart
from ntm_lib.memory import write_memory
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
        initial_memory: "constant" (1e-6), "learned" or "random" (drawn once).
        initial_weights: "one-hot" (slot 0), "constant" (1/N), "learned" or "random" (drawn once).
        spread_penalty: bits for each step and head whose weighting is spread over the whole memory; less spread costs
            in proportion to `ntm_lib.spread`. It acts on the gradient; the loss that is reported is without it.

    Raises:
        ValueError: if a number is not whole and positive, the penalty is negative or not finite, the shift range does
            not fit, a name is unknown, or `head_start` names no parameter of a head.
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
        inputs = tf.cast(_checked_inputs(inputs, self.num_inputs), tf.float32)
        mask = _combined_mask(inputs, mask, sequence_lengths)
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
        logits = self.cell.controller.output_logits(tf.reshape(features, [-1, features.shape[-1]]))
        steps, batch = tf.shape(inputs)[1], tf.shape(inputs)[0]
        logits = tf.transpose(tf.reshape(logits, [steps, batch, self.num_outputs]), [1, 0, 2])
        logits = tf.ensure_shape(logits, [*inputs.shape[:2], self.num_outputs])
        return logits if mask is None else logits * mask[..., tf.newaxis]

    def _penalise(self, spreads: tf.Tensor) -> None:
        """Let the spread of all heads, `[T, B]`, act on the gradient but not on the number: the loss stays in bits."""
        penalty = self.spread_penalty * tf.reduce_mean(tf.reduce_sum(spreads, axis=0))
        self.add_loss(penalty - tf.stop_gradient(penalty))

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        config = {**self.cell.get_config(), "spread_penalty": self.spread_penalty}
        return {**config, "name": self.name, "trainable": self.trainable}


@keras.saving.register_keras_serializable("ntm_lib")
class LSTMBaseline(SequenceModel):
    """Stacked LSTM layers and one affine map: the paper's baseline (section 4), whose layers are 3 of 256 for copy.

    Args:
        num_inputs: I, the width of an input vector.
        num_outputs: O, the width of an output vector.
        units: the units of each layer.
        layers: how many layers.

    Raises:
        ValueError: if a number is not whole and positive.
    """

    def __init__(self, num_inputs: int, num_outputs: int, *, units: int = 256, layers: int = 3, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.num_inputs = checks.positive_integer("num_inputs", num_inputs)
        self.num_outputs = checks.positive_integer("num_outputs", num_outputs)
        self.units = checks.positive_integer("units", units)
        self.depth = checks.positive_integer("layers", layers)
        policy = self.dtype_policy
        self.recurrent = [keras.layers.LSTM(self.units, return_sequences=True, dtype=policy) for _ in range(self.depth)]
        self.output_map = keras.layers.Dense(self.num_outputs, dtype=policy)
        for layer, width in zip(self.recurrent, [self.num_inputs, *[self.units] * (self.depth - 1)], strict=True):
            layer.build([None, None, width])
        self.output_map.build([None, None, self.units])
        self.supports_masking = True
        self.built = True

    def call(self, inputs: Any, mask: Any = None, training: Any = None) -> tf.Tensor:
        """Return logits `[B, T, O]` for inputs `[B, T, I]`; `mask` `[B, T]` is as in `keras.layers.LSTM`.

        Raises:
            ValueError: if a shape does not fit, or a value is not a finite real number.
        """
        sequence = _checked_inputs(inputs, self.num_inputs)
        mask = _combined_mask(sequence, mask, None)
        if training is True and mask is None:
            sequence = self._unrolled(sequence)
        else:
            mask = None if mask is None else mask > 0.5
            for layer in self.recurrent:
                sequence = layer(sequence, mask=mask, training=training)
        return tf.cast(self.output_map(sequence), tf.float32)

    def _unrolled(self, sequence: tf.Tensor) -> tf.Tensor:
        """Return what the layers return, `[B, T, C]`, in about half the time that Keras takes."""
        weights = []
        for layer in self.recurrent:
            kernels = [tf.convert_to_tensor(layer.cell.kernel), tf.convert_to_tensor(layer.cell.recurrent_kernel)]
            weights.append((tf.concat(kernels, axis=0), tf.convert_to_tensor(layer.cell.bias)))
        zeros = tf.zeros([tf.shape(sequence)[0], self.units])
        inputs = tf.transpose(tf.cast(sequence, tf.float32), [1, 0, 2])
        outputs = recurrence.unroll(_stacked_lstm, weights, inputs, [(zeros, zeros)] * self.depth)
        return tf.transpose(outputs, [1, 0, 2])

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            "num_inputs": self.num_inputs,
            "num_outputs": self.num_outputs,
            "units": self.units,
            "layers": self.depth,
            "name": self.name,
            "trainable": self.trainable,
            "dtype": keras.dtype_policies.serialize(self.dtype_policy),
        }


@keras.saving.register_keras_serializable("ntm_lib")
class SimpleNTM(keras.layers.Layer):
    """The deck's slide 9, made to work: an LSTM cell beside a memory that it writes and reads by attention alone.

    At each step the cell's output names a write query, erase and add vectors, and a read query. The memory is written
    where the write query matches, then read where the read query matches. There is no location addressing: the heads
    cannot step to the next slot, which is what the copy task asks for.

    Args:
        units: C, the units of the LSTM cell.
        memory_size: N, the slots of memory. They start with different, fixed random rows: equal rows would all match
            a query equally well and would stay equal for ever.
        memory_vector_dim: W, the width of a slot.

    Raises:
        ValueError: if a number is not whole and positive.
    """

    def __init__(self, units: int, memory_size: int, memory_vector_dim: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.units = checks.positive_integer("units", units)
        self.memory_size = checks.positive_integer("memory_size", memory_size)
        self.memory_vector_dim = checks.positive_integer("memory_vector_dim", memory_vector_dim)
        self.controller = keras.layers.LSTMCell(self.units, dtype=self.dtype_policy)
        self.interface = keras.layers.Dense(4 * self.memory_vector_dim, dtype=self.dtype_policy)
        self.initial_memory = self.add_weight(
            name="initial_memory",
            shape=[self.memory_size, self.memory_vector_dim],
            initializer=keras.initializers.RandomNormal(stddev=1.0),
            trainable=False,
        )

    def build(self, input_shape: Any) -> None:
        """Make the weights of the LSTM cell and of the interface."""
        self.controller.build([None, input_shape[-1]])
        self.interface.build([None, self.units])
        self.built = True

    def call(self, inputs: Any, states: Any = None) -> tuple[tf.Tensor, list[tf.Tensor]]:
        """Run over a batch of sequences.

        Args:
            inputs: `[B, T, I]`.
            states: h and c of the LSTM cell, each `[B, C]`; zeros if not given. The memory always starts afresh.

        Returns:
            `(outputs, states)`: `[B, T, C + W]`, the cell's output and the vector read at each step; and h and c.

        Raises:
            ValueError: if a shape does not fit, or a value is not a finite real number.
        """
        inputs = _checked_inputs(inputs)
        batch = tf.shape(inputs)[0]
        states = self.controller.get_initial_state(batch_size=batch) if states is None else list(states)
        if len(states) != 2:
            raise ValueError(f"states must be the two tensors h and c. Received: {len(states)}")
        start = tf.cast(tf.convert_to_tensor(self.initial_memory), tf.float32)
        memory = tf.tile(start[tf.newaxis], [batch, 1, 1])
        outputs, (states, _) = recurrence.scan(self._step, [], tf.transpose(inputs, [1, 0, 2]), (states, memory))
        return tf.transpose(outputs, [1, 0, 2]), states

    def _step(self, _: Any, inputs: tf.Tensor, state: Any) -> tuple[tf.Tensor, Any]:
        states, memory = state
        output, states = self.controller(inputs, states)
        # As in the other machine, memory is float32 whatever the policy.
        write_query, read_query, erase, add = tf.split(tf.cast(self.interface(output), tf.float32), 4, axis=-1)
        scores = tf.linalg.matvec(memory, write_query) / float(self.memory_vector_dim) ** 0.5
        memory = write_memory(memory, tf.nn.softmax(scores), tf.sigmoid(erase), tf.tanh(add))
        read = read_with_attention(memory, read_query)
        return tf.concat([tf.cast(output, tf.float32), read], axis=-1), (list(states), memory)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "units": self.units,
            "memory_size": self.memory_size,
            "memory_vector_dim": self.memory_vector_dim,
        }


def _stacked_lstm(use: recurrence.Affine, inputs: tf.Tensor, state: Any) -> tuple[tf.Tensor, Any]:
    """Run one step of LSTM layers, each of which sees the one below; the state is h and c of every layer."""
    after = []
    for number, (hidden, cell) in enumerate(state):
        after.append(lstm(use(number, tf.concat([inputs, hidden], axis=-1)), cell))
        inputs = after[-1][0]
    return inputs, after


def _checked_inputs(inputs: Any, num_inputs: int | None = None) -> tf.Tensor:
    inputs = checks.tensor("inputs", inputs, "[B, T, I]")
    checks.size("inputs", inputs, -1, num_inputs, "num_inputs")
    if 0 in inputs.shape[:2]:
        raise ValueError(f"inputs must have at least one sequence and one step T. Received shape: {inputs.shape}")
    return inputs


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


def _combined_mask(inputs: tf.Tensor, mask: Any, sequence_lengths: Any) -> tf.Tensor | None:
    """Return the mask `[B, T]` in float32 that `mask` and `sequence_lengths` make together, or None without either."""
    if mask is not None:
        mask = tf.cast(checks.tensor("mask", mask, "[B, T]") > 0.5, tf.float32)
        for axis in (0, 1):
            checks.size("mask", mask, axis, inputs.shape[axis], "batch and steps of inputs")
    if sequence_lengths is None:
        return mask
    lengths = checks.tensor("sequence_lengths", sequence_lengths, "[B]")
    checks.size("sequence_lengths", lengths, 0, inputs.shape[0], "the batch of inputs")
    steps = tf.shape(inputs)[1]
    fits = (lengths >= 0) & (lengths <= tf.cast(steps, lengths.dtype)) & (lengths == tf.round(lengths))
    if tf.executing_eagerly() and not bool(tf.reduce_all(fits)):
        raise ValueError(
            f"sequence_lengths must be whole numbers between 0 and T = {int(steps)}. Received: {lengths.numpy()}"
        )
    padding = tf.sequence_mask(tf.cast(lengths, tf.int32), steps, dtype=tf.float32)
    return padding if mask is None else mask * padding
