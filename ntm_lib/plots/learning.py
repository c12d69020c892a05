"""How machines learned: the curves of many runs, and the gradient of one update."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np

from ntm_lib import checks
from ntm_lib.plots.style import COLORS, STYLE, WIDTH, Picture, figure


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

    Example:
        >>> from ntm_lib.plots import learning_curves
        >>> curve = [{"sequences": 1000, "bits": 80.0}, {"sequences": 2000, "bits": 0.005}]
        >>> learning_curves([{"curve": curve, "solved": True}]).alt.partition(" after")[0]
        'One learning curve falls from about 80 bits a sequence to 0.005 bits'
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
        medians = np.median(bits, axis=0)
        told.append((f"{name}: " if name else "") + _told(group, counts, medians))
        lowest = floor if others else 0.0
        label = f"median of {len(group)}" if len(group) > 1 else "this run"
        axis.plot(counts, np.maximum(bits, lowest).T, color=COLORS[color], alpha=0.4, linewidth=0.8)
        label = f"{name}, {label}" if name else label
        axis.plot(counts, np.maximum(medians, lowest), color=COLORS[color], linewidth=2.5, label=label)
    if solved is not None:
        axis.axhline(solved, color=COLORS["target"], linewidth=0.8, linestyle="--", label=f"learned: {solved:g} bits")
    axis.set(yscale="log", xlabel="sequences shown (thousands)", ylabel="bits a sequence")
    _legend_above(axis)
    told += [_told_of_another(name, points) for name, points in (others or {}).items()]
    if others and floor:
        told.append(f"What is below {floor:g} bits is drawn there.")
    return Picture(drawing, " ".join(told))


def _legend_above(axis: Any) -> None:
    """Put the legend above the axes: inside it would hide a curve or the line "learned"."""
    axis.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=2, fontsize="small", borderaxespad=0.2)


def _told_of_another(name: str, points: Any) -> str:
    """Return what a curve from elsewhere shows, in words."""
    (first, start), (last, end) = np.maximum(points, 0.0)[[0, -1]]  # read off a drawing, 0 may be a little less
    return (
        f"{name}, grey, goes from {start:.3g} bits a sequence after {first:,.0f} thousand sequences "
        f"to {end:.3g} after {last:,.0f} thousand."
    )


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

    Example:
        >>> import numpy as np
        >>> from ntm_lib import plot_gradient_flow
        >>> gradients = [np.array([3.0, 4.0]), np.array([0.1])]
        >>> plot_gradient_flow(gradients, names=["kernel", "bias"]).alt
        '2 bars: the gradient is longest for kernel (5) and shortest for bias (0.1).'
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
