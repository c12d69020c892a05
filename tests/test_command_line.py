"""`python -m ntm_lib`: what it writes, what it answers to a wrong call, and its exit codes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ntm_lib import NeuralTuringMachine, training
from ntm_lib.__main__ import main


@pytest.fixture(autouse=True)
def own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command sets variables for TensorFlow, which must not reach other tests."""
    monkeypatch.setattr(os, "environ", os.environ.copy())


@pytest.mark.slow
def test_it_trains_and_writes_results_and_weights_that_load(tmp_path: Path) -> None:
    out = tmp_path / "a new" / "folder"
    arguments = ["train", "copy", "--sequences", "400", "--seed", "1", "--out", str(out), "--quiet"]
    arguments += ["--spread-penalty", "0.5"]
    done = subprocess.run([sys.executable, "-m", "ntm_lib", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 1, f"400 sequences are not enough to learn it: {done.stderr}"
    assert "bits a sequence after 400 sequences" in done.stdout
    results = json.loads((out / "results.json").read_text())
    assert results["command"].startswith("python -m ntm_lib train copy --sequences 400 --seed 1 --out '")
    assert results["seed"] == 1
    assert results["model"]["spread_penalty"] == 0.5
    assert results["recipe"]["sequences"] == results["curve"][-1]["sequences"] == 400
    assert set(results["lengths"]) == {"20", "40", "80", "120"}
    assert results["solved"] is False
    model = NeuralTuringMachine.load(out / "model.keras")
    assert results["parameters"] == model.count_params()
    assert (model.memory_size, model.memory_vector_dim, model.cell.controller.units) == (128, 20, 100)
    assert np.isfinite(model(np.zeros((1, 3, 9)))).all()
    assert sorted(path.name for path in out.iterdir()) == ["model.keras", "results.json"]


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ([], "the following arguments are required"),
        (["fly"], "invalid choice: 'fly'"),
        (["train", "copy"], "the following arguments are required: --out"),
        (["train", "sorting", "--out", "x"], "invalid choice: 'sorting'"),
        (["train", "copy", "--out", "x", "--seed", "-1"], "argument --seed: must be at least 0"),
        (["train", "copy", "--out", "x", "--seed", str(2**32)], "argument --seed: must be at least 0 and below 2**32"),
        (["train", "copy", "--out", "x", "--seed", "1.5"], "argument --seed: invalid int value: '1.5'"),
        (["train", "copy", "--out", "x", "--sequences", "0"], "argument --sequences: must be at least 1. Received: 0"),
        (["train", "copy", "--out", "x", "--spread-penalty", "-1"], "argument --spread-penalty: must be at least 0"),
        (["train", "copy", "--out", "x", "--spread-penalty", "nan"], "argument --spread-penalty: must be at least 0"),
        (["train", "copy", "--out", "x", "--sequences", "many"], "argument --sequences: invalid int value: 'many'"),
        (["train", "copy", "--out", "x", "--controller", "gru"], "argument --controller: invalid choice: 'gru'"),
        (["train", "copy", "--out", "a file/x"], "argument --out: "),
        (["train", "copy", "--out", "a file"], "argument --out: "),
    ],
)
def test_a_wrong_call_is_answered_with_one_clear_line_and_2(
    arguments: list[str], line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a file").write_text("")
    monkeypatch.setattr(training, "train", lambda *_, **__: pytest.fail("it must not train"))
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 2
    assert line in capsys.readouterr().err.splitlines()[-1]
    assert not (tmp_path / "x").exists(), "nothing may be written"


@pytest.mark.parametrize(("solved", "code"), [(True, 0), (False, 1)])
def test_the_exit_code_says_whether_it_learned(
    solved: bool, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: dict[str, Any] = {}

    def no_training(task: Any, **arguments: Any) -> training.TrainingRun:
        asked.update(arguments, task=task)
        results = {"final": {"bits": float("nan")}, "lengths": {"20": {"bits": 0.5}}, "seconds": 1.0, "solved": solved}
        return training.TrainingRun(arguments["model"](), results)

    monkeypatch.setattr(training, "train", no_training)
    assert main(["train", "copy", "--seed", "7", "--out", str(tmp_path), "--controller", "feed-forward"]) == code
    assert asked["seed"] == 7
    assert asked["progress"] is True
    assert asked["recipe"] == training.COPY_RECIPE
    assert NeuralTuringMachine.load(tmp_path / "model.keras").cell.controller.kind == "feed-forward"
    assert "20: 0.5" in capsys.readouterr().out
    assert json.loads((tmp_path / "results.json").read_text())["final"]["bits"] is None
