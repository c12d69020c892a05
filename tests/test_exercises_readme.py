"""The class in ten minutes works as it is printed."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from exercise_class import require_sandbox

from exercises.grader.__main__ import _parser
from exercises.grader.judging import _WHY
from exercises.grader.submissions import VERDICTS

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "exercises" / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)


@pytest.mark.slow
def test_the_commands_of_the_class_run_as_they_are_printed(tmp_path: Path) -> None:
    require_sandbox()
    for block in BLOCKS:
        if (
            "apt-get" in block or "make students" in block
        ):  # the set-up is this environment; students.py has its own tests
            continue
        grade = ".venv/bin/python -m exercises.grader grade submissions --out results --salt salt.txt"
        script = block.replace("make grade", f"{grade} --sources '{ROOT}/exercises/source'")
        script = script.replace(".venv/bin/python", f"'{ROOT}/.venv/bin/python'")
        script = re.sub(r" (exercises/release/\S+)", rf" '{ROOT}/\1'", script)
        environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "HOME": str(tmp_path)}
        subprocess.run(["bash", "-eu", "-c", script], cwd=tmp_path, env=environment, check=True)
    assert (tmp_path / "results" / "class.html").exists()
    lines = (tmp_path / "results" / "canvas.csv").read_text().splitlines()
    assert lines[2:] == ['"Lee, Ann",4711,,ann,A,0.0', '"Moss, Bob",4712,,bob,A,0.0']


def test_the_makefile_has_the_targets_that_are_named() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for name in set(re.findall(r"make ([a-z]+)", README)):
        assert re.search(rf"^{name}:", makefile, re.MULTILINE), name


def test_every_option_that_is_named_exists() -> None:
    parser = _parser()
    told = "".join(
        action.choices[name].format_help() for action in parser._actions if action.choices for name in action.choices
    )
    for option in set(re.findall(r"(?<![\w-])(--[a-z]+)", README)) - {"--privileged"}:
        assert option in told, option


def test_every_verdict_is_explained() -> None:
    for verdict in [
        *_WHY,
        "right",
        "partly right",
        "wrong",
        "known mistake",
        "not defined",
        "cannot be sent",
        "protocol",
    ]:
        assert verdict in README
    assert VERDICTS
