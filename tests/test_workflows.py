"""The workflows: what they run is what works here, and what they use is pinned. `make lint` checks their form."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
PINNED = re.compile(r"^\s*(?:- )?uses: [\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$")


def jobs(path: Path) -> dict[str, Any]:
    return yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"]


def commands(path: Path) -> list[str]:
    """Every line that a workflow runs."""
    steps = [step for job in jobs(path).values() for step in job["steps"]]
    return [line.strip() for step in steps for line in step.get("run", "").splitlines()]


def targets() -> set[str]:
    """The targets of the Makefile."""
    return set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_what_a_workflow_makes_can_be_made(path):
    made = {found[1] for line in commands(path) if (found := re.match(r"make (\w+)", line))}
    assert made, "it calls no target"
    assert made <= targets()


def test_ci_takes_the_steps_of_the_local_script():
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    local = re.findall(r"^timed (make [^>|]+?)(?: 2>&1.*)?$", script, re.MULTILINE)
    assert local[-1] == "make test"
    assert [line for line in commands(ROOT / ".github/workflows/ci.yml") if line.startswith("make ")] == local


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_actions_are_pinned_by_commit_and_rights_are_given_by_job(path):
    text = path.read_text(encoding="utf-8")
    uses = [line for line in text.splitlines() if "uses:" in line]
    assert uses and [line for line in uses if not PINNED.match(line)] == []
    assert yaml.safe_load(text)["permissions"] == {}
    for name, job in jobs(path).items():
        assert job["permissions"], f"{name}: no rights of its own"
        assert job["timeout-minutes"] <= 60


def test_only_the_last_job_of_a_release_may_write():
    rights = {name: job["permissions"] for name, job in jobs(ROOT / ".github/workflows/release.yml").items()}
    assert rights == {"build": {"contents": "read"}, "publish": {"contents": "write"}}
