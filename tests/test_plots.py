"""Pictures: each has a figure and an alternative text that says what the data show."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Callable
from functools import cache
from typing import Any

import matplotlib.image
import numpy as np
import pytest
from machines import MANY_HEADS, answers, batch, small

from ntm_lib import Picture, compute_gradients, plot_gradient_flow, plot_memory_stability, plots, record

RUNS = [
    {"curve": [{"sequences": 1000, "bits": 90.0}, {"sequences": 2000, "bits": end}], "solved": end < 0.01}
    for end in (0.001, 4.0, 0.002)
]


@cache
def trace() -> Any:
    return record(small(**MANY_HEADS), batch(2, 6))


PICTURES: dict[str, Callable[[], Picture]] = {
    "sequences": lambda: plots.sequences({"inputs": np.eye(5), "reads": -np.eye(5)[:, :2]}, alt="two diagonals"),
    "machine": lambda: plots.machine(trace(), example=1),
    "machine, two slots": lambda: plots.machine(trace(), slots=2),
    "weightings": lambda: plots.weightings({"read": np.eye(6), "write": np.eye(6)}, alt="two diagonals", slots=4),
    "bars": lambda: plots.bars({name: np.full(4, 0.25) for name in "abc"}, alt="flat", columns=2),
    "grids": lambda: plots.grids({"a": np.eye(3), "b": np.ones((1, 2))}, rows="xyz", alt="two grids"),
    "learning curves": lambda: plots.learning_curves(RUNS),
    "one learning curve": lambda: plots.learning_curves(RUNS[:1]),
    "gradient flow": lambda: plot_gradient_flow([np.ones(4), np.zeros(2)], names=["kernel", "bias"]),
    "memory stability": lambda: plot_memory_stability([0.1, 0.3, 0.2]),
    "memory stability of two": lambda: plot_memory_stability({"before": [0.1, 0.3], "after training": [0.0, 0.2]}),
}


@pytest.mark.parametrize("name", PICTURES)
def test_every_picture_shows_itself_with_its_alternative_text(name: str) -> None:
    picture = PICTURES[name]()
    html = picture._repr_html_()
    data = re.search(r'src="data:image/png;base64,([^"]+)"', html)
    assert data
    pixels = matplotlib.image.imread(io.BytesIO(base64.b64decode(data[1])), format="png")
    assert min(pixels.shape[:2]) > 50
    assert pixels[..., :3].std() > 0.01, "something must be drawn"
    assert len(picture.alt) > 3
    assert 'alt="' in html


def test_an_alternative_text_is_escaped() -> None:
    picture = plots.bars({"a": [1.0]}, alt='a < b & "c"')
    assert 'alt="a &lt; b &amp; &quot;c&quot;"' in picture._repr_html_()


def test_rasters_show_the_data_time_to_the_right() -> None:
    values = np.array([[0.0, 1.0], [0.5, 0.0], [1.0, 0.0]])
    picture = plots.sequences({"inputs": values}, alt="")
    np.testing.assert_array_equal(picture.figure.axes[0].images[0].get_array(), values.T)


def test_grids_show_each_number_and_outline_what_is_asked_for() -> None:
    first, second = [[1.0, 0.875], [0.0, -2.0]], [[10.0]]
    picture = plots.grids({"a": first, "b": second}, rows=["x", "y"], outlined={"a": [(1, 0), (0, 1)]}, alt="")
    left, right = picture.figure.axes
    np.testing.assert_array_equal(left.images[0].get_array(), first)
    assert [text.get_text() for text in left.texts] == ["1", "0.875", "0", "-2"]
    assert [text.get_text() for text in right.texts] == ["10"]
    assert [label.get_text() for label in left.get_yticklabels()] == ["x", "y"]
    assert [tuple(np.round(patch.get_center(), 6)) for patch in left.patches] == [(0, 1), (1, 0)]
    assert not right.patches
    assert left.get_ylim() == right.get_ylim(), "rows of one number stand beside each other"


def test_the_machine_is_drawn_from_the_trace() -> None:
    recorded = trace()
    images = [axis.images[0].get_array() for axis in plots.machine(recorded, example=1).figure.axes]
    np.testing.assert_allclose(images[0], recorded.inputs[1].T)
    np.testing.assert_allclose(images[1], recorded.outputs[1].T)
    np.testing.assert_allclose(images[3], recorded.reads[1, :, 0].T)
    for image, heads in ((images[4], recorded.write), (images[5], recorded.read)):
        weights = heads.weights[1, :, 0].T
        assert all(any(np.array_equal(row, slot) for slot in weights) for row in np.asarray(image)), "rows are slots"


def test_the_alternative_text_of_a_machine_follows_its_heads() -> None:
    """Heads that step exactly one slot on; the numbers must be read from the trace."""
    import dataclasses

    recorded = trace()
    diagonal = np.tile(np.eye(6)[:, None], (2, 1, 1, 1)).astype(np.float32)
    read, write = (dataclasses.replace(heads, weights=diagonal) for heads in (recorded.read, recorded.write))
    alt = plots.machine(dataclasses.replace(recorded, read=read, write=write)).alt
    assert "100%" in alt
    assert "slot 0" in alt
    assert "slot 5" in alt


def test_learning_curves_count_who_learned_and_accept_a_run_that_met_nan() -> None:
    assert "2 of 3" in plots.learning_curves(RUNS).alt
    failed = {"curve": [{"sequences": 1000, "bits": None}], "solved": False}  # and stopped there
    alt = plots.learning_curves([*RUNS[:2], failed]).alt
    assert "1 of 3" in alt
    assert "median of 4 bits after 2 thousand" in alt


def test_learning_curves_stand_beside_those_of_others() -> None:
    others = {"paper": [(1.0, 9.0), (50.0, 0.0)]}
    picture = plots.learning_curves(RUNS[:1], others=others, solved=0.5)
    (axis,) = picture.figure.axes
    theirs = next(line for line in axis.lines if line.get_label() == "paper")
    np.testing.assert_allclose(theirs.get_ydata(), [9.0, 0.05])
    assert axis.get_xscale() == "log"
    assert "paper, grey, goes from 9 bits a sequence after 1 thousand sequences to 0 after 50 thousand." in picture.alt


def test_curves_drawn_at_the_floor_are_told_by_their_own_numbers() -> None:
    picture = plots.learning_curves(RUNS, others={"paper": [(1.0, 9.0), (50.0, 0.0)]}, solved=0.5)
    lowest = min(np.min(line.get_ydata()) for line in picture.figure.axes[0].lines)
    assert lowest == 0.05
    assert "a median of 0.002 bits after 2 thousand sequences" in picture.alt
    assert "What is below 0.05 bits is drawn there." in picture.alt
    assert "is drawn there" not in plots.learning_curves(RUNS, solved=0.5).alt


def test_the_legend_of_learning_curves_hides_neither_a_curve_nor_the_line_of_what_is_learned() -> None:
    others = {f"paper, {name}": [(1.0, 90.0), (1000.0, 0.001)] for name in ("NTM-LSTM", "NTM-FF", "LSTM")}
    drawing = plots.learning_curves(RUNS, others=others, beside={"NTM-FF": RUNS, "LSTM": RUNS}).figure
    drawing.savefig(io.BytesIO())
    (axis,) = drawing.axes
    legend = axis.get_legend().get_window_extent()
    assert legend.y0 >= axis.get_window_extent().y1
    assert legend.x1 <= drawing.bbox.x1
    assert legend.y1 <= drawing.bbox.y1
    assert axis.get_window_extent().height > 0.5 * drawing.bbox.height


def test_another_kind_of_machine_is_drawn_beside_and_told() -> None:
    picture = plots.learning_curves(RUNS, beside={"LSTM": RUNS[:1]})
    labels = [line.get_label() for line in picture.figure.axes[0].lines]
    assert "median of 3" in labels
    assert "LSTM, this run" in labels
    assert "2 of 3 runs count as learned" in picture.alt
    assert "LSTM: One learning curve falls" in picture.alt


def test_no_line_is_drawn_where_bits_do_not_decide() -> None:
    lines = [len(plots.learning_curves(RUNS, solved=solved).figure.axes[0].lines) for solved in (0.5, None)]
    assert lines == [5, 4]


def test_only_the_last_stage_of_a_curriculum_is_drawn() -> None:
    curve = [
        {"sequences": 1000 * n, "bits": bits, "stage": n > 2} for n, bits in ((1, 9.0), (2, 0.1), (3, 7.0), (4, 2.0))
    ]
    picture = plots.learning_curves([{"curve": curve, "solved": False}])
    ours = picture.figure.axes[0].lines[0].get_ydata()
    np.testing.assert_array_equal(ours, [np.inf, np.inf, 7.0, 2.0])
    assert "falls from about 7 bits" in picture.alt


def test_the_stability_of_a_memory_is_told_by_its_ends() -> None:
    picture = plot_memory_stability({"early": [0.1, 0.3, 0.2], "late": [0.0, 0.0, 0.5]})
    assert "early is 0.1 after the first step, 0.3 at most and 0.2 after step 3" in picture.alt
    assert "late is 0 after the first step, 0.5 at most and 0.5 after step 3" in picture.alt
    first, _ = picture.figure.axes[0].lines
    np.testing.assert_array_equal(first.get_xydata(), [[1, 0.1], [2, 0.3], [3, 0.2]])


def test_the_gradient_flow_measures_lengths() -> None:
    picture = plot_gradient_flow([np.full(4, 3.0), None, np.ones((2, 2))], names=["long", "none", "short"])
    assert [bar.get_width() for bar in picture.figure.axes[0].patches] == [6.0, 0.0, 2.0]
    assert "longest for long (6)" in picture.alt
    assert "none (0)" in picture.alt
    model = small()
    assert "6 bars" in plot_gradient_flow(compute_gradients(model, batch(), answers())).alt


RECORDED = trace()
WRONG: dict[str, tuple[Callable[[], Any], str]] = {
    "a flat raster": (lambda: plots.sequences({"inputs": np.ones(3)}, alt=""), r"inputs must have shape \[T, X\]"),
    "nan in a raster": (lambda: plots.sequences({"inputs": [[np.nan]]}, alt=""), r"inputs must be finite"),
    "a deep weighting": (
        lambda: plots.weightings({"read": np.ones((1, 2, 3))}, alt=""),
        r"read must have shape \[T, N",
    ),
    "a wide bar": (
        lambda: plots.bars({"w": np.ones((2, 3))}, alt=""),
        r"w must have shape \[N\]. Received shape: \(2, 3",
    ),
    "a flat grid": (lambda: plots.grids({"w": np.ones(3)}, alt=""), r"w must have shape \[N, W\]"),
    "bars of text": (lambda: plots.bars({"w": ["a"]}, alt=""), r"w must hold real numbers"),
    "no such example": (lambda: plots.machine(RECORDED, example=2), r"example must be below .* 2. Received: 2"),
    "a negative example": (lambda: plots.machine(RECORDED, example=-1), r"example must be .*Received: -1"),
    "no slots": (lambda: plots.machine(RECORDED, slots=0), r"slots must be .*Received: 0"),
    "no curve": (lambda: plots.learning_curves([{"curve": [], "solved": False}]), r"runs must hold at least one curve"),
    "no runs": (lambda: plots.learning_curves([]), r"runs must hold at least one result. Received none"),
    "no gradients": (lambda: plot_gradient_flow([]), r"names must have one entry .*Received: \[\]"),
    "too few names": (
        lambda: plot_gradient_flow([np.ones(2)] * 2, names=["a"]),
        r"names must have .*Received: \['a'\]",
    ),
    "no change": (lambda: plot_memory_stability([]), r"memory_changes must hold at least one step. Received: \[\]"),
    "no machine": (lambda: plot_memory_stability({}), r"memory_changes must hold at least one step. Received: {}"),
    "nan in a change": (lambda: plot_memory_stability([np.nan]), r"memory_changes must be finite. Received nan"),
    "nan in a gradient": (lambda: plot_gradient_flow([np.array([np.nan])]), r"gradients must be finite. Received nan"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_argument_is_named_with_what_came(name: str) -> None:
    call, message = WRONG[name]
    with pytest.raises(ValueError, match=message):
        call()
