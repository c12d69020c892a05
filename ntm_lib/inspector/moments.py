"""The moments of a recorded training: what each holds, which of them a page keeps, and their static picture."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ntm_lib.inspector.payload import check, payload
from ntm_lib.metrics import bits_per_sequence
from ntm_lib.plots.machines import weightings
from ntm_lib.plots.style import Picture
from ntm_lib.trace import HeadTrace, Trace


@dataclass(frozen=True)
class Moment:
    """What a machine did with one sequence at one moment of its training."""

    sequences: int
    """How many sequences it had been trained on since the recording began."""
    bits: float | None
    """Its error on the watched sequences, bits a sequence; None without targets."""
    trace: Trace
    """All that it did with the sequence that is shown, B = 1."""

    @classmethod
    def of(cls, sequences: int, trace: Trace, example: int) -> Moment:
        """Return what a trace of the watched sequences says about one of them, and of the error of all.

        Raises:
            ValueError: if the trace cannot be shown: a number is not finite.
        """
        one: Trace = _one(trace, example)
        check(one)
        return cls(sequences, _bits(trace), one)

    @functools.cached_property
    def data(self) -> dict[str, Any]:
        """The trace as a page carries it; see `ntm_lib.inspector.payload`."""
        return payload(self.trace)


def chosen_moments(curve: Sequence[Sequence[Any]], sizes: Sequence[int], room: int, shown: int) -> list[int]:
    """Return which moments of a curve fit into a page: the first, the last, the shown one, and more by what changes.

    Between two neighbours lies a way: the share of the sequences, and of the logarithm of the error, that passes. The
    moments are chosen at equal ways from each other, and as many as fit.

    Args:
        curve: [sequences, bits or None] of every moment.
        sizes: characters that each one needs.
        room: characters that there are.
        shown: the moment that must be among them.
    """
    sequences = np.array([point[0] for point in curve], float)
    bits = np.log([max(point[1] or 0.01, 0.01) for point in curve])
    way = np.concatenate([[0.0], np.cumsum(_share(sequences) + _share(bits))])
    if sum(sizes) <= room:
        return list(range(len(curve)))
    for count in range(len(curve) - 1, 1, -1):
        places = np.abs(way[:, None] - np.linspace(0, way[-1], count)).argmin(axis=0)
        kept = sorted({*map(int, places), 0, shown, len(curve) - 1})
        if sum(sizes[place] for place in kept) <= room:
            return kept
    return sorted({0, shown, len(curve) - 1})


def picture_of_moments(moments: Sequence[Moment]) -> Picture:
    """Draw the weightings of both heads at up to four moments, from the first to the last."""
    places = sorted(set(np.linspace(0, len(moments) - 1, 4).round().astype(int)))
    parts, told = {}, []
    for moment in (moments[place] for place in places):
        when = f"after {moment.sequences:,}" if moment.sequences else "before training"
        heads = {"read": moment.trace.read.weights, "write": moment.trace.write.weights}
        parts[when] = np.concatenate([weights[0] for weights in heads.values()], axis=1).max(axis=1)
        shares = [f"the {name} head puts {weights.max(axis=-1).mean():.0%}" for name, weights in heads.items()]
        error = "" if moment.bits is None else f"; the error is {moment.bits:.2g} bits"
        told.append(f"{when}, {' and '.join(shares)} of its weight on one slot, on average{error}")
    alt = f"Weightings of both heads, slots downwards over steps, at {len(parts)} moments of a training"
    return weightings(parts, alt=f"{alt}, counted in sequences. {'. '.join(told)}.")


def _share(values: np.ndarray) -> np.ndarray:
    """Return the steps between neighbours, each as a share of all of them."""
    steps = np.abs(np.diff(values))
    return steps / max(float(steps.sum()), 1e-9)


def _bits(trace: Trace) -> float | None:
    if trace.targets is None:
        return None
    mask = np.ones(trace.targets.shape[:2], np.float32) if trace.mask is None else trace.mask
    return float(bits_per_sequence(trace.targets, trace.logits, mask))


def _one(part: Any, example: int) -> Any:
    """Return a trace, or a part of it, of one sequence of the batch."""
    given = {field.name: getattr(part, field.name) for field in dataclasses.fields(part)}
    taken = {
        name: _one(value, example) if isinstance(value, HeadTrace) else value[example : example + 1].copy()
        for name, value in given.items()
        if value is not None
    }
    return dataclasses.replace(part, **taken)
