"""The command line: `python -m ntm_lib train copy --seed 0 --out DIR`; `list`, `evaluate` and `trace` beside it."""

from __future__ import annotations

import argparse
import json
import math
import os
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

INTERRUPTED = 130
"""The exit code that shells give to a command ended by Ctrl-C."""


def main(arguments: list[str] | None = None) -> int:
    """Run the command and return its exit code.

    0 if it succeeded (for `train`: if every seed learned the task), 1 if a seed did not learn, 2 for a wrong call, 130
    if the training was interrupted.
    """
    arguments = sys.argv[1:] if arguments is None else arguments
    parser = _parser()
    options = parser.parse_args(arguments)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # TensorFlow's start-up messages say nothing about the training
    # The products of one step are too small to share: on one thread the same training takes about half the time.
    os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")
    try:
        result: int = options.run(options, arguments)
    except (ValueError, OSError) as error:  # OSError: above all a file that is not there, and a full disk
        parser.error(str(error))
    return result


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m ntm_lib", description="Train and look at memory machines.")
    commands = parser.add_subparsers(dest="command", required=True)

    training = commands.add_parser("train", help="train machines and write their results and weights")
    training.set_defaults(run=_train)
    training.add_argument("task", type=_task)
    training.add_argument("--out", type=Path, required=True, help="the folder for results.json and model.keras")
    training.add_argument("--controller", default="lstm", help="lstm, feed-forward or lstm-baseline (default lstm)")
    training.add_argument("--seed", type=_whole(0), default=0, help="of the weights and the sequences (default 0)")
    training.add_argument("--seeds", type=_whole(1), help="train so many seeds from --seed on, in OUT/seed-N")
    training.add_argument("--jobs", type=_whole(1), help="how many seeds at once (default: one a core)")
    training.add_argument("--sequences", type=_whole(1), help="how many to show (default: the recipe's)")
    training.add_argument("--spread-penalty", type=_number, help="of spread heads (default: the machine's; 0: none)")
    training.add_argument("--resume", action="store_true", help="go on from the checkpoint in OUT, if there is one")
    training.add_argument("--quiet", action="store_true", help="no progress bar")

    evaluation = commands.add_parser("evaluate", help="measure a saved machine on fresh sequences, as JSON")
    evaluation.set_defaults(run=_evaluate)
    tracing = commands.add_parser("trace", help="record every step of a saved machine on fresh sequences, as JSON")
    tracing.set_defaults(run=_trace)
    for command, sequences in ((evaluation, 100), (tracing, 1)):
        command.add_argument("task", type=_task)
        command.add_argument("model", help="a .keras file, or the name of a machine that is shipped")
        command.add_argument("difficulty", nargs="*", type=_difficulty, help="such as length=40 (default: training's)")
        command.add_argument("--sequences", type=_whole(1), default=sequences, help=f"how many (default {sequences})")
        command.add_argument("--seed", type=_whole(0), default=1_000_000, help="of the sequences (default 1000000)")
    tracing.add_argument("--out", type=Path, required=True, help="the file to write")

    listing = commands.add_parser("list", help="show what can be trained")
    listing.set_defaults(run=_list)
    return parser


def _task(name: str) -> str:
    from ntm_lib import checks
    from ntm_lib.tasks import TASKS

    try:
        return checks.choice("task", name, tuple(TASKS))
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _whole(minimum: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"must be a whole number. Received: {text!r}") from None
        if not minimum <= value < 2**32:
            raise argparse.ArgumentTypeError(f"must be at least {minimum} and below 2**32. Received: {text}")
        return value

    return parse


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value < math.inf:
        raise argparse.ArgumentTypeError(f"must be a number of at least 0. Received: {text!r}")
    return value


def _difficulty(text: str) -> tuple[str, int]:
    name, equals, value = text.partition("=")
    if not equals or not value.isdigit():
        raise argparse.ArgumentTypeError(f"must be a name and a whole number such as length=40. Received: {text!r}")
    return name, int(value)


def _train(options: argparse.Namespace, arguments: list[str]) -> int:
    try:
        options.out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ValueError(f"argument --out: {error}") from error
    return _train_one(options, arguments) if options.seeds is None else _train_several(options)


def _train_several(options: argparse.Namespace) -> int:
    from ntm_lib.several import train_seeds

    arguments = [options.task, "--controller", options.controller]
    for name in ("sequences", "spread_penalty"):
        value = getattr(options, name)
        arguments += [] if value is None else [f"--{name.replace('_', '-')}", f"{value:g}"]

    def report(seed: int, code: int) -> None:
        said = {0: "learned", 1: "did not learn", INTERRUPTED: "was interrupted"}.get(code, f"ended with code {code}")
        said = f"was ended by signal {-code}" if code < 0 else said
        print(f"seed {seed} {said}", flush=True)

    seeds = range(options.seed, options.seed + options.seeds)
    try:
        codes = train_seeds(arguments, seeds, options.out, jobs=options.jobs, report=report)
    except KeyboardInterrupt:
        return INTERRUPTED
    # As shells do: of a process that was ended by a signal, 128 and its number.
    return max(128 - code if code < 0 else code for code in codes.values())


def _train_one(options: argparse.Namespace, arguments: list[str]) -> int:
    from dataclasses import replace

    from ntm_lib.checkpoints import Checkpoint, check_settings, write_results
    from ntm_lib.experiments import experiment
    from ntm_lib.runs import run_settings, train
    from ntm_lib.several import stay_on_core

    stay_on_core()
    chosen = experiment(options.task, options.controller)
    recipe = replace(chosen.recipe, sequences=options.sequences or chosen.recipe.sequences)
    changes = {} if options.spread_penalty is None else {"spread_penalty": options.spread_penalty}
    if options.resume and (options.out / "results.json").exists():
        finished = json.loads((options.out / "results.json").read_text())
        written = (options.out / "model.keras").exists()  # the last that is written before the results
        if finished["status"] != "interrupted" and written:
            now = run_settings(chosen.task(), options.seed, chosen.model(**changes), recipe)
            check_settings(options.out, {name: finished.get(name) for name in now}, now)
            print(f"{options.out} holds a finished run: nothing to do")
            return 0 if finished["solved"] else 1
    run = train(
        chosen.task(),
        seed=options.seed,
        recipe=recipe,
        model=lambda: chosen.model(**changes),
        goal=chosen.goal,
        folder=options.out,
        resume=options.resume,
        progress=not options.quiet,
    )
    command = shlex.join(["python", "-m", "ntm_lib", *arguments])
    if run.results["status"] != "interrupted":
        run.model.save(options.out / "model.keras")  # first: where there are results, there is a machine
    write_results({"command": command, **run.results}, options.out / "results.json")
    if run.results["status"] == "interrupted":
        print(f"interrupted after {run.results['curve'][-1]['sequences']:,} sequences; go on with: {command} --resume")
        return INTERRUPTED
    Checkpoint(options.out / "checkpoint").remove()
    print(_summary(run.results))
    return 0 if run.results["solved"] else 1


def _summary(results: dict[str, Any]) -> str:
    final, recipe = results["final"], results["recipe"]
    tests = "; ".join(f"{name}: {measured['bits']:.3g}" for name, measured in results["tests"].items())
    optimum = f" ({final['optimal_bits']:.3g} is the best possible)" if final["optimal_bits"] else ""
    return (
        f"{final['bits']:.3g} bits a sequence{optimum} after {recipe['sequences']:,} sequences in "
        f"{results['seconds']} s, {final['right']:.1%} of sequences right." + (f" Bits at {tests}" if tests else "")
    )


def _machine(named: str) -> Any:
    """Return the machine of a file, or the one that is shipped under a name."""
    from ntm_lib import models  # so that Keras knows their classes
    from ntm_lib.pretrained import load_pretrained

    path = Path(named)
    is_file = path.suffix or path.name != named or path.exists()
    return models.SequenceModel.load(named) if is_file else load_pretrained(named)


def _evaluate(options: argparse.Namespace, _: list[str]) -> int:
    from ntm_lib.tasks import TASKS
    from ntm_lib.training import evaluate

    model, task = _machine(options.model), TASKS[options.task]()
    difficulty = dict(options.difficulty)
    measured = evaluate(model, task, sequences=options.sequences, seed=options.seed, **difficulty)
    print(json.dumps({"difficulty": difficulty, **measured}, indent=1))
    return 0


def _trace(options: argparse.Namespace, _: list[str]) -> int:
    import numpy as np

    from ntm_lib.tasks import TASKS
    from ntm_lib.trace import record

    model, task = _machine(options.model), TASKS[options.task]()
    batch = task.sample(options.sequences, np.random.default_rng(options.seed), **dict(options.difficulty))
    trace = record(model, batch.inputs, targets=batch.targets, mask=batch.mask)
    options.out.write_text(trace.to_json())
    print(f"{options.sequences} x {batch.inputs.shape[1]} steps written to {options.out}")
    return 0


def _list(options: argparse.Namespace, _: list[str]) -> int:
    from ntm_lib.experiments import EXPERIMENTS

    print(f"{'task':20} {'controller':15} {'sequences':>11}  learned if")
    for (task, controller), each in EXPERIMENTS.items():
        below = "below" if "bits" in each.goal.measure else "at least"
        goal = f"{each.goal.measure.replace('_', ' ')} {below} {each.goal.limit}"
        print(f"{task:20} {controller:15} {each.recipe.sequences:>11,}  {goal}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
