"""Whole training runs: what they report, that they go on bit for bit, and that failures are kept."""

from __future__ import annotations

import errno
import json
import math
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from ntm_lib import (
    AssociativeRecallTask,
    CopyTask,
    Goal,
    KeyValueTask,
    NeuralTuringMachine,
    NGramsTask,
    PrioritySortTask,
    Recipe,
    RepeatCopyTask,
    TrainingRun,
    evaluate,
    train,
)
from ntm_lib.checkpoints import Checkpoint, check_settings, write_results
from ntm_lib.data import Curriculum, TrainingData
from ntm_lib.runs import run_settings
from ntm_lib.tasks import Task

TASK = CopyTask(2, min_length=1, max_length=2)
TINY = Recipe(
    sequences=300, batch_size=4, learning_rate=1e-2, clip_norm=10.0, steps_per_execution=4, sequences_per_epoch=80
)  # five calls an epoch, so that it can be interrupted within one
TESTS = ({"length": 1}, {"length": 4})


def machine() -> NeuralTuringMachine:
    return NeuralTuringMachine(3, 2, 6, 4, controller="feed-forward", units=8, name="machine")


def run(**changes: Any) -> TrainingRun:
    return train(TASK, **{"seed": 3, "recipe": TINY, "model": machine, "tests": TESTS, "progress": False, **changes})


@pytest.fixture(scope="module")
def whole() -> TrainingRun:
    """A run from its beginning to its end."""
    return run()


def test_a_run_is_described_completely(whole: TrainingRun) -> None:
    model, results = whole
    assert set(results) == {
        *("schema", "status", "task", "seed", "model", "parameters", "recipe", "machine", "seconds"),
        *("first_step_seconds", "curve", "goal", "sequences_to_solve", "final", "tests", "solved"),
    }
    assert (results["seed"], results["parameters"]) == (3, model.count_params())
    assert results["task"] == {"name": "copy", "length": [1, 2]}
    assert results["recipe"]["sequences"] == 300
    assert results["model"]["units"] == 8
    assert results["model"]["class"] == "NeuralTuringMachine"
    assert set(results["machine"]) == {"python", "tensorflow", "keras", "numpy", "system", "architecture", "cores"}
    assert set(results["tests"]) == {"length 1", "length 4"}
    measures = {"bits", "optimal_bits", "wrong_bits", "right", "answered"}
    assert all(set(each) == measures for each in (results["final"], *results["tests"].values()))
    assert results["status"] == "finished"
    assert results["goal"] == {"measure": "bits", "limit": 0.01}
    assert results["solved"] is (results["final"]["bits"] < 0.01)
    json.dumps(results)


def test_exactly_the_recipes_sequences_are_shown(whole: TrainingRun) -> None:
    model, results = whole
    assert int(model.optimizer.iterations) == 75  # 300 sequences in batches of 4, which is no multiple of the 4 at once
    assert [point["sequences"] for point in results["curve"]] == [80, 160, 240, 300]
    assert float(model.optimizer.learning_rate) == 0.0


def equal(one: TrainingRun, other: TrainingRun) -> None:
    """Assert that two runs agree in every bit."""
    for name in ("curve", "tests", "final", "sequences_to_solve", "status"):
        assert one.results[name] == other.results[name]
    for a, b in zip(one.model.get_weights(), other.model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    for a, b in zip(one.model.optimizer.variables, other.model.optimizer.variables, strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy())


def test_training_helps(whole: TrainingRun) -> None:
    keras.utils.set_random_seed(3)
    assert whole.results["final"]["bits"] < evaluate(machine(), TASK, sequences=1000)["bits"] - 0.1


def test_the_tasks_own_tests_are_the_default_and_a_goal_decides_what_counts_as_learned(tmp_path: Path) -> None:
    # there is no checkpoint, so that to resume is to begin
    results = run(tests=None, goal=Goal("bits", 100.0), folder=tmp_path, resume=True).results
    assert results["status"] == "finished"
    assert set(results["tests"]) == {"length 20", "length 40", "length 80", "length 120"}
    assert results["solved"] is True


# --- stopping and going on


class Interrupt(keras.callbacks.Callback):
    """Presses Ctrl-C in the middle of an epoch, `times` times."""

    def __init__(self, after: int, times: int = 1) -> None:
        super().__init__()
        self.after, self.times = after, times

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        if int(self.model.optimizer.iterations) == self.after:
            for _ in range(self.times):
                os.kill(os.getpid(), signal.SIGINT)


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run that was interrupted in its second epoch."""
    folder = tmp_path_factory.mktemp("stopped")
    handler = signal.getsignal(signal.SIGINT)
    first = run(folder=folder, callbacks=[Interrupt(28)])
    assert signal.getsignal(signal.SIGINT) is handler
    assert first.results["status"] == "interrupted"
    assert [point["sequences"] for point in first.results["curve"]] == [80, 160], "the epoch was brought to its end"
    assert first.results["solved"] is False
    assert "final" not in first.results
    return folder


def test_an_interrupted_run_goes_on_bit_for_bit(
    whole: TrainingRun, stopped: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = shutil.copytree(stopped, tmp_path / "run")
    second = run(folder=folder, resume=True, progress=True, callbacks=[Interrupt(48)])
    assert len(second.results["curve"]) == 3
    assert "ends with this epoch: " in capsys.readouterr().err
    last = run(folder=folder, resume=True, callbacks=[Interrupt(72)])
    equal(last, whole)  # an interrupt in the last epoch changes nothing
    assert list((folder / "tensorboard" / "train").iterdir()), "written where TensorBoard is installed, as here"
    table = (folder / "log.csv").read_text().splitlines()
    assert [line.split(",")[0] for line in table] == ["epoch", "0", "1", "2", "3"]
    again = run(folder=folder, resume=True)
    equal(again, whole)


def test_a_second_interrupt_ends_it_at_once(stopped: Path, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        run(folder=shutil.copytree(stopped, tmp_path / "run"), resume=True, callbacks=[Interrupt(48, times=2)])


class Stages(RepeatCopyTask):
    curriculum = ({"length": 1, "repeats": 1}, {"length": (1, 2), "repeats": 1})


class Grows(CopyTask):
    curriculum = ({"length": 1}, {"length": (1, 2)})


def staged(**changes: Any) -> TrainingRun:
    task = Grows(1, max_length=2)
    recipe = replace(TINY, advance_below=1000.0, review=0.3)

    def small() -> NeuralTuringMachine:
        return NeuralTuringMachine(2, 1, 6, 4, controller="feed-forward", units=8)

    return train(task, seed=1, recipe=recipe, model=small, tests=(), progress=False, **changes)


def test_a_curriculum_advances_by_the_loss_and_goes_on_where_it_was(tmp_path: Path) -> None:
    whole = staged()
    assert [point["stage"] for point in whole.results["curve"]] == [0, 1, 2, 2]
    staged(folder=tmp_path, callbacks=[Interrupt(28)])
    equal(staged(folder=tmp_path, resume=True), whole)


def test_a_stage_is_left_when_the_loss_is_near_the_optimum_of_that_stage() -> None:
    task = NGramsTask(4, length=20)
    data = TrainingData(task, replace(TINY, advance_below=1.0), seed=0)
    assert data.stages == [{"n": 2}, {"n": 3}, {}]
    curriculum = Curriculum(data, 1.0)
    optima = [task.optimal_bits(task.sample(1000, np.random.default_rng(0), n=n), n=n).mean() for n in (2, 3)]
    assert optima[1] > optima[0] + 0.5
    for stage, optimum in enumerate(optima):
        assert data.stage == stage
        curriculum.on_epoch_end(0, {"loss": optimum + 2.5})
        assert data.stage == stage
        curriculum.on_epoch_end(1, {"loss": optimum + 0.2})
    assert data.stage == 2
    curriculum.on_epoch_end(2, {"loss": 0.0})
    assert data.stage == 2, "there is nothing after the task itself"


def test_a_small_task_has_only_the_stages_that_are_not_beyond_it() -> None:
    recipe = replace(TINY, advance_below=1.0)
    assert TrainingData(KeyValueTask(12, 4, 30), recipe, 0).stages == [*KeyValueTask.curriculum[:4], {}]
    assert TrainingData(RepeatCopyTask(8, max_length=3, max_repeats=10), recipe, 0).stages[-2]["length"] == (1, 3)


def test_a_stage_shows_its_own_sequences_and_reviews_earlier_ones() -> None:
    data = TrainingData(Stages(1, max_length=2, max_repeats=2), replace(TINY, advance_below=1.0, review=0.3), seed=0)

    batches = data.fit_arguments()["x"]

    def asked() -> np.ndarray:
        return np.concatenate([mask.numpy().sum(axis=1) for _, _, mask in batches])

    assert set(asked()) == {2.0}, "one vector once and the end marker"
    data.stage = 2
    counts = np.bincount(asked().astype(int))
    assert counts[5] > 0, "two vectors twice"
    assert sum(1 for _ in batches) == 20
    data.on_epoch_begin(3)
    assert sum(1 for _ in batches) == 15, "the last epoch is shorter"


OTHERS: dict[str, tuple[dict[str, Any], str]] = {
    "seed": ({"seed": 4}, r"seed was 3 and is now 4"),
    "recipe": ({"recipe": replace(TINY, learning_rate=0.5)}, r"recipe.learning_rate was 0.01 and is now 0.5"),
    "machine": (
        {"model": lambda: NeuralTuringMachine(3, 2, 7, 4, controller="feed-forward", units=8)},
        r"model.memory_size was 6 and is now 7",
    ),
}


@pytest.mark.parametrize("name", OTHERS)
def test_a_run_that_was_begun_otherwise_is_not_resumed(name: str, stopped: Path) -> None:
    changes, message = OTHERS[name]
    with pytest.raises(ValueError, match=f"begun with other settings: {message}$"):
        run(**{"folder": stopped, "resume": True, **changes})


@pytest.mark.parametrize(
    ("name", "usual", "other"),
    [
        ("item_length", AssociativeRecallTask(2), AssociativeRecallTask(2, item_length=2, max_items=6)),
        ("answers", PrioritySortTask(4), PrioritySortTask(4, answers=3)),
    ],
)
def test_what_neither_a_width_nor_a_difficulty_tells_is_a_setting_too(name: str, usual: Task, other: Task) -> None:
    model = NeuralTuringMachine(4, 2, 6, 4, units=8)
    now = run_settings(other, 3, model, TINY)
    with pytest.raises(ValueError, match=rf"begun with other settings: task.{name} was None and is now \d$"):
        check_settings("a folder", run_settings(usual, 3, model, TINY), now)


@pytest.mark.parametrize("file", ["state.json", "model.weights.h5"])
def test_a_damaged_checkpoint_is_told(file: str, stopped: Path, tmp_path: Path) -> None:
    shutil.copytree(stopped, tmp_path / "run")
    path = tmp_path / "run" / "checkpoint" / file
    path.write_bytes(path.read_bytes()[:50])
    with pytest.raises(ValueError, match=r"the checkpoint .* is damaged"):
        run(folder=tmp_path / "run", resume=True)


def test_resuming_needs_a_folder() -> None:
    with pytest.raises(ValueError, match=r"folder must be given to resume a run. Received: None"):
        run(resume=True)


# --- the disk


def full_disk(*_: Any, **__: Any) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_leaves_the_last_checkpoint_and_does_not_end_the_training(
    stopped: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = shutil.copytree(stopped, tmp_path / "run")
    before = {path.name: path.read_bytes() for path in (folder / "checkpoint").iterdir()}
    monkeypatch.setattr(keras.Model, "save", full_disk)
    with pytest.warns(UserWarning, match=r"no checkpoint could be written, the last one stays: .*No space left"):
        finished = run(folder=folder, resume=True)
    assert finished.results["status"] == "finished"
    assert {path.name: path.read_bytes() for path in (folder / "checkpoint").iterdir()} == before
    assert [path.name for path in folder.iterdir() if "writing" in path.name] == []


FULL = """
import json, resource, signal, sys
from pathlib import Path
from ntm_lib import NeuralTuringMachine
from ntm_lib.checkpoints import Checkpoint, write_results

folder, limit = Path(sys.argv[1]), int(sys.argv[2])
model = NeuralTuringMachine(3, 2, 16, 8, controller="feed-forward", units=200)
model.compile("adam")
model.optimizer.build(model.trainable_variables)
checkpoint = Checkpoint(folder / "checkpoint")
checkpoint.save(model, {"settings": {}, "number": 1})
write_results({"number": 1}, folder / "results.json")
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
for write in (
    lambda: checkpoint.save(model, {"settings": {}, "number": 2}),
    lambda: model.save(folder / "model.keras"),
    lambda: write_results({"number": ["much"] * limit}, folder / "results.json"),
):
    try:
        write()
    except OSError as error:
        print("refused", error.errno)
print(checkpoint.restore(model, {})["number"], json.loads((folder / "results.json").read_text())["number"])
print(sorted(path.name for path in folder.iterdir()))
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="a limit on the size of files, which stands for a full disk")
@pytest.mark.parametrize("limit", [20_000, 150_000])
def test_a_write_that_breaks_off_leaves_what_was_there_and_the_process_alive(limit: int, tmp_path: Path) -> None:
    """HDF5 would end the process if it met the end of the disk by itself."""
    command = [sys.executable, "-c", FULL, str(tmp_path), str(limit)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    refused = f"refused {errno.EFBIG}"
    assert done.stdout.splitlines() == [refused, refused, refused, "1 1", "['checkpoint', 'results.json']"]


def test_a_process_that_dies_between_two_moves_leaves_a_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkpoint, model, settings = Checkpoint(tmp_path / "checkpoint"), machine(), {"seed": 3}
    model.compile(TINY.optimizer())
    checkpoint.save(model, {"settings": settings, "number": 1})
    rename, calls = Path.rename, iter([True, False])

    def dies(path: Path, target: Path) -> Any:
        if next(calls):
            return rename(path, target)
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "rename", dies)
    with pytest.raises(KeyboardInterrupt):
        checkpoint.save(model, {"settings": settings, "number": 2})
    monkeypatch.undo()
    assert checkpoint.exists()
    assert checkpoint.restore(model, settings)["number"] == 1
    checkpoint.save(model, {"settings": settings, "number": 3})
    assert checkpoint.restore(model, settings)["number"] == 3
    checkpoint.remove()
    assert not list(tmp_path.iterdir())
    with pytest.raises(FileNotFoundError, match="there is no checkpoint to resume"):
        checkpoint.restore(model, settings)


# --- failures


def test_a_run_that_meets_nan_is_reported_and_not_raised(tmp_path: Path) -> None:
    def poisoned() -> NeuralTuringMachine:
        model = machine()
        model.cell.controller.output_bias.assign([np.nan, 0.0])
        return model

    result = run(model=poisoned, folder=tmp_path)
    assert result.results["status"] == "not finite"
    assert result.results["solved"] is False
    assert math.isnan(result.results["final"]["bits"])
    assert result.results["final"]["right"] == 0.0
    assert int(result.model.optimizer.iterations) == 4, "it stops after the first program"
    write_results(result.results, tmp_path / "results.json")
    text = (tmp_path / "results.json").read_text()
    assert json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))["final"]["bits"] is None
    assert run(model=poisoned, folder=tmp_path, resume=True).results["status"] == "not finite"


def test_a_failed_write_leaves_the_old_results(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    write_results({"bits": 1.5, "curve": [{"bits": 2.0}]}, path)
    before = path.read_bytes()
    with pytest.raises(TypeError):
        write_results({"bits": object()}, path)
    assert path.read_bytes() == before
    assert json.loads(before) == {"bits": 1.5, "curve": [{"bits": 2.0}]}


WRONG: dict[str, tuple[Callable[[], Any], str]] = {
    "no task": (lambda: train("copy"), r"task must be a task such as CopyTask\(\). Received: 'copy'"),
    "no model": (lambda: run(model=lambda: 3), r"model must make a SequenceModel. Received a function that made: 3"),
    "a test of nothing": (lambda: run(tests=[{"length": 0}]), r"length must be .*at least 1. Received: 0"),
    "a test of another task": (lambda: run(tests=[{"items": 3}]), r"difficulty must be one of 'length'. Received: 'it"),
    "the class of a task": (lambda: train(CopyTask), r"task must be a task such as CopyTask\(\). Received: <class"),
    "no recipe": (lambda: run(recipe=40_000), r"recipe must be a Recipe. Received: 40000"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_argument_is_named_with_what_came(name: str) -> None:
    call, message = WRONG[name]
    with pytest.raises(ValueError, match=message):
        call()
