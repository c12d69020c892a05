"""Measure what a reader on Binder waits for, and how much memory each notebook takes there.

    python -m benchmarks.binder --out benchmarks/results/binder.json          builds what Binder would build, runs all
    python -m benchmarks.binder --keep --out benchmarks/results/binder.json   goes on in what is built

`tools/binder.py` says how. A kernel's peak is VmHWM, the most memory it ever held; Binder ends what takes more than
its limit, usually 2 GB, for kernels and server together. Building and pulling the image depend on Binder's machines;
the estimate takes the rates of RATES, which are assumptions.
"""

from __future__ import annotations

import argparse
import datetime
import json
import platform
import sys
from pathlib import Path
from typing import Any

from tools import binder

LIMIT = 1_500_000_000  # bytes that a kernel may take, to leave room for the server
RATES = {"push": 50e6, "pull": 50e6, "start": 10.0}  # bytes a second, bytes a second, seconds for the container


def estimate(measured: dict[str, Any]) -> dict[str, float]:
    """Return the seconds from click to the end of the first cell, with and without an image that is ready."""
    size = measured.get("compressed_bytes", measured["bytes"])
    cells = max(run["first_cell_seconds"] for run in measured["notebooks"].values())
    warm = size / RATES["pull"] + RATES["start"] + cells
    building = sum(step["seconds"] for step in measured["steps"])
    return {
        "on a machine that has the image": round(RATES["start"] + cells),
        "on a machine that pulls it": round(warm),
        "after a change of the course": round(building + size / RATES["push"] + warm),
    }


def summary(measured: dict[str, Any]) -> dict[str, Any]:
    """Return the figures that the course states."""
    runs = measured["notebooks"]
    heaviest = max(runs, key=lambda name: runs[name]["kernel_bytes"])
    return {
        "heaviest": heaviest,
        "kernel_bytes": runs[heaviest]["kernel_bytes"],
        "server_bytes": max(run["server_bytes"] for run in runs.values()),
        "failed": [name for name, run in runs.items() if run["error"]],
        "rates": RATES,
        "estimated_seconds": estimate(measured),
    }


def main() -> int:
    """Measure and write; the status says whether all ran and stayed below the limit."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keep", action="store_true", help="go on in what the last call built")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    measured = binder.prove([], options.keep)
    head = {
        "command": f"python -m benchmarks.binder{' --keep' if options.keep else ''}",
        "time": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "machine": f"{platform.system()} {platform.machine()}",
        "repo2docker": binder.REPO2DOCKER,
    }
    result = {**head, "summary": summary(measured), **measured}
    options.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result["summary"], indent=1))
    return int(bool(result["summary"]["failed"]) or result["summary"]["kernel_bytes"] > LIMIT)


if __name__ == "__main__":
    sys.exit(main())
