"""One time step of the Neural Turing Machine, as a Keras cell."""

from __future__ import annotations

from typing import Any, NamedTuple

import keras
import tensorflow as tf

from ntm_lib import addressing, checks
from ntm_lib.controllers import NTMController
from ntm_lib.heads import HeadParameters, HeadStart, split_heads
from ntm_lib.memory import INITIAL_MEMORY, read_memory, write_memory
from ntm_lib.recurrence import Affine, affine

INITIAL_MEMORIES = ("constant", "learned", "random")
INITIAL_WEIGHTS = ("one-hot", "constant", "learned", "random")


class NTMState(NamedTuple):
    """What the machine carries from one step to the next.

    Example:
        >>> from ntm_lib import NTMCell
        >>> cell = NTMCell(3, 2, memory_size=6, memory_vector_dim=4, units=5)
        >>> state = cell.initial_state(batch_size=1)
        >>> print(state.memory.shape, state.weights.shape, state.reads.shape)
        (1, 4, 6) (1, 2, 6) (1, 4)
        >>> print(state.weights.numpy()[0])  # both heads begin on slot 0
        [[1. 0. 0. 0. 0. 0.]
         [1. 0. 0. 0. 0. 0.]]
    """

    memory: tf.Tensor
    """M_t, `[B, W, N]`: the slots are last, because that is faster."""
    weights: tf.Tensor
    """w_t of all heads, read heads first, `[B, R+H, N]`."""
    reads: tf.Tensor
    """r_t of all read heads, side by side, `[B, R*W]`."""
    controller: list[tf.Tensor]
    """h_t and c_t, each `[B, C]`; empty for the feed-forward controller."""


class NTMStep(NamedTuple):
    """Everything that happened in one step.

    Example:
        >>> import numpy as np
        >>> from ntm_lib import NTMCell
        >>> from ntm_lib.recurrence import affine
        >>> cell = NTMCell(3, 2, memory_size=6, memory_vector_dim=4, units=5)
        >>> weights = cell.controller.recurrent_weights()
        >>> inputs = np.zeros((1, 3), "float32")
        >>> use = lambda index, vectors: affine(vectors, *weights[index])
        >>> step, after = cell.step(use, inputs, cell.initial_state(1))
        >>> print(step.heads.key.shape, step.stages.weights.shape, step.memory.shape)
        (1, 2, 4) (1, 2, 6) (1, 4, 6)
    """

    hidden: tf.Tensor
    """h_t, `[B, C]`."""
    heads: HeadParameters
    """What all heads were told."""
    stages: addressing.AddressingStages
    """The weightings of all heads after each stage, each `[B, R+H, N]`."""
    memory: tf.Tensor
    """M_t, `[B, W, N]`."""
    reads: tf.Tensor
    """r_t, `[B, R*W]`."""


@keras.saving.register_keras_serializable("ntm_lib")
class NTMCell(keras.layers.Layer):
    """A Neural Turing Machine for one time step (Graves et al. 2014, section 3).

    The controller sees x_t and the vectors read at t - 1. All heads find their weightings in M_{t-1}; the write heads
    turn it into M_t; the read heads read M_t with their new weightings; the output is an affine map of h_t and r_t.

    It works in `keras.layers.RNN`, which sees its state as flat vectors. `NeuralTuringMachine` runs it faster.

    Args:
        num_inputs: I, the width of x_t.
        num_outputs: O, the width of the output.
        memory_size: N, the slots of memory.
        memory_vector_dim: W, the width of a slot.
        controller: "lstm" or "feed-forward".
        units: C, the units of the controller.
        read_heads: R.
        write_heads: H.
        shift_range: a head can move this many slots in a step, either way; 2 shift_range + 1 must not exceed N.
        head_start: the biases of the heads before training, as `ntm_lib.heads.start_bias` takes them; 0 if not given.
        input_scale: how many times larger than Glorot's the controller's weights on the input begin.
        initial_memory: M_0. "constant": 1e-6 everywhere; "learned": trained with the rest; "random": drawn once, when
            the cell is made, uniformly between -0.08 and 0.08.
        initial_weights: w_0 of every head. "one-hot": slot 0; "constant": 1/N everywhere; "learned": a trained softmax;
            "random": a softmax of normal numbers drawn once.

    Raises:
        ValueError: if a number is not whole and positive, the shift range does not fit, or a name is unknown.

    Example:
        >>> import keras
        >>> import numpy as np
        >>> from ntm_lib import NTMCell
        >>> cell = NTMCell(3, 2, memory_size=6, memory_vector_dim=4, units=5)
        >>> cell.state_size  # memory, weightings, reads, h and c
        [24, 12, 4, 5, 5]
        >>> layer = keras.layers.RNN(cell, return_sequences=True)
        >>> print(layer(np.zeros((1, 7, 3), "float32")).shape)
        (1, 7, 2)
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
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.memory_size = checks.positive_integer("memory_size", memory_size)
        self.initial_memory = checks.choice("initial_memory", initial_memory, INITIAL_MEMORIES)
        self.initial_weights = checks.choice("initial_weights", initial_weights, INITIAL_WEIGHTS)
        self.controller = NTMController(
            num_inputs,
            num_outputs,
            memory_vector_dim,
            controller=controller,
            units=units,
            read_heads=read_heads,
            write_heads=write_heads,
            shift_range=shift_range,
            head_start=head_start,
            input_scale=input_scale,
            name="controller",
            dtype=self.dtype_policy,
        )
        self.heads = self.controller.heads
        if self.heads.shifts > self.memory_size:
            raise ValueError(
                f"shift_range must be at most {(self.memory_size - 1) // 2}, so that 2 shift_range + 1 shifts fit into "
                f"memory_size = {self.memory_size} slots. Received: {shift_range}"
            )
        self.build()

    def build(self, input_shape: Any = None) -> None:
        """Make what the initial state is computed from, where it is not a constant."""
        memory_shape = [self.heads.memory_vector_dim, self.memory_size]
        if self.initial_memory != "constant":
            self.memory_start = self.add_weight(
                name="memory_start",
                shape=memory_shape,
                initializer=keras.initializers.RandomUniform(-0.08, 0.08),
                trainable=self.initial_memory == "learned",
            )
        if self.initial_weights in ("learned", "random"):
            self.weights_start = self.add_weight(
                name="weights_start",
                shape=[self.heads.heads, self.memory_size],
                initializer=keras.initializers.RandomNormal(stddev=1.0),
                trainable=self.initial_weights == "learned",
            )
        self.built = True

    def initial_state(self, batch_size: Any) -> NTMState:
        """Return the state before the first step, each tensor with `batch_size` rows."""
        heads, slots = self.heads, self.memory_size
        memory = tf.fill([heads.memory_vector_dim, slots], INITIAL_MEMORY)
        if self.initial_memory != "constant":
            memory = tf.cast(tf.convert_to_tensor(self.memory_start), tf.float32)
        weights = tf.one_hot([0] * heads.heads, slots)
        if self.initial_weights == "constant":
            weights = tf.fill([heads.heads, slots], 1.0 / slots)
        elif self.initial_weights != "one-hot":
            weights = tf.nn.softmax(tf.cast(tf.convert_to_tensor(self.weights_start), tf.float32))
        return NTMState(
            memory=tf.tile(memory[tf.newaxis], [batch_size, 1, 1]),
            weights=tf.tile(weights[tf.newaxis], [batch_size, 1, 1]),
            reads=tf.zeros([batch_size, self.controller.reads]),
            controller=[tf.zeros([batch_size, size]) for size in self.controller.state_sizes],
        )

    def step(self, use: Affine, inputs: tf.Tensor, state: NTMState) -> tuple[NTMStep, NTMState]:
        """Run one step: x_t `[B, I]` and the state of t - 1 give everything that happened and the state of t."""
        hidden, controller_state = self.controller.transition(use, inputs, state.reads, state.controller)
        heads = split_heads(use(1, hidden), self.heads)
        stages = addressing.address(
            state.memory,
            state.weights,
            heads.key,
            heads.strength,
            heads.gate,
            heads.shift,
            heads.sharpening,
            slots_last=True,
        )
        reading, writing = tf.split(stages.weights, [self.heads.read_heads, self.heads.write_heads], axis=1)
        memory = write_memory(state.memory, writing, heads.erase, heads.add, slots_last=True)
        reads = tf.reshape(read_memory(memory, reading, slots_last=True), [-1, self.controller.reads])
        after = NTMState(memory, stages.weights, reads, controller_state)
        return NTMStep(hidden, heads, stages, memory, reads), after

    def features(self, use: Affine, inputs: tf.Tensor, state: NTMState) -> tuple[tf.Tensor, NTMState]:
        """Run one step for its output features, h_t and r_t side by side, `[B, C + R*W]`."""
        happened, after = self.step(use, inputs, state)
        return tf.concat([happened.hidden, happened.reads], axis=-1), after

    @property
    def output_size(self) -> int:
        """O."""
        return self.controller.num_outputs

    @property
    def state_size(self) -> list[int]:
        """The widths of the flat state: memory W*N, weightings (R+H)*N, reads R*W, then the controller's."""
        heads, slots = self.heads, self.memory_size
        memory, weights = heads.memory_vector_dim * slots, heads.heads * slots
        return [memory, weights, self.controller.reads, *self.controller.state_sizes]

    def get_initial_state(self, batch_size: Any = None) -> list[tf.Tensor]:
        """Return the initial state as flat vectors."""
        return self._flatten(self.initial_state(batch_size))

    def call(self, inputs: tf.Tensor, states: list[tf.Tensor], training: Any = None) -> tuple[Any, list[tf.Tensor]]:
        """Run one step for `keras.layers.RNN`.

        Args:
            inputs: x_t, `[B, I]`.
            states: the state as flat vectors, each `[B, S]`, of the widths `state_size`.
            training: without effect.

        Returns:
            `(logits, states)`: `[B, O]`, and the state of t.

        Raises:
            ValueError: if a shape does not fit, or a value is not a finite real number.
        """
        inputs = checks.tensor("inputs", inputs, "[B, I]")
        checks.size("inputs", inputs, -1, self.controller.num_inputs, "num_inputs")
        sizes = self.state_size
        if len(states) != len(sizes):
            raise ValueError(f"states must hold {len(sizes)} tensors of widths {sizes}. Received {len(states)}")
        states = [checks.tensor("states", state, "[B, S]", dtype=tf.float32) for state in states]
        for state, width in zip(states, sizes, strict=True):
            checks.size("states", state, -1, width, f"widths {sizes} in this order")
        weights = self.controller.recurrent_weights()
        memory, weightings, reads, *controller_state = states
        state = NTMState(
            tf.reshape(memory, [-1, self.heads.memory_vector_dim, self.memory_size]),
            tf.reshape(weightings, [-1, self.heads.heads, self.memory_size]),
            reads,
            controller_state,
        )
        features, after = self.features(lambda i, v: affine(v, *weights[i]), tf.cast(inputs, tf.float32), state)
        return self.controller.output_logits(features), self._flatten(after)

    def _flatten(self, state: NTMState) -> list[tf.Tensor]:
        parts = [state.memory, state.weights, state.reads, *state.controller]
        return [tf.reshape(part, [-1, size]) for part, size in zip(parts, self.state_size, strict=True)]

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        machine = self.controller.get_config()
        for inherited in keras.layers.Layer.get_config(self.controller):
            machine.pop(inherited, None)
        return {
            **super().get_config(),
            **machine,
            "memory_size": self.memory_size,
            "initial_memory": self.initial_memory,
            "initial_weights": self.initial_weights,
        }
