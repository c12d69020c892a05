"""The tasks of the paper, one a file: each samples batches that a machine can be trained and tested on."""

from __future__ import annotations

from collections.abc import Callable

from ntm_lib.tasks.base import Task, TaskBatch
from ntm_lib.tasks.copy import CopyTask, generate_copy_task

TASKS: dict[str, Callable[[], Task]] = {"copy": CopyTask}

__all__ = ["TASKS", "CopyTask", "Task", "TaskBatch", "generate_copy_task"]
