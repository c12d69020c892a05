"""What the command line trains under a name: a task, a machine for it, a recipe and a goal."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ntm_lib import checks
from ntm_lib.baselines import LSTMBaseline
from ntm_lib.models import NeuralTuringMachine
from ntm_lib.recipes import (
    COPY_RECIPE,
    FEED_FORWARD_COPY_RECIPE,
    KEY_VALUE_RECIPE,
    N_GRAMS_RECIPE,
    PRIORITY_SORT_RECIPE,
    RECALL_RECIPE,
    REPEAT_COPY_RECIPE,
    SOLVED,
    SORTING_RECIPE,
    STORIES_RECIPE,
    Goal,
    Recipe,
)
from ntm_lib.sequence_model import SequenceModel
from ntm_lib.tasks import TASKS, Task

CONTROLLERS = ("lstm", "feed-forward", "lstm-baseline")
"""The machines: with one of two controllers, or without a memory."""


@dataclass(frozen=True)
class Experiment:
    """A task and how to learn it."""

    task: Callable[[], Task]
    recipe: Recipe
    goal: Goal = SOLVED
    machine: Mapping[str, Any] = field(default_factory=dict)
    """Arguments of `NeuralTuringMachine`, or of `LSTMBaseline` if "layers" is among them."""

    def model(self, **changes: Any) -> SequenceModel:
        """Return a fresh machine for the task; `changes` override its arguments."""
        task, arguments = self.task(), {**self.machine, **changes}
        if "layers" in arguments:
            return LSTMBaseline(task.num_inputs, task.num_outputs, **arguments)
        arguments = {"memory_size": 128, "memory_vector_dim": 20, **arguments}
        return NeuralTuringMachine(task.num_inputs, task.num_outputs, **arguments)


def experiment(task: str, controller: str = "lstm") -> Experiment:
    """Return what is trained under the name of a task and of a controller.

    Raises:
        ValueError: if there is none of that name.
    """
    checks.choice("task", task, tuple(TASKS))
    checks.choice("controller", controller, CONTROLLERS)
    found = EXPERIMENTS.get((task, controller))
    if found is None:
        known = [name for each, name in EXPERIMENTS if each == task]
        raise ValueError(f"controller must be one of {', '.join(known)} for the task {task}. Received: {controller!r}")
    return found


NO_PENALTY: dict[str, Any] = {"spread_penalty": 0.0}

TAPE: dict[str, Any] = {
    "read": {"strength": 6.0, "gate": 3.0},
    "write": {"gate": -3.0, "shift": [0.0, 0.0, 3.0], "sharpening": 2.0},
}
"""Heads that begin as they would on a tape with an index: writing one slot after the other, reading by content.

From heads that begin without a habit, a machine that is shown single tokens does not find the look-up: its first
content weightings are nearly even, and an even weighting tells nothing about the key.
"""

TABLE: dict[str, Any] = {head: {"strength": 6.0, "gate": 3.0} for head in ("read", "write")}
"""Heads that begin as they would on a table: reading and writing by content."""

EXPERIMENTS: dict[tuple[str, str], Experiment] = {
    ("copy", "lstm"): Experiment(TASKS["copy"], COPY_RECIPE),
    ("copy", "feed-forward"): Experiment(
        TASKS["copy"], FEED_FORWARD_COPY_RECIPE, machine=NO_PENALTY | {"controller": "feed-forward"}
    ),
    ("repeat-copy", "lstm"): Experiment(TASKS["repeat-copy"], REPEAT_COPY_RECIPE, Goal("bits", 0.1), NO_PENALTY),
    ("associative-recall", "lstm"): Experiment(
        TASKS["associative-recall"], RECALL_RECIPE, Goal("bits", 0.05), NO_PENALTY
    ),
    ("n-grams", "lstm"): Experiment(
        TASKS["n-grams"],
        N_GRAMS_RECIPE,
        Goal("excess_bits", 1.5),
        NO_PENALTY | {"memory_size": 64, "initial_memory": "learned", "head_start": TABLE},
    ),
    ("key-value", "lstm"): Experiment(
        TASKS["key-value"],
        KEY_VALUE_RECIPE,
        Goal("answered", 0.99),
        NO_PENALTY | {"memory_size": 64, "head_start": TAPE},
    ),
    ("priority-sort", "lstm"): Experiment(
        TASKS["priority-sort"],
        PRIORITY_SORT_RECIPE,
        Goal("bits", 17.4),
        NO_PENALTY | {"memory_size": 64, "head_start": {**TAPE, "read": {"strength": 10.0, "gate": 3.0}}},
    ),
    ("sorting", "lstm"): Experiment(TASKS["sorting"], SORTING_RECIPE, Goal("right", 0.95), NO_PENALTY),
    ("stories-1-fact", "lstm"): Experiment(
        TASKS["stories-1-fact"],
        STORIES_RECIPE,
        Goal("answered", 0.99),
        NO_PENALTY | {"memory_size": 16, "initial_memory": "learned", "head_start": TABLE, "input_scale": 8.0},
    ),
}
"""Every experiment, by task and controller; `benchmarks/` holds what came of them."""

BASELINE_SEQUENCES = {
    "copy": 40_000,
    "repeat-copy": 140_000,
    "associative-recall": 100_000,
    "n-grams": 30_000,
    "priority-sort": 450_000,
    "key-value": 150_000,
    "sorting": 90_000,
    "stories-1-fact": 320_000,
}
"""What three LSTM layers of 128 units are shown: set for about the time that the machine with an LSTM controller takes.
At recall, repeat copy, N-grams and keys with values it comes to less: an LSTM that stays in the first stage of a
curriculum sees short sequences only. The results say what each took."""


def _baseline(task: str, sequences: int) -> Experiment:
    """Return the experiment of the machine with a memory, for the plain LSTM: the same goal, the same curriculum.

    The batches are larger: a plain LSTM runs faster with them.
    """
    machine = EXPERIMENTS[task, "lstm"]
    recipe = replace(RECALL_RECIPE, sequences=sequences, batch_size=16, advance_below=machine.recipe.advance_below)
    scale = machine.machine.get("input_scale", 1.0)
    return replace(machine, recipe=recipe, machine={"layers": 3, "units": 128, "input_scale": scale})


EXPERIMENTS.update({(task, "lstm-baseline"): _baseline(task, count) for task, count in BASELINE_SEQUENCES.items()})
