"""A training run on disk: complete at every instant, whatever stops the process."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ntm_lib.sequence_model import SequenceModel

WEIGHTS, STATE = "model.weights.h5", "state.json"


class Checkpoint:
    """A folder that holds the weights, the optimizer's state and the state of a training run.

    It is written beside the old one, which is moved away only when the new one is complete. So one of the two can be
    read at any time.

    Args:
        folder: where; made by the first `save`.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._new, self._old = (folder.with_name(f"{folder.name}.{ending}") for ending in ("writing", "old"))

    def save(self, model: SequenceModel, state: Mapping[str, Any]) -> None:
        """Write weights, optimizer and `state`, which must fit into JSON.

        Raises:
            OSError: if the disk is full or the folder cannot be written; the checkpoint that was there survives.
        """
        shutil.rmtree(self._new, ignore_errors=True)
        try:
            self._new.mkdir(parents=True)
            model.save_weights(self._new / WEIGHTS)
            (self._new / STATE).write_text(json.dumps(state) + "\n")
        except BaseException:
            shutil.rmtree(self._new, ignore_errors=True)
            raise
        if self.folder.exists():
            shutil.rmtree(self._old, ignore_errors=True)
            self.folder.rename(self._old)
        self._new.rename(self.folder)
        shutil.rmtree(self._old, ignore_errors=True)

    def exists(self) -> bool:
        """Return whether there is something to go on from."""
        return self.folder.is_dir() or self._old.is_dir()

    def restore(self, model: SequenceModel, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Give a compiled model its weights and its optimizer's state; return the state of the run.

        Args:
            model: as it was built and compiled when the run began.
            settings: must be what `state["settings"]` was.

        Raises:
            FileNotFoundError: if there is no checkpoint.
            ValueError: if the settings differ, naming each that does, or the files are damaged.
        """
        folder = self.folder if self.folder.is_dir() else self._old
        if not folder.is_dir():
            raise FileNotFoundError(f"there is no checkpoint to resume in {self.folder}")
        try:
            state: dict[str, Any] = json.loads((folder / STATE).read_text())
        except (OSError, ValueError) as error:
            raise ValueError(f"the checkpoint {folder} is damaged: {error}") from error
        check_settings(folder, state["settings"], settings)
        model.optimizer.build(model.trainable_variables)
        try:
            model.load_weights(folder / WEIGHTS)
        except (FileNotFoundError, ValueError) as error:
            raise ValueError(f"the checkpoint {folder} is damaged: {error}") from error
        return state

    def remove(self) -> None:
        """Remove the folder."""
        for folder in (self.folder, self._old, self._new):
            shutil.rmtree(folder, ignore_errors=True)


def check_settings(where: str | Path, before: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    """Raise `ValueError` naming every setting of the run in `where` that is not what it was."""
    old, new = _flat(json.loads(json.dumps(before))), _flat(json.loads(json.dumps(now)))
    differing = [name for name in sorted({*old, *new}) if old.get(name) != new.get(name)]
    if differing:
        told = "; ".join(f"{name} was {old.get(name)!r} and is now {new.get(name)!r}" for name in differing)
        raise ValueError(f"the run in {where} was begun with other settings: {told}")


def write_results(results: Mapping[str, Any], path: str | Path) -> None:
    """Write results as JSON, through a file beside it, so that a failed write leaves the old file as it was.

    JSON has no NaN: it becomes null, as does infinity.
    """
    path = Path(path)
    beside = path.with_suffix(".writing")
    text = json.dumps(with_null(results), indent=1, allow_nan=False) + "\n"
    try:
        beside.write_text(text)
    except OSError:
        beside.unlink(missing_ok=True)
        raise
    beside.replace(path)


def with_null(part: Any) -> Any:
    """Return `part` with None for every number in it that is not finite."""
    if isinstance(part, Mapping):
        return {name: with_null(value) for name, value in part.items()}
    if isinstance(part, list | tuple):
        return [with_null(value) for value in part]
    return None if isinstance(part, float) and not math.isfinite(part) else part


def _flat(part: Any, name: str = "") -> dict[str, Any]:
    """Return nested dictionaries as one, with names like "recipe.batch_size"."""
    if not isinstance(part, dict):
        return {name: part}
    flat: dict[str, Any] = {}
    for key, value in part.items():
        flat |= _flat(value, f"{name}.{key}" if name else key)
    return flat
