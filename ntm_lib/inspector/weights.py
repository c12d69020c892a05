"""A machine's weights in the form that a page takes: `exported` writes what `decodeWeights` in weights.js reads."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np

from ntm_lib import checks
from ntm_lib.memory import INITIAL_MEMORY
from ntm_lib.models import NeuralTuringMachine

SCHEMA = "ntm_lib/weights/1"
FORMS = ("int8", "float16", "float32")
KERNELS = ("kernel", "head_kernel", "output_kernel")
BIASES = ("bias", "head_bias", "output_bias")
HALF_LARGEST = float(np.finfo(np.float16).max)


def exported(model: NeuralTuringMachine, form: str = "int8") -> dict[str, Any]:
    """Return a machine as a dictionary that `json.dumps` writes and a page runs.

    Args:
        model: the machine.
        form: how the three kernels are kept. "int8": a byte a weight and a scale a column, the smallest form; the
            shipped machines answer as well with it, bit by bit. "float16": exactly the weights of
            `load_pretrained`. "float32": exactly the weights of any model.

    Returns:
        `schema`, `sizes`, `controller` and `arrays`, one for each weight and for the initial state: `shape`, and either
        `type` and `data`, base64 of little-endian numbers (with `scales` for "int8"), or `start`, "one-hot" or the
        number that all entries are. The standard machine has about 90 KB of text as "int8" and 170 KB as "float16".

    Raises:
        ValueError: if `model` is no `NeuralTuringMachine`, `form` is unknown, or a weight is not finite or too large
            for the form.
    """
    if not isinstance(model, NeuralTuringMachine):
        raise ValueError(f"model must be a NeuralTuringMachine. Received: {model!r}")
    checks.choice("form", form, FORMS)
    controller, heads = model.cell.controller, model.cell.heads
    arrays: dict[str, Any] = {}
    for name in KERNELS + BIASES:
        values = checks.array(f"the weight {name}", getattr(controller, name).numpy()).astype(np.float32)
        arrays[_camel(name)] = _encoded(name, values, form if name in KERNELS or form != "int8" else "float16")
    return {
        "schema": SCHEMA,
        "sizes": {
            "inputs": model.num_inputs,
            "outputs": model.num_outputs,
            "slots": model.memory_size,
            "width": model.memory_vector_dim,
            "units": controller.units,
            "readHeads": heads.read_heads,
            "writeHeads": heads.write_heads,
            "shifts": heads.shifts,
        },
        "controller": controller.kind,
        "arrays": {**arrays, **_start(model)},
    }


def _start(model: NeuralTuringMachine) -> dict[str, Any]:
    """Return the memory and the weightings before the first step, by name where they have one."""
    state, cell = model.cell.initial_state(1), model.cell
    memory, weights = state.memory[0].numpy().T, state.weights[0].numpy()
    named = {"one-hot": "one-hot", "constant": 1.0 / model.memory_size}
    return {
        "initialMemory": (
            {"shape": list(memory.shape), "start": INITIAL_MEMORY}
            if cell.initial_memory == "constant"
            else _encoded("initial_memory", memory, "float32")
        ),
        "initialWeights": (
            {"shape": list(weights.shape), "start": named[cell.initial_weights]}
            if cell.initial_weights in named
            else _encoded("initial_weights", weights, "float32")
        ),
    }


def _encoded(name: str, values: np.ndarray, form: str) -> dict[str, Any]:
    checks.array(name, values)
    if form == "int8":
        # Each column feeds one number of the next layer: a column of small weights keeps its precision.
        largest = np.abs(values).max(axis=0)
        scales = np.where(largest > 0, largest, 1.0) / 127.0
        rounded = np.rint(values / scales).astype(np.int8)
        return {"shape": list(values.shape), "type": form, "data": _text(rounded), "scales": _text(scales, "<f4")}
    if form == "float16" and np.abs(values).max() > HALF_LARGEST:
        raise ValueError(
            f"{name} must be at most {HALF_LARGEST:g} in size for the form float16. Received: {np.abs(values).max():g}"
        )
    kind = "<f2" if form == "float16" else "<f4"
    return {"shape": list(values.shape), "type": form, "data": _text(values, kind)}


def _text(values: np.ndarray, kind: str | None = None) -> str:
    return base64.b64encode(np.ascontiguousarray(values, kind).tobytes()).decode("ascii")


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)
