"""The figure of chapter 1: a tape of five slots, driven by orders."""

from __future__ import annotations

from typing import Any

from ntm_lib.plots.machines import grids
from ntm_lib.plots.style import Picture

MESSAGE = [7, 2, 9, 4, 1, 8]
"""The numbers that are read out, as many of them as the reader asks for. No number comes twice."""

COUNT = 3
"""How many of them are read out at first."""

SLOTS = 5

ORDERS = ["write", "right", "write"]
"""What is done already when the figure is opened: the third number is heard, and the head has to move first."""


def data() -> dict[str, Any]:
    """Return what the figure starts from."""
    return {"message": MESSAGE, "slots": SLOTS, "count": COUNT, "orders": ORDERS}


def tapes() -> tuple[list[list[float]], list[int]]:
    """Return the tape after no order and after each of `ORDERS`, `[T + 1, N]`, and the slot of the head, `[T + 1]`.

    It is a memory whose slots are one number wide, with sharp weightings: an order to write erases the slot of the head
    and adds the number, an order to move shifts the head.
    """
    import tensorflow as tf

    from ntm_lib.addressing import shift
    from ntm_lib.memory import write_memory

    kernels = {"left": [[1.0, 0.0, 0.0]], "right": [[0.0, 0.0, 1.0]]}
    memory, head, heard = tf.zeros([1, SLOTS, 1]), tf.one_hot([0], SLOTS), iter(MESSAGE)
    rows, places = [memory], [head]
    for order in ORDERS:
        if order == "write":
            memory = write_memory(memory, head, [[1.0]], [[float(next(heard))]])
        else:
            head = shift(head, kernels[order])
        rows.append(memory)
        places.append(head)
    return [row[0, :, 0].numpy().tolist() for row in rows], [int(place[0].numpy().argmax()) for place in places]


def picture() -> Picture:
    """Return what is seen without scripts and in print: the tape after each order that is done already."""
    rows, places = tapes()
    heard = iter(MESSAGE)
    names = ["start", *(f"write {next(heard)}" if order == "write" else order for order in ORDERS)]
    held = ", ".join(f"{number:g}" for number in rows[-1])
    return grids(
        {"slot": rows},
        rows=names,
        outlined={"slot": list(enumerate(places))},
        alt=f"A grid with a row for each of {', '.join(names)} and a column for each of {SLOTS} slots. At the end they "
        f"hold {held}, and the head, an outlined slot, is on slot {places[-1]}.",
    )
