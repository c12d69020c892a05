"""The fair comparison with LSTMs, `benchmarks/comparison.py`: what "equal" means there, and what was committed."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))
import comparison

from ntm_lib import CopyTask

RESULTS = json.loads(comparison.RESULTS.read_text(encoding="utf-8"))
COPY = {each["entrant"]: each for each in RESULTS["tasks"]["copy, 1 to 10 vectors"]}


def test_equal_parameters_are_counted_in_the_model_itself() -> None:
    task = CopyTask(8, min_length=1, max_length=10)
    units = comparison.with_parameters(28_628, task)
    model = comparison.lstm(units)(task)
    model(np.zeros([1, 2, task.num_inputs], "float32"))
    assert abs(model.count_params() - 28_628) < 4 * units * 2
    assert comparison.state_numbers(model) == 2 * units


def test_the_state_of_the_machine_is_its_memory_its_heads_and_its_controller() -> None:
    machine = comparison.ntm(CopyTask(8))
    heads, reads, controller = 2 * comparison.SLOTS, comparison.WIDTH, 2 * comparison.UNITS
    assert comparison.state_numbers(machine) == comparison.SLOTS * comparison.WIDTH + heads + reads + controller


def test_neighbours_need_no_memory() -> None:
    inputs, targets, mask = comparison.NeighboursTask().sample(3, np.random.default_rng(0))
    assert mask.all()
    for step in range(20):
        for bit in range(8):
            assert (targets[:, step, bit] == (inputs[:, step, bit] != inputs[:, step, bit - 1])).all()


def test_nan_loses_among_the_pilots() -> None:
    assert comparison.best([{"bits": None, "rate": 1}, {"bits": 3.0, "rate": 2}])["rate"] == 2


def test_the_budgets_called_equal_are_equal() -> None:
    machine = COPY["NTM"]
    assert COPY["LSTM, equal parameters"]["parameters"] == pytest.approx(machine["parameters"], rel=0.02)
    assert COPY["LSTM, equal parameters"]["sequences"] == machine["sequences"]
    assert COPY["LSTM, equal state"]["state_numbers"] == pytest.approx(machine["state_numbers"], abs=1)
    spent = {name: np.median([run["cpu_seconds"] for run in each["runs"]]) for name, each in COPY.items()}
    assert spent["LSTM, equal time"] == pytest.approx(spent["NTM"], rel=0.25)
    assert all(len(each["runs"]) >= 5 for each in COPY.values())
