"""The parts of one time step, from the input to the output, as strips of cells joined by arrows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.patches import Rectangle

from ntm_lib import checks
from ntm_lib.plots.style import STYLE, Picture, figure

SIGNED = {"cmap": "RdBu_r", "vmin": -1, "vmax": 1}
SHARE = {"cmap": "Greys", "vmin": 0, "vmax": 1}
RAW = {"cmap": "RdBu_r", "vmin": -4, "vmax": 4}

# For each part: where it stands and how wide it is, its label, and its colours.
STRIPS: dict[str, tuple[float, float, float, str, dict[str, Any]]] = {
    "input": (0.2, 11.2, 1.8, "input $x_t$", SIGNED),
    "last_read": (3.0, 11.2, 2.4, "last read $r_{t-1}$", SIGNED),
    "last_hidden": (6.2, 11.2, 3.6, "last hidden $h_{t-1}$", SIGNED),
    "hidden": (3.2, 9.4, 3.6, "hidden $h_t$", SIGNED),
    "write_numbers": (0.2, 7.5, 5.6, "write head, {} numbers", RAW),
    "read_numbers": (6.5, 7.5, 3.3, "read head, {} numbers", RAW),
    "write_weights": (2.5, 5.7, 2.6, "write weighting", SHARE),
    "read_weights": (7.2, 5.7, 2.6, "read weighting", SHARE),
    "memory_before": (0.2, 2.9, 2.6, "memory $M_{t-1}$", SIGNED),
    "memory": (4.6, 2.9, 2.6, "memory $M_t$", SIGNED),
    "read": (6.6, 1.2, 2.4, "read $r_t$", SIGNED),
    "output": (4.4, -0.5, 1.2, "output", SIGNED),
}

# From a point to another; thick where trained weights are.
TRAINED = (
    *((1.1, 11.15, 4.22, 10.45), (4.2, 11.15, 4.84, 10.45), (8.0, 11.15, 5.6, 10.45)),
    *((4.4, 9.35, 3.2, 8.5), (5.6, 9.35, 7.8, 8.5), (3.0, 1.15, 4.35, 0.1), (6.9, 1.15, 5.65, 0.1)),
)
COMPUTED = (
    *((3.8, 7.45, 3.8, 6.7), (8.5, 7.45, 8.5, 6.7), (3.7, 5.65, 3.7, 4.6), (1.4, 5.35, 2.4, 5.85)),
    *((2.85, 3.85, 4.55, 3.85), (8.5, 5.65, 8.2, 2.15), (6.6, 2.85, 7.3, 2.15)),
)


@mpl.rc_context(STYLE)
def one_step(parts: Mapping[str, Any], *, alt: str) -> Picture:
    """Draw the parts of one step: red above zero, blue below, weightings in grey, a column of the memory for each slot.

    Args:
        parts: "input" `[I]`, "last_read" `[W]`, "last_hidden" `[C]`, "hidden" `[C]`, "write_numbers" and "read_numbers"
            as the controller emits them, "write_weights" and "read_weights" `[N]`, "memory_before" and "memory"
            `[N, W]`, "read" `[W]` and "output" `[O]`.
        alt: what is seen.

    Returns:
        The picture.

    Raises:
        ValueError: if a part is missing or unknown, an array has another rank, or is not finite.

    Example:
        >>> import numpy as np
        >>> from ntm_lib.plots import one_step
        >>> widths = {"input": 9, "last_read": 4, "last_hidden": 5, "hidden": 5}
        >>> widths |= {"write_numbers": 18, "read_numbers": 10, "read": 4, "output": 8}
        >>> widths |= {"write_weights": 6, "read_weights": 6}
        >>> parts = {name: np.zeros(width) for name, width in widths.items()}
        >>> parts |= {"memory_before": np.zeros((6, 4)), "memory": np.zeros((6, 4))}
        >>> picture = one_step(parts, alt="One step of a machine whose numbers are all 0.")
        >>> picture.alt
        'One step of a machine whose numbers are all 0.'
    """
    if set(parts) != set(STRIPS):
        raise ValueError(f"parts must be {', '.join(STRIPS)}. Received: {', '.join(parts)}")
    drawing, axis = figure(5.6, 6.8)
    for name, (x, y, width, label, look) in STRIPS.items():
        grid = name.startswith("memory")
        values = checks.array(name, parts[name], "[N, W]" if grid else "[X]")
        height = 1.9 if grid else 0.5
        counted = label.replace("{}", str(len(values)))
        _strip(axis, values.T if grid else values[np.newaxis], (x, y, width, height), counted, look)
    hidden = np.asarray(parts["hidden"])[np.newaxis]
    _strip(axis, hidden, (0.2, 1.2, 3.6, 0.5), "hidden $h_t$ again", SIGNED)
    for arrows, look in ((TRAINED, {"lw": 2.2, "color": "0.1"}), (COMPUTED, {"lw": 1, "color": "0.5"})):
        for from_x, from_y, x, y in arrows:
            axis.annotate("", (x, y), (from_x, from_y), arrowprops={"arrowstyle": "-|>", **look})
    axis.text(3.7, 4.2, "erase\nadd", ha="center", va="center", fontsize=9, linespacing=1.0)
    axis.set(xlim=(0, 10), ylim=(-0.6, 12.4))
    axis.set_axis_off()
    return Picture(drawing, alt)


def _strip(
    axis: Any, values: np.ndarray, place: tuple[float, float, float, float], label: str, look: dict[str, Any]
) -> None:
    x, y, width, height = place
    axis.imshow(values, extent=(x, x + width, y, y + height), aspect="auto", **look)
    axis.add_patch(Rectangle((x, y), width, height, fill=False, lw=0.8, ec="0.3"))
    axis.text(x + width / 2, y + height + 0.08, label, ha="center", va="bottom", fontsize=10)
