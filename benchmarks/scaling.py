"""Measure what a training step costs against slots, steps, batch, heads and units, and what many workers buy.

The sizes of a group are compiled first and then timed in turn, round after round. Time is the processor's, which other
jobs on the computer disturb less than the clock on the wall; both are kept. Memory is what XLA plans for the compiled
step: it is the same at every run. Each part is kept in the folder, and is not measured again.

    python benchmarks/scaling.py --work DIR                      # about an hour of a loaded core
    python benchmarks/scaling.py --work DIR --only sizes
"""

from __future__ import annotations

import argparse
import functools
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")
os.environ.setdefault("TF_NUM_INTEROP_THREADS", "1")
os.environ["XLA_FLAGS"] = f"--xla_dump_to={tempfile.gettempdir()}/scaling-{os.getpid()} --xla_dump_hlo_as_text"

import convergence
import keras
import numpy as np
import tensorflow as tf

from ntm_lib import NeuralTuringMachine, training
from ntm_lib.checkpoints import write_results
from ntm_lib.runs import machine
from ntm_lib.several import CORE, stay_on_core

DUMP = Path(tempfile.gettempdir()) / f"scaling-{os.getpid()}"
RESULTS = Path(__file__).resolve().parent / "results" / "scaling.json"
BASE = {"slots": 128, "steps": 41, "batch": 4, "heads": 1, "units": 100}
GROUPS: dict[str, tuple[int, ...]] = {
    "slots": (32, 64, 128, 256, 512, 1024, 2048, 4096, 8192),
    "steps": (11, 21, 41, 81, 161),
    "batch": (1, 2, 4, 8, 16, 64),
    "heads": (1, 2, 4, 8),
    "units": (50, 100, 200, 400, 800),
}
LENGTHS = {20: 32, 40: 64, 80: 128, 160: 256}
"""Vectors to copy, and the slots of a machine that holds them all: a copy of L takes 2 L + 1 steps."""
RATES = {4: (0.01, 0.03), 16: (0.01, 0.03), 64: (0.01, 0.03)}
"""For each batch size the rates to try."""
SEEDS, LIMIT, CHUNK = range(5), 64_000, 25


@functools.cache
def one_step(slots: int, steps: int, batch: int, heads: int, units: int) -> tuple[Callable[[], Any], int, int]:
    """Return a compiled training step, the bytes that XLA plans for it, and the bytes of all memories it keeps."""
    row_width, rng = 20, np.random.default_rng(0)
    model = NeuralTuringMachine(9, 8, slots, row_width, units=units, read_heads=heads, write_heads=heads)
    optimizer = keras.optimizers.Adam(1e-3, global_clipnorm=1.0)
    drawn = [rng.integers(0, 2, [batch, steps, width]).astype("float32") for width in (9, 8)]
    data = [*map(tf.constant, drawn), tf.ones([batch, steps])]
    step = training._compiled_step(model, optimizer)  # what `train_step` keeps for the last few machines only

    def run() -> None:
        step(*data).numpy()

    shutil.rmtree(DUMP, ignore_errors=True)
    run()
    plans = [path.read_text() for path in DUMP.glob("*inference_step*buffer-assignment.txt")]
    shutil.rmtree(DUMP, ignore_errors=True)
    planned = max(int(number) for plan in plans for number in re.findall(r"Total bytes used: (\d+)", plan))
    return run, planned, 4 * steps * batch * slots * row_width


def group(name: str, cases: list[dict[str, int]], rounds: int) -> list[dict[str, Any]]:
    """Return a row for each case, timed in turn."""
    rows, runs = [], []
    for case in cases:
        run, planned, kept = one_step(**case)
        started = time.perf_counter()
        run()
        runs.append((run, max(1, round(0.05 / (time.perf_counter() - started)))))
        rows.append({**case, "bytes_planned": planned, "bytes_of_memories": kept})
        rows[-1] |= {"cpu_rounds": [], "wall_rounds": []}
        print(f"{name}: {case} {planned / 2**20:.2f} MB planned", flush=True)
    for _ in range(rounds):
        for row, (run, repeats) in zip(rows, runs, strict=True):
            wall, cpu = time.perf_counter(), time.process_time()
            for _ in range(repeats):
                run()
            row["cpu_rounds"].append(float(f"{(time.process_time() - cpu) / repeats:.4g}"))
            row["wall_rounds"].append(float(f"{(time.perf_counter() - wall) / repeats:.4g}"))
    for row in rows:
        row["seconds"], row["wall_seconds"] = median(row["cpu_rounds"]), median(row["wall_rounds"])
        print(f"{name}: {row[name]:6} {1e3 * row['seconds']:9.2f} ms of the processor", flush=True)
    return rows


def sizes(work: Path, rounds: int) -> dict[str, Any]:
    """Return the rows of every group: one size changes, the others stay as in the base."""
    cases = {name: [{**BASE, name: value} for value in values] for name, values in GROUPS.items()}
    # A copy needs steps and slots alike; the name is that of the size by which it is printed.
    copies = [{**BASE, "steps": 2 * length + 1, "slots": slots} for length, slots in LENGTHS.items()]
    found = {}
    for name, each in [*cases.items(), ("copies", copies)]:
        by = "slots" if name == "copies" else name
        found[name] = part(work, f"sizes-{name}", lambda by=by, each=each: group(by, each, rounds))
    return found


def to_learn(batch: int) -> Iterator[dict[str, Any]]:
    """Train the small copy machine with this batch until it has learned; give a row for each rate and seed."""
    convergence.BATCH, convergence.CHUNK = batch, CHUNK
    way = convergence.Way("", optimizer=lambda: keras.optimizers.Adam(0.01, 0.9, 0.99, 1e-4, global_clipnorm=10.0))
    trainer, task = convergence.Trainer(way), convergence.TASK
    for rate in RATES[batch]:
        for seed in SEEDS:
            trainer.reset(seed)
            trainer.optimizer.learning_rate.assign(rate)
            needed, updates = None, 0
            rng = np.random.default_rng([seed, 13])
            recent = [np.inf] * max(1, round(500 / (CHUNK * batch)))  # the mean of about 500 sequences counts
            while needed is None and updates * batch < LIMIT:
                drawn = task.sample(CHUNK * batch, rng, steps=task.max_steps)
                bits, _ = trainer.many(*[part.reshape(CHUNK, batch, *part.shape[1:]) for part in drawn])
                recent = [*recent[1:], float(np.mean(bits))]
                updates += CHUNK
                if np.mean(recent) < convergence.LEARNED:
                    needed = updates
            row = {"batch": batch, "rate": rate, "seed": seed, "updates": needed}
            print(row, flush=True)
            yield row


def train_alone() -> None:
    """Train on the core that the environment names, some steps for each line that arrives; print sequences a second."""
    stay_on_core()
    run, _, _ = one_step(**BASE)
    for _ in range(20):
        run()
    print("ready", flush=True)
    for count in map(int, sys.stdin):
        wall, cpu, done = time.perf_counter(), time.process_time(), count * BASE["batch"]
        for _ in range(count):
            run()
        speeds = {"wall": done / (time.perf_counter() - wall), "cpu": done / (time.process_time() - cpu)}
        print(json.dumps({name: round(speed) for name, speed in speeds.items()}), flush=True)


def workers(rounds: int, count: int = 100) -> dict[str, Any]:
    """Return the speeds of two processes, each on a core of its own: one, the other, both at once, in turn."""
    command = [sys.executable, __file__, "--train"]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "bufsize": 1}
    cores = sorted(os.sched_getaffinity(0))[:2]
    pair = [subprocess.Popen(command, env=os.environ | {CORE: str(core)}, **pipes) for core in cores]
    for each in pair:
        while each.stdout.readline() != "ready\n":
            pass

    def speeds(running: list[Any]) -> list[dict[str, float]]:
        for each in running:
            each.stdin.write(f"{count}\n")
        return [json.loads(each.stdout.readline()) for each in running]

    found = [{"alone": speeds(pair[:1]) + speeds(pair[1:]), "together": speeds(pair)} for _ in range(rounds)]
    for each in pair:
        each.stdin.close()
        each.wait()
    ratios = {
        clock: [2 * sum(r[clock] for r in f["together"]) / sum(r[clock] for r in f["alone"]) for f in found]
        for clock in ("wall", "cpu")
    }
    return {"rounds": found} | {f"ratio_{clock}": round(median(values), 2) for clock, values in ratios.items()}


def part(work: Path, name: str, measure: Callable[[], Any]) -> Any:
    """Return what lies in the folder under this name, or measure it."""
    file = work / f"{name}.json"
    if not file.exists():
        write_results({"machine": machine(), "rows": measure()}, file)
    return json.loads(file.read_text())["rows"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, help="folder for the result of each part")
    parser.add_argument("--only", nargs="*", choices=["sizes", "workers", "batches"])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--out", type=Path, default=RESULTS)
    parser.add_argument("--train", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.train:
        train_alone()
        return
    if options.work is None:
        parser.error("--work is missing")
    options.work.mkdir(parents=True, exist_ok=True)
    chosen, report = options.only or ["sizes", "workers", "batches"], {}
    if "sizes" in chosen:
        report["sizes"] = sizes(options.work, options.rounds)
    if "workers" in chosen:
        report["workers"] = part(options.work, "workers", lambda: workers(30))
    if "batches" in chosen:
        rows = [part(options.work, f"batch-{size}", lambda size=size: list(to_learn(size))) for size in RATES]
        report["batches"] = [row for each in rows for row in each]
    if not options.only:
        settings = {"base": BASE, "learned": convergence.LEARNED, "small_machine": convergence.MACHINE}
        command = {"command": "python benchmarks/scaling.py --work DIR", "settings": settings}
        write_results(command | {"machine": machine()} | report, options.out)


if __name__ == "__main__":
    try:
        main()
    finally:
        shutil.rmtree(DUMP, ignore_errors=True)
