"""The deck's own training loops, slides 10 and 11, made to work: one update an epoch, on one fresh batch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from ntm_lib import checks
from ntm_lib.sequence_model import SequenceModel
from ntm_lib.tasks import KeyValueTask, SortingTask, Task
from ntm_lib.tasks.base import generator
from ntm_lib.training import check_widths, train_step


def train_sorting_ntm(
    ntm: SequenceModel,
    num_epochs: int,
    *,
    optimizer: keras.optimizers.Optimizer | None = None,
    sequence_length: int = 10,
    max_value: int = 20,
    batch_size: int = 4,
    seed: int | np.random.Generator | None = 0,
    report: Callable[[str], None] = print,
) -> np.ndarray:
    """Train a machine to sort numbers: the deck's slide 10.

    What the deck calls an epoch is one update of the weights. A thousand of them are a beginning: to see a machine
    learn to sort, use `python -m ntm_lib train sorting`.

    Args:
        ntm: a model with `max_value + 1` inputs and `max_value` outputs; it is changed.
        num_epochs: how many updates.
        optimizer: a Keras optimizer of this model alone; if not given, Adam at 1e-3 with gradients clipped at a norm
            of 1. In the deck it is a name that is never defined.
        sequence_length: the numbers of a sequence.
        max_value: the number of different numbers.
        batch_size: B, the sequences of one update; 1 in the deck.
        seed: of the sequences.
        report: is given a line every 100 updates.

    Returns:
        The loss before each update, `[num_epochs]`, in bits a sequence.

    Raises:
        ValueError: if a number is not whole and positive, or the model does not fit the task.

    Example:
        >>> from ntm_lib import LSTMBaseline, train_sorting_ntm
        >>> ntm = LSTMBaseline(5, 4, units=4, layers=1)  # four numbers, a delimiter
        >>> sizes = {"sequence_length": 2, "max_value": 4}
        >>> losses = train_sorting_ntm(ntm, 2, **sizes, report=lambda line: None)
        >>> losses.shape
        (2,)
    """
    return _train(ntm, SortingTask(sequence_length, max_value), num_epochs, optimizer, batch_size, seed, report)


def train_qa_ntm(
    ntm: SequenceModel,
    num_epochs: int,
    *,
    optimizer: keras.optimizers.Optimizer | None = None,
    context_length: int = 50,
    question_length: int = 10,
    vocab_size: int = 100,
    batch_size: int = 4,
    seed: int | np.random.Generator | None = 0,
    report: Callable[[str], None] = print,
) -> np.ndarray:
    """Train a machine to answer questions about keys and values: the deck's slide 11, with questions that have answers.

    What the deck calls an epoch is one update of the weights. A thousand of them are a beginning: to see a machine
    learn to answer, use `python -m ntm_lib train key-value`.

    Args:
        ntm: a model with `vocab_size + 1` inputs and `vocab_size` outputs; it is changed.
        num_epochs: how many updates.
        optimizer: as for `train_sorting_ntm`.
        context_length: the tokens of the context, keys and values in turn.
        question_length: the keys that are asked for.
        vocab_size: the number of different tokens.
        batch_size: as there.
        seed: as there.
        report: as there.

    Returns:
        The loss before each update, `[num_epochs]`, in bits a sequence.

    Raises:
        ValueError: as there.

    Example:
        >>> from ntm_lib import LSTMBaseline, train_qa_ntm
        >>> ntm = LSTMBaseline(5, 4, units=4, layers=1)  # four tokens, a mark
        >>> sizes = {"context_length": 4, "question_length": 1, "vocab_size": 4}
        >>> losses = train_qa_ntm(ntm, 2, **sizes, report=lambda line: None)
        >>> losses.shape
        (2,)
    """
    task = KeyValueTask(context_length, question_length, vocab_size)
    return _train(ntm, task, num_epochs, optimizer, batch_size, seed, report)


def _train(
    ntm: Any, task: Task, num_epochs: int, optimizer: Any, batch_size: int, seed: Any, report: Callable[[str], None]
) -> np.ndarray:
    check_widths(ntm, task)
    updates = checks.positive_integer("num_epochs", num_epochs)
    rng, losses = generator(seed), np.empty(updates)
    optimizer = keras.optimizers.Adam(1e-3, global_clipnorm=1.0) if optimizer is None else optimizer
    for update in range(updates):
        batch = task.sample(batch_size, rng)
        losses[update] = train_step(batch.inputs, batch.targets, ntm, optimizer, mask=batch.mask).numpy()
        if update % 100 == 0:
            report(f"update {update}: {losses[update]:.1f} bits a sequence")
    return losses
