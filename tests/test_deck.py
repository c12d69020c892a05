"""The deck's training loops of slides 10 and 11."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from ntm_lib import NeuralTuringMachine, train_qa_ntm, train_sorting_ntm


def sorter() -> NeuralTuringMachine:
    keras.utils.set_random_seed(0)
    return NeuralTuringMachine(5, 4, 8, 6, units=16)


def test_a_sorter_gets_better_and_says_so() -> None:
    said: list[str] = []
    settings = {"sequence_length": 2, "max_value": 4, "report": said.append}
    losses = train_sorting_ntm(sorter(), 250, optimizer=keras.optimizers.Adam(3e-3, clipnorm=1.0), **settings)
    assert losses.shape == (250,)
    assert losses[-50:].mean() < 0.75 * losses[:20].mean()
    assert [line.split(":")[0] for line in said] == ["update 0", "update 100", "update 200"]


def test_a_loop_is_the_same_for_the_same_seed() -> None:
    runs = [train_sorting_ntm(sorter(), 3, sequence_length=2, max_value=4, seed=seed, report=str) for seed in (1, 1, 2)]
    np.testing.assert_array_equal(runs[0], runs[1])
    assert (runs[0] != runs[2]).all()


def test_a_machine_is_trained_to_answer() -> None:
    ntm = NeuralTuringMachine(7, 6, 8, 6, units=16)
    before = ntm.get_weights()
    losses = train_qa_ntm(ntm, 2, context_length=4, question_length=1, vocab_size=6, report=str)
    assert np.isfinite(losses).all()
    assert any((old != new).any() for old, new in zip(before, ntm.get_weights(), strict=True))


@pytest.mark.parametrize("loop", [train_sorting_ntm, train_qa_ntm])
def test_what_does_not_fit_is_refused(loop: object) -> None:
    with pytest.raises(ValueError, match=r"model must have num_inputs and num_outputs \("):
        loop(sorter(), 1)
    with pytest.raises(ValueError, match="num_epochs must be"):
        train_sorting_ntm(sorter(), 0, max_value=4)
