"""What a machine did: its sequences, its memory and its weightings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.patches import Rectangle

from ntm_lib import checks
from ntm_lib.plots.style import COLORS, STYLE, WIDTH, Picture, figure, steps
from ntm_lib.trace import Trace


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

    Example:
        >>> import numpy as np
        >>> from ntm_lib import CopyTask
        >>> from ntm_lib.plots import sequences
        >>> batch = CopyTask(vector_dim=4).sample(1, np.random.default_rng(0), length=3)
        >>> parts = {"input": batch.inputs[0], "target": batch.targets[0]}
        >>> picture = sequences(parts, alt="Three vectors, and the same again.")
        >>> len(picture.figure.axes)
        2
    """
    arrays = {name: checks.array(name, part, "[T, X]") for name, part in parts.items()}
    heights = [max(array.shape[1], 2) for array in arrays.values()]
    grid = {"nrows": len(arrays), "height_ratios": heights}
    drawing, axes = figure(WIDTH, 0.35 + min(0.12 * sum(heights), 5.0), sharex=True, squeeze=False, **grid)
    for axis, (name, array) in zip(axes[:, 0], arrays.items(), strict=True):
        low = -1.0 if array.min() < 0 else 0.0
        axis.imshow(array.T, aspect="auto", vmin=low, vmax=1.0, cmap="RdBu_r" if low else "Greys")
        axis.set(ylabel=name, yticks=[])
        axis.yaxis.label.set(rotation=0, horizontalalignment="right", verticalalignment="center")
    steps(axes[-1, 0])
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

    Example:
        >>> import numpy as np
        >>> from ntm_lib import CopyTask, load_pretrained, record
        >>> from ntm_lib.plots import machine
        >>> batch = CopyTask().sample(1, np.random.default_rng(0), length=10)
        >>> picture = machine(record(load_pretrained("copy-lstm"), batch.inputs))
        >>> picture.alt.partition(":")[0]
        'Six rasters over 21 steps, inputs and outputs above'
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
        steps(axis)
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

    Example:
        >>> import numpy as np
        >>> from ntm_lib import shift
        >>> from ntm_lib.plots import weightings
        >>> weights = [np.eye(1, 8)]  # a head on slot 0
        >>> for _ in range(7):  # that moves on
        ...     weights.append(shift(weights[-1], [[0.1, 0.0, 0.9]]).numpy())
        >>> parts = {"write": np.concatenate(weights)}
        >>> picture = weightings(parts, alt="A diagonal that is paler at every step.")
        >>> [axis.get_title(loc="left") for axis in picture.figure.axes]
        ['write']
    """
    arrays = {name: checks.array(name, part, "[T, N]")[:, :slots] for name, part in parts.items()}
    drawing, axes = figure(WIDTH, 3.2, ncols=len(arrays), sharey=True, squeeze=False)
    for axis, (name, array) in zip(axes[0], arrays.items(), strict=True):
        axis.imshow(array.T, aspect="auto", vmin=0.0, vmax=1.0)
        axis.set_title(name)
        steps(axis)
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

    Example:
        >>> from ntm_lib import shift
        >>> from ntm_lib.plots import bars
        >>> before = [[0.0, 1.0, 0.0, 0.0]]
        >>> after = shift(before, [[0.1, 0.8, 0.1]]).numpy()
        >>> parts = {"before": before[0], "after": after[0]}
        >>> picture = bars(parts, alt="One bar at slot 1; then its neighbours have 0.1.")
        >>> [axis.get_title(loc="left") for axis in picture.figure.axes]
        ['before', 'after']
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
def grids(
    parts: Mapping[str, Any],
    *,
    alt: str,
    rows: Sequence[str] = (),
    outlined: Mapping[str, Sequence[tuple[int, int]]] | None = None,
) -> Picture:
    """Draw small matrices side by side with the number in each cell: the darker, the larger.

    Args:
        parts: a name and an array `[N, W]` for each grid.
        alt: what is seen.
        rows: names of the rows, beside the first grid.
        outlined: for some of the grids, the cells (row, column) that get an outline.

    Returns:
        The picture.

    Raises:
        ValueError: if an array has another rank, or is not finite.

    Example:
        >>> import numpy as np
        >>> from ntm_lib.plots import grids
        >>> memory = np.array([[1.0, 2.0], [3.0, 4.0]])
        >>> parts = {"before": memory, "after": memory * [[1.0], [0.0]]}
        >>> picture = grids(parts, alt="Two slots; the second is erased.")
        >>> len(picture.figure.axes)
        2
    """
    arrays = {name: checks.array(name, part, "[N, W]") for name, part in parts.items()}
    widths = [max(array.shape[1], 1.6) for array in arrays.values()]  # so that a name has room
    tallest = max(len(array) for array in arrays.values())
    size = {"ncols": len(arrays), "squeeze": False, "width_ratios": widths}
    drawing, axes = figure(min(WIDTH, 0.5 * sum(widths) + 1.0), 0.34 * tallest + 0.4, **size)
    for axis, (name, array) in zip(axes[0], arrays.items(), strict=True):
        axis.imshow(array, cmap="Greys", vmin=0.0, vmax=2.0 * max(array.max(), 1e-6), aspect="auto")
        axis.set(title=name, xticks=[], yticks=[], ylim=(tallest - 0.5, -0.5))
        axis.spines[:].set_visible(False)
        for (i, j), value in np.ndenumerate(array):
            axis.text(j, i, f"{value:.4g}", ha="center", va="center", fontsize=9)
        for i, j in (outlined or {}).get(name, ()):
            axis.add_patch(
                Rectangle((j - 0.45, i - 0.45), 0.9, 0.9, fill=False, edgecolor=COLORS["changed"], linewidth=1.5)
            )
    axes[0, 0].set_yticks(range(len(rows)), rows)
    axes[0, 0].tick_params(length=0)
    return Picture(drawing, alt)


@mpl.rc_context(STYLE)
def plot_memory_stability(memory_changes: Any) -> Picture:
    """Draw how far the memory is from its start, step by step: the deck's slide 12.

    Args:
        memory_changes: `[T]`, what `analyze_ntm_stability` returned; or several of them by name, in a mapping.

    Returns:
        The picture.

    Raises:
        ValueError: if there is nothing to draw, an array has another rank, or is not finite.

    Example:
        >>> from ntm_lib import plot_memory_stability
        >>> plot_memory_stability([0.1, 0.2, 0.15]).alt.partition(", ")[2]
        '0.2 at most and 0.15 after step 3.'
    """
    given = memory_changes if isinstance(memory_changes, Mapping) else {"": memory_changes}
    lines = {name: checks.array("memory_changes", each, "[T]") for name, each in given.items()}
    if not lines or any(len(line) == 0 for line in lines.values()):
        raise ValueError(f"memory_changes must hold at least one step. Received: {memory_changes!r}")
    drawing, axis = figure(WIDTH, 3.0)
    looks = (("write", "-"), ("target", "--"), ("erase", ":"), ("content", "-."))
    for number, (name, line) in enumerate(lines.items()):
        color, dashes = looks[number % len(looks)]
        axis.plot(np.arange(1, len(line) + 1), line, dashes, color=COLORS[color], linewidth=2, label=name)
    steps(axis)
    axis.set_ylabel("mean |change| of the memory")
    axis.set_ylim(bottom=0)
    if len(lines) > 1:
        axis.legend()
    told = [
        f"{name or 'the change'} is {line[0]:.2g} after the first step, {line.max():.2g} at most and {line[-1]:.2g} "
        f"after step {len(line)}"
        for name, line in lines.items()
    ]
    count = "One line" if len(lines) == 1 else f"{len(lines)} lines"
    return Picture(drawing, f"{count} over the steps: {'; '.join(told)}.")
