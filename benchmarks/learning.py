"""Train every row of the table of targets from consecutive seeds, one process a core, and gather all of them.

A seed whose results lie in the folder already is not trained again, and one that was stopped goes on from its
checkpoint: the whole table can be made in several nights.

    python benchmarks/learning.py --work DIR                         # all rows
    python benchmarks/learning.py --work DIR --only associative-recall sorting
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from statistics import median

import copy_seeds

from ntm_lib.checkpoints import write_results
from ntm_lib.several import train_seeds

RESULTS = Path(__file__).resolve().parent / "results" / "learning"
TASKS = ("repeat-copy", "associative-recall", "sorting", "key-value", "priority-sort", "n-grams", "stories-1-fact")
ROWS = dict.fromkeys(
    [("copy", "lstm"), ("copy", "feed-forward"), *((task, "lstm") for task in TASKS)]
    + [(task, "lstm-baseline") for task in ("copy", *TASKS)],
    5,
)
"""How many seeds of each task and machine; the first row is that of copy_seeds.py, which has ten and tests more."""


def gather(work: Path, task: str, controller: str, seeds: range) -> dict:
    """Return the results of all seeds, without what depends on where they were made."""
    runs = [json.loads((work / f"seed-{seed}" / "results.json").read_text()) for seed in seeds]
    command = f"python -m ntm_lib train {task} --controller {controller} --seeds {len(seeds)} --out DIR"
    return {"command": command, "runs": [{name: run[name] for name in run if name != "command"} for run in runs]}


def table(report: dict) -> str:
    """Return all runs, a line each."""
    tests = list(report["runs"][0]["tests"])
    lines = [report["command"], "seed  learned after  seconds      bits    right" + "".join(f"{t:>24}" for t in tests)]
    for run in report["runs"]:
        final, learned = run["final"], run["sequences_to_solve"] or ("at the end" if run["solved"] else "never")
        bits = copy_seeds.number(final["bits"], 4)
        tested = "".join(f"{copy_seeds.number(run['tests'][t]['bits'], 3):>24}" for t in tests)
        lines.append(f"{run['seed']:4}  {learned:>13}  {run['seconds']:7.0f}  {bits:>8} {final['right']:8.1%}{tested}")
    hours = sum(run["seconds"] for run in report["runs"]) / 3600
    lines.append(
        f"{sum(run['solved'] for run in report['runs'])} of {len(report['runs'])} learned; "
        f"{hours:.2f} core hours, median {median(run['seconds'] for run in report['runs']):.0f} s a seed"
    )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True, help="folder for each seed's results and weights")
    parser.add_argument("--only", nargs="*", choices=sorted({task for task, _ in ROWS}), help="these tasks")
    parser.add_argument("--controller", choices=sorted({name for _, name in ROWS}), help="this machine only")
    options = parser.parse_args()
    incomplete: list[str] = []
    for (task, controller), count in ROWS.items():
        if (options.only and task not in options.only) or options.controller not in (None, controller):
            continue
        out = options.work / f"{task}_{controller}"
        if (task, controller) == ("copy", "lstm"):
            copy_seeds.main(["--work", str(out)])
            continue
        failed = copy_seeds.broken(train_seeds([task, "--controller", controller], range(count), out))
        if failed:
            incomplete.append(f"{task} {controller}: {failed}")
            continue
        report = gather(out, task, controller, range(count))
        RESULTS.mkdir(exist_ok=True)
        write_results(report, RESULTS / f"{task}_{controller}.json")
        print(table(report), end="\n\n", flush=True)
    if incomplete:
        raise SystemExit("these rows were not written, for seeds ended with these codes: " + "; ".join(incomplete))


if __name__ == "__main__":
    main()
