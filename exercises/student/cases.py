"""What is compared in a case, and how it is shown."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from exercises.student.machine import Run, run
from exercises.student.pictures import drawn, labelled, largest, text_of, trace_picture
from exercises.student.values import Unusable, described

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
