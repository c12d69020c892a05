"""The controller: the network that reads the input and drives the heads (Graves et al. 2014, section 3.4)."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ntm_lib import checks
from ntm_lib.heads import HeadSizes, HeadStart, start_bias
from ntm_lib.recurrence import Affine, Weights, affine

CONTROLLERS = ("lstm", "feed-forward")


def lstm(gates: tf.Tensor, cell: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Return h_t and c_t, each `[B, C]`, of an LSTM as Keras has it.

    Args:
        gates: what the kernel and the bias made of the input and of h_{t-1}, `[B, 4C]`: the input gate, the forget
            gate, the candidate and the output gate, before their sigmoids and tanh.
        cell: c_{t-1}, `[B, C]`.
    """
    write, forget, candidate, show = tf.split(gates, 4, axis=-1)
    cell = tf.sigmoid(forget) * cell + tf.sigmoid(write) * tf.tanh(candidate)
    return tf.sigmoid(show) * tf.tanh(cell), cell


def scaled_rows(kernel: tf.Tensor, rows: int, scale: float) -> tf.Tensor:
    """Return a kernel whose first rows, those of the input, are so many times larger."""
    return kernel if scale == 1 else tf.concat([scale * kernel[:rows], kernel[rows:]], axis=0)


@keras.saving.register_keras_serializable("ntm_lib")
class NTMController(keras.layers.Layer):
    """An LSTM, or one feed-forward layer of tanh units, with the maps to the heads and to the output.

    Its three affine maps take x_t, r_{t-1} and its own h_{t-1} to the controller's units; h_t to the parameters of all
    heads; h_t and r_t to the output. The LSTM is Keras's: gates in the order input, forget, candidate, output, forget
    bias 1, no peepholes. The feed-forward controller has no h_{t-1}: it remembers only through memory.

    Args:
        num_inputs: I, the width of x_t.
        num_outputs: O, the width of the output.
        memory_vector_dim: W, the width of a memory slot.
        controller: "lstm" or "feed-forward".
        units: C, the units of the controller.
        read_heads: R.
        write_heads: H.
        shift_range: a head can move this many slots in a step, either way.
        head_start: the biases of the heads before training, as `ntm_lib.heads.start_bias` takes them; 0 if not given.
        input_scale: how many times larger than Glorot's the kernel's weights on x_t begin.

    Raises:
        ValueError: if a number is not whole and positive, `input_scale` is not finite or is negative, `controller` is
            unknown, or `head_start` names no parameter of a head.

    Example:
        >>> import numpy as np
        >>> from ntm_lib import NTMController
        >>> controller = NTMController(num_inputs=9, num_outputs=8, memory_vector_dim=20)
        >>> states = [np.zeros((1, size), "float32") for size in (20, 100, 100)]  # r, h, c
        >>> raw, states = controller(np.zeros((1, 9), "float32"), states)
        >>> print(raw.shape, controller.heads.total)
        (1, 92) 92
    """

    def __init__(
        self,
        num_inputs: int,
        num_outputs: int,
        memory_vector_dim: int,
        *,
        controller: str = "lstm",
        units: int = 100,
        read_heads: int = 1,
        write_heads: int = 1,
        shift_range: int = 1,
        head_start: HeadStart | None = None,
        input_scale: float = 1.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.num_inputs = checks.positive_integer("num_inputs", num_inputs)
        self.num_outputs = checks.positive_integer("num_outputs", num_outputs)
        self.units = checks.positive_integer("units", units)
        self.kind = checks.choice("controller", controller, CONTROLLERS)
        self.heads = HeadSizes(
            checks.positive_integer("read_heads", read_heads),
            checks.positive_integer("write_heads", write_heads),
            checks.positive_integer("memory_vector_dim", memory_vector_dim),
            checks.positive_integer("shift_range", shift_range, minimum=0),
        )
        self.input_scale = checks.non_negative_number("input_scale", input_scale)
        self._start_bias = start_bias(head_start or {}, self.heads)
        self.head_start = {
            kind: {name: np.asarray(value, float).tolist() for name, value in values.items()}
            for kind, values in (head_start or {}).items()
        }
        self.build()

    @property
    def reads(self) -> int:
        """R * W, the width of all vectors read in one step."""
        return self.heads.read_heads * self.heads.memory_vector_dim

    @property
    def state_sizes(self) -> list[int]:
        """The widths of what the controller carries from step to step: h and c for the LSTM, nothing otherwise."""
        return [self.units, self.units] if self.kind == "lstm" else []

    def build(self, input_shape: Any = None) -> None:
        """Make the three kernels and biases: Glorot uniform and 0, but for the LSTM as `keras.layers.LSTM` does it.

        The heads' biases are those of `head_start`. The LSTM's recurrent rows are orthogonal and its forget bias is 1.
        The rows of the input are `input_scale` times larger.
        """
        lstm = self.kind == "lstm"
        fan_in = self.num_inputs + self.reads + (self.units if lstm else 0)
        self.kernel = self.add_weight(
            name="kernel",
            shape=[fan_in, self.units * (4 if lstm else 1)],
            initializer=self._first_kernel,
        )
        self.bias = self.add_weight(
            name="bias", shape=[self.kernel.shape[1]], initializer=_forget_bias if lstm else "zeros"
        )
        self.head_kernel = self._kernel("head_kernel", self.units, self.heads.total)
        self.head_bias = self.add_weight(name="head_bias", shape=[self.heads.total], initializer=self._head_bias)
        self.output_kernel = self._kernel("output_kernel", self.units + self.reads, self.num_outputs)
        self.output_bias = self.add_weight(name="output_bias", shape=[self.num_outputs], initializer="zeros")
        self.built = True

    def _first_kernel(self, shape: Any, dtype: Any = None) -> tf.Tensor:
        rows, columns = shape
        hidden = self.units if self.kind == "lstm" else 0
        kernel = keras.initializers.GlorotUniform()([rows - hidden, columns], dtype)
        kernel = scaled_rows(kernel, self.num_inputs, self.input_scale)
        if hidden:
            kernel = tf.concat([kernel, keras.initializers.Orthogonal()([hidden, columns], dtype)], axis=0)
        return kernel

    def _head_bias(self, shape: Any, dtype: Any = None) -> tf.Tensor:
        return tf.cast(self._start_bias, dtype or "float32")

    def _kernel(self, name: str, rows: int, columns: int) -> Any:
        return self.add_weight(name=name, shape=[rows, columns], initializer="glorot_uniform")

    def recurrent_weights(self) -> Weights:
        """Return the two pairs of kernel and bias that are used at every step, as tensors of the compute dtype."""
        pairs = ((self.kernel, self.bias), (self.head_kernel, self.head_bias))
        return [(tf.convert_to_tensor(kernel), tf.convert_to_tensor(bias)) for kernel, bias in pairs]

    def transition(
        self, use: Affine, inputs: tf.Tensor, reads: tf.Tensor, state: list[tf.Tensor]
    ) -> tuple[tf.Tensor, list[tf.Tensor]]:
        """Return h_t `[B, C]` and the state to carry, from x_t `[B, I]`, r_{t-1} `[B, R*W]` and the carried state."""
        if self.kind == "feed-forward":
            return tf.tanh(use(0, tf.concat([inputs, reads], axis=-1))), []
        hidden, cell = state
        hidden, cell = lstm(use(0, tf.concat([inputs, reads, hidden], axis=-1)), cell)
        return hidden, [hidden, cell]

    def output_logits(self, features: tf.Tensor) -> tf.Tensor:
        """Return the logits `[M, O]` for rows of h_t and r_t, `[M, C + R*W]`."""
        return affine(features, tf.convert_to_tensor(self.output_kernel), tf.convert_to_tensor(self.output_bias))

    def call(self, inputs: Any, prev_state: Any) -> tuple[tf.Tensor, list[tf.Tensor]]:
        """Run one step of the controller alone.

        Args:
            inputs: x_t, `[B, I]`.
            prev_state: r_{t-1}, `[B, R*W]`; for the LSTM a list of r_{t-1}, h_{t-1} and c_{t-1}, the latter `[B, C]`.

        Returns:
            `(raw, state)`: the raw parameters of all heads `[B, P]`, which `heads.split_heads` names, and the list of
            h_t and c_t (empty for the feed-forward controller).

        Raises:
            ValueError: if a shape does not fit, or a value is not a finite real number.
        """
        inputs = checks.tensor("inputs", inputs, "[B, I]")
        checks.size("inputs", inputs, -1, self.num_inputs, "num_inputs")
        parts = list(prev_state) if isinstance(prev_state, list | tuple) else [prev_state]
        sizes = [self.reads, *self.state_sizes]
        if len(parts) != len(sizes):
            raise ValueError(f"prev_state must hold {len(sizes)} tensors of widths {sizes}. Received {len(parts)}")
        parts = [checks.tensor("prev_state", part, "[B, S]") for part in parts]
        for part, width in zip(parts, sizes, strict=True):
            checks.size("prev_state", part, -1, width, f"widths {sizes} in this order")
        weights = self.recurrent_weights()
        hidden, state = self.transition(lambda i, v: affine(v, *weights[i]), inputs, parts[0], parts[1:])
        return affine(hidden, *weights[1]), state

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "num_inputs": self.num_inputs,
            "num_outputs": self.num_outputs,
            "memory_vector_dim": self.heads.memory_vector_dim,
            "controller": self.kind,
            "units": self.units,
            "read_heads": self.heads.read_heads,
            "write_heads": self.heads.write_heads,
            "shift_range": self.heads.shift_range,
            "head_start": self.head_start,
            "input_scale": self.input_scale,
        }


def _forget_bias(shape: Any, dtype: Any = None) -> tf.Tensor:
    """Return a bias that keeps the LSTM's cell open at the start: 1 for the second quarter, 0 elsewhere."""
    units = shape[0] // 4
    return tf.cast(tf.concat([tf.zeros([units]), tf.ones([units]), tf.zeros([2 * units])], axis=0), dtype or "float32")
