"""What every figure of the course shares: colours, sizes, and a picture that carries its alt text."""

from __future__ import annotations

import base64
import html
import io
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from PIL import Image

COLORS = {
    "write": "#c44e1c",
    "read": "#1f6fb2",
    "erase": "#7a4fa3",
    "add": "#2e8b57",
    "target": "#444444",
    "content": "#b8860b",
    "ours": "#1f6fb2",
    "paper": "#8c8c8c",
    "changed": "#111111",
}
"""One meaning, one colour, in the whole book; they stay apart for colour-blind readers and in grey."""

STYLE: dict[Any, Any] = {
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "axes.labelsize": 10,
    "legend.frameon": False,
    "figure.dpi": 100,
    "savefig.dpi": 160,
    "image.interpolation": "nearest",
    "image.cmap": "Greys",
}
"""Matplotlib settings of every figure: `with matplotlib.rc_context(plots.STYLE): ...`."""

WIDTH = 6.0
"""Inches: fills the column of the book, and text of 10 points can still be read on a telephone."""


@dataclass(frozen=True)
class Picture:
    """A figure and what is seen in it. A notebook shows both: the alt text goes with the image.

    Example:
        >>> from ntm_lib.plots import Picture, bars
        >>> picture = bars({"w": [0.1, 0.8, 0.1]}, alt="Three bars: 0.1, 0.8 and 0.1.")
        >>> isinstance(picture, Picture), picture.alt
        (True, 'Three bars: 0.1, 0.8 and 0.1.')
        >>> picture.figure.savefig("weighting.png")  # a matplotlib figure
    """

    figure: Figure
    alt: str

    def image(self, dots: int = STYLE["savefig.dpi"]) -> str:
        """Return the figure as an `img` element that carries its own data.

        Its colours become at most 256, which nobody sees and which leaves less than half of the data.

        Args:
            dots: per inch.
        """
        drawn, reduced = io.BytesIO(), io.BytesIO()
        self.figure.savefig(drawn, format="png", dpi=dots, bbox_inches="tight", facecolor="white")
        with Image.open(drawn) as image:
            colours = image.convert("RGB").quantize(256, dither=Image.Dither.NONE)
            colours.save(reduced, format="png", optimize=True)
        data = base64.b64encode(reduced.getvalue()).decode()
        width = round(self.figure.get_figwidth() * 100)
        return (
            f'<img src="data:image/png;base64,{data}" alt="{html.escape(self.alt)}" '
            f'style="width: {width}px; max-width: 100%; height: auto; background: #fff">'
        )

    def _repr_html_(self) -> str:
        return self.image()


@mpl.rc_context(STYLE)
def figure(width: float = WIDTH, height: float = 3.0, **grid: Any) -> tuple[Figure, Any]:
    """Return an empty figure of the book's style, in inches, and its axes; `grid` goes to `Figure.subplots`.

    Draw on it inside `matplotlib.rc_context(plots.STYLE)`: some settings are looked up only when something is drawn.

    Example:
        >>> import matplotlib
        >>> from ntm_lib import plots
        >>> with matplotlib.rc_context(plots.STYLE):
        ...     drawing, axis = plots.figure(height=2.0)
        ...     _ = axis.plot([0, 1, 2], [1.0, 0.5, 0.25], color=plots.COLORS["ours"])
        >>> picture = plots.Picture(drawing, "A line that falls by half at every step.")
    """
    empty = Figure(figsize=(width, height), layout="constrained")
    return empty, empty.subplots(**grid)


def steps(axis: Any) -> None:
    """Label the horizontal axis as time: whole steps only."""
    axis.set_xlabel("step t")
    axis.xaxis.set_major_locator(MaxNLocator(integer=True))
