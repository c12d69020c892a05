"""A machine that learns in the page, without a kernel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ntm_lib.inspector.modules import bundle, version
from ntm_lib.plots.learning import learning_curves
from ntm_lib.plots.style import Picture

UNSEEN = "Here a small machine learns to copy, in the browser. It needs scripts; the cells below do the same in Python."

SOLVED = 0.1
"""Bits a sequence below which it counts as learned; the same in js/learning.js."""

POINTS_EVERY = 200
"""Sequences from one point of a start's curve to the next."""


class Classroom:
    """A small machine that the reader of a page can train: start, pause, change one thing, run again beside.

    A notebook shows it as it is. Everything happens in the reader's browser; nothing comes back to Python.

    Args:
        starts: what `benchmarks/page_starts.py` wrote about the starts that the list offers, each with `solved` and a
            `curve`, the bits after every 200 sequences. Their curves are seen in print and without scripts; with none,
            a line of text is.
    """

    def __init__(self, starts: Sequence[Mapping[str, Any]] = ()) -> None:
        self.starts = list(starts)

    def html(self) -> str:
        """Return the figure as text for a page."""
        module = bundle("classroom")
        name = f"ntm-classroom-{version(module)}"
        picture = self.picture().image() if self.starts else ""
        return (
            f'<div><{name} data-lm-suppress-shortcuts="true">{picture}<p>{UNSEEN}</p></{name}>\n'
            f'<script type="module" data-for="{name}">\n{module}\ndefineClassroom("{name}");\n</script></div>'
        )

    def picture(self) -> Picture:
        """Draw the curves of all starts."""
        return learning_curves([{**start, "curve": _points(start["curve"])} for start in self.starts], solved=SOLVED)

    def _repr_html_(self) -> str:
        return self.html()


def _points(curve: Sequence[float]) -> list[dict[str, float]]:
    return [{"sequences": (place + 1) * POINTS_EVERY, "bits": bits} for place, bits in enumerate(curve)]
