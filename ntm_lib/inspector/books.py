"""The figure of chapter 14: the books that a memory keeps of its slots, step by step, for machines driven by hand."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import matplotlib as mpl
import numpy as np

from ntm_lib import checks
from ntm_lib.inspector.driven import Driven, for_script, page_element, traits, widget_base, widget_module
from ntm_lib.plots.style import STYLE, WIDTH, Picture, figure

WAYS = {"Back": "←", "A look-up": "?", "Forward": "→"}
"""The read modes of a DNC in their order, each with its sign below the step."""

BOOKS = {"usage": "usage", "allocation": "allocation", "wrote": "write weighting", "read": "read weighting"}
"""What is shown over time: the fields of an `Entry` with one number for each slot, and their names in the figure."""

SCALES = {"usage": "bits", "read": "read"}
"""The colours of those that have not those of the write head."""

CLEAR, NOTHING = 0.5, 0.01
"""Above the first, a weight says where something is; a weighting below the second is nowhere."""

OVER_TIME, NOW = "Weightings over time, a row for each slot", "What is so at this step"
"""What the two drawings are, for those who do not see them."""


@dataclass(frozen=True)
class Entry:
    """What is so after one step. N are the slots, W the width; what a memory does not keep is left out."""

    word: str
    """What is written or looked up; empty if the read head only follows the links."""
    memory: Any
    """`[N, W]`."""
    usage: Any
    """`[N]`."""
    wrote: Any
    """The write weighting, `[N]`."""
    read: Any
    """The read weighting, `[N]`."""
    allocation: Any = None
    """`[N]`."""
    link: Any = None
    """`[N, N]`: how far slot i was written right after slot j."""
    modes: Any = None
    """The read modes, `[3]`: back, by content, forward."""
    write_gate: float = 1.0
    free_gate: float = 0.0


SHAPES = {**dict.fromkeys(["usage", "allocation", "wrote", "read"], "N"), "memory": "NW", "link": "NN", "modes": "3"}
"""The arrays of an `Entry`, each with its axes."""

OPTIONAL = ("allocation", "link", "modes")


class MemoryBooks(Driven):
    """A memory and its books, to be stepped through in a notebook and in a page without a kernel.

    Args:
        entries: one for each step.
        letters: what the columns of the memory stand for.
        title: stands above the figure.
        step: the step that is shown first.

    Raises:
        ValueError: if there is no entry, a part is missing in some of them, has another shape than in the first or is
            not finite, the memory has more columns than there are letters, or there is no such step.
    """

    def __init__(self, entries: Sequence[Entry], letters: str, *, title: str, step: int = 0) -> None:
        self.entries, self.letters, self.title = _checked(entries), letters, str(title)
        if self.entries[0].memory.shape[1] > len(letters):
            columns = self.entries[0].memory.shape[1]
            raise ValueError(f"letters must name all {columns} columns of the memory. Received: {letters!r}")
        super().__init__(steps=len(self.entries))
        self.step = step

    @functools.cached_property
    def data(self) -> dict[str, Any]:
        """What js/books.js is given, but for the title and the state."""
        shown = {name: label for name, label in BOOKS.items() if getattr(self.entries[0], name) is not None}
        return {
            "labels": [OVER_TIME, NOW],
            "steps": [
                {"order": _order(entry), "said": said, "holds": holding(entry.memory, self.letters)}
                for entry, said in zip(self.entries, self.sentences(), strict=True)
            ],
            "rasters": [
                {"name": label, "values": self._rounded(name), "scale": SCALES.get(name, "write"), "limit": limit}
                for name, label in shown.items()
                for limit in [max(1.0, *(float(getattr(entry, name).max()) for entry in self.entries))]
            ],
            "link": self._rounded("link"),
            "modes": self._rounded("modes"),
        }

    def sentences(self) -> list[str]:
        """Return each step in words: what was let go, what was written, what is read."""
        before = [None, *self.entries]
        return [_told(entry, earlier, self.letters) for entry, earlier in zip(self.entries, before, strict=False)]

    def html(self) -> str:
        """Return the figure as text for a page."""
        state = {"title": self.title, "step": self.step, "playing": self.playing}
        return page_element("books", for_script({**state, "books": self.data}), self.picture().image())

    @mpl.rc_context(STYLE)
    def picture(self) -> Picture:
        """Draw all weightings over the steps: seen in print and without scripts."""
        rasters, steps = self.data["rasters"], self.data["steps"]
        drawing, axes = figure(WIDTH, 0.9 * len(rasters) + 0.3, nrows=len(rasters), sharex=True)
        for axis, raster in zip(axes, rasters, strict=True):
            axis.imshow(np.transpose(raster["values"]), aspect="auto", vmin=0, vmax=raster["limit"])
            slots, places = range(len(steps[0]["holds"])), range(len(steps))
            axis.set(title=raster["name"], ylabel="slot", yticks=slots, xticks=places)
        axes[-1].set_xticklabels([step["order"] for step in steps])
        told = " ".join(step["said"] for step in steps)
        return Picture(drawing, f"{self.title}. Rows of slots over {len(steps)} steps. {told}")

    def _rounded(self, name: str) -> Any:
        values = [getattr(entry, name) for entry in self.entries]
        return None if values[0] is None else np.round(values, 4).tolist()

    def _make_widget(self) -> Any:
        state = {name: self._state[name] for name in ("step", "playing")}
        return _widget_class()(title=self.title, books=self.data, **state)

    def __repr__(self) -> str:
        return f"MemoryBooks({len(self.entries)} steps, step={self.step})"


def holding(memory: Any, letters: str) -> list[str]:
    """Return the letter that each slot of a memory `[N, W]` holds, that of its largest number, or a dash."""
    return [letters[int(row.argmax())] if row.max() > CLEAR else "–" for row in np.asarray(memory)]


def _checked(entries: Sequence[Entry]) -> list[Entry]:
    """Return entries with arrays of their own, all of the same shapes."""
    if not entries:
        raise ValueError("entries must hold at least one step. Received: none")
    given = [name for name in SHAPES if name not in OPTIONAL or getattr(entries[0], name) is not None]
    sizes = {"3": len(WAYS)}
    checked = []
    for place, entry in enumerate(entries):
        arrays: dict[str, Any] = {name: _array(name, entry, f" of step {place}", sizes) for name in given}
        checked.append(replace(entry, **arrays))
    return checked


def _array(name: str, entry: Entry, where: str, sizes: dict[str, int]) -> np.ndarray:
    axes = SHAPES[name]
    array = np.array(checks.array(name + where, getattr(entry, name), f"[{', '.join(axes)}]"), float)
    expected = tuple(sizes.setdefault(letter, size) for letter, size in zip(axes, array.shape, strict=True))
    if array.shape != expected:
        raise ValueError(f"{name}{where} must have the shape [{', '.join(axes)}] = {expected}. Received: {array.shape}")
    return array


def _way(entry: Entry) -> str:
    return "A look-up" if entry.modes is None else list(WAYS)[int(entry.modes.argmax())]


def _order(entry: Entry) -> str:
    return f"{'+' if entry.write_gate else WAYS[_way(entry)]}{entry.word}"


def _told(entry: Entry, before: Entry | None, letters: str) -> str:
    """Return one step in words."""
    freed = ""
    if entry.free_gate and before is not None and before.read.max() > CLEAR:
        slot = int(before.read.argmax())
        freed = f"The free gate lets go of slot {slot}, which holds {holding(before.memory, letters)[slot]}. "
    return freed + (_written(entry, before) if entry.write_gate else _read(entry, letters))


def _written(entry: Entry, before: Entry | None) -> str:
    """Return where a word was written, and why there."""
    slot, weight = int(entry.wrote.argmax()), entry.wrote.max()
    if weight < NOTHING:
        full = entry.allocation is not None and entry.allocation.max() < NOTHING
        why = "The allocation is zero everywhere: nothing is written." if full else "Nothing is written."
        return f"{entry.word} asks for a slot. {why}"
    part = "" if weight > CLEAR else f", with a weight of {weight:.2f}"
    if entry.allocation is not None:
        return f"The allocation offers slot {slot}. {entry.word} is written there{part}."
    least = before is None or before.usage[slot] == before.usage.min()
    return f"{entry.word} is written to slot {slot}{', the least used' if least else ''}{part}."


def _read(entry: Entry, letters: str) -> str:
    """Return where a look-up or a link leads."""
    slot, way = int(entry.read.argmax()), _way(entry)
    searched = f"{way} for {entry.word}" if way == "A look-up" else way
    if entry.read.max() < NOTHING:
        return f"{searched} leads nowhere."
    if np.isclose(entry.read, entry.read.max()).sum() > 1:
        return f"{searched} leads to no slot more than to another."
    return f"{searched} leads to slot {slot}, which holds {holding(entry.memory, letters)[slot]}."


@functools.cache
def _widget_class() -> Any:
    class BooksWidget(widget_base()):  # type: ignore[misc]
        _esm = widget_module("books", shown=["books", "title"], followed=["step", "playing"])
        books = traits().Dict().tag(sync=True)

    return BooksWidget
