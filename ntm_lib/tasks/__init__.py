"""The tasks of the paper and of the deck, one a file: each samples batches to train and to test a machine on."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from ntm_lib.tasks.associative_recall import AssociativeRecallTask
from ntm_lib.tasks.babi import BabiTask, load_babi
from ntm_lib.tasks.base import Task, TaskBatch
from ntm_lib.tasks.copy import CopyTask, generate_copy_task
from ntm_lib.tasks.ngrams import NGramsTask
from ntm_lib.tasks.priority_sort import PrioritySortTask
from ntm_lib.tasks.question_answering import KeyValueTask, generate_qa_task
from ntm_lib.tasks.repeat_copy import RepeatCopyTask
from ntm_lib.tasks.sorting import SortingTask, generate_sorting_task
from ntm_lib.tasks.stories import KINDS, StoryTask

TASKS: dict[str, Callable[[], Task]] = {
    task.name: task
    for task in (
        CopyTask,
        RepeatCopyTask,
        AssociativeRecallTask,
        NGramsTask,
        PrioritySortTask,
        SortingTask,
        KeyValueTask,
    )
} | {f"stories-{kind}": partial(StoryTask, kind) for kind in KINDS}
"""What the command line can train, by name."""

__all__ = [
    "TASKS",
    "AssociativeRecallTask",
    "BabiTask",
    "CopyTask",
    "KeyValueTask",
    "NGramsTask",
    "PrioritySortTask",
    "RepeatCopyTask",
    "SortingTask",
    "StoryTask",
    "Task",
    "TaskBatch",
    "generate_copy_task",
    "generate_qa_task",
    "generate_sorting_task",
    "load_babi",
]
