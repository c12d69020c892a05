"""Reading and writing against the loops of the reference, the rules of erase and add, and the slide's wrong write."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from machines import check_gradient

from ntm_lib import read_memory, reference, write_memory

few = settings(max_examples=25)
seeds = st.integers(0, 2**31)
heads = st.sampled_from([None, 1, 3])


class Case:
    """A memory and what some heads do to it; without the axis of heads if `heads` is None."""

    def __init__(self, seed: int, heads: int | None) -> None:
        rng = np.random.default_rng(seed)
        batch, slots, width = (int(size) for size in rng.integers(1, 7, size=3))
        lead = (batch,) if heads is None else (batch, heads)
        self.memory = rng.normal(size=(batch, slots, width))
        self.weights = rng.dirichlet(np.ones(slots), size=lead)
        self.erase, self.add = rng.uniform(size=(*lead, width)), rng.normal(size=(*lead, width))

    def written(self) -> np.ndarray:
        """By the reference, one example at a time."""
        slots, width = self.memory.shape[1:]
        result = []
        for b, memory in enumerate(self.memory):
            parts = (self.weights[b].reshape(-1, slots), self.erase[b].reshape(-1, width), self.add[b])
            writes = zip(*parts[:2], parts[2].reshape(-1, width), strict=True)
            result.append(reference.write(memory, list(writes)))
        return np.array(result)


def layout(memory: Any, slots_last: bool) -> np.ndarray:
    return np.swapaxes(memory, 1, 2) if slots_last else np.asarray(memory)


@few
@given(seeds, heads, st.booleans(), st.sampled_from([tf.float32, tf.float64]))
def test_reading_is_the_references(seed: int, heads: int | None, slots_last: bool, dtype: Any) -> None:
    case = Case(seed, heads)
    result = read_memory(
        tf.constant(layout(case.memory, slots_last), dtype), tf.constant(case.weights, dtype), slots_last=slots_last
    )
    expected = [reference.read(case.memory[i[0]], case.weights[i]) for i in np.ndindex(case.weights.shape[:-1])]
    assert result.dtype == dtype
    np.testing.assert_allclose(result, np.reshape(expected, result.shape), atol=1e-5 if dtype == tf.float32 else 1e-12)


@few
@given(seeds, heads, st.booleans(), st.sampled_from([tf.float32, tf.float64]))
def test_writing_is_the_references(seed: int, heads: int | None, slots_last: bool, dtype: Any) -> None:
    case = Case(seed, heads)
    parts = [tf.constant(part, dtype) for part in (case.weights, case.erase, case.add)]
    result = write_memory(tf.constant(layout(case.memory, slots_last), dtype), *parts, slots_last=slots_last)
    assert result.dtype == dtype
    tolerance = 1e-5 if dtype == tf.float32 else 1e-12
    np.testing.assert_allclose(layout(result, slots_last), case.written(), atol=tolerance)


def test_reading_one_slot_gives_that_row() -> None:
    memory = np.random.default_rng(0).normal(size=(2, 5, 3)).astype(np.float32)
    np.testing.assert_array_equal(read_memory(memory, np.eye(5)[[4, 1]]), memory[[0, 1], [4, 1]])


@few
@given(seeds)
def test_erasing_completely_and_adding_replaces_one_slot_and_leaves_the_others(seed: int) -> None:
    case = Case(seed, None)
    slot = seed % case.memory.shape[1]
    case.weights[:] = np.eye(case.memory.shape[1])[slot]
    case.memory = case.memory.astype(np.float32)
    result = write_memory(case.memory, case.weights, np.ones_like(case.erase), case.add).numpy()
    np.testing.assert_array_equal(result[:, slot], case.add.astype(np.float32))
    np.testing.assert_array_equal(np.delete(result, slot, 1), np.delete(case.memory, slot, 1))


@few
@given(seeds, st.permutations([0, 1, 2]), st.booleans())
def test_the_order_of_the_heads_does_not_matter(seed: int, order: list[int], slots_last: bool) -> None:
    case = Case(seed, 3)
    memory = layout(case.memory, slots_last)
    parts = (case.weights, case.erase, case.add)
    result = write_memory(memory, *parts, slots_last=slots_last)
    shuffled = write_memory(memory, *(part[:, order] for part in parts), slots_last=slots_last)
    np.testing.assert_allclose(shuffled, result, atol=1e-5)


def test_all_heads_erase_before_any_adds() -> None:
    """If each head erased and added in turn, the second would wipe out what the first one added."""
    weights = [[[1.0, 0.0], [1.0, 0.0]]]
    result = write_memory([[[7.0], [7.0]]], weights, [[[0.0], [1.0]]], [[[1.0], [0.25]]])
    np.testing.assert_array_equal(result, [[[1.25], [7.0]]])


def test_a_head_that_looks_nowhere_changes_nothing() -> None:
    memory = np.random.default_rng(0).normal(size=(2, 4, 3)).astype(np.float32)
    np.testing.assert_array_equal(write_memory(memory, np.zeros((2, 4)), np.ones((2, 3)), np.ones((2, 3))), memory)


# --- the deck's slide 4, as printed


def deck_write_memory(memory: Any, write_weights: Any, erase_vector: Any, add_vector: Any) -> Any:
    erase = tf.reduce_sum(write_weights[:, :, tf.newaxis] * erase_vector[:, tf.newaxis, :], axis=1)
    add = tf.reduce_sum(write_weights[:, :, tf.newaxis] * add_vector[:, tf.newaxis, :], axis=1)
    return memory * (1 - erase) + add


def test_the_slides_write_changes_every_slot_and_ours_only_the_one_it_looks_at() -> None:
    memory = tf.constant(np.random.default_rng(0).normal(size=(1, 5, 3)), tf.float32)
    weights, erase, add = tf.constant(np.eye(5)[[2]], tf.float32), tf.ones([1, 3]), tf.constant([[7.0, 8.0, 9.0]])
    theirs = deck_write_memory(memory, weights, erase, add).numpy()
    ours = write_memory(memory, weights, erase, add).numpy()
    assert (np.abs(theirs - memory) > 1).any(axis=-1).all()
    np.testing.assert_array_equal((ours != memory.numpy()).any(axis=-1), [[False, False, True, False, False]])
    np.testing.assert_array_equal(ours[0, 2], [7.0, 8.0, 9.0])


@few
@given(seeds)
def test_the_slides_write_differs_wherever_a_weighting_is_spread_over_slots(seed: int) -> None:
    case = Case(seed, None)
    case.erase[:], case.add[:] = 0.5, 1.0
    parts = [tf.constant(part[:1], tf.float32) for part in (case.memory, case.weights, case.erase, case.add)]
    difference = np.abs(write_memory(*parts) - deck_write_memory(*parts)).max()
    assert difference > 0.05 or case.memory.shape[1] == 1


def test_the_slides_write_fails_on_a_batch_or_mixes_its_examples() -> None:
    """It has lost the axis of the slots: 2 examples do not fit 5 slots, and 5 examples are taken for slots."""
    memory, weights, vector = tf.ones([2, 5, 3]), tf.fill([2, 5], 0.2), tf.ones([2, 3])
    with pytest.raises(tf.errors.InvalidArgumentError):
        deck_write_memory(memory, weights, vector, vector)
    memory, weights = tf.zeros([5, 5, 3]), tf.fill([5, 5], 0.2)
    add = tf.constant(np.arange(5.0)[:, None] * np.ones(3), tf.float32)
    first_example = deck_write_memory(memory, weights, 0 * add, add)[0]
    np.testing.assert_allclose(first_example, add)


def test_the_weighting_has_no_effect_on_the_slides_write() -> None:
    parts = tf.ones([1, 4, 2]), tf.constant([[0.3, 0.6]]), tf.constant([[1.0, 2.0]])
    results = [deck_write_memory(parts[0], tf.constant([w]), *parts[1:]) for w in ([1.0, 0, 0, 0], [0.25] * 4)]
    np.testing.assert_allclose(*results)


# --- gradients


@pytest.mark.parametrize("compiled", [False, True], ids=["traced", "compiled"])
@pytest.mark.parametrize("slots_last", [False, True])
def test_gradients_agree_with_central_differences(slots_last: bool, compiled: bool) -> None:
    rng = np.random.default_rng(0)
    memory, weights = rng.normal(size=(2, 3, 2)), rng.dirichlet(np.ones(3), size=(2, 2))
    memory = layout(memory, slots_last)
    erase, add = rng.uniform(size=(2, 2, 2)), rng.normal(size=(2, 2, 2))
    places = {"anywhere": (memory, weights, erase, add), "at zero": (0 * memory, 0 * weights, 0 * erase, 0 * add)}
    check_gradient(lambda *parts: write_memory(*parts, slots_last=slots_last), places, compiled=compiled)
    reads = {name: parts[:2] for name, parts in places.items()}
    check_gradient(lambda *parts: read_memory(*parts, slots_last=slots_last), reads, compiled=compiled)


# --- what is refused

M, W, V = np.ones((2, 5, 3)), np.full((2, 5), 0.2), np.ones((2, 3))
HW, HV = np.full((2, 4, 5), 0.2), np.ones((2, 4, 3))
WRONG: dict[str, tuple[Callable[[], Any], str]] = {
    "memory of rank 2": (lambda: read_memory(M[0], W), r"memory must have shape \[B, N, W\]. Received shape: \(5, 3\)"),
    "memory of strings": (lambda: read_memory([[["a"]]], W), "memory must hold real numbers"),
    "read weights of rank 1": (lambda: read_memory(M, W[0]), r"read_weights must have shape .*Received shape: \(5,\)"),
    "too few read weights": (lambda: read_memory(M, W[:, :4]), r"read_weights must have 5 entries .*\(2, 4\)"),
    "the other layout": (lambda: read_memory(M, W, slots_last=True), "read_weights must have 3 entries"),
    "another batch": (lambda: read_memory(M, np.ones((3, 5))), r"read_weights must have 2 entries .*\(3, 5\)"),
    "nan in memory": (lambda: read_memory(M * np.nan, W), r"memory must be finite. Received nan at index \(0, 0, 0\)"),
    "complex weights": (lambda: read_memory(M, W * 1j), "read_weights must hold real numbers. Received dtype: comp"),
    "too many write weights": (
        lambda: write_memory(M, np.ones((2, 6)), V, V),
        r"write_weights must have 5 entries .*\(2, 6\)",
    ),
    "write weights of another batch": (
        lambda: write_memory(M, np.ones((3, 5)), np.ones((3, 3)), np.ones((3, 3))),
        r"write_weights must have 2 entries .*\(3, 5\)",
    ),
    "erase of one head": (lambda: write_memory(M, HW, V, HV), r"erase_vector must have shape \[B, H, W\]. Received"),
    "add of several heads": (lambda: write_memory(M, W, V, HV), r"add_vector must have shape \[B, W\]. Received"),
    "erase too wide": (lambda: write_memory(M, W, np.ones((2, 4)), V), r"erase_vector must have 3 .*\(2, 4\)"),
    "add too wide": (lambda: write_memory(M, W, V, np.ones((2, 4))), r"add_vector must have 3 entries .*\(2, 4\)"),
    "erase of another batch": (lambda: write_memory(M, W, np.ones((3, 3)), V), r"erase_vector must have 2 .*\(3, 3\)"),
    "add of other heads": (lambda: write_memory(M, HW, HV, HV[:, :3]), r"add_vector must have 4 .*\(2, 3, 3\)"),
    "infinite erase": (lambda: write_memory(M, W, V * np.inf, V), "erase_vector must be finite. Received inf"),
    "nan in add": (lambda: write_memory(M, W, V, V * np.nan), "add_vector must be finite. Received nan"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_argument_is_named_with_what_came(name: str) -> None:
    call, message = WRONG[name]
    with pytest.raises(ValueError, match=message):
        call()
