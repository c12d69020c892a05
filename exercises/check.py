"""What an exercise notebook needs beside it: NumPy, this one file, and nothing else. No account, nothing is sent anywhere.

`exercise(NAME, CASES)` gives the notebook its `check` and `submit`. `run` is a tape machine in NumPy that you drive by
hand-set head parameters; `drive`, `identity`, `PICTURES` and `differs` are shared with the grader, which says the same words.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

STAY, FORWARD, BACK = [0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [1.0, 0.0, 0.0]


class Unusable(ValueError):
    """An answer that cannot be compared at all. Its text says what was received and what was expected."""


# --- value against value


def differs(expected: Any, got: Any, tolerance: float = 1e-6, where: str = "") -> str:
    """'' when `got` is as good as `expected`, else one sentence that says what is wrong.

    Lists of numbers count as arrays, whole numbers as numbers; True and False do not. tolerance: absolute plus relative.
    """
    at = f"{where}: " if where else ""
    if isinstance(expected, Mapping):
        return _differs_dict(expected, got, tolerance, where)
    if isinstance(expected, str | bool | np.bool_ | None):
        same_type = isinstance(got, str) if isinstance(expected, str) else isinstance(got, bool | np.bool_ | None)
        same = same_type and (got is None) == (expected is None) and got == expected
        return "" if same else f"{at}expected {_named(expected)}, got {_named(got)}"
    if isinstance(expected, list | tuple) and not _numbers(expected):
        if not isinstance(got, list | tuple) or len(got) != len(expected):
            return f"{at}expected a list of {len(expected)} entries, got {_named(got)}"
        messages = (differs(e, g, tolerance, f"{where}[{i}]") for i, (e, g) in enumerate(zip(expected, got, strict=True)))
        return next(filter(None, messages), "")
    return _differs_array(np.asarray(expected), got, tolerance, at)


def _differs_dict(expected: Mapping[str, Any], got: Any, tolerance: float, where: str) -> str:
    at = f"{where}: " if where else ""
    if not isinstance(got, Mapping):
        return f"{at}expected a dict with the keys {', '.join(map(str, expected))}, got {_named(got)}"
    for name in expected:
        if name not in got:
            return f"{at}the key {name!r} is missing"
    if len(got) != len(expected):
        return f"{at}expected the keys {', '.join(map(str, expected))} only, got {', '.join(map(str, got))}"
    messages = (differs(expected[name], got[name], tolerance, f"{where}[{name!r}]") for name in expected)
    return next(filter(None, messages), "")


def _differs_array(expected: np.ndarray, got: Any, tolerance: float, at: str) -> str:
    array = _numbers(got)
    if array is None or (array.dtype.kind == "b") != (expected.dtype.kind == "b"):
        wanted = "truth values" if expected.dtype.kind == "b" else "numbers"
        return f"{at}expected {wanted} of shape {expected.shape}, got {_named(got)}"
    if array.shape != expected.shape:
        return f"{at}expected the shape {expected.shape}, got {array.shape}"
    expected, array = expected.astype(float), array.astype(float)
    finite = np.isfinite(expected)
    if not np.isfinite(array[finite]).all():
        return f"{at}{int((~np.isfinite(array[finite])).sum())} of the numbers are NaN or infinite"
    distance = np.abs(np.where(finite, array - np.where(finite, expected, 0), 0)) - tolerance * np.abs(expected, where=finite, out=np.zeros_like(expected))
    distance = np.where(finite, distance, np.where(np.array_equal(array[~finite], expected[~finite], equal_nan=True), 0, np.inf))
    if distance.size == 0 or distance.max() <= tolerance:
        return ""
    worst = np.unravel_index(int(distance.argmax()), distance.shape)
    place = f" at [{', '.join(map(str, worst))}]" if worst else ""
    return f"{at}expected {expected[worst]:.6g}{place}, got {array[worst]:.6g}"


def _numbers(value: Any) -> np.ndarray | None:
    """`value` as an array of numbers or truth values, or None when it is not one."""
    if isinstance(value, str | bytes | Mapping | None):
        return None
    try:
        array = np.asarray(value)
    except Exception:  # ragged lists, objects with an opinion of their own
        return None
    return array if array.dtype.kind in "biuf" else None


def _named(value: Any) -> str:
    """A value in a few words: never its whole length."""
    array = _numbers(value)
    if array is not None and array.ndim:
        return f"{'truth values' if array.dtype.kind == 'b' else 'numbers'} of shape {array.shape}"
    if value is None or isinstance(value, bool | int | float | str | np.bool_ | np.number):
        return (text := repr(value))[:60] + ("..." if len(text) > 60 else "")
    return f"a {type(value).__name__}" + (f" of {len(value)} entries" if isinstance(value, list | tuple) else "")


def changed_arguments(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """'' when a call left its arguments alone, else one sentence."""
    for name in before:
        if differs(before[name], after[name], 0.0):
            return f"your function changes its argument `{name}` in place: work on a copy"
    return ""


# --- what is compared: functions (arguments of the case, answer) -> value


def identity(arguments: Mapping[str, Any], answer: Any) -> Any:
    """The answer itself."""
    return answer


def drive(arguments: Mapping[str, Any], answer: Any) -> Any:
    """Run the tape machine on the program `answer` and give what it reads, [asked steps, W].

    arguments: `inputs` [T, W]; `slots`; optionally `memory` [N, W] to begin with, `ask`, the steps whose reading counts,
    `look`, another field of `Run` to look at, and `longest`, the number of steps that a program may have.
    """
    longest = arguments.get("longest")
    if longest is not None and isinstance(answer, list) and len(answer) > longest:
        raise Unusable(f"the program has {len(answer)} steps, expected at most {longest}")
    done = run(answer, arguments["inputs"], slots=arguments["slots"], memory=arguments.get("memory"))
    seen = getattr(done, arguments.get("look", "reads"))
    return seen[list(arguments["ask"])] if "ask" in arguments else seen


# --- the tape machine


class Run(NamedTuple):
    """What happened in a run: memory [T + 1, N, W] (before, and after each step), weightings [T, N], reads [T, W]."""

    memory: np.ndarray
    write_weights: np.ndarray
    read_weights: np.ndarray
    reads: np.ndarray


def run(program: Sequence[Mapping[str, Any]], inputs: Any, slots: int = 8, memory: Any = None) -> Run:
    """Drive a machine with one write head and one read head, both on slot 0 at first, by a program: one dict a step.

    A step is {"write": {...}, "read": {...}}; a head that is not named stays where it is and changes nothing. Of a head
    you may set key [W], strength, gate, shift [3], sharpen, and of the write head erase [W] and add [W]. In place of the
    W numbers of key, erase and add may stand "input", what comes in at this step, or "read", what was read one step before;
    one number stands for W equal ones. In each step both heads look for their place in the memory as it was, then the
    write head erases and adds, then the read head reads.
    """
    inputs = np.asarray(inputs, float)
    if not isinstance(program, list | tuple):
        raise Unusable(f"program: received {_named(program)}, expected a list with one dict for each step")
    if len(program) > len(inputs):
        inputs = np.concatenate([inputs, np.zeros((len(program) - len(inputs), inputs.shape[1]))])
    tape = np.zeros((slots, inputs.shape[1])) if memory is None else np.array(memory, float)
    weights = {head: np.eye(len(tape))[0] for head in ("write", "read")}
    seen, history = np.zeros(inputs.shape[1]), [(tape, weights["write"], weights["read"], inputs[:0])]
    for number, step in enumerate(program):
        heads = _heads(step, number, {"input": inputs[number], "read": seen})
        weights = {name: _place(tape, weights[name], head) for name, head in heads.items()}
        where, head = weights["write"][:, None], heads["write"]
        tape = tape * (1 - where * head["erase"]) + where * head["add"]
        seen = weights["read"] @ tape
        history.append((tape, weights["write"], weights["read"], seen))
    columns = list(zip(*history, strict=True))
    steps = [np.array(column[1:]).reshape(len(program), -1) for column in columns[1:]]
    return Run(np.array(columns[0]), *steps)


def _heads(step: Any, number: int, vectors: Mapping[str, np.ndarray]) -> dict[str, dict[str, Any]]:
    """The parameters of both heads at one step, complete and checked."""
    if not isinstance(step, Mapping) or set(step) - {"write", "read"}:
        received = f"the keys {', '.join(map(str, step))}" if isinstance(step, Mapping) else _named(step)
        raise Unusable(f'step {number}: received {received}, expected a dict with "write", "read", both or neither')
    heads = {}
    for name in ("write", "read"):
        head, where = step.get(name, {}), f"step {number}, {name} head"
        known = {"key": 0.0, "strength": 0.0, "gate": 0.0, "shift": STAY, "sharpen": 1.0}
        known |= {"erase": 0.0, "add": 0.0} if name == "write" else {}
        if not isinstance(head, Mapping) or set(head) - set(known):
            received = ", ".join(map(str, set(head) - set(known))) if isinstance(head, Mapping) else _named(head)
            raise Unusable(f"{where}: received {received}, expected a dict with some of {', '.join(known)}")
        heads[name] = {key: _parameter(where, key, head.get(key, value), vectors) for key, value in known.items()}
    return heads


def _parameter(where: str, name: str, value: Any, vectors: Mapping[str, np.ndarray]) -> Any:
    """One head parameter in its range, or Unusable."""
    if name in ("key", "erase", "add"):
        value = vectors.get(value, value) if isinstance(value, str) else value
    array, width = _numbers(value), len(vectors["input"])
    shape, words = {"shift": ((3,), "3 numbers >= 0 that add up to 1"), "strength": ((), "a number >= 0")}.get(
        name, ((), {"gate": "a number from 0 to 1", "sharpen": "a number >= 1"}.get(name, ""))
    )
    if name in ("key", "erase", "add"):
        shape, words = (width,), f'{width} numbers{" from 0 to 1" if name == "erase" else ""}, "input" or "read"'
        array = np.full(shape, array, float) if array is not None and array.ndim == 0 else array
    good = array is not None and array.shape == shape and bool(np.isfinite(array).all())
    if good and array is not None:
        low, high = float(array.min()), float(array.max())
        good = {
            "gate": 0 <= low and high <= 1,
            "erase": 0 <= low and high <= 1,
            "strength": low >= 0,
            "sharpen": low >= 1,
            "shift": low >= 0 and abs(float(array.sum()) - 1) < 1e-6,
        }.get(name, True)
    if not good or array is None:
        received = repr(value) if array is None or array.size <= 8 else _named(value)
        raise Unusable(f"{where}: {name} received {received}, expected {words}")
    return array.astype(float)


def _place(tape: np.ndarray, before: np.ndarray, head: Mapping[str, Any]) -> np.ndarray:
    """Equations 5 to 9 of the paper: content, gate, shift, sharpen. tape [N, W], before [N] -> [N]."""
    norms = np.linalg.norm(tape, axis=1) * np.linalg.norm(head["key"])
    scores = head["strength"] * (tape @ head["key"]) / np.where(norms > 0, norms, 1)
    content = np.exp(scores - scores.max())
    gated = head["gate"] * content / content.sum() + (1 - head["gate"]) * before
    back, stay, forward = head["shift"]
    shifted = back * np.roll(gated, -1) + stay * gated + forward * np.roll(gated, 1)
    powers = (shifted / shifted.max()) ** head["sharpen"]
    return powers / powers.sum()


# --- pictures

PICTURES: dict[str, Callable[..., str]] = {}
for _kind in ("value", "weighting", "matrix", "tape", "trace"):
    PICTURES[_kind] = lambda arguments, expected, got, answer=None: ""
