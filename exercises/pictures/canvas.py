"""A small canvas for pictures as SVG: cells, words, arrows, on a white card, so that they are legible on any page."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Any

import numpy as np

INK, FAINT, WRITE, READ, MINUS = "#222", "#e4e4e4", "#c44e1c", "#1f6fb2", "#6a3d9a"
UNKNOWN = "?"
MARGIN = 10
LETTER = 6.7  # pixels that a letter takes, about
BOLD = 8.0  # and a bold one


class Canvas:
    """Collects what is drawn and grows with it. Coordinates are pixels, from the upper left corner."""

    def __init__(self) -> None:
        self.cells: dict[str, list[str]] = {}  # one path for all cells of a colour keeps the file small
        self.drawn: list[str] = []
        self.right = self.bottom = 0.0

    def _reach(self, x: float, y: float) -> None:
        self.right, self.bottom = max(self.right, x), max(self.bottom, y)

    def text(
        self, x: float, y: float, words: Any, anchor: str = "start", color: str = INK, bold: bool = False
    ) -> float:
        """Write on the line whose foot is at y. -> about how wide the words are."""
        words = str(words)
        wide = (BOLD if bold else LETTER) * len(words)
        style = (f' text-anchor="{anchor}"' if anchor != "start" else "") + (f' fill="{color}"' if color != INK else "")
        style += ' font-weight="bold"' if bold else ""
        self.drawn.append(f'<text x="{_short(x)}" y="{_short(y)}"{style}>{html.escape(words)}</text>')
        self._reach(x + wide * {"start": 1.0, "middle": 0.5, "end": 0.0}[anchor], y + 4)
        return wide

    def cell(self, x: float, y: float, wide: float, high: float, fill: str = FAINT, opacity: float = 1) -> None:
        """Fill a rectangle."""
        style = f'fill="{fill}"' + (f' fill-opacity="{_short(round(opacity, 1))}"' if opacity < 0.95 else "")
        path = f"M{_short(x)} {_short(y)}h{_short(wide - 1)}v{_short(high - 1)}h{_short(1 - wide)}z"
        self.cells.setdefault(style, []).append(path)
        self._reach(x + wide, y + high)

    def line(
        self, points: Sequence[tuple[float, float]], color: str = INK, dash: bool = False, head: bool = False
    ) -> None:
        """Draw a line through points, with a head at its end where it is an arrow."""
        path = "L".join(f"{_short(x)} {_short(y)}" for x, y in points)
        style = ' stroke-dasharray="4 3"' if dash else ""
        self.drawn.append(f'<path d="M{path}" stroke="{color}" stroke-width="1.5" fill="none"{style}/>')
        for x, y in points:
            self._reach(x, y)
        if head:
            self._head(points[-2], points[-1], color)

    def _head(self, begin: tuple[float, float], end: tuple[float, float], color: str) -> None:
        along = np.subtract(end, begin) / max(1e-9, float(np.hypot(*np.subtract(end, begin))))
        across = np.array([-along[1], along[0]])
        corners = [np.asarray(end), end - 8 * along + 4 * across, end - 8 * along - 4 * across]
        path = "L".join(f"{_short(x)} {_short(y)}" for x, y in corners)
        self.drawn.append(f'<path d="M{path}z" fill="{color}"/>')

    def number(
        self, x: float, y: float, wide: float, high: float, value: Any, color: str = INK, scale: float = 1
    ) -> None:
        """A cell with a number in it, the fuller the larger the number; "?" where it is to be found."""
        known = isinstance(value, int | float | np.number) and bool(np.isfinite(value))
        share = min(1.0, abs(float(value)) / scale) if known and scale else 0.0
        self.cell(x, y, wide, high)
        if share > 0.04:
            self.cell(x, y, wide, high, MINUS if float(value) < 0 else color, 0.75 * share)
        words = value if isinstance(value, str) else number_text(value)
        self.text(
            x + wide / 2 - 0.5, y + high / 2 + 4, words, "middle", "#fff" if share > 0.75 else "#000", bold=words == "?"
        )

    def array(
        self, x: float, y: float, values: Any, rows: Sequence[Any] = (), color: str = INK, scale: float = 0
    ) -> tuple[float, float]:
        """A matrix as cells, with numbers where they have room. -> where it ends, to the right and below."""
        values = np.atleast_2d(np.asarray(values, object if _has_words(values) else float))
        height, width = values.shape
        left = x + (8 + LETTER * max((len(str(row)) for row in rows), default=0) if rows else 0)
        numbers = values.size <= 40 and width <= 12
        known = [abs(float(value)) for value in values.ravel() if not isinstance(value, str) and np.isfinite(value)]
        scale = scale or max(known, default=1.0) or 1.0
        longest = max((len(v if isinstance(v, str) else number_text(v)) for v in values.ravel()), default=1)
        side, high = (max(24.0, 8 + LETTER * longest), 22.0) if numbers else (13.0, 13.0)
        if not numbers:
            self.cell(left, y, width * side, height * high)
        for (i, j), value in np.ndenumerate(values):
            if numbers:
                self.number(left + j * side, y + i * high, side, high, value, color, scale)
            elif value:
                hue = MINUS if value < 0 else color
                self.cell(left + j * side, y + i * high, side, high, hue, 0.85 * abs(value) / scale)
        for i, row in enumerate(rows):
            self.text(left - 5, y + (i + 0.5) * high + 4, row, "end")
        return left + width * side, y + height * high

    def svg(self) -> str:
        """The picture."""
        wide, high = round(self.right) + 2 * MARGIN, round(self.bottom) + 2 * MARGIN
        paths = "".join(f'<path {style} d="{"".join(parts)}"/>' for style, parts in self.cells.items())
        card = f'<path fill="#fff" d="M{-MARGIN} {-MARGIN}h{wide}v{high}h{-wide}z"/>'
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{wide}" height="{high}" '
            f'viewBox="{-MARGIN} {-MARGIN} {wide} {high}" font-family="sans-serif" font-size="12" fill="{INK}">'
            f"{card}{paths}{''.join(self.drawn)}</svg>"
        )


def number_text(value: Any) -> str:
    """A number as it stands in a cell."""
    if value is None:
        return "None"
    if not np.isfinite(value):
        return "NaN" if np.isnan(value) else "∞" if value > 0 else "-∞"
    return f"{round(float(value), 2) + 0.0:g}"


def _has_words(values: Any) -> bool:
    return any(isinstance(value, str) for value in np.asarray(values, object).ravel())


def _short(value: float) -> str:
    return f"{round(float(value), 1):g}"
