"""The dev container installs what CI installs, and its commands exist."""

from __future__ import annotations

import json
import re

from pages import ROOT

FOLDER = ROOT / ".devcontainer"


def settings() -> dict:
    """The settings; lines that are comments are allowed in this file."""
    text = (FOLDER / "devcontainer.json").read_text(encoding="utf-8")
    return json.loads(re.sub(r"^\s*//.*$", "", text, flags=re.MULTILINE))


def installed() -> set[str]:
    found = re.search(r"--no-install-recommends \\\n(.*?)\n\s+&& rm", (FOLDER / "Dockerfile").read_text(), re.DOTALL)
    assert found
    return set(re.findall(r"[\w.-]+", found[1]))


def test_the_container_installs_all_that_ci_installs() -> None:
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    needed = {name for names in re.findall(r"missing\+=\(([^)]*)\)", script) for name in names.split()}
    assert {"bubblewrap", "chromium", "make"} <= needed
    assert needed <= installed()


def test_its_file_is_there_and_its_command_makes_what_the_makefile_knows() -> None:
    described = settings()
    assert (FOLDER / described["build"]["dockerfile"]).exists()
    made = re.findall(r"make (\S+)", described["postCreateCommand"])
    rules = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert made
    assert all(re.search(rf"^{re.escape(target)}:", rules, re.MULTILINE) for target in made)


def test_what_it_requires_is_what_the_tests_look_at() -> None:
    tests = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").glob("*.py"))
    assert all(f'"{name}"' in tests for name in settings()["containerEnv"])
