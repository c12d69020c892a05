"""The copy task: its layout, its randomness, and the deck's function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ntm_lib import CopyTask, TaskBatch, generate_copy_task
from ntm_lib.tasks import TASKS

few = settings(max_examples=40)


def check_layout(task: CopyTask, batch: TaskBatch) -> list[int]:
    """Every sequence: pattern, delimiter, silence while it is answered, silence. Returns the lengths."""
    bits, lengths = task.vector_dim, []
    for inputs, targets, mask in zip(*batch, strict=True):
        delimiters = np.flatnonzero(inputs[:, bits])
        assert len(delimiters) == 1, "there must be one delimiter"
        length = int(delimiters[0])
        answer = slice(length + 1, 2 * length + 1)
        np.testing.assert_array_equal(targets[answer], inputs[:length, :bits])
        assert not inputs[length + 1 :].any(), "the machine must not hear its answer"
        assert not inputs[length, :bits].any()
        np.testing.assert_array_equal(np.flatnonzero(mask), np.arange(answer.start, answer.stop))
        assert not targets[mask == 0].any()
        assert set(np.unique(inputs)) | set(np.unique(targets)) <= {0.0, 1.0}
        lengths.append(length)
    return lengths


@few
@given(st.integers(1, 9), st.integers(1, 6), st.integers(0, 6), st.integers(1, 5), st.integers(0, 2**31))
def test_every_sequence_is_pattern_delimiter_and_silent_answer(
    bits: int, shortest: int, more: int, size: int, seed: int
) -> None:
    task = CopyTask(bits, min_length=shortest, max_length=shortest + more)
    batch = task.sample(size, np.random.default_rng(seed))
    assert batch.inputs.shape == (size, task.max_steps, task.num_inputs) == (size, 2 * (shortest + more) + 1, bits + 1)
    assert batch.targets.shape == (size, task.max_steps, task.num_outputs)
    assert batch.mask.shape == (size, task.max_steps)
    assert all(part.dtype == np.float32 for part in batch)
    assert all(shortest <= length <= shortest + more for length in check_layout(task, batch))


@few
@given(st.integers(1, 30), st.integers(0, 9), st.integers(0, 2**31))
def test_a_given_length_is_every_sequences_and_may_be_beyond_the_tasks(length: int, padding: int, seed: int) -> None:
    task = CopyTask(3, min_length=2, max_length=5)
    steps = 2 * length + 1 + padding
    batch = task.sample(4, np.random.default_rng(seed), length=length, steps=steps)
    assert batch.inputs.shape == (4, steps, 4)
    assert check_layout(task, batch) == [length] * 4
    assert task.sample(1, np.random.default_rng(seed), length=length).inputs.shape[1] == 2 * length + 1


def test_lengths_and_bits_are_uniform() -> None:
    task = CopyTask(2, min_length=1, max_length=4)
    batch = task.sample(4000, np.random.default_rng(0))
    lengths = check_layout(task, batch)
    np.testing.assert_allclose(np.bincount(lengths)[1:] / 4000, 0.25, atol=0.03)
    assert batch.targets.sum() / (2 * np.sum(lengths)) == pytest.approx(0.5, abs=0.02)


def test_the_generator_decides_everything() -> None:
    task = CopyTask()
    one, same, other = (task.sample(3, np.random.default_rng(seed)) for seed in (0, 0, 1))
    for a, b in zip(one, same, strict=True):
        np.testing.assert_array_equal(a, b)
    assert not np.array_equal(one.inputs, other.inputs)


def test_the_defaults_are_the_papers_and_the_command_line_knows_the_task() -> None:
    task = TASKS["copy"]()
    assert isinstance(task, CopyTask)
    assert (task.name, task.num_inputs, task.num_outputs, task.max_steps) == ("copy", 9, 8, 41)


def test_the_decks_function() -> None:
    inputs, targets = generate_copy_task(10, 8, batch_size=3, seed=5)
    assert inputs.shape == (3, 21, 9)
    assert targets.shape == (3, 21, 8)
    mask = np.repeat([[0.0] * 11 + [1.0] * 10], 3, axis=0)
    assert check_layout(CopyTask(8), TaskBatch(inputs, targets, mask)) == [10] * 3
    np.testing.assert_array_equal(inputs, generate_copy_task(10, 8, batch_size=3, seed=5)[0])
    np.testing.assert_array_equal(inputs, generate_copy_task(10, 8, batch_size=3, seed=np.random.default_rng(5))[0])
    assert not np.array_equal(generate_copy_task(10, 8)[0], generate_copy_task(10, 8)[0])
    assert generate_copy_task(10, 8)[0].shape == (1, 21, 9)


RNG = np.random.default_rng(0)
WRONG: dict[str, tuple[Callable[[], Any], str]] = {
    "no bits": (lambda: CopyTask(0), r"vector_dim must be a whole number of at least 1. Received: 0"),
    "true bits": (lambda: CopyTask(True), r"vector_dim must be a whole number of at least 1. Received: True"),
    "no length": (lambda: CopyTask(min_length=0), r"min_length must be a whole number of at least 1. Received: 0"),
    "upside down": (lambda: CopyTask(min_length=5, max_length=4), r"max_length must be .* at least 5. Received: 4"),
    "no batch": (lambda: CopyTask().sample(0, RNG), r"batch must be a whole number of at least 1. Received: 0"),
    "half a batch": (lambda: CopyTask().sample(1.5, RNG), r"batch must be .*Received: 1.5"),
    "a seed": (lambda: CopyTask().sample(1, 0), r"rng must be a numpy.random.Generator. Received: 0"),
    "length 0": (lambda: CopyTask().sample(1, RNG, length=0), r"length must be a whole number .*Received: 0"),
    "too few steps": (lambda: CopyTask().sample(1, RNG, steps=40), r"steps must be .* at least 41. Received: 40"),
    "too few steps for a length": (
        lambda: CopyTask().sample(1, RNG, length=3, steps=6),
        r"steps must be a whole number of at least 7. Received: 6",
    ),
    "deck's length": (lambda: generate_copy_task(0, 8), r"sequence_length must be .*Received: 0"),
    "deck's bits": (lambda: generate_copy_task(3, -8), r"vector_dim must be .*Received: -8"),
    "deck's batch": (lambda: generate_copy_task(3, 8, batch_size=0), r"batch_size must be .*Received: 0"),
    "negative seed": (lambda: generate_copy_task(3, 8, seed=-1), r"seed must be .*Received: -1"),
    "seed of text": (lambda: generate_copy_task(3, 8, seed="a"), r"seed must be .*Received: 'a'"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_argument_is_named_with_what_came(name: str) -> None:
    call, message = WRONG[name]
    with pytest.raises(ValueError, match=message):
        call()
