"""Check answers and drive a tape machine: what an exercise notebook needs beside it. NumPy is enough.

Nothing is sent anywhere. This file is joined from the parts in exercises/student of the course's repository.
"""

from __future__ import annotations

import contextlib
import copy
import html
import importlib.util
import inspect as python_inspect
import json
import os
import re
import sys
import traceback
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

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


INK, WRITE, READ = "#222222", "#c44e1c", "#1f6fb2"


def raster(
    values: Any,
    rows: Sequence[Any] | None = None,
    columns: bool = True,
    color: str = INK,
    alt: str = "",
    scale: float = 0,
) -> str:
    """A matrix as an SVG of cells: one hue from 0 up, red and blue for signs; numbers where there is room.

    rows: what stands before each row, default its number. columns: whether their numbers stand above. scale: the
    value with the full hue, default the largest.
    """
    values = np.atleast_2d(np.asarray(values, float))
    height, width = values.shape
    numbers = values.size <= 80 and width <= 12
    side, high = (38, 22) if numbers else (max(6, min(22, 560 // max(width, 1))),) * 2
    scale = max(1e-9, scale, float(np.abs(values[np.isfinite(values)]).max(initial=0)))
    names = [str(name) for name in (range(height) if rows is None or len(rows) != height else rows)]
    left = 14 + 7 * max(map(len, names)) if height > 1 or rows else 4
    signed, top = bool((values < 0).any()), 16 if columns else 4
    cells = []
    for (i, j), value in np.ndenumerate(values):
        share = abs(value) / scale if np.isfinite(value) else 0
        hue = (READ if value < 0 else "#b3261e") if signed else color
        x, y = left + j * side, top + i * high
        cells.append(
            f'<rect x="{x}" y="{y}" width="{side - 1}" height="{high - 1}" fill="{hue}" fill-opacity="{share:.2f}"/>'
        )
        if numbers or not np.isfinite(value):
            ink, middle = "#fff" if share > 0.55 else INK, f'x="{x + side / 2}" y="{y + high / 2 + 4}"'
            cells.append(f'<text {middle} fill="{ink}" text-anchor="middle">{_short(value)}</text>')
    for i in range(0, height, max(1, 14 // high)) if left > 4 else ():
        place = f'x="{left - 4}" y="{top + i * high + high / 2 + 4}"'
        cells.append(f'<text {place} fill="{INK}" text-anchor="end">{html.escape(names[i])}</text>')
    for j in range(0, width, max(1, 20 // side)) if columns else ():
        cells.append(f'<text x="{left + j * side + side / 2}" y="12" fill="{INK}" text-anchor="middle">{j}</text>')
    wide, tall = left + width * side + 4, top + height * high + 4
    words = html.escape(alt or f"{height} rows by {width} columns", quote=True)
    return (
        f'<svg role="img" aria-label="{words}" viewBox="0 0 {wide} {tall}" width="{wide}" height="{tall}" '
        f'style="max-width:100%;height:auto;background:#fff;font:11px sans-serif">{"".join(cells)}</svg>'
    )


def drawn(value: Any, alt: str = "", scale: float = 0, rows: Sequence[Any] | None = None) -> str:
    """A value as a picture where it is one: rows and matrices as rasters, several side by side, all else as text."""
    array = numbers_in(value)
    while array is not None and array.ndim > 2 and len(array) == 1:
        array = array[0]
    if array is not None and 1 <= array.ndim <= 2 and 0 < array.size <= 4000:
        return raster(array, rows, alt=alt, scale=scale)
    parts: dict[str, Any] = {}
    if isinstance(value, Mapping):
        parts = {str(name): part for name, part in value.items()}
    elif array.ndim == 3 if array is not None else isinstance(value, list | tuple):
        parts = {f"[{number}]": part for number, part in enumerate(value)}
    arrays = [array for array in map(numbers_in, parts.values()) if array is not None and array.ndim]
    if arrays and len(parts) <= 8:
        return labelled({html.escape(name): drawn(part, f"{alt} {name}") for name, part in parts.items()})
    return text_of(value)


def largest(*values: Any) -> float:
    """The largest finite absolute value in several matrices, for one scale; 0 for anything else."""
    arrays = [np.asarray(array, float) for array in map(numbers_in, values) if array is not None and array.size]
    return max((float(np.abs(np.nan_to_num(array, posinf=0, neginf=0)).max()) for array in arrays), default=0)


def _short(value: float) -> str:
    if not np.isfinite(value):
        return "NaN" if np.isnan(value) else "∞" if value > 0 else "-∞"
    return f"{round(value, 2) + 0.0:g}" if abs(value) < 1e4 else f"{value:.0e}"


def labelled(parts: Mapping[str, str]) -> str:
    """Parts side by side, each under its name; narrow pages stack them."""
    boxes = (
        f'<div style="margin:2px 14px 6px 0"><div><small>{name}</small></div>{part}</div>'
        for name, part in parts.items()
    )
    return f'<div style="display:flex;flex-wrap:wrap;align-items:flex-start">{"".join(boxes)}</div>'


def trace_picture(done: Any) -> str:
    """A `Run`: where both heads stand at each step, what is read, and the tape at the end."""
    parts = {
        "write head: slot over step": raster(done.write_weights.T, color=WRITE, alt="write weighting", scale=1),
        "read head: slot over step": raster(done.read_weights.T, color=READ, alt="read weighting", scale=1),
        "comes in: column over step": raster(done.inputs.T, alt="what comes in"),
        "is read: column over step": raster(done.reads.T, alt="what is read"),
        "tape at the end, a row a slot": raster(done.memory[-1], alt="the tape at the end"),
    }
    return labelled(parts)


def text_of(value: Any) -> str:
    """A value as escaped text of bounded length."""
    try:
        text = (
            value
            if isinstance(value, str)
            else np.array2string(np.asarray(value), precision=4, suppress_small=True, threshold=60)
            if numbers_in(value) is not None
            else repr(value)
        )
    except Exception:
        text = f"a {type(value).__name__}"
    return f"<code>{html.escape(text[:400])}{'...' if len(text) > 400 else ''}</code>"


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


# --- functions (arguments of the case, answer) -> the value that is compared


def identity(arguments: Mapping[str, Any], answer: Any) -> Any:
    """The answer itself."""
    return answer


def entry(arguments: Mapping[str, Any], answer: Any) -> Any:
    """One entry of a prediction: some are public, some are hidden. arguments: `entry`, and `of`, how many there are."""
    if not isinstance(answer, list | tuple | np.ndarray) or len(answer) != arguments["of"]:
        raise Unusable(f"received {described(answer)}, expected a list of {arguments['of']} entries")
    return answer[arguments["entry"]]


def drive(arguments: Mapping[str, Any], answer: Any) -> Any:
    """Run the tape machine on the program `answer` and give what it reads, [asked steps, W].

    arguments: `inputs` [T, W]; `slots`; optionally `memory` [N, W] to begin with, `ask`, the steps whose reading
    counts, `look`, another field of `Run` to look at, and `longest`, how many steps a program may have.
    """
    longest = arguments.get("longest")
    if longest is not None and isinstance(answer, list | tuple) and len(answer) > longest:
        raise Unusable(f"the program has {len(answer)} steps, expected at most {longest}")
    done = run(answer, arguments["inputs"], slots=arguments["slots"], memory=arguments.get("memory"))
    seen = getattr(done, arguments.get("look", "reads"))
    asked = list(arguments.get("ask", range(len(seen))))
    if max(asked) >= len(seen):
        raise Unusable(f"the program has {len(answer)} steps, expected {max(asked) + 1 - len(seen)} more")
    return seen[asked]


THROUGH: dict[str, Callable[..., Any]] = {"identity": identity, "entry": entry, "drive": drive}

# --- pictures: (arguments, expected, got, answer) -> HTML


def _matrix(arguments: Mapping[str, Any], expected: Any, got: Any, answer: Any = None) -> str:
    return _side_by_side(expected, got)


def _side_by_side(expected: Any, got: Any, rows: Sequence[Any] | None = None) -> str:
    """Expected and got as rasters with one scale, or as text; `got` alone is left out when there is nothing."""
    values = {"expected": expected} if got is None else {"expected": expected, "got": got}
    scale = largest(expected, got)
    return labelled({name: drawn(value, name, scale, rows) for name, value in values.items()})


def _trace(arguments: Mapping[str, Any], expected: Any, got: Any, answer: Any = None) -> str:
    asked = arguments.get("ask", ()) if arguments.get("look", "reads") == "reads" else ()
    shown = _side_by_side(expected, got, [f"{row}: step {step}" for row, step in enumerate(asked)])
    if isinstance(answer, list | tuple):
        try:
            done = run(answer, arguments["inputs"], arguments["slots"], arguments.get("memory"))
        except Exception:  # what is wrong with the program is said elsewhere
            return shown
        shown += f"<details><summary>what your machine does, step by step</summary>{trace_picture(done)}</details>"
        shown += _inspected(done, arguments, expected)
    return shown


def _inspected(done: Run, arguments: Mapping[str, Any], expected: Any) -> str:
    """The course's inspector on the run where ntm_lib is loaded already, and how to get it where it is installed."""
    if os.environ.get("NTM_PLAIN_PICTURES") or importlib.util.find_spec("ntm_lib") is None:
        return ""
    if not {"ntm_lib", "tensorflow"} <= set(sys.modules):  # loading TensorFlow takes long and writes much
        return (
            "<small>After <code>import ntm_lib, tensorflow</code>, check shows this run in the inspector too.</small>"
        )
    reads = arguments.get("look", "reads") == "reads"
    asked = arguments.get("ask", range(len(done.reads))) if reads else ()
    try:
        return str(inspect(done, expected if reads else None, asked).html())
    except (ImportError, ValueError):  # ntm_lib without TensorFlow; a run too long to be shown
        return ""


def _values(arguments: Mapping[str, Any], expected: Any, got: Any, answer: Any = None) -> str:
    values = {"expected": expected} if got is None else {"expected": expected, "got": got}
    return labelled({name: text_of(value) for name, value in values.items()})


PICTURES: dict[str, Callable[..., str]] = {"value": _values, "weighting": _matrix, "matrix": _matrix, "trace": _trace}
"""How a case is shown: (arguments, expected, got, answer) -> HTML that stands alone. `got` may be None."""


def inspect(done: Run, targets: Any = None, asked: Sequence[int] = ()) -> Any:
    """A run in the course's inspector, step by step. Needs ntm_lib and TensorFlow, which take some seconds to load."""
    from ntm_lib.inspector.widget import inspect as inspected
    from ntm_lib.trace import HeadTrace, Trace

    def stack(head: str, name: str) -> np.ndarray:
        return np.array([step[head][name] for step in done.heads], np.float32)[None, :, None]

    def head_trace(head: str) -> Any:
        names = ("key", "strength", "gate", "shift") + (("erase", "add") if head == "write" else ())
        stages = np.moveaxis(stack(head, "stages"), 3, 0)
        return HeadTrace(
            **{name: stack(head, name) for name in names},
            sharpening=stack(head, "sharpen"),
            **dict(zip(("content", "gated", "shifted", "weights"), stages, strict=True)),
            previous=np.eye(done.memory.shape[1], dtype=np.float32)[None, :1],
        )

    seen, asked = np.clip(done.reads, 1e-6, 1 - 1e-6), list(asked)
    wanted, mask = np.zeros_like(seen), np.zeros(len(seen))
    if targets is not None and np.shape(targets) == seen[asked].shape:
        wanted[asked], mask[asked] = targets, 1
    arrays = {
        "inputs": done.inputs,
        "logits": np.log(seen / (1 - seen)),
        "initial_memory": done.memory[0],
        "memory": done.memory[1:],
        "reads": done.reads[:, None],
        "hidden": np.zeros((len(seen), 1)),
        "targets": wanted,
        "mask": mask,
    }
    batch = {name: array.astype(np.float32)[None] for name, array in arrays.items()}
    return inspected(Trace(**batch, read=head_trace("read"), write=head_trace("write")))


PROGRESS_FILE = "progress.json"


def read_progress() -> dict[str, dict[str, bool]]:
    """{exercise: {question: passes}}; empty when there is no file, or one that somebody has damaged."""
    try:
        kept = json.loads(Path(PROGRESS_FILE).read_text(encoding="utf-8"))
        return {str(name): {str(q): bool(done) for q, done in marks.items()} for name, marks in kept.items()}
    except (OSError, ValueError, AttributeError):
        return {}


def remember(exercise: str, questions: list[str], question: str, passes: bool) -> None:
    """Keep whether the question passes its public cases. Where the folder cannot be written, nothing is kept."""
    kept = read_progress()
    before = kept.get(exercise, {})
    kept[exercise] = {name: before.get(name, False) for name in questions} | {question: passes}
    with contextlib.suppress(OSError):
        Path(PROGRESS_FILE + ".new").write_text(json.dumps(kept, indent=1), encoding="utf-8")
        Path(PROGRESS_FILE + ".new").replace(PROGRESS_FILE)


def progress_html(exercise: str) -> str:
    """One line an exercise: a full dot for each question whose public cases pass."""
    kept = read_progress()
    here = {path.stem for path in Path().glob("[0-9][0-9]_*.ipynb")}
    lines = []
    for name in sorted(here | set(kept)):
        marks = kept.get(name)
        dots = "".join("●" if done else "○" for done in marks.values()) if marks else "not begun"
        text = f"{html.escape(name)} {dots}"
        lines.append(f"<b>{text}</b>" if name == exercise else text)
    done = sum(sum(marks.values()) for marks in kept.values())
    return f"<p><small>All exercises, {done} questions with right public cases: {' · '.join(lines)}</small></p>"


def submission(exercise: str, questions: list[str], file: str | None, namespace: Mapping[str, Any]) -> str:
    """Write `submission-NAME.ipynb` beside the notebook and say what was written, or what to do instead."""
    path = Path(file) if file else running_notebook(exercise, namespace)
    if path is None or not path.is_file():
        what = f"There is no file {path}" if path else "This notebook's own file could not be found"
        return f'{what}. Nothing is written. Save the notebook, then say submit("its name.ipynb").'
    try:
        notebook = json.loads(path.read_text(encoding="utf-8"))
        cells = notebook["cells"]
        sources = {cell["metadata"]["nbgrader"]["grade_id"]: _source(cell) for cell in cells if _graded(cell)}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        return f"{path} is not a notebook that can be read ({error}). Nothing is written."
    for cell in cells:
        if cell.get("cell_type") == "code":
            cell["outputs"], cell["execution_count"] = [], None
    target = path.with_name(f"submission-{exercise}.ipynb")
    target.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    notes = _notes(questions, sources, namespace)
    return f"Wrote {target.name} beside {path.name}. {notes}Hand in this file; nothing was sent."


def _notes(questions: list[str], sources: Mapping[str, str], namespace: Mapping[str, Any]) -> str:
    """What the student should know: answers that are missing, and answers of which the saved text never ran here."""
    ran = {text.strip() for text in namespace.get("In", []) if isinstance(text, str)}
    missing = [name for name in questions if name not in sources]
    unsaved = [name for name in questions if name in sources and ran and sources[name].strip() not in ran]
    notes = f"Its cell for {', '.join(missing)} is missing. " if missing else ""
    if unsaved:
        notes += (
            f"The saved text of {', '.join(unsaved)} is not what ran last in this session: "
            "if you have changed it, save the notebook and submit again. "
        )
    return notes


def running_notebook(exercise: str, namespace: Mapping[str, Any]) -> Path | None:
    """This notebook: from VS Code, from Jupyter, or the only one in the folder with this exercise's name."""
    named = [namespace.get("__vsc_ipynb_file__"), os.environ.get("JPY_SESSION_NAME")]
    for text in filter(None, named):
        for path in (Path(str(text)), Path(Path(str(text)).name)):
            if path.suffix == ".ipynb" and path.is_file():
                return path
    fits = [path for path in sorted(Path().glob("*.ipynb")) if _is(path, exercise)]
    return fits[0] if len(fits) == 1 else None


def _is(path: Path, exercise: str) -> bool:
    """Whether a file is a notebook of this exercise, and not something that `submit` wrote."""
    if path.name == f"submission-{exercise}.ipynb":
        return False
    try:
        return bool(json.loads(path.read_text(encoding="utf-8"))["metadata"]["exercise"]["name"] == exercise)
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _graded(cell: Mapping[str, Any]) -> bool:
    marks = cell.get("metadata", {}).get("nbgrader", {})
    return bool(marks.get("solution") and marks.get("grade_id"))


def _source(cell: Mapping[str, Any]) -> str:
    source = cell.get("source", "")
    return source if isinstance(source, str) else "".join(source)


Namespace = Mapping[str, Any]
FOR_THE_MACHINE = ("ask", "look", "longest")  # arguments that say how a run is looked at
HINT_BOX = "border-left:4px solid #b8860b;padding:4px 10px;margin:6px 0"


class Result(NamedTuple):
    """One public case: what came out, what is wrong with it ('' for nothing), and what Python warned of."""

    arguments: dict[str, Any]
    expected: Any
    got: Any
    raw: Any
    message: str
    warning: str


def exercise(name: str, cases: str) -> tuple[Callable[[str], None], Callable[..., None]]:
    """The `check` and `submit` of the notebook `name`. cases: the JSON that the release holds in a folded cell."""
    told = revived(json.loads(cases))
    questions = {question["name"]: question for question in told["questions"]}

    def check(question: str) -> None:
        """Try the public cases of a question, "q1" for example, on what you have defined above."""
        if question not in questions:
            free = [part["name"] for part in told["free_texts"]]
            known_names = ", ".join(questions)
            show(
                f"<p>{'A person reads' if question in free else 'There is no'} {html.escape(str(question))}. "
                f"check knows {known_names}.</p>"
            )
            return
        namespace = python_inspect.currentframe().f_back.f_globals  # type: ignore[union-attr]
        asked = questions[question]
        results = attempts(asked, namespace)
        remember(name, list(questions), question, all(not result.message for result in results))
        show(feedback(asked, results) + progress_html(name))

    def submit(file: str | None = None) -> None:
        """Write the file that you hand in, beside this notebook. It sends nothing. file: the notebook's own name."""
        namespace = python_inspect.currentframe().f_back.f_globals  # type: ignore[union-attr]
        show(f"<p>{html.escape(submission(name, list(questions), file, namespace))}</p>")

    return check, submit


def attempts(asked: dict[str, Any], namespace: Namespace) -> list[Result]:
    """The answer in each public case. Never raises for what a student wrote."""
    results = []
    for case in asked["cases"]:
        # nbgrader gives 0 for a line on stderr, so what is written there goes to stdout.
        with warnings.catch_warnings(record=True) as warned, contextlib.redirect_stderr(sys.stdout):
            warnings.simplefilter("always")
            raw, got, message = _one_attempt(asked, case, namespace)
        said = f"{warned[0].category.__name__}: {str(warned[0].message)[:200]}" if warned else ""
        results.append(Result(case["arguments"], case["expected"], got, raw, message, said))
    return results


def _one_attempt(asked: dict[str, Any], case: dict[str, Any], namespace: Namespace) -> tuple[Any, Any, str]:
    """What the answer gave, what that is after `through`, and what is wrong with it."""
    raw = got = None
    try:
        raw = _raw(asked, case["arguments"], namespace)
        through = THROUGH.get(asked["through"]) or namespace[asked["through"]]
        got = _seen(through, case["arguments"], raw)
        return raw, got, differs(case["expected"], got, asked["tolerance"])
    except Unusable as error:
        return raw, got, str(error)
    except Exception as error:  # the student's code may raise anything
        return raw, got, error_text(error)


def _seen(through: Callable[..., Any], arguments: dict[str, Any], raw: Any) -> Any:
    """The value that is compared. An error here happens in a given cell, so no line of the student's is named."""
    try:
        return through(copy.deepcopy(arguments), raw)
    except Unusable:
        raise
    except Exception as error:
        raise Unusable(unjudged(error, raw)) from error


def _raw(asked: dict[str, Any], arguments: dict[str, Any], namespace: Namespace) -> Any:
    """What the answer returns for these arguments, or the value that it is."""
    answer = asked["answer"]
    if answer not in namespace:
        raise Unusable(f"{answer} is not defined yet: run the cell above first")
    if asked["kind"] == "value":
        return namespace[answer]
    if not callable(namespace[answer]):
        raise Unusable(f"{answer} is a {type(namespace[answer]).__name__}, expected a function")
    names = arguments if asked["passes"] is None else asked["passes"]
    passed = {name: copy.deepcopy(arguments[name]) for name in names}
    raw = namespace[answer](**passed)
    if changed := changed_arguments({name: arguments[name] for name in names}, passed):
        raise Unusable(changed)
    return raw


def error_text(error: BaseException) -> str:
    """An exception in one sentence, with the line of the student's own cell that led to it."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if "ipykernel" in frame.filename or frame.filename.startswith("<")]
    where = f' in line {own[-1].lineno} of your cell, "{own[-1].line or ""}"' if own else ""
    return f"{type(error).__name__}{where}: {str(error)[:300]}"


def named_mistake(asked: dict[str, Any], results: Sequence[Result]) -> dict[str, Any] | None:
    """The first known mistake whose values are the answer's in every public case, and wrong in one of them."""
    if any(result.got is None for result in results) or not any(result.message for result in results):
        return None
    for mistake in asked["mistakes"]:
        pairs = zip(mistake["values"], results, strict=True)
        if not any(differs(value, result.got, asked["tolerance"]) for value, result in pairs):
            return mistake
    return None


def feedback(asked: dict[str, Any], results: Sequence[Result]) -> str:
    """What `check` says about one question, as HTML."""
    right = sum(not result.message for result in results)
    parts = [f"<p><b>{asked['name']}</b>: {right} of {len(results)} public cases right.</p>"]
    if mistake := named_mistake(asked, results):
        named, hint = html.escape(mistake["name"]), html.escape(mistake["hint"])
        parts.append(f'<div style="{HINT_BOX}"><b>It looks as if {named}.</b> {hint}</div>')
    for number, result in enumerate(results, 1):
        parts.append(_case(asked, number, result))
    hidden, points = asked["hidden_points"], asked["points"]
    verdict = "They try what these cases try, with other values." if right == len(results) else ""
    parts.append(
        f"<p><b>{hidden:g} of the {points:g} points are decided by {asked['hidden']} hidden cases</b>, "
        f"which the grader runs after you have handed in. {verdict}</p>"
    )
    return "".join(parts)


def _case(asked: dict[str, Any], number: int, result: Result) -> str:
    given = arguments_shown(result.arguments)
    mark = "✗" if result.message else "✓"
    said = "".join(f"<div>{html.escape(line)}</div>" for line in (result.message, result.warning) if line)
    picture = PICTURES[asked["picture"]](result.arguments, result.expected, result.got, result.raw)
    opened = "open" if result.message else ""
    head = f"<summary>{mark} case {number}</summary>"
    return f"<details {opened}>{head}<div>{given}</div>{said}{picture}</details>"


def arguments_shown(arguments: Mapping[str, Any]) -> str:
    """What a case gives, as HTML: pictures where they are pictures, without what says how a run is looked at."""
    told = {html.escape(name): value for name, value in arguments.items() if name not in FOR_THE_MACHINE}
    pictures = {name: drawn(value, name) for name, value in told.items()}
    small = ", ".join(f"{name} = {text_of(told[name])}" for name in told if "<svg" not in pictures[name])
    large = {name: picture for name, picture in pictures.items() if "<svg" in picture}
    return f"<small>{small}</small>{labelled(large) if large else ''}"


def revived(value: Any) -> Any:
    """The values that a release keeps as JSON: {"__array__": ...} becomes an array again."""
    if isinstance(value, dict):
        if "__array__" in value:
            return np.array(value["__array__"], dtype=value["dtype"]).reshape(value["shape"])
        return {name: revived(part) for name, part in value.items()}
    return [revived(part) for part in value] if isinstance(value, list) else value


def show(text: str) -> None:
    """Show HTML in a notebook; print its words elsewhere."""
    try:
        from IPython import get_ipython
        from IPython.display import HTML, display
    except ImportError:
        get_ipython = None
    if get_ipython is not None and get_ipython() is not None:
        display(HTML(f'<div style="max-width:60em;line-height:1.5">{text}</div>'))
    else:
        print(plain_words(text))


def plain_words(text: str) -> str:
    """The words of HTML, without pictures."""
    text = re.sub(r"<svg.*?</svg>|<script.*?</script>", "[picture]", text, flags=re.DOTALL)
    text = re.sub(r"</(p|div|summary|details|li)>", "\n", text)
    return html.unescape(re.sub(r"\n\s*\n+", "\n", re.sub(r"<[^>]+>", "", text))).strip()
