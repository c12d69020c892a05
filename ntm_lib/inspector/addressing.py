"""The figure of chapter 3: two heads over five slots, each with its handles, and the stages that these lead through."""

from __future__ import annotations

from typing import Any

import numpy as np

from ntm_lib import checks
from ntm_lib.plots.machines import bars
from ntm_lib.plots.style import Picture

MEMORY = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [1.0, 0.0, 1.0], [0.0, 3.0, 3.0], [0.0, 0.0, 1.0]]
"""The list of the chapter's first question: which item came after (0, 1, 0)? `[N, W]`."""

HANDLES: dict[str, Any] = {
    "previous": 4,
    "key": [0.0, 1.0, 0.0],
    "strength": 10.0,
    "gate": 0.9,
    "shift": [0.1, 0.1, 0.8],
    "sharpening": 3.0,
}
"""How the read head starts: it finds the known item and takes the next one. `previous` is the slot where it stood."""

HEADS = {"read": HANDLES, "write": {**HANDLES, "gate": 0.0}}
"""The write head starts with the same handles and a closed gate: it walks, round the end of the memory."""


LIMITS = {"strength": (0.0, 20.0), "gate": (0.0, 1.0), "sharpening": (1.0, 20.0)}
"""How far the handles with one number go; those of the key go from -1 to 1."""

MOST_SLOTS, MOST_COLUMNS = 12, 6
"""What the drawing has room for."""


def data(memory: Any = None, heads: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return what the figure starts from.

    Args:
        memory: `[N, W]`; the chapter's list if not given.
        heads: the handles of "read" and "write", each like `HANDLES`; the chapter's if not given.

    Raises:
        ValueError: if the memory is not finite or has no room in the drawing, a head or a handle is missing or
            unknown, or a handle is out of its range.
    """
    memory = checks.array("memory", MEMORY if memory is None else memory, "[N, W]", dtype=np.float32)
    if not (2 <= len(memory) <= MOST_SLOTS and 1 <= memory.shape[1] <= MOST_COLUMNS):
        room = f"2 to {MOST_SLOTS} slots of 1 to {MOST_COLUMNS} numbers"
        raise ValueError(f"memory must have {room}. Received shape: {list(memory.shape)}")
    heads = HEADS if heads is None else heads
    _names("heads", heads, HEADS)
    return {"memory": memory.tolist(), "heads": {name: _handles(name, heads[name], memory) for name in HEADS}}


def _handles(name: str, told: dict[str, Any], memory: np.ndarray) -> dict[str, Any]:
    """Return the handles of one head, each in its range."""
    _names(f"heads[{name!r}]", told, HANDLES)
    previous = checks.positive_integer(f"{name} head: previous", told["previous"], minimum=0)
    _inside(f"{name} head: previous", previous, 0, len(memory) - 1)
    found: dict[str, Any] = {"previous": previous}
    for handle, shape in (("key", memory.shape[1]), ("shift", 3)):
        values = checks.array(f"{name} head: {handle}", told[handle], "[W]" if handle == "key" else "[K]")
        checks.size(f"{name} head: {handle}", values, 0, shape, "numbers")
        found[handle] = values.tolist()
    _inside(f"{name} head: key", found["key"], -1.0, 1.0)
    _inside(f"{name} head: shift", found["shift"], 0.0, 1.0)
    if abs(sum(found["shift"]) - 1.0) > 1e-6:
        raise ValueError(f"{name} head: shift must have the sum 1. Received: {told['shift']}")
    for handle, limits in LIMITS.items():
        found[handle] = checks.non_negative_number(f"{name} head: {handle}", told[handle])
        _inside(f"{name} head: {handle}", found[handle], *limits)
    return found


def _names(name: str, given: Any, expected: dict[str, Any]) -> None:
    if not isinstance(given, dict) or set(given) != set(expected):
        received = ", ".join(map(str, given)) if isinstance(given, dict) else repr(given)
        raise ValueError(f"{name} must be a dictionary of {', '.join(expected)}. Received: {received}")


def _inside(name: str, values: Any, low: float, high: float) -> None:
    if np.min(values) < low or np.max(values) > high:
        raise ValueError(f"{name} must be from {low:g} to {high:g}. Received: {values}")


def stages(head: str, start: dict[str, Any] | None = None) -> dict[str, list[float]]:
    """Return the five stages, each `[N]`, in which a head of the figure finds its weighting at the start.

    Args:
        head: "read" or "write".
        start: what `data` returns; the chapter's if not given.

    Raises:
        ValueError: if there is no such head.
    """
    import tensorflow as tf

    from ntm_lib.addressing import address

    start = data() if start is None else start
    told = start["heads"][checks.choice("head", head, list(HEADS))]
    previous = tf.one_hot([told["previous"]], len(start["memory"]))
    numbers = told["strength"], told["gate"], [told["shift"]], told["sharpening"]
    found = address([start["memory"]], previous, [told["key"]], *numbers)
    names = ("previous", "content", "gated", "shifted", "sharpened")
    return {name: weights[0].numpy().tolist() for name, weights in zip(names, [previous, *found], strict=True)}


def picture(memory: Any = None, heads: dict[str, Any] | None = None) -> Picture:
    """Return what is seen without scripts and in print: the stages of the read head. Arguments: as for `data`."""
    start = data(memory, heads)
    found = stages("read", start)
    largest = {name: max(range(len(weights)), key=weights.__getitem__) for name, weights in found.items()}
    seen = ", ".join(f"{name} {found[name][slot]:.2f} on slot {slot}" for name, slot in largest.items())
    return bars(found, alt=f"Five bar charts over {len(start['memory'])} slots, the largest bar of each: {seen}.")
