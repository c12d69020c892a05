"""Long runs of hostile inputs and hostile training: no number may become NaN or infinite."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from machines import MANY_HEADS, answers, small

from ntm_lib import bits_per_sequence, record, train_step

STEPS = 500


def hostile() -> dict[str, np.ndarray]:
    rng, shape = np.random.default_rng(0), (1, STEPS, 3)
    time = np.arange(STEPS)[None, :, None] * np.ones(3)
    return {
        "zero": np.zeros(shape),
        "constant": np.full(shape, 5.0),
        "huge": rng.normal(size=shape) * 1e18,
        "tiny": rng.normal(size=shape) * 1e-30,
        "alternating": np.where(time % 2 == 0, 1e6, -1e6),
        "rare spikes": np.where(time % 97 == 0, 1e12, 0.0),
        "growing": 10.0 ** (time / STEPS * 30) * np.sign(rng.normal(size=shape)),
        "noise": rng.normal(size=shape) * 10,
    }


@pytest.mark.parametrize("controller", ["lstm", "feed-forward"])
@pytest.mark.parametrize("scale", [0.3, 30.0])
def test_thousands_of_hostile_steps_leave_every_number_finite(controller: str, scale: float) -> None:
    """With ordinary weights, and with weights at which strength, sharpening and gates are extreme."""
    model = small(controller=controller, scale=scale, memory_size=16, **MANY_HEADS)
    inputs = np.concatenate(list(hostile().values())).astype(np.float32)
    trace = record(model, inputs)
    for heads in (trace.read, trace.write):
        for part in ("content", "gated", "shifted", "weights"):
            np.testing.assert_allclose(getattr(heads, part).sum(axis=-1), 1.0, rtol=1e-4)
    for part in (trace.logits, trace.memory, trace.reads, trace.hidden, trace.write.erase, trace.write.add):
        assert np.isfinite(part).all()
    if scale > 1:
        assert trace.write.sharpening.max() > 30
        assert trace.write.strength.max() > 30


@pytest.mark.parametrize("scale", [0.3, 30.0])
def test_gradients_through_hundreds_of_hostile_steps_are_finite(scale: float) -> None:
    model = small(scale=scale, initial_memory="learned", initial_weights="learned")
    inputs = tf.constant(np.concatenate(list(hostile().values()))[:, :200], tf.float32)

    @tf.function
    def gradients() -> Any:
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            loss = bits_per_sequence(answers(*inputs.shape[:2]), model(inputs, training=True))
        return tape.gradient(loss, [inputs, *(v.value for v in model.trainable_variables)])

    for gradient in gradients():
        assert np.isfinite(gradient).all()


def test_hundreds_of_updates_at_an_absurd_rate_leave_the_weights_finite() -> None:
    model, optimizer = small(initial_memory="learned", initial_weights="learned"), keras.optimizers.Adam(1.0)
    rng = np.random.default_rng(0)
    for _ in range(250):
        inputs = rng.normal(size=(2, 8, 3)) * 10.0 ** rng.uniform(-6, 6)
        loss = train_step(inputs, rng.integers(0, 2, (2, 8, 2)), model, optimizer)
        assert np.isfinite(loss)
    assert all(np.isfinite(weight).all() for weight in model.get_weights())
    assert max(np.abs(weight).max() for weight in model.get_weights()) > 10, "the rate was absurd"
