"""The tasks of the paper, one a file: each samples batches that a machine can be trained and tested on."""

from __future__ import annotations

from ntm_lib.tasks.base import Task, TaskBatch
from ntm_lib.tasks.copy import CopyTask, generate_copy_task

TASKS: dict[str, type[CopyTask]] = {"copy": CopyTask}
"""What the command line can train, by name."""

__all__ = ["TASKS", "CopyTask", "Task", "TaskBatch", "generate_copy_task"]
