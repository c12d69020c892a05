"""The gradients of a machine: of the right loss, in the right order."""

from __future__ import annotations

import numpy as np
import pytest
from machines import answers, batch, small

from ntm_lib import LSTMBaseline, bits_per_sequence, compute_gradients


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
