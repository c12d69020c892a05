"""The script that trains one machine in many ways, without its trainings, and the results that it has left."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))
import convergence

from ntm_lib import content_addressing, numerics, sharpen
from ntm_lib.recipes import COPY_RECIPE

PAIRS = {"heads even, memory random", "memory 0, cosine as printed"}
"""Ways that change two things, as their names say."""

RESULTS = sorted(convergence.RESULTS.parent.glob("convergence*.json"))
ADAM = ("learning_rate", "beta_1", "beta_2", "epsilon", "clipnorm", "clipvalue", "global_clipnorm", "weight_decay")


def settings(optimizer: keras.optimizers.Optimizer) -> dict[str, Any]:
    """What decides how an optimizer moves the weights."""
    config = optimizer.get_config()
    return {name: json.dumps(config[name], default=float) for name in ADAM if name in config}


def changes(way: convergence.Way) -> list[str]:
    """Everything in which a way differs from the base."""
    base, own = settings(convergence.WAYS["the base"].optimizer()), settings(way.optimizer())
    kind = type(way.optimizer())
    trained = [kind.__name__] if kind is not keras.optimizers.Adam else [n for n in base if base[n] != own[n]]
    return [*way.machine, *trained, *way.patches, *(["weights"] if way.weights != 1.0 else [])]


# --- the ways


def test_every_way_changes_one_thing_or_the_pair_that_it_names() -> None:
    assert changes(convergence.WAYS["the base"]) == []
    for name, way in list(convergence.WAYS.items())[1:]:
        assert len(changes(way)) == (2 if name in PAIRS else 1), name
        assert way.about, name
        assert not set(way.machine) - {*convergence.MACHINE, "initial_memory", "initial_weights", "dtype"}, name


def test_the_base_is_the_copy_recipe_at_another_rate_and_length() -> None:
    ours, recipe = settings(convergence.adam()), settings(COPY_RECIPE.optimizer())
    assert {name for name in recipe if ours[name] != recipe[name]} == {"learning_rate"}
    assert COPY_RECIPE.batch_size == convergence.BATCH


def test_the_rate_falls_to_zero_at_the_last_step() -> None:
    rate = convergence.adam().get_config()["learning_rate"]
    schedule = keras.optimizers.schedules.deserialize(rate) if isinstance(rate, dict) else rate
    assert float(schedule(0)) == pytest.approx(1e-2)
    assert float(schedule(convergence.STEPS)) == pytest.approx(0.0, abs=1e-9)


# --- other formulas in the place of the library's


def test_formulas_are_put_in_place_and_back() -> None:
    weights, memory, key = tf.fill([1, 32], 1 / 32), tf.zeros([1, 4, 3]), tf.ones([1, 3])

    def gradient() -> np.ndarray:
        with tf.GradientTape() as tape:
            tape.watch(memory)
            first = content_addressing(key, memory)[0, 0]
        return np.abs(tape.gradient(first, memory).numpy()).max()

    healthy = gradient()
    before = (numerics.power_normalise, numerics.norm, convergence.cell.INITIAL_MEMORY)
    for name, see in (("sharpening as printed", None), ("memory 0, cosine as printed", gradient)):
        with convergence.patched(convergence.WAYS[name].patches):
            if see:
                found = see()
                assert not found < 1e3 * healthy, "the gradient at a memory of zeros is huge or not a number"
                assert convergence.cell.INITIAL_MEMORY == 0.0
            else:
                assert not np.isfinite(sharpen(weights, 30.0)).any(), "typed as it stands, 0 is divided by 0"
        assert (numerics.power_normalise, numerics.norm, convergence.cell.INITIAL_MEMORY) == before
    assert np.isfinite(sharpen(weights, 30.0)).all()
    assert gradient() == healthy


def test_formulas_are_put_back_after_an_error() -> None:
    before = numerics.norm
    with pytest.raises(RuntimeError), convergence.patched({"norm": convergence.norm_as_printed}):
        assert numerics.norm is convergence.norm_as_printed
        raise RuntimeError
    assert numerics.norm is before


def test_what_does_not_exist_is_not_patched() -> None:
    with pytest.raises(AttributeError), convergence.patched({"nrom": None}):
        pass


# --- one run


@pytest.fixture
def trainer(monkeypatch: pytest.MonkeyPatch) -> convergence.Trainer:
    """A trainer of a tiny machine in three updates a chunk, of which there are two."""
    tiny = {"memory_size": 5, "memory_vector_dim": 3, "units": 4, "spread_penalty": 0.0}
    for name, value in {"MACHINE": tiny, "CHUNK": 3, "STEPS": 6}.items():
        monkeypatch.setattr(convergence, name, value)
    measured = {"bits": 0.05, "right": 1.0}
    monkeypatch.setattr(convergence, "evaluate", lambda *_, **__: measured)
    return convergence.Trainer(convergence.Way("start", weights=3.0))


def test_a_seed_is_drawn_afresh_and_only_its_kernels_are_enlarged(trainer: convergence.Trainer) -> None:
    trainer.reset(1)
    first = trainer.model.get_weights()
    for kernel, drawn in zip(first, trainer._fresh(1).get_weights(), strict=True):
        np.testing.assert_allclose(kernel, drawn * (3.0 if drawn.ndim == 2 else 1.0), rtol=1e-6)
    trainer.optimizer.apply_gradients([(tf.ones_like(v), v) for v in trainer.model.trainable_variables])
    trainer.reset(2)
    assert any((one != other).any() for one, other in zip(first, trainer.model.get_weights(), strict=True))
    trainer.reset(1)
    for one, again in zip(first, trainer.model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, again)
    assert int(trainer.optimizer.iterations) == 0
    for variable, value in zip(trainer.optimizer.variables, trainer.zero, strict=True):
        np.testing.assert_array_equal(variable, value, err_msg="it has seen nothing")


def test_a_run_is_judged_at_its_end(trainer: convergence.Trainer) -> None:
    losses = iter(([0.3, 0.2, 0.1], [0.06, 0.06, 0.06]))
    trainer.many = lambda *_: (tf.constant(next(losses)), tf.constant([1.0, 7.0, 2.0]))
    run = trainer.run(0)
    assert (run["status"], run["solved"], run["first_gradient_not_finite"]) == ("finished", True, None)
    assert (run["curve"], run["largest_gradient"]) == ([0.2, 0.06], 7.0)
    assert run["sequences_to_solve"] == 6 * convergence.BATCH
    assert set(run["tests"]) == {f"length {n}" for n in convergence.BEYOND}


def test_a_run_that_breaks_ends_there_and_says_where(trainer: convergence.Trainer) -> None:
    def broken(*_: Any) -> tuple[tf.Tensor, tf.Tensor]:
        trainer.model.set_weights([np.full_like(w, np.nan) for w in trainer.model.get_weights()])
        return tf.constant([0.01, 0.01, np.nan]), tf.constant([1.0, np.nan, np.nan])

    trainer.many = broken
    run = trainer.run(0)
    assert (run["status"], run["solved"], run["final"], run["tests"]) == ("not finite", False, None, None)
    assert (run["first_gradient_not_finite"], run["largest_gradient"], len(run["curve"])) == (1, 1.0, 1)
    assert "NaN" in convergence.line("a way", run)


# --- the runs of a way, and the report


class Pretender:
    """Stands for `Trainer`: notes which seeds it is asked for."""

    asked: list[int]

    def __init__(self, way: convergence.Way) -> None:
        self.way = way

    def run(self, seed: int) -> dict[str, Any]:
        self.asked.append(seed)
        tests = {f"length {n}": {"bits": 1.0, "right": 0.5} for n in convergence.BEYOND}
        told = {"sequences_to_solve": 500, "largest_gradient": 1.0, "cpu_seconds": 1.0, "tests": tests}
        return {"seed": seed, "solved": seed != 1, "final": {"bits": 0.01}, **told}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    monkeypatch.setattr(Pretender, "asked", [], raising=False)
    monkeypatch.setattr(convergence, "Trainer", Pretender)
    few = ("the base", "rate 0.1", "memory 0, cosine as printed")
    monkeypatch.setattr(convergence, "WAYS", {name: convergence.WAYS[name] for name in few})
    monkeypatch.setattr(keras.backend, "clear_session", lambda: None)
    return Pretender.asked


def test_a_run_that_is_there_is_not_trained_again(tmp_path: Path, asked: list[int]) -> None:
    name, way = "memory 0, cosine as printed", convergence.Way("")
    runs = convergence.train(name, way, tmp_path)
    assert asked == [0, 1, 2, 3, 4] == [run["seed"] for run in runs]
    assert convergence.train(name, way, tmp_path) == runs
    assert len(asked) == 5
    (tmp_path / "memory-0-cosine-as-printed_seed-3.json").unlink()
    assert convergence.train(name, way, tmp_path) == runs
    assert asked[5:] == [3], "only the one that is missing"


def test_no_two_ways_share_a_file() -> None:
    names = {"-".join(name.replace(",", "").split()) for name in convergence.WAYS}
    assert len(names) == len(convergence.WAYS)


def main(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    monkeypatch.setattr(sys, "argv", ["convergence.py", *arguments])
    convergence.main()


def test_all_ways_are_gathered_and_the_report_says_what_was_set(
    tmp_path: Path, asked: list[int], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    out = tmp_path / "out.json"
    main(monkeypatch, "--work", str(tmp_path), "--out", str(out))
    report = json.loads(out.read_text())
    assert [way["way"] for way in report["ways"]] == list(convergence.WAYS)
    assert len(asked) == 5 * len(convergence.WAYS)
    assert capsys.readouterr().out.count("4 of 5 learned") == len(convergence.WAYS)
    for path in RESULTS:
        committed = json.loads(path.read_text())
        assert {key: committed[key] for key in ("command", "settings")} == {
            key: report[key] for key in ("command", "settings")
        }, path.name
        assert set(committed["machine"]) == set(report["machine"])


def test_a_part_of_the_ways_is_not_gathered(tmp_path: Path, asked: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "out.json"
    main(monkeypatch, "--work", str(tmp_path), "--only", "rate 0.1", "--out", str(out))
    assert len(asked) == 5
    assert not out.exists()


# --- what was left


@pytest.mark.parametrize("path", RESULTS, ids=lambda path: path.stem)
def test_the_results_are_those_of_this_script(path: Path) -> None:
    """Every way with all its seeds, and each run in agreement with itself."""
    ways = json.loads(path.read_text())["ways"]
    assert [(way["way"], way["about"]) for way in ways] == [(n, way.about) for n, way in convergence.WAYS.items()]
    for way in ways:
        assert [run["seed"] for run in way["runs"]] == list(convergence.SEEDS), way["way"]
        for run in way["runs"]:
            finite = run["status"] == "finished"
            assert (run["final"] is not None) == (run["tests"] is not None) == finite
            assert run["solved"] == (finite and run["final"]["bits"] < convergence.LEARNED)
            points = convergence.STEPS // convergence.CHUNK
            assert len(run["curve"]) == points if finite else len(run["curve"]) <= points
            below = [i for i, bits in enumerate(run["curve"]) if bits is not None and bits < convergence.LEARNED]
            first = (below[0] + 1) * convergence.CHUNK * convergence.BATCH if below else None
            assert run["sequences_to_solve"] == first
            assert finite or run["first_gradient_not_finite"] is not None


def test_there_is_something_to_check() -> None:
    assert convergence.RESULTS in RESULTS
