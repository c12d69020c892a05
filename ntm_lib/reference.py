"""A whole Neural Turing Machine, slow and obvious: plain NumPy in float64, one sequence at a time, explicit loops.

It is the specification that the fast library is tested against, and it is independent of it: it rests on
`ntm_lib.reference_equations` alone, whose names can be imported from here too. Start reading at `ntm_step`.

Letters in shapes: I inputs, O outputs, N slots of memory, W width of a slot, R read heads, H write heads, C controller
units, K = 2 * shift_range + 1 entries of a shift kernel, P numbers that drive all heads, T steps. There is no batch.

Equation 5 compares keys with M_t, which a write head cannot know before it has written. Here all heads find their
weighting in M_{t-1}; then the write heads turn M_{t-1} into M_t; then the read heads read M_t.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from ntm_lib.reference_equations import (
    NORM_EPSILON,
    SHARPEN_EPSILON,
    AddressingStages,
    Array,
    address,
    attention,
    bits_per_sequence,
    checked,
    content_weights,
    cosine_similarity,
    interpolate,
    read,
    sharpen,
    shift,
    shift_distribution,
    sigmoid,
    softmax,
    softplus,
    write,
)

__all__ = [
    "NORM_EPSILON",
    "SHARPEN_EPSILON",
    "AddressingStages",
    "Array",
    "Head",
    "Parameters",
    "Sizes",
    "State",
    "Step",
    "address",
    "affine",
    "attention",
    "bits_per_sequence",
    "checked",
    "content_weights",
    "cosine_similarity",
    "feed_forward_step",
    "initial_state",
    "interpolate",
    "lstm_step",
    "ntm_step",
    "read",
    "run",
    "sharpen",
    "shift",
    "shift_distribution",
    "sigmoid",
    "softmax",
    "softplus",
    "split_head",
    "split_heads",
    "write",
]


@dataclass(frozen=True)
class Sizes:
    """The length of every axis, and which controller: "lstm" or "feed-forward"."""

    num_inputs: int
    num_outputs: int
    memory_size: int
    memory_vector_dim: int
    units: int
    read_heads: int = 1
    write_heads: int = 1
    shift_range: int = 1
    controller: str = "lstm"

    def __post_init__(self) -> None:
        """Refuse an unknown controller and a machine without a head."""
        if self.controller not in ("lstm", "feed-forward"):
            raise ValueError(f"controller: received {self.controller!r}, expected 'lstm' or 'feed-forward'")
        if self.read_heads < 1 or self.write_heads < 1:
            received = f"{self.read_heads} and {self.write_heads}"
            raise ValueError(f"read_heads and write_heads: received {received}, expected at least 1 of each")

    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """The shape of every array in `Parameters`. Rows are what goes in, columns what comes out."""
        lstm, width, units = self.controller == "lstm", self.memory_vector_dim, self.units
        one_read_head = width + 3 + 2 * self.shift_range + 1
        head_numbers = self.read_heads * one_read_head + self.write_heads * (one_read_head + 2 * width)
        columns = 4 * units if lstm else units
        return {
            "controller_kernel": (self.num_inputs + self.read_heads * width + (units if lstm else 0), columns),
            "controller_bias": (columns,),
            "head_kernel": (units, head_numbers),
            "head_bias": (head_numbers,),
            "output_kernel": (units + self.read_heads * width, self.num_outputs),
            "output_bias": (self.num_outputs,),
        }


@dataclass(frozen=True)
class Parameters:
    """What training changes; shapes as in `Sizes.parameter_shapes`. A sequence never changes it.

    Rows of controller_kernel: x_t, then r_{t-1} head by head, then (LSTM only) h_{t-1}.
    Rows of output_kernel: h_t, then r_t head by head.
    """

    sizes: Sizes
    controller_kernel: Array
    controller_bias: Array
    head_kernel: Array
    head_bias: Array
    output_kernel: Array
    output_bias: Array

    def __post_init__(self) -> None:
        """Check every shape."""
        for name, shape in self.sizes.parameter_shapes().items():
            object.__setattr__(self, name, checked(name, getattr(self, name), *shape))


class Head(NamedTuple):
    """The numbers that drive one head, each in its range. A read head has no erase and no add: their length is 0."""

    key: Array  # [W], in (-1, 1)
    strength: float  # beta > 0
    gate: float  # g in (0, 1)
    shift: Array  # s [K], sum 1
    sharpening: float  # gamma > 1
    erase: Array  # e [W], in (0, 1)
    add: Array  # a [W], in (-1, 1)


def split_head(raw: ArrayLike, width: int, shift_range: int, writes: bool) -> Head:
    """One head from its raw numbers, in the order of `Head`. raw [W + 3 + K], for a write head [3 W + 3 + K].

    The paper asks for the ranges only; the activations are our choice.
    """
    lengths = [width, 1, 1, 2 * shift_range + 1, 1] + ([width, width] if writes else [0, 0])
    raw = checked("raw", raw, sum(lengths))
    key, strength, gate, kernel, gamma, erase, add = np.split(raw, np.cumsum(lengths)[:-1])
    return Head(
        key=np.array([math.tanh(value) for value in key]),
        strength=softplus(strength[0]),
        gate=sigmoid(gate[0]),
        shift=softmax(kernel),
        sharpening=1.0 + softplus(gamma[0]),
        erase=np.array([sigmoid(value) for value in erase]),
        add=np.array([math.tanh(value) for value in add]),
    )


def split_heads(raw: ArrayLike, sizes: Sizes) -> tuple[list[Head], list[Head]]:
    """Cut raw [P] -> the R read heads, the H write heads.

    First come the numbers that direct each head, [W + 3 + K], read heads before write heads; after all of these the
    erase and add vectors of each write head, [2 W].
    """
    raw = checked("raw", raw, *sizes.parameter_shapes()["head_bias"])
    width, shift_range = sizes.memory_vector_dim, sizes.shift_range
    directing, writing = np.split(raw, [len(raw) - 2 * width * sizes.write_heads])
    directed = np.split(directing, sizes.read_heads + sizes.write_heads)
    changes = np.split(writing, sizes.write_heads)
    return (
        [split_head(part, width, shift_range, writes=False) for part in directed[: sizes.read_heads]],
        [
            split_head(np.concatenate([part, change]), width, shift_range, writes=True)
            for part, change in zip(directed[sizes.read_heads :], changes, strict=True)
        ],
    )


def affine(vector: ArrayLike, kernel: ArrayLike, bias: ArrayLike) -> Array:
    """sum_row vector(row) kernel(row, column) + bias(column). vector [n], kernel [n, m], bias [m] -> [m]."""
    kernel = checked("kernel", kernel, "n", "m")
    vector = checked("vector", vector, kernel.shape[0])
    result = checked("bias", bias, kernel.shape[1]).copy()
    for column in range(kernel.shape[1]):
        for row in range(kernel.shape[0]):
            result[column] += vector[row] * kernel[row, column]
    return result


def feed_forward_step(x: ArrayLike, kernel: ArrayLike, bias: ArrayLike) -> Array:
    """One tanh layer, with no memory of its own. x [n], kernel [n, C], bias [C] -> hidden [C]."""
    return np.array([math.tanh(value) for value in affine(x, kernel, bias)])


def lstm_step(
    x: ArrayLike, hidden: ArrayLike, cell: ArrayLike, kernel: ArrayLike, bias: ArrayLike
) -> tuple[Array, Array]:
    """One LSTM step without peepholes. x [n], hidden and cell [C], kernel [n + C, 4C], bias [4C] -> hidden, cell [C].

    Columns: the input gate, the forget gate, the candidate, the output gate, C of each (the order of Keras).
    """
    x, hidden = checked("x", x, "n"), checked("hidden", hidden, "C")
    units = len(hidden)
    cell = checked("cell", cell, units)
    sums = affine(np.concatenate([x, hidden]), checked("kernel", kernel, len(x) + units, 4 * units), bias)
    new_hidden, new_cell = np.zeros(units), np.zeros(units)
    for unit in range(units):
        into, forget, candidate, out = (sums[gate * units + unit] for gate in range(4))
        new_cell[unit] = sigmoid(forget) * cell[unit] + sigmoid(into) * math.tanh(candidate)
        new_hidden[unit] = sigmoid(out) * math.tanh(new_cell[unit])
    return new_hidden, new_cell


class State(NamedTuple):
    """What one step leaves for the next. A feed-forward controller neither reads nor changes `cell`."""

    memory: Array  # [N, W]
    read_weights: Array  # [R, N]
    write_weights: Array  # [H, N]
    reads: Array  # [R, W]
    hidden: Array  # [C]
    cell: Array  # [C]


class Step(NamedTuple):
    """Everything that happened in one step, by name."""

    raw_heads: Array  # [P]
    read_heads: list[Head]  # R
    write_heads: list[Head]  # H
    read_stages: list[AddressingStages]  # R
    write_stages: list[AddressingStages]  # H
    state: State  # after the step: memory is M_t, reads are r_t
    logits: Array  # [O]


def check_state(state: State, sizes: Sizes) -> State:
    """The same state, or ValueError naming the array whose shape does not fit `sizes`."""
    blank = initial_state(sizes)
    return State(
        *(checked(name, value, *np.shape(fits)) for name, value, fits in zip(State._fields, state, blank, strict=True))
    )


def initial_state(sizes: Sizes, memory_value: float = 1e-6) -> State:
    """Every memory cell at `memory_value`, every head on slot 0, everything else 0. Not stated in the paper."""
    on_slot_zero = [1.0] + [0.0] * (sizes.memory_size - 1)
    return State(
        memory=np.full((sizes.memory_size, sizes.memory_vector_dim), memory_value),
        read_weights=np.array([on_slot_zero] * sizes.read_heads),
        write_weights=np.array([on_slot_zero] * sizes.write_heads),
        reads=np.zeros((sizes.read_heads, sizes.memory_vector_dim)),
        hidden=np.zeros(sizes.units),
        cell=np.zeros(sizes.units),
    )


def control(parameters: Parameters, state: State, x: Array) -> tuple[Array, Array]:
    """The controller sees x_t and what was read at t - 1. -> hidden [C], cell [C]."""
    kernel, bias = parameters.controller_kernel, parameters.controller_bias
    seen = np.concatenate([x, *state.reads])
    if parameters.sizes.controller == "feed-forward":
        return feed_forward_step(seen, kernel, bias), state.cell
    return lstm_step(seen, state.hidden, state.cell, kernel, bias)


def ntm_step(parameters: Parameters, state: State, x: ArrayLike) -> Step:
    """One step: the controller, where each head looks (all in M_{t-1}), write, read M_t, output. x [I]."""
    x = checked("x", x, parameters.sizes.num_inputs)
    hidden, cell = control(parameters, state, x)
    raw = affine(hidden, parameters.head_kernel, parameters.head_bias)
    read_heads, write_heads = split_heads(raw, parameters.sizes)
    read_stages = [address(state.memory, state.read_weights[h], *head[:5]) for h, head in enumerate(read_heads)]
    write_stages = [address(state.memory, state.write_weights[h], *head[:5]) for h, head in enumerate(write_heads)]
    writes = [(write_stages[h].weights, head.erase, head.add) for h, head in enumerate(write_heads)]
    memory = write(state.memory, writes)
    reads = np.array([read(memory, stages.weights) for stages in read_stages])
    logits = affine(np.concatenate([hidden, *reads]), parameters.output_kernel, parameters.output_bias)
    read_weights = np.array([stages.weights for stages in read_stages])
    write_weights = np.array([stages.weights for stages in write_stages])
    after = State(memory, read_weights, write_weights, reads, hidden, cell)
    return Step(raw, read_heads, write_heads, read_stages, write_stages, after, logits)


def run(parameters: Parameters, inputs: ArrayLike, state: State | None = None) -> tuple[Array, list[Step]]:
    """A whole sequence. inputs [T, I] -> logits [T, O], and a record of every step.

    The paper's outputs are the sigmoids of the logits.
    """
    sizes = parameters.sizes
    state = initial_state(sizes) if state is None else check_state(state, sizes)
    steps: list[Step] = []
    for x in checked("inputs", inputs, "T", sizes.num_inputs):
        steps.append(ntm_step(parameters, state, x))
        state = steps[-1].state
    return np.array([step.logits for step in steps]).reshape(len(steps), sizes.num_outputs), steps
