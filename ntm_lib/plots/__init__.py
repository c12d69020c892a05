"""The figures of the course, in one style. Each comes with its alt text: what is seen, in numbers from the data."""

from ntm_lib.plots.architecture import one_step
from ntm_lib.plots.examples import task_example
from ntm_lib.plots.learning import learning_curves, plot_gradient_flow
from ntm_lib.plots.machines import bars, grids, machine, plot_memory_stability, sequences, weightings
from ntm_lib.plots.scaling import plot_scaling_results
from ntm_lib.plots.style import COLORS, STYLE, WIDTH, Picture, figure

__all__ = [
    "COLORS",
    "STYLE",
    "WIDTH",
    "Picture",
    "bars",
    "figure",
    "grids",
    "learning_curves",
    "machine",
    "one_step",
    "plot_gradient_flow",
    "plot_memory_stability",
    "plot_scaling_results",
    "sequences",
    "task_example",
    "weightings",
]
