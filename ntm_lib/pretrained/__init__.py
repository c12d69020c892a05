"""Machines that have been trained, to look at and to go on from; each with how it was trained and a checksum."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ntm_lib import checks
from ntm_lib.baselines import LSTMBaseline
from ntm_lib.models import NeuralTuringMachine
from ntm_lib.sequence_model import SequenceModel

FOLDER = Path(__file__).resolve().parent
CLASSES = {kind.__name__: kind for kind in (NeuralTuringMachine, LSTMBaseline)}


def pretrained_names() -> list[str]:
    """Return the names that `load_pretrained` knows.

    Example:
        >>> from ntm_lib import pretrained_names
        >>> "copy-lstm" in pretrained_names()
        True
    """
    return sorted(path.stem for path in FOLDER.glob("*.json"))


def load_pretrained(name: str) -> SequenceModel:
    """Return a machine that has been trained. Its weights were rounded to half precision to be shipped.

    Args:
        name: such as "copy-lstm"; `pretrained_names()` lists them.

    Returns:
        The machine. `pretrained_results(name)` tells how it was trained and how it does with these weights.

    Raises:
        ValueError: if there is none of that name, or its file is damaged.

    Example:
        >>> import numpy as np
        >>> from ntm_lib import CopyTask, bit_errors, load_pretrained
        >>> model = load_pretrained("copy-lstm")
        >>> batch = CopyTask().sample(2, np.random.default_rng(0), length=20)
        >>> print(bit_errors(batch.targets, model(batch.inputs), batch.mask).numpy())
        [0. 0.]
    """
    record = pretrained_results(name)
    content = (FOLDER / f"{name}.npz").read_bytes()
    if hashlib.sha256(content).hexdigest() != record["sha256"]:
        raise ValueError(f"{name}.npz must have the checksum that {name}.json states. Received another: it is damaged")
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        weights = [arrays[f"{number:02}"].astype(np.float32) for number in range(len(arrays.files))]
    config = dict(record["model"])
    model: SequenceModel = CLASSES[config.pop("class")].from_config(config)
    model.set_weights(weights)
    return model


def pretrained_results(name: str) -> dict[str, Any]:
    """Return the record of a machine: settings, curve and tests, as `ntm_lib.train` returns them, and the checksum.

    `final` and `tests` are measured with the weights as they are shipped.

    Args:
        name: as for `load_pretrained`.

    Raises:
        ValueError: if there is none of that name.

    Example:
        >>> from ntm_lib import pretrained_results
        >>> results = pretrained_results("copy-lstm")
        >>> results["solved"], results["recipe"]["sequences"]
        (True, 40000)
    """
    checks.choice("name", name, pretrained_names())
    record: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text())
    return record


def packed(weights: Sequence[np.ndarray]) -> bytes:
    """Return weights as the bytes of an `.npz` file in half precision: the same weights give the same bytes."""
    buffer = io.BytesIO()
    arrays: dict[str, Any] = {f"{number:02}": each.astype(np.float16) for number, each in enumerate(weights)}
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue()
