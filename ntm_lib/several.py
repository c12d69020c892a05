"""Several seeds at once: one process for each, pinned to a core of its own."""

from __future__ import annotations

import os
import queue
import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

CORE = "NTM_LIB_CORE"
"""The environment variable that tells a process which core it is to run on."""


def train_seeds(
    arguments: Sequence[str],
    seeds: Sequence[int],
    out: Path,
    *,
    jobs: int | None = None,
    report: Callable[[int, int], None] = lambda seed, code: None,
) -> dict[int, int]:
    """Run `python -m ntm_lib train ARGUMENTS` once for every seed, each into `out/seed-N`.

    A seed whose results are there is not trained again; one that was stopped goes on from its checkpoint.

    Args:
        arguments: what stands behind `train`, without `--seed` and `--out`.
        seeds: to train.
        out: the folder of all of them.
        jobs: how many at once; by default one for every core that this process may use.
        report: called with the seed and the exit code whenever one ends.

    Returns:
        The exit code of every seed.

    Raises:
        KeyboardInterrupt: if it was interrupted, after the seeds that were running have written their checkpoints.
    """
    cores = _cores()
    jobs = len(cores) if jobs is None else jobs
    free: queue.Queue[int | None] = queue.Queue()
    for job in range(jobs):
        free.put(cores[job % len(cores)])

    def run(seed: int) -> int:
        core = free.get()
        try:
            folder = ["--seed", str(seed), "--out", str(out / f"seed-{seed}")]
            command = [sys.executable, "-m", "ntm_lib", "train", *arguments, *folder, "--resume", "--quiet"]
            environment = os.environ | ({} if core is None else {CORE: str(core)})
            code = subprocess.run(command, check=False, env=environment).returncode
        finally:
            free.put(core)
        report(seed, code)
        return code

    with ThreadPoolExecutor(jobs) as pool:
        running = {seed: pool.submit(run, seed) for seed in seeds}
        try:
            return {seed: future.result() for seed, future in running.items()}
        except BaseException:  # above all Ctrl-C: those that run write their checkpoints, no other one begins
            pool.shutdown(wait=True, cancel_futures=True)
            raise


def stay_on_core() -> None:
    """Keep this process on the core that `train_seeds` chose for it, if it did and the system can."""
    core = os.environ.get(CORE)
    if core is not None and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {int(core)})


def _cores() -> list[int | None]:
    if hasattr(os, "sched_getaffinity"):
        return [*sorted(os.sched_getaffinity(0))]
    return [None] * (os.cpu_count() or 1)
