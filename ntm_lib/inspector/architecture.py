"""The figure of chapter 2: every part of one step of a trained machine, with its equation, shape and numbers."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from ntm_lib import checks
from ntm_lib.inspector.payload import payload
from ntm_lib.models import NeuralTuringMachine
from ntm_lib.plots.architecture import one_step
from ntm_lib.plots.style import Picture
from ntm_lib.pretrained import load_pretrained
from ntm_lib.tasks import CopyTask
from ntm_lib.trace import Trace, record

MACHINE, VECTORS, SEED = "copy-lstm", 4, 3
"""The machine that copies, and the sequence that it is given: so many random vectors."""

STEP, PART = 8, "read"
"""What is shown first: the last answer, at the vector that it is made from."""


@functools.cache
def run() -> tuple[Trace, np.ndarray]:
    """Return what the machine does with the sequence, and the raw numbers of its heads, `[T, P]`."""
    model = load_pretrained(MACHINE)
    if not isinstance(model, NeuralTuringMachine):
        raise ValueError(f"MACHINE must be the name of a machine with a memory. Received: {MACHINE!r}")
    trace = record(model, *CopyTask().sample(1, np.random.default_rng(SEED), length=VECTORS))
    controller = model.cell.controller
    return trace, trace.hidden[0] @ controller.head_kernel.numpy() + controller.head_bias.numpy()


def data(step: int = STEP, part: str = PART) -> dict[str, Any]:
    """Return the trace as the inspector's figures take it, h_t `[T, C]`, the raw numbers, and what is shown first.

    Args:
        step: from 1 on; the last if not given.
        part: by the names of `parts`.

    Raises:
        ValueError: if there is no such step or part.
    """
    names = list(parts(step))
    trace, raw = run()
    short = {"hidden": trace.hidden[0], "raw": raw}
    numbers = {name: np.round(values.astype(float), 2).tolist() for name, values in short.items()}
    first, *rest = checks.choice("part", part, names).split("_")
    return {"payload": payload(trace), **numbers, "step": step, "part": first + "".join(map(str.capitalize, rest))}


def parts(step: int, slots: np.ndarray | slice = slice(None)) -> dict[str, np.ndarray]:
    """Return the numbers of every part of a step from 1 on, by the names that `plots.one_step` takes.

    Args:
        step: which one.
        slots: which of the memory's slots; all if not given.

    Raises:
        ValueError: if there is no such step.
    """
    trace, raw = run()
    if checks.positive_integer("step", step) >= len(raw):
        raise ValueError(f"step must be from 1 to {len(raw) - 1}. Received: {step}")
    width = trace.memory.shape[-1]
    directing = (raw.shape[1] - 2 * width) // 2
    return {
        "input": trace.inputs[0, step],
        "last_read": trace.reads[0, step - 1, 0],
        "last_hidden": trace.hidden[0, step - 1],
        "hidden": trace.hidden[0, step],
        "write_numbers": raw[step, directing:],
        "read_numbers": raw[step, :directing],
        "write_weights": trace.write.weights[0, step, 0, slots],
        "read_weights": trace.read.weights[0, step, 0, slots],
        "memory_before": trace.memory[0, step - 1, slots],
        "memory": trace.memory[0, step, slots],
        "read": trace.reads[0, step, 0],
        "output": trace.outputs[0, step],
    }


def picture(step: int = STEP, part: str = PART) -> Picture:
    """Return what is seen without scripts and in print: all parts of the step, whichever is shown first."""
    checks.choice("part", part, list(parts(step)))
    trace, _ = run()
    used = np.flatnonzero(np.maximum(trace.write.weights, trace.read.weights)[0, :, 0].max(axis=0) > 0.1)
    shown = np.arange(used.max() + 2)
    now = parts(step, shown)
    return one_step(
        now, alt=f"Strips of coloured cells joined by arrows from top to bottom, of step {step}. {_seen(now)}"
    )


def _seen(now: dict[str, np.ndarray]) -> str:
    """Say in words what the strips show."""
    read = now["read_weights"]
    slot = read.argmax()
    bits = "".join(f"{bit:.0f}" for bit in now["input"])
    heads = f"the write head stands on slot {now['write_weights'].argmax()}, the read head on slot {slot}"
    same = np.allclose(now["read"], now["memory"][slot], atol=0.02)
    row = ", and the read vector is this slot's row of the memory" if same else ""
    return f"The input is {bits if now['input'].any() else 'zero'}; {heads} with {read[slot]:.2f} of its weight{row}."
