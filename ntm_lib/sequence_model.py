"""A Keras model of sequences that trains fast on small batches, fails clearly and never damages a saved file."""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self

import keras
import numpy as np
import tensorflow as tf

from ntm_lib import checks, schedules
from ntm_lib.metrics import BitsPerSequence

REGISTERED = {"HoldThenDecay": schedules.HoldThenDecay}
"""What a saved model may need besides its own class: naming it here is what makes Keras know it."""


class SequenceModel(keras.Model):
    """What the memory machines and the LSTM baseline share: `compile`, `fit`, `save` and `load`.

    `compile(steps_per_execution=K)` means more here than in Keras: K training steps run inside one program compiled by
    XLA, which is what makes batches of 1 to 8 sequences fast. It needs batches of one static shape, such as
    `tf.data` gives with `drop_remainder=True`; other data trains as in any Keras model.
    """

    num_inputs: int
    num_outputs: int
    one_length_an_epoch = False
    """Whether data of unknown T has one T within each epoch: then it is fast as well, after a compilation for each."""
    train_function: Any
    _jit_compile: Any

    def compile(self, optimizer: Any = "adam", loss: Any = None, *, jit_compile: Any = True, **kwargs: Any) -> None:
        """Configure training as `keras.Model.compile` does, by default compiled by XLA and with the loss in bits.

        `"adam"` is Keras's. The optimizer of the recipe that learns to copy is `ntm_lib.COPY_RECIPE.optimizer()`.
        """
        super().compile(optimizer=optimizer, loss=loss or BitsPerSequence(), jit_compile=jit_compile, **kwargs)

    def compile_from_config(self, config: dict[str, Any]) -> None:
        """Compile as the saved model was, so that `load` can restore the optimizer's state."""
        self.compile(**keras.saving.deserialize_keras_object(config))
        if self.optimizer is not None:
            self.optimizer.build(self.trainable_variables)

    def fit(self, x: Any = None, y: Any = None, batch_size: int | None = None, **kwargs: Any) -> Any:
        """Train as `keras.Model.fit` does. The mask goes in as `sample_weight`, `[B, T]`.

        Raises:
            ValueError: if an array or a batch of a `tf.data.Dataset` holds NaN or infinity, or a shape does not fit.
        """
        if y is None and isinstance(x, np.ndarray | tf.Tensor):
            raise ValueError("y must be the targets, [B, T, O]. Received: None")
        self._check(x, y, kwargs.get("sample_weight"))
        if isinstance(kwargs.get("validation_data"), tuple):
            self._check(*kwargs["validation_data"], where="validation_data ")
        try:
            with _clear_errors():
                return super().fit(_watched(x), y, batch_size, **kwargs)
        except Exception:
            self.train_function = None  # what was traced half-way must not meet the next call
            raise

    def evaluate(self, x: Any = None, y: Any = None, **kwargs: Any) -> Any:
        """Return the loss and metrics as `keras.Model.evaluate` does; errors as in `fit`."""
        self._check(x, y, kwargs.get("sample_weight"))
        with _clear_errors():
            return super().evaluate(_watched(x), y, **kwargs)

    def predict(self, x: Any, **kwargs: Any) -> Any:
        """Return the logits as `keras.Model.predict` does; errors as in `fit`."""
        self._check(x)
        with _clear_errors():
            return super().predict(_watched(x), **kwargs)

    def train_on_batch(self, x: Any, y: Any = None, sample_weight: Any = None, **kwargs: Any) -> Any:
        """Make one update as `keras.Model.train_on_batch` does; errors as in `fit`."""
        self._check(x, y, sample_weight)
        return super().train_on_batch(x, y, sample_weight, **kwargs)

    def test_on_batch(self, x: Any, y: Any = None, sample_weight: Any = None, **kwargs: Any) -> Any:
        """Return the loss as `keras.Model.test_on_batch` does; errors as in `fit`."""
        self._check(x, y, sample_weight)
        return super().test_on_batch(x, y, sample_weight, **kwargs)

    def predict_on_batch(self, x: Any) -> Any:
        """Return the logits as `keras.Model.predict_on_batch` does; errors as in `fit`."""
        self._check(x)
        return super().predict_on_batch(x)

    def _check(self, x: Any, y: Any = None, sample_weight: Any = None, *, where: str = "") -> None:
        """Raise `ValueError` for arrays and tensors that are not finite or do not fit; other data Keras looks at."""
        if not isinstance(x, np.ndarray | tf.Tensor):
            return
        checks.array(f"{where}x", x, "[B, T, I]")
        checks.size(f"{where}x", x, -1, self.num_inputs, "num_inputs")
        for name, values, shape in (("y", y, "[B, T, O]"), ("sample_weight", sample_weight, "[B, T]")):
            if not isinstance(values, np.ndarray | tf.Tensor):
                continue
            in_bits = isinstance(self.loss, BitsPerSequence)  # another loss may want other shapes
            checks.array(f"{where}{name}", values, *([shape] if in_bits else []))
            for axis, meaning in enumerate(("the batch of x", "the steps of x")[: 2 if in_bits else 1]):
                checks.size(f"{where}{name}", values, axis, x.shape[axis], meaning)
            if name == "y" and in_bits:
                checks.size(f"{where}y", values, -1, self.num_outputs, "num_outputs")

    def make_train_function(self, force: bool = False) -> Any:
        """Make the function that `fit` calls for every `steps_per_execution` batches."""
        if self.train_function is not None and not force:
            return self.train_function
        super().make_train_function(force=True)
        if self.jit_compile is True and self.steps_per_execution > 1 and not self.run_eagerly:
            self.train_function = self._compiled_loop(otherwise=self.train_function)
        return self.train_function

    def make_test_function(self, force: bool = False) -> Any:
        """Make the function that `evaluate` calls: not compiled, so that a new length needs no new program."""
        with self._not_compiled():
            return super().make_test_function(force)

    def make_predict_function(self, force: bool = False) -> Any:
        """Make the function that `predict` calls: not compiled, so that a new length needs no new program."""
        with self._not_compiled():
            return super().make_predict_function(force)

    @contextlib.contextmanager
    def _not_compiled(self) -> Iterator[None]:
        compiled, self._jit_compile = self._jit_compile, False
        try:
            yield
        finally:
            self._jit_compile = compiled

    def _compiled_loop(self, otherwise: Callable[[Any], Any]) -> Callable[[Any], Any]:
        """Return a training function that runs many steps in one compiled program, or `otherwise` where it cannot."""

        @tf.function(autograph=False, jit_compile=True)
        def train_on(batches: Any, count: tf.Tensor) -> dict[str, tf.Tensor]:
            def body(step: tf.Tensor) -> tuple[tf.Tensor]:
                self.train_step(tf.nest.map_structure(lambda stacked: stacked[step], batches))
                return (step + 1,)

            tf.while_loop(lambda step: step < count, body, (tf.constant(0),))
            return self.get_metrics_result()

        @tf.function(autograph=False, reduce_retracing=True)
        def train_from(iterator: Any) -> dict[str, tf.Tensor]:
            return train_on(*_gather(iterator, self.steps_per_execution))

        def function(iterator: Any) -> Any:
            if isinstance(iterator, tf.data.Iterator) and self._stacks(iterator.element_spec):
                return train_from(iterator)
            return otherwise(iterator)

        return function

    def _stacks(self, spec: Any) -> bool:
        """Return whether batches of that kind have one shape: all of it known, or all but T where that is promised."""
        parts = tf.nest.flatten(spec)
        if not all(isinstance(part, tf.TensorSpec) and part.shape.rank for part in parts):
            return False
        free = (1,) if self.one_length_an_epoch else ()
        return all(size is not None for part in parts for axis, size in enumerate(part.shape) if axis not in free)

    def save(self, filepath: Any, overwrite: bool = True, **kwargs: Any) -> None:
        """Save to a `.keras` file. It is written beside the target first: a failed save leaves the old file as it was.

        Args:
            filepath: a path that ends in `.keras`.
            overwrite: whether an existing file may be replaced.
            **kwargs: as for `keras.Model.save`.

        Raises:
            ValueError: if the path does not end in `.keras`.
            FileExistsError: if the file exists and `overwrite` is False.
            FileNotFoundError: if there is no such folder.
        """
        with _beside(filepath, ".keras", overwrite) as written:
            super().save(written, **kwargs)

    def save_weights(self, filepath: Any, overwrite: bool = True) -> None:
        """Save the weights alone to a `.weights.h5` file, as safely as `save`; arguments and errors as there.

        Raises:
            OSError: if the disk is full.
        """
        with _beside(filepath, ".weights.h5", overwrite) as written:
            # Keras would let the HDF5 library write to the disk, which ends the process where the disk is full. What is
            # part of a .keras file is put together in memory and written by Python, which raises an error.
            whole = written.with_name("whole.keras")
            super().save(whole)
            with zipfile.ZipFile(whole) as parts:
                weights = parts.read("model.weights.h5")
            whole.unlink()
            written.write_bytes(weights)

    def load_weights(self, filepath: Any, **kwargs: Any) -> None:
        """Load what `save_weights` wrote for a model of the same configuration.

        Raises:
            FileNotFoundError: if there is no such file.
            ValueError: if the file is damaged, or holds the weights of another model.
        """
        path = _path(filepath)
        if not path.exists():
            raise FileNotFoundError(f"filepath must name saved weights. Received: {filepath!r}, which does not exist")
        try:
            super().load_weights(path, **kwargs)
        except Exception as error:  # HDF5 and Keras raise many kinds, depending on where the file is damaged
            raise ValueError(
                f"filepath must be a file that save_weights wrote for such a model. Received {path}: {error}"
            ) from error

    @classmethod
    def load(cls, filepath: Any) -> Self:
        """Load what `save` wrote: weights, configuration and, if it was compiled, the optimizer's state.

        Args:
            filepath: a path to a `.keras` file.

        Raises:
            FileNotFoundError: if there is no such file.
            ValueError: if the file is damaged, or holds a model of another class.
        """
        path = _path(filepath)
        if not path.exists():
            near = checks.nearest(path.name, [each.name for each in path.parent.glob("*.keras")])
            raise FileNotFoundError(
                f"filepath must name a saved model. Received: {filepath!r}, which does not exist{near}"
            )
        if not _whole_archive(path):
            raise ValueError(
                f"filepath must be a file that {cls.__name__}.save wrote. Received {path}, which is truncated, damaged "
                "or of another kind"
            )
        try:
            model = keras.saving.load_model(path, custom_objects=REGISTERED)
        except Exception as error:  # Keras raises many kinds, depending on where the file is damaged
            raise ValueError(
                f"filepath must be a file that {cls.__name__}.save wrote. Received {path}: {error}"
            ) from error
        if not isinstance(model, cls):
            raise ValueError(
                f"filepath must hold a {cls.__name__}. Received {path}, which holds a {type(model).__name__}"
            )
        return model


def _whole_archive(path: Path) -> bool:
    """Return whether a file is a zip archive and each part has its checksum, which Keras does not look at."""
    if not zipfile.is_zipfile(path):
        return False
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.testzip() is None
    except Exception:  # zipfile raises many kinds, depending on where the file is damaged
        return False


NOT_FINITE = "must be finite. A batch of the dataset holds"


def _watched(data: Any) -> Any:
    """Return a `tf.data.Dataset` that stops at the first batch with NaN or infinity; other data as it is."""
    if not isinstance(data, tf.data.Dataset):
        return data

    def check(part: Any, name: str) -> Any:
        return tf.debugging.check_numerics(part, f"{name} {NOT_FINITE}") if part.dtype.is_floating else part

    def check_all(*parts: Any) -> Any:
        named = zip(parts, ("x", "y", "sample_weight"), strict=False)
        checked = [tf.nest.map_structure(lambda part, name=name: check(part, name), part) for part, name in named]
        return checked[0] if len(checked) == 1 else tuple(checked)

    return data.map(check_all)


@contextlib.contextmanager
def _clear_errors() -> Iterator[None]:
    """Turn TensorFlow's error about a watched dataset into a `ValueError`."""
    try:
        yield
    except tf.errors.InvalidArgumentError as error:
        found = re.search(rf"(\w+ {re.escape(NOT_FINITE)}) : Tensor had ([\w ]+) values", str(error))
        if found is None:
            raise
        raise ValueError(f"{found[1]} {found[2]}") from error


def _path(filepath: Any) -> Path:
    if not isinstance(filepath, str | os.PathLike):
        raise ValueError(f"filepath must be a path. Received: {filepath!r}")
    return Path(filepath)


@contextlib.contextmanager
def _beside(filepath: Any, suffix: str, overwrite: bool) -> Iterator[Path]:
    """Give a path to write to, in a folder beside `filepath`, and move what was written there once it is complete."""
    target = _path(filepath)
    if not target.name.endswith(suffix):
        raise ValueError(f"filepath must end in {suffix}. Received: {filepath!r}")
    if target.exists() and not overwrite:
        raise FileExistsError(f"{target} exists and overwrite is False")
    if not target.parent.is_dir():
        raise FileNotFoundError(f"filepath must be in a folder that exists. Received: {filepath!r}")
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".saving-") as folder:
        written = Path(folder) / target.name
        yield written
        written.replace(target)


def _gather(iterator: Any, limit: int) -> tuple[Any, tf.Tensor]:
    """Return up to `limit` batches, stacked on a new first axis, and how many they are; zeros fill the rest."""
    spec = iterator.element_spec
    arrays = [tf.TensorArray(part.dtype, limit, element_shape=part.shape) for part in tf.nest.flatten(spec)]

    def body(count: tf.Tensor, batch: Any, arrays: list[tf.TensorArray]) -> Any:
        values = tf.nest.flatten(batch.get_value())
        arrays = [array.write(count, value) for array, value in zip(arrays, values, strict=True)]
        following = tf.cond(count + 1 < limit, iterator.get_next_as_optional, lambda: batch)
        return count + 1, following, arrays

    first = tf.experimental.Optional.from_value(iterator.get_next())  # raises where the data is at its end
    count, _, arrays = tf.while_loop(
        lambda count, batch, _: tf.logical_and(count < limit, batch.has_value()), body, (0, first, arrays)
    )
    return tf.nest.pack_sequence_as(spec, [array.stack() for array in arrays]), count
