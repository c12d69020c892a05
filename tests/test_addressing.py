"""Addressing against the loops of the reference, its invariants, its gradients at bad points, and what it refuses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from machines import check_gradient

from ntm_lib import address, content_addressing, cosine_similarity, interpolate, reference, sharpen, shift, spread

few = settings(max_examples=25)
seeds = st.integers(0, 2**31)
heads = st.sampled_from([None, 1, 3])  # None: one weighting for each example, without the axis of heads
DTYPES = [tf.float32, tf.float64]


class Case:
    """Random arguments of `address`: `[B, ...]` or, with heads, `[B, R, ...]`."""

    def __init__(self, seed: int, heads: int | None, *, slots: int = 0, reach: int | None = None) -> None:
        rng = np.random.default_rng(seed)
        batch, width = rng.integers(1, 4), rng.integers(1, 6)
        slots = slots or int(rng.integers(1, 9))
        reach = int(rng.integers(0, (slots - 1) // 2 + 1)) if reach is None else reach
        lead = (batch,) if heads is None else (batch, heads)
        self.memory = rng.normal(size=(batch, slots, width)) * 10.0 ** rng.uniform(-4, 2)
        self.previous = rng.dirichlet(np.ones(slots), size=lead)
        self.key = rng.normal(size=(*lead, width))
        self.strength, self.gate = rng.exponential(5.0, lead), rng.uniform(size=lead)
        self.kernel, self.sharpening = rng.dirichlet(np.ones(2 * reach + 1), size=lead), 1 + rng.exponential(3.0, lead)
        self.lead = lead

    def arguments(self) -> tuple[np.ndarray, ...]:
        head = (self.key, self.strength, self.gate, self.kernel, self.sharpening)
        return (self.memory, self.previous, *head)

    def expected(self) -> list[np.ndarray]:
        """The four stages by the reference, one weighting at a time."""
        found: list[list[np.ndarray]] = [[], [], [], []]
        for index in np.ndindex(self.lead):
            memory, *head = self.arguments()
            stages = reference.address(memory[index[0]], *(part[index] for part in head))
            for stage, weights in zip(found, stages, strict=True):
                stage.append(weights)
        return [np.reshape(stage, (*self.lead, -1)) for stage in found]


def tensors(dtype: Any, *arrays: Any) -> list[tf.Tensor]:
    return [tf.constant(array, dtype) for array in arrays]


def assert_distributions(weights: Any) -> None:
    assert np.min(weights) >= 0
    np.testing.assert_allclose(np.sum(weights, axis=-1), 1.0, rtol=1e-5)


def transposed(memory: np.ndarray) -> np.ndarray:
    return np.swapaxes(memory, 1, 2)


# --- against the reference


@few
@given(seeds, st.floats(-3, 3))
def test_cosine_similarity_is_the_references(seed: int, magnitude: float) -> None:
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(2, 3, 4)) * 10.0**magnitude, rng.normal(size=(3, 4))
    expected = [[reference.cosine_similarity(u, v) for u, v in zip(row, y, strict=True)] for row in x]
    np.testing.assert_allclose(cosine_similarity(*tensors(tf.float64, x, y)), expected, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(cosine_similarity(x, y), expected, rtol=1e-5, atol=1e-6)


@few
@given(seeds, heads, st.sampled_from(DTYPES), st.booleans())
def test_every_stage_of_an_address_is_the_references(seed: int, heads: int | None, dtype: Any, last: bool) -> None:
    case = Case(seed, heads)
    memory, *head = case.arguments()
    stages = address(*tensors(dtype, transposed(memory) if last else memory, *head), slots_last=last)
    tolerance = 1e-10 if dtype == tf.float64 else 2e-4
    for name, weights, expected in zip(stages._fields, stages, case.expected(), strict=True):
        assert weights.dtype == dtype
        np.testing.assert_allclose(weights, expected, atol=tolerance, err_msg=name)
        assert_distributions(weights)


@few
@given(seeds, heads, st.sampled_from([0.0, 1e-3, 30.0, 1e4]), st.sampled_from([1.0, 20.0, 1e3]))
def test_extreme_strength_and_sharpening_in_float64(
    seed: int, heads: int | None, strength: float, sharpening: float
) -> None:
    case = Case(seed, heads)
    case.strength, case.sharpening = np.full(case.lead, strength), np.full(case.lead, sharpening)
    stages = address(*tensors(tf.float64, *case.arguments()))
    for weights, expected in zip(stages, case.expected(), strict=True):
        np.testing.assert_allclose(weights, expected, atol=1e-6)


@few
@given(seeds, heads, st.sampled_from([0.0, 1e4]), st.sampled_from([1.0, 1e3]), st.sampled_from([0.0, 1e-20, 1e4]))
def test_extremes_stay_distributions_in_float32(
    seed: int, heads: int | None, strength: float, sharpening: float, magnitude: float
) -> None:
    case = Case(seed, heads)
    case.memory, case.key = case.memory * magnitude, case.key * magnitude
    case.strength, case.sharpening = np.full(case.lead, strength), np.full(case.lead, sharpening)
    for weights in address(*case.arguments()):
        assert_distributions(weights)


@pytest.mark.parametrize("slots", [1, 2, 5, 8])
@pytest.mark.parametrize("with_heads", [None, 2])
def test_shift_kernels_of_every_odd_width_up_to_the_slots(slots: int, with_heads: int | None) -> None:
    for reach in range((slots - 1) // 2 + 1):
        case = Case(reach, with_heads, slots=slots, reach=reach)
        expected = [reference.shift(case.previous[i], case.kernel[i]) for i in np.ndindex(case.lead)]
        result = shift(*tensors(tf.float64, case.previous, case.kernel))
        np.testing.assert_allclose(result, np.reshape(expected, result.shape), rtol=1e-12)


@few
@given(seeds, heads)
def test_each_function_alone_is_the_references_stage(seed: int, heads: int | None) -> None:
    case = Case(seed, heads)
    memory, previous, key, strength, gate, kernel, gamma = tensors(tf.float64, *case.arguments())
    content, gated, shifted, weights = case.expected()
    close = {"rtol": 1e-8, "atol": 1e-12}
    np.testing.assert_allclose(content_addressing(key, memory, strength=strength), content, **close)
    np.testing.assert_allclose(interpolate(tf.constant(content), previous, gate), gated, **close)
    np.testing.assert_allclose(shift(tf.constant(gated), kernel), shifted, **close)
    np.testing.assert_allclose(sharpen(tf.constant(shifted), gamma), weights, **close)


def test_strength_is_one_if_it_is_not_given() -> None:
    case = Case(3, 2, slots=5)
    weights = content_addressing(case.key, case.memory)
    np.testing.assert_allclose(weights, content_addressing(case.key, case.memory, strength=1.0))
    assert np.abs(weights - content_addressing(case.key, case.memory, strength=2.0)).max() > 1e-3


@pytest.mark.parametrize("kind", [float, np.float64, np.float32, tf.constant, np.array])
def test_one_number_serves_all_weightings(kind: Callable[[float], Any]) -> None:
    case = Case(1, 2, slots=5, reach=1)
    for name, value in (("strength", 3.0), ("gate", 0.25), ("sharpening", 2.0)):
        setattr(case, name, kind(value))
    every = Case(1, 2, slots=5, reach=1)
    every.strength, every.gate, every.sharpening = (np.full(every.lead, value) for value in (3.0, 0.25, 2.0))
    for one, many in zip(address(*case.arguments()), address(*every.arguments()), strict=True):
        np.testing.assert_array_equal(one, many)


# --- what must be true whatever the numbers


@few
@given(st.integers(1, 9), st.integers(0, 8), st.data())
def test_a_one_hot_shift_moves_exactly_and_wraps(slots: int, start: int, data: st.DataObject) -> None:
    reach = data.draw(st.integers(0, (slots - 1) // 2))
    offset = data.draw(st.integers(-reach, reach))
    head, kernel = np.eye(slots)[[start % slots]], np.eye(2 * reach + 1)[[offset + reach]]
    np.testing.assert_array_equal(shift(head, kernel), np.eye(slots)[[(start + offset) % slots]])


def test_forward_means_the_next_slot() -> None:
    head = np.eye(5)[[4]]
    np.testing.assert_array_equal(shift(head, [[0.0, 0.0, 1.0]]), np.eye(5)[[0]])
    np.testing.assert_array_equal(shift(head, [[1.0, 0.0, 0.0]]), np.eye(5)[[3]])


@few
@given(seeds, heads)
def test_an_open_gate_takes_the_content_and_a_closed_one_the_past(seed: int, heads: int | None) -> None:
    case = Case(seed, heads)
    content = np.roll(case.previous, 1, axis=-1).astype(np.float32)
    np.testing.assert_array_equal(interpolate(content, case.previous, 1.0), content)
    np.testing.assert_array_equal(interpolate(content, case.previous, 0.0), case.previous.astype(np.float32))


@few
@given(st.permutations([0.1, 0.15, 0.2, 0.25, 0.3]), st.sampled_from([200.0, 1e3, 1e5]))
def test_endless_sharpening_leaves_the_largest_alone(weights: list[float], gamma: float) -> None:
    np.testing.assert_allclose(sharpen([weights], gamma), np.eye(5)[[int(np.argmax(weights))]], atol=1e-6)


@few
@given(seeds, heads)
def test_sharpening_one_changes_nothing(seed: int, heads: int | None) -> None:
    weights = Case(seed, heads).previous
    np.testing.assert_allclose(sharpen(weights, 1.0), weights, atol=1e-6)


@few
@given(seeds, st.floats(0.1, 50))
def test_content_does_not_depend_on_how_long_a_row_is(seed: int, factor: float) -> None:
    case = Case(seed, 2)
    memory = np.random.default_rng(seed).normal(size=case.memory.shape)
    plain, stretched = (
        content_addressing(*tensors(tf.float64, key, memory), strength=5.0) for key in (case.key, case.key * factor)
    )
    if np.linalg.norm(case.key, axis=-1).min() * min(1, factor) > 0.1:
        np.testing.assert_allclose(plain, stretched, atol=1e-3)


def test_a_stronger_key_finds_its_row_among_128() -> None:
    memory = np.random.default_rng(0).normal(size=(1, 128, 20))
    weak, strong = (content_addressing(memory[:, 7], memory, strength=beta).numpy()[0, 7] for beta in (1.0, 50.0))
    assert weak < 0.03
    assert strong > 0.99


def test_a_zero_memory_has_no_direction_and_gives_a_uniform_weighting() -> None:
    weights = content_addressing(np.ones((2, 3)), np.zeros((2, 5, 3)), strength=1e4)
    np.testing.assert_allclose(weights, np.full((2, 5), 0.2), rtol=1e-6)


# --- gradients


def bad_places() -> dict[str, tuple[np.ndarray, ...]]:
    """Where a formula written down plainly has no gradient, or a wrong one."""

    def case(**changes: Any) -> tuple[np.ndarray, ...]:
        made = Case(11, 2, slots=5, reach=1)
        made.memory = np.random.default_rng(1).normal(size=made.memory.shape)
        for name, value in changes.items():
            setattr(made, name, np.full_like(getattr(made, name), value))
        return made.arguments()

    return {
        "anywhere": case(),
        "zero memory": case(memory=0.0),
        "zero key": case(key=0.0),
        "zero weights": case(previous=0.0, gate=0.5, strength=1.0),
        "uniform weights and strong sharpening": case(previous=0.2, gate=1e-3, sharpening=22.0),
    }


@pytest.mark.parametrize("compiled", [False, True], ids=["traced", "compiled"])
def test_gradients_of_an_address_agree_with_central_differences_also_at_bad_places(compiled: bool) -> None:
    # At a zero vector the cosine bends within a thousandth, so that the step has to be much smaller than that.
    check_gradient(lambda *parts: address(*parts).weights, bad_places(), step=1e-7, tolerance=1e-4, compiled=compiled)


@pytest.mark.parametrize("compiled", [False, True], ids=["traced", "compiled"])
def test_gradients_are_finite_in_float32(compiled: bool) -> None:
    slots, extreme = 128, 1e4
    uniform, kernel = np.full((2, slots), 1 / slots), [[0.2, 0.6, 0.2]] * 2
    flat, long = np.zeros((2, slots, 3)), np.full((2, slots, 3), extreme)
    cases = {
        "all zero": (flat, 0 * uniform, np.zeros((2, 3)), [1.0] * 2, [0.5] * 2, kernel, [22.0] * 2),
        "uniform": (flat, uniform, np.zeros((2, 3)), [1.0] * 2, [0.5] * 2, kernel, [22.0] * 2),
        "one-hot": (flat, np.eye(slots)[:2], np.zeros((2, 3)), [1.0] * 2, [0.0] * 2, kernel, [22.0] * 2),
        "extreme": (long, uniform, np.full((2, 3), -extreme), [extreme] * 2, [0.5] * 2, kernel, [1e3] * 2),
        "tiny": (flat + 1e-30, uniform, np.full((2, 3), 1e-30), [extreme] * 2, [1.0] * 2, kernel, [1e3] * 2),
    }

    @tf.function(jit_compile=compiled)
    def gradients(*parts: tf.Tensor) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(parts)
            value = tf.reduce_sum(address(*parts).weights[:, 0])
        return tape.gradient(value, parts)

    for name, arguments in cases.items():
        for part in gradients(*tensors(tf.float32, *arguments)):
            assert np.isfinite(part).all(), name


@pytest.mark.parametrize("compiled", [False, True], ids=["traced", "compiled"])
def test_second_order_gradients_at_zero_memory_are_finite(compiled: bool) -> None:
    key = tf.constant([[0.3, -0.2, 0.5]])

    def curvature(memory: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as outer:
            outer.watch(memory)
            with tf.GradientTape() as inner:
                inner.watch(memory)
                value = content_addressing(key, memory, strength=2.0)[0, 0]
            first = inner.gradient(value, memory)
            squares = tf.reduce_sum(tf.square(first))
        return outer.gradient(squares, memory)

    result = (tf.function(curvature, jit_compile=True) if compiled else curvature)(tf.zeros([1, 4, 3]))
    assert np.isfinite(result).all()


# The deck's slide 3, as printed.
def deck_cosine_similarity(x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
    return tf.reduce_sum(x * y, axis=-1) / (tf.norm(x, axis=-1) * tf.norm(y, axis=-1) + 1e-8)


@pytest.mark.parametrize("ours", [False, True], ids=["the deck's", "ours"])
def test_the_decks_cosine_has_no_gradient_at_zero_memory_when_compiled_and_ours_has(ours: bool) -> None:
    cosine = cosine_similarity if ours else deck_cosine_similarity

    @tf.function(jit_compile=True)
    def gradient(memory: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            tape.watch(memory)
            value = tf.reduce_sum(tf.nn.softmax(cosine(tf.ones([1, 1, 3]), memory))[:, 0])
        return tape.gradient(value, memory)

    assert bool(np.isfinite(gradient(tf.zeros([1, 4, 3]))).all()) is ours


# --- spread


@pytest.mark.parametrize("lead", [(3,), (3, 2)])
def test_the_spread_is_the_chance_that_two_draws_differ(lead: tuple[int, ...]) -> None:
    weights = np.random.default_rng(0).dirichlet(np.ones(N), size=lead)
    pairs = [(i, j) for i in range(N) for j in range(N) if i != j]
    apart = [sum(w[i] * w[j] for i, j in pairs) for w in weights.reshape(-1, N)]
    np.testing.assert_allclose(spread(weights), np.reshape(apart, lead), atol=1e-6)


def test_one_slot_has_no_spread_and_all_slots_have_the_most() -> None:
    np.testing.assert_allclose(spread(np.eye(N)), np.zeros(N), atol=1e-7)
    np.testing.assert_allclose(spread(np.full((1, N), 1 / N)), [1 - 1 / N], atol=1e-7)


# --- what is refused

B, N, W, R = 2, 5, 3, 4
MEMORY, KEY, HEAD = np.ones((B, N, W)), np.ones((B, W)), np.full((B, N), 0.2)
KEYS, HEADS = np.ones((B, R, W)), np.full((B, R, N), 0.2)
NAN = np.where(np.arange(N) == 1, np.nan, 0.2) * np.ones((B, 1))
WRONG: dict[str, tuple[Callable[[], Any], str]] = {
    "x of rank 0": (lambda: cosine_similarity(1.0, 1.0), r"x must have shape \[..., W\]"),
    "y of rank 0": (lambda: cosine_similarity([1.0], 1.0), r"y must have shape \[..., W\]"),
    "widths differ": (lambda: cosine_similarity(KEY, np.ones((B, 4))), r"y must have 3 entries .*\(2, 4\)"),
    "do not broadcast": (lambda: cosine_similarity(np.ones((2, 3)), np.ones((4, 3))), r"y must broadcast .*\(4, 3\)"),
    "strings": (lambda: cosine_similarity([["a"]], KEY), "x must hold real numbers. Received dtype"),
    "complex": (lambda: cosine_similarity(KEY, KEY * 1j), "y must hold real numbers. Received dtype: complex128"),
    "key of rank 1": (lambda: content_addressing(np.ones(W), MEMORY), r"key must have shape .*Received shape: \(3,\)"),
    "key too wide": (lambda: content_addressing(np.ones((B, 4)), MEMORY), r"key must have 3 entries .*\(2, 4\)"),
    "key of another batch": (
        lambda: content_addressing(np.ones((3, W)), MEMORY),
        r"key must have 2 entries .*\(3, 3\)",
    ),
    "memory of rank 2": (lambda: content_addressing(KEY, MEMORY[0]), r"memory must have shape \[B, N, W\]. Received"),
    "memory of rank 2, slots last": (
        lambda: content_addressing(KEY, MEMORY[0], slots_last=True),
        r"memory must have shape \[B, W, N\]",
    ),
    "the other layout": (lambda: content_addressing(KEY, MEMORY, slots_last=True), r"key must have 5 entries"),
    "strength for heads": (
        lambda: content_addressing(KEY, MEMORY, strength=np.ones((B, R))),
        r"strength must have shape one number or \[B\]. Received shape: \(2, 4\)",
    ),
    "strength of another batch": (
        lambda: content_addressing(KEYS, MEMORY, strength=np.ones((3, R))),
        r"strength must have 2 entries .*\(3, 4\)",
    ),
    "strength of other heads": (
        lambda: content_addressing(KEYS, MEMORY, strength=np.ones((B, 3))),
        r"strength must have 4 entries .*\(2, 3\)",
    ),
    "nan in memory": (lambda: content_addressing(KEY, MEMORY * np.nan), "memory must be finite. Received nan at"),
    "infinite strength": (lambda: content_addressing(KEY, MEMORY, strength=np.inf), "strength must be finite"),
    "content of rank 1": (lambda: interpolate(HEAD[0], HEAD, 0.5), "content_weights must have shape"),
    "previous of another rank": (lambda: interpolate(HEAD, HEADS, 0.5), r"previous_weights must have shape \[B, N\]"),
    "previous of other slots": (lambda: interpolate(HEAD, HEAD[:, :4], 0.5), "previous_weights must have 5 entries"),
    "previous of another batch": (
        lambda: interpolate(HEAD, np.ones((3, N)), 0.5),
        r"previous_weights must have 2 entries .*\(3, 5\)",
    ),
    "previous of other heads": (
        lambda: interpolate(HEADS, np.ones((B, 3, N)), 0.5),
        r"previous_weights must have 4 entries .*\(2, 3, 5\)",
    ),
    "gate of another batch": (lambda: interpolate(HEAD, HEAD, np.ones(3)), r"gate must have 2 entries .*\(3,\)"),
    "gate is nan": (lambda: interpolate(HEAD, HEAD, np.nan), "gate must be finite. Received nan"),
    "nan in a weighting": (lambda: interpolate(HEAD, NAN, 0.5), r"previous_weights must be finite. .*\(0, 1\)"),
    "even kernel": (
        lambda: shift(HEAD, np.ones((B, 2))),
        r"kernel must have an odd .* N = 5. Received shape: \(2, 2\)",
    ),
    "empty kernel": (lambda: shift(HEAD, np.ones((B, 0))), r"kernel must have an odd"),
    "oversized kernel": (lambda: shift(HEAD, np.ones((B, 7))), r"kernel .* at most N = 5. Received shape: \(2, 7\)"),
    "kernel without heads": (lambda: shift(HEADS, np.ones((B, 3))), r"kernel must have shape \[B, R, K\]"),
    "kernel of another batch": (lambda: shift(HEAD, np.ones((3, 3))), r"kernel must have 2 entries .*\(3, 3\)"),
    "kernel of other heads": (lambda: shift(HEADS, np.ones((B, 3, 3))), r"kernel must have 4 entries .*\(2, 3, 3\)"),
    "weights of rank 4": (lambda: sharpen(np.ones((1, 1, 1, 1)), 1.0), "weights must have shape"),
    "sharpening of another batch": (lambda: sharpen(HEAD, np.ones(3)), r"sharpening must have 2 entries .*\(3,\)"),
    "sharpening is text": (lambda: sharpen(HEAD, "much"), "sharpening must hold real numbers"),
    "spread of one number": (lambda: spread(1.0), r"weights must have shape \[B, N\] or \[B, R, N\]"),
    "spread of nan": (lambda: spread(NAN), r"weights must be finite. .*\(0, 1\)"),
    "an address of another rank": (
        lambda: address(MEMORY, HEADS, KEY, 1.0, 0.5, np.ones((B, 3)), 1.0),
        "previous_weights must have shape",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_argument_is_named_with_what_came(name: str) -> None:
    call, message = WRONG[name]
    with pytest.raises(ValueError, match=message):
        call()


def test_a_batch_of_one_serves_all() -> None:
    keys = np.random.default_rng(0).normal(size=(3, W))
    memory = np.random.default_rng(1).normal(size=(1, N, W))
    np.testing.assert_allclose(
        content_addressing(keys, memory), content_addressing(keys, np.repeat(memory, 3, axis=0)), rtol=1e-6
    )
