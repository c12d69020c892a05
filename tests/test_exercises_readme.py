"""The class in ten minutes works as it is printed."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from exercise_class import require_sandbox

from exercises.grader.__main__ import _parser
from exercises.grader.judging import _WHY
from exercises.grader.sources import load, text_of
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


def asked() -> list[tuple[str, str]]:
    """Each question of the sources, such as "01 q4", and its kind as the table of its notebook says it."""
    found = []
    for path in sorted((ROOT / "exercises" / "source").glob("[0-9][0-9]_*.ipynb")):
        first = text_of(load(path)["cells"][0])
        found += [
            (f"{path.name[:2]} {name}", kind) for name, kind in re.findall(r"(?m)^\| (q\d+) \| ([^|]+) \|", first)
        ]
    return found


def test_the_table_of_kinds_counts_the_questions_of_the_sources() -> None:
    by_kind: dict[str, list[str]] = {}
    for question, kind in asked():
        by_kind.setdefault(kind.split()[0].strip(",:"), []).append(question)
    rows = re.findall(r"(?m)^\| ([a-z]+) \| [^|]+ \| ([^|]+) \| (\d+) \|$", README)
    assert {kind: (questions.split(", "), int(count)) for kind, questions, count in rows} == {
        kind: (questions, len(questions)) for kind, questions in by_kind.items()
    }
    puzzles = sum(len(questions) for kind, questions in by_kind.items() if kind not in ("build", "explain"))
    assert f"{puzzles} of {len(asked()) - len(by_kind['explain'])}" in README


def test_each_thing_that_a_memory_should_do_is_driven_by_hand_somewhere() -> None:
    driven = {question: kind.removeprefix("drive: ") for question, kind in asked() if kind.startswith("drive")}
    for question, what in driven.items():
        assert f"{question}, {what}" in README.replace("\n", " ")
    said = " ".join(driven.values())
    for what in ("copies", "reverses", "repeats", "recalls by key", "sorts five keys", "keeps a queue"):
        assert what in said
