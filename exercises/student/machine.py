"""A tape machine in NumPy that is driven by hand-set head parameters, one dict a step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from exercises.student.pictures import trace_picture
from exercises.student.values import Unusable, described, numbers_in

STAY, FORWARD, BACK = [0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [1.0, 0.0, 0.0]


@dataclass(frozen=True)
class Run:
    """What happened in a run of T steps; a notebook shows it as a picture."""

    inputs: np.ndarray
    """[T, W]"""
    memory: np.ndarray
    """[T + 1, N, W]: the tape before the first step and after each"""
    write_weights: np.ndarray
    """[T, N]"""
    read_weights: np.ndarray
    """[T, N]"""
    reads: np.ndarray
    """[T, W]"""
    heads: list[dict[str, dict[str, Any]]]
    """T times both heads: their parameters, and `stages` [4, N], the weighting after each stage of the addressing"""

    def _repr_html_(self) -> str:
        """The picture."""
        return trace_picture(self)


def run(program: Sequence[Mapping[str, Any]], inputs: Any, slots: int = 8, memory: Any = None) -> Run:
    """Drive a machine with one write head and one read head, both on slot 0 at first, by a program: one dict a step.

    A step is {"write": {...}, "read": {...}}; a head that is not named stays where it is and changes nothing. Of a head
    you may set key [W], strength, gate, shift [3] and sharpen, and of the write head erase [W] and add [W]. In place of
    the W numbers of key, erase and add may stand "input", what comes in at this step, or "read", what was read one step
    before; one number stands for W equal ones. In each step both heads look for their place in the memory as it was,
    then the write head erases and adds, then the read head reads. Where the inputs [T, W] end, zeros come in.
    """
    inputs = np.asarray(inputs, float)
    if not isinstance(program, list | tuple) or not 0 < len(program) <= 1000:
        raise Unusable(f"program: received {described(program)}, expected a list with one dict for each step")
    inputs = np.concatenate([inputs, np.zeros((max(0, len(program) - len(inputs)), inputs.shape[1]))])[: len(program)]
    tape = np.zeros((slots, inputs.shape[1])) if memory is None else np.array(memory, float)
    weights = {head: np.eye(len(tape))[0] for head in ("write", "read")}
    seen, history, parameters = np.zeros(inputs.shape[1]), [], []
    tapes = [tape]
    for number, step in enumerate(program):
        heads = _heads(step, number, {"input": inputs[number], "read": seen})
        for name, head in heads.items():
            head["stages"] = _stages(tape, weights[name], head)
            weights[name] = head["stages"][-1]
        where, head = weights["write"][:, None], heads["write"]
        tape = tape * (1 - where * head["erase"]) + where * head["add"]
        seen = weights["read"] @ tape
        tapes.append(tape)
        history.append((weights["write"], weights["read"], seen))
        parameters.append(heads)
    writing, reading, reads = (np.array(column) for column in zip(*history, strict=True))
    return Run(inputs, np.array(tapes), writing, reading, reads, parameters)


def _heads(step: Any, number: int, vectors: Mapping[str, np.ndarray]) -> dict[str, dict[str, Any]]:
    """The parameters of both heads at one step, complete and checked."""
    if not isinstance(step, Mapping) or set(step) - {"write", "read"}:
        received = f"the keys {', '.join(map(str, step))}" if isinstance(step, Mapping) else described(step)
        raise Unusable(f'step {number}: received {received}, expected a dict with "write", "read", both or neither')
    heads = {}
    for name in ("write", "read"):
        head, where = step.get(name, {}), f"step {number}, {name} head"
        known: dict[str, Any] = {"key": 0.0, "strength": 0.0, "gate": 0.0, "shift": STAY, "sharpen": 1.0}
        known |= {"erase": 0.0, "add": 0.0} if name == "write" else {}
        if not isinstance(head, Mapping) or set(head) - set(known):
            received = ", ".join(map(str, set(head) - set(known))) if isinstance(head, Mapping) else described(head)
            raise Unusable(f"{where}: received {received}, expected a dict with some of {', '.join(known)}")
        heads[name] = {key: _parameter(where, key, head.get(key, value), vectors) for key, value in known.items()}
    return heads


LARGEST = 1e6
RANGES: dict[str, tuple[Any, float, float, str]] = {
    "strength": ((), 0.0, LARGEST, "a number >= 0"),
    "gate": ((), 0.0, 1.0, "a number from 0 to 1"),
    "shift": ((3,), 0.0, 1.0, "3 numbers >= 0 that add up to 1: for -1, 0 and +1"),
    "sharpen": ((), 1.0, LARGEST, "a number >= 1"),
    "key": (None, -LARGEST, LARGEST, 'numbers, one for each column of the tape, or "input" or "read"'),
    "erase": (None, 0.0, 1.0, 'numbers from 0 to 1, one for each column of the tape, or "input" or "read"'),
    "add": (None, -LARGEST, LARGEST, 'numbers, one for each column of the tape, or "input" or "read"'),
}
"""The shape of each head parameter (None: a vector as wide as the tape), its range, and both in words."""


def _parameter(where: str, name: str, value: Any, vectors: Mapping[str, np.ndarray]) -> np.ndarray:
    """One head parameter in its range, or Unusable."""
    shape, low, high, words = RANGES[name]
    if shape is None and isinstance(value, str):
        value = vectors.get(value, value)
    array = numbers_in(value)
    if shape is None:
        shape = vectors["input"].shape
        array = np.full(shape, array, float) if array is not None and array.ndim == 0 else array
    if array is not None and array.dtype.kind != "b" and array.shape == shape:
        array = array.astype(float)
        inside = bool(((array >= low) & (array <= high)).all())  # False for NaN
        if inside and (name != "shift" or abs(float(array.sum()) - 1) < 1e-6):
            return array
    received = str(value)[:60] if array is None or array.size <= 8 else described(value)
    raise Unusable(f"{where}: {name} received {received}, expected {words}")


def _stages(tape: np.ndarray, before: np.ndarray, head: Mapping[str, Any]) -> np.ndarray:
    """Equations 5 to 9: content, gate, shift, sharpen. tape [N, W], before [N] -> [4, N], of which the last counts."""
    norms = np.linalg.norm(tape, axis=1) * np.linalg.norm(head["key"])
    scores = head["strength"] * (tape @ head["key"]) / np.where(norms > 1e-12, norms, 1)
    content = np.exp(scores - scores.max())
    content /= content.sum()
    gated = head["gate"] * content + (1 - head["gate"]) * before
    back, stay, forward = head["shift"]
    shifted = back * np.roll(gated, -1) + stay * gated + forward * np.roll(gated, 1)
    powers = (shifted / shifted.max()) ** head["sharpen"]
    return np.array([content, gated, shifted, powers / powers.sum()])


# --- what is compared: functions (arguments of the case, answer) -> value
