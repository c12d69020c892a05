"""Train machines to say one vector again after a silence, and see which silence each of them still crosses.

Before training the script measures how strongly the answer depends on the vector: the gradient that learning begins
with. A run that lies in the folder already is not trained again.

    python benchmarks/delay.py --work DIR                  # about 10 minutes of one core
"""

from __future__ import annotations

import argparse
import json
import os
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")
os.environ.setdefault("TF_NUM_INTEROP_THREADS", "1")

import keras
import numpy as np
import tensorflow as tf

from ntm_lib import LSTMBaseline, NeuralTuringMachine, bits_per_sequence
from ntm_lib.checkpoints import write_results
from ntm_lib.runs import machine
from ntm_lib.schedules import HoldThenDecay

RESULTS = Path(__file__).resolve().parent / "results" / "delay.json"
SEEDS, DELAYS = range(5), (10, 30, 100)
WIDTH, UNITS, BATCH, UPDATES, CHUNK, RATE = 8, 64, 16, 2000, 100, 3e-3
LEARNED = 0.1


def tanh_network() -> keras.Model:
    """Return a recurrent network without gates."""
    layers = [keras.layers.SimpleRNN(UNITS, return_sequences=True), keras.layers.Dense(WIDTH)]
    return keras.Sequential([keras.Input([None, WIDTH + 1]), *layers])


def lstm(forget_bias: float) -> keras.Model:
    """Return one LSTM layer whose forget gates begin with that bias; Keras's is 1."""
    model = LSTMBaseline(WIDTH + 1, WIDTH, units=UNITS, layers=1)
    bias = model.recurrent[0].cell.bias
    bias.assign(tf.tensor_scatter_nd_update(bias.value, np.arange(UNITS, 2 * UNITS)[:, None], [forget_bias] * UNITS))
    return model


MACHINES = {
    "tanh network": tanh_network,
    "LSTM, forget bias 1": lambda: lstm(1.0),
    "LSTM, forget bias 5": lambda: lstm(5.0),
    "NTM": lambda: NeuralTuringMachine(WIDTH + 1, WIDTH, 32, 16, units=UNITS, spread_penalty=0.0),
}


def sample(count: int, delay: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return a vector, `delay - 1` silent steps, a cue at which the vector is asked for: inputs, targets, mask."""
    steps = delay + 1
    bits = rng.integers(0, 2, (count, WIDTH)).astype(np.float32)
    inputs, targets = np.zeros((count, steps, WIDTH + 1), np.float32), np.zeros((count, steps, WIDTH), np.float32)
    mask = np.zeros((count, steps), np.float32)
    inputs[:, 0, :WIDTH], inputs[:, -1, WIDTH], targets[:, -1], mask[:, -1] = bits, 1.0, bits, 1.0
    return inputs, targets, mask


class Trainer:
    """One machine and one compiled program for all seeds at one delay."""

    def __init__(self, name: str, delay: int) -> None:
        self.make, self.delay = MACHINES[name], delay
        self.model = self.make()
        rate = HoldThenDecay(RATE, UPDATES)
        self.optimizer = keras.optimizers.Adam(rate, beta_2=0.99, global_clipnorm=1.0)
        self.optimizer.build(self.model.trainable_variables)
        self.zero = [variable.numpy() for variable in self.optimizer.variables]
        self.many = tf.function(self._many, jit_compile=True)
        self.answers = tf.function(lambda inputs: self.model(inputs, training=False))

    def _many(self, inputs: tf.Tensor, targets: tf.Tensor, masks: tf.Tensor) -> tf.Tensor:
        """Make an update for each batch; return the mean of the losses before them."""

        def body(step: tf.Tensor, total: tf.Tensor) -> Any:
            with tf.GradientTape() as tape:
                bits = bits_per_sequence(targets[step], self.model(inputs[step], training=True), masks[step])
            gradients = tape.gradient(bits, self.model.trainable_variables)
            self.optimizer.apply_gradients(zip(gradients, self.model.trainable_variables, strict=True))
            return step + 1, total + bits

        return tf.while_loop(lambda step, _: step < CHUNK, body, (0, 0.0))[1] / CHUNK

    def dependence(self) -> float:
        """Return the norm of d(answer, each logit with the sign that is right)/d(vector), the median of 32."""
        inputs, targets, _ = sample(32, self.delay, np.random.default_rng(1))
        inputs = tf.constant(inputs)
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            score = tf.reduce_sum(self.answers(inputs)[:, -1] * (2 * targets[:, -1] - 1))
        return float(np.median(np.linalg.norm(tape.gradient(score, inputs)[:, 0, :WIDTH], axis=-1)))

    def run(self, seed: int) -> dict[str, Any]:
        """Train from a seed; return the dependence before, the curve, and the bits at the end."""
        keras.utils.set_random_seed(seed)
        self.model.set_weights(self.make().get_weights())
        for variable, value in zip(self.optimizer.variables, self.zero, strict=True):
            variable.assign(value)
        started, before, curve = time.process_time(), self.dependence(), []
        for number in range(UPDATES // CHUNK):
            drawn = sample(CHUNK * BATCH, self.delay, np.random.default_rng([seed, number]))
            bits = self.many(*[part.reshape(CHUNK, BATCH, *part.shape[1:]) for part in drawn])
            curve.append({"sequences": (number + 1) * CHUNK * BATCH, "bits": float(f"{float(bits):.4g}")})
        inputs, targets, mask = sample(1000, self.delay, np.random.default_rng(1_000_000))
        final = float(bits_per_sequence(targets, self.answers(inputs), mask))
        seconds = round(time.process_time() - started, 1)
        return {"seed": seed, "dependence": before, "bits": final, "cpu_seconds": seconds, "curve": curve}


def train(name: str, delay: int, work: Path) -> list[dict[str, Any]]:
    """Return the runs of a machine at a delay; train those that are missing."""
    files = {seed: work / f"{'-'.join(name.replace(',', '').split())}_{delay}_seed-{seed}.json" for seed in SEEDS}
    if not all(file.exists() for file in files.values()):
        trainer = Trainer(name, delay)
        for seed, file in files.items():
            if not file.exists():
                run = trainer.run(seed)
                write_results(run, file)
                told = f"{run['dependence']:10.2g}{run['bits']:10.3f}{run['cpu_seconds']:8}"
                print(f"{name:22}{delay:6}{seed:6}{told}", flush=True)
        keras.backend.clear_session()
    return [json.loads(file.read_text()) for file in files.values()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True, help="folder for the result of each run")
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    print(f"{'machine':22} delay  seed  gradient      bits   CPU s")
    cells = [
        {"machine": name, "delay": delay, "runs": train(name, delay, options.work)}
        for delay in DELAYS
        for name in MACHINES
    ]
    settings = {"bits": WIDTH, "units": UNITS, "sequences": UPDATES * BATCH, "batch_size": BATCH, "rate": RATE}
    report = {"command": "python benchmarks/delay.py --work DIR", "settings": settings | {"learned": LEARNED}}
    write_results(report | {"machine": machine(), "cells": cells}, options.out)


if __name__ == "__main__":
    main()
