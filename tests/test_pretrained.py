"""The machines that are shipped: intact, small, and as good as their records say."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from ntm_lib import evaluate, load_pretrained, pretrained, pretrained_names, pretrained_results
from ntm_lib.recipes import Goal
from ntm_lib.tasks import TASKS

NAMES = pretrained_names()


def test_there_are_machines_and_they_are_small() -> None:
    assert {"copy-lstm", "copy-lstm-early", "copy-lstm-middle", "associative-recall-lstm"} <= set(NAMES)
    files = [path for path in pretrained.FOLDER.iterdir() if path.suffix in {".npz", ".json"}]
    assert sum(path.stat().st_size for path in files) < 2e6
    assert {path.stem for path in files} == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_machine_does_what_its_record_says(name: str) -> None:
    model, record = load_pretrained(name), pretrained_results(name)
    assert record["parameters"] == model.count_params()
    task = TASKS[record["task"]["name"]]()
    test = task.tests[0] if task.tests else {}
    measured = evaluate(model, task, **test)
    told = next(iter(record["tests"].values())) if record["tests"] else record["final"]
    if record["tests"]:  # the same hundred sequences
        assert measured["bits"] == pytest.approx(told["bits"], rel=0.05, abs=0.01)
    assert measured["right"] == pytest.approx(told["right"], abs=0.05)
    if record["solved"]:
        assert Goal(**record["goal"]).is_reached(record["final"])
        assert told["right"] > 0.9 or record["goal"]["limit"] > 1, "who is below a bit is hardly ever wrong"


def test_the_moments_of_one_training_get_better() -> None:
    bits = [pretrained_results(name)["final"]["bits"] for name in ("copy-lstm-early", "copy-lstm-middle", "copy-lstm")]
    assert bits == sorted(bits, reverse=True)
    assert bits[0] > 40
    assert bits[-1] < 0.1


def test_the_same_weights_pack_to_the_same_bytes() -> None:
    weights = [np.arange(6.0).reshape(2, 3), np.ones(2)]
    assert pretrained.packed(weights) == pretrained.packed(weights)


def test_an_unknown_name_is_told_with_the_nearest() -> None:
    with pytest.raises(ValueError, match=r"name must be one of .*Received: 'copy-ltsm'. Did you mean 'copy-lstm'"):
        load_pretrained("copy-ltsm")


def test_a_damaged_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for ending in ("npz", "json"):
        shutil.copy(pretrained.FOLDER / f"copy-lstm.{ending}", tmp_path)
    monkeypatch.setattr(pretrained, "FOLDER", tmp_path)
    load_pretrained("copy-lstm")
    path = tmp_path / "copy-lstm.npz"
    content = bytearray(path.read_bytes())
    content[1000] ^= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"copy-lstm.npz must have the checksum that copy-lstm.json states"):
        load_pretrained("copy-lstm")


def test_every_record_has_the_form_of_a_training() -> None:
    usual = set(pretrained_results("copy-lstm"))
    assert {"schema", "command", "seed", "curve", "final", "tests", "goal", "machine", "recipe", "sha256"} <= usual
    for name in NAMES:
        record = pretrained_results(name)
        assert set(record) - {"stopped_after"} == usual, name
        assert set(record["final"]) == {"bits", "optimal_bits", "wrong_bits", "right", "answered"}, name


def test_no_record_names_a_folder_of_one_machine() -> None:
    for name in NAMES:
        text = json.dumps(pretrained_results(name))
        assert not any(part in text for part in ("/tmp/", "/root/", "/home/", "/Users/", "/work/"))
