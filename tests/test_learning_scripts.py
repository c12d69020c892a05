"""The scripts that train the rows of the table of targets, with trainings that only pretend."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))
import copy_seeds
import learning
import targets

from ntm_lib.experiments import EXPERIMENTS, experiment


def pretended(seed: int) -> dict:
    """The results of one training, without most of its settings."""
    task = experiment("copy").task()
    return {
        "command": "made somewhere",
        "seed": seed,
        "solved": seed != 1,
        "status": "finished",
        "sequences_to_solve": None if seed in (1, 3) else 1000,
        "seconds": 36.0,
        "curve": [{"sequences": 1000, "bits": 0.5 * seed}],
        "final": {"bits": None if seed == 2 else 0.5 * seed, "right": 1.0},
        "tests": {f"length {test['length']}": {"bits": 1.0} for test in task.tests},
    }


class Farm:
    """Stands for `train_seeds`: notes what it is asked for, and writes results as a training would."""

    def __init__(self, code: int = 0) -> None:
        self.calls: list[tuple[list[str], list[int], Path]] = []
        self.code = code

    def __call__(self, arguments: Sequence[str], seeds: Sequence[int], out: Path) -> dict[int, int]:
        self.calls.append((list(arguments), list(seeds), out))
        for seed in seeds:
            (out / f"seed-{seed}").mkdir(parents=True)
            (out / f"seed-{seed}" / "results.json").write_text(json.dumps(pretended(seed)))
        return dict.fromkeys(seeds, self.code)


def run(script: object, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    monkeypatch.setattr(sys, "argv", ["script", *arguments])
    script.main()


def test_every_row_has_a_recipe_and_every_target_a_row() -> None:
    assert set(learning.ROWS) <= set(EXPERIMENTS)
    assert min(learning.ROWS.values()) >= 5
    trained = {f"learning/{task}_{controller}.json" for task, controller in learning.ROWS}
    recipes = {f"learning/{task}_{controller}.json" for task, controller in EXPERIMENTS}
    for target in targets.TARGETS:
        if target.file in recipes:
            assert target.file in trained


def test_a_row_is_trained_from_all_seeds_and_gathered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    farm = Farm()
    monkeypatch.setattr(learning, "train_seeds", farm)
    monkeypatch.setattr(learning, "RESULTS", tmp_path / "results")
    run(learning, monkeypatch, "--work", str(tmp_path), "--only", "sorting")
    assert [arguments[2] for arguments, *_ in farm.calls] == ["lstm", "lstm-baseline"]
    arguments, seeds, out = farm.calls[0]
    assert (arguments, seeds) == (["sorting", "--controller", "lstm"], [0, 1, 2, 3, 4])
    assert out == tmp_path / "sorting_lstm"
    report = json.loads((tmp_path / "results" / "sorting_lstm.json").read_text())
    assert [run["seed"] for run in report["runs"]] == seeds, "the one that did not learn is there too"
    assert report["command"] == "python -m ntm_lib train sorting --controller lstm --seeds 5 --out DIR"
    assert all("command" not in run for run in report["runs"]), "it says where the runs were made"
    printed = capsys.readouterr().out
    assert printed.count("4 of 5 learned; 0.05 core hours, median 36 s a seed") == 2
    assert printed.count("never") == printed.count("at the end") == 2
    assert "NaN" in printed


def test_one_command_trains_the_copy_machine_of_ten_seeds_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Sequence[str]] = []
    monkeypatch.setattr(copy_seeds, "main", asked.append)
    monkeypatch.setattr(learning, "train_seeds", Farm())
    monkeypatch.setattr(learning, "RESULTS", tmp_path / "results")
    run(learning, monkeypatch, "--work", str(tmp_path), "--only", "copy")
    assert asked == [["--work", str(tmp_path / "copy_lstm")]]
    written = {path.stem for path in (tmp_path / "results").iterdir()}
    assert written == {"copy_feed-forward", "copy_lstm-baseline"}


def test_copy_seeds_stops_at_a_training_that_broke(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Code 1 says that a seed did not learn, which is a result; any other that there is none."""
    monkeypatch.setattr(copy_seeds, "train_seeds", Farm(code=2))
    with pytest.raises(SystemExit, match=r"these seeds have no results: they ended with the codes \{0: 2, 1: 2\}"):
        run(copy_seeds, monkeypatch, "--work", str(tmp_path), "--seeds", "2")


@pytest.mark.parametrize("code", [2, -9, 130])
def test_a_row_with_a_training_that_broke_is_not_written(
    code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What lies in its folder may come from other settings."""
    farm = Farm(code)
    monkeypatch.setattr(learning, "train_seeds", farm)
    monkeypatch.setattr(learning, "RESULTS", tmp_path / "results")
    with pytest.raises(SystemExit, match=rf"not written.*sorting lstm: \{{0: {code}.*sorting lstm-baseline: "):
        run(learning, monkeypatch, "--work", str(tmp_path), "--only", "sorting")
    assert len(farm.calls) == 2, "the other rows are trained"
    assert not (tmp_path / "results").exists()


def test_a_seed_that_met_nan_in_a_test_is_in_the_tables() -> None:
    report = {"command": "c", "runs": [pretended(2)]}
    report["runs"][0]["tests"]["length 20"]["bits"] = None
    for text in (learning.table(report), copy_seeds.table(report["runs"])):
        assert text.count("NaN") == 2


def test_copy_seeds_hands_the_penalty_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    farm, out = Farm(code=1), tmp_path / "out.json"
    monkeypatch.setattr(copy_seeds, "train_seeds", farm)
    options = ["--work", str(tmp_path), "--seeds", "2", "--out", str(out), "--spread-penalty", "0"]
    with pytest.raises((OSError, ValueError), match=r"model\.keras"):  # the pretended trainings left no machine
        run(copy_seeds, monkeypatch, *options)
    assert farm.calls[0][0] == ["copy", "--spread-penalty", "0"]
