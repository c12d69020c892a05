"""The figures of the course, in one style. Each comes with its alt text: what is seen, in numbers from the data."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ntm_lib import checks
from ntm_lib.trace import Trace

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
    """A figure and what is seen in it. A notebook shows both: the alt text goes with the image."""

    figure: Figure
    alt: str

    def _repr_html_(self) -> str:
        buffer = io.BytesIO()
        self.figure.savefig(buffer, format="png", dpi=STYLE["savefig.dpi"], bbox_inches="tight", facecolor="white")
        width = round(self.figure.get_figwidth() * 100)
        data = base64.b64encode(buffer.getvalue()).decode()
        return (
            f'<img src="data:image/png;base64,{data}" alt="{html.escape(self.alt)}" '
            f'style="width: {width}px; max-width: 100%; height: auto">'
        )


@mpl.rc_context(STYLE)
def figure(width: float = WIDTH, height: float = 3.0, **grid: Any) -> tuple[Figure, Any]:
    """Return an empty figure of the book's style, in inches, and its axes; `grid` goes to `Figure.subplots`.

    Draw on it inside `matplotlib.rc_context(plots.STYLE)`: some settings are looked up only when something is drawn.
    """
    empty = Figure(figsize=(width, height), layout="constrained")
    return empty, empty.subplots(**grid)


def _steps(axis: Any) -> None:
    """Label the horizontal axis as time: whole steps only."""
    axis.set_xlabel("step t")
    axis.xaxis.set_major_locator(MaxNLocator(integer=True))


@mpl.rc_context(STYLE)
def sequences(parts: Mapping[str, Any], *, alt: str) -> Picture:
    """Draw sequences of vectors as rasters, one under the other on one time axis: white is 0, black is 1.

    Args:
        parts: a name and an array `[T, X]` for each raster, such as inputs, targets, outputs.
        alt: what is seen.

    Returns:
        The picture.

    Raises:
        ValueError: if an array has another rank, or is not finite.
    """
    arrays = {name: checks.array(name, part, "[T, X]") for name, part in parts.items()}
    heights = [max(array.shape[1], 2) for array in arrays.values()]
    grid = {"nrows": len(arrays), "height_ratios": heights}
    drawing, axes = figure(WIDTH, 0.35 + 0.12 * sum(heights), sharex=True, squeeze=False, **grid)
    for axis, (name, array) in zip(axes[:, 0], arrays.items(), strict=True):
        low = -1.0 if array.min() < 0 else 0.0
        axis.imshow(array.T, aspect="auto", vmin=low, vmax=1.0, cmap="RdBu_r" if low else "Greys")
        axis.set(ylabel=name, yticks=[])
        axis.yaxis.label.set(rotation=0, horizontalalignment="right", verticalalignment="center")
    _steps(axes[-1, 0])
    return Picture(drawing, alt)


@mpl.rc_context(STYLE)
def machine(trace: Trace, *, example: int = 0, slots: int | None = None) -> Picture:
    """Draw one sequence as in the paper's figure 6: inputs and outputs, what is added and read, and where.

    Args:
        trace: what happened.
        example: which sequence of the batch.
        slots: how many slots to show; by default as many as any head uses. They form a ring, and the picture begins
            behind its longest unused stretch.

    Returns:
        The picture, with the first write head on the left and the first read head on the right.

    Raises:
        ValueError: if there is no such example, or `slots` is not whole and positive.
    """
    if checks.positive_integer("example", example, minimum=0) >= len(trace.inputs):
        raise ValueError(f"example must be below the batch size {len(trace.inputs)}. Received: {example!r}")
    slots = None if slots is None else checks.positive_integer("slots", slots)
    if trace.write.add is None:
        raise ValueError("trace must hold the add vectors of the write heads. Received: None")
    writing, reading = trace.write.weights[example, :, 0], trace.read.weights[example, :, 0]
    shown = _used_arc(np.maximum(writing, reading).max(axis=0) > 0.1)[:slots]
    drawing, axes = figure(WIDTH, 6.0, nrows=3, ncols=2, sharex=True, height_ratios=[1, 2, 3])
    panels = (
        (axes[0, 0], "inputs", trace.inputs[example], 0.0),
        (axes[0, 1], "outputs", trace.outputs[example], 0.0),
        (axes[1, 0], "adds", writing.max(axis=1, keepdims=True) * trace.write.add[example, :, 0], -1.0),
        (axes[1, 1], "reads", trace.reads[example, :, 0], -1.0),
        (axes[2, 0], "write weighting", writing[:, shown], 0.0),
        (axes[2, 1], "read weighting", reading[:, shown], 0.0),
    )
    for axis, name, values, low in panels:
        axis.imshow(values.T, aspect="auto", vmin=low, vmax=1.0, cmap="RdBu_r" if low else "Greys")
        axis.set_title(name)
        axis.set_yticks([])
    axes[2, 0].set_ylabel("slot")
    for axis in axes[2]:
        labelled = np.flatnonzero(shown % 20 == 0)
        axis.set_yticks(labelled, shown[labelled])
        _steps(axis)
    return Picture(drawing, _alt_of_machine(trace, example))


def _used_arc(used: np.ndarray) -> np.ndarray:
    """Return the slots of the shortest stretch of the ring that holds every used slot, with one more at either end."""
    slots = len(used)
    places = np.flatnonzero(used)
    if len(places) == 0:
        return np.arange(slots)
    gaps = np.diff(places, append=places[0] + slots)  # from each used slot to the next one round the ring
    longest = int(gaps.argmax())
    length = min(slots, slots - int(gaps[longest]) + 3)
    return (places[(longest + 1) % len(places)] - 1 + np.arange(length)) % slots


def _alt_of_machine(trace: Trace, example: int) -> str:
    """Say where the heads go, from the recorded weightings themselves."""
    texts = []
    for name, heads in (("write", trace.write), ("read", trace.read)):
        weights = heads.weights[example, :, 0]
        places = weights.argmax(axis=1)
        moves = np.diff(places) % weights.shape[1]
        forwards, backwards = np.mean(moves == 1), np.mean(moves == weights.shape[1] - 1)
        texts.append(
            f"the {name} head puts on average {weights.max(axis=1).mean():.0%} of its weight on one slot and moves one "
            f"slot {'up' if forwards >= backwards else 'down'} in {max(forwards, backwards):.0%} of the steps, "
            f"from slot {places[0]} to slot {places[-1]}"
        )
    return f"Six rasters over {trace.inputs.shape[1]} steps, inputs and outputs above: {'; '.join(texts)}."


@mpl.rc_context(STYLE)
def weightings(parts: Mapping[str, Any], *, alt: str, slots: int | None = None) -> Picture:
    """Draw weightings over time side by side, slots downwards: white is 0, black is 1.

    Args:
        parts: a name and an array `[T, N]` for each panel.
        alt: what is seen.
        slots: how many slots to show, from slot 0; all if not given.

    Returns:
        The picture.

    Raises:
        ValueError: if an array has another rank, or is not finite.
    """
    arrays = {name: checks.array(name, part, "[T, N]")[:, :slots] for name, part in parts.items()}
    drawing, axes = figure(WIDTH, 3.2, ncols=len(arrays), sharey=True, squeeze=False)
    for axis, (name, array) in zip(axes[0], arrays.items(), strict=True):
        axis.imshow(array.T, aspect="auto", vmin=0.0, vmax=1.0)
        axis.set_title(name)
        _steps(axis)
    axes[0, 0].set_ylabel("slot")
    return Picture(drawing, alt)


@mpl.rc_context(STYLE)
def bars(parts: Mapping[str, Any], *, alt: str, ylabel: str = "weight", columns: int | None = None) -> Picture:
    """Draw small bar charts of distributions side by side, such as the stages of addressing.

    Args:
        parts: a name and an array `[N]` for each panel.
        alt: what is seen.
        ylabel: what the bars measure.
        columns: panels in a row; all in one row if not given.

    Returns:
        The picture.

    Raises:
        ValueError: if an array has another rank, or is not finite.
    """
    arrays = {name: checks.array(name, part, "[N]") for name, part in parts.items()}
    columns = columns or len(arrays)
    rows = -(-len(arrays) // columns)
    drawing, axes = figure(WIDTH, 2.0 * rows, nrows=rows, ncols=columns, sharey=True, squeeze=False)
    for axis, (name, array) in zip(axes.flat, arrays.items(), strict=False):
        axis.bar(np.arange(len(array)), array, color=COLORS["read"])
        axis.set(title=name, xlabel="slot")
        if len(array) <= 12:
            axis.set_xticks(range(len(array)))
    for axis in axes.flat[len(arrays) :]:
        axis.set_visible(False)
    for axis in axes[:, 0]:
        axis.set_ylabel(ylabel)
    return Picture(drawing, alt)


@mpl.rc_context(STYLE)
def learning_curves(
    runs: Sequence[Mapping[str, Any]],
    *,
    solved: float | None = 0.01,
    others: Mapping[str, Any] | None = None,
    beside: Mapping[str, Sequence[Mapping[str, Any]]] | None = None,
) -> Picture:
    """Draw the curve of every run thin and their median thick, in bits a sequence on a logarithmic axis.

    Args:
        runs: results of `train`, each with a `curve` over the same counts of sequences.
        solved: where to draw the line below which the task counts as learned, in bits; None where bits do not decide.
        others: curves from elsewhere by name, each `[n, 2]`: thousands of sequences, bits. With them the axis of
            sequences is logarithmic too, and bits below a tenth of `solved` are drawn there.
        beside: results of another kind of machine by its name, drawn like `runs` in colours of their own.

    Returns:
        The picture. A run that met NaN, and stopped there, counts as worse than any number from then on. Of a run with
        a curriculum only the last stage is drawn: the earlier ones are easier tasks.

    Raises:
        ValueError: if there is no run, or none has a curve.
    """
    drawing, axis = figure(WIDTH, 3.5)
    floor = (solved or 0.0) / 10
    for (name, points), line in zip((others or {}).items(), ("-", "--", ":", "-."), strict=False):
        thousands, theirs = np.asarray(points, float).T
        axis.plot(thousands, np.maximum(theirs, floor), line, color=COLORS["paper"], label=name)
    if others:
        axis.set_xscale("log")
    told = []
    groups = {"": runs, **(beside or {})}
    for (name, group), color in zip(groups.items(), ("ours", "content", "erase", "add"), strict=False):
        counts, bits = _curves(group)
        bits = np.maximum(bits, floor) if others else bits
        medians = np.median(bits, axis=0)
        label = f"median of {len(group)}" if len(group) > 1 else "this run"
        axis.plot(counts, bits.T, color=COLORS[color], alpha=0.4, linewidth=0.8)
        axis.plot(counts, medians, color=COLORS[color], linewidth=2.5, label=f"{name}, {label}" if name else label)
        told.append((f"{name}: " if name else "") + _told(group, counts, medians))
    if solved is not None:
        axis.axhline(solved, color=COLORS["target"], linewidth=0.8, linestyle="--", label=f"learned: {solved:g} bits")
    axis.set(yscale="log", xlabel="sequences shown (thousands)", ylabel="bits a sequence")
    axis.legend(fontsize="small" if beside else None)
    drawn_beside = [f"{name} is drawn beside." for name in others or ()]
    return Picture(drawing, " ".join([*told, *drawn_beside]))


def _curves(runs: Sequence[Mapping[str, Any]]) -> tuple[np.ndarray, np.ndarray]:
    """Return thousands of sequences `[P]` and the bits of every run, `[R, P]`; infinite where nothing is drawn."""
    if not runs:
        raise ValueError("runs must hold at least one result. Received none")
    longest = max((run["curve"] for run in runs), key=len)
    if not longest:
        raise ValueError("runs must hold at least one curve. Received only empty ones")
    bits = np.full((len(runs), len(longest)), np.inf)
    for row, run in zip(bits, runs, strict=True):
        values = np.array([point["bits"] for point in run["curve"]], float)  # JSON's null becomes NaN
        earlier = [point.get("stage") != run["curve"][-1].get("stage") for point in run["curve"]]
        row[: len(values)] = np.where(np.isnan(values) | earlier, np.inf, values)
    return np.array([point["sequences"] for point in longest]) / 1000, bits


def _told(runs: Sequence[Mapping[str, Any]], counts: np.ndarray, medians: np.ndarray) -> str:
    """Return what the curves of a group show, in words."""
    drawn = medians[np.isfinite(medians)]
    start, end = (drawn[0] if len(drawn) else np.inf), medians[-1]
    ends = f"{end:.2g} bits after {counts[-1]:.0f} thousand sequences"
    if len(runs) == 1:
        return f"One learning curve falls from about {start:.0f} bits a sequence to {ends}."
    return (
        f"{len(runs)} learning curves fall from about {start:.0f} bits a sequence to a median of {ends}; "
        f"{sum(bool(run['solved']) for run in runs)} of {len(runs)} runs count as learned at the end."
    )


@mpl.rc_context(STYLE)
def plot_gradient_flow(gradients: Sequence[Any], *, names: Sequence[str] | None = None) -> Picture:
    """Draw the length of the gradient of each variable: the deck's slide 8, one bar a variable instead of one image.

    Args:
        gradients: what `compute_gradients` returned; None, for a variable without influence, is drawn as 0.
        names: a name for each; numbers if not given.

    Returns:
        The picture, with a logarithmic axis.

    Raises:
        ValueError: if there is no gradient, the names do not match, or a value is not finite.
    """
    arrays = [np.zeros(1) if part is None else checks.array("gradients", part) for part in gradients]
    labels = [str(i) for i in range(len(arrays))] if names is None else list(names)
    if not arrays or len(labels) != len(arrays):
        raise ValueError(f"names must have one entry for each of at least one gradient. Received: {labels}")
    norms = np.array([np.linalg.norm(array) for array in arrays])
    drawing, axis = figure(WIDTH, 0.6 + 0.3 * len(arrays))
    axis.barh(labels, norms, color=COLORS["ours"])
    axis.set(xscale="log" if (norms > 0).any() else "linear", xlabel="norm of the gradient (bits)")
    axis.invert_yaxis()
    largest, smallest = int(norms.argmax()), int(norms.argmin())
    return Picture(
        drawing,
        f"{len(arrays)} bars: the gradient is longest for {labels[largest]} ({norms[largest]:.2g}) and shortest for "
        f"{labels[smallest]} ({norms[smallest]:.2g}).",
    )
