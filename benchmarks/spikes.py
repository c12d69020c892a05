"""Ask where long gradients come from: at every update of a training, the gradient whole, and with one way back closed.

The machine and the optimizer are the base of convergence.py. Closed means that nothing is differentiated through a part
of the state from one step to the step before: through where the heads were, or through what the memory held. The
values stay the same. Only the whole gradient trains the machine. Every tenth update is kept, and the 20 longest.

    python benchmarks/spikes.py                  # about 2 minutes of one core
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from convergence import BATCH, CHUNK, MACHINE, TASK, adam

from ntm_lib import NeuralTuringMachine, bits_per_sequence, recurrence
from ntm_lib.checkpoints import write_results
from ntm_lib.runs import machine

RESULTS = Path(__file__).resolve().parent / "results" / "spikes.json"
SEEDS, UPDATES = range(5), 2000
CLOSED = {"whole": (), "without the heads": ("weights",), "without the memory": ("memory",)}


def bits(model: NeuralTuringMachine, batch: Any, closed: tuple[str, ...]) -> tf.Tensor:
    """Return the loss of a batch; nothing is differentiated through the closed parts of the state."""
    inputs, targets, mask = batch

    def step(use: Any, vectors: tf.Tensor, state: Any) -> Any:
        state = state._replace(**{name: tf.stop_gradient(getattr(state, name)) for name in closed})
        return model.cell.features(use, vectors, state)

    start, controller = model.cell.initial_state(inputs.shape[0]), model.cell.controller
    features = recurrence.unroll(step, controller.recurrent_weights(), tf.transpose(inputs, [1, 0, 2]), start)
    logits = controller.output_logits(tf.reshape(features, [-1, features.shape[-1]]))
    logits = tf.transpose(tf.reshape(logits, [inputs.shape[1], inputs.shape[0], -1]), [1, 0, 2])
    return bits_per_sequence(targets, logits, mask)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()

    def make() -> NeuralTuringMachine:
        return NeuralTuringMachine(TASK.num_inputs, TASK.num_outputs, **MACHINE)

    model, optimizer = make(), adam()
    optimizer.build(model.trainable_variables)
    zero = [variable.numpy() for variable in optimizer.variables]

    @tf.function(jit_compile=True)
    def many(*chunk: tf.Tensor) -> tf.Tensor:
        told = tf.TensorArray(tf.float32, CHUNK, element_shape=[1 + len(CLOSED)])

        def body(number: tf.Tensor, told: tf.TensorArray) -> Any:
            batch, values = [part[number] for part in chunk], []
            for closed in reversed(CLOSED.values()):
                with tf.GradientTape() as tape:
                    loss = bits(model, batch, closed)
                gradients = tape.gradient(loss, model.trainable_variables)
                values.insert(0, tf.linalg.global_norm(gradients))
            optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
            return number + 1, told.write(number, tf.stack([loss, *values]))

        return tf.while_loop(lambda number, _: number < CHUNK, body, (0, told))[1].stack()

    started, runs = time.process_time(), []
    for seed in SEEDS:
        keras.utils.set_random_seed(seed)
        model.set_weights(make().get_weights())
        for variable, value in zip(optimizer.variables, zero, strict=True):
            variable.assign(value)
        rows = []
        for number in range(UPDATES // CHUNK):
            drawn = TASK.sample(CHUNK * BATCH, np.random.default_rng([seed, number]), steps=TASK.max_steps)
            rows.append(many(*[part.reshape(CHUNK, BATCH, *part.shape[1:]) for part in drawn]).numpy())
        columns = np.concatenate(rows).T
        longest = columns[1].argsort()[::-1]
        kept = np.union1d(longest[:20], np.arange(0, UPDATES, 10))
        told = {
            name: [float(f"{value:.3g}") for value in row[kept]]
            for name, row in zip(["bits", *CLOSED], columns, strict=True)
        }
        median = float(f"{np.median(columns[1]):.3g}")
        runs.append({"seed": seed, "median": median, "update": kept.tolist(), **told})
        print(f"seed {seed}: the five longest, {list(CLOSED)}")
        print(columns[1:, longest[:5]].T.round(1), flush=True)
    report = {"command": "python benchmarks/spikes.py", "cpu_seconds": round(time.process_time() - started, 1)}
    write_results(report | {"machine": machine(), "runs": runs}, options.out)


if __name__ == "__main__":
    main()
