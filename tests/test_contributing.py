"""What CONTRIBUTING.md shows works: its examples are carried out in a copy of the project, and its checks run there."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from pages import ROOT

GUIDE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
COPIED = ("ntm_lib", "tests", "book", "tools", "_ext", "benchmarks", "exercises")
FILES = ("_toc.yml", "_config.yml", "references.bib", "pyproject.toml", "CONTRIBUTING.md")
RUN = (
    ".venv/bin/python -m pytest",
    ".venv/bin/python -m ruff",
    ".venv/bin/jupytext",
    ".venv/bin/python tools/",
    "cp tools/",
)
"""The commands that are carried out; training takes minutes, `make` has its own tests."""

pytestmark = pytest.mark.slow


def section(title: str) -> str:
    found = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## )", GUIDE, re.DOTALL | re.MULTILINE)
    assert found, title
    return found[1]


def blocks(text: str, language: str) -> list[tuple[str, str]]:
    """The blocks of a language, each with the last file that is named before it."""
    found = []
    for match in re.finditer(rf"^( *)```{language}\n(.*?)^ *```$", text, re.DOTALL | re.MULTILINE):
        files = re.findall(r"`([\w./]+\.(?:pyi?|md|yml))`", text[: match.start()])
        found.append((files[-1] if files else "", textwrap.dedent(match[2])))
    return found


def insert(path: Path, change: str) -> None:
    """Put the lines with a plus behind the lines above them, which the file must have once, in this order."""
    text, place = path.read_text(encoding="utf-8"), 0
    for kept, added in re.findall(r"((?:^ .*\n)+)((?:^\+.*\n)+)", change, re.MULTILINE):
        anchor, new = (re.sub(r"^[ +]", "", lines, flags=re.MULTILINE) for lines in (kept, added))
        assert text.count(anchor, place) == 1, f"{path.name} must have these lines once:\n{anchor}"
        place = text.index(anchor, place) + len(anchor)
        text = text[:place] + new + text[place:]
    path.write_text(text, encoding="utf-8")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the project, without what was built."""
    for name in COPIED:
        shutil.copytree(
            ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints")
        )
    for name in FILES:
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def carry_out(title: str, project: Path) -> int:
    """Write the files, change the others and run the checks of a section; return how many commands ran."""
    text = section(title)
    for name, program in blocks(text, "python"):
        assert not (project / name).exists(), name
        (project / name).write_text(program, encoding="utf-8")
    for name, change in blocks(text, "diff"):
        insert(project / name, change)
    commands = [
        line.partition("  #")[0].replace("/tmp/", f"{project}/")
        for _, lines in blocks(text, "sh")
        for line in lines.splitlines()
        if line.startswith(RUN)
    ]
    environment = {**os.environ, "PYTHONPATH": str(project), "TF_CPP_MIN_LOG_LEVEL": "3"}
    for command in commands:
        first, *rest = shlex.split(command)
        program = [str(Path(sys.executable).with_name(Path(first).name))] if first.startswith(".venv") else [first]
        ran = subprocess.run(
            [*program, *rest], cwd=project, env=environment, capture_output=True, text=True, check=False
        )
        assert ran.returncode == 0, f"{command}\n{ran.stdout[-4000:]}\n{ran.stderr[-2000:]}"
        assert " pytest " not in command or re.search(r"\d+ passed", ran.stdout), ran.stdout
    return len(commands)


@pytest.mark.parametrize(("title", "commands"), [("A chapter in an hour", 5), ("A task in an hour", 2)])
def test_a_chapter_and_a_task_come_out_as_shown(title: str, commands: int, project: Path) -> None:
    assert carry_out(title, project) == commands


def test_a_cell_comes_out_as_shown(project: Path) -> None:
    assert carry_out("A cell in an hour", project) == 2


def test_a_change_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file.py").write_text("one\ntwo\none\n")
    with pytest.raises(AssertionError, match="once"):
        insert(tmp_path / "file.py", " one\n+three\n")
    insert(tmp_path / "file.py", " two\n+three\n one\n+four\n")
    assert (tmp_path / "file.py").read_text() == "one\ntwo\nthree\none\nfour\n"
