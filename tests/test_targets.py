"""The table of targets: what is recomputed from results, and that a row which falls short is told."""

from __future__ import annotations

import dataclasses
import json
import math
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))
import targets

from ntm_lib import Recipe

NAMES = frozenset(
    (
        *("schema", "status", "task", "seed", "model", "parameters", "recipe", "machine", "seconds"),
        *("first_step_seconds", "curve", "goal", "sequences_to_solve", "final", "tests", "solved"),
    )
)
MEASURES = frozenset(("bits", "optimal_bits", "wrong_bits", "right", "answered"))
RECIPE = frozenset(field.name for field in dataclasses.fields(Recipe))


def runs(bits: float, at_20: float = 0.0) -> dict[str, Any]:
    """Results of two seeds of recall, the second with these bits at the end and at 20 items."""
    return {
        "runs": [
            {
                "curve": [{"sequences": 50_000, "bits": 5.0}, {"sequences": 100_000, "bits": each}],
                "sequences_to_solve": 100_000,
                "final": {"bits": each, "right": 1.0, "answered": 1.0, "optimal_bits": 0.0},
                "tests": {"items 15": {"bits": 0.0}, "items 20": {"bits": far}},
            }
            for each, far in ((0.0, 0.0), (bits, at_20))
        ]
    }


def verdicts(tmp_path: Path, report: dict[str, Any]) -> list[tuple[float, str]]:
    path = tmp_path / targets.RECALL
    path.parent.mkdir()
    path.write_text(json.dumps(report))
    rows = [targets.judged(target, tmp_path) for target in targets.TARGETS if target.file == targets.RECALL]
    return [(row.value, row.verdict) for row in rows]


def test_a_row_is_met_by_all_of_its_seeds(tmp_path: Path) -> None:
    assert verdicts(tmp_path, runs(0.01)) == [(1.0, "met"), (0.0, "met"), (0.0, "met")]


def test_one_seed_is_enough_to_fall_short(tmp_path: Path) -> None:
    found = verdicts(tmp_path, runs(0.2, at_20=0.6))
    assert found == [(0.5, "falls short"), (0.0, "met"), (0.6, "falls short")]


def test_a_seed_that_met_nan_falls_short(tmp_path: Path) -> None:
    report = runs(0.01)
    met_nan = report["runs"][1]
    met_nan["curve"][1]["bits"] = met_nan["final"]["bits"] = met_nan["tests"]["items 20"]["bits"] = None
    assert verdicts(tmp_path, report) == [(0.5, "falls short"), (0.0, "met"), (math.inf, "falls short")]


def test_what_was_not_trained_is_no_number(tmp_path: Path) -> None:
    row = targets.judged(targets.TARGETS[0], tmp_path)
    assert math.isnan(row.value)
    assert row.verdict == "not trained yet"


def test_an_easier_stage_and_a_later_point_do_not_count() -> None:
    curve = [{"sequences": n, "bits": b, "stage": s} for n, b, s in ((10, 0.0, 0), (20, 5.0, 1), (30, 0.0, 1))]
    assert targets.within([{"curve": curve}], 0.1, 30) == 1
    assert targets.within([{"curve": curve}], 0.1, 20) == 0


def test_the_command_says_whether_all_is_met(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    met = [target for target in targets.TARGETS if target.file == targets.COPY]
    monkeypatch.setattr(targets, "TARGETS", met)
    assert targets.main() == 0
    assert capsys.readouterr().out.count("  met") == len(met) == 3
    monkeypatch.setattr(targets, "TARGETS", [*met, met[0]._replace(file="none.json")])
    assert targets.main() == 1


def test_every_committed_row_is_met_and_every_run_is_there() -> None:
    rows = [targets.judged(target) for target in targets.TARGETS]
    assert not [row for row in rows if row.verdict == "falls short"]
    copies = tuple(targets.RESULTS / f"copy_seeds{end}.json" for end in ("", "_no_penalty"))
    for path in (*(targets.RESULTS / "learning").glob("*.json"), *copies):
        report = json.loads(path.read_text())
        assert len(report["runs"]) >= 5, path.name
        assert [run["seed"] for run in report["runs"]] == list(range(len(report["runs"]))), "no seed is left out"
        assert {run["schema"] for run in report["runs"]} == {2}
        of_the_script = {"command", "idle_spread"} if path in copies else set()
        assert {frozenset(run) for run in report["runs"]} == {NAMES | of_the_script}, path.name
        assert {frozenset(run["final"]) for run in report["runs"]} == {MEASURES}, path.name
        assert {frozenset(run["recipe"]) for run in report["runs"]} == {RECIPE}, path.name
        assert report["command"].startswith(("python -m ntm_lib train ", "python benchmarks/copy_seeds.py "))


def test_the_rows_of_one_task_from_another_folder(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    path = tmp_path / targets.RECALL
    path.parent.mkdir()
    for bits, code, verdict in ((0.01, 0, "met"), (0.2, 1, "falls short")):
        path.write_text(json.dumps(runs(bits)))
        assert targets.main(["--results", str(tmp_path), "--only", "associative-recall"]) == code
        lines = capsys.readouterr().out.splitlines()
        assert len(lines) == 3 and verdict in lines[0]
