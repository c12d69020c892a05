"""The parameter counts: formulas against shapes, the explained rows against the paper, and the committed results."""

from __future__ import annotations

import importlib.util
import json
import math
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from ntm_lib import reference

ROOT = Path(__file__).resolve().parents[1]


def load() -> ModuleType:
    """Import the script, which is not part of a package."""
    spec = importlib.util.spec_from_file_location("parameter_counts", ROOT / "benchmarks" / "parameter_counts.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up by name
    spec.loader.exec_module(module)
    return module


counts = load()


@pytest.fixture(scope="module")
def committed() -> dict[str, Any]:
    result: dict[str, Any] = json.loads(counts.RESULTS.read_text(encoding="utf-8"))
    return result


@pytest.mark.parametrize("controller", ["lstm", "feed-forward"])
@pytest.mark.parametrize(("inputs", "outputs", "units", "heads"), [(9, 8, 100, 1), (8, 6, 256, 4), (1, 1, 7, 2)])
def test_our_ntm_is_counted_like_the_reference(
    controller: str, inputs: int, outputs: int, units: int, heads: int
) -> None:
    sizes = reference.Sizes(inputs, outputs, 128, 20, units, heads, heads, controller=controller)
    expected = sum(math.prod(shape) for shape in sizes.parameter_shapes().values())
    assert counts.our_ntm(controller, inputs, outputs, units, heads) == expected


@pytest.mark.parametrize(
    "row", [row for row in counts.PAPER if counts.ours(row)], ids=lambda row: f"{row.table} {row.task}"
)
def test_the_library_makes_machines_with_as_many(row: Any) -> None:
    from ntm_lib import LSTMBaseline, NeuralTuringMachine

    inputs, outputs = counts.OUR_CHANNELS[row.task]
    if row.table == "baseline":
        model = LSTMBaseline(inputs, outputs, units=row.units, layers=row.layers)
    else:
        heads = {"read_heads": row.heads, "write_heads": row.heads}
        model = NeuralTuringMachine(inputs, outputs, 128, 20, controller=row.table, units=row.units, **heads)
    assert model.count_params() == counts.ours(row)


def test_ours_in_figures() -> None:
    """Controller, heads and outputs of the copy task, term by term."""
    assert counts.our_ntm("lstm", 9, 8, 100) == 4 * 100 * (9 + 20 + 100 + 1) + 101 * (26 + 66) + 121 * 8 == 62_260
    assert counts.our_ntm("feed-forward", 9, 8, 100) == 100 * (9 + 20 + 1) + 101 * 92 + 121 * 8 == 13_260
    assert counts.our_baseline(9, 8, 256) == 1_325_064


def test_two_controller_layers_are_not_ours() -> None:
    with pytest.raises(ValueError, match="layers: received 2, expected 1"):
        counts.our_ntm("lstm", 9, 8, 100, layers=2)


@pytest.mark.parametrize("row", [row for row in counts.PAPER if row.table == "baseline"], ids=lambda row: row.task)
def test_the_explained_baselines(row: Any) -> None:
    """12 C I + 20 C^2 + 18 C + (3 C + 1) O for three layers of C: exact for all tasks but priority sort."""
    inputs, outputs = counts.PAPER_CHANNELS[row.task]
    explained = counts.explained_baseline(inputs, outputs, row.units)
    size = row.units
    assert explained == 12 * size * inputs + 20 * size**2 + 18 * size + (3 * size + 1) * outputs
    assert (explained == row.printed) == (row.task != "priority sort")


def test_the_channels_of_the_explained_baselines_are_the_only_ones() -> None:
    for row in counts.PAPER:
        if row.table == "baseline" and row.task != "priority sort":
            assert counts.baseline_channels(counts.EXPLAINED, row) == [counts.PAPER_CHANNELS[row.task]]


def test_the_committed_table_is_what_the_script_computes(committed: dict[str, Any]) -> None:
    assert committed["rows"] == counts.table()
    assert committed["contradictions"] == counts.contradictions()
    assert json.loads(json.dumps(counts.search_baselines())) == committed["baseline_search"]


@pytest.mark.slow
def test_the_committed_search_is_what_the_script_finds(committed: dict[str, Any]) -> None:
    assert counts.search_ntms() == committed["ntm_search"]


def test_what_the_search_found(committed: dict[str, Any]) -> None:
    """No convention explains both copy machines with the same shifts, or more than two rows of ten.

    Nor are there more that reproduce two rows than accident gives.
    """
    search = committed["ntm_search"]
    assert search["reproduce_both_copy_rows_with_the_same_shifts"] == 0
    assert max(int(rows) for rows in search["by_rows_reproduced"]) == 2
    assert search["by_rows_reproduced"]["2"] < search["expected_by_chance"]["2"]
    assert committed["baseline_search"]["by_rows_reproduced"]["4"] == len(committed["baseline_search"]["best"])


def test_chance_by_hand() -> None:
    """Two rows, hit by half and by a quarter of 8 conventions."""
    assert counts.expected_by_chance([4, 2], 8) == {"0": 3.0, "1": 4.0, "2": 1.0}


def test_the_printed_numbers_contradict_equal_settings() -> None:
    found = counts.contradictions()
    assert found["lstm_minus_feed_forward"] % found["must_be_a_multiple_of"] != 0
    assert found["associative_recall_minus_copy_lstm"] > 0


def test_the_search_finds_a_machine_that_is_there() -> None:
    """Plant a count made by one convention with 7 shifts, and find it."""
    convention = next(c for c in counts.ntm_conventions() if c.heads_see == "hr" and c.initial_reads)
    row = next(row for row in counts.PAPER if row.table == "lstm" and row.layers == 2)
    without, each = counts.split_by_shifts(convention, row, *counts.PAPER_CHANNELS[row.task])
    assert counts.shifts_that_fit(convention, row._replace(printed=without + 7 * each)) == 7
    assert counts.shifts_that_fit(convention, row._replace(printed=without + 7 * each + 1)) is None


@pytest.mark.parametrize("controller", ["lstm", "feed-forward"])
def test_ours_is_among_the_conventions_tried(controller: str) -> None:
    ours = counts.NTMConvention("separate", "h", True, "hr", True, False, False, 4, 0, False, 0)
    assert ours in set(counts.ntm_conventions())
    row = counts.Row(controller, "copy", 3, 1, 50, 0)
    without, each = counts.split_by_shifts(ours, row, 9, 8)
    assert without + 3 * each == counts.our_ntm(controller, 9, 8, 50, heads=3)
