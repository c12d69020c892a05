"""Batches of a task as a `tf.data.Dataset`: each one can be drawn again, so that training can stop and go on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ntm_lib import checks
from ntm_lib.recipes import Recipe
from ntm_lib.tasks import Task, TaskBatch
from ntm_lib.tasks.base import Range, bounds


def dataset(task: Task, batch_size: int, *, seed: int = 0, chunk: int = 16) -> tf.data.Dataset:
    """Return an endless `tf.data.Dataset` of `TaskBatch`es of one static shape, as `fit` takes them.

    Chunk number i is drawn from a generator of its own, seeded by `seed` and i: the data is the same whenever and
    however often it is read.

    Args:
        task: what to sample.
        batch_size: B.
        seed: of the sequences.
        chunk: how many batches are drawn at once, to save calls into Python.

    Returns:
        Batches `(inputs [B, T, I], targets [B, T, O], mask [B, T])`.

    Raises:
        ValueError: if a number is not whole and positive.

    Example:
        >>> from ntm_lib import CopyTask, dataset
        >>> batches = dataset(CopyTask(vector_dim=8, max_length=20), batch_size=4, seed=0)
        >>> for inputs, targets, mask in batches.take(2):
        ...     print(inputs.shape, targets.shape, mask.shape)
        (4, 41, 9) (4, 41, 8) (4, 41)
        (4, 41, 9) (4, 41, 8) (4, 41)
    """
    if not isinstance(task, Task):
        raise ValueError(f"task must be a task such as CopyTask(). Received: {task!r}")
    for name, value, minimum in (("batch_size", batch_size, 1), ("seed", seed, 0), ("chunk", chunk, 1)):
        checks.positive_integer(name, value, minimum)

    def draw(index: np.ndarray) -> TaskBatch:
        rng = np.random.default_rng([seed, int(index)])
        return task.sample(chunk * batch_size, rng, steps=task.max_steps)

    return _batches(tf.data.Dataset.counter(), draw, task, batch_size, chunk, task.max_steps)


class TrainingData(keras.callbacks.Callback):
    """The data of one training run, from any of its epochs on: a resumed run sees what it would have seen.

    Chunk number i is drawn as `ntm_lib.dataset` draws it. With a curriculum, `fit` reads the data anew in each epoch,
    which costs some tenths of a second. As none is drawn ahead, a change of `stage` reaches the next one whole. Each
    stage is padded to the steps that it needs: short sequences train fast, and every stage costs one compilation.

    Args:
        task: what to sample.
        recipe: the number and size of the batches, and how often an easier stage is repeated.
        seed: of the sequences.
    """

    def __init__(self, task: Task, recipe: Recipe, seed: int) -> None:
        super().__init__()
        self.task, self.recipe, self.seed = task, recipe, seed
        self.stages: list[Mapping[str, Range]] = [*(_easier(task) if recipe.advance_below else ()), {}]
        self.stage = 0
        """Which of the stages is being trained; the last is the task itself."""
        self.epoch = 0
        chunk = recipe.steps_per_execution
        self.chunks = -(-recipe.steps // chunk)
        self.chunks_per_epoch = max(1, round(recipe.sequences_per_epoch / (recipe.batch_size * chunk)))
        self.epochs = -(-self.chunks // self.chunks_per_epoch)

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Begin to read the batches of this epoch."""
        self.epoch = epoch

    def fit_arguments(self, first_epoch: int = 0) -> dict[str, Any]:
        """Return what `fit` needs to train from an epoch on: the data, and how it is cut into epochs."""
        chunk, size = self.recipe.steps_per_execution, self.recipe.batch_size
        ends = {"initial_epoch": first_epoch, "epochs": self.epochs}
        if len(self.stages) == 1:
            indices = tf.data.Dataset.range(first_epoch * self.chunks_per_epoch, self.chunks)
            whole = _batches(indices, self._draw, self.task, size, chunk, self.task.max_steps)
            return {"x": whole, "steps_per_epoch": self.chunks_per_epoch * chunk, **ends}
        span = tf.data.Dataset.range(1).map(lambda _: tf.numpy_function(self._span, [], tf.int64))
        indices = span.flat_map(lambda ends: tf.data.Dataset.range(ends[0], ends[1]))
        return {"x": _batches(indices, self._draw, self.task, size, chunk, None), **ends}

    def sequences(self, epochs: int) -> int:
        """Return the number of sequences in so many epochs."""
        steps = epochs * self.chunks_per_epoch * self.recipe.steps_per_execution
        return min(steps, self.recipe.steps) * self.recipe.batch_size

    @property
    def steps(self) -> int:
        """T, to which all sequences are padded: what the hardest of this stage and the earlier ones needs."""
        ranges = [self.task.ranges(**stage) for stage in self.stages[: self.stage + 1]]
        return max(self.task.steps(**{name: high for name, (_, high) in each.items()}) for each in ranges)

    def _span(self) -> np.ndarray:
        """Return the first chunk of this epoch and the first that is not in it."""
        start = self.epoch * self.chunks_per_epoch
        return np.array([start, min(start + self.chunks_per_epoch, self.chunks)], np.int64)

    def _draw(self, index: np.ndarray) -> TaskBatch:
        rng = np.random.default_rng([self.seed, int(index)])
        left = self.recipe.steps - int(index) * self.recipe.steps_per_execution
        batches, steps = min(left, self.recipe.steps_per_execution), self.steps
        if len(self.stages) == 1:
            return self.task.sample(batches * self.recipe.batch_size, rng, steps=steps)
        drawn = [
            self.task.sample(self.recipe.batch_size, rng, steps=steps, **self.stages[self._drawn_stage(rng)])
            for _ in range(batches)
        ]
        return TaskBatch(*(np.concatenate(parts) for parts in zip(*drawn, strict=True)))

    def _drawn_stage(self, rng: np.random.Generator) -> int:
        """Return the stage of a batch: mostly the present one, now and then an earlier one."""
        earlier = self.stage > 0 and rng.random() < self.recipe.review
        return int(rng.integers(self.stage)) if earlier else self.stage


def _easier(task: Task) -> list[Mapping[str, Range]]:
    """Return the stages of a task's curriculum that do not go beyond the task: it may be smaller than the usual one."""
    most = {name: high for name, (_, high) in task.ranges().items()}
    return [
        stage for stage in task.curriculum if all(bounds(name, value)[1] <= most[name] for name, value in stage.items())
    ]


class Curriculum(keras.callbacks.Callback):
    """Goes on to the next stage of the data after an epoch whose loss is near enough to the optimum.

    Args:
        data: whose stage is moved.
        advance_below: the loss must be less than that above the optimum of the stage, in bits a sequence.
    """

    def __init__(self, data: TrainingData, advance_below: float) -> None:
        super().__init__()
        self.data, self.advance_below = data, advance_below
        self._optima: dict[int, float] = {}

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Compare the loss with the limit."""
        if self.data.stage < len(self.data.stages) - 1:
            excess = (logs or {})["loss"] - self._optimum(self.data.stage)
            self.data.stage += int(excess < self.advance_below)

    def _optimum(self, stage: int) -> float:
        """Return the bits that the best predictor pays for a sequence of a stage."""
        if stage not in self._optima:
            task, difficulty = self.data.task, dict[str, Any](self.data.stages[stage])
            batch = task.sample(1000, np.random.default_rng(stage), **difficulty)
            self._optima[stage] = float(task.optimal_bits(batch, **difficulty).mean())
        return self._optima[stage]


def _batches(
    indices: tf.data.Dataset,
    draw: Callable[[np.ndarray], TaskBatch],
    task: Task,
    batch_size: int,
    chunk: int,
    steps: int | None,
) -> tf.data.Dataset:
    """Return batches from chunks of up to `chunk` batches, drawn on the graph; `steps` is T if it never changes."""
    shapes = [(batch_size, steps, task.num_inputs), (batch_size, steps, task.num_outputs), (batch_size, steps)]

    def parts(index: np.ndarray) -> list[np.ndarray]:
        drawn = draw(index)
        return [part.reshape(-1, batch_size, *part.shape[1:]) for part in drawn]

    def on_graph(index: tf.Tensor) -> tuple[tf.Tensor, ...]:
        drawn = tf.numpy_function(parts, [index], [tf.float32] * len(shapes))
        return tuple(tf.ensure_shape(part, (None, *shape)) for part, shape in zip(drawn, shapes, strict=True))

    # Not `from_generator`: it tells the C library to give memory back at once, which costs training half its speed.
    return indices.map(on_graph).unbatch().prefetch(2 * chunk)
