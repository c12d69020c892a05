"""Compare what was learned with the table of targets, from the committed results; exit with 1 where a row falls short.

python benchmarks/targets.py
python benchmarks/targets.py --results _build/learning --only copy      what `make learn` has just trained
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

RESULTS = Path(__file__).resolve().parent / "results"
Runs = Sequence[dict]


class Target(NamedTuple):
    """One condition on all runs of a file."""

    file: str
    what: str
    paper: str
    """The paper's figure, where it has one (Graves et al. 2014, read from the curves)."""
    measured: Callable[[Runs], float]
    is_met: Callable[[float], bool]


def share(runs: Runs, condition: Callable[[dict], bool]) -> float:
    """Return the share of runs for which something holds."""
    return sum(condition(run) for run in runs) / len(runs)


def worst(runs: Runs, test: str) -> float:
    """Return the most bits that any run needs in a test."""
    return max(run["tests"][test]["bits"] for run in runs)


def within(runs: Runs, limit: float, sequences: int) -> float:
    """Return the share of runs whose curve is below `limit` bits at some point within so many sequences."""
    return share(
        runs, lambda run: any(p["bits"] < limit for p in run["curve"] if p["sequences"] <= sequences and _last(run, p))
    )


def _last(run: dict, point: dict) -> bool:
    """Return whether a point of a curve belongs to the task itself and not to an easier stage."""
    return point.get("stage") == run["curve"][-1].get("stage")


def answered(runs: Runs) -> float:
    """Return the smallest share of answers that any run gives rightly."""
    return min(run["final"]["answered"] for run in runs)


COPY, RECALL = "copy_seeds.json", "learning/associative-recall_lstm.json"
REPEAT, SORTING = "learning/repeat-copy_lstm.json", "learning/sorting_lstm.json"
TARGETS = (
    Target(COPY, "share below 0.01 bits within 40,000", "25,000", lambda r: within(r, 0.01, 40_000), lambda v: v == 1),
    Target(
        COPY,
        "median sequences to 0.01 bits, at most 25,000",
        "25,000",
        lambda r: median(run["sequences_to_solve"] or float("inf") for run in r),
        lambda v: v <= 25_000,
    ),
    Target(COPY, "worst bits at length 120, at most 0.1", "", lambda r: worst(r, "length 120"), lambda v: v <= 0.1),
    Target(
        RECALL,
        "share below 0.05 bits within 100,000",
        "0.88 bits",
        lambda r: within(r, 0.05, 100_000),
        lambda v: v == 1,
    ),
    Target(RECALL, "worst bits at 15 items, at most 0.1", "4.7", lambda r: worst(r, "items 15"), lambda v: v <= 0.1),
    Target(RECALL, "worst bits at 20 items, at most 0.5", "7.0", lambda r: worst(r, "items 20"), lambda v: v <= 0.5),
    Target(
        REPEAT, "share below 0.1 bits within 300,000", "295,000", lambda r: within(r, 0.1, 300_000), lambda v: v >= 0.8
    ),
    Target(
        SORTING,
        "smallest share of sequences right, at least 0.95",
        "",
        lambda r: min(run["final"]["right"] for run in r),
        lambda v: v >= 0.95,
    ),
    Target(
        "learning/n-grams_lstm.json",
        "worst bits above the optimum at the end, at most 1.5",
        "1.1 to 1.8",
        lambda r: max(run["final"]["bits"] - run["final"]["optimal_bits"] for run in r),
        lambda v: v <= 1.5,
    ),
    Target(
        "learning/priority-sort_lstm.json",
        "worst bits at the end, below 17.4",
        "17.4 and 19.8",
        lambda r: max(run["final"]["bits"] for run in r),
        lambda v: v < 17.4,
    ),
    Target(
        "learning/key-value_lstm.json", "smallest share of answers, at least 0.99", "", answered, lambda v: v >= 0.99
    ),
    Target(
        "learning/stories-1-fact_lstm.json",
        "smallest share of answers, at least 0.99",
        "",
        answered,
        lambda v: v >= 0.99,
    ),
)


class Row(NamedTuple):
    """What came of a target."""

    task: str
    what: str
    value: float
    verdict: str
    """"met", "falls short" or "not trained yet"."""
    paper: str


def task_of(target: Target) -> str:
    """Return the name of a target's task."""
    return Path(target.file).stem.removesuffix("_seeds").removesuffix("_lstm").removesuffix("_feed-forward")


def judged(target: Target, results: Path = RESULTS) -> Row:
    """Return what came of a target, from the results of all its runs."""
    task = task_of(target)
    path = results / target.file
    if not path.exists():
        return Row(task, target.what, float("nan"), "not trained yet", target.paper)
    value = target.measured(json.loads(path.read_text(), object_hook=_no_nan)["runs"])
    return Row(task, target.what, value, "met" if target.is_met(value) else "falls short", target.paper)


def _no_nan(part: dict) -> dict:
    """Return a part of a results file in which the bits of a run that met NaN, null there, are endless."""
    return {name: float("inf") if name == "bits" and value is None else value for name, value in part.items()}


def main(arguments: Sequence[str] = ()) -> int:
    """Print the table; return 1 if a row is not met, else 0."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=Path, default=RESULTS, help="the folder of results (default: the committed)")
    parser.add_argument("--only", choices=sorted({task_of(target) for target in TARGETS}), help="the rows of this task")
    options = parser.parse_args(arguments)
    rows = [judged(target, options.results) for target in TARGETS if options.only in (None, task_of(target))]
    for row in rows:
        paper = f" (paper: {row.paper})" if row.paper else ""
        print(f"{row.task:20} {row.what:54} {row.value:10.4g}  {row.verdict}{paper}")
    return int(any(row.verdict != "met" for row in rows))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
