"""The deck's experiment on slide 13: what it times, what it returns, what it draws."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ntm_lib
from ntm_lib import scaling


def test_it_returns_a_positive_time_for_each_size_in_the_given_order() -> None:
    results = ntm_lib.experiment_memory_scaling(4, 3, [64, 8, 16], rounds=2, steps=3)
    assert [size for size, _ in results] == [64, 8, 16]
    assert all(seconds > 0 for _, seconds in results)


def test_the_clock_starts_after_a_first_call_and_the_rounds_go_in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock that only the calls move: the first call of each takes 100 seconds and must not count."""
    now, log = [0.0], []

    def call(name: str, seconds: list[float]) -> Callable[[], None]:
        def run() -> None:
            log.append(name)
            now[0] += seconds.pop(0)

        return run

    monkeypatch.setattr(scaling.time, "perf_counter", lambda: now[0])
    found = scaling.median_seconds([call("a", [100.0, 1.0, 9.0, 2.0]), call("b", [100.0, 4.0, 5.0, 6.0])], rounds=3)
    assert found == [2.0, 5.0]
    assert log == ["a", "b", *("a", "b") * 3]


def test_a_power_law_is_found_again() -> None:
    sizes = [16, 64, 128, 1024]
    assert scaling.fitted_exponent(sizes, [3e-4 * size**0.7 for size in sizes]) == pytest.approx(0.7)


def test_the_picture_shows_the_times_and_tells_the_exponent() -> None:
    results = [(10, 0.001), (100, 0.01), (1000, 0.1)]
    picture = ntm_lib.plot_scaling_results(results)
    (axis,) = picture.figure.axes
    np.testing.assert_allclose(axis.lines[0].get_xydata(), [[10, 1], [100, 10], [1000, 100]])
    assert (axis.get_xscale(), axis.get_yscale()) == ("log", "log")
    assert "from 1 at 10 to 100 at 1000, fitted exponent 1.00" in picture.alt
    both = ntm_lib.plot_scaling_results({"one": results, "two": [(10, 1.0), (20, 1.0)]}, xlabel="steps T")
    assert [text.get_text() for text in both.figure.axes[0].get_legend().get_texts()] == ["one", "two"]
    assert "two goes from 1e+03 at 10 to 1e+03 at 20, fitted exponent 0.00" in both.alt


def test_the_results_keep_every_round_of_which_they_tell_the_median() -> None:
    """So that the figures of chapter 13 can show the spread."""
    folder = Path(__file__).parents[1] / "benchmarks" / "results"
    scaling_rows = [row for rows in json.loads((folder / "scaling.json").read_text())["sizes"].values() for row in rows]
    sparse_rows = json.loads((folder / "sparse.json").read_text())["access"]
    kinds = [row[kind] for row in sparse_rows for kind in ("dense", "sparse", "indexed")]
    taken = [(row["cpu_rounds"], row["seconds"]) for row in scaling_rows] + [(k["rounds"], k["seconds"]) for k in kinds]
    assert len(taken) > 40
    for rounds, seconds in taken:
        assert len(rounds) >= 7
        assert seconds == pytest.approx(np.median(rounds), rel=1e-3)


WRONG: dict[str, tuple[Callable[[], Any], str]] = {
    "no sizes": (lambda: ntm_lib.experiment_memory_scaling(2, 2, []), "memory_sizes must hold at least one"),
    "size 0": (
        lambda: ntm_lib.experiment_memory_scaling(2, 2, [0]),
        "memory_sizes must be a whole number.*Received: 0",
    ),
    "rounds": (lambda: ntm_lib.experiment_memory_scaling(2, 2, [4], rounds=0), "rounds must be .*Received: 0"),
    "one size": (lambda: scaling.fitted_exponent([2, 2], [1, 1]), "at least two of them different sizes"),
    "zero time": (lambda: scaling.fitted_exponent([2, 4], [0, 1]), "must be equally many positive numbers"),
    "lengths": (lambda: scaling.fitted_exponent([2, 4], [1, 2, 3]), "must be equally many positive numbers"),
    "nothing drawn": (lambda: ntm_lib.plot_scaling_results({}), "results must hold at least one line"),
    "flat results": (lambda: ntm_lib.plot_scaling_results([1, 2]), r"results must have shape \[S, 2\]"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_argument_is_named_with_what_came(name: str) -> None:
    call, message = WRONG[name]
    with pytest.raises(ValueError, match=message):
        call()
