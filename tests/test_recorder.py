"""A training that is watched: what is recorded and when, what of it a page keeps, what is refused, what is kept."""

from __future__ import annotations

import contextlib
import html
import json
import os
import re
import shutil
import subprocess
import sys
import types
import warnings
from collections.abc import Callable
from functools import cache
from typing import Any

import keras
import nbformat
import numpy as np
import pytest
from machines import MANY_HEADS, answers, batch, small
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook

import ntm_lib
from ntm_lib import CopyTask, NeuralTuringMachine, Recipe, TrainingRecorder, bits_per_sequence, record, train
from ntm_lib.inspector import driven, modules, moments, recorder

SEQUENCES, STEPS = 40, 5
DATA = {"x": batch(SEQUENCES, STEPS), "y": answers(SEQUENCES, STEPS), "sample_weight": np.ones([SEQUENCES, STEPS])}
PROBE = (batch(3, STEPS, seed=7), answers(3, STEPS, seed=8), np.array([[0, 0, 1, 1, 1]] * 3))
VIEW = "application/vnd.jupyter.widget-view+json"


def machine(seed: int = 0, **changes: Any) -> NeuralTuringMachine:
    model = small(seed, **changes)
    model.compile(keras.optimizers.Adam(0.01), jit_compile=False)
    return model


def fit(model: NeuralTuringMachine, watched: TrainingRecorder, *more: Any, epochs: int = 2, **options: Any) -> None:
    model.fit(**DATA, batch_size=4, epochs=epochs, verbose=0, shuffle=False, callbacks=[watched, *more], **options)


@cache
def traced(seed: int = 0, **changes: Any) -> NeuralTuringMachine:
    """A machine that several tests share: to trace one takes seconds."""
    return machine(seed, **changes)


def driven_by_hand(
    model: NeuralTuringMachine, watched: TrainingRecorder, *, stop: int | None = None, spoil: int | None = None
) -> None:
    """One epoch of ten batches of four as `fit` tells its callbacks of it; the weights move, but nothing is traced."""
    (loss,) = model.metrics
    watched.set_model(model)
    watched.on_train_begin()
    loss.reset_state()
    watched.on_epoch_begin(0)
    for place in range(10):
        weights = model.trainable_variables[0]
        weights.assign(weights * (np.nan if place == spoil else 1.01))
        loss.update_state(1.0, sample_weight=4)
        watched.on_train_batch_end(place)
        if place == stop:
            raise KeyboardInterrupt
    watched.on_epoch_end(0)
    watched.on_train_end()


@pytest.fixture(scope="module")
def finished() -> TrainingRecorder:
    """Two epochs of ten batches of four, recorded every sixteen sequences."""
    watched = TrainingRecorder(*PROBE, every=16, example=1, title="t", step=2)
    fit(machine(), watched)
    return watched


def sequences(watched: TrainingRecorder) -> list[int]:
    return [moment.sequences for moment in watched.moments]


# --- when, and what


def test_it_records_before_every_so_often_and_at_the_end(finished: TrainingRecorder) -> None:
    assert sequences(finished) == [0, 16, 32, 48, 64, 80]


def test_a_moment_holds_what_the_machine_did_then(finished: TrainingRecorder) -> None:
    """The first is that of the untrained machine, the last that of the trained one; the error is that of all."""
    trained: Any = finished.model
    for moment, model in ((finished.moments[0], machine()), (finished.moments[-1], trained)):
        whole = record(model, *PROBE)
        assert moment.trace.inputs.shape == (1, STEPS, 3)
        for name in ("inputs", "logits", "memory", "targets", "mask"):
            np.testing.assert_allclose(getattr(moment.trace, name), getattr(whole, name)[1:2], atol=1e-6)
        np.testing.assert_allclose(moment.trace.read.weights, whole.read.weights[1:2], atol=1e-6)
        assert moment.trace.read.add is None
        assert moment.bits == pytest.approx(float(bits_per_sequence(PROBE[1], whole.logits, PROBE[2])), rel=1e-5)
    assert finished.moments[-1].bits != finished.moments[0].bits


def test_watching_does_not_change_the_training(finished: TrainingRecorder) -> None:
    alone: Any = machine()
    alone.fit(**DATA, batch_size=4, epochs=2, verbose=0, shuffle=False)
    watched: Any = finished.model
    for one, other in zip(alone.get_weights(), watched.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_without_targets_there_is_no_error_and_without_a_mask_every_step_counts() -> None:
    watched = TrainingRecorder(PROBE[0])
    driven_by_hand(traced(), watched)
    assert [moment.bits for moment in watched.moments] == [None, None]
    assert '"curve":[[0,null],[40,null]]' in watched.html()
    whole = moments.Moment.of(0, record(traced(), *PROBE[:2]), 0)
    expected = bits_per_sequence(PROBE[1], record(traced(), PROBE[0]).logits, np.ones([3, STEPS]))
    assert whole.bits == pytest.approx(float(expected), rel=1e-5)


@pytest.mark.slow
def test_train_is_recorded_as_often_as_its_steps_in_one_program_allow() -> None:
    task = CopyTask(2, min_length=1, max_length=2)
    watched = TrainingRecorder(*task.sample(2, np.random.default_rng(0), length=2), every=50)
    recipe = Recipe(sequences=300, batch_size=4, learning_rate=1e-2, clip_norm=10.0, steps_per_execution=20)
    train(
        task,
        recipe=recipe,
        model=lambda: NeuralTuringMachine(3, 2, 6, 4, controller="feed-forward", units=8),
        tests=[],
        progress=False,
        callbacks=[watched],
    )
    assert sequences(watched) == [0, 80, 160, 240, 300]


# --- several trainings


def test_the_same_model_goes_on_and_another_begins_anew_beside_the_first() -> None:
    watched = TrainingRecorder(*PROBE, every=20)
    driven_by_hand(traced(), watched)
    driven_by_hand(traced(), watched)
    assert sequences(watched) == [0, 20, 40, 60, 80]
    before = [moment.bits for moment in watched.moments]
    driven_by_hand(traced(3), watched)
    assert sequences(watched) == [0, 20, 40]
    shown = data_of(watched)["recording"]
    assert shown["run"] == 2
    assert [point[0] for point in shown["earlier"]] == [0, 20, 40, 60, 80]
    np.testing.assert_allclose([point[1] for point in shown["earlier"]], before, rtol=1e-3)


def test_an_interrupted_training_keeps_what_was_recorded_and_can_go_on() -> None:
    watched = TrainingRecorder(*PROBE, every=8)
    with pytest.raises(KeyboardInterrupt):
        driven_by_hand(traced(), watched, stop=4)
    assert sequences(watched) == [0, 8, 16]
    assert data_of(watched)["recording"]["kept"] == [0, 1, 2]
    driven_by_hand(traced(), watched)
    assert sequences(watched)[3:] == [20, 28, 36, 44, 52, 60], "counted on from the five batches"


def test_a_training_that_meets_nan_is_warned_of_and_keeps_what_was_recorded() -> None:
    model, watched = traced(), TrainingRecorder(*PROBE, every=8)
    before = model.get_weights()
    with pytest.warns(UserWarning, match=r"nothing can be shown after 24 sequences: .* must be finite") as warned:
        driven_by_hand(model, watched, spoil=5)
    assert len(warned) == 1
    model.set_weights(before)
    assert sequences(watched) == [0, 8, 16]
    assert "<ntm-recording-" in watched.html()


# --- what is refused

BAD: dict[str, tuple[Callable[[], object], str]] = {
    "no inputs": (lambda: TrainingRecorder(None), r"inputs must .*Received"),
    "another rank": (lambda: TrainingRecorder(PROBE[0][0]), r"inputs must have shape \[B, T, I\]. Received shape"),
    "no sequence": (lambda: TrainingRecorder(PROBE[0][:0]), r"at least one sequence .*Received shape: \(0, 5, 3\)"),
    "too long": (lambda: TrainingRecorder(batch(1, 242)), r"1 to 241 steps T .*Received shape: \(1, 242, 3\)"),
    "NaN": (lambda: TrainingRecorder(PROBE[0] * np.nan), r"inputs must be finite. Received nan"),
    "no bits": (
        lambda: TrainingRecorder(PROBE[0], PROBE[1] * 0.5),
        r"targets must be bits, each 0 or 1. Received: 0.5",
    ),
    "other targets": (lambda: TrainingRecorder(PROBE[0], PROBE[1][:2]), r"targets must have 3 entries .*Received"),
    "other mask": (lambda: TrainingRecorder(*PROBE[:2], PROBE[2][:, :4]), r"mask must have 5 entries .*Received"),
    "every": (lambda: TrainingRecorder(*PROBE, every=0), r"every must be a whole number of at least 1. Received: 0"),
    "half": (lambda: TrainingRecorder(*PROBE, every=2.5), r"every must be a whole .*Received: 2.5"),  # type: ignore[arg-type]
    "example": (lambda: TrainingRecorder(*PROBE, example=3), r"example must be below the batch size 3. Received: 3"),
    "step": (lambda: TrainingRecorder(*PROBE, step=5), r"step must be below 5. Received: 5"),
    "head": (lambda: TrainingRecorder(*PROBE, head=-1), r"head must be a whole .*Received: -1"),
    "moment": (lambda: setattr(TrainingRecorder(*PROBE), "moment", 0), r"moment must be below 0.*Received: 0"),
    "no moment": (lambda: setattr(TrainingRecorder(*PROBE), "moment", -2), r"moment must be .*-1. Received: -2"),
}


@pytest.mark.parametrize("name", BAD)
def test_errors_say_what_was_received_and_expected(name: str) -> None:
    call, message = BAD[name]
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (lambda: ntm_lib.LSTMBaseline(3, 2, units=4, layers=1), r"model must be a NeuralTuringMachine. Received"),
        (lambda: NeuralTuringMachine(4, 2, 6, 4), r"inputs must have 4 entries \(num_inputs\).*Received shape"),
    ],
)
def test_a_model_that_does_not_fit_is_refused_before_its_training(
    model: Callable[[], keras.Model], message: str
) -> None:
    made = model()
    made.compile("adam")
    watched = TrainingRecorder(*PROBE)
    watched.set_model(made)
    with pytest.raises(ValueError, match=message):
        watched.on_train_begin()


# --- what a page keeps


def data_of(watched: TrainingRecorder) -> dict[str, Any]:
    found = re.match(r'<(ntm-recording-\w{8}) [^>]*><script type="application/json">(.*?)</script>', watched.html())
    assert found
    return dict(json.loads(found[2]))


def test_the_page_carries_the_run_and_says_that_the_live_one_needs_a_kernel(finished: TrainingRecorder) -> None:
    data = data_of(finished)
    assert (data["title"], data["step"], data["head"], data["moment"]) == ("t", 2, 0, -1)
    assert data["recording"]["kept"] == [0, 1, 2, 3, 4, 5]
    assert [point[0] for point in data["recording"]["curve"]] == sequences(finished)
    assert data["recording"]["payloads"]["5"] == finished.moments[5].data
    assert data["note"].startswith("The error is the mean of 3 sequences; one is shown. Numbers are rounded")
    assert "The live version, which changes while the machine learns, needs a kernel." in data["recorded"]
    assert f"<p>{data['recorded']}</p>" in finished.html(), "also in print"


def test_the_static_picture_says_what_is_seen(finished: TrainingRecorder) -> None:
    text = html.unescape(finished.html())
    assert text.count('<img src="data:image/png;base64,') == 1
    last = finished.moments[-1]
    assert f"after 80, the read head puts {last.trace.read.weights.max(axis=-1).mean():.0%}" in text
    assert f"the error is {last.bits:.2g} bits" in text


def test_nothing_in_a_title_can_break_out(finished: TrainingRecorder) -> None:
    nasty = '</script><script>alert(1)</script><!-- " & \u2028'
    before, finished.title = finished.title, nasty
    try:
        assert data_of(finished)["title"] == nasty
        assert finished.html().lower().count("</script") == 2
    finally:
        finished.title = before


def test_before_a_training_the_page_says_that_there_is_nothing() -> None:
    watched = TrainingRecorder(*PROBE)
    assert (watched.moment, repr(watched)) == (-1, "TrainingRecorder(0 moments)")
    assert watched.html().startswith("<p>Nothing is recorded yet")


def test_a_long_recording_is_thinned_until_it_fits(finished: TrainingRecorder) -> None:
    long = TrainingRecorder(*PROBE)
    long.moments = [moments.Moment(100 * i, 80 / (i + 1), finished.moments[0].trace) for i in range(400)]
    long.moment = 123
    text = long.html()
    figure = text.split('<script type="module">')[0]
    assert 100_000 < len(figure) < 150_000
    kept = data_of(long)["recording"]["kept"]
    assert {0, 123, 399} <= set(kept)
    assert f"{len(kept)} of 400 recorded moments are kept here." in figure
    assert len(data_of(long)["recording"]["curve"]) == 400


def test_moments_are_kept_where_the_error_changes() -> None:
    bits = [80.0] * 50 + list(np.geomspace(80, 0.1, 10)) + [0.1] * 40
    curve = [[i, b] for i, b in enumerate(bits)]
    kept = moments.chosen_moments(curve, [10] * 100, 210, 7)
    assert 15 <= len(kept) <= 21
    assert {0, 7, 99} <= set(kept)
    assert sum(50 <= place < 60 for place in kept) >= 7
    assert moments.chosen_moments(curve, [10] * 100, 1000, 7) == list(range(100))
    assert moments.chosen_moments(curve, [10] * 100, 1, 7) == [0, 7, 99]
    assert moments.chosen_moments([[0, None], [9, None]], [10, 10], 20, 0) == [0, 1]


# --- the widget


def test_the_widget_follows_the_training_and_the_training_leaves_step_and_head() -> None:
    pytest.importorskip("anywidget")
    watched = TrainingRecorder(*PROBE, every=20)
    widget = watched.widget
    assert (widget.recording["payloads"], widget.recording["curve"]) == ({}, [])
    seen: list[tuple[int, list[str]]] = []
    widget.observe(lambda change: seen.append((change["new"]["run"], [*change["new"]["payloads"]])), "recording")
    driven_by_hand(traced(**MANY_HEADS), watched)
    widget.step, widget.head = 3, 1
    driven_by_hand(traced(), watched)
    assert seen == [(1, ["0"]), (1, ["1"]), (1, ["2"]), (2, ["0"]), (2, ["1"]), (2, ["2"])]
    assert (watched.step, watched.head) == (3, 1)
    assert widget.recording["payloads"]["2"] == watched.moments[-1].data
    assert [point[0] for point in widget.recording["curve"]] == [0, 20, 40]
    assert len(widget.recording["earlier"]) == 3


def test_a_moment_that_the_page_asks_for_is_sent(finished: TrainingRecorder) -> None:
    """With the newest, which a view that came late has not seen either."""
    pytest.importorskip("anywidget")
    widget = finished.widget
    assert widget.recording["payloads"] == {"5": finished.moments[5].data}
    widget.moment = 2
    assert finished.moment == 2
    assert widget.recording["payloads"] == {str(place): finished.moments[place].data for place in (2, 5)}
    finished.moment = 4
    assert (widget.moment, [*widget.recording["payloads"]]) == (4, ["4", "5"])
    finished.moment = -1
    assert (widget.moment, finished.moment) == (-1, 5)


def test_a_live_kernel_gets_the_widget_and_always_the_text(
    finished: TrainingRecorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("anywidget")
    assert set(finished._repr_mimebundle_()) == {"text/plain", "text/html"}
    shell = types.SimpleNamespace(kernel=object())
    monkeypatch.setitem(sys.modules, "IPython", types.SimpleNamespace(get_ipython=lambda: shell))
    monkeypatch.delenv(driven.STATIC, raising=False)
    assert set(finished._repr_mimebundle_()[0]) == {"text/plain", "text/html", VIEW}
    monkeypatch.setenv(driven.STATIC, "1")
    assert set(finished._repr_mimebundle_()) == {"text/plain", "text/html"}


NOTEBOOK = """
import numpy as np, keras
from ntm_lib import NeuralTuringMachine, TrainingRecorder
x, y = np.zeros([8, 3, 3], "float32"), np.ones([8, 3, 2], "float32")
recorder = TrainingRecorder(x[:1], y[:1], every=4)
display(recorder)
model = NeuralTuringMachine(3, 2, 6, 4, units=5)
model.compile("adam", jit_compile=False)
model.fit(x, y, batch_size=4, verbose=0, callbacks=[recorder]);
"""


@pytest.mark.slow
def test_in_an_executed_notebook_the_recorded_run_stands_where_it_was_shown(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The cell shows it before the training; what stays in the notebook is the run. Nothing of it is a widget."""
    monkeypatch.setenv(driven.STATIC, "1")
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    notebook = new_notebook(cells=[new_code_cell(NOTEBOOK)], metadata=kernel)
    with warnings.catch_warnings(), contextlib.chdir(tmp_path):
        warnings.simplefilter("ignore")
        NotebookClient(notebook, timeout=300).execute()
    outputs = [each for each in notebook.cells[0].outputs if each.output_type != "stream"]
    assert [each.output_type for each in outputs] == ["display_data"]
    assert set(outputs[0].data) == {"text/plain", "text/html"}
    assert '"curve":[[0,' in outputs[0].data["text/html"]
    assert outputs[0].data["text/plain"] == "TrainingRecorder(3 moments, the last after 8 sequences)"
    assert "widgets" not in notebook.metadata
    nbformat.validate(notebook)


def test_the_page_reads_what_is_written_here() -> None:
    """Node's own runner: js/tests/moments.test.js."""
    node = shutil.which("node")
    if node is None:
        if os.environ.get("NTM_REQUIRE_NODE"):
            pytest.fail("no node on this machine", pytrace=False)
        pytest.skip("no node on this machine (NTM_REQUIRE_NODE=1 makes this a failure)")
    file = modules.FOLDER / "tests" / "moments.test.js"
    done = subprocess.run([node, "--test", file], capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
    assert "# fail 0" in done.stdout
    assert f"LATEST = {recorder.LATEST};" in (modules.FOLDER / "recording.js").read_text()
