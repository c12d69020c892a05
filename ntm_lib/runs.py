"""A whole training run: by a recipe, with a bar, logs and checkpoints, and a record of what happened."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import platform
import signal
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf
from tqdm import tqdm

from ntm_lib import checks
from ntm_lib.checkpoints import Checkpoint
from ntm_lib.data import Curriculum, TrainingData
from ntm_lib.models import NeuralTuringMachine
from ntm_lib.recipes import COPY_RECIPE, SOLVED, Goal, Recipe
from ntm_lib.sequence_model import SequenceModel
from ntm_lib.tasks import Task
from ntm_lib.training import check_widths, evaluate, warn_of_few_slots

SCHEMA = 2
"""The number of the form of results; it changes when a name in them changes its meaning."""

SECONDS_BETWEEN_CHECKPOINTS = 30.0


class TrainingRun(NamedTuple):
    """A trained model and the record of its training.

    Example:
        >>> from ntm_lib import TrainingRun, load_pretrained, pretrained_results
        >>> model, results = load_pretrained("copy-lstm"), pretrained_results("copy-lstm")
        >>> run = TrainingRun(model, results)  # as `train` returned it
        >>> run.results["solved"], list(run.results["tests"])
        (True, ['length 20', 'length 40', 'length 80', 'length 120'])
        >>> run.results["curve"][-1]["sequences"]
        40000
    """

    model: SequenceModel
    results: dict[str, Any]


def train(
    task: Task,
    *,
    seed: int = 0,
    recipe: Recipe = COPY_RECIPE,
    model: SequenceModel | Callable[[], SequenceModel] | None = None,
    goal: Goal = SOLVED,
    tests: Sequence[Mapping[str, Any]] | None = None,
    folder: str | Path | None = None,
    resume: bool = False,
    progress: bool = True,
    callbacks: Sequence[keras.callbacks.Callback] = (),
) -> TrainingRun:
    """Train a machine on a task and test it on sequences that are harder than it has seen.

    An interrupt (Ctrl-C) ends training after the running epoch, a few seconds later, and the bar says so; a second one
    ends it at once, and what came after the last checkpoint is lost.

    Args:
        task: what to learn.
        seed: of the weights and of the sequences.
        recipe: how to train.
        model: what to train, or a function that makes it once the seed is set; if not given, the machine of the
            paper's copy experiment: LSTM-100, memory 128 x 20.
        goal: what counts as learned; by default less than 0.01 bits a sequence.
        tests: the difficulties to test at, 100 sequences each; by default the task's own `tests`.
        folder: where the curve and checkpoints are kept while it runs: `log.csv`, `checkpoint/`, and where
            TensorBoard is installed, `tensorboard/`.
        resume: whether to go on from the checkpoint in `folder`. The result is bit for bit that of a run that was
            never stopped, on the same machine with the same versions. Without a checkpoint the run begins.
        progress: whether to show a bar with the bits and the time left.
        callbacks: further Keras callbacks.

    Returns:
        `TrainingRun(model, results)`. `results` holds the settings, the curve, and how the model does on 1,000 fresh
        sequences and in every test. A run that does not learn, or meets NaN, is returned like any other, with `solved`
        False; one that was interrupted has the `status` "interrupted" and no tests.

    Raises:
        ValueError: if `seed` is not a whole number of at least 0 and below 2**32, the model does not fit the task, or
            the checkpoint was begun with other settings, which it names.

    Example:
        >>> from ntm_lib import CopyTask, LSTMBaseline, Recipe, train
        >>> task = CopyTask(2, max_length=1)
        >>> two_updates = Recipe(8, batch_size=4, learning_rate=1e-3, clip_norm=10.0)
        >>> def model():
        ...     return LSTMBaseline(task.num_inputs, task.num_outputs, units=4, layers=1)
        >>> run = train(task, recipe=two_updates, model=model, tests=[], progress=False)
        >>> run.results["status"], run.results["solved"]
        ('finished', False)
    """
    _check(task, seed, recipe)
    tests = task.tests if tests is None else tests
    for difficulty in tests:
        task.steps(**{name: high for name, (_, high) in task.ranges(**difficulty).items()})
    if resume and folder is None:
        raise ValueError("folder must be given to resume a run. Received: None")
    keras.utils.set_random_seed(seed)
    model = _model(model, task)
    warn_of_few_slots(model, task)
    model.compile(recipe.optimizer(), steps_per_execution=recipe.steps_per_execution)
    settings = run_settings(task, seed, model, recipe)
    data = TrainingData(task, recipe, seed)
    model.one_length_an_epoch = len(data.stages) > 1
    record = _Record(data, settings, None if folder is None else Path(folder), progress)
    first_epoch = record.resume(model) if resume else 0
    curriculum = [] if recipe.advance_below is None else [Curriculum(data, recipe.advance_below)]
    started = time.perf_counter()
    with _interruptible() as record.interrupted, warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*ran out of data")  # the last epoch may be shorter
        if first_epoch < data.epochs and record.status == "finished":
            model.fit(
                **data.fit_arguments(first_epoch),
                shuffle=False,
                verbose=0,
                callbacks=[data, *curriculum, record, keras.callbacks.TerminateOnNaN(), *record.logs(), *callbacks],
            )
    results = {
        "schema": SCHEMA,
        "status": record.status,
        **settings,
        "parameters": model.count_params(),
        "machine": machine(),
        "seconds": round(record.seconds_before + time.perf_counter() - started, 1),
        "first_step_seconds": record.first_step_seconds,
        "curve": record.curve,
        "goal": asdict(goal),
    }
    return TrainingRun(model, results | _judged(model, task, record, goal, tests))


def run_settings(task: Task, seed: int, model: SequenceModel, recipe: Recipe) -> dict[str, Any]:
    """Return all that decides what comes out of a run, as it stands in its results and its checkpoint."""
    config = {"class": type(model).__name__, **model.get_config()}
    del config["name"]  # Keras counts the models of a process
    ranges = {name: list(ends) for name, ends in task.ranges().items()}
    return {
        "task": {"name": task.name, **ranges, **task.variant},
        "seed": seed,
        "model": config,
        "recipe": asdict(recipe),
    }


def _judged(
    model: SequenceModel, task: Task, record: _Record, goal: Goal, tests: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """Return what was reached: in training, on fresh sequences, in every test."""
    if record.status == "interrupted":
        return {"solved": False}
    final = evaluate(model, task, sequences=1000)
    return {
        "sequences_to_solve": goal.first_reached(record.curve, final["optimal_bits"]),
        "final": final,
        "tests": {difficulty_text(each): evaluate(model, task, **each) for each in tests},
        "solved": goal.is_reached(final),
    }


def difficulty_text(difficulty: Mapping[str, Any]) -> str:
    """Return a difficulty as results name it: {"length": 40} as "length 40"."""
    return ", ".join(
        f"{name} {'-'.join(map(str, value)) if isinstance(value, tuple | list) else value}"
        for name, value in difficulty.items()
    )


def _check(task: Any, seed: Any, recipe: Any) -> None:
    if not isinstance(task, Task):
        raise ValueError(f"task must be a task such as CopyTask(). Received: {task!r}")
    if not isinstance(recipe, Recipe):
        raise ValueError(f"recipe must be a Recipe. Received: {recipe!r}")
    if checks.positive_integer("seed", seed, minimum=0) >= 2**32:
        raise ValueError(f"seed must be below 2**32. Received: {seed!r}")


def _model(model: Any, task: Task) -> SequenceModel:
    if not isinstance(model, SequenceModel):
        if model is not None and not callable(model):
            raise ValueError(f"model must be a SequenceModel or a function that makes one. Received: {model!r}")
        model = model() if model else NeuralTuringMachine(task.num_inputs, task.num_outputs, 128, 20)
        if not isinstance(model, SequenceModel):
            raise ValueError(f"model must make a SequenceModel. Received a function that made: {model!r}")
    check_widths(model, task)
    return model


class _Record(keras.callbacks.Callback):
    """Draws the progress bar, keeps the curve, and saves both with the model every half minute."""

    def __init__(self, data: TrainingData, settings: Mapping[str, Any], folder: Path | None, progress: bool) -> None:
        super().__init__()
        self.data, self.settings, self.folder = data, settings, folder
        self.checkpoint = None if folder is None else Checkpoint(folder / "checkpoint")
        self.curve: list[dict[str, float]] = []
        self.first_step_seconds: float | None = None
        self.seconds_before = 0.0
        self.status = "finished"
        self.interrupted = threading.Event()
        self._progress = progress

    def resume(self, model: SequenceModel) -> int:
        """Go on where the checkpoint was written, if there is one; return the number of epochs already done."""
        if self.checkpoint is None or not self.checkpoint.exists():
            return 0
        state = self.checkpoint.restore(model, self.settings)
        self.curve, self.seconds_before = state["curve"], state["seconds"]
        self.status = "finished" if state["status"] == "interrupted" else state["status"]
        self.first_step_seconds, self.data.stage = state["first_step_seconds"], state["stage"]
        return len(self.curve)

    def logs(self) -> list[keras.callbacks.Callback]:
        """Return the callbacks that write the curve to the folder, for a table and for TensorBoard."""
        if self.folder is None:
            return []
        self.folder.mkdir(parents=True, exist_ok=True)
        table = keras.callbacks.CSVLogger(str(self.folder / "log.csv"), append=bool(self.curve))
        if importlib.util.find_spec("tensorboard") is None:  # TensorFlow writes its files only where it is installed
            return [table]
        return [table, keras.callbacks.TensorBoard(str(self.folder / "tensorboard"), write_graph=False)]

    def on_train_begin(self, logs: Any = None) -> None:
        self._started = self._saved = time.perf_counter()
        self._bar = tqdm(
            total=self.data.sequences(self.data.epochs),
            initial=self.data.sequences(len(self.curve)),
            unit=" sequences",
            disable=not self._progress,
            mininterval=0.5,
        )

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self._stage = self.data.stage  # at the end of the epoch it may be the next one's

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        if self.first_step_seconds is None:
            self.first_step_seconds = round(time.perf_counter() - self._started, 1)
        shown = int(self.model.optimizer.iterations) * self.data.recipe.batch_size
        if self.interrupted.is_set():
            self._bar.set_description_str("ends with this epoch", refresh=False)
        self._bar.update(min(shown, self.data.sequences(self.data.epochs)) - self._bar.n)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        bits = float((logs or {})["loss"])
        point = {"sequences": self.data.sequences(epoch + 1), "bits": bits}
        if len(self.data.stages) > 1:
            point["stage"] = self._stage
        self.curve.append(point)
        if not np.isfinite(bits):
            self.status = "not finite"
        elif self.interrupted.is_set() and epoch + 1 < self.data.epochs:
            # Not earlier: within an epoch Keras would stop at the next batch, and what is left of it would be lost.
            self.status, self.model.stop_training = "interrupted", True
        self._bar.set_postfix_str(f"{bits:.3g} bits a sequence", refresh=False)
        if time.perf_counter() - self._saved > SECONDS_BETWEEN_CHECKPOINTS:
            self.save()

    def on_train_end(self, logs: Any = None) -> None:
        self._bar.close()
        self.save()

    def save(self) -> None:
        """Write a checkpoint. A full disk must not end the training: it is told, and the last checkpoint stays."""
        if self.checkpoint is None:
            return
        self._saved = time.perf_counter()
        state = {
            "settings": self.settings,
            "status": self.status,
            "curve": self.curve,
            "stage": self.data.stage,
            "seconds": self.seconds_before + self._saved - self._started,
            "first_step_seconds": self.first_step_seconds,
        }
        try:
            self.checkpoint.save(self.model, state)
        except OSError as error:
            warnings.warn(f"no checkpoint could be written, the last one stays: {error}", stacklevel=2)


@contextlib.contextmanager
def _interruptible() -> Iterator[threading.Event]:
    """Let the first interrupt end training after the running epoch; say whether there was one."""
    interrupted = threading.Event()

    def stop(*_: Any) -> None:
        if interrupted.is_set():
            raise KeyboardInterrupt
        interrupted.set()

    if threading.current_thread() is not threading.main_thread():
        yield interrupted  # signals reach the main thread only
        return
    before = signal.signal(signal.SIGINT, stop)
    try:
        yield interrupted
    finally:
        signal.signal(signal.SIGINT, before)


def machine() -> dict[str, Any]:
    """Return what the figures of a run depend on: versions, architecture, and the cores it may use."""
    return {
        "python": platform.python_version(),
        "tensorflow": tf.__version__,
        "keras": keras.__version__,
        "numpy": np.__version__,
        "system": platform.system(),
        "architecture": platform.machine(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
    }
