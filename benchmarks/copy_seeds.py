"""Train the copy machine from ten consecutive seeds, one process a core, and gather all of them, failures included.

A seed whose results lie in the folder already is not trained again: a run that was stopped goes on where it was.

    python benchmarks/copy_seeds.py --work /tmp/copy_seeds
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import queue
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median

RESULTS = Path(__file__).resolve().parent / "results"
BEYOND = (126, 127, 128, 129, 132, 140)


def train(seed: int, work: Path, cores: queue.Queue[int | None]) -> dict:
    """Train one seed by the public command on the next free core; return its results."""
    out = work / f"seed-{seed}"
    if not (out / "results.json").exists():
        core = cores.get()
        pin = ["taskset", "--cpu-list", str(core)] if core is not None else []
        command = [sys.executable, "-m", "ntm_lib", "train", "copy", "--seed", str(seed), "--out", str(out), "--quiet"]
        code = subprocess.run([*pin, *command], check=False).returncode
        cores.put(core)
        if code > 1:  # 1 says that the machine did not learn, which is a result
            raise SystemExit(f"seed {seed} ended with code {code}")
    return json.loads((out / "results.json").read_text()) | {
        "command": f"python -m ntm_lib train copy --seed {seed} --out DIR --quiet"
    }


def test_further(runs: list[dict], work: Path) -> None:
    """Add to each run how its saved machine does near and beyond the end of memory, where the slots run out."""
    from ntm_lib import CopyTask, NeuralTuringMachine, evaluate

    for run in runs:
        machine = NeuralTuringMachine.load(work / f"seed-{run['seed']}" / "model.keras")
        for length in BEYOND:
            run["lengths"][str(length)] = evaluate(machine, CopyTask(), length=length)


def table(runs: list[dict]) -> str:
    """Return all runs, a line each, and what they say together."""
    lengths = list(runs[0]["lengths"])
    lines = ["seed  learned after  seconds  bits at the end" + "".join(f"     at {length:>3}" for length in lengths)]
    for run in runs:
        tested = "".join(f"{run['lengths'][length]['bits']:11.3f}" for length in lengths)
        learned = run["sequences_to_solve"] or "never"
        lines.append(f"{run['seed']:4}  {learned:>13}  {run['seconds']:7.0f}  {run['final']['bits']:15.4f}{tested}")
    solved = sum(run["solved"] for run in runs)
    crossings = [run["sequences_to_solve"] or float("inf") for run in runs]
    lines.append(
        f"{solved} of {len(runs)} learned; median first below .01 bits after {median(crossings):,.0f} sequences"
    )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True, help="folder for each seed's results and weights")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--out", type=Path, default=RESULTS / "copy_seeds.json")
    options = parser.parse_args()
    linux = platform.system() == "Linux"
    names = sorted(os.sched_getaffinity(0)) if linux else [None] * (os.cpu_count() or 1)
    cores: queue.Queue[int | None] = queue.Queue()
    for core in names:
        cores.put(core)
    with ThreadPoolExecutor(len(names)) as pool:
        runs = list(pool.map(lambda seed: train(seed, options.work, cores), range(options.seeds)))
    test_further(runs, options.work)
    report = {"command": "python benchmarks/copy_seeds.py --work DIR", "runs": runs}
    options.out.write_text(json.dumps(report, indent=1) + "\n")
    print(table(runs))


if __name__ == "__main__":
    main()
