"""Measure the grader: 200 submissions of exercise 1 (NumPy) and 200 of 12 (TensorFlow), each in a box of its own.

The time of a submission is what one process takes for it, from the file to the written record; its processor time is
that of the grader and of everything in its boxes. Memory is that of the grader and of its boxes after each submission.

    python benchmarks/grading.py --out benchmarks/results/grading.json
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from exercises.grader import batch, dialogue, grading, records, sandbox, sources, submissions

COUNT = 200
ROOT = Path(__file__).resolve().parents[1]
NUMPY, TENSORFLOW = "01_introduction", "12_stability"
WRONG = {
    NUMPY: ("q1", "def hop(message, slots, stride):\n    return message"),
    TENSORFLOW: ("q4", "def ripple(seed, inputs, push):\n    return np.zeros(inputs.shape[1])"),
}


def hand_in_class(name: str, folder: Path) -> None:
    """Answers to an exercise of the course: right ones, and every fourth student has one wrong."""
    source = ROOT / "exercises" / "source" / f"{name}.ipynb"
    solutions = sources.read(source).solutions
    released = json.loads((ROOT / "exercises" / "release" / source.name).read_text(encoding="utf-8"))
    (folder / "source").mkdir()
    (folder / "source" / source.name).write_bytes(source.read_bytes())
    question, wrong = WRONG[name]
    for number in range(COUNT):
        for cell in released["cells"]:
            answer = cell["metadata"].get("nbgrader", {}).get("grade_id")
            if answer in solutions:
                code = wrong if number % 4 == 0 and answer == question else solutions[answer]
                cell["source"] = f"{code}\n# student {number}"
        _hand_in(folder, number, released)


def _hand_in(folder: Path, number: int, notebook: dict[str, Any]) -> None:
    (folder / "in").mkdir(exist_ok=True)
    (folder / "in" / f"student_{number:03}.ipynb").write_text(json.dumps(notebook), encoding="utf-8")


def measure(folder: Path, warm: bool = True, count: int = COUNT) -> dict[str, Any]:
    """Grade a class in this process, one submission after another."""
    classes = batch.Class.read(folder / "source")
    found = submissions.find(folder / "in", list(classes.exercises))[:count]
    way = batch.Way(warm=warm)
    seconds, own, boxed, points = [], [], [], []
    before = os.times()
    for job in batch.jobs_of(found, classes, b"a secret of some length", way, None):
        started = time.perf_counter()
        record = grading.grade(job)
        records.write(folder / "out", record)
        seconds.append(time.perf_counter() - started)
        points.append(record["points"])
        own.append(_resident(os.getpid()))
        workers = list(grading._boxes(way).workers.values())
        boxed.append(sum(dialogue._memory_of(worker.process.pid, dialogue._resident) for worker in workers) / 2**20)
    used = sum(os.times()[:2]) - sum(before[:2]) + sum(map(_seconds_in_box, workers))
    grading._boxes(way).close()
    return {
        "submissions": count,
        "mean points": sum(points) / count,
        "seconds, median": round(median(seconds[1:]), 4),
        "seconds, first (starts the box)": round(seconds[0], 3),
        "seconds, 90 % below": round(sorted(seconds[1:])[int(0.9 * (count - 1))], 4),
        "processor seconds each, start of the box included": round(used / count, 4) if warm else None,
        "MB of the grader, second and last tenth": _early_and_late(own),
        "MB of its boxes, second and last tenth": _early_and_late(boxed),
    }


def _early_and_late(values: list[float]) -> list[float]:
    tenth = max(1, len(values) // 10)
    return [round(median(part), 1) for part in (values[tenth : 2 * tenth], values[-tenth:])]


def _seconds_in_box(worker: dialogue.Worker) -> float:
    """Seconds on the processor of a warm worker and of all that it has waited for."""
    (inside,) = Path(f"/proc/{worker.process.pid}/task/{worker.process.pid}/children").read_text().split()
    fields = Path(f"/proc/{inside}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def _resident(process: int) -> float:
    return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "results" / "grading.json")
    parser.add_argument("--only", choices=("numpy", "tensorflow"))
    options = parser.parse_args()
    sandbox.require()
    results = json.loads(options.out.read_text()) if options.out.exists() else {}
    with tempfile.TemporaryDirectory() as name:
        for kind, exercise in {"numpy": NUMPY, "tensorflow": TENSORFLOW}.items():
            if options.only in (None, kind):
                folder = Path(name, kind)
                folder.mkdir()
                hand_in_class(exercise, folder)
                results[kind] = measure(folder)
                if kind == "numpy":
                    results["numpy, a fresh box each"] = measure(folder, warm=False, count=50)
                print(kind, json.dumps(results[kind], indent=1))
    results["load of the machine while measuring"] = [round(part, 1) for part in os.getloadavg()]
    records.write_atomically(options.out, json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
