"""The reference against numbers worked out by hand, against its invariants, and driven by hand through a copy."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ntm_lib import reference

Array = reference.Array
few = settings(max_examples=40, deadline=None)
CENTRE = [0.0, 1.0, 0.0, 0.0, 0.0]
STAY, FORWARD, BACK = [0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [1.0, 0.0, 0.0]
OPEN = 40.0  # a raw gate at which the sigmoid is 1 to within rounding


def distributions(min_size: int = 2, max_size: int = 8) -> st.SearchStrategy[Array]:
    """Weightings: positive, sum 1, any length in the range."""
    numbers = st.lists(st.floats(0.01, 1.0), min_size=min_size, max_size=max_size)
    return numbers.map(lambda values: np.array(values) / sum(values))


def kernels() -> st.SearchStrategy[Array]:
    """Shift kernels of 1, 3 or 5 entries, sum 1."""
    return st.sampled_from([1, 3, 5]).flatmap(lambda entries: distributions(entries, entries))


def one_hot(slot: int, slots: int) -> Array:
    """A head exactly on one slot."""
    return np.array([1.0 if i == slot else 0.0 for i in range(slots)])


def random_parameters(sizes: reference.Sizes, seed: int = 0) -> reference.Parameters:
    """Normal weights of standard deviation 0.3."""
    rng = np.random.default_rng(seed)
    arrays = {name: rng.normal(0.0, 0.3, shape) for name, shape in sizes.parameter_shapes().items()}
    return reference.Parameters(sizes=sizes, **arrays)


# --- by hand


def test_cosine_by_hand() -> None:
    assert reference.cosine_similarity([3, 4], [4, 3], epsilon=0.0) == pytest.approx(24 / 25, rel=1e-15)
    assert reference.cosine_similarity([3, 4], [-3, -4], epsilon=0.0) == pytest.approx(-1.0, rel=1e-15)
    assert reference.cosine_similarity([1, 0], [0, 1]) == 0.0


def test_cosine_epsilon_stands_inside_each_root() -> None:
    assert reference.cosine_similarity([0, 0], [1, 0]) == 0.0
    assert reference.cosine_similarity([1, 0], [1, 0], epsilon=3.0) == pytest.approx(1 / (2 * 2))
    assert reference.cosine_similarity([1, 0], [1, 0]) == pytest.approx(1 / (1 + 1e-6), rel=1e-14)


def test_content_weights_by_hand() -> None:
    memory = [[1, 0], [0, 1], [-1, 0], [0, -1], [2, 0]]
    weights = reference.content_weights([1, 0], memory, strength=2.0, epsilon=0.0)
    e = math.exp
    total = 2 * e(2) + 2 + e(-2)
    np.testing.assert_allclose(weights, np.array([e(2), 1, e(-2), 1, e(2)]) / total, rtol=1e-14)


def test_strength_one_selects_almost_nothing_among_128_slots() -> None:
    memory = np.zeros((128, 20))
    memory[7, 0] = 1.0
    weak, strong = (reference.content_weights(memory[7], memory, strength)[7] for strength in (1.0, 50.0))
    assert weak == pytest.approx(math.e / (math.e + 127), rel=1e-5)
    assert strong > 0.999


def test_interpolate_by_hand() -> None:
    result = reference.interpolate([1, 0, 0, 0, 0], [0, 0, 1, 0, 0], 0.25)
    np.testing.assert_array_equal(result, [0.25, 0, 0.75, 0, 0])


def test_the_shift_distribution_is_written_over_all_offsets() -> None:
    np.testing.assert_array_equal(reference.shift_distribution([0.1, 0.7, 0.2], 5), [0.7, 0.2, 0, 0, 0.1])


def test_a_kernel_wider_than_the_memory_wraps() -> None:
    np.testing.assert_allclose(reference.shift_distribution([0.1, 0.2, 0.3, 0.15, 0.25], 2), [0.65, 0.35])


def test_shift_by_hand() -> None:
    np.testing.assert_allclose(reference.shift(CENTRE, [0.1, 0.8, 0.1]), [0.1, 0.8, 0.1, 0, 0])
    np.testing.assert_allclose(reference.shift([0.6, 0, 0, 0, 0.4], [0, 0.5, 0.5]), [0.5, 0.3, 0, 0, 0.2])


def test_half_and_half_makes_two_half_heads() -> None:
    np.testing.assert_array_equal(reference.shift(CENTRE, [0, 0.5, 0.5]), [0, 0.5, 0.5, 0, 0])


def test_sharpen_by_hand() -> None:
    result = reference.sharpen([0.1, 0.8, 0.1, 0, 0], 2.0)
    np.testing.assert_allclose(result, np.array([1, 64, 1, 0, 0]) / 66, rtol=1e-13, atol=1e-30)


def test_sharpen_survives_what_breaks_the_formula() -> None:
    uniform = np.full(128, 1 / 128)
    assert np.sum(uniform**200) == 0.0
    np.testing.assert_allclose(reference.sharpen(uniform, 200.0), uniform, rtol=1e-12)


def test_a_blurred_head_forgets_unless_it_is_sharpened() -> None:
    plain = sharp = np.array(CENTRE)
    for _ in range(20):
        plain = reference.shift(plain, [0.1, 0.8, 0.1])
        sharp = reference.sharpen(reference.shift(sharp, [0.1, 0.8, 0.1]), 3.0)
    assert plain.max() < 0.25
    assert sharp.max() > 0.99


def test_sharpen_epsilon_is_added_before_the_power() -> None:
    np.testing.assert_allclose(reference.sharpen([0.75, 0.25, 0], 2.0, epsilon=0.25), np.array([16, 4, 1]) / 21)
    np.testing.assert_array_equal(reference.sharpen([0.5, 0.5, 0], 3.0, epsilon=0.0), [0.5, 0.5, 0])


def test_the_stages_of_an_address_by_hand() -> None:
    """Strength 0 makes the content uniform; a gate of 1/2 mixes it with slot 1; everything moves on; squares."""
    memory = [[1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [0.5, 0.0], [0.0, 0.5]]
    stages = reference.address(memory, CENTRE, [1, 0], 0.0, 0.5, FORWARD, 2.0)
    np.testing.assert_allclose(stages.content, [0.2, 0.2, 0.2, 0.2, 0.2])
    np.testing.assert_allclose(stages.gated, [0.1, 0.6, 0.1, 0.1, 0.1])
    np.testing.assert_allclose(stages.shifted, [0.1, 0.1, 0.6, 0.1, 0.1])
    np.testing.assert_allclose(stages.weights, [0.025, 0.025, 0.9, 0.025, 0.025])


def test_read_by_hand() -> None:
    memory = [[1, 0], [0, 2], [3, 3], [0, 0], [5, 5]]
    np.testing.assert_allclose(reference.read(memory, [0.5, 0.25, 0.25, 0, 0]), [1.25, 1.25])


def test_write_by_hand() -> None:
    memory = [[1.0, 1.0], [2.0, 2.0], [3.0, 3.0]]
    result = reference.write(memory, [([0.5, 0.5, 0], [1, 0], [0, 4])])
    np.testing.assert_allclose(result, [[0.5, 3.0], [1.0, 4.0], [3.0, 3.0]])


def test_erasing_completely_and_adding_replaces() -> None:
    memory = np.arange(10.0).reshape(5, 2)
    result = reference.write(memory, [(one_hot(3, 5), [1, 1], [-1, 0.5])])
    np.testing.assert_array_equal(result[3], [-1, 0.5])
    np.testing.assert_array_equal(np.delete(result, 3, axis=0), np.delete(memory, 3, axis=0))


def test_all_heads_erase_before_any_adds() -> None:
    first = (one_hot(0, 2), [0.0], [1.0])
    second = (one_hot(0, 2), [1.0], [0.25])
    np.testing.assert_array_equal(reference.write([[7.0], [7.0]], [first, second]), [[1.25], [7.0]])


def test_write_leaves_its_argument_alone() -> None:
    memory = np.ones((2, 2))
    reference.write(memory, [([1, 0], [1, 1], [0, 0])])
    np.testing.assert_array_equal(memory, np.ones((2, 2)))


def test_attention_by_hand() -> None:
    keys = [[2, 0, 0, 0], [0, 0, 0, 0]]
    values = [[1, 0, 0], [0, 1, 0]]
    score = math.exp(3.0) / (math.exp(3.0) + 1)
    result = reference.attention([[3, 0, 0, 0], [0, 9, 0, 0]], keys, values)
    np.testing.assert_allclose(result, [[score, 1 - score, 0], [0.5, 0.5, 0]], rtol=1e-14)


def test_attention_is_content_addressing_with_unit_vectors() -> None:
    rng = np.random.default_rng(0)
    keys = rng.normal(size=(6, 4))
    keys /= np.linalg.norm(keys, axis=1, keepdims=True)
    by_content = reference.read(keys, reference.content_weights(keys[2], keys, 1 / math.sqrt(4), epsilon=0.0))
    np.testing.assert_allclose(reference.attention(keys[2:3], keys, keys)[0], by_content, rtol=1e-12)


def test_functions_of_one_number_do_not_overflow() -> None:
    assert (reference.sigmoid(-1000), reference.sigmoid(1000), reference.sigmoid(0)) == (0.0, 1.0, 0.5)
    assert (reference.softplus(-1000), reference.softplus(1000)) == (0.0, 1000.0)
    assert reference.softplus(0) == pytest.approx(math.log(2))
    np.testing.assert_array_equal(reference.softmax([1000.0, 0.0]), [1.0, 0.0])


# --- invariants


@few
@given(distributions(), st.floats(0, 30), st.data())
def test_content_weights_sum_to_one(key: Array, strength: float, data: st.DataObject) -> None:
    cells = st.lists(st.floats(-1, 1), min_size=len(key), max_size=len(key))
    memory = data.draw(st.lists(cells, min_size=1, max_size=6))
    weights = reference.content_weights(key, memory, strength)
    assert weights.min() >= 0
    assert weights.sum() == pytest.approx(1.0)


@few
@given(distributions(), kernels(), st.floats(0, 1), st.floats(1, 50), st.floats(0, 20), st.integers(0, 2**31))
def test_every_stage_sums_to_one(
    previous: Array, kernel: Array, gate: float, gamma: float, strength: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    memory, key = rng.normal(size=(len(previous), 3)), rng.normal(size=3)
    stages = reference.address(memory, previous, key, strength, gate, kernel, gamma)
    for weights in stages:
        assert weights.shape == previous.shape
        assert weights.min() >= 0
        assert weights.sum() == pytest.approx(1.0)


@few
@given(st.integers(1, 9), st.integers(0, 8), st.integers(-2, 2))
def test_a_one_hot_kernel_moves_exactly_and_wraps(slots: int, start: int, offset: int) -> None:
    start %= slots
    moved = reference.shift(one_hot(start, slots), one_hot(offset + 2, 5))
    np.testing.assert_array_equal(moved, one_hot((start + offset) % slots, slots))


def test_forward_is_plus_one() -> None:
    np.testing.assert_array_equal(reference.shift(one_hot(4, 5), FORWARD), one_hot(0, 5))
    np.testing.assert_array_equal(reference.shift(one_hot(0, 5), BACK), one_hot(4, 5))


@few
@given(distributions(5, 9), kernels())
def test_shift_is_the_product_with_a_circulant_matrix(weights: Array, kernel: Array) -> None:
    slots, reach = len(weights), len(kernel) // 2
    circulant = sum(
        entry * np.roll(np.eye(slots), offset, axis=0)
        for entry, offset in zip(kernel, range(-reach, reach + 1), strict=True)
    )
    np.testing.assert_allclose(reference.shift(weights, kernel), circulant @ weights, rtol=1e-12)


@few
@given(distributions())
def test_sharpening_one_changes_nothing(weights: Array) -> None:
    np.testing.assert_allclose(reference.sharpen(weights, 1.0), weights, rtol=1e-12)


@few
@given(st.permutations([0.1, 0.15, 0.2, 0.25, 0.3]))
def test_strong_sharpening_finds_the_largest(values: list[float]) -> None:
    np.testing.assert_allclose(reference.sharpen(values, 200.0), one_hot(int(np.argmax(values)), 5), atol=1e-10)


@few
@given(distributions(), st.floats(1, 20))
def test_sharpening_in_log_space_is_the_same(weights: Array, gamma: float) -> None:
    logs = gamma * np.log(weights + reference.SHARPEN_EPSILON)
    np.testing.assert_allclose(reference.sharpen(weights, gamma), reference.softmax(logs), rtol=1e-10, atol=1e-300)


@few
@given(st.permutations([0, 1, 2]), st.integers(0, 2**31))
def test_the_order_of_the_heads_does_not_matter(order: list[int], seed: int) -> None:
    rng = np.random.default_rng(seed)
    memory = rng.normal(size=(4, 3))
    writes = [(rng.dirichlet(np.ones(4)), rng.uniform(size=3), rng.normal(size=3)) for _ in range(3)]
    shuffled = reference.write(memory, [writes[head] for head in order])
    np.testing.assert_allclose(shuffled, reference.write(memory, writes), rtol=1e-12, atol=1e-14)


@few
@given(distributions(), st.floats(0, 1))
def test_interpolating_a_weighting_with_itself_changes_nothing(weights: Array, gate: float) -> None:
    np.testing.assert_allclose(reference.interpolate(weights, weights, gate), weights, rtol=1e-12)


# --- driven by hand


def test_driven_by_hand_it_copies_three_vectors() -> None:
    """Write at slots 3, 4, 0; find the first vector again by its content; then step forward."""
    sequence = np.array([[1, 0, 1, 1], [0, 1, 1, 0], [1, 1, 0, 0]], dtype=float)
    memory = np.full((5, 4), 1e-6)
    nothing, ones = np.zeros(4), np.ones(4)

    head = one_hot(2, 5)
    for vector in sequence:
        head = reference.address(memory, head, nothing, 1.0, 0.0, FORWARD, 1.0).weights
        memory = reference.write(memory, [(head, ones, vector)])
    np.testing.assert_allclose(memory[[3, 4, 0]], sequence, atol=1e-12)

    head = reference.address(memory, head, sequence[0], 100.0, 1.0, STAY, 5.0).weights
    copied = [reference.read(memory, head)]
    for _ in range(2):
        head = reference.address(memory, head, nothing, 1.0, 0.0, FORWARD, 5.0).weights
        copied.append(reference.read(memory, head))
    np.testing.assert_allclose(copied, sequence, atol=1e-6)


def test_a_machine_with_weights_set_by_hand_copies() -> None:
    """A feed-forward machine; inputs 0 and 1 are data, 2 says "write", 3 says "read". No head ever uses its content."""
    sizes = reference.Sizes(4, 2, memory_size=6, memory_vector_dim=2, units=4, controller="feed-forward")
    arrays = {name: np.zeros(shape) for name, shape in sizes.parameter_shapes().items()}
    arrays["controller_kernel"][:4] = 20 * np.eye(4)  # hidden = inputs, the reads are ignored
    arrays["output_kernel"][4:] = np.eye(2)  # logits = what was read
    read_gate, read_stay, read_forward = 3, 5, 6  # key 0-1, strength 2, gate 3, shift 4-6, sharpening 7
    write_gate, write_stay, write_forward = 11, 13, 14  # key 8-9, strength 10, gate 11, shift 12-14, sharpening 15
    erase, add = [16, 17], [18, 19]
    kernel, bias = arrays["head_kernel"], arrays["head_bias"]
    bias[[read_gate, write_gate]] = -OPEN
    bias[[read_stay, write_stay]] = OPEN
    kernel[3, read_forward] = kernel[2, write_forward] = 2 * OPEN
    bias[erase], kernel[2, erase] = -OPEN, 2 * OPEN
    kernel[[0, 1], add] = OPEN

    data = np.array([[1, 0], [0, 1], [1, 1]], dtype=float)
    inputs = np.zeros((6, 4))
    inputs[:3, :2], inputs[:3, 2], inputs[3:, 3] = data, 1.0, 1.0
    logits, steps = reference.run(reference.Parameters(sizes=sizes, **arrays), inputs)
    np.testing.assert_allclose(logits[3:], data, atol=1e-5)
    assert [int(step.state.write_weights[0].argmax()) for step in steps] == [1, 2, 3, 3, 3, 3]
    assert [int(step.state.read_weights[0].argmax()) for step in steps] == [0, 0, 0, 1, 2, 3]


# --- the machine


def test_a_head_is_cut_in_the_documented_order() -> None:
    raw = np.arange(1, 17) / 10.0  # W = 3, K = 3: key 3, strength, gate, shift 3, sharpening, erase 3, add 3 = 15
    head = reference.split_head(raw[:15], width=3, shift_range=1, writes=True)
    np.testing.assert_allclose(head.key, np.tanh([0.1, 0.2, 0.3]))
    assert head.strength == pytest.approx(math.log(1 + math.exp(0.4)))
    assert head.gate == pytest.approx(1 / (1 + math.exp(-0.5)))
    np.testing.assert_allclose(head.shift, np.exp([0.6, 0.7, 0.8]) / np.exp([0.6, 0.7, 0.8]).sum())
    assert head.sharpening == pytest.approx(1 + math.log(1 + math.exp(0.9)))
    np.testing.assert_allclose(head.erase, 1 / (1 + np.exp([-1.0, -1.1, -1.2])))
    np.testing.assert_allclose(head.add, np.tanh([1.3, 1.4, 1.5]))


def test_read_heads_come_first_and_what_is_written_comes_last() -> None:
    sizes = reference.Sizes(1, 1, 4, 2, units=1, read_heads=2, write_heads=3)
    raw = np.arange(5 * 8 + 3 * 4) / 100.0  # W = 2, K = 3: five heads of 8 numbers, then erase 2 and add 2 for three
    read_heads, write_heads = reference.split_heads(raw, sizes)
    np.testing.assert_allclose([h.key[0] for h in read_heads], np.tanh([0.0, 0.08]))
    np.testing.assert_allclose([h.key[0] for h in write_heads], np.tanh([0.16, 0.24, 0.32]))
    np.testing.assert_allclose([h.add[1] for h in write_heads], np.tanh([0.43, 0.47, 0.51]))
    np.testing.assert_allclose([h.erase[0] for h in write_heads], 1 / (1 + np.exp([-0.40, -0.44, -0.48])))
    assert [h.add.size for h in read_heads + write_heads] == [0, 0, 2, 2, 2]


def test_lstm_by_hand() -> None:
    """One unit; all weights 0, so that the gates follow from the biases: i = f = 1/2, candidate tanh(1), o = 1."""
    hidden, cell = reference.lstm_step([5.0], [9.0], [0.6], np.zeros((2, 4)), [0, 0, 1, 1000])
    expected = 0.5 * 0.6 + 0.5 * math.tanh(1)
    assert cell[0] == pytest.approx(expected)
    assert hidden[0] == pytest.approx(math.tanh(expected))


def test_lstm_in_one_line_of_matrices() -> None:
    rng = np.random.default_rng(3)
    x, h, c = rng.normal(size=2), rng.normal(size=3), rng.normal(size=3)
    kernel, bias = rng.normal(size=(5, 12)), rng.normal(size=12)
    i, f, g, o = np.split(np.concatenate([x, h]) @ kernel + bias, 4)
    expected = c / (1 + np.exp(-f)) + np.tanh(g) / (1 + np.exp(-i))
    hidden, cell = reference.lstm_step(x, h, c, kernel, bias)
    np.testing.assert_allclose(cell, expected, rtol=1e-12)
    np.testing.assert_allclose(hidden, np.tanh(expected) / (1 + np.exp(-o)), rtol=1e-12)


def test_feed_forward_by_hand() -> None:
    hidden = reference.feed_forward_step([1, 2], [[1.0, 0.0], [0.5, -1.0]], [0, 1])
    np.testing.assert_allclose(hidden, np.tanh([2.0, -1.0]))


@pytest.mark.parametrize("controller", ["lstm", "feed-forward"])
@pytest.mark.parametrize(("read_heads", "write_heads"), [(1, 1), (2, 3)])
def test_a_run_records_every_step(controller: str, read_heads: int, write_heads: int) -> None:
    sizes = reference.Sizes(3, 2, 5, 4, 6, read_heads, write_heads, shift_range=1, controller=controller)
    parameters = random_parameters(sizes)
    inputs = np.random.default_rng(1).normal(size=(4, 3))
    logits, steps = reference.run(parameters, inputs)
    assert logits.shape == (4, 2)
    before = reference.initial_state(sizes)
    for step, logit in zip(steps, logits, strict=True):
        np.testing.assert_array_equal(step.logits, logit)
        writes = [(s.weights, h.erase, h.add) for s, h in zip(step.write_stages, step.write_heads, strict=True)]
        np.testing.assert_array_equal(step.state.memory, reference.write(before.memory, writes))
        for head, stages in enumerate(step.read_stages):
            expected = reference.read(step.state.memory, stages.weights)
            np.testing.assert_array_equal(step.state.reads[head], expected)
            h, previous = step.read_heads[head], before.read_weights[head]
            again = reference.address(before.memory, previous, h.key, h.strength, h.gate, h.shift, h.sharpening)
            np.testing.assert_array_equal(stages.weights, again.weights)
        features = np.concatenate([step.state.hidden, step.state.reads.ravel()])
        np.testing.assert_allclose(logit, features @ parameters.output_kernel + parameters.output_bias, rtol=1e-11)
        before = step.state


def test_a_run_can_be_cut_in_two() -> None:
    parameters = random_parameters(reference.Sizes(2, 2, 4, 3, 5))
    inputs = np.random.default_rng(2).normal(size=(6, 2))
    whole, _ = reference.run(parameters, inputs)
    first, steps = reference.run(parameters, inputs[:4])
    second, _ = reference.run(parameters, inputs[4:], steps[-1].state)
    np.testing.assert_array_equal(np.concatenate([first, second]), whole)


def test_the_controller_sees_the_last_read() -> None:
    sizes = reference.Sizes(2, 2, 4, 3, 5, controller="feed-forward")
    parameters, state = random_parameters(sizes), reference.initial_state(sizes)
    quiet = reference.ntm_step(parameters, state, [0, 0])
    after_read = reference.ntm_step(parameters, state._replace(reads=np.ones((1, 3))), [0, 0])
    expected = np.tanh(parameters.controller_kernel[2:].sum(axis=0) + parameters.controller_bias)
    np.testing.assert_allclose(after_read.state.hidden, expected)
    assert not np.allclose(quiet.state.hidden, expected)


def test_an_empty_sequence_has_no_steps() -> None:
    logits, steps = reference.run(random_parameters(reference.Sizes(2, 3, 4, 3, 5)), np.zeros((0, 2)))
    assert logits.shape == (0, 3)
    assert steps == []


# --- bits


def test_not_knowing_costs_one_bit_a_channel() -> None:
    targets = np.random.default_rng(0).integers(0, 2, size=(3, 5, 8))
    assert reference.bits_per_sequence(targets, np.zeros(targets.shape)) == pytest.approx(40.0)


def test_bits_count_the_masked_steps_only() -> None:
    targets = np.zeros((2, 3, 4))
    mask = [[0, 1, 1], [0, 0, 1]]
    assert reference.bits_per_sequence(targets, np.zeros(targets.shape), mask) == pytest.approx((8 + 4) / 2)


def test_bits_by_hand_and_at_the_extremes() -> None:
    logit = math.log(3)  # probability 3/4
    assert reference.bits_per_sequence([[[1]]], [[[logit]]]) == pytest.approx(math.log2(4 / 3))
    assert reference.bits_per_sequence([[[0]]], [[[logit]]]) == pytest.approx(2.0)
    assert reference.bits_per_sequence([[[1, 0]]], [[[1000, -1000]]]) == 0.0
    assert reference.bits_per_sequence([[[0]]], [[[1000]]]) == pytest.approx(1000 / math.log(2))


# --- what is refused

MEMORY = np.zeros((5, 2))
WRONG: dict[str, tuple[Callable[[], object], str]] = {
    "cosine": (lambda: reference.cosine_similarity([1, 2], [1, 2, 3]), r"v: received shape \(3,\), expected \[2\]"),
    "key": (lambda: reference.content_weights([1, 2, 3], MEMORY, 1.0), r"key: received shape \(3,\), expected \[2\]"),
    "memory": (lambda: reference.read(np.zeros(5), [1]), r"memory: received shape \(5,\), expected \[N, W\]"),
    "previous": (lambda: reference.interpolate([1, 0], [1, 0, 0], 1.0), r"previous: received shape \(3,\)"),
    "batch": (lambda: reference.shift(np.zeros((1, 5)), STAY), r"weights: received shape \(1, 5\), expected \[N\]"),
    "kernel": (lambda: reference.shift(CENTRE, [0.5, 0.5]), r"kernel: received 2 entries, expected an odd number"),
    "weights": (lambda: reference.read(MEMORY, [1, 0]), r"weights: received shape \(2,\), expected \[5\]"),
    "erase": (lambda: reference.write(MEMORY, [(CENTRE, [1], [1, 1])]), r"erase: received shape \(1,\), expected"),
    "add": (lambda: reference.write(MEMORY, [(CENTRE, [1, 1], [1])]), r"add: received shape \(1,\), expected \[2\]"),
    "keys": (lambda: reference.attention([[1, 2]], [[1]], [[1]]), r"keys: received shape \(1, 1\), expected \[N, 2\]"),
    "raw": (lambda: reference.split_head(np.zeros(7), 2, 1, False), r"raw: received shape \(7,\), expected \[8\]"),
    "logits": (lambda: reference.bits_per_sequence(np.zeros((1, 2, 3)), np.zeros((1, 2, 2))), r"logits: received"),
    "mask": (lambda: reference.bits_per_sequence(np.zeros((1, 2, 3)), np.zeros((1, 2, 3)), [1, 1]), r"mask: received"),
    "controller": (lambda: reference.Sizes(1, 1, 1, 1, 1, controller="gru"), r"controller: received 'gru', expected"),
    "heads": (lambda: reference.Sizes(1, 1, 1, 1, 1, write_heads=0), r"received 1 and 0, expected at least 1"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_argument_is_named(name: str) -> None:
    call, message = WRONG[name]
    with pytest.raises(ValueError, match=message):
        call()


def test_wrong_parameters_and_states_are_named() -> None:
    sizes = reference.Sizes(2, 2, 4, 3, 5)
    parameters = random_parameters(sizes)
    arrays = {name: getattr(parameters, name) for name in sizes.parameter_shapes()}
    with pytest.raises(ValueError, match=r"head_bias: received shape \(3,\)"):
        reference.Parameters(sizes=sizes, **(arrays | {"head_bias": np.zeros(3)}))
    state = reference.initial_state(sizes)._replace(read_weights=np.zeros(4))
    with pytest.raises(ValueError, match=r"read_weights: received shape \(4,\), expected \[1, 4\]"):
        reference.run(parameters, np.zeros((1, 2)), state)
    with pytest.raises(ValueError, match=r"inputs: received shape \(2,\), expected \[T, 2\]"):
        reference.run(parameters, np.zeros(2))
