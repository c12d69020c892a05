"""The command line: `python -m ntm_lib train copy --seed 0 --out DIR`."""

from __future__ import annotations

import argparse
import math
import os
import shlex
import sys
from pathlib import Path


def main(arguments: list[str] | None = None) -> int:
    """Run the command and return its exit code: 0 if the task was learned, 1 if not, 2 for a wrong call."""
    parser = argparse.ArgumentParser(prog="python -m ntm_lib", description="Train Neural Turing Machines.")
    commands = parser.add_subparsers(dest="command", required=True)
    training = commands.add_parser("train", help="train one machine and write its results and weights")
    training.add_argument("task", choices=["copy"])
    training.add_argument("--seed", type=int, default=0, help="of the weights and the sequences (default 0)")
    training.add_argument("--out", type=Path, required=True, help="the folder for results.json and model.keras")
    training.add_argument("--controller", choices=["lstm", "feed-forward"], default="lstm")
    training.add_argument("--spread-penalty", type=float, help="of spread heads (default: the machine's; 0: none)")
    training.add_argument("--sequences", type=int, help="how many to show (default: the recipe's)")
    training.add_argument("--quiet", action="store_true", help="no progress bar")
    options = parser.parse_args(arguments)
    if not 0 <= options.seed < 2**32:
        parser.error(f"argument --seed: must be at least 0 and below 2**32. Received: {options.seed}")
    if options.sequences is not None and options.sequences < 1:
        parser.error(f"argument --sequences: must be at least 1. Received: {options.sequences}")
    if options.spread_penalty is not None and not 0 <= options.spread_penalty < math.inf:
        parser.error(f"argument --spread-penalty: must be at least 0. Received: {options.spread_penalty}")
    try:
        options.out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        parser.error(f"argument --out: {error}")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # TensorFlow's start-up messages say nothing about the training
    # The products of one step are too small to share: on one thread the same training takes about half the time.
    os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")
    command = shlex.join(["python", "-m", "ntm_lib", *(sys.argv[1:] if arguments is None else arguments)])
    return _train(options, command)


def _train(options: argparse.Namespace, command: str) -> int:
    from dataclasses import replace

    from ntm_lib.models import NeuralTuringMachine
    from ntm_lib.recipes import COPY_RECIPE
    from ntm_lib.tasks import TASKS
    from ntm_lib.training import train, write_results

    task = TASKS[options.task]()
    recipe = replace(COPY_RECIPE, sequences=options.sequences or COPY_RECIPE.sequences)

    penalty = {} if options.spread_penalty is None else {"spread_penalty": options.spread_penalty}

    def machine() -> NeuralTuringMachine:
        return NeuralTuringMachine(task.num_inputs, task.num_outputs, 128, 20, controller=options.controller, **penalty)

    run = train(task, seed=options.seed, recipe=recipe, model=machine, progress=not options.quiet)
    run.model.save(options.out / "model.keras")
    write_results({"command": command, **run.results}, options.out / "results.json")
    final = run.results["final"]["bits"]
    lengths = ", ".join(f"{length}: {result['bits']:.3g}" for length, result in run.results["lengths"].items())
    seconds = run.results["seconds"]
    print(f"{final:.3g} bits a sequence after {recipe.sequences:,} sequences in {seconds} s. By length: {lengths}")
    return 0 if run.results["solved"] else 1


if __name__ == "__main__":
    raise SystemExit(main())
