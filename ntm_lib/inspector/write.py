"""The figure of chapter 4: one blurred write, from the memory before it to the memory after it, and a read."""

from __future__ import annotations

from typing import Any

from ntm_lib.plots.machines import grids
from ntm_lib.plots.style import Picture

MEMORY = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0], [1.0, 0.0, 1.0], [0.0, 0.0, 2.0]]
"""The memory of the chapter, `[N, W]`."""

ERASE, ADD = [1.0, 0.0, 0.5], [10.0, 0.0, 1.0]
"""What the chapter's first write erases and adds, each `[W]`."""

WRITE = {"slot": 2, "stray": 0.5}
"""Where the write head is, and which part of its weight is on its neighbours: more is lost there than was meant."""

READ = {"slot": 1, "stray": 0.0}
"""The read head looks at a neighbour, to which nobody meant to write."""


def data() -> dict[str, Any]:
    """Return what the figure starts from."""
    return {"memory": MEMORY, "erase": ERASE, "add": ADD, "write": WRITE, "read": READ}


def steps() -> dict[str, Any]:
    """Return the arrays of the figure at the start, as the library computes them, by name.

    `write` and `read` are the weightings `[N]`, `before`, `erased` and `added` the memory `[N, W]` along equations (3)
    and (4), and `vector` `[W]` is what is read.
    """
    import tensorflow as tf

    from ntm_lib.addressing import shift
    from ntm_lib.memory import read_memory, write_memory

    def blurred(head: dict[str, Any]) -> Any:
        stray = head["stray"]
        return shift(tf.one_hot([head["slot"]], len(MEMORY)), [[stray / 2, 1.0 - stray, stray / 2]])

    write, read = blurred(WRITE), blurred(READ)
    erased = write_memory([MEMORY], write, [ERASE], [[0.0] * len(ADD)])
    added = write_memory([MEMORY], write, [ERASE], [ADD])
    found = {"write": write, "before": [MEMORY], "erased": erased, "added": added, "read": read}
    found["vector"] = read_memory(added, read)
    return {name: tf.convert_to_tensor(each)[0].numpy().tolist() for name, each in found.items()}


def picture() -> Picture:
    """Return what is seen without scripts and in print: all steps of the write."""
    found = steps()
    memories = {name: found[name] for name in ("before", "erased", "added")}
    write, read = ([[weight] for weight in found[name]] for name in ("write", "read"))
    alt = (
        f"Grids of {len(MEMORY)} slots: the write weighting, the memory before it, erased, and added to, and the "
        f"read weighting. What a step has changed is outlined: {'; '.join(_changes(found))}. "
        f"The read head reads {_told(found['vector'])}."
    )
    return grids(
        {"write w": write, **memories, "read w": read, "reads": [found["vector"]]},
        rows=[str(slot) for slot in range(len(MEMORY))],
        outlined={"erased": _cells(found["before"], found["erased"]), "added": _cells(found["erased"], found["added"])},
        alt=alt,
    )


def _cells(old: list[list[float]], new: list[list[float]]) -> list[tuple[int, int]]:
    """Return the cells (slot, column) in which two memories differ."""
    return [(i, j) for i, row in enumerate(new) for j, value in enumerate(row) if value != old[i][j]]


def _changes(found: dict[str, Any]) -> list[str]:
    slots = sorted({slot for slot, _ in _cells(found["before"], found["added"])})
    return [f"slot {i} goes from {_told(found['before'][i])} to {_told(found['added'][i])}" for i in slots]


def _told(vector: list[float]) -> str:
    return f"({', '.join(f'{value:.4g}' for value in vector)})"
