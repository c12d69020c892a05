"""Each task of the paper and of the deck, read back from its samples by code that shares nothing with the task."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from ntm_lib import (
    AssociativeRecallTask,
    KeyValueTask,
    NGramsTask,
    PrioritySortTask,
    RepeatCopyTask,
    SortingTask,
    TaskBatch,
    generate_qa_task,
    generate_sorting_task,
)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def examples(batch: TaskBatch) -> list[TaskBatch]:
    return [TaskBatch(*(part[example] for part in batch)) for example in range(len(batch.mask))]


# --- repeat copy


def test_repeat_copy_says_the_sequence_again_and_then_the_end_marker() -> None:
    seen = set()
    for inputs, targets, mask in examples(RepeatCopyTask().sample(300, rng())):
        (delimiter,) = np.flatnonzero(inputs[:, 8])
        assert inputs[delimiter, 8] == 1.0
        assert not inputs[delimiter, :8].any()
        assert not inputs[delimiter + 1 :].any(), "silence after the number of repeats"
        assert not inputs[:delimiter, 8:].any()
        repeats = round(inputs[delimiter, 9] * math.sqrt(99 / 12) + 5.5)  # uniform on 1..10: mean 5.5, variance 99/12
        assert inputs[delimiter, 9] == pytest.approx((repeats - 5.5) / math.sqrt(99 / 12))
        seen.add((int(delimiter), repeats))
        expected = [[*vector, 0.0] for _ in range(repeats) for vector in inputs[:delimiter, :8]]
        expected.append([0.0] * 8 + [1.0])
        asked = np.flatnonzero(mask)
        np.testing.assert_array_equal(asked, delimiter + 1 + np.arange(len(expected)))
        np.testing.assert_array_equal(targets[asked], expected)
    assert {length for length, _ in seen} == {repeats for _, repeats in seen} == set(range(1, 11))


def test_the_number_of_repeats_has_mean_0_and_variance_1() -> None:
    task = RepeatCopyTask(max_repeats=7)
    shown = [task.normalised(repeats) for repeats in range(1, 8)]
    assert np.mean(shown) == pytest.approx(0)
    assert np.var(shown) == pytest.approx(1)
    harder = task.sample(5, rng(), length=2, repeats=20)
    assert harder.inputs[0, 2, 9] == pytest.approx((20 - 4) / 2), "beyond training the scale stays"


# --- associative recall


def test_recall_asks_for_the_item_after_the_one_that_is_shown_again() -> None:
    counts = set()
    for inputs, targets, mask in examples(AssociativeRecallTask().sample(200, rng())):
        item_delimiters, query_delimiters = np.flatnonzero(inputs[:, 6]), np.flatnonzero(inputs[:, 7])
        items = len(item_delimiters)
        counts.add(items)
        np.testing.assert_array_equal(item_delimiters, 4 * np.arange(items))
        np.testing.assert_array_equal(query_delimiters, [4 * items, 4 * items + 4])
        assert not inputs[item_delimiters, :6].any(), "a delimiter stands alone"
        assert not inputs[query_delimiters, :6].any()
        assert inputs[:, 6:].sum() == items + 2
        listed = [inputs[start + 1 : start + 4, :6].tolist() for start in item_delimiters]
        query = inputs[4 * items + 1 : 4 * items + 4, :6].tolist()
        assert listed.count(query) == 1, "all items are different"
        answer = listed[listed.index(query) + 1]
        np.testing.assert_array_equal(np.flatnonzero(mask), 4 * items + 5 + np.arange(3))
        np.testing.assert_array_equal(targets[mask > 0], answer)
        assert not inputs[4 * items + 5 :].any()
    assert counts == {2, 3, 4, 5, 6}


def test_every_item_but_the_last_is_asked_for_alike() -> None:
    asked = []
    for inputs, *_ in examples(AssociativeRecallTask().sample(1500, rng(), items=4)):
        listed = inputs[:16].reshape(4, 4, 8)[:, 1:, :6]
        asked.append(int((listed == inputs[17:20, :6]).all(axis=(1, 2)).argmax()))
    np.testing.assert_allclose(np.bincount(asked, minlength=4) / 1500, [1 / 3, 1 / 3, 1 / 3, 0], atol=0.05)


def test_items_that_agree_are_drawn_again() -> None:
    task = AssociativeRecallTask(1, item_length=2, max_items=4)
    for inputs, *_ in examples(task.sample(50, rng(), items=4)):
        items = inputs[:12].reshape(4, 3, 3)[:, 1:, 0]
        assert len({tuple(item) for item in items}) == 4


# --- dynamic N-grams


def test_the_machine_is_shown_each_bit_after_it_has_predicted_it() -> None:
    inputs, targets, mask = NGramsTask().sample(20, rng())
    assert targets.shape == (20, 200, 1)
    np.testing.assert_array_equal(inputs[:, 1:], targets[:, :-1])
    assert not inputs[:, 0].any()
    assert mask.all()


def test_bits_are_drawn_by_the_table_and_the_first_ones_by_a_coin() -> None:
    task, table = NGramsTask(3), np.array([0.1, 0.9, 0.5, 0.0])
    source = rng()
    bits = np.stack([task.bits(source, table, 200) for _ in range(1000)])
    np.testing.assert_allclose(bits[:, :2].mean(axis=0), [0.5, 0.5], atol=0.05)
    for context, pair in enumerate(itertools.product((0, 1), repeat=2)):
        follows = (bits[:, :-2] == pair[0]) & (bits[:, 1:-1] == pair[1])
        assert bits[:, 2:][follows].mean() == pytest.approx(table[context], abs=0.02)


def test_the_table_is_fresh_for_each_sequence_and_from_the_beta_distribution() -> None:
    seen: list[np.ndarray] = []

    class Spy(NGramsTask):
        def bits(self, rng: np.random.Generator, table: np.ndarray, length: int) -> np.ndarray:
            seen.append(table)
            return super().bits(rng, table, length)

    Spy().sample(400, rng())
    tables = np.stack(seen)
    assert tables.shape == (400, 32)
    assert len(np.unique(tables)) == tables.size
    # Beta(1/2, 1/2) is the arcsine law: its distribution function is 2/pi asin(sqrt(x)).
    quantiles = np.quantile(tables, [0.1, 0.25, 0.5, 0.75, 0.9])
    np.testing.assert_allclose(2 / np.pi * np.arcsin(np.sqrt(quantiles)), [0.1, 0.25, 0.5, 0.75, 0.9], atol=0.01)


def slow_optimum(bits: list[int], n: int) -> list[float]:
    """(N1 + 1/2) / (N1 + N0 + 1), counted from the start for every bit."""
    predictions = []
    for now in range(len(bits)):
        context = bits[max(0, now - n + 1) : now]
        if len(context) < n - 1:
            predictions.append(0.5)
            continue
        following = [bits[i] for i in range(n - 1, now) if bits[i - n + 1 : i] == context]
        predictions.append((sum(following) + 0.5) / (len(following) + 1))
    return predictions


@pytest.mark.parametrize("n", [2, 4, 6])
def test_the_optimal_estimator_counts_what_was_seen(n: int) -> None:
    task = NGramsTask(n, length=90)
    batch = task.sample(5, rng(n))
    predicted, costs = task.optimal_predictions(batch), task.optimal_bits(batch)
    for example in range(5):
        bits = batch.targets[example, :, 0].astype(int).tolist()
        expected = slow_optimum(bits, n)
        np.testing.assert_allclose(predicted[example], expected)
        cost = -sum(math.log2(p if bit else 1 - p) for p, bit in zip(expected, bits, strict=True))
        assert costs[example] == pytest.approx(cost)


def test_the_optimum_of_another_order_is_asked_for_by_name() -> None:
    task = NGramsTask(6, length=90)
    batch = task.sample(5, rng(), n=3)
    np.testing.assert_array_equal(task.optimal_bits(batch, n=3), NGramsTask(3, length=90).optimal_bits(batch))
    assert task.optimal_bits(batch, n=3).mean() < task.optimal_bits(batch).mean()
    with pytest.raises(ValueError, match=r"n must be one number: .*Received: \(2, 6\)"):
        task.optimal_bits(batch, n=(2, 6))


def test_the_optimum_of_the_papers_sequences_is_about_133_bits_and_nothing_beats_it() -> None:
    task = NGramsTask()
    batch = task.sample(4000, rng())
    optimal = task.optimal_bits(batch)
    assert optimal.mean() == pytest.approx(133.26, abs=2.5)
    chance, ones = task.optimal_predictions(batch), batch.targets[..., 0] > 0.5
    for other in (np.clip(chance, 0.1, 0.9), 0.9 * chance + 0.05, chance**1.2, np.full_like(chance, 0.5)):
        assert -np.log2(np.where(ones, other, 1 - other)).sum(axis=1).mean() > optimal.mean()


# --- priority sort


def read_priority_sort(inputs: np.ndarray, targets: np.ndarray, mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the answer that is asked for and the one that sorting whole vectors gives."""
    (delimiter,) = np.flatnonzero(inputs[:, 9])
    items = [(float(row[8]), row[:8].tolist()) for row in inputs[:delimiter]]
    ordered = [vector for _, vector in sorted(items, key=lambda item: -item[0])]
    return targets[mask > 0], np.array(ordered[:16])


def test_priority_sort_gives_the_sixteen_vectors_of_highest_priority_in_order() -> None:
    for inputs, targets, mask in examples(PrioritySortTask().sample(100, rng())):
        assert np.flatnonzero(inputs[:, 9]).tolist() == [20]
        assert not inputs[20, :9].any()
        assert not inputs[21:].any()
        assert (np.abs(inputs[:20, 8]) <= 1).all()
        np.testing.assert_array_equal(np.flatnonzero(mask), 21 + np.arange(16))
        asked, right = read_priority_sort(inputs, targets, mask)
        np.testing.assert_array_equal(asked, right)


def test_a_sort_of_each_column_by_itself_is_another_task() -> None:
    wrong = 0
    for inputs, targets, mask in examples(PrioritySortTask().sample(50, rng())):
        columns = np.sort(inputs[:20, :8], axis=0)[::-1][:16]
        wrong += (columns != targets[mask > 0]).any()
    assert wrong == 50


def test_priorities_are_uniform_and_independent_of_the_bits() -> None:
    inputs = PrioritySortTask().sample(500, rng()).inputs[:, :20]
    priorities = inputs[..., 8].ravel()
    np.testing.assert_allclose(np.quantile(priorities, [0.1, 0.5, 0.9]), [-0.8, 0, 0.8], atol=0.03)
    assert np.abs(np.corrcoef(priorities, inputs[..., :8].reshape(-1, 8).sum(axis=1))[0, 1]) < 0.03


def test_fewer_items_are_all_given_back() -> None:
    inputs, targets, mask = examples(PrioritySortTask().sample(1, rng(), items=5))[0]
    assert mask.sum() == 5
    asked, right = read_priority_sort(inputs, targets, mask)
    np.testing.assert_array_equal(asked, right)


# --- the deck's sorting and question answering


def test_sorting_answers_after_all_values_have_been_shown() -> None:
    for inputs, targets, mask in examples(SortingTask().sample(50, rng())):
        values = inputs[:10, :20].argmax(axis=1)
        np.testing.assert_array_equal(inputs[:10].sum(axis=1), np.ones(10))
        assert inputs[10].tolist() == [0.0] * 20 + [1.0]
        assert not inputs[11:].any()
        np.testing.assert_array_equal(np.flatnonzero(mask), np.arange(11, 21))
        np.testing.assert_array_equal(targets[11:].argmax(axis=1), sorted(values))
        np.testing.assert_array_equal(targets[11:].sum(axis=1), np.ones(10))


def test_generate_sorting_task_takes_the_decks_arguments() -> None:
    inputs, targets = generate_sorting_task(10, 20)
    assert (inputs.shape, targets.shape) == ((1, 21, 21), (1, 21, 20))
    again = generate_sorting_task(3, 5, batch_size=2, seed=4)
    np.testing.assert_array_equal(again[0], generate_sorting_task(3, 5, batch_size=2, seed=4)[0])


def test_key_value_recall_asks_for_values_of_keys_that_were_shown() -> None:
    for inputs, targets, mask in examples(KeyValueTask().sample(50, rng())):
        tokens = inputs[:, :100].argmax(axis=1)
        np.testing.assert_array_equal(inputs[:, :100].sum(axis=1), np.ones(60))
        np.testing.assert_array_equal(inputs[:, 100], [0] * 50 + [1] * 10)
        known = dict(zip(tokens[:50:2].tolist(), tokens[1:50:2].tolist(), strict=True))
        assert len(known) == 25, "no key twice"
        questions = tokens[50:].tolist()
        assert len(set(questions)) == 10
        np.testing.assert_array_equal(np.flatnonzero(mask), np.arange(50, 60))
        np.testing.assert_array_equal(targets[50:].argmax(axis=1), [known[key] for key in questions])


def test_generate_qa_task_takes_the_decks_arguments() -> None:
    inputs, targets = generate_qa_task(50, 10, 100)
    assert (inputs.shape, targets.shape) == ((1, 60, 101), (1, 60, 100))
    again = generate_qa_task(6, 2, 9, batch_size=3, seed=4)
    np.testing.assert_array_equal(again[1], generate_qa_task(6, 2, 9, batch_size=3, seed=4)[1])
