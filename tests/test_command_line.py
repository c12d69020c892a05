"""`python -m ntm_lib`: what it writes, what it answers to a wrong call, and its exit codes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ntm_lib import CopyTask, NeuralTuringMachine, Trace, runs, several
from ntm_lib.__main__ import main
from ntm_lib.recipes import FEED_FORWARD_COPY_RECIPE


@pytest.fixture(autouse=True)
def own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command sets variables for TensorFlow, which must not reach other tests."""
    monkeypatch.setattr(os, "environ", os.environ.copy())


@pytest.mark.slow
def test_two_seeds_train_at_once_and_write_results_and_weights_that_load(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "a new" / "folder"
    arguments = ["train", "copy", "--sequences", "200", "--spread-penalty", "0.5"]
    command = [sys.executable, "-m", "ntm_lib", *arguments, "--seed", "5", "--seeds", "2", "--out", str(out)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1, f"200 sequences are not enough to learn it: {done.stderr}"
    assert done.stdout.count("bits a sequence after 200 sequences") == 2
    assert sorted(line for line in done.stdout.splitlines() if line.startswith("seed")) == [
        "seed 5 did not learn",
        "seed 6 did not learn",
    ]
    first, second = (json.loads((out / f"seed-{seed}" / "results.json").read_text()) for seed in (5, 6))
    assert (first["seed"], second["seed"]) == (5, 6)
    assert first["curve"] != second["curve"]
    if sys.platform == "linux":
        assert first["machine"]["cores"] == second["machine"]["cores"] == 1
    described(first, out / "seed-5")

    one = [*arguments, "--seed", "5", "--out", str(out / "seed-5"), "--resume"]
    assert main(one) == 1
    assert capsys.readouterr().out == f"{out / 'seed-5'} holds a finished run: nothing to do\n"
    with pytest.raises(SystemExit):
        main([*one, "--sequences", "800"])
    assert "begun with other settings: recipe.sequences was 200 and is now 800" in capsys.readouterr().err


def described(results: dict[str, Any], folder: Path) -> None:
    """Assert that a run's results say what was asked, and that its folder holds what they describe."""
    assert results["command"].startswith("python -m ntm_lib train copy ")
    assert " --sequences 200 --spread-penalty 0.5 --seed 5 --out '" in results["command"], (
        "a path with a blank is quoted"
    )
    assert results["model"]["spread_penalty"] == 0.5
    assert results["recipe"]["sequences"] == results["curve"][-1]["sequences"] == 200
    assert set(results["tests"]) == {"length 20", "length 40", "length 80", "length 120"}
    assert results["solved"] is False
    model = NeuralTuringMachine.load(folder / "model.keras")
    assert results["parameters"] == model.count_params()
    assert (model.memory_size, model.memory_vector_dim, model.cell.controller.units) == (128, 20, 100)
    assert np.isfinite(model(np.zeros((1, 3, 9)))).all()
    files = {path.name for path in folder.iterdir()}
    assert files - {"tensorboard"} == {"log.csv", "model.keras", "results.json"}, "the checkpoint is gone"


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ([], "the following arguments are required"),
        (["fly"], "invalid choice: 'fly'"),
        (["train", "copy"], "the following arguments are required: --out"),
        (["train", "copi", "--out", "x"], "argument task: task must be one of 'copy', "),
        (["train", "copi", "--out", "x"], "Received: 'copi'. Did you mean 'copy'?"),
        (["train", "copy", "--out", "x", "--seeds", "0"], "argument --seeds: must be at least 1"),
        (["train", "copy", "--out", "x", "--jobs", "0"], "argument --jobs: must be at least 1"),
        (["evaluate", "copy", "no.keras"], "filepath must name a saved model. Received: 'no.keras'"),
        (["evaluate", "copy", "a file"], "filepath must be a file that SequenceModel.save wrote. Received a file"),
        (["evaluate", "copy", "copy-ltsm"], "Received: 'copy-ltsm'. Did you mean 'copy-lstm' or "),
        (["trace", "copy", "trained.kera", "--out", "x"], "which does not exist. Did you mean 'trained.keras'?"),
        (["evaluate", "copy", "a file", "length"], "argument difficulty: must be a name and a whole number such as"),
        (["trace", "copy", "no.keras"], "the following arguments are required: --out"),
        (["train", "copy", "--out", "x", "--seed", "-1"], "argument --seed: must be at least 0"),
        (["train", "copy", "--out", "x", "--seed", str(2**32)], "argument --seed: must be at least 0 and below 2**32"),
        (["train", "copy", "--out", "x", "--seed", "1.5"], "argument --seed: must be a whole number. Received: '1.5'"),
        (["train", "copy", "--out", "x", "--sequences", "0"], "argument --sequences: must be at least 1 and below"),
        (
            ["train", "copy", "--out", "x", "--spread-penalty", "-1"],
            "argument --spread-penalty: must be a number of at least 0",
        ),
        (
            ["train", "copy", "--out", "x", "--spread-penalty", "nan"],
            "argument --spread-penalty: must be a number of at least 0",
        ),
        (
            ["train", "copy", "--out", "x", "--sequences", "many"],
            "argument --sequences: must be a whole number. Received: 'many'",
        ),
        (
            ["train", "copy", "--out", "x", "--controller", "gru"],
            "controller must be one of 'lstm', 'feed-forward', 'lstm-baseline'. Received",
        ),
        (["train", "copy", "--out", "a file/x"], "argument --out: "),
        (["train", "copy", "--out", "a file"], "argument --out: "),
    ],
)
def test_a_wrong_call_is_answered_with_one_clear_line_and_2(
    arguments: list[str], line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("a file", "trained.keras"):
        (tmp_path / name).write_text("")
    monkeypatch.setattr(runs, "train", lambda *_, **__: pytest.fail("it must not train"))
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 2
    assert line in capsys.readouterr().err.splitlines()[-1]
    assert not list((tmp_path / "x").glob("*")), "nothing may be written"


@pytest.mark.parametrize(("solved", "code"), [(True, 0), (False, 1)])
def test_the_exit_code_says_whether_it_learned(
    solved: bool, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: dict[str, Any] = {}

    def no_training(task: Any, **arguments: Any) -> runs.TrainingRun:
        asked.update(arguments, task=task)
        results = {
            "final": {"bits": float("nan"), "optimal_bits": 0.0, "right": 0.25},
            "tests": {"length 20": {"bits": 0.5}},
            "recipe": {"sequences": 40_000},
            "seconds": 1.0,
            "solved": solved,
            "status": "finished",
        }
        return runs.TrainingRun(arguments["model"](), results)

    monkeypatch.setattr(runs, "train", no_training)
    assert main(["train", "copy", "--seed", "7", "--out", str(tmp_path), "--controller", "feed-forward"]) == code
    assert asked["seed"] == 7
    assert asked["progress"] is True
    assert asked["recipe"] == FEED_FORWARD_COPY_RECIPE
    assert NeuralTuringMachine.load(tmp_path / "model.keras").cell.controller.kind == "feed-forward"
    assert "length 20: 0.5" in capsys.readouterr().out
    assert json.loads((tmp_path / "results.json").read_text())["final"]["bits"] is None


def finished(*_: Any, **arguments: Any) -> runs.TrainingRun:
    """Stands for a training that ended."""
    results = {
        "final": {"bits": 0.0, "optimal_bits": 0.0, "right": 1.0},
        "tests": {},
        "recipe": {"sequences": 40_000},
        "seconds": 1.0,
        "solved": True,
        "status": "finished",
    }
    return runs.TrainingRun(arguments["model"](), results)


def test_a_disk_that_is_full_at_the_end_leaves_no_results_without_a_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full_disk(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(runs, "train", finished)
    arguments = ["train", "copy", "--out", str(tmp_path), "--quiet"]
    with monkeypatch.context() as patch, pytest.raises(SystemExit):
        patch.setattr(NeuralTuringMachine, "save", full_disk)
        main(arguments)
    assert "error: [Errno 28] No space left on device" in capsys.readouterr().err
    assert not list(tmp_path.iterdir()), "else it would be taken for a finished run"
    assert main([*arguments, "--resume"]) == 0
    (tmp_path / "model.keras").unlink()
    assert main([*arguments, "--resume"]) == 0, "results alone are not a finished run either"
    assert (tmp_path / "model.keras").exists()


def test_a_machine_that_is_shipped_goes_by_its_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", "copy", "copy-lstm", "length=5", "--sequences", "5"]) == 0
    assert json.loads(capsys.readouterr().out)["right"] == 1.0
    assert main(["trace", "copy", "copy-lstm", "length=5", "--out", str(tmp_path / "trace.json")]) == 0
    for wrong in (tmp_path, tmp_path / "nowhere" / "trace.json"):
        with pytest.raises(SystemExit):
            main(["trace", "copy", "copy-lstm", "length=5", "--out", str(wrong)])
        assert str(wrong) in capsys.readouterr().err.splitlines()[-1]


def test_a_seed_that_was_killed_is_no_success(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def one_is_killed(command: list[str], **_: Any) -> Any:
        return subprocess.CompletedProcess(command, -9 if command[command.index("--seed") + 1] == "1" else 0)

    monkeypatch.setattr(several.subprocess, "run", one_is_killed)
    assert main(["train", "copy", "--seeds", "2", "--jobs", "1", "--out", str(tmp_path)]) == 137
    assert capsys.readouterr().out == "seed 0 learned\nseed 1 was ended by signal 9\n"


def test_an_interrupted_run_says_how_to_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    results = {"status": "interrupted", "curve": [{"sequences": 3000, "bits": 9.0}], "solved": False}
    monkeypatch.setattr(runs, "train", lambda *_, **__: runs.TrainingRun(None, results))
    assert main(["train", "copy", "--out", str(tmp_path)]) == 130
    assert "interrupted after 3,000 sequences; go on with: python -m ntm_lib train copy" in capsys.readouterr().out
    assert json.loads((tmp_path / "results.json").read_text())["status"] == "interrupted"
    assert not (tmp_path / "model.keras").exists()


def test_list_shows_what_can_be_trained(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any(line.split()[:3] == ["copy", "lstm", "40,000"] for line in lines)


def test_evaluate_and_trace_read_a_saved_machine(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "model.keras"
    NeuralTuringMachine(9, 8, 8, 4, units=6).save(path)
    assert main(["evaluate", "copy", str(path), "length=3", "--sequences", "5"]) == 0
    measured = json.loads(capsys.readouterr().out)
    assert measured["difficulty"] == {"length": 3}
    assert 10 < measured["bits"] < 40
    assert main(["trace", "copy", str(path), "length=3", "--out", str(tmp_path / "trace.json")]) == 0
    trace = Trace.from_json((tmp_path / "trace.json").read_text())
    expected = CopyTask().sample(1, np.random.default_rng(1_000_000), length=3)
    np.testing.assert_array_equal(trace.inputs, expected.inputs)
    with pytest.raises(SystemExit):
        main(["evaluate", "repeat-copy", str(path)])
    assert "model must have num_inputs and num_outputs (10, 9)" in capsys.readouterr().err


def test_a_process_stays_on_the_core_it_was_given(monkeypatch: pytest.MonkeyPatch) -> None:
    pinned: list[Any] = []
    monkeypatch.setattr(os, "sched_setaffinity", lambda process, cores: pinned.append((process, cores)), raising=False)
    several.stay_on_core()
    monkeypatch.setitem(os.environ, several.CORE, "1")
    several.stay_on_core()
    assert pinned == [(0, {1})]


def test_an_interrupt_begins_no_other_seed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[str] = []

    def interrupted(command: list[str], **_: Any) -> Any:
        begun.append(command[command.index("--seed") + 1])
        time.sleep(0.2)
        raise KeyboardInterrupt

    monkeypatch.setattr(several.subprocess, "run", interrupted)
    assert main(["train", "copy", "--seeds", "9", "--jobs", "1", "--out", str(tmp_path)]) == 130
    assert len(begun) <= 2, "the first one, and at most the one that its thread took up at once"
