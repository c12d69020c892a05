"""The gradients of a machine, of the right loss, in the right order; and how far its memory goes."""

from __future__ import annotations

import numpy as np
import pytest
from machines import answers, batch, small

from ntm_lib import LSTMBaseline, analyze_ntm_stability, bits_per_sequence, compute_gradients, record


def test_each_gradient_is_the_slope_of_the_bits_along_it() -> None:
    model, inputs, targets = (
        small(initial_memory="learned", initial_weights="learned"),
        batch(),
        answers(),
    )
    mask = np.array([[0, 0, 1, 1, 1]] * 3)
    gradients = compute_gradients(model, inputs, targets, mask=mask)
    assert [gradient.shape for gradient in gradients] == [v.shape for v in model.trainable_variables]
    for variable, gradient in zip(model.trainable_variables, gradients, strict=True):
        start, length = variable.numpy(), float(np.linalg.norm(gradient))
        assert length > 0, variable.path
        step, losses = 0.01 / length, []
        for sign in (1, -1):
            variable.assign(start + sign * step * gradient)
            losses.append(float(bits_per_sequence(targets, model(inputs), mask)))
        variable.assign(start)
        assert (losses[0] - losses[1]) / (2 * step) == pytest.approx(length**2, rel=0.05, abs=0.01), variable.path


def test_any_sequence_model_will_do() -> None:
    model = LSTMBaseline(3, 2, units=4, layers=2)
    assert len(compute_gradients(model, batch(), answers())) == len(model.trainable_variables)


def test_what_does_not_fit_is_refused() -> None:
    model = small()
    with pytest.raises(ValueError, match=r"model must be a Keras model. Received: 3"):
        compute_gradients(3, batch(), answers())
    with pytest.raises(ValueError, match=r"inputs must be finite. Received nan"):
        compute_gradients(model, batch() * np.nan, answers())
    with pytest.raises(ValueError, match=r"inputs must have 3 entries .*\(3, 5, 4\)"):
        compute_gradients(model, np.ones((3, 5, 4)), answers())
    with pytest.raises(ValueError, match=r"targets must have 5 entries .*\(3, 4, 2\)"):
        compute_gradients(model, batch(), answers(3, 4))
    with pytest.raises(ValueError, match=r"mask must have shape \[B, T\]"):
        compute_gradients(model, batch(), answers(), mask=np.ones(5))


def test_the_change_of_the_memory_is_that_of_one_recorded_run() -> None:
    model = small(initial_memory="random")
    inputs = np.random.default_rng(3).standard_normal((7, 2, 3)).astype(np.float32)
    trace = record(model, np.swapaxes(inputs, 0, 1))
    expected = np.abs(trace.memory - trace.initial_memory[:, np.newaxis]).mean(axis=(0, 2, 3))
    changes = analyze_ntm_stability(model, 7, sequences=2, seed=3)
    assert changes.shape == (7,)
    np.testing.assert_allclose(changes, expected, rtol=1e-5)
    assert changes[-1] > 2 * changes[0], "the memory is carried on"


def test_the_change_of_the_memory_depends_on_the_seed_alone() -> None:
    model = small()
    first, second = (analyze_ntm_stability(model, 4, seed=seed) for seed in (0, 1))
    np.testing.assert_array_equal(first, analyze_ntm_stability(model, 4))
    assert not np.array_equal(first, second)


def test_a_stability_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match=r"ntm must be a NeuralTuringMachine. Received: 3"):
        analyze_ntm_stability(3, 4)
    with pytest.raises(ValueError, match=r"num_iterations must be a whole number of at least 1. Received: 0"):
        analyze_ntm_stability(small(), 0)
    with pytest.raises(ValueError, match=r"sequences must be a whole number of at least 1. Received: 0"):
        analyze_ntm_stability(small(), 1, sequences=0)
