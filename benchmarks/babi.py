"""Train machines on one task of bAbI and test them on its test stories. The archive is not part of this project.

The stories of bAbI are given, not drawn. The curriculum cuts them after their first questions. A seed whose results lie
in the folder already is not trained again, and one that was stopped goes on from its checkpoint. The results hold
numbers only, nothing of the text.

    python benchmarks/babi.py ARCHIVE --work DIR           # 13 minutes for a seed, on a core with other work
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")
os.environ.setdefault("TF_NUM_INTEROP_THREADS", "1")

import numpy as np

from ntm_lib import BabiTask, Goal, NeuralTuringMachine, TaskBatch, load_babi, train
from ntm_lib.checkpoints import write_results
from ntm_lib.experiments import EXPERIMENTS
from ntm_lib.sequence_model import SequenceModel
from ntm_lib.tasks.babi import Story, words
from ntm_lib.training import forward

RESULTS = Path(__file__).resolve().parent / "results" / "babi.json"
SEQUENCES = 160_000


class CutStories(BabiTask):
    """Stories that end after one of their questions; in the task itself none is cut."""

    name = "babi-1"
    curriculum = ({"questions": 1}, {"questions": (1, 2)}, {"questions": (1, 3)})

    def __init__(self, stories: Sequence[Story], *, vocabulary: Sequence[str]) -> None:
        super().__init__(stories, vocabulary=vocabulary)
        self.asked = [np.flatnonzero(story.mask) for story in self.stories]
        self.difficulty = {"questions": max(len(asked) for asked in self.asked)}

    def steps(self, *, questions: int) -> int:
        """Return T of the longest story, cut after that many questions."""
        return max(int(asked[:questions][-1]) + 1 for asked in self.asked)

    def draw(self, rng: np.random.Generator, *, questions: int) -> TaskBatch:
        """Return one of the stories up to that question."""
        number = int(rng.integers(len(self.stories)))
        end = int(self.asked[number][:questions][-1]) + 1
        return TaskBatch(*(part[:end] for part in self.stories[number]))


def chosen(given: dict[str, list[Story]], name: str) -> list[Story]:
    """Return the stories of a file; those of en-10k where the archive has it in several folders."""
    found = sorted((each for each in given if each.endswith(name)), key=lambda each: "en-10k" not in each)
    if not found:
        raise SystemExit(f"ARCHIVE must hold {name}.txt. It holds {', '.join(sorted(given))}")
    return given[found[0]]


def errors(model: SequenceModel, task: BabiTask) -> dict[str, float]:
    """Return how many questions all stories of a task ask, and the share whose likeliest word is wrong."""
    wrong = []
    for start in range(0, len(task.stories), 100):
        chunk = task.stories[start : start + 100]
        inputs = np.zeros((len(chunk), max(len(story.mask) for story in chunk), task.num_inputs), np.float32)
        for row, story in zip(inputs, chunk, strict=True):
            row[: len(story.inputs)] = story.inputs
        for logits, story in zip(np.asarray(forward(model)(inputs)), chunk, strict=True):
            due = np.flatnonzero(story.mask)
            wrong.extend(logits[due].argmax(axis=-1) != story.targets[due].argmax(axis=-1))
    return {"questions": len(wrong), "error": float(np.mean(wrong))}


def run(stories: dict[str, list[Story]], seed: int, folder: Path) -> dict[str, Any]:
    """Train from a seed and test, or return what was found before."""
    done = folder / "results.json"
    if done.exists():
        return json.loads(done.read_text())
    vocabulary = words(stories["train"])
    task = CutStories(stories["train"], vocabulary=vocabulary)
    like = EXPERIMENTS["stories-1-fact", "lstm"]
    width = len(vocabulary)
    make = partial(NeuralTuringMachine, width, width, **{"memory_vector_dim": 20, **like.machine})
    recipe = replace(like.recipe, sequences=SEQUENCES)
    trained = train(
        task, seed=seed, recipe=recipe, model=make, goal=Goal("answered", 0.95), tests=(), folder=folder, resume=True
    )
    told = {name: errors(trained.model, BabiTask(each, vocabulary=vocabulary)) for name, each in stories.items()}
    if trained.results["status"] == "finished":
        write_results(trained.results | told, done)
    return trained.results | told


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("archive", type=Path, help="bAbI as it is distributed, or a folder with its files")
    parser.add_argument("--work", type=Path, required=True, help="folder for each seed's results and checkpoint")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    given, runs = load_babi(options.archive), []
    stories = {part: chosen(given, f"qa1_single-supporting-fact_{part}") for part in ("train", "test")}
    for seed in range(options.seeds):
        found = run(stories, seed, options.work / f"seed-{seed}")
        runs.append(found)
        shares = ", ".join(f"{part} {found[part]['error']:.2%} of {found[part]['questions']} wrong" for part in stories)
        print(f"seed {seed}: {shares}, {found['seconds']:.0f} s", flush=True)
    trained_on = [[str(line) for line in story] for story in stories["train"]]
    repeated = sum([str(line) for line in story] in trained_on for story in stories["test"])
    command = f"python benchmarks/babi.py ARCHIVE --work DIR --seeds {options.seeds}"
    write_results({"command": command, "test_stories_in_training": repeated, "runs": runs}, options.out)


if __name__ == "__main__":
    main()
