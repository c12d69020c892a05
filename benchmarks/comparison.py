"""Compare the machine with LSTMs at equal budgets: as many parameters, as many numbers of state, as much time.

The task is the small copy task. An entrant is tried at several learning rates on a seed of its own, and then trained
from others at the rate that did best: whoever is tuned less loses for that reason. "As much time" is the CPU
time of the machine's updates; the LSTM may spend it with any of three sizes. With ten times as much it shows whether it
needs longer or cannot. Two tasks that hardly need a memory, and the deck's sorting, follow. A run that lies in the
folder already is not trained again.

    taskset -c 0 python benchmarks/comparison.py --work DIR       # about 20 minutes of one core
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")
os.environ.setdefault("TF_NUM_INTEROP_THREADS", "1")

import keras
import numpy as np
import tensorflow as tf

from ntm_lib import CopyTask, LSTMBaseline, NeuralTuringMachine, SortingTask, bits_per_sequence, evaluate
from ntm_lib.checkpoints import write_results
from ntm_lib.runs import machine
from ntm_lib.schedules import HoldThenDecay
from ntm_lib.sequence_model import SequenceModel
from ntm_lib.tasks import Task, TaskBatch

RESULTS = Path(__file__).resolve().parent / "results" / "comparison.json"
PILOT, RATES, CHUNK, LEARNED = 100, (1e-3, 3e-3, 1e-2, 3e-2, 1e-1), 125, 0.1
UNITS, SLOTS, WIDTH = 64, 32, 16


class NeighboursTask(Task):
    """Name at every step which neighbouring bits of its vector differ: nothing has to be remembered."""

    name = "neighbours"
    num_inputs = num_outputs = 8

    def __init__(self) -> None:
        self.difficulty = {"length": (20, 20)}

    def steps(self, *, length: int) -> int:
        """Return T."""
        return length

    def draw(self, rng: np.random.Generator, *, length: int) -> TaskBatch:
        """Return one sequence."""
        bits = rng.integers(0, 2, (length, 8)).astype(np.float32)
        return TaskBatch(bits, np.abs(bits - np.roll(bits, 1, axis=1)), np.ones(length, np.float32))


def ntm(task: Task) -> SequenceModel:
    """Return the machine."""
    sizes = {"units": UNITS, "spread_penalty": 0.0}
    return NeuralTuringMachine(task.num_inputs, task.num_outputs, SLOTS, WIDTH, **sizes)


def lstm(units: int) -> Callable[[Task], SequenceModel]:
    """Return what makes one LSTM layer of that many units."""
    return lambda task: LSTMBaseline(task.num_inputs, task.num_outputs, units=units, layers=1)


def with_parameters(count: int, task: Task) -> int:
    """Return the units of the LSTM layer that has nearest to that many weights."""

    def weights(units: int) -> int:
        return 4 * units * (task.num_inputs + units + 1) + (units + 1) * task.num_outputs

    return min(range(1, 2000), key=lambda units: abs(weights(units) - count))


def state_numbers(model: NeuralTuringMachine | LSTMBaseline) -> int:
    """Return how many numbers a model carries from one step to the next, for one sequence."""
    if isinstance(model, NeuralTuringMachine):
        return sum(int(np.prod(part.shape)) for part in tf.nest.flatten(model.cell.initial_state(1)))
    return 2 * model.units * model.depth


@dataclass(frozen=True)
class Entrant:
    """Who takes part in what, and with how much."""

    name: str
    make: Callable[[Task], SequenceModel]
    task: Task
    updates: int
    batch: int = 4
    rates: Sequence[float] = RATES
    tests: Sequence[Mapping[str, int]] = ()


class Trainer:
    """One model and one compiled program for all rates and seeds of an entrant."""

    def __init__(self, entrant: Entrant) -> None:
        self.entrant, self.model = entrant, entrant.make(entrant.task)
        self.rate, self.updates = tf.Variable(1.0), tf.Variable(float(entrant.updates))
        schedule = HoldThenDecay(self.rate, self.updates)
        self.optimizer = keras.optimizers.Adam(schedule, beta_2=0.99, epsilon=1e-4, global_clipnorm=10.0)
        self.optimizer.build(self.model.trainable_variables)
        self.zero = [variable.numpy() for variable in self.optimizer.variables]
        self.many = tf.function(self._many, jit_compile=True)

    def _many(self, inputs: tf.Tensor, targets: tf.Tensor, masks: tf.Tensor) -> tf.Tensor:
        """Make an update for each batch of a chunk; return the mean of the losses before them."""

        def body(step: tf.Tensor, total: tf.Tensor) -> Any:
            with tf.GradientTape() as tape:
                bits = bits_per_sequence(targets[step], self.model(inputs[step], training=True), masks[step])
            gradients = tape.gradient(bits, self.model.trainable_variables)
            self.optimizer.apply_gradients(zip(gradients, self.model.trainable_variables, strict=True))
            return step + 1, total + bits

        return tf.while_loop(lambda step, _: step < CHUNK, body, (0, 0.0))[1] / CHUNK

    def batches(self, seed: int, number: int) -> list[np.ndarray]:
        """Return the batches of one chunk."""
        task, batch = self.entrant.task, self.entrant.batch
        drawn = task.sample(CHUNK * batch, np.random.default_rng([seed, number]), steps=task.max_steps)
        return [part.reshape(CHUNK, batch, *part.shape[1:]) for part in drawn]

    def reset(self, seed: int, rate: float) -> None:
        """Put the weights of a seed, and an optimizer that has seen nothing, in place."""
        keras.utils.set_random_seed(seed)
        self.model.set_weights(self.entrant.make(self.entrant.task).get_weights())
        for variable, value in zip(self.optimizer.variables, self.zero, strict=True):
            variable.assign(value)
        self.rate.assign(rate)

    def seconds_a_chunk(self) -> float:
        """Return the CPU time of a chunk of updates, the median of five after the first."""
        self.reset(PILOT, 1e-3)
        drawn, spent = self.batches(PILOT, 0), []
        for _ in range(6):
            started = time.process_time()
            self.many(*drawn).numpy()
            spent.append(time.process_time() - started)
        return median(spent[1:])

    def run(self, seed: int, rate: float, updates: int) -> dict[str, Any]:
        """Train from a seed; return the curve and the CPU time of the updates."""
        self.reset(seed, rate)
        self.updates.assign(float(updates))
        curve, spent = [], 0.0
        for number in range(updates // CHUNK):
            drawn = self.batches(seed, number)
            started = time.process_time()
            bits = float(self.many(*drawn))
            spent += time.process_time() - started
            curve.append(float(f"{bits:.4g}") if np.isfinite(bits) else None)
        return {"seed": seed, "rate": rate, "cpu_seconds": round(spent, 2), "curve": curve}

    def judged(self, run: dict[str, Any], sequences: int = 1000) -> dict[str, Any]:
        """Add how the model does on fresh sequences, those of training and longer ones."""
        task, shown = self.entrant.task, CHUNK * self.entrant.batch
        final = evaluate(self.model, task, sequences=sequences)
        first = next((i + 1 for i, bits in enumerate(run["curve"]) if bits is not None and bits < LEARNED), None)
        return {
            **run,
            "solved": bool(final["bits"] < LEARNED),
            "sequences_to_solve": first and first * shown,
            "cpu_seconds_to_solve": first and round(first / len(run["curve"]) * run["cpu_seconds"], 2),
            "final": final,
            "tests": {f"length {test['length']}": evaluate(self.model, task, **test) for test in self.entrant.tests},
        }


def compete(entrant: Entrant, seeds: Sequence[int], work: Path) -> dict[str, Any]:
    """Return what became of an entrant: a pilot at each rate, then all seeds at the best; train what is missing."""
    work.mkdir(parents=True, exist_ok=True)
    stem = f"{entrant.task.name}-{entrant.task.max_steps}_{'-'.join(entrant.name.replace(',', '').split())}"
    pilots_file, files = work / f"{stem}_pilots.json", {seed: work / f"{stem}_seed-{seed}.json" for seed in seeds}
    updates = entrant.updates // CHUNK * CHUNK
    if not all(file.exists() for file in (pilots_file, *files.values())):
        keras.utils.set_random_seed(0)
        trainer = Trainer(entrant)
        trainer.seconds_a_chunk()  # compiles
        if not pilots_file.exists():
            pilots = []
            for rate in entrant.rates if len(entrant.rates) > 1 else ():
                run = trainer.judged(trainer.run(PILOT, rate, updates), sequences=300)
                pilots.append({"rate": rate, "bits": run["final"]["bits"]})
            weights = sum(int(np.prod(variable.shape)) for variable in trainer.model.trainable_variables)
            facts = {"parameters": weights, "state_numbers": state_numbers(trainer.model)}
            write_results({"pilots": pilots, **facts}, pilots_file)
        pilots = json.loads(pilots_file.read_text())["pilots"]
        rate = best(pilots)["rate"] if pilots else entrant.rates[0]
        for seed, file in files.items():
            if not file.exists():
                run = trainer.judged(trainer.run(seed, rate, updates))
                write_results(run, file)
                np.savez_compressed(file.with_suffix(".npz"), *map(np.float16, trainer.model.get_weights()))
                tests = "".join(f"{test['bits']:9.2f}" for test in run["tests"].values())
                told = f"{rate:7}{seed:4}{run['sequences_to_solve'] or 'never':>8}{run['final']['bits']:10.4f}"
                print(f"{stem:46}{told}{tests}{run['cpu_seconds']:8}", flush=True)
        keras.backend.clear_session()
    report = json.loads(pilots_file.read_text())
    shown = {"batch_size": entrant.batch, "sequences": updates * entrant.batch}
    runs = [json.loads(file.read_text()) for file in files.values()]
    return {"entrant": entrant.name, **report, "rate": runs[0]["rate"], **shown, "runs": runs}


def best(pilots: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """Return the pilot with the fewest bits; NaN, which JSON holds as null, loses."""
    return min(pilots, key=lambda pilot: np.inf if pilot["bits"] is None else pilot["bits"])


def keep(work: Path, out: Path) -> None:
    """Write the weights, in half precision, of the first machine that learned and of the LSTM of the same seed."""
    names = {"NTM": "copy-21_NTM", "LSTM": "copy-21_LSTM-equal-parameters"}
    runs = [json.loads(file.read_text()) for file in sorted(work.glob(f"{names['NTM']}_seed-*.json"))]
    seed = next(run["seed"] for run in runs if run["solved"])
    kept = {"seed": np.int64(seed)}
    for name, stem in names.items():
        with np.load(work / f"{stem}_seed-{seed}.npz") as weights:
            kept |= {f"{name}_{number}": weights[f"arr_{number}"] for number in range(len(weights.files))}
    np.savez_compressed(out, **kept)


def most_in_time(entrant: Entrant, seconds: float, sizes: Sequence[int], work: Path) -> list[dict[str, Any]]:
    """Return what LSTMs of some sizes, at four rates each, make of that CPU time."""
    file = work / "equal-time_tried.json"
    tried = json.loads(file.read_text())["tried"] if file.exists() else []
    for units in sizes:
        missing = [rate for rate in RATES[:4] if (units, rate) not in [(each["units"], each["rate"]) for each in tried]]
        if not missing:
            continue
        trainer = Trainer(replace(entrant, make=lstm(units)))
        updates = max(1, round(seconds / trainer.seconds_a_chunk())) * CHUNK
        for rate in missing:
            run = trainer.judged(trainer.run(PILOT, rate, updates), sequences=300)
            spent, bits = run["cpu_seconds"], run["final"]["bits"]
            tried.append({"units": units, "updates": updates, "rate": rate, "cpu_seconds": spent, "bits": bits})
            print(tried[-1], flush=True)
            write_results({"tried": tried}, file)
        keras.backend.clear_session()
    return tried


def copying(seeds: Sequence[int], work: Path) -> list[dict[str, Any]]:
    """Return the entrants of the small copy task."""
    task = CopyTask(8, min_length=1, max_length=10)
    common = {"task": task, "updates": 5000, "tests": [{"length": length} for length in (10, 20, 30)]}
    first = compete(Entrant("NTM", ntm, **common), seeds, work)
    weights = with_parameters(first["parameters"], task)
    state = first["state_numbers"] // 2
    parameters = compete(Entrant("LSTM, equal parameters", lstm(weights), **common), seeds, work)
    timed = Entrant("LSTM, equal time", lstm(weights), batch=16, **common)
    seconds = median(run["cpu_seconds"] for run in first["runs"])
    tried = most_in_time(timed, seconds, (weights, 160, state), work)
    chosen = best(tried)
    timed = replace(timed, make=lstm(chosen["units"]), updates=chosen["updates"], rates=(chosen["rate"],))
    longer = replace(timed, name="LSTM, ten times the time", updates=10 * chosen["updates"])
    told = {"units": chosen["units"], "tried": tried}
    same, slow = compete(timed, seeds, work) | told, {**common, "rates": RATES[1:4]}
    return [
        first,
        parameters | {"units": weights},
        compete(Entrant("LSTM, equal state", lstm(state), **slow), seeds[:5], work) | {"units": state},
        same,
        compete(longer, seeds[:5], work) | told,
    ]


def beside(task: Task, updates: int, seeds: Sequence[int], work: Path) -> list[dict[str, Any]]:
    """Return the machine, and the LSTM with as many parameters, on a task that needs little memory."""
    first = compete(Entrant("NTM", ntm, task, updates), seeds, work)
    units = with_parameters(first["parameters"], task)
    return [first, compete(Entrant("LSTM, equal parameters", lstm(units), task, updates), seeds, work)]


def sorting(seeds: Sequence[int], work: Path) -> list[dict[str, Any]]:
    """Return the LSTM with as many parameters as the machine that sorts in `results/learning/sorting_lstm.json`."""
    theirs = json.loads((RESULTS.parent / "learning" / "sorting_lstm.json").read_text())["runs"]
    units = with_parameters(theirs[0]["parameters"], SortingTask())
    one = Entrant("LSTM, equal parameters", lstm(units), SortingTask(), 5000, batch=16, rates=RATES[:4])
    return [compete(one, seeds, work)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True, help="folder for the result of each run")
    parser.add_argument(
        "--seeds", type=int, default=10, help="of the copy task; the slow and the others take at most 5"
    )
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    all_seeds, fewer = range(options.seeds), range(min(options.seeds, 5))
    tasks = {
        "copy, 1 to 3 vectors": beside(CopyTask(8, min_length=1, max_length=3), 2500, fewer, options.work),
        "differing neighbours": beside(NeighboursTask(), 2500, fewer, options.work),
        "sorting": sorting(fewer, options.work),
        "copy, 1 to 10 vectors": copying(all_seeds, options.work),
    }
    settings = {"learned": LEARNED, "rates": RATES, "pilot_seed": PILOT, "updates_a_point": CHUNK}
    report = {"command": "python benchmarks/comparison.py --work DIR", "settings": settings, "machine": machine()}
    write_results(report | {"tasks": tasks}, options.out)
    keep(options.work, options.out.with_name(f"{options.out.stem}_weights.npz"))


if __name__ == "__main__":
    main()
