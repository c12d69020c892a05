"""The equations of the Neural Turing Machine in plain NumPy, float64, with a loop for every sum.

Written from Graves, Wayne and Danihelka (2014), arXiv:1410.5401, and from nothing else; the numbers are theirs.
One example at a time, so there is no batch axis. Letters in shapes: N slots of memory, W width of a slot,
K = 2 * shift_range + 1 entries of a shift kernel. `ntm_lib.reference` builds the machine from these functions.

Where the numbers differ from the paper's, and by how much:

- equation 6: each norm is sqrt(sum x^2 + epsilon), so that a zero vector has cosine 0 and a finite gradient. A vector
  much longer than sqrt(epsilon) = 0.001 does not notice; a much shorter one looks almost orthogonal to everything.
- equation 9: epsilon is added to each weight before the power, so that a zero weight has a finite logarithm.

With epsilon = 0 both functions are the paper's.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple, SupportsFloat

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
NORM_EPSILON = 1e-6
SHARPEN_EPSILON = 1e-16


def checked(name: str, value: ArrayLike, *expected: int | str) -> Array:
    """`value` as a float64 array of shape `expected`; a letter stands for any length. Raises ValueError otherwise."""
    array = np.asarray(value, dtype=np.float64)
    fits = array.ndim == len(expected) and all(
        isinstance(length, str) or length == received for length, received in zip(expected, array.shape, strict=True)
    )
    if not fits:
        shape = ", ".join(str(length) for length in expected)
        raise ValueError(f"{name}: received shape {array.shape}, expected [{shape}]")
    return array


# --- functions of one number


def sigmoid(x: SupportsFloat) -> float:
    """1 / (1 + e^-x), a number in (0, 1); written so that e^x never overflows."""
    x = float(x)
    return 1.0 / (1.0 + math.exp(-x)) if x >= 0 else math.exp(x) / (1.0 + math.exp(x))


def softplus(x: SupportsFloat) -> float:
    """log(1 + e^x), a number > 0; written so that e^x never overflows."""
    x = float(x)
    return max(x, 0.0) + math.log1p(math.exp(-abs(x)))


def softmax(values: ArrayLike) -> Array:
    """e^values(i) / sum_j e^values(j). values [N] -> [N], sum 1. The largest is subtracted first: it cancels."""
    values = checked("values", values, "N")
    largest = max(values)
    exponentials = [math.exp(value - largest) for value in values]
    total = sum(exponentials)
    return np.array([exponential / total for exponential in exponentials])


# --- section 3.3: where a head directs itself


class AddressingStages(NamedTuple):
    """The weighting [N] after each stage: content (eq. 5), gated (eq. 7), shifted (eq. 8), weights (eq. 9)."""

    content: Array
    gated: Array
    shifted: Array
    weights: Array


def cosine_similarity(u: ArrayLike, v: ArrayLike, epsilon: float = NORM_EPSILON) -> float:
    """Equation 6: u . v / (|u| |v|), in [-1, 1]. u [W], v [W]. The paper has no epsilon."""
    u = checked("u", u, "W")
    v = checked("v", v, len(u))
    dot = u_squared = v_squared = 0.0
    for channel in range(len(u)):
        dot += u[channel] * v[channel]
        u_squared += u[channel] ** 2
        v_squared += v[channel] ** 2
    return float(dot / (math.sqrt(u_squared + epsilon) * math.sqrt(v_squared + epsilon)))


def content_weights(key: ArrayLike, memory: ArrayLike, strength: float, epsilon: float = NORM_EPSILON) -> Array:
    """Equation 5: a softmax over the slots of strength * cosine. key [W], memory [N, W], strength beta > 0 -> [N]."""
    memory = checked("memory", memory, "N", "W")
    key = checked("key", key, memory.shape[1])
    return softmax([strength * cosine_similarity(key, slot, epsilon) for slot in memory])


def interpolate(content: ArrayLike, previous: ArrayLike, gate: float) -> Array:
    """Equation 7: gate * content + (1 - gate) * previous. content [N], previous [N], gate g in [0, 1] -> [N]."""
    content = checked("content", content, "N")
    previous = checked("previous", previous, len(content))
    return np.array([gate * content[i] + (1 - gate) * previous[i] for i in range(len(content))])


def shift_distribution(kernel: ArrayLike, slots: int) -> Array:
    """The s of equation 8, written out over all N offsets: zero outside -shift_range..shift_range. kernel [K] -> [N].

    Entry j of the kernel belongs to offset j - shift_range. Offset -1 is index N - 1: indices count modulo N.
    """
    kernel = checked("kernel", kernel, "K")
    if len(kernel) % 2 == 0:
        raise ValueError(f"kernel: received {len(kernel)} entries, expected an odd number 2 * shift_range + 1")
    shift_range = len(kernel) // 2
    distribution = np.zeros(slots)
    for offset in range(-shift_range, shift_range + 1):
        distribution[offset % slots] += kernel[offset + shift_range]
    return distribution


def shift(weights: ArrayLike, kernel: ArrayLike) -> Array:
    """Equation 8: sum_j weights(j) s(i - j), indices modulo N. weights [N], kernel [K] -> [N].

    Offset +1 moves what is at slot i to slot i + 1, and from the last slot to slot 0.
    """
    weights = checked("weights", weights, "N")
    slots = len(weights)
    s = shift_distribution(kernel, slots)
    shifted = np.zeros(slots)
    for i in range(slots):
        for j in range(slots):
            shifted[i] += weights[j] * s[(i - j) % slots]
    return shifted


def sharpen(weights: ArrayLike, gamma: float, epsilon: float = SHARPEN_EPSILON) -> Array:
    """Equation 9: weights(i)^gamma / sum_j weights(j)^gamma. weights [N], sharpening gamma >= 1 -> [N].

    The paper has no epsilon. Each weight is first divided by the largest, which cancels: 128 slots at 1/128 and
    gamma = 200 would otherwise give 0 / 0.
    """
    weights = checked("weights", weights, "N")
    largest = max(weights) + epsilon
    powers = [((weight + epsilon) / largest) ** gamma for weight in weights]
    total = sum(powers)
    return np.array([power / total for power in powers])


def address(
    memory: ArrayLike,
    previous: ArrayLike,
    key: ArrayLike,
    strength: float,
    gate: float,
    kernel: ArrayLike,
    gamma: float,
) -> AddressingStages:
    """Equations 5 to 9 in order. memory [N, W], previous [N], key [W], kernel [K] -> four weightings [N]."""
    content = content_weights(key, memory, strength)
    gated = interpolate(content, previous, gate)
    shifted = shift(gated, kernel)
    return AddressingStages(content, gated, shifted, sharpen(shifted, gamma))


# --- sections 3.1 and 3.2: read, erase, add


def read(memory: ArrayLike, weights: ArrayLike) -> Array:
    """Equation 2: r = sum_i weights(i) memory(i). memory [N, W], weights [N] -> [W]."""
    memory = checked("memory", memory, "N", "W")
    weights = checked("weights", weights, memory.shape[0])
    slots, width = memory.shape
    result = np.zeros(width)
    for i in range(slots):
        for channel in range(width):
            result[channel] += weights[i] * memory[i, channel]
    return result


def write(memory: ArrayLike, writes: Sequence[tuple[ArrayLike, ArrayLike, ArrayLike]]) -> Array:
    """Equations 3 and 4: all heads erase, then all heads add. memory [N, W] -> [N, W].

    writes: for each head its weights [N], its erase vector [W] in [0, 1] and its add vector [W].
    """
    result = checked("memory", memory, "N", "W").copy()
    slots, width = result.shape
    heads = [
        (checked("weights", weights, slots), checked("erase", erase, width), checked("add", add, width))
        for weights, erase, add in writes
    ]
    for i in range(slots):
        for channel in range(width):
            for weights, erase, _ in heads:
                result[i, channel] *= 1 - weights[i] * erase[channel]
            for weights, _, add in heads:
                result[i, channel] += weights[i] * add[channel]
    return result


def attention(query: ArrayLike, keys: ArrayLike, values: ArrayLike) -> Array:
    """Scaled dot-product attention, which is not in the paper: each query reads `values` with softmax(q . k / sqrt(D)).

    query [Q, D], keys [N, D], values [N, V] -> [Q, V].
    """
    query = checked("query", query, "Q", "D")
    keys = checked("keys", keys, "N", query.shape[1])
    values = checked("values", values, len(keys), "V")
    rows = []
    for one_query in query:
        scores = [sum(one_query[d] * key[d] for d in range(len(key))) / math.sqrt(len(key)) for key in keys]
        rows.append(read(values, softmax(scores)))
    return np.array(rows).reshape(len(query), values.shape[1])


# --- the measure of error


def bits_per_sequence(targets: ArrayLike, logits: ArrayLike, mask: ArrayLike | None = None) -> float:
    """The paper's measure of error: cross-entropy in bits, summed over steps and channels, averaged over the batch.

    targets [B, T, O] in [0, 1], logits [B, T, O], mask [B, T], default 1: each step's error is multiplied by its mask.
    With a logit z and a target y, -y log sigmoid(z) - (1 - y) log(1 - sigmoid(z)) = softplus(z) - y z, in nats.
    """
    targets = checked("targets", targets, "B", "T", "O")
    logits = checked("logits", logits, *targets.shape)
    mask = checked("mask", np.ones(targets.shape[:2]) if mask is None else mask, *targets.shape[:2])
    batch, time, outputs = targets.shape
    nats = 0.0
    for b in range(batch):
        for t in range(time):
            for o in range(outputs):
                z, y = float(logits[b, t, o]), float(targets[b, t, o])
                nats += float(mask[b, t]) * (softplus(z) - y * z)
    return nats / math.log(2) / len(targets)
