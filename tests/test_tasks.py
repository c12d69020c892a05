"""What every task promises: shapes, padding, determinism, ranges, words for people, and clear errors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from ntm_lib import (
    AssociativeRecallTask,
    CopyTask,
    KeyValueTask,
    NGramsTask,
    PrioritySortTask,
    RepeatCopyTask,
    SortingTask,
    Task,
    TaskBatch,
)
from ntm_lib.tasks import TASKS

NAMES = sorted(TASKS)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.mark.parametrize("name", NAMES)
def test_a_batch_has_the_shapes_and_values_the_task_states(name: str) -> None:
    task = TASKS[name]()
    assert task.name == name
    inputs, targets, mask = task.sample(7, rng())
    steps = task.max_steps
    assert inputs.shape == (7, steps, task.num_inputs)
    assert targets.shape == (7, steps, task.num_outputs)
    assert mask.shape == (7, steps)
    assert {part.dtype for part in (inputs, targets, mask)} == {np.dtype("float32")}
    assert set(np.unique(targets)) <= {0.0, 1.0}
    assert set(np.unique(mask)) <= {0.0, 1.0}
    assert np.isfinite(inputs).all()
    assert (mask.sum(axis=1) > 0).all(), "something is asked in every sequence"
    assert not targets[mask == 0].any(), "no target where nothing is asked"


@pytest.mark.parametrize("name", NAMES)
def test_the_same_generator_gives_the_same_batch_and_another_another(name: str) -> None:
    task = TASKS[name]()
    for one, other in zip(task.sample(4, rng(1)), task.sample(4, rng(1)), strict=True):
        np.testing.assert_array_equal(one, other)
    assert (task.sample(4, rng(1)).targets != task.sample(4, rng(2)).targets).any()


@pytest.mark.parametrize("name", NAMES)
def test_padding_is_silent_and_does_not_count(name: str) -> None:
    task = TASKS[name]()
    longest = task.max_steps
    plain, padded = task.sample(4, rng(3)), task.sample(4, rng(3), steps=longest + 5)
    for one, other in zip(plain, padded, strict=True):
        np.testing.assert_array_equal(one, other[:, :longest])
        assert not other[:, longest:].any()
    with pytest.raises(ValueError, match=rf"steps must be a whole number of at least {longest}\."):
        task.sample(1, rng(), steps=longest - 1)


@pytest.mark.parametrize("name", NAMES)
def test_all_of_a_tasks_difficulties_and_stages_and_tests_can_be_drawn(name: str) -> None:
    task = TASKS[name]()
    for difficulty in ({}, *task.curriculum, *task.tests):
        batch = task.sample(2, rng(), **difficulty)
        assert batch.mask.any()
    for stage in task.curriculum:
        fits = task.sample(2, rng(), steps=task.max_steps, **stage)
        assert fits.inputs.shape[1] == task.max_steps


@pytest.mark.parametrize("name", NAMES)
def test_a_sequence_can_be_read_by_people(name: str) -> None:
    task = TASKS[name]()
    batch = task.sample(3, rng())
    texts = [task.describe(batch, example) for example in range(3)]
    assert len(set(texts)) == 3
    assert all(len(text) > 20 or name == "copy" for text in texts)
    with pytest.raises(ValueError, match=r"example must be between 0 and 2. Received: 3"):
        task.describe(batch, 3)


@pytest.mark.parametrize("name", [name for name in NAMES if name != "n-grams"])
def test_what_is_determined_costs_nothing_at_best(name: str) -> None:
    task = TASKS[name]()
    np.testing.assert_array_equal(task.optimal_bits(task.sample(3, rng())), [0, 0, 0])


def test_a_range_is_drawn_uniformly() -> None:
    lengths = RepeatCopyTask().sample(3000, rng(), length=(2, 5), repeats=1).inputs[..., 8].argmax(axis=1)
    np.testing.assert_allclose(np.bincount(lengths, minlength=6)[2:] / 3000, 0.25, atol=0.03)
    assert set(lengths) == {2, 3, 4, 5}


def test_a_task_of_ones_own_needs_only_one_sequence() -> None:
    class Echo(Task):
        name, num_inputs, num_outputs, difficulty = "echo", 1, 1, {"length": (1, 4)}

        def steps(self, *, length: int) -> int:
            return length

        def draw(self, rng: np.random.Generator, *, length: int) -> TaskBatch:
            bits = rng.integers(0, 2, size=(length, 1)).astype(np.float32)
            return TaskBatch(bits, bits, np.ones(length, np.float32))

    batch = Echo().sample(50, rng())
    assert batch.inputs.shape == (50, 4, 1)
    np.testing.assert_array_equal(batch.inputs, batch.targets)
    assert "in 1  out 1" in "".join(Echo().describe(batch, example) for example in range(50))


WRONG: dict[str, tuple[Callable[[], Any], str]] = {
    "no batch": (lambda: CopyTask().sample(0, rng()), r"batch must be .*Received: 0"),
    "a seed for a generator": (lambda: NGramsTask().sample(1, 3), r"rng must be a numpy.random.Generator. Received: 3"),
    "another task's difficulty": (
        lambda: CopyTask().sample(1, rng(), items=3),
        r"difficulty must be one of 'length'. Received: 'items'",
    ),
    "a range backwards": (
        lambda: CopyTask().sample(1, rng(), length=(5, 2)),
        r"the highest length must be a whole number of at least 5. Received: 2",
    ),
    "a range of three": (lambda: CopyTask().sample(1, rng(), length=(1, 2, 3)), r"length must be one number or"),
    "a length of text": (lambda: CopyTask().sample(1, rng(), length="7"), r"length must be .*Received: '7'"),
    "one repeat only": (lambda: RepeatCopyTask(max_repeats=1), r"max_repeats must be .*at least 2. Received: 1"),
    "one item": (lambda: AssociativeRecallTask(max_items=1), r"max_items must be .*at least 2. Received: 1"),
    "one item drawn": (lambda: AssociativeRecallTask().sample(1, rng(), items=1), r"items must be .*Received: 1"),
    "more items than there are": (
        lambda: AssociativeRecallTask(1, item_length=2, max_items=5),
        r"items must be at most 4, the number of different items. Received: 5",
    ),
    "unigrams": (lambda: NGramsTask(1), r"n must be .*at least 2. Received: 1"),
    "too few bits": (lambda: NGramsTask(6, length=5), r"length must be .*at least 6. Received: 5"),
    "too few bits drawn": (lambda: NGramsTask(6).sample(1, rng(), length=5), r"length must be .*at least 6"),
    "fewest above most": (lambda: PrioritySortTask(max_items=3, min_items=5), r"max_items must be .*at least 5"),
    "no answers": (lambda: PrioritySortTask(answers=0), r"answers must be .*Received: 0"),
    "no values": (lambda: SortingTask(10, 0), r"max_value must be .*Received: 0"),
    "an odd context": (lambda: KeyValueTask(5), r"context_length must be even: keys and values. Received: 5"),
    "more questions than keys": (lambda: KeyValueTask(4, 3), r"question_length must be at most the .*2. Received: 3"),
    "more keys than words": (lambda: KeyValueTask(8, 1, 3), r"vocab_size must be at least .*4. Received: 3"),
    "another task's batch": (
        lambda: NGramsTask().optimal_bits(CopyTask().sample(1, rng())),
        r"inputs must have 1 entries \(num_inputs\)",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_argument_is_named_with_what_came(name: str) -> None:
    call, message = WRONG[name]
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize(
    ("name", "slots"),
    {
        "copy": 20,
        "repeat-copy": 10,
        "associative-recall": 18,
        "n-grams": 32,
        "priority-sort": 20,
        "sorting": 10,
        "key-value": 25,
        "stories-1-fact": 0,
    }.items(),
)
def test_the_hardest_sequences_of_training_fill_so_many_slots(name: str, slots: int) -> None:
    task = TASKS[name]()
    assert task.slots(**{each: high for each, (_, high) in task.ranges().items()}) == slots
