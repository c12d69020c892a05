"""How the time of a machine grows with its memory: the deck's slide 13, made to measure what it says."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ntm_lib import checks
from ntm_lib.models import NeuralTuringMachine


def experiment_memory_scaling(
    input_dim: int,
    output_dim: int,
    memory_sizes: Iterable[int],
    *,
    memory_vector_dim: int = 32,
    steps: int = 10,
    batch_size: int = 1,
    rounds: int = 9,
    seed: int = 0,
) -> list[tuple[int, float]]:
    """Return how long a machine takes over a sequence, for each number of slots: the deck's slide 13.

    Each machine is compiled and called once before the clock starts, and the rounds go over all sizes in turn, so that
    what else the computer does falls on all of them alike. The slide times the first call, which is all preparation.

    Args:
        input_dim: I.
        output_dim: O.
        memory_sizes: the numbers of slots N to try.
        memory_vector_dim: W.
        steps: T, of normal random numbers.
        batch_size: B.
        rounds: how often each machine is timed.
        seed: of the machines and of their inputs.

    Returns:
        For each size in the given order, (N, seconds): the median of the rounds.

    Raises:
        ValueError: if there is no size, or a number is not whole and positive.

    Example:
        >>> from ntm_lib import experiment_memory_scaling
        >>> sizes = {"memory_vector_dim": 4, "steps": 2}
        >>> results = experiment_memory_scaling(3, 2, [4, 8], **sizes, rounds=1)
        >>> [(slots, seconds > 0) for slots, seconds in results]
        [(4, True), (8, True)]
    """
    sizes = [checks.positive_integer("memory_sizes", size, minimum=3) for size in memory_sizes]
    if not sizes:
        raise ValueError("memory_sizes must hold at least one number of slots. Received none")
    for name, value in (("steps", steps), ("batch_size", batch_size), ("rounds", rounds)):
        checks.positive_integer(name, value)
    keras.utils.set_random_seed(checks.positive_integer("seed", seed, minimum=0))
    inputs = tf.random.normal([batch_size, steps, input_dim])
    machines = [NeuralTuringMachine(input_dim, output_dim, size, memory_vector_dim) for size in sizes]
    return list(zip(sizes, median_seconds([_compiled(machine, inputs) for machine in machines], rounds), strict=True))


def median_seconds(calls: Sequence[Callable[[], Any]], rounds: int) -> list[float]:
    """Return for each call the median of its seconds, over rounds that go through all calls in turn."""
    taken = np.empty([rounds, len(calls)])
    for call in calls:
        call()
    for row in taken:
        for place, call in enumerate(calls):
            started = time.perf_counter()
            call()
            row[place] = time.perf_counter() - started
    return [float(each) for each in np.median(taken, axis=0)]


def fitted_exponent(sizes: Sequence[float], seconds: Sequence[float]) -> float:
    """Return p of the power law `seconds = c * sizes**p` that fits best: the slope of the line through the logarithms.

    Raises:
        ValueError: if there are fewer than two sizes, the lengths differ, or a number is not positive and finite.
    """
    x, y = (checks.array(name, each, "[S]") for name, each in (("sizes", sizes), ("seconds", seconds)))
    if len(x) != len(y) or len(np.unique(x)) < 2 or min(x.min(), y.min()) <= 0:
        raise ValueError(
            "sizes and seconds must be equally many positive numbers, at least two of them different sizes. "
            f"Received: {sizes!r} and {seconds!r}"
        )
    return float(np.polyfit(np.log(x), np.log(y), 1)[0])


def _compiled(machine: NeuralTuringMachine, inputs: tf.Tensor) -> Callable[[], Any]:
    call = tf.function(machine, autograph=False)
    return lambda: call(inputs).numpy()
