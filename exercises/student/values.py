"""Value against value: the words in which a notebook and a report say what is wrong. NumPy only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np


class Unusable(ValueError):
    """An answer that cannot be compared at all. Its text says what was received and what was expected."""


def differs(expected: Any, got: Any, tolerance: float = 1e-6, where: str = "") -> str:
    """'' when `got` is as good as `expected`, else one sentence that says what is wrong.

    Lists count as arrays, whole numbers as numbers; True and False do not. tolerance: absolute and relative.
    """
    at = f"{where}: " if where else ""
    if isinstance(expected, Mapping):
        return _differs_dict(expected, got, tolerance, where)
    if isinstance(expected, str | bool | np.bool_ | None):
        same_type = isinstance(got, str) if isinstance(expected, str) else isinstance(got, bool | np.bool_ | None)
        same = same_type and (got is None) == (expected is None) and got == expected
        return "" if same else f"{at}expected {described(expected)}, got {_received(got)}"
    if isinstance(expected, list | tuple) and numbers_in(expected) is None:
        if not isinstance(got, list | tuple) or len(got) != len(expected):
            received = f"{len(got)}" if isinstance(got, list | tuple) else _received(got)
            return f"{at}expected a list of {len(expected)} entries, got {received}"
        messages = (
            differs(e, g, tolerance, f"{where}[{i}]") for i, (e, g) in enumerate(zip(expected, got, strict=True))
        )
        return next(filter(None, messages), "")
    return _differs_array(np.asarray(expected), got, tolerance, at)


def _differs_dict(expected: Mapping[str, Any], got: Any, tolerance: float, where: str) -> str:
    at = f"{where}: " if where else ""
    if not isinstance(got, Mapping):
        return f"{at}expected a dict with the keys {', '.join(map(str, expected))}, got {_received(got)}"
    for name in expected:
        if name not in got:
            return f"{at}the key {name!r} is missing"
    if len(got) != len(expected):
        return f"{at}expected the keys {', '.join(map(str, expected))} only, got {', '.join(map(str, got))}"
    messages = (differs(expected[name], got[name], tolerance, f"{where}[{name!r}]") for name in expected)
    return next(filter(None, messages), "")


def _differs_array(expected: np.ndarray, got: Any, tolerance: float, at: str) -> str:
    array = numbers_in(got)
    if array is None or (array.dtype.kind == "b") != (expected.dtype.kind == "b") or array.shape != expected.shape:
        wanted = "truth values" if expected.dtype.kind == "b" else "numbers"
        wanted = f"{wanted} of shape {expected.shape}" if expected.ndim else f"a {wanted[:-1]}"
        return f"{at}expected {wanted}, got {_received(got)}"
    expected, array = expected.astype(float), array.astype(float)
    finite = np.isfinite(expected)
    if not np.isfinite(array[finite]).all():
        count = int((~np.isfinite(array[finite])).sum())
        return f"{at}{count} of the numbers {'is' if count == 1 else 'are'} NaN or infinite"
    distance = np.abs(np.where(finite, array - np.where(finite, expected, 0), 0)) - tolerance * np.abs(
        expected, where=finite, out=np.zeros_like(expected)
    )
    distance = np.where(
        finite, distance, np.where(np.array_equal(array[~finite], expected[~finite], equal_nan=True), 0, np.inf)
    )
    if distance.size == 0 or distance.max() <= tolerance:
        return ""
    worst = np.unravel_index(int(distance.argmax()), distance.shape)
    place = f" at [{', '.join(map(str, worst))}]" if worst else ""
    return f"{at}expected {expected[worst]:.6g}{place}, got {array[worst]:.6g}"


def numbers_in(value: Any) -> np.ndarray | None:
    """`value` as an array of numbers or truth values, or None when it is not one."""
    if isinstance(value, str | bytes | Mapping | None):
        return None
    try:
        array = np.asarray(value)
    except Exception:  # ragged lists, objects with an opinion of their own
        return None
    return array if array.dtype.kind in "biuf" else None


def described(value: Any) -> str:
    """A value in a few words: never its whole length."""
    array = numbers_in(value)
    if array is not None and isinstance(value, np.ndarray | np.generic) and not array.ndim:
        value = array.item()
    if array is not None and array.ndim:
        return f"{'truth values' if array.dtype.kind == 'b' else 'numbers'} of shape {array.shape}"
    if value is None or isinstance(value, bool | int | float | str | np.bool_ | np.number):
        return (text := repr(value))[:60] + ("..." if len(text) > 60 else "")
    return f"a {type(value).__name__}" + (f" of {len(value)} entries" if isinstance(value, list | tuple) else "")


def _received(got: Any) -> str:
    """What was got, with the usual cause where it is nothing."""
    return "None: does your function return something?" if got is None else described(got)


def unjudged(error: Exception, answer: Any) -> str:
    """What is said of an answer of a form that nobody thought of."""
    return f"what it gives cannot be judged ({type(error).__name__}): received {described(answer)}"


def changed_arguments(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """'' when a call left its arguments alone, else one sentence."""
    for name in before:
        if differs(before[name], after[name], 0.0):
            return f"your function changes its argument `{name}` in place: work on a copy"
    return ""
