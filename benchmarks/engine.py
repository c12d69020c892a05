"""Measure what training speed is made of: the loop in the program, its length, precision, big machines, two cores.

Variants of a group are built first and then timed in turn, round after round; quote the ratios within a group. The
distance to the arithmetic floor is the time that the products of a step alone would take at the speed of a large
matrix product on one core.

    python benchmarks/engine.py --out benchmarks/results/engine.json
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")

import keras
import speed
import tensorflow as tf

from ntm_lib import NeuralTuringMachine, dataset
from ntm_lib.checkpoints import write_results
from ntm_lib.runs import machine
from ntm_lib.sequence_model import SequenceModel
from ntm_lib.tasks import TASKS, Task

Run = Callable[[], int]


def ntm(task: Task, **arguments: object) -> NeuralTuringMachine:
    """A machine with the paper's memory."""
    return NeuralTuringMachine(task.num_inputs, task.num_outputs, 128, 20, **arguments)


def fit(task: Task, model: SequenceModel, batch: int, steps: int = 25, calls: int = 4) -> Run:
    """`fit` with so many steps in each program, and so many programs a call; at first one."""
    model.compile(keras.optimizers.Adam(1e-3, global_clipnorm=1.0), steps_per_execution=steps)
    data = dataset(task, batch, chunk=steps)
    programs = iter([1])

    def run() -> int:
        count = steps * next(programs, calls)
        model.fit(data, steps_per_epoch=count, epochs=1, shuffle=False, verbose=0)
        return count * batch

    return run


def one_by_one(batch: int) -> Run:
    """The same machine, one `train_on_batch` after the other."""
    model, batches = ntm(speed.TASK), speed._batches(batch)
    model.compile(keras.optimizers.Adam(1e-3, global_clipnorm=1.0))

    def run() -> int:
        for one in batches:
            model.train_on_batch(one.inputs, one.targets, sample_weight=one.mask)
        return len(batches) * batch

    return run


def timed(variants: dict[str, Callable[[], Run]], rounds: int) -> dict[str, dict]:
    """Return for each variant the seconds of its first call, and sequences a second in every round."""
    runs, rows = {}, {}
    for name, make in variants.items():
        started = time.perf_counter()
        runs[name] = make()
        runs[name]()
        rows[name] = {"first_seconds": round(time.perf_counter() - started, 1), "rounds": []}
    for _ in range(rounds):
        for name, run in runs.items():
            started = time.perf_counter()
            sequences = run()
            rows[name]["rounds"].append(round(sequences / (time.perf_counter() - started), 1))
    for row in rows.values():
        row["sequences_per_second"] = median(row["rounds"])
    return rows


def loops(batch: int) -> dict[str, Callable[[], Run]]:
    """The group of one batch size: what the loop inside the compiled program is worth."""
    return {
        "Keras RNN, train_on_batch": lambda: speed.keras_rnn(batch),
        "train_on_batch": lambda: one_by_one(batch),
        "fit, 1 step a program": lambda: fit(speed.TASK, ntm(speed.TASK), batch, steps=1, calls=100),
        "fit, 5 steps a program": lambda: fit(speed.TASK, ntm(speed.TASK), batch, steps=5, calls=20),
        "fit, 25 steps a program": lambda: fit(speed.TASK, ntm(speed.TASK), batch),
        "fit, 100 steps a program": lambda: fit(speed.TASK, ntm(speed.TASK), batch, steps=100, calls=1),
    }


def precisions() -> dict[str, Callable[[], Run]]:
    """The group of dtypes, at batch 4 and 32."""
    return {
        f"batch {batch}, {policy}": lambda batch=batch, policy=policy: fit(
            speed.TASK, ntm(speed.TASK, dtype=policy), batch
        )
        for batch in (4, 32)
        for policy in ("float32", "mixed_bfloat16")
    }


def machines() -> dict[str, tuple[Task, SequenceModel, int]]:
    """Name, task, machine and batch size of what is trained: the paper's sizes."""
    sort, grams, copy = TASKS["priority-sort"](), TASKS["n-grams"](), speed.TASK
    heads = {"read_heads": 8, "write_heads": 8, "units": 512, "controller": "feed-forward"}
    return {
        "copy, LSTM-100": (copy, ntm(copy), 4),
        "priority sort, LSTM-100": (sort, ntm(sort), 8),
        "priority sort, feed-forward 512, 8 heads": (sort, ntm(sort, **heads), 8),
        "n-grams, feed-forward 100, T = 200": (grams, ntm(grams, controller="feed-forward"), 4),
        "n-grams, LSTM-100, T = 200": (grams, ntm(grams), 4),
    }


def floor(task: Task, model: NeuralTuringMachine, batch: int, rate: float) -> float:
    """Return the sequences a second if nothing but the products of training took time, at `rate` FLOP a second.

    A product costs two operations for each of its weights, and training does it three times: forwards, for its inputs
    and for its weights. Memory counts with content, read, erase and add, three times as well.
    """
    sizes, slots = model.cell.heads, model.memory_size * model.memory_vector_dim
    weights = sum(int(tf.size(w)) for w in model.trainable_variables if len(w.shape) == 2)
    step = 2 * weights + 2 * slots * (2 * sizes.read_heads + 3 * sizes.write_heads)
    return rate / (3 * step * task.max_steps)


def product_rate() -> float:
    """Return the FLOP a second of a large matrix product on this one core."""
    size, rates = 1024, []
    left = tf.random.normal([size, size])
    for _ in range(8):
        started = time.perf_counter()
        tf.matmul(left, left).numpy()
        rates.append(2 * size**3 / (time.perf_counter() - started))
    return median(rates)


def at_once(count: int, sequences: int) -> float:
    """Return the sequences a second of so many trainings side by side, each pinned to a core; 0 sequences: products.

    Each says when it is compiled and waits for the word to go, so that all run over the same seconds.
    """
    command, ends = [sys.executable, __file__, "--train", str(sequences)], {"stdin": subprocess.PIPE, "text": True}
    running = [
        subprocess.Popen(command, env=os.environ | {"NTM_LIB_CORE": str(core)}, stdout=subprocess.PIPE, **ends)
        for core in sorted(os.sched_getaffinity(0))[:count]
    ]
    for each in running:
        each.stdout.readline()
    for each in running:
        each.stdin.write("go\n")
        each.stdin.flush()
    return sum(float(each.communicate()[0]) for each in running)


def train_alone(sequences: int) -> None:
    """Print the sequences a second of a training on the core that the environment names, compilation left out.

    With 0 sequences print matrix products a second instead: what two cores of this machine can do at best.
    """
    from ntm_lib.several import stay_on_core

    stay_on_core()
    run = fit(speed.TASK, ntm(speed.TASK), 4, calls=sequences // 100) if sequences else products
    run()
    print("ready", flush=True)
    sys.stdin.readline()
    started = time.perf_counter()
    print(run() / (time.perf_counter() - started))


def products(count: int = 200_000) -> int:
    """Make products of the size of a step's largest, each of what came of the one before; nothing else."""
    kernel = tf.random.normal([128, 512])

    def loop() -> tf.Tensor:
        def body(step: tf.Tensor, x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            return step + 1, tf.tanh(tf.matmul(x[:, :128], kernel))

        return tf.while_loop(lambda step, _: step < count, body, (0, tf.ones([4, 512])))[1]

    tf.function(loop)().numpy()
    return count


def two_at_once(rounds: int, sequences: int) -> dict[str, Any]:
    """Return what two processes do beside one, in turn: the rates of each round and the median of their ratios."""
    pairs = [(at_once(1, sequences), at_once(2, sequences)) for _ in range(rounds)]
    ratio = round(median(two / one for one, two in pairs), 2)
    return {"one": [round(one) for one, _ in pairs], "two": [round(two) for _, two in pairs], "ratio": ratio}


def show(title: str, rows: dict[str, dict], reference: str) -> None:
    """Print a group, with ratios to one of its rows."""
    print(f"\n{title:42}{'first s':>8}{'sequences/s':>13}{'ratio':>7}{'floor/this':>12}")
    for name, row in rows.items():
        row["ratio"] = round(row["sequences_per_second"] / rows[reference]["sequences_per_second"], 2)
        far = f"{row['floor'] / row['sequences_per_second']:12.1f}" if "floor" in row else ""
        print(f"{name:42}{row['first_seconds']:8.1f}{row['sequences_per_second']:13.0f}{row['ratio']:7.2f}{far}")
    sys.stdout.flush()


def measured_loops(rounds: int) -> dict[str, Any]:
    """The loop inside the program, at two batch sizes."""
    report = {}
    for batch in (4, 8):
        report[f"batch {batch}"] = timed(loops(batch), rounds)
        show(f"copy, LSTM-100, T = 41, batch {batch}", report[f"batch {batch}"], "train_on_batch")
    return report


def measured_precision(rounds: int) -> dict[str, Any]:
    """Float32 and bfloat16."""
    report = {"precision": timed(precisions(), rounds)}
    show("precision", report["precision"], "batch 4, float32")
    return report


def measured_machines(rounds: int) -> dict[str, Any]:
    """Machines of the paper's sizes, and how far from the floor they are."""
    made, rate = machines(), product_rate()
    rows = timed({name: lambda each=each: fit(*each) for name, each in made.items()}, rounds)
    for name, (task, model, batch) in made.items():
        rows[name]["floor"] = round(floor(task, model, batch, rate), 1)
    show(f"machines (product: {rate / 1e9:.0f} GFLOP/s)", rows, "copy, LSTM-100")
    return {"machines": rows, "product_gflops": round(rate / 1e9, 1)}


def measured_pairs(rounds: int) -> dict[str, Any]:
    """Two processes at once; nothing where there is one core."""
    if len(os.sched_getaffinity(0)) < 2:
        return {}
    report = {}
    for name, sequences in (("two at once", 16_000), ("two at once, products only", 0)):
        report[name] = two_at_once(rounds, sequences)
        print(f"{name}: {report[name]['ratio']} times one, a core each", flush=True)
    return report


GROUPS: dict[str, Callable[[int], dict[str, Any]]] = {
    "loops": measured_loops,
    "precision": measured_precision,
    "machines": measured_machines,
    "two-at-once": measured_pairs,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, help="write the figures to this JSON file")
    parser.add_argument("--only", nargs="*", choices=list(GROUPS), help="these; the file keeps what it has of others")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--train", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.train is not None:
        train_alone(options.train)
        return
    report: dict = {"command": "python benchmarks/engine.py --out benchmarks/results/engine.json", "machine": machine()}
    if options.only and options.out and options.out.exists():
        report = json.loads(options.out.read_text())
    for name in options.only or GROUPS:
        report |= GROUPS[name](options.rounds)
    if options.out:
        write_results(json.loads(json.dumps(report)), options.out)


if __name__ == "__main__":
    main()
