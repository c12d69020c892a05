"""How cost grows: times against sizes, on two logarithmic axes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np

from ntm_lib import checks
from ntm_lib.plots.style import COLORS, STYLE, WIDTH, Picture, figure
from ntm_lib.scaling import fitted_exponent

LOOKS = (("write", "-", "o"), ("read", "--", "s"), ("erase", "-.", "^"), ("content", ":", "D"))


@mpl.rc_context(STYLE)
def plot_scaling_results(
    results: Sequence[Any] | Mapping[str, Sequence[Any]],
    *,
    xlabel: str = "slots N",
    ylabel: str = "milliseconds",
    factor: float = 1e3,
) -> Picture:
    """Draw times against sizes: the deck's slide 13. Both axes are logarithmic, so that a power law is a line.

    Args:
        results: pairs of size and seconds, as `experiment_memory_scaling` returns them; or several of them by name.
        xlabel: what the size is.
        ylabel: the unit in which the second number is drawn.
        factor: the second number is multiplied by this.

    Returns:
        The picture; its alt text gives the exponent of the power law that fits each line best.

    Raises:
        ValueError: if there are fewer than two sizes, or a number is not positive and finite.

    Example:
        >>> from ntm_lib import plot_scaling_results
        >>> plot_scaling_results([(16, 0.001), (64, 0.004)]).alt.rpartition(", ")[2]
        'fitted exponent 1.00.'
    """
    given = results if isinstance(results, Mapping) else {"": results}
    if not given:
        raise ValueError(f"results must hold at least one line. Received: {results!r}")
    drawing, axis = figure(WIDTH, 3.2)
    told = []
    for number, (name, pairs) in enumerate(given.items()):
        sizes, times = checks.array("results", list(pairs), "[S, 2]").T
        exponent = fitted_exponent(sizes.tolist(), times.tolist())
        color, dashes, marker = LOOKS[number % len(LOOKS)]
        axis.plot(sizes, factor * times, dashes, color=COLORS[color], marker=marker, markersize=5, label=name)
        told.append(
            f"{name or 'the line'} goes from {factor * times[0]:.3g} at {sizes[0]:.0f} to {factor * times[-1]:.3g} at "
            f"{sizes[-1]:.0f}, fitted exponent {exponent:.2f}"
        )
    axis.set(xscale="log", yscale="log", xlabel=xlabel, ylabel=ylabel)
    every = np.unique(np.concatenate([np.asarray(list(pairs))[:, 0] for pairs in given.values()]))
    axis.set_xticks(every, [f"{size:.0f}" for size in every])
    axis.minorticks_off()
    if len(given) > 1:
        axis.legend()
    return Picture(drawing, f"{ylabel} against {xlabel} on logarithmic axes: {'; '.join(told)}.")
