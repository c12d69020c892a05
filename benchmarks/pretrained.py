"""Make the trained machines that the library ships: one seed of each task, rounded to half precision.

Machines of other tasks are taken from the folder in which `learning.py` trained them; the copy machine is trained here,
which takes a minute, and kept at three moments of its training.

    python benchmarks/pretrained.py --work DIR
"""

from __future__ import annotations

import argparse
import hashlib
import os
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")

import json

import keras

from ntm_lib import evaluate, pretrained
from ntm_lib.checkpoints import write_results
from ntm_lib.experiments import experiment
from ntm_lib.models import NeuralTuringMachine
from ntm_lib.runs import difficulty_text, train
from ntm_lib.sequence_model import SequenceModel
from ntm_lib.tasks import TASKS

MOMENTS = {"copy-lstm-early": 2_000, "copy-lstm-middle": 8_000}
"""After how many sequences the copy machine is kept on its way."""
TAKEN = {
    "copy-feed-forward": ("copy", "feed-forward", 1),
    "associative-recall-lstm": ("associative-recall", "lstm", 0),
    "repeat-copy-lstm": ("repeat-copy", "lstm", 4),
    "sorting-lstm": ("sorting", "lstm", 0),
    "key-value-lstm": ("key-value", "lstm", 0),
    "priority-sort-lstm": ("priority-sort", "lstm", 1),
    "n-grams-lstm": ("n-grams", "lstm", 0),
    "stories-1-fact-lstm": ("stories-1-fact", "lstm", 0),
}
"""Name, task, controller and seed of the others."""


class Keep(keras.callbacks.Callback):
    """Keeps the weights after given numbers of sequences."""

    def __init__(self, moments: dict[str, int], batch_size: int) -> None:
        super().__init__()
        self.moments, self.batch_size, self.kept = moments, batch_size, {}

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        shown = int(self.model.optimizer.iterations) * self.batch_size
        self.kept |= {name: self.model.get_weights() for name, moment in self.moments.items() if moment == shown}


def ship(name: str, model: SequenceModel, results: dict[str, Any], task: str) -> None:
    """Write a machine and its record, measured with the weights as they are shipped."""
    content = pretrained.packed(model.get_weights())
    (pretrained.FOLDER / f"{name}.npz").write_bytes(content)
    command = f"python -m ntm_lib train {task} --seed {results['seed']} --out DIR"
    record = {**results, "command": command, "sha256": hashlib.sha256(content).hexdigest()}
    write_results(record, pretrained.FOLDER / f"{name}.json")
    shipped, drawn = pretrained.load_pretrained(name), TASKS[task]()
    record["final"] = evaluate(shipped, drawn, sequences=1000)
    record["tests"] = {difficulty_text(each): evaluate(shipped, drawn, **each) for each in drawn.tests}
    write_results(record, pretrained.FOLDER / f"{name}.json")
    tests = ", ".join(f"{test}: {each['right']:.0%}" for test, each in record["tests"].items())
    print(f"{name}: {len(content) / 1000:.0f} kB, {record['final']['bits']:.3g} bits, right {tests}", flush=True)


def copy_machines() -> None:
    """Train the copy machine and ship it and its earlier moments."""
    chosen = experiment("copy")
    keep = Keep(MOMENTS, chosen.recipe.batch_size)
    run = train(chosen.task(), seed=0, recipe=chosen.recipe, model=chosen.model, callbacks=[keep])
    ship("copy-lstm", run.model, run.results, "copy")
    for name, weights in keep.kept.items():
        model = chosen.model()
        model.set_weights(weights)
        curve = [point for point in run.results["curve"] if point["sequences"] <= MOMENTS[name]]
        told = {**run.results, "curve": curve, "stopped_after": MOMENTS[name], "solved": False}
        ship(name, model, told, "copy")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True, help="the folder of learning.py")
    parser.add_argument("--only", nargs="*", choices=["copy-lstm", *TAKEN], help="these machines")
    options = parser.parse_args()
    wanted = options.only or ["copy-lstm", *TAKEN]
    for name, (task, controller, seed) in TAKEN.items():
        if name not in wanted:
            continue
        folder = options.work / f"{task}_{controller}" / f"seed-{seed}"
        if not (folder / "model.keras").exists():
            print(f"{name}: not trained yet in {folder}")
            continue
        results = json.loads((folder / "results.json").read_text())
        ship(name, NeuralTuringMachine.load(folder / "model.keras"), results, task)
    if "copy-lstm" in wanted:
        copy_machines()
    total = sum(path.stat().st_size for path in pretrained.FOLDER.glob("*.*") if path.suffix != ".py")
    print(f"all together {total / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
