"""What the machine is compared with: the LSTM, which has no other memory, and the deck's simplified machine."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from ntm_lib import checks, recurrence
from ntm_lib.attention import read_with_attention
from ntm_lib.controllers import lstm, scaled_rows
from ntm_lib.masks import checked_inputs, combined_mask
from ntm_lib.memory import write_memory
from ntm_lib.sequence_model import SequenceModel


@keras.saving.register_keras_serializable("ntm_lib")
class LSTMBaseline(SequenceModel):
    """Stacked LSTM layers and one affine map: the paper's baseline (section 4), whose layers are 3 of 256 for copy.

    Args:
        num_inputs: I, the width of an input vector.
        num_outputs: O, the width of an output vector.
        units: the units of each layer.
        layers: how many layers.
        input_scale: how many times larger than Glorot's the first layer's weights on the input begin.

    Raises:
        ValueError: if a number is not whole and positive, or `input_scale` is not finite or is negative.

    Example:
        >>> import numpy as np
        >>> from ntm_lib import LSTMBaseline
        >>> model = LSTMBaseline(num_inputs=9, num_outputs=8, units=32, layers=2)
        >>> print(model(np.zeros((2, 5, 9), "float32")).shape, model.count_params())
        (2, 5, 8) 13960
    """

    def __init__(
        self,
        num_inputs: int,
        num_outputs: int,
        *,
        units: int = 256,
        layers: int = 3,
        input_scale: float = 1.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.num_inputs = checks.positive_integer("num_inputs", num_inputs)
        self.num_outputs = checks.positive_integer("num_outputs", num_outputs)
        self.units = checks.positive_integer("units", units)
        self.depth = checks.positive_integer("layers", layers)
        self.input_scale = checks.non_negative_number("input_scale", input_scale)
        policy = self.dtype_policy
        self.recurrent = [keras.layers.LSTM(self.units, return_sequences=True, dtype=policy) for _ in range(self.depth)]
        self.output_map = keras.layers.Dense(self.num_outputs, dtype=policy)
        for layer, width in zip(self.recurrent, [self.num_inputs, *[self.units] * (self.depth - 1)], strict=True):
            layer.build([None, None, width])
        first = self.recurrent[0].cell.kernel
        first.assign(scaled_rows(first, self.num_inputs, self.input_scale))
        self.output_map.build([None, None, self.units])
        self.supports_masking = True
        self.built = True

    def call(self, inputs: Any, mask: Any = None, training: Any = None) -> tf.Tensor:
        """Return logits `[B, T, O]` for inputs `[B, T, I]`; `mask` `[B, T]` is as in `keras.layers.LSTM`.

        Raises:
            ValueError: if a shape does not fit, or a value is not a finite real number.
        """
        sequence = checked_inputs(inputs, self.num_inputs)
        mask = combined_mask(sequence, mask, None)
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
            "input_scale": self.input_scale,
            "name": self.name,
            "trainable": self.trainable,
            "dtype": keras.dtype_policies.serialize(self.dtype_policy),
        }


def _stacked_lstm(use: recurrence.Affine, inputs: tf.Tensor, state: Any) -> tuple[tf.Tensor, Any]:
    """Run one step of LSTM layers, each of which sees the one below; the state is h and c of every layer."""
    after = []
    for number, (hidden, cell) in enumerate(state):
        after.append(lstm(use(number, tf.concat([inputs, hidden], axis=-1)), cell))
        inputs = after[-1][0]
    return inputs, after


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

    Example:
        >>> import numpy as np
        >>> from ntm_lib import SimpleNTM
        >>> layer = SimpleNTM(units=16, memory_size=10, memory_vector_dim=4)
        >>> outputs, (hidden, cell) = layer(np.zeros((2, 5, 3), "float32"))
        >>> print(outputs.shape, hidden.shape)  # C + W = 16 + 4
        (2, 5, 20) (2, 16)
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
        inputs = checked_inputs(inputs)
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
