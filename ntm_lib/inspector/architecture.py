"""The figure of chapter 2: every part of one step of a trained machine, with its equation, shape and numbers."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

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


def data() -> dict[str, Any]:
    """Return the trace as the inspector's figures take it, h_t `[T, C]`, the raw numbers, and what is shown first."""
    trace, raw = run()
    short = {"hidden": trace.hidden[0], "raw": raw}
    numbers = {name: np.round(values.astype(float), 2).tolist() for name, values in short.items()}
    return {"payload": payload(trace), **numbers, "step": STEP, "part": PART}


def parts(step: int, slots: np.ndarray | slice = slice(None)) -> dict[str, np.ndarray]:
    """Return the numbers of every part of a step from 1 on, by the names that `plots.one_step` takes.

    Args:
        step: which one.
        slots: which of the memory's slots; all if not given.
    """
    trace, raw = run()
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


def picture() -> Picture:
    """Return what is seen without scripts and in print: all parts of the step that is shown first."""
    trace, _ = run()
    used = np.flatnonzero(np.maximum(trace.write.weights, trace.read.weights)[0, :, 0].max(axis=0) > 0.1)
    shown = np.arange(used.max() + 2)
    now = parts(STEP, shown)
    return one_step(
        now,
        alt=f"Strips of coloured cells joined by arrows from top to bottom, of step {STEP}. The input is zero; the "
        f"write head stands on slot {now['write_weights'].argmax()}, the read head on slot "
        f"{now['read_weights'].argmax()} with {now['read_weights'].max():.2f} of its weight, and the read vector is "
        "this slot's row of the memory.",
    )
