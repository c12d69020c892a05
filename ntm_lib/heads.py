"""From the controller's raw numbers to named head parameters: the only place with activations.

The raw vector of one step holds, for each head (read heads first), `key W | strength 1 | gate 1 | shift K |
sharpening 1`, and after all of these, for each write head, `erase W | add W`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import tensorflow as tf

from ntm_lib import checks


class HeadSizes(NamedTuple):
    """How many heads there are and how wide their parameters are.

    Example:
        >>> from ntm_lib import HeadSizes
        >>> sizes = HeadSizes(1, 1, memory_vector_dim=20, shift_range=1)
        >>> sizes.shifts, sizes.addressing, sizes.total
        (3, 26, 92)
    """

    read_heads: int
    write_heads: int
    memory_vector_dim: int
    shift_range: int

    @property
    def heads(self) -> int:
        """R + H."""
        return self.read_heads + self.write_heads

    @property
    def shifts(self) -> int:
        """K = 2 shift_range + 1, the entries of a shift kernel."""
        return 2 * self.shift_range + 1

    @property
    def addressing(self) -> int:
        """The numbers that one head needs to address memory: W + 3 + K."""
        return self.memory_vector_dim + 3 + self.shifts

    @property
    def total(self) -> int:
        """The length of the raw vector, (R + H)(W + 3 + K) + 2 H W."""
        return self.heads * self.addressing + 2 * self.write_heads * self.memory_vector_dim


HeadStart: TypeAlias = Mapping[str, Mapping[str, float | Sequence[float]]]
"""For "read" and "write" heads, the biases of "strength", "gate", "shift" (K of them) and "sharpening"."""


class HeadParameters(NamedTuple):
    """What all heads of one step are told, read heads first (sections 3.2 and 3.3 of the paper).

    Example:
        >>> import numpy as np
        >>> from ntm_lib import HeadSizes, split_heads
        >>> sizes = HeadSizes(1, 1, memory_vector_dim=4, shift_range=1)
        >>> heads = split_heads(np.zeros((1, sizes.total), "float32"), sizes)
        >>> for name, part in heads._asdict().items():
        ...     print(f"{name:10} {part.numpy().shape!s:9} {part.numpy().flat[0]:.2f}")
        key        (1, 2, 4) 0.00
        strength   (1, 2)    0.69
        gate       (1, 2)    0.50
        shift      (1, 2, 3) 0.33
        sharpening (1, 2)    1.69
        erase      (1, 1, 4) 0.50
        add        (1, 1, 4) 0.00
    """

    key: tf.Tensor
    """k, `[B, R+H, W]`, between -1 and 1 (tanh)."""
    strength: tf.Tensor
    """beta, `[B, R+H]`, above 0 (softplus)."""
    gate: tf.Tensor
    """g, `[B, R+H]`, between 0 and 1 (sigmoid)."""
    shift: tf.Tensor
    """s, `[B, R+H, K]`, sums to 1 (softmax)."""
    sharpening: tf.Tensor
    """gamma, `[B, R+H]`, above 1 (1 + softplus)."""
    erase: tf.Tensor
    """e, `[B, H, W]`, between 0 and 1 (sigmoid)."""
    add: tf.Tensor
    """a, `[B, H, W]`, between -1 and 1 (tanh)."""


def split_heads(raw: tf.Tensor, sizes: HeadSizes) -> HeadParameters:
    """Return the head parameters that the raw controller output stands for.

    Args:
        raw: `[B, P]` with P = `sizes.total`.
        sizes: the numbers of heads and the widths of their parameters.

    Returns:
        `HeadParameters`.

    Raises:
        ValueError: if `raw` has another rank or another length, or `sizes` is none.

    Example:
        >>> import numpy as np
        >>> from ntm_lib import HeadSizes, split_heads
        >>> sizes = HeadSizes(1, 1, memory_vector_dim=4, shift_range=1)
        >>> heads = split_heads(np.full((1, sizes.total), 3.0, "float32"), sizes)
        >>> print(heads.gate.numpy().round(2), heads.shift.numpy().round(2)[0, 0])
        [[0.95 0.95]] [0.33 0.33 0.33]
    """
    if not isinstance(sizes, HeadSizes):
        raise ValueError(f"sizes must be HeadSizes. Received: {sizes!r}")
    raw = checks.tensor("raw", raw, "[B, P]")
    checks.size("raw", raw, -1, sizes.total, "the parameters of all heads")
    width, shifts = sizes.memory_vector_dim, sizes.shifts
    addressing, writing = tf.split(raw, [sizes.heads * sizes.addressing, 2 * sizes.write_heads * width], axis=-1)
    addressing = tf.reshape(addressing, [-1, sizes.heads, sizes.addressing])
    key, strength, gate, shift, sharpening = tf.split(addressing, [width, 1, 1, shifts, 1], axis=-1)
    erase, add = tf.split(tf.reshape(writing, [-1, sizes.write_heads, 2 * width]), 2, axis=-1)
    return HeadParameters(
        key=tf.tanh(key),
        strength=tf.nn.softplus(strength[..., 0]),
        gate=tf.sigmoid(gate[..., 0]),
        shift=tf.nn.softmax(shift),
        sharpening=1.0 + tf.nn.softplus(sharpening[..., 0]),
        erase=tf.sigmoid(erase),
        add=tf.tanh(add),
    )


def start_bias(start: HeadStart, sizes: HeadSizes) -> np.ndarray:
    """Return the bias of the raw vector, `[P]`, with which untrained heads behave as asked; 0 where nothing is said.

    The numbers are raw, as in `split_heads`: a gate of 2 is a sigmoid of 2, near "look for content".

    Args:
        start: such as `{"read": {"strength": 4.0, "gate": 2.0}, "write": {"shift": [0.0, 0.0, 3.0]}}`.
        sizes: the numbers of heads and the widths of their parameters.

    Raises:
        ValueError: if a name is unknown, or a value is not a finite number, K of them for a shift.
    """
    each = {"strength": 1, "gate": 1, "shift": sizes.shifts, "sharpening": 1}
    first = dict(zip(each, np.cumsum([sizes.memory_vector_dim, *each.values()]), strict=False))
    bias = np.zeros([sizes.total], np.float32)
    rows = bias[: sizes.heads * sizes.addressing].reshape(sizes.heads, sizes.addressing)
    for kind, values in _mapping("head_start", start, ("read", "write")).items():
        heads = rows[: sizes.read_heads] if kind == "read" else rows[sizes.read_heads :]
        for name, value in _mapping(f"head_start[{kind!r}]", values, tuple(each)).items():
            numbers = np.asarray(value, np.float32).reshape(-1) if _is_numeric(value) else np.array([np.nan])
            if len(numbers) != each[name] or not np.isfinite(numbers).all():
                expected = "a finite number" if each[name] == 1 else f"{each[name]} finite numbers"
                raise ValueError(f"head_start[{kind!r}][{name!r}] must be {expected}. Received: {value!r}")
            heads[:, first[name] : first[name] + each[name]] = numbers
    return bias


def _mapping(name: str, value: Any, keys: tuple[str, ...]) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise ValueError(f"{name} must be a mapping with keys among {', '.join(keys)}. Received: {value!r}")
    for key in value:
        checks.choice(f"the key of {name}", key, keys)
    return value


def _is_numeric(value: Any) -> bool:
    try:
        return np.asarray(value).dtype.kind in "iuf"
    except ValueError:  # a ragged list
        return False
