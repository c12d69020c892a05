"""Train machines to sort one to ten numbers instead of always ten, and test them at lengths they were not shown.

Everything else is as in `python -m ntm_lib train sorting`. A run that lies in the folder already is not trained again.

    python benchmarks/sorting_lengths.py --work DIR        # about 20 minutes of one core
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")
os.environ.setdefault("TF_NUM_INTEROP_THREADS", "1")

import ntm_lib
from ntm_lib import SortingTask
from ntm_lib.checkpoints import write_results
from ntm_lib.experiments import experiment

RESULTS = Path(__file__).resolve().parent / "results" / "sorting_lengths.json"
SEEDS, LENGTHS = range(5), (1, 10)
TESTS = [{"length": length} for length in (1, 5, 10, 11, 12, 15, 20)]
MACHINES = {"NTM-LSTM": "lstm", "LSTM": "lstm-baseline"}


class MixedSortingTask(SortingTask):
    """Sorting with a new length for every sequence."""

    def __init__(self) -> None:
        super().__init__(LENGTHS[1], 20)
        self.difficulty = {"length": LENGTHS}


def train(name: str, seed: int, work: Path) -> dict[str, Any]:
    """Return one run; train it if it is missing."""
    file = work / f"{name}_seed-{seed}.json"
    if not file.exists():
        known = experiment("sorting", MACHINES[name])
        run = ntm_lib.train(
            MixedSortingTask(),
            seed=seed,
            recipe=known.recipe,
            goal=known.goal,
            model=known.model,
            tests=TESTS,
            folder=work / f"{name}_seed-{seed}",
            resume=True,
            progress=False,
        )
        write_results(run.results, file)
        told = " ".join(f"{test['right']:6.0%}" for test in run.results["tests"].values())
        print(
            f"{name:10}{seed:6}{run.results['seconds']:10.0f}{run.results['final']['right']:8.1%}  {told}", flush=True
        )
    return json.loads(file.read_text())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True, help="folder for the result of each run")
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    print(f"machine     seed   seconds   right  right at length {', '.join(str(t['length']) for t in TESTS)}")
    runs = {name: [train(name, seed, options.work) for seed in SEEDS] for name in MACHINES}
    write_results({"command": "python benchmarks/sorting_lengths.py --work DIR", "machines": runs}, options.out)


if __name__ == "__main__":
    main()
