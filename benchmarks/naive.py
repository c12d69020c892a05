"""The Neural Turing Machine as one would write it first: what the library's speed is measured against.

The same equations as `ntm_lib.cells.ntm`, one Dense layer for each head parameter, memory as `[B, N, W]`, shifts by a
matrix product, a power for sharpening, `tf.while_loop` over the steps and TensorFlow's own gradient of it.
"""

from __future__ import annotations

import keras
import tensorflow as tf


class NaiveNTM(keras.Model):
    """LSTM-100, memory 128 x 20, one read and one write head; inputs `[B, T, I]` to logits `[B, T, O]`."""

    def __init__(self, num_inputs: int, num_outputs: int, slots: int = 128, width: int = 20, units: int = 100) -> None:
        super().__init__()
        self.slots, self.width, self.units = slots, width, units
        self.num_inputs = num_inputs
        self.controller = keras.layers.LSTMCell(units)
        sizes = {"key": width, "strength": 1, "gate": 1, "shift": 3, "sharpening": 1}
        self.read_maps = {name: keras.layers.Dense(size) for name, size in sizes.items()}
        self.write_maps = {
            name: keras.layers.Dense(size) for name, size in {**sizes, "erase": width, "add": width}.items()
        }
        self.output_map = keras.layers.Dense(num_outputs)

    def address(self, maps, hidden, memory, previous):
        key, strength = tf.tanh(maps["key"](hidden)), tf.nn.softplus(maps["strength"](hidden))
        lengths = tf.sqrt(tf.reduce_sum(memory**2, axis=-1) + 1e-6)
        key_length = tf.sqrt(tf.reduce_sum(key**2, axis=-1, keepdims=True) + 1e-6)
        similarity = tf.reduce_sum(memory * key[:, None, :], axis=-1) / (lengths * key_length)
        content = tf.nn.softmax(strength * similarity)
        gate = tf.sigmoid(maps["gate"](hidden))
        gated = gate * content + (1 - gate) * previous
        kernel = tf.nn.softmax(maps["shift"](hidden))
        moves = tf.stack([tf.roll(tf.eye(self.slots), offset, axis=1) for offset in (-1, 0, 1)])
        shifted = tf.einsum("bn,kni,bk->bi", gated, moves, kernel)
        powered = shifted ** (1 + tf.nn.softplus(maps["sharpening"](hidden)))
        return powered / (tf.reduce_sum(powered, axis=-1, keepdims=True) + 1e-16)

    def step(self, inputs, state):
        memory, read_weights, write_weights, read, hidden, cell = state
        hidden, (hidden, cell) = self.controller(tf.concat([inputs, read], axis=-1), [hidden, cell])
        read_weights = self.address(self.read_maps, hidden, memory, read_weights)
        write_weights = self.address(self.write_maps, hidden, memory, write_weights)
        erase, add = tf.sigmoid(self.write_maps["erase"](hidden)), tf.tanh(self.write_maps["add"](hidden))
        memory = memory * (1 - write_weights[:, :, None] * erase[:, None, :])
        memory = memory + write_weights[:, :, None] * add[:, None, :]
        read = tf.reduce_sum(memory * read_weights[:, :, None], axis=1)
        logits = self.output_map(tf.concat([hidden, read], axis=-1))
        return logits, (memory, read_weights, write_weights, read, hidden, cell)

    def call(self, inputs, training=None):
        batch, steps = tf.shape(inputs)[0], tf.shape(inputs)[1]
        start = tf.one_hot(tf.zeros([batch], tf.int32), self.slots)
        state = (
            tf.fill([batch, self.slots, self.width], 1e-6),
            start,
            start,
            tf.zeros([batch, self.width]),
            tf.zeros([batch, self.units]),
            tf.zeros([batch, self.units]),
        )
        self.step(inputs[:, 0], state)  # makes the weights, outside the loop
        logits = tf.TensorArray(tf.float32, steps)

        def body(time, state, logits):
            output, state = self.step(inputs[:, time], state)
            return time + 1, state, logits.write(time, output)

        _, _, logits = tf.while_loop(lambda time, *_: time < steps, body, (0, state, logits))
        return tf.transpose(logits.stack(), [1, 0, 2])
