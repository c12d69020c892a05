"""Habits of a Keras model: fit with callbacks, the compiled loop, save and load, and what is refused."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from machines import MANY_HEADS, answers, batch, small

from ntm_lib import COPY_RECIPE, BitsPerSequence, LSTMBaseline, NeuralTuringMachine, bits_per_sequence
from ntm_lib.training import forward

X, Y, MASK = batch(20, 5), answers(20, 5), np.tile([[0.0, 0.0, 1.0, 1.0, 1.0]], (20, 1)).astype(np.float32)


def batches(size: int = 2, count: int = 10) -> tf.data.Dataset:
    """Batches of one static shape."""
    return tf.data.Dataset.from_tensor_slices((X, Y, MASK)).batch(size, drop_remainder=True).take(count)


def poisoned(part: int) -> tf.data.Dataset:
    """Batches of which the last has one NaN, in the inputs (0), the targets (1) or the mask (2)."""
    parts = [X.copy(), Y.copy(), MASK.copy()]
    parts[part].flat[-1] = np.nan
    return tf.data.Dataset.from_tensor_slices(tuple(parts)).batch(2, drop_remainder=True)


def quick(**changes: Any) -> NeuralTuringMachine:
    """A machine whose training is not compiled by XLA, which is fast to start."""
    model = small(**changes)
    model.compile("adam", jit_compile=False)
    return model


# --- the compiled loop


class Counter(keras.callbacks.Callback):
    def __init__(self) -> None:
        super().__init__()
        self.after: list[int] = []

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.after.append(int(self.model.optimizer.iterations))


@pytest.fixture(scope="module")
def trained() -> tuple[NeuralTuringMachine, Any, list[int]]:
    """Three epochs of 10 batches, 4 steps in one program: 10 is no multiple of 4."""
    model, counter = small(), Counter()
    model.compile(keras.optimizers.Adam(0.01), steps_per_execution=4)
    history = model.fit(batches(), epochs=3, verbose=0, shuffle=False, callbacks=[counter])
    return model, history, counter.after


@pytest.fixture(scope="module")
def by_hand() -> tuple[NeuralTuringMachine, list[float]]:
    """The same training as a plain loop with a tape, the penalty for spread heads included."""
    model, optimizer, means = small(), keras.optimizers.Adam(0.01), []

    @tf.function
    def gradient(x: tf.Tensor, y: tf.Tensor, mask: tf.Tensor) -> Any:
        with tf.GradientTape() as tape:
            loss = bits_per_sequence(y, model(x, training=True), mask) + sum(model.losses)
        return loss, tape.gradient(loss, model.trainable_variables)

    for _ in range(3):
        losses = []
        for x, y, mask in batches():
            loss, gradients = gradient(x, y, mask)
            losses.append(float(loss))
            optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        means.append(float(np.mean(losses)))
    return model, means


def test_many_steps_in_one_program_are_exactly_as_many_updates(trained: Any) -> None:
    model, _, after = trained
    assert after == [4, 8, 10, 14, 18, 20, 24, 28, 30]
    assert int(model.optimizer.iterations) == 30


def test_many_steps_in_one_program_learn_what_single_steps_learn(trained: Any, by_hand: Any) -> None:
    for one, other in zip(trained[0].trainable_variables, by_hand[0].trainable_variables, strict=True):
        np.testing.assert_allclose(one.numpy(), other.numpy(), atol=1e-4, err_msg=one.path)
    moved = np.abs(trained[0].get_weights()[0] - small().get_weights()[0]).max()
    assert moved > 0.05, "no training would prove nothing"


def test_the_history_holds_the_true_losses(trained: Any, by_hand: Any) -> None:
    np.testing.assert_allclose(trained[1].history["loss"], by_hand[1], rtol=1e-4)


def test_evaluate_gives_the_true_loss(trained: Any) -> None:
    model = trained[0]
    expected = float(bits_per_sequence(Y, model(X), MASK))
    assert model.evaluate(X, Y, sample_weight=MASK, batch_size=10, verbose=0) == pytest.approx(expected, rel=1e-4)


def test_data_of_changing_shape_trains_too_with_many_steps_per_execution() -> None:
    model = small()
    model.compile("adam", steps_per_execution=3, jit_compile=False)
    history = model.fit(X, Y, sample_weight=MASK, batch_size=6, epochs=2, verbose=0)  # 6, 6, 6, 2
    assert int(model.optimizer.iterations) == 8
    assert history.history["loss"][1] < history.history["loss"][0]


# --- fit


def test_a_call_that_was_refused_does_not_spoil_the_next_one() -> None:
    model = small()
    model.compile(keras.optimizers.Adam(0.01), steps_per_execution=2)
    narrow = tf.data.Dataset.from_tensors((X[:2, :, :2], Y[:2], MASK[:2])).repeat(2)
    with pytest.raises(ValueError, match="inputs must have 3 entries"):
        model.fit(narrow, verbose=0)
    with pytest.raises(ValueError, match="y must be the targets"):
        model.fit(X, verbose=0)
    good = tf.data.Dataset.from_tensors((X, Y, MASK)).repeat(4)
    losses = model.fit(good, epochs=2, verbose=0).history["loss"]
    assert losses[1] < losses[0]


def test_single_batches_are_checked_too() -> None:
    model = small()
    model.compile("adam")
    weights = model.get_weights()
    for call in (model.train_on_batch, model.test_on_batch):
        with pytest.raises(ValueError, match=r"x must be finite. Received nan"):
            call(X * np.nan, Y)
    with pytest.raises(ValueError, match=r"x must be finite. Received nan"):
        model.predict_on_batch(X * np.nan)
    for now, before in zip(model.get_weights(), weights, strict=True):
        np.testing.assert_array_equal(now, before)


def test_every_kind_of_callback_works(tmp_path: Path) -> None:
    model, seen = quick(), []
    path = tmp_path / "best.keras"
    callbacks = [
        keras.callbacks.EarlyStopping(monitor="loss", patience=0, min_delta=1e9),
        keras.callbacks.ModelCheckpoint(path, monitor="loss", save_best_only=True),
        keras.callbacks.TerminateOnNaN(),
        keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append((epoch, logs["loss"]))),
        keras.callbacks.CSVLogger(tmp_path / "log.csv"),
    ]
    history = model.fit(X, Y, epochs=9, batch_size=10, verbose=0, callbacks=callbacks)
    assert [epoch for epoch, _ in seen] == [0, 1], "EarlyStopping stopped after the second epoch"
    assert history.history["loss"] == [loss for _, loss in seen]
    assert NeuralTuringMachine.load(path).count_params() == model.count_params()
    assert len((tmp_path / "log.csv").read_text().splitlines()) == 3


def test_the_mask_is_the_sample_weight_and_validation_is_reported() -> None:
    model = quick()
    before = float(bits_per_sequence(Y, model(X), MASK))
    history = model.fit(X, Y, sample_weight=MASK, validation_data=(X, Y, MASK), batch_size=20, epochs=1, verbose=0)
    assert history.history["loss"][0] == pytest.approx(before, rel=1e-4)
    assert history.history["val_loss"][0] == pytest.approx(float(bits_per_sequence(Y, model(X), MASK)), rel=1e-4)


def test_fit_in_mixed_precision_learns_the_start_as_well_and_stays_finite() -> None:
    model = small(dtype="mixed_float16", initial_memory="learned", initial_weights="learned")
    model.compile(keras.optimizers.Adam(0.02), jit_compile=False)
    before = model.get_weights()
    history = model.fit(batches(10, 2), epochs=4, verbose=0, shuffle=False)
    assert history.history["loss"][-1] < history.history["loss"][0]
    for start, variable in zip(before, model.weights, strict=True):
        assert np.isfinite(variable.numpy()).all()
        assert np.abs(variable.numpy() - start).max() > 1e-4, variable.path


# --- how often a program is made


def test_one_trace_serves_every_length_and_batch() -> None:
    model = small()
    for size, steps in ((1, 3), (4, 3), (2, 9), (1, 1)):
        np.testing.assert_allclose(forward(model)(batch(size, steps)), model(batch(size, steps)), atol=1e-6)
    assert forward(model).experimental_get_tracing_count() == 1


@pytest.mark.parametrize("what", ["predict", "evaluate"])
def test_predicting_and_evaluating_many_lengths_soon_stops_tracing(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model, calls = small(), []
    model.compile("adam")
    plain = model.call
    monkeypatch.setattr(model, "call", lambda *parts, **names: calls.append(1) or plain(*parts, **names))

    def run(steps: int) -> None:
        if what == "predict":
            assert model.predict(batch(4, steps), verbose=0).shape == (4, steps, 2)
        else:
            model.evaluate(batch(4, steps), answers(4, steps), verbose=0)

    run(5)
    run(6)
    traced = len(calls)
    for steps in (2, 9, 30, 7):
        run(steps)
    assert len(calls) == traced <= 4


# --- save and load

MACHINES: dict[str, dict[str, Any]] = {
    "lstm": {},
    "feed-forward": {"controller": "feed-forward", **MANY_HEADS},
    "learned start": {"initial_memory": "learned", "initial_weights": "learned"},
    "random start": {"initial_memory": "random", "initial_weights": "random"},
    "half precision": {"dtype": "mixed_bfloat16"},
}


@pytest.mark.parametrize("name", MACHINES)
def test_what_is_loaded_is_what_was_saved(name: str, tmp_path: Path) -> None:
    model = small(**MACHINES[name])
    model.save(tmp_path / "machine.keras")
    keras.utils.set_random_seed(99)
    for again in (
        NeuralTuringMachine.load(tmp_path / "machine.keras"),
        keras.saving.load_model(tmp_path / "machine.keras"),
    ):
        assert type(again) is NeuralTuringMachine
        assert again.get_config() == model.get_config()
        np.testing.assert_array_equal(again(X), model(X))
    assert [path.name for path in tmp_path.iterdir()] == ["machine.keras"], "nothing may be left beside it"


def test_the_baseline_is_saved_too(tmp_path: Path) -> None:
    model = LSTMBaseline(3, 2, units=4, layers=2)
    model.save(tmp_path / "baseline.keras")
    again = LSTMBaseline.load(str(tmp_path / "baseline.keras"))
    assert again.get_config() == model.get_config()
    np.testing.assert_array_equal(again(X), model(X))


def test_the_optimizer_goes_on_where_it_was(trained: Any, tmp_path: Path) -> None:
    model = trained[0]
    model.save(tmp_path / "machine.keras")
    again = NeuralTuringMachine.load(tmp_path / "machine.keras")
    assert again.optimizer.get_config() == model.optimizer.get_config()
    assert int(again.optimizer.iterations) == 30
    for one, other in zip(again.optimizer.variables, model.optimizer.variables, strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy())
    assert isinstance(again.loss, BitsPerSequence)
    assert again.steps_per_execution == 4


def test_saving_replaces_the_old_file_or_refuses_to(tmp_path: Path) -> None:
    path = tmp_path / "machine.keras"
    first, second = small(1), small(2)
    first.save(path)
    with pytest.raises(FileExistsError, match=r"machine.keras exists and overwrite is False"):
        second.save(path, overwrite=False)
    np.testing.assert_array_equal(NeuralTuringMachine.load(path)(X), first(X))
    second.save(path)
    np.testing.assert_array_equal(NeuralTuringMachine.load(path)(X), second(X))


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), RuntimeError("killed"), KeyboardInterrupt()])
def test_a_failed_save_leaves_the_old_file_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    path, model = tmp_path / "machine.keras", small()
    model.save(path)
    before = path.read_bytes()

    def half(self: Any, filepath: Any, **_: Any) -> None:
        Path(filepath).write_bytes(before[: len(before) // 2])
        raise error

    monkeypatch.setattr(keras.Model, "save", half)
    with pytest.raises(type(error)):
        model.save(path)
    assert path.read_bytes() == before
    assert [left.name for left in tmp_path.iterdir()] == ["machine.keras"]


def test_a_failed_save_of_the_weights_leaves_the_old_file_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, model = tmp_path / "machine.weights.h5", small(1)
    model.save_weights(path)
    before = path.read_bytes()

    def half(self: Any, filepath: Any, **_: Any) -> None:
        Path(filepath).write_bytes(b"half")
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch, pytest.raises(OSError, match="No space"):
        patch.setattr(keras.Model, "save", half)
        small(2).save_weights(path)
    assert path.read_bytes() == before
    assert [left.name for left in tmp_path.iterdir()] == ["machine.weights.h5"]
    again = small(3)
    again.load_weights(path)
    np.testing.assert_array_equal(again(X), model(X))


def test_the_new_file_takes_the_place_of_the_old_one_and_is_not_written_into_it(tmp_path: Path) -> None:
    """A disk that is full while a file is overwritten in place leaves half a file."""
    path, another_name = tmp_path / "machine.keras", tmp_path / "the old one.keras"
    first, second = small(1), small(2)
    first.save(path)
    another_name.hardlink_to(path)
    second.save(path)
    np.testing.assert_array_equal(NeuralTuringMachine.load(another_name)(X), first(X))


def test_wrong_paths_to_save_to_are_refused(tmp_path: Path) -> None:
    for wrong in ("machine.h5", "machine", "machine.keras.zip"):
        with pytest.raises(ValueError, match=rf"filepath must end in .keras. Received: .*{wrong}"):
            small().save(tmp_path / wrong)
    for call in (small().save, small().save_weights, NeuralTuringMachine.load):
        with pytest.raises(ValueError, match=r"filepath must be a path. Received: None"):
            call(None)
    with pytest.raises(ValueError, match=r"filepath must end in .weights.h5. Received: .*machine.h5"):
        small().save_weights(tmp_path / "machine.h5")
    with pytest.raises(FileNotFoundError, match=r"filepath must be in a folder that exists. Received: .*nowhere"):
        small().save(tmp_path / "nowhere" / "machine.keras")


@pytest.mark.parametrize("damage", ["truncated", "last byte missing", "middle overwritten", "random", "empty", "text"])
def test_a_damaged_file_is_refused_by_name(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "machine.keras"
    small().save(path)
    whole = path.read_bytes()
    middle = len(whole) // 2
    inverted = bytes(255 - byte for byte in whole[middle : middle + 200])
    path.write_bytes(
        {
            "truncated": whole[:middle],
            "last byte missing": whole[:-1],
            "middle overwritten": whole[:middle] + inverted + whole[middle + 200 :],
            "random": np.random.default_rng(0).bytes(5000),
            "empty": b"",
            "text": b"not a model",
        }[damage]
    )
    with pytest.raises(
        ValueError, match=r"filepath must be a file that NeuralTuringMachine.save wrote. Received .*keras"
    ):
        NeuralTuringMachine.load(path)


def test_a_file_that_is_not_there_or_holds_another_model_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"filepath must name a saved model. Received: .*nothing.keras"):
        NeuralTuringMachine.load(tmp_path / "nothing.keras")
    LSTMBaseline(3, 2, units=2).save(tmp_path / "baseline.keras")
    keras.Sequential([keras.Input([3]), keras.layers.Dense(2)]).save(tmp_path / "dense.keras")
    for name, kind in (("baseline", "LSTMBaseline"), ("dense", "Sequential")):
        with pytest.raises(ValueError, match=rf"must hold a NeuralTuringMachine. Received .*{name}.keras.*a {kind}"):
            NeuralTuringMachine.load(tmp_path / f"{name}.keras")
    with pytest.raises(ValueError, match=r"must hold a LSTMBaseline"):
        small().save(tmp_path / "machine.keras")
        LSTMBaseline.load(tmp_path / "machine.keras")


# --- what is refused

WRONG: dict[str, tuple[Callable[[Any], Any], str]] = {
    "x of rank 2": (lambda m: m.fit(X[0], Y, verbose=0), r"x must have shape \[B, T, I\]. Received shape: \(5, 3\)"),
    "x too wide": (lambda m: m.fit(np.ones((20, 5, 4)), Y), r"x must have 3 entries \(num_inputs\) .*\(20, 5, 4\)"),
    "nan in x": (lambda m: m.fit(X * np.nan, Y), r"x must be finite. Received nan at index \(0, 0, 0\)"),
    "nan in a tensor": (lambda m: m.fit(tf.constant(X) * np.nan, Y), r"x must be finite. Received nan"),
    "inf in y": (lambda m: m.fit(X, Y + np.inf), r"y must be finite. Received inf"),
    "nan in the mask": (lambda m: m.fit(X, Y, sample_weight=MASK * np.nan), r"sample_weight must be finite"),
    "x of text": (lambda m: m.fit(np.full((2, 5, 3), "a"), Y[:2]), r"x must hold real numbers. Received dtype"),
    "complex y": (lambda m: m.fit(X, Y * 1j), r"y must hold real numbers. Received dtype: complex"),
    "y of another batch": (lambda m: m.fit(X, Y[:3]), r"y must have 20 entries \(the batch of x\) .*\(3, 5, 2\)"),
    "y of other steps": (lambda m: m.fit(X, Y[:, :3]), r"y must have 5 entries \(the steps of x\) .*\(20, 3, 2\)"),
    "y too narrow": (lambda m: m.fit(X, Y[..., :1]), r"y must have 2 entries \(num_outputs\) .*\(20, 5, 1\)"),
    "y of rank 2": (lambda m: m.fit(X, Y[..., 0]), r"y must have shape \[B, T, O\]. Received shape: \(20, 5\)"),
    "one weight each": (lambda m: m.fit(X, Y, sample_weight=MASK[:, 0]), r"sample_weight must have shape \[B, T\]"),
    "validation": (lambda m: m.fit(X, Y, validation_data=(X * np.nan, Y)), r"validation_data x must be finite"),
    "evaluate": (lambda m: m.evaluate(X, Y * np.nan), r"y must be finite. Received nan"),
    "predict": (lambda m: m.predict(X * np.nan), r"x must be finite. Received nan"),
    "predict too wide": (lambda m: m.predict(X[..., :2]), r"x must have 3 entries .*\(20, 5, 2\)"),
}


@pytest.fixture(scope="module")
def compiled() -> NeuralTuringMachine:
    return quick()


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_argument_is_named_with_what_came(name: str, compiled: NeuralTuringMachine) -> None:
    call, message = WRONG[name]
    with pytest.raises(ValueError, match=message):
        call(compiled)
    assert int(compiled.optimizer.iterations) == 0


IN_A_DATASET: dict[str, Callable[[NeuralTuringMachine], Any]] = {
    "x": lambda m: m.fit(poisoned(0), verbose=0),
    "y": lambda m: m.evaluate(poisoned(1), verbose=0),
    "sample_weight": lambda m: m.fit(poisoned(2), verbose=0),
    "x ": lambda m: m.predict(poisoned(0).map(lambda x, *_: x), verbose=0),
}


@pytest.mark.parametrize("name", IN_A_DATASET)
def test_a_dataset_stops_at_the_first_batch_that_is_not_finite(name: str) -> None:
    with pytest.raises(ValueError, match=f"^{name.strip()} must be finite. A batch of the dataset holds NaN"):
        IN_A_DATASET[name](quick())


def test_another_loss_may_want_other_shapes(compiled: NeuralTuringMachine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled, "loss", keras.losses.MeanSquaredError())
    monkeypatch.setattr(keras.Model, "fit", lambda *_, **__: "passed on to Keras")
    assert compiled.fit(X, Y[..., 0], sample_weight=np.ones(20)) == "passed on to Keras"
    with pytest.raises(ValueError, match=r"y must have 20 entries"):
        compiled.fit(X, Y[:3])


def test_weights_that_cannot_be_loaded_are_told(tmp_path: Path) -> None:
    path, model = tmp_path / "some.weights.h5", small()
    model.save_weights(path)
    model.load_weights(path)
    with pytest.raises(ValueError, match=r"filepath must be a file that save_weights wrote for such a model. Received"):
        small(units=9).load_weights(path)
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(ValueError, match=r"filepath must be a file that save_weights wrote .*truncated"):
        model.load_weights(path)
    with pytest.raises(FileNotFoundError, match=r"filepath must name saved weights. Received"):
        model.load_weights(tmp_path / "none.weights.h5")


def test_a_trained_machine_loads_in_a_process_that_has_seen_nothing_else(tmp_path: Path) -> None:
    """Its optimizer's schedule is a class of the library too, which Keras must know by then."""
    model = small()
    model.compile(COPY_RECIPE.optimizer())
    model.save(tmp_path / "model.keras")
    code = "import sys; from ntm_lib import NeuralTuringMachine; NeuralTuringMachine.load(sys.argv[1])"
    done = subprocess.run([sys.executable, "-c", code, tmp_path / "model.keras"], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
