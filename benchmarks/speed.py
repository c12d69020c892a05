"""Measure training speed through the public API against the naive cell and a plain Keras RNN, in one run.

All variants are built first and then timed in turn, round after round, so that a machine whose speed drifts slows all
of them alike. Quote the ratios; the sequences a second belong to the machine of the day.

    python benchmarks/speed.py --out benchmarks/results/speed.json
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")  # for all variants alike; see the README on speed

import keras
import numpy as np
import tensorflow as tf
from naive import NaiveNTM

from ntm_lib import NeuralTuringMachine, NTMCell, dataset, train_step, training
from ntm_lib.checkpoints import write_results
from ntm_lib.metrics import BitsPerSequence, bits_per_sequence
from ntm_lib.runs import machine
from ntm_lib.tasks import CopyTask

TASK = CopyTask()
STEPS = TASK.max_steps


def naive(batch: int) -> Callable[[], int]:
    """The naive cell, a traced train step without XLA."""
    model, optimizer, data = NaiveNTM(TASK.num_inputs, TASK.num_outputs), _adam(), _batches(batch)
    model(data[0].inputs)
    optimizer.build(model.trainable_variables)

    @tf.function
    def step(inputs: tf.Tensor, targets: tf.Tensor, mask: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            loss = bits_per_sequence(targets, model(inputs), mask)
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        return loss

    tensors = [[tf.constant(part) for part in one] for one in data]

    def run() -> int:
        for one in tensors:
            step(*one).numpy()
        return len(tensors) * batch

    return run


def keras_rnn(batch: int) -> Callable[[], int]:
    """The library's cell in `keras.layers.RNN`, compiled by XLA, one `train_on_batch` after the other."""
    cell = NTMCell(TASK.num_inputs, TASK.num_outputs, 128, 20)
    model = keras.Sequential([keras.Input((STEPS, TASK.num_inputs)), keras.layers.RNN(cell, return_sequences=True)])
    model.compile(_adam(), BitsPerSequence(), jit_compile=True)
    data = _batches(batch)

    def run() -> int:
        for one in data:
            model.train_on_batch(one.inputs, one.targets, sample_weight=one.mask)
        return len(data) * batch

    return run


def single_steps(batch: int) -> Callable[[], int]:
    """`ntm_lib.train_step`, one call after the other."""
    model, optimizer, data = _machine(), _adam(), _batches(batch)

    def run() -> int:
        for one in data:
            train_step(one.inputs, one.targets, model, optimizer, mask=one.mask).numpy()
        return len(data) * batch

    return run


def fit(batch: int) -> Callable[[], int]:
    """`NeuralTuringMachine.fit` with 25 steps in each compiled program, 100 a call, data drawn on the way."""
    model = _machine()
    model.compile(_adam(), steps_per_execution=25)
    data = dataset(TASK, batch, chunk=25)
    first = iter([25])

    def run() -> int:
        steps = next(first, 100)  # at first one program's worth: what is timed then is the wait for the first update
        model.fit(data, steps_per_epoch=steps, epochs=1, shuffle=False, verbose=0)
        return steps * batch

    return run


VARIANTS = {"naive cell": naive, "Keras RNN, train_on_batch": keras_rnn, "train_step": single_steps, "fit": fit}


def measure(batch: int, rounds: int) -> list[dict]:
    """Return one row a variant: seconds to the first update, sequences a second in each round, and ratios."""
    runs, first, rates = {}, {}, {name: [] for name in VARIANTS}
    for name, make in VARIANTS.items():
        started = time.perf_counter()
        runs[name] = make(batch)
        runs[name]()
        first[name] = time.perf_counter() - started
    for _ in range(rounds):
        for name, run in runs.items():
            started = time.perf_counter()
            sequences = run()
            rates[name].append(sequences / (time.perf_counter() - started))
    reference = {name: median(rates[name]) for name in ("naive cell", "Keras RNN, train_on_batch")}
    return [
        {
            "batch": batch,
            "variant": name,
            "first_seconds": round(first[name], 1),
            "sequences_per_second": round(median(values), 1),
            "rounds": [round(value, 1) for value in values],
            "times_naive": round(median(values) / reference["naive cell"], 2),
            "times_keras_rnn": round(median(values) / reference["Keras RNN, train_on_batch"], 2),
        }
        for name, values in rates.items()
    ]


def lengths() -> dict[str, float]:
    """Return the seconds to evaluate a sequence of each length, one after the other, and how often it traced."""
    model = _machine()
    run = training.forward(model)
    seconds = {}
    for length in (10, 20, 40, 80, 120):
        batch = TASK.sample(1, np.random.default_rng(0), length=length)
        started = time.perf_counter()
        run(batch.inputs).numpy()
        seconds[f"length {length}"] = round(time.perf_counter() - started, 3)
    return {**seconds, "traces": run.experimental_get_tracing_count()}


def import_seconds() -> float:
    """Return the median seconds that `import ntm_lib` takes in a fresh interpreter, less the interpreter's start."""

    def once(code: str) -> float:
        started = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True)
        return time.perf_counter() - started

    return round(median(once("import ntm_lib") - once("pass") for _ in range(7)), 3)


def _machine() -> NeuralTuringMachine:
    return NeuralTuringMachine(TASK.num_inputs, TASK.num_outputs, 128, 20)


def _adam() -> keras.optimizers.Optimizer:
    return keras.optimizers.Adam(1e-3, global_clipnorm=1.0)


def _batches(batch: int) -> list:
    rng = np.random.default_rng(0)
    return [TASK.sample(batch, rng, steps=STEPS) for _ in range(max(2, 64 // batch))]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, help="write the figures to this JSON file")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 4, 32])
    options = parser.parse_args()
    print(f"{'batch':>5}  {'variant':26}{'first s':>8}{'sequences/s':>13}{'x naive':>9}{'x RNN':>7}")
    rows = []
    for batch in options.batches:
        for row in measure(batch, options.rounds):
            rows.append(row)
            print(
                f"{row['batch']:5}  {row['variant']:26}{row['first_seconds']:8.1f}{row['sequences_per_second']:13.0f}"
                f"{row['times_naive']:9.1f}{row['times_keras_rnn']:7.1f}",
                flush=True,
            )
    print("first s: from making the model to the end of its first call; for fit that is one program of 25 updates")
    report = {
        "command": "python benchmarks/speed.py --out benchmarks/results/speed.json",
        "machine": machine(),
        "configuration": f"copy, T = {STEPS}, LSTM-100, memory 128 x 20, one read and one write head",
        "training": rows,
        "evaluation_seconds": lengths(),
        "import_seconds": import_seconds(),
    }
    print(f"evaluation, one sequence, seconds: {report['evaluation_seconds']}")
    print(f"import ntm_lib: {report['import_seconds']} s")
    if options.out:
        write_results(report, options.out)


if __name__ == "__main__":
    main()
