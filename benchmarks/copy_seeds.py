"""Train the copy machine from ten consecutive seeds, one process a core, and gather all of them, failures included.

A seed whose results lie in the folder already is not trained again: a run that was stopped goes on where it was.

    python benchmarks/copy_seeds.py --work DIR
    python benchmarks/copy_seeds.py --work OTHER --spread-penalty 0 \
        --out benchmarks/results/copy_seeds_no_penalty.json
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from ntm_lib.checkpoints import write_results
from ntm_lib.several import train_seeds

if TYPE_CHECKING:
    from ntm_lib import NeuralTuringMachine

RESULTS = Path(__file__).resolve().parent / "results"
BEYOND = (126, 127, 128, 129, 132, 140)


def train(options: argparse.Namespace) -> list[dict]:
    """Train all seeds by the public command, one process a core; return their results."""
    codes = train_seeds(["copy", *penalty(options)], range(options.seeds), options.work)
    if failed := broken(codes):
        raise SystemExit(f"these seeds have no results: they ended with the codes {failed}")
    runs = [json.loads((options.work / f"seed-{seed}" / "results.json").read_text()) for seed in codes]
    command = ["python -m ntm_lib train copy", *penalty(options), "--seed"]
    return [run | {"command": " ".join([*command, str(run["seed"]), "--out DIR"])} for run in runs]


def broken(codes: dict[int, int]) -> dict[int, int]:
    """Return the seeds whose training broke, with their codes: 1 says that it did not learn, which is a result."""
    return {seed: code for seed, code in codes.items() if code not in (0, 1)}


def penalty(options: argparse.Namespace) -> list[str]:
    """Return the option that sets the penalty of spread heads, if it was given."""
    return [] if options.spread_penalty is None else ["--spread-penalty", f"{options.spread_penalty:g}"]


def test_further(runs: list[dict], work: Path) -> None:
    """Add to each run how its saved machine does near the end of memory, and how far its idle heads are spread."""
    from ntm_lib import CopyTask, NeuralTuringMachine, evaluate

    for run in runs:
        machine = NeuralTuringMachine.load(work / f"seed-{run['seed']}" / "model.keras")
        for length in BEYOND:
            run["tests"][f"length {length}"] = evaluate(machine, CopyTask(), length=length)
        run["idle_spread"] = {str(length): idle_spread(machine, length) for length in (20, 80)}


def idle_spread(machine: NeuralTuringMachine, length: int) -> dict[str, float]:
    """Return the mean spread of each head while no answer depends on where it is, over 20 sequences.

    The read head idles while the pattern comes in, the write head while the answer is given.
    """
    import numpy as np

    from ntm_lib import CopyTask, record, spread

    trace = record(machine, CopyTask().sample(20, np.random.default_rng(2_000_000), length=length).inputs)
    waiting, answering = trace.read.weights[:, :length, 0], trace.write.weights[:, length + 1 :, 0]
    return {"read": float(np.mean(spread(waiting))), "write": float(np.mean(spread(answering)))}


def number(bits: float | None, places: int) -> str:
    """Return bits as text: those of a run that met NaN are None in its results."""
    return "NaN" if bits is None else f"{bits:.{places}f}"


def table(runs: list[dict]) -> str:
    """Return all runs, a line each, and what they say together."""
    tests = list(runs[0]["tests"])
    lines = ["seed  learned after  seconds  bits at the end" + "".join(f"{test:>13}" for test in tests)]
    for run in runs:
        tested = "".join(f"{number(run['tests'][test]['bits'], 3):>13}" for test in tests)
        learned = run["sequences_to_solve"] or "never"
        bits = number(run["final"]["bits"], 4)
        lines.append(f"{run['seed']:4}  {learned:>13}  {run['seconds']:7.0f}  {bits:>15}{tested}")
    solved = sum(run["solved"] for run in runs)
    crossings = [run["sequences_to_solve"] or float("inf") for run in runs]
    lines.append(
        f"{solved} of {len(runs)} learned; median first below 0.01 bits after {median(crossings):,.0f} sequences"
    )
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True, help="folder for each seed's results and weights")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--spread-penalty", type=float, help="of spread heads (default: the machine's; 0: none)")
    parser.add_argument("--out", type=Path, default=RESULTS / "copy_seeds.json")
    options = parser.parse_args(arguments)
    runs = train(options)
    test_further(runs, options.work)
    command = [
        "python benchmarks/copy_seeds.py --work DIR",
        *penalty(options),
        "--out",
        f"benchmarks/results/{options.out.name}",
    ]
    report = {"command": " ".join(command), "runs": runs}
    write_results(report, options.out)
    print(table(runs))


if __name__ == "__main__":
    main()
