"""A class is graded from end to end: tables, reports, going on after a stop, and a machine that fails."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from exercise_class import SALT, SMALL, grade, hand_in, require_sandbox

from exercises.grader import batch, exports, grading, hand_marking, records, reports, running, sandbox, sources
from exercises.grader.__main__ import main
from exercises.grader.judging import bounded, keys_of
from exercises.hostile import course

pytestmark = pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="the grader needs Linux")

WRONG = {"q1": "def rotate(weights, steps):\n    print('<b>bold</b>', weights)\n    return weights\n"}
MISTAKE = {"q2": "def total(rows):\n    return np.asarray(rows).sum(axis=0)\n"}
SCRIPT = {"q1": "def rotate(weights, steps):\n    return '<script>alert(1)</script>'\n"}


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The results of a small class, as the command line writes them."""
    require_sandbox()
    folder = tmp_path_factory.mktemp("class")
    for name, answers in {"ann": {}, "bob": WRONG, "cy": MISTAKE, "=dora": SCRIPT, "eve": course.STARTERS}.items():
        hand_in(folder / "in", f"{name}.ipynb", answers)
    (folder / "in" / "fay.ipynb").write_text("not a notebook")
    course.write_source(folder / "source")
    assert command(folder) == 0
    return folder / "out"


def command(folder: Path, *more: str) -> int:
    return main(
        [
            "grade",
            str(folder / "in"),
            "--out",
            str(folder / "out"),
            "--sources",
            str(folder / "source"),
            "--quiet",
            "--salt",
            str(folder / "salt.txt"),
            "-j1",
            *more,
        ]
    )


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_points_and_verdicts(graded: Path) -> None:
    found = {row["student"]: row for row in rows(graded / "grades.csv")}
    points = {name: row["points"] for name, row in found.items()}
    assert points == {"'=dora": "8.0", "ann": "12.0", "bob": "9.5", "cy": "8.0", "eve": "0.0", "fay": "0.0"}
    assert found["fay"]["verdict"] == "not JSON" and "save the notebook" in found["fay"]["note"]
    questions = {(row["student"], row["question"]): row for row in rows(graded / "questions.csv")}
    assert questions["cy", "q2"]["mistake"] == "you sum over the wrong axis"
    assert questions["eve", "q1"]["verdict"] == "not attempted"
    assert questions["bob", "q1"]["verdict"] == "partly right"  # turning by 0 and by 3 of 3 slots changes nothing


def test_under_a_private_umask_grades_are_the_same_and_private(tmp_path: Path) -> None:
    require_sandbox()
    usual = os.umask(0o077)
    try:
        hand_in(tmp_path / "in", "ann.ipynb", {})
        course.write_source(tmp_path / "source")
        assert command(tmp_path) == 0
    finally:
        os.umask(usual)
    assert [row["points"] for row in rows(tmp_path / "out" / "grades.csv")] == ["12.0"]
    open_to_others = [path for path in tmp_path.joinpath("out").rglob("*") if path.stat().st_mode & 0o077]
    assert open_to_others == []


def test_the_salt_is_made_for_the_owner_alone(graded: Path) -> None:
    salt = graded.parent / "salt.txt"
    assert salt.stat().st_mode & 0o777 == 0o600 and len(salt.read_text().strip()) == 64


def test_reports_escape_what_students_wrote_and_run_nothing(graded: Path) -> None:
    pages = {path.name: path.read_text(encoding="utf-8") for path in (graded / "reports").glob("*.html")}
    assert len(pages) == 6
    for page in [*pages.values(), (graded / "class.html").read_text(encoding="utf-8")]:
        assert "<script" not in page and "<b>bold" not in page and "default-src 'none'" in page
    bob = next(page for name, page in pages.items() if name.startswith("bob"))
    assert "&lt;b&gt;bold" in bob and "public case 1" in bob and "<svg" in bob
    cy = next(page for name, page in pages.items() if name.startswith("cy"))
    assert "you sum over the wrong axis" in cy and "Which axis are the rows?" in cy
    assert "1 × you sum over the wrong axis" in (graded / "class.html").read_text(encoding="utf-8")


def test_the_hints_of_a_question_are_folded_below_it_where_points_were_lost(tmp_path: Path) -> None:
    hint = '<details class="hint"><summary>Hint 1</summary>\n\nUse `np.roll` in **one**, if `a<b`.\n\n</details>\n'
    text = {"cell_type": "markdown", "metadata": {}, "source": f"## q1 · Turn it (4 points)\n\n{hint}{hint}"}
    notebook = {**course.source(), "cells": [*course.source()["cells"], text]}
    (tmp_path / f"{course.NAME}.ipynb").write_text(json.dumps(notebook))
    exercise = sources.read(tmp_path / f"{course.NAME}.ipynb")
    shown = "<details><summary>Hint 2</summary><p>Use <code>np.roll</code> in <b>one</b>, if <code>a&lt;b</code>.</p>"
    question = {"name": "q1", "possible": 4.0, "verdict": "", "mistake": "", "reasons": [], "public": []}
    record = {"exercise": course.NAME, "student": "", "file": "", "verdict": "graded", "possible": 4.0, "trust": False}
    for points in (3.0, 4.0):
        asked = question | {"points": points, "code": "", "output": ""}
        more = {"total": points, "waiting": 0, "problems": [], "texts": [], "questions": [asked]}
        assert (shown in reports.student_page(record | more, exercise)) == (points < 4)


def test_no_hidden_input_stands_in_a_report_or_a_record(tmp_path: Path) -> None:
    require_sandbox()
    spy = (
        "def total(rows):\n    print(rows)\n"
        "    raise type(str(rows[0][0]), (Exception,), {})(f'{rows} {rows[0][0]!r}')\n"
    )
    hand_in(tmp_path / "in", "spy.ipynb", {"q2": spy})
    (record,) = grade(tmp_path / "in", tmp_path / "out").records
    reports.write_all(tmp_path / "out", hand_marking.merge(tmp_path / "out", [record]), {})
    question = keys_of(sources.read(tmp_path / "source" / f"{course.NAME}.ipynb"), SALT)[1]
    written = "".join(path.read_text() for path in tmp_path.glob("out/*/*"))
    for case in question.cases[question.shown :]:
        for number in np.ravel(case["rows"]):
            assert repr(float(number))[:8] not in written
    assert "raises an error" in written


def test_hidden_cases_come_from_the_secret(tmp_path: Path) -> None:
    exercise = sources.read(course.write_source(tmp_path))

    def drawn(salt: bytes) -> list[Any]:
        return [case["rows"].tolist() for case in keys_of(exercise, salt)[1].cases[1:]]

    assert drawn(SALT) == drawn(SALT) and drawn(SALT) != drawn(SALT + b"x")


def tree(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.mark.slow
def test_one_process_and_several_agree_byte_for_byte(graded: Path, tmp_path: Path) -> None:
    shutil.copytree(graded.parent, tmp_path / "other", ignore=shutil.ignore_patterns("out"))
    assert command(tmp_path / "other", "-j3") == 0
    assert tree(tmp_path / "other" / "out") == tree(graded)
    assert command(tmp_path / "other", "-j1", "--fresh") == 0
    assert tree(tmp_path / "other" / "out") == tree(graded)


@pytest.mark.slow
def test_killed_anywhere_it_goes_on_and_ends_with_the_same_tables(tmp_path: Path) -> None:
    require_sandbox()
    names = [f"student_{number:02}.ipynb" for number in range(12)]
    for number, name in enumerate(names):
        hand_in(tmp_path / "in", name, [{}, WRONG, MISTAKE][number % 3])
    course.write_source(tmp_path / "source")
    arguments = [
        sys.executable,
        "-m",
        "exercises.grader",
        "grade",
        tmp_path / "in",
        "--out",
        tmp_path / "out",
        "--quiet",
    ]
    arguments += ["--sources", tmp_path / "source", "--salt", tmp_path / "salt.txt", "-j2"]
    root = str(Path(grading.__file__).parents[2])
    done = 0
    for goal in (2, 6):
        process = subprocess.Popen(arguments, cwd=root, start_new_session=True)
        end = time.monotonic() + 120
        while done < goal and time.monotonic() < end and process.poll() is None:
            done = len(list(tmp_path.glob("out/records/*.json")))
            time.sleep(0.01)
        os.kill(
            process.pid, signal.SIGKILL
        )  # the process alone, as the kernel does it: its workers must end by themselves
        process.wait()
        assert not (tmp_path / "out" / "grades.csv").exists()
    assert command(tmp_path) == 0
    killed = tree(tmp_path / "out")
    assert not [name for name in killed if ".writing" in name and not name.startswith("records/.writing")]
    shutil.rmtree(tmp_path / "out")
    assert command(tmp_path) == 0
    assert {name: data for name, data in killed.items() if ".writing" not in name} == tree(tmp_path / "out")


def test_what_is_graded_is_kept_until_something_changes(tmp_path: Path) -> None:
    require_sandbox()
    for name in ("ann.ipynb", "bob.ipynb"):
        hand_in(tmp_path / "in", name)
    assert grade(tmp_path / "in", tmp_path / "out").resumed == 0
    assert grade(tmp_path / "in", tmp_path / "out").resumed == 2
    hand_in(tmp_path / "in", "ann.ipynb", WRONG)
    assert grade(tmp_path / "in", tmp_path / "out").resumed == 1
    broken = next((tmp_path / "out" / "records").glob("bob*"))
    broken.write_text(broken.read_text()[:100])
    outcome = grade(tmp_path / "in", tmp_path / "out")
    assert outcome.resumed == 1 and [record["points"] for record in outcome.records] == [9.5, 12]
    assert grade(tmp_path / "in", tmp_path / "out", batch.Way(SMALL, trust=True)).resumed == 0


def test_a_machine_that_fails_is_no_grade(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: Any) -> None:
    require_sandbox()
    hand_in(tmp_path / "in", "ann.ipynb")
    (tmp_path / "in" / "bob.ipynb").write_text("{}")
    course.write_source(tmp_path / "source")
    with monkeypatch.context() as broken:
        broken.setattr(grading, "_boxes", lambda way: running.Boxes(way.limits))
        broken.setattr(sandbox, "require", lambda: None)
        broken.setattr(batch, "require", lambda: None)
        broken.setattr(sandbox, "command", lambda *_: ["false"])
        assert command(tmp_path) == 3
    ann, bob = rows(tmp_path / "out" / "grades.csv")
    assert ann["verdict"] == "NOT GRADED: machine failed" and ann["points"] == "" and bob["points"] == "0.0"
    assert "never said hello" in capfd.readouterr().err
    assert command(tmp_path) == 0
    assert rows(tmp_path / "out" / "grades.csv")[0]["points"] == "12.0"


def test_without_a_sandbox_nothing_is_graded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    hand_in(tmp_path / "in", "ann.ipynb")
    course.write_source(tmp_path / "source")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert command(tmp_path) == 3
    said = capsys.readouterr().err
    assert "apt-get install bubblewrap" in said and "--trust" in said
    assert not (tmp_path / "out" / "grades.csv").exists()


def test_trust_says_so_everywhere(tmp_path: Path, capsys: Any) -> None:
    hand_in(tmp_path / "in", "ann.ipynb", {"q1": "import os; os._exit(0)"})
    course.write_source(tmp_path / "source")
    assert command(tmp_path, "--trust") == 0
    assert "without a sandbox" in capsys.readouterr().err
    (row,) = rows(tmp_path / "out" / "grades.csv")
    assert row["points"] == "8.0" and "without a sandbox" in row["note"]
    pages = [*(tmp_path / "out" / "reports").glob("*.html"), tmp_path / "out" / "class.html"]
    assert all("without a sandbox" in page.read_text() for page in pages)


def test_results_inside_the_folder_of_submissions_are_no_student(tmp_path: Path) -> None:
    hand_in(tmp_path / "in", "ann.ipynb")
    course.write_source(tmp_path / "source")
    arguments = ["grade", str(tmp_path / "in"), "--out", str(tmp_path / "in" / "results"), "--trust", "--quiet", "-j1"]
    for _ in range(2):
        assert main([*arguments, "--sources", str(tmp_path / "source"), "--salt", str(tmp_path / "salt")]) == 0
    assert [row["student"] for row in rows(tmp_path / "in" / "results" / "grades.csv")] == ["ann"]


def test_other_systems_are_told_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    assert main(["grade", str(tmp_path), "--out", str(tmp_path / "out")]) == 3
    assert "WSL 2" in capsys.readouterr().err


def test_control_c_says_how_to_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    def stop(*arguments: Any, **more: Any) -> None:
        raise KeyboardInterrupt

    hand_in(tmp_path / "in", "ann.ipynb")
    course.write_source(tmp_path / "source")
    monkeypatch.setattr(batch, "grade_all", stop)
    assert command(tmp_path) == 130
    assert "goes on from here" in capsys.readouterr().err


def test_a_full_disk_is_no_grade(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    require_sandbox()
    hand_in(tmp_path / "in", "ann.ipynb")
    course.write_source(tmp_path / "source")

    def full(*arguments: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(records, "write", full)
    assert command(tmp_path) == 3
    assert "No space left" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["grade", "nowhere", "--out", "out"], "must be a folder"),
        (["grade", ".", "--out", "out", "--exercise", "99_none"], "no source notebook named 99_none"),
        (["grade", ".", "--out", "out", "-j0"], "expected at least 1"),
        (["export", "canvas", "nowhere"], "run `grade` first"),
    ],
)
def test_a_wrong_call_is_answered(
    arguments: list[str], said: str, capsys: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    course.write_source(tmp_path / "source")
    more = ["--sources", "source", "--salt", "salt.txt"] if arguments[0] == "grade" else []
    assert main([*arguments, *more]) == 2
    assert said in capsys.readouterr().err


def test_cells_that_a_spreadsheet_would_compute_are_neutralised() -> None:
    texts = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "＝1", "harmless", ""]
    got = [row[0] for row in csv.reader(io.StringIO(exports.table([[text, -1.5] for text in texts]), newline=""))]
    wanted = [f"'{text}" for text in texts[:8]] + ["harmless", ""]
    assert got == [text.replace("\r", "\n") for text in wanted]
    assert exports.table([["a", -1.5]]) == "a,-1.5\n"
    assert exports.neutral("'=1") == "'=1"


def dies(job: grading.Job) -> dict[str, Any]:
    """In the place of `grade`: one submission ends the process that judges it."""
    if "killer" in job.submission.shown:
        os._exit(1)
    return grading.grade(job)


@pytest.mark.slow
def test_a_process_that_ends_while_it_judges_costs_one_submission(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    require_sandbox()
    for name in ("ann", "killer", "zoe"):
        hand_in(tmp_path / "in", f"{name}.ipynb")
    monkeypatch.setattr(batch, "GRADE", dies)
    outcome = grade(tmp_path / "in", tmp_path / "out", workers=2)
    assert [record["points"] for record in outcome.records] == [12, 12]
    assert outcome.broken == {"killer.ipynb": "the process that judged it ended"}


def test_what_students_return_cannot_cost_the_grader_its_memory_or_time() -> None:
    with pytest.raises(MemoryError), bounded(5):
        np.ones(2**32)
    with pytest.raises(TimeoutError), bounded(0.1):
        while True:
            pass
    np.ones(10)
