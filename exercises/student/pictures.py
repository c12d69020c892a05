"""Pictures as inline SVG and HTML that stand alone, readable on a light and on a dark page."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from exercises.student.values import numbers_in

INK, WRITE, READ = "#222222", "#c44e1c", "#1f6fb2"


def raster(
    values: Any,
    rows: Sequence[Any] | None = None,
    columns: bool = True,
    color: str = INK,
    alt: str = "",
    scale: float = 0,
) -> str:
    """A matrix as an SVG of cells: one hue from 0 up, red and blue for signs; numbers where there is room.

    rows: what stands before each row, default its number. columns: whether their numbers stand above. scale: the
    value with the full hue, default the largest.
    """
    values = np.atleast_2d(np.asarray(values, float))
    height, width = values.shape
    numbers = values.size <= 80 and width <= 12
    side, high = (38, 22) if numbers else (max(6, min(22, 560 // max(width, 1))),) * 2
    scale = max(1e-9, scale, float(np.abs(values[np.isfinite(values)]).max(initial=0)))
    names = [str(name) for name in (range(height) if rows is None or len(rows) != height else rows)]
    left = 14 + 7 * max(map(len, names)) if height > 1 or rows else 4
    signed, top = bool((values < 0).any()), 16 if columns else 4
    cells = []
    for (i, j), value in np.ndenumerate(values):
        share = abs(value) / scale if np.isfinite(value) else 0
        hue = (READ if value < 0 else "#b3261e") if signed else color
        x, y = left + j * side, top + i * high
        cells.append(
            f'<rect x="{x}" y="{y}" width="{side - 1}" height="{high - 1}" fill="{hue}" fill-opacity="{share:.2f}"/>'
        )
        if numbers or not np.isfinite(value):
            ink, middle = "#fff" if share > 0.55 else INK, f'x="{x + side / 2}" y="{y + high / 2 + 4}"'
            cells.append(f'<text {middle} fill="{ink}" text-anchor="middle">{_short(value)}</text>')
    for i in range(0, height, max(1, 14 // high)) if left > 4 else ():
        place = f'x="{left - 4}" y="{top + i * high + high / 2 + 4}"'
        cells.append(f'<text {place} fill="{INK}" text-anchor="end">{html.escape(names[i])}</text>')
    for j in range(0, width, max(1, 20 // side)) if columns else ():
        cells.append(f'<text x="{left + j * side + side / 2}" y="12" fill="{INK}" text-anchor="middle">{j}</text>')
    wide, tall = left + width * side + 4, top + height * high + 4
    words = html.escape(alt or f"{height} rows by {width} columns", quote=True)
    return (
        f'<svg role="img" aria-label="{words}" viewBox="0 0 {wide} {tall}" width="{wide}" height="{tall}" '
        f'style="max-width:100%;height:auto;background:#fff;font:11px sans-serif">{"".join(cells)}</svg>'
    )


def drawn(value: Any, alt: str = "", scale: float = 0, rows: Sequence[Any] | None = None) -> str:
    """A value as a picture where it is one: rows and matrices as rasters, several side by side, all else as text."""
    array = numbers_in(value)
    while array is not None and array.ndim > 2 and len(array) == 1:
        array = array[0]
    if array is not None and 1 <= array.ndim <= 2 and 0 < array.size <= 4000:
        return raster(array, rows, alt=alt, scale=scale)
    parts: dict[str, Any] = {}
    if isinstance(value, Mapping):
        parts = {str(name): part for name, part in value.items()}
    elif array.ndim == 3 if array is not None else isinstance(value, list | tuple):
        parts = {f"[{number}]": part for number, part in enumerate(value)}
    arrays = [array for array in map(numbers_in, parts.values()) if array is not None and array.ndim]
    if arrays and len(parts) <= 8:
        return labelled({html.escape(name): drawn(part, f"{alt} {name}") for name, part in parts.items()})
    return text_of(value)


def largest(*values: Any) -> float:
    """The largest finite absolute value in several matrices, for one scale; 0 for anything else."""
    arrays = [np.asarray(array, float) for array in map(numbers_in, values) if array is not None and array.size]
    return max((float(np.abs(np.nan_to_num(array, posinf=0, neginf=0)).max()) for array in arrays), default=0)


def _short(value: float) -> str:
    if not np.isfinite(value):
        return "NaN" if np.isnan(value) else "∞" if value > 0 else "-∞"
    return f"{round(value, 2) + 0.0:g}" if abs(value) < 1e4 else f"{value:.0e}"


def labelled(parts: Mapping[str, str]) -> str:
    """Parts side by side, each under its name; narrow pages stack them."""
    boxes = (
        f'<div style="margin:2px 14px 6px 0"><div><small>{name}</small></div>{part}</div>'
        for name, part in parts.items()
    )
    return f'<div style="display:flex;flex-wrap:wrap;align-items:flex-start">{"".join(boxes)}</div>'


def trace_picture(done: Any) -> str:
    """A `Run`: where both heads stand at each step, what is read, and the tape at the end."""
    parts = {
        "write head: slot over step": raster(done.write_weights.T, color=WRITE, alt="write weighting", scale=1),
        "read head: slot over step": raster(done.read_weights.T, color=READ, alt="read weighting", scale=1),
        "comes in: column over step": raster(done.inputs.T, alt="what comes in"),
        "is read: column over step": raster(done.reads.T, alt="what is read"),
        "tape at the end, a row a slot": raster(done.memory[-1], alt="the tape at the end"),
    }
    return labelled(parts)


def text_of(value: Any) -> str:
    """A value as escaped text of bounded length."""
    try:
        text = (
            value
            if isinstance(value, str)
            else np.array2string(np.asarray(value), precision=4, suppress_small=True, threshold=60)
            if numbers_in(value) is not None
            else repr(value)
        )
    except Exception:
        text = f"a {type(value).__name__}"
    return f"<code>{html.escape(text[:400])}{'...' if len(text) > 400 else ''}</code>"
