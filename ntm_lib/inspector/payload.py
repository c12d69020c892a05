"""A trace in the form that a page carries: one sequence, rounded to what the eye sees, as compressed text.

What follows from other parts is left out. The page works it out again with the library's equations: the memory from its
start, the write weightings, erase and add; what is read from memory and the read weightings; the gated and the shifted
weightings from content, gate and shift.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np

from ntm_lib import checks
from ntm_lib.trace import HEAD_SHAPES, OPTIONAL_SHAPES, SCHEMA, SHAPES, WRITE_SHAPES, Trace

PAYLOAD_SCHEMA = "ntm_lib/inspector/1"
"""The same in js/payload.js."""

MAX_STEPS = 241
"""The longest sequence that is shown: a copy of 120 vectors. A longer one is cut before it is inspected."""

SIGNIFICANT_BITS = 11
"""What a number keeps that is not in a fixed range: three digits and a half."""

SIZES = {
    "I": "inputs",
    "O": "outputs",
    "N": "slots",
    "W": "width",
    "C": "units",
    "R": "readHeads",
    "H": "writeHeads",
    "K": "shifts",
}

STORED = {
    "inputs": "TI",
    "logits": "TO",
    "targets": "TO",
    "mask": "T",
    "initialMemory": "NW",
    **{f"read.{name}": HEAD_SHAPES[name][1:] for name in ("key", "strength", "gate", "shift", "sharpening")},
    **{f"read.{name}": HEAD_SHAPES[name][1:] for name in ("content", "weights", "previous")},
    **{f"write.{name}": HEAD_SHAPES[name][1:].replace("R", "H") for name in ("key", "strength", "gate", "shift")},
    **{f"write.{name}": HEAD_SHAPES[name][1:].replace("R", "H") for name in ("sharpening", "content", "weights")},
    "write.previous": "HN",
    "write.erase": "THW",
    "write.add": "THW",
}
"""The parts of a payload in their order, each with its axes; the same in js/payload.js."""

UNIT, SIGNED = 255, 127
"""Steps between 0 and 1, of what lies between 0 and 1 and of what lies between -1 and 1."""


def payload(trace: Trace, example: int = 0) -> dict[str, Any]:
    """Return one sequence of a trace as a JSON-able dictionary; js/payload.js reads it.

    `parts` says how each part is rounded: "unit" is a multiple of 1/255 in a byte, "signed" a multiple of 1/127 in a
    byte, "number" a float32 with 11 significant bits. `data` holds the parts one after the other, compressed by zlib,
    as base64.

    Args:
        trace: what happened, as `record` returns it.
        example: which sequence of the batch.

    Raises:
        ValueError: if it is no Trace, a part is missing, not finite or of a shape that does not fit the others, a
            target is neither 0 nor 1, there is no step, no head or no such example, or there are more than `MAX_STEPS`
            steps.
    """
    sizes = check(trace, example)
    kinds, encoded = {}, []
    for name in STORED:
        values = _stored(trace, name)
        if values is not None:
            kinds[name], content = encode(np.asarray(values[example], np.float32), exact=name in ("inputs", "targets"))
            encoded.append(content)
    return {
        "schema": PAYLOAD_SCHEMA,
        "steps": sizes["T"],
        "sizes": {name: sizes[letter] for letter, name in SIZES.items()},
        "parts": kinds,
        "data": base64.b64encode(zlib.compress(b"".join(encoded), 9)).decode(),
    }


def check(trace: Any, example: int = 0) -> dict[str, int]:
    """Return the sizes of a trace by their letters, or raise `ValueError` as `payload` describes."""
    if not isinstance(trace, Trace):
        raise ValueError(f"trace must be a Trace of the schema {SCHEMA!r}. Received: {type(trace).__name__}")
    sizes: dict[str, int] = {}
    for name, letters, values in _parts(trace):
        shape = f"[{', '.join(letters)}]"
        received = checks.array(name, values, shape).shape
        for letter, size in zip(letters, received, strict=True):
            if size == 0:
                raise ValueError(f"{name} must have at least one entry for {letter} in {shape}. Received: {received}")
            if sizes.setdefault(letter, size) != size:
                raise ValueError(
                    f"{name} must have {sizes[letter]} entries for {letter} in {shape}. Received shape: {received}"
                )
    if sizes["T"] > MAX_STEPS:
        raise ValueError(f"trace must have at most {MAX_STEPS} steps T to be shown. Received: {sizes['T']}")
    if trace.targets is not None:
        check_bits("trace.targets", trace.targets)
    if checks.positive_integer("example", example, minimum=0) >= sizes["B"]:
        raise ValueError(f"example must be below the batch size {sizes['B']}. Received: {example!r}")
    return sizes


def check_bits(name: str, values: np.ndarray) -> None:
    """Raise `ValueError` unless every number is 0 or 1: an output is a probability, and right or wrong as a bit."""
    others = np.setdiff1d(values, (0.0, 1.0))
    if others.size:
        raise ValueError(f"{name} must be bits, each 0 or 1. Received: {others[0]}")


def encode(values: np.ndarray, *, exact: bool = False) -> tuple[str, bytes]:
    """Return how numbers are rounded, "unit", "signed" or "number", and their bytes, little-endian.

    Args:
        values: any finite numbers.
        exact: whether numbers other than 0 and 1 must keep their significant bits.
    """
    low, high = float(values.min()), float(values.max())
    bits = bool(np.isin(values, (0.0, 1.0)).all())
    if bits or (low >= 0 and high <= 1 and not exact):
        return "unit", np.round(values * UNIT).astype(np.uint8).tobytes()
    if low >= -1 and high <= 1 and not exact:
        return "signed", np.round(values * SIGNED).astype(np.int8).tobytes()
    mantissa, exponent = np.frexp(values)
    rounded = np.ldexp(np.round(np.ldexp(mantissa, SIGNIFICANT_BITS)), exponent - SIGNIFICANT_BITS)
    return "number", rounded.astype("<f4").tobytes()


def _parts(trace: Trace) -> Iterator[tuple[str, str, Any]]:
    """Name, axes and values of everything in a trace; what may be left out comes only if it is there."""
    given = {name: letters for name, letters in OPTIONAL_SHAPES.items() if getattr(trace, name) is not None}
    writing = {name: letters.replace("R", "H") for name, letters in HEAD_SHAPES.items()} | WRITE_SHAPES
    for where, part, shapes in (
        ("trace", trace, SHAPES | given),
        ("trace.read", trace.read, HEAD_SHAPES),
        ("trace.write", trace.write, writing),
    ):
        for name, letters in shapes.items():
            yield f"{where}.{name}", letters, getattr(part, name)


def _stored(trace: Trace, name: str) -> np.ndarray | None:
    """Return a part by the name it has in a payload, or None if the trace has none."""
    head, _, field = name.rpartition(".")
    value: np.ndarray | None = getattr(getattr(trace, head) if head else trace, _snake(field))
    return value


def _snake(name: str) -> str:
    return "initial_memory" if name == "initialMemory" else name
