"""A small class for the tests of the grader: the exercise of the hostile corpus and a few students."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from exercises.grader import batch, sandbox, submissions
from exercises.grader.events import Limits
from exercises.hostile import course

SALT = b"a secret of at least sixteen characters"
SMALL = Limits(patience=4.0, memory=256 * 2**20, box_memory=700 * 2**20)


def require_sandbox() -> None:
    """Skip where no sandbox can be made; in CI that is a failure."""
    try:
        sandbox.require()
    except sandbox.NoSandboxError as error:
        if os.environ.get("NTM_REQUIRE_SANDBOX") == "1":
            pytest.fail(str(error), pytrace=False)
        pytest.skip(str(error))


def hand_in(folder: Path, name: str, answers: dict[str, str] | None = None) -> Path:
    """Write a submission: right answers, with others in their place."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(json.dumps(course.submission(answers)), encoding="utf-8")
    return path


def grade(folder: Path, out: Path, way: batch.Way | None = None, **options: Any) -> batch.Outcome:
    """Grade a folder of submissions of the small exercise."""
    source = course.write_source(out.parent / "source").parent
    classes = batch.Class.read(source)
    found = submissions.find(folder, list(classes.exercises))
    return batch.grade_all(found, classes, out, SALT, way or batch.Way(SMALL), progress=False, **options)
