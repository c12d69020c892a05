"""What a task asks: one of its sequences as a picture."""

from __future__ import annotations

import numpy as np

from ntm_lib.plots.machines import sequences
from ntm_lib.plots.style import Picture
from ntm_lib.tasks.base import Task, TaskBatch


def task_example(task: Task, batch: TaskBatch, *, example: int = 0) -> Picture:
    """Draw one sequence of a task: what is shown, when an answer is due, and which.

    Args:
        task: the task.
        batch: a batch of it, as `task.sample` draws it.
        example: which sequence of the batch.

    Returns:
        The picture: three rasters on one time axis, up to the last answer.

    Raises:
        ValueError: if a shape does not fit the task, or there is no such example.

    Example:
        >>> import numpy as np
        >>> from ntm_lib import CopyTask
        >>> from ntm_lib.plots import task_example
        >>> task = CopyTask(vector_dim=4)
        >>> picture = task_example(task, task.sample(1, np.random.default_rng(0), length=3))
        >>> picture.alt.partition(":")[0], len(picture.figure.axes)
        ('A sequence of the task copy', 3)
    """
    task.check_example(batch, example)
    inputs, targets, mask = (np.asarray(part)[example] for part in batch)
    due = np.flatnonzero(mask > 0.5)
    end = int(due[-1]) + 1
    parts = {"input": inputs[:end], "due": mask[:end, None], "answer": targets[:end] * mask[:end, None]}
    alt = (
        f"A sequence of the task {task.name}: {end} steps, {task.num_inputs} channels of input, {task.num_outputs} of "
        f"the answer, which is due at {len(due)} steps, the first of them step {due[0]} and the last step {due[-1]}."
    )
    return sequences(parts, alt=alt)
