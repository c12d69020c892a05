"""What a record's key depends on, and what each process that grades looks at first."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
from exercise_class import SALT, hand_in, require_sandbox

if not hasattr(os, "pidfd_open"):
    pytest.skip("the grader needs Linux", allow_module_level=True)

from exercises.grader import batch, grading, records, sandbox, submissions
from exercises.grader.events import Limits
from exercises.grader.sandbox import NoSandboxError
from exercises.hostile import course


def test_each_process_looks_at_its_own_sandbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker of a cluster may run on a machine without one: then its jobs have no grade."""
    monkeypatch.setenv("PATH", str(tmp_path))
    grading._require_once.cache_clear()
    with pytest.raises(NoSandboxError, match="bubblewrap is not installed"):
        grading._boxes(grading.Way(Limits(pace=7)))


def test_a_bwrap_that_makes_no_box_is_not_cured_by_more_rights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bwrap").write_text("#!/bin/sh\necho \"No module named 'pathlib'\" >&2\nexit 1\n")
    (tmp_path / "bwrap").chmod(0o700)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")
    with pytest.raises(NoSandboxError, match=r"see that .*/bwrap is bubblewrap") as refused:
        sandbox.require()
    assert "--privileged" not in str(refused.value) and "pathlib" in str(refused.value)


def test_a_changed_library_asks_for_new_grades_where_it_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hand_in(tmp_path / "in", "ann.ipynb")
    path = course.write_source(tmp_path / "source")

    def key() -> str:
        classes = batch.Class.read(path.parent)
        found = submissions.find(tmp_path / "in", [course.NAME])
        (job,) = batch.jobs_of(found, classes, SALT, grading.Way(trust=True), None)
        return job.key

    first = key()
    with monkeypatch.context() as changed:
        changed.setattr(records, "library_digest", lambda: "another")
        assert key() == first
        path.write_text(
            json.dumps(course.source()).replace(
                "points=4, seconds=1, picture", 'points=4, uses=\\"ntm_lib\\", seconds=1, picture'
            )
        )
        second = key()
    assert second not in (first, key())


def test_the_digests_read_what_they_should(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("exercises/grader/a.py", "exercises/student/b.py", "exercises/check.py", "exercises/release/check.py"):
        tmp_path.joinpath(name).parent.mkdir(parents=True, exist_ok=True)
        tmp_path.joinpath(name).write_text("x = 1")
    library = tmp_path / "ntm_lib" / "inner" / "c.py"
    library.parent.mkdir(parents=True)
    library.write_text("x = 1")
    monkeypatch.setattr(records, "EXERCISES", tmp_path / "exercises")
    grader, used = records.grader_digest(), records.library_digest()
    tmp_path.joinpath("exercises/check.py").write_text("x = 2")
    assert records.grader_digest() != grader and records.library_digest() == used
    library.write_text("x = 2")
    assert records.library_digest() != used


def test_a_python_that_is_closed_to_others_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bwrap").write_text("#!/bin/sh\necho 'bwrap: execvp /root/bin/python: Permission denied' >&2\nexit 1\n")
    (tmp_path / "bwrap").chmod(0o700)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")
    with pytest.raises(NoSandboxError, match=r"execvp.*Cure: chmod -R go\+rX") as refused:
        sandbox.require()
    assert "--privileged" not in str(refused.value)


CLOSED = {  # what keeps code in the box from a file -> what is said
    "check.py, closed": r"cannot read \S+/check\.py: .*Cure: chmod -R go\+rX \S+",
    "check.py, absent": r"does not find \S+/check\.py: .*Cure: make exercises",
    "grader/answers.py, closed": r"cannot read \S+/grader/answers\.py: .*Cure: chmod -R go\+rX \S+/grader",
}


@pytest.mark.parametrize("way", CLOSED)
def test_a_box_that_cannot_read_what_it_needs_is_refused_with_the_cure(
    way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    require_sandbox()
    shutil.copytree(sandbox.HERE, tmp_path / "grader", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(sandbox.CHECK, tmp_path)
    monkeypatch.setattr(sandbox, "HERE", tmp_path / "grader")
    monkeypatch.setattr(sandbox, "CHECK", tmp_path / "check.py")
    sandbox.require()
    name, _, how = way.partition(", ")
    tmp_path.joinpath(name).chmod(0) if how == "closed" else tmp_path.joinpath(name).unlink()
    with pytest.raises(NoSandboxError, match=CLOSED[way]):
        sandbox.require()
