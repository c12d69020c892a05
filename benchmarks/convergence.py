"""Train one small copy machine in many ways, each from the same five seeds, and tell who converges.

Every way changes one thing in the first, the base: the copy recipe of the library, at the rate that suits this size and
without the penalty on spread heads. All ways see the same sequences. A run that lies in the folder already is not
trained again: what was stopped goes on where it was.

    python benchmarks/convergence.py --work DIR                  # about 25 minutes of one core
    python benchmarks/convergence.py --work DIR --only "rate 0.03" "rate 0.001"
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")
os.environ.setdefault("TF_NUM_INTEROP_THREADS", "1")

import keras
import numpy as np
import tensorflow as tf

from ntm_lib import CopyTask, NeuralTuringMachine, bits_per_sequence, evaluate, numerics
from ntm_lib.cells import ntm as cell
from ntm_lib.checkpoints import write_results
from ntm_lib.runs import machine
from ntm_lib.schedules import HoldThenDecay

RESULTS = Path(__file__).resolve().parent / "results" / "convergence.json"
SEEDS, SEQUENCES, BATCH, CHUNK = range(5), 20_000, 4, 125
STEPS = SEQUENCES // BATCH
TASK = CopyTask(vector_dim=8, min_length=1, max_length=10)
MACHINE = {"memory_size": 32, "memory_vector_dim": 16, "units": 64, "spread_penalty": 0.0}
BEYOND = (20, 30)
LEARNED = 0.1
"""Bits a sequence on 1,000 fresh sequences, below which a run counts as learned: at most one in ten is wrong."""


def adam(**changes: Any) -> keras.optimizers.Optimizer:
    """Return the optimizer of the recipe: its rate falls linearly to 0."""
    settings = {"rate": 1e-2, "beta_2": 0.99, "epsilon": 1e-4, "global_clipnorm": 10.0, **changes}
    return keras.optimizers.Adam(HoldThenDecay(settings.pop("rate"), STEPS), **settings)


def rmsprop(rate: float) -> keras.optimizers.Optimizer:
    """Return the paper's optimizer: constant rate, momentum, each entry of the gradient clipped on its own."""
    return keras.optimizers.RMSprop(rate, rho=0.95, momentum=0.9, epsilon=1e-4, centered=True, clipvalue=10.0)


@dataclass(frozen=True)
class Way:
    """One way to train: what it changes, and which question it belongs to."""

    about: str
    machine: Mapping[str, Any] = field(default_factory=dict)
    optimizer: Callable[[], keras.optimizers.Optimizer] = adam
    weights: float = 1.0
    """What the kernels of the start are multiplied with."""
    patches: Mapping[str, Any] = field(default_factory=dict)


def norm_as_printed(vectors: tf.Tensor, axis: int = -1) -> tf.Tensor:
    """Return the length as the deck takes it: the small number stands outside the root."""
    return tf.norm(vectors, axis=axis, keepdims=True) + 1e-8


def sharpen_as_printed(weights: tf.Tensor, exponent: tf.Tensor) -> tf.Tensor:
    """Return equation (9) typed as it stands."""
    powers = weights**exponent
    return powers / tf.reduce_sum(powers, axis=-1, keepdims=True)


WAYS = {
    "the base": Way(""),
    "rate 0.001": Way("learning rate", optimizer=lambda: adam(rate=1e-3)),
    "rate 0.003": Way("learning rate", optimizer=lambda: adam(rate=3e-3)),
    "rate 0.03": Way("learning rate", optimizer=lambda: adam(rate=3e-2)),
    "rate 0.1": Way("learning rate", optimizer=lambda: adam(rate=1e-1)),
    "no clipping": Way("clipping", optimizer=lambda: adam(global_clipnorm=None)),
    "clipped at 0.1": Way("clipping", optimizer=lambda: adam(global_clipnorm=0.1)),
    "Adam's epsilon 1e-7": Way("optimizer", optimizer=lambda: adam(epsilon=1e-7)),
    "Adam's beta_2 0.999": Way("optimizer", optimizer=lambda: adam(beta_2=0.999)),
    "the paper's RMSProp": Way("optimizer", optimizer=lambda: rmsprop(1e-4)),
    "RMSProp at ten times the rate": Way("optimizer", optimizer=lambda: rmsprop(1e-3)),
    "memory random": Way("start", {"initial_memory": "random"}),
    "memory learned": Way("start", {"initial_memory": "learned"}),
    "heads learned": Way("start", {"initial_weights": "learned"}),
    "heads even": Way("start", {"initial_weights": "constant"}),
    "heads even, memory random": Way("start", {"initial_weights": "constant", "initial_memory": "random"}),
    "weights three times as large": Way("start", weights=3.0),
    "penalty on spread": Way("penalty", {"spread_penalty": 0.01}),
    "bfloat16": Way("precision", {"dtype": "mixed_bfloat16"}),
    "float16": Way("precision", {"dtype": "mixed_float16"}),
    "sharpening as printed": Way("formula", patches={"power_normalise": sharpen_as_printed}),
    "memory 0, cosine as printed": Way("formula", patches={"norm": norm_as_printed, "INITIAL_MEMORY": 0.0}),
}


@contextlib.contextmanager
def patched(patches: Mapping[str, Any]) -> Iterator[None]:
    """Put other formulas, or another start of the memory, in the place of the library's."""
    places = [(numerics if hasattr(numerics, name) else cell, name, value) for name, value in patches.items()]
    before = [getattr(place, name) for place, name, _ in places]
    for place, name, value in places:
        setattr(place, name, value)
    try:
        yield
    finally:
        for (place, name, _), value in zip(places, before, strict=True):
            setattr(place, name, value)


class Trainer:
    """One machine and one compiled program for all seeds of a way: compiling takes longer than training."""

    def __init__(self, way: Way) -> None:
        self.way = way
        self.model, self.optimizer = self._fresh(0), way.optimizer()
        self.optimizer.build(self.model.trainable_variables)
        self.zero = [variable.numpy() for variable in self.optimizer.variables]
        self.many = tf.function(self._many, jit_compile=True)

    def _fresh(self, seed: int) -> NeuralTuringMachine:
        keras.utils.set_random_seed(seed)
        return NeuralTuringMachine(TASK.num_inputs, TASK.num_outputs, **{**MACHINE, **self.way.machine})

    def reset(self, seed: int) -> None:
        """Put the weights of a seed, and an optimizer that has seen nothing, in place."""
        drawn = [w * (self.way.weights if w.ndim == 2 else 1.0) for w in self._fresh(seed).get_weights()]
        self.model.set_weights(drawn)
        for variable, value in zip(self.optimizer.variables, self.zero, strict=True):
            variable.assign(value)

    def _one(self, inputs: tf.Tensor, targets: tf.Tensor, mask: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Make one update; return the loss before it and the length of the gradient before clipping."""
        with tf.GradientTape() as tape:
            bits = bits_per_sequence(targets, self.model(inputs, training=True), mask)
            loss = bits + sum(self.model.losses)
        gradients = tape.gradient(loss, self.model.trainable_variables)
        self.optimizer.apply_gradients(zip(gradients, self.model.trainable_variables, strict=True))
        return bits, tf.linalg.global_norm([tf.cast(g, tf.float32) for g in gradients])

    def _many(self, inputs: tf.Tensor, targets: tf.Tensor, masks: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Make an update for each batch of a chunk; return the losses and the lengths, each `[CHUNK]`."""
        arrays = [tf.TensorArray(tf.float32, CHUNK, element_shape=[]) for _ in range(2)]

        def body(step: tf.Tensor, arrays: list[tf.TensorArray]) -> Any:
            told = self._one(inputs[step], targets[step], masks[step])
            return step + 1, [array.write(step, value) for array, value in zip(arrays, told, strict=True)]

        _, arrays = tf.while_loop(lambda step, _: step < CHUNK, body, (0, arrays))
        return tuple(array.stack() for array in arrays)

    def run(self, seed: int) -> dict[str, Any]:
        """Train from a seed; return the curve, a point for each chunk, and how the machine does at the end."""
        self.reset(seed)
        started, curve, norms, finite = time.process_time(), [], [], True
        for number in range(STEPS // CHUNK):
            drawn = TASK.sample(CHUNK * BATCH, np.random.default_rng([seed, number]), steps=TASK.max_steps)
            bits, lengths = self.many(*[part.reshape(CHUNK, BATCH, *part.shape[1:]) for part in drawn])
            curve.append(float(f"{np.mean(bits):.4g}"))
            norms.append(lengths.numpy())
            finite = all(np.isfinite(variable).all() for variable in self.model.get_weights())
            if not finite:
                break
        every = np.concatenate(norms)
        first_bad = next((number for number, length in enumerate(every) if not np.isfinite(length)), None)
        final = evaluate(self.model, TASK, sequences=1000) if finite else None
        below = ((number + 1) * CHUNK * BATCH for number, bits in enumerate(curve) if bits < LEARNED)
        return {
            "seed": seed,
            "status": "finished" if finite else "not finite",
            "solved": bool(finite and final["bits"] < LEARNED),
            "sequences_to_solve": next(below, None),
            "final": final,
            "tests": {f"length {n}": evaluate(self.model, TASK, length=n) for n in BEYOND} if finite else None,
            "largest_gradient": float(f"{np.max(every[:first_bad]):.4g}"),
            "first_gradient_not_finite": first_bad,
            "cpu_seconds": round(time.process_time() - started, 1),
            "curve": curve,
        }


def train(name: str, way: Way, work: Path) -> list[dict[str, Any]]:
    """Return the runs of a way, of all seeds; train those that are missing."""
    files = {seed: work / f"{'-'.join(name.replace(',', '').split())}_seed-{seed}.json" for seed in SEEDS}
    if not all(file.exists() for file in files.values()):
        with patched(way.patches):
            trainer = Trainer(way)
            for seed, file in files.items():
                if not file.exists():
                    run = trainer.run(seed)
                    write_results(run, file)
                    print(line(name, run), flush=True)
        keras.backend.clear_session()
    return [json.loads(file.read_text()) for file in files.values()]


def line(name: str, run: Mapping[str, Any]) -> str:
    """Return what came of one run."""
    bits = f"{run['final']['bits']:9.4f}" if run["final"] else f"{'NaN':>9}"
    longer = "".join(f"{test['bits']:9.2f}" for test in run["tests"].values()) if run["tests"] else ""
    needed = run["sequences_to_solve"] or "never"
    gradient = f"{run['largest_gradient']:11.3g}"
    return f"{name:30}{run['seed']:2}{needed:>8}{bits}{longer}{gradient}{run['cpu_seconds']:7}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True, help="folder for the result of each run")
    parser.add_argument("--only", nargs="*", choices=list(WAYS), help="these ways; without it all, gathered at the end")
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    print(f"{'way':30} s  solved     bits  at 20    at 30   largest g  CPU s")
    chosen = options.only or list(WAYS)
    ways = [{"way": n, "about": WAYS[n].about, "runs": train(n, WAYS[n], options.work)} for n in chosen]
    for each in ways:
        print(f"{each['way']:30}{sum(run['solved'] for run in each['runs'])} of {len(each['runs'])} learned")
    if not options.only:
        settings = {
            **MACHINE,
            "sequences": SEQUENCES,
            "batch_size": BATCH,
            "lengths": [1, 10],
            "a_point": CHUNK * BATCH,
        }
        report = {"command": "python benchmarks/convergence.py --work DIR", "settings": settings | {"learned": LEARNED}}
        write_results(report | {"machine": machine(), "ways": ways}, options.out)


if __name__ == "__main__":
    main()
