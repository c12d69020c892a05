"""Any file is read without running it: its answers come out by name, or a verdict says why there are none."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from exercises.grader import cells, submissions
from exercises.grader.submissions import Form, find, read
from exercises.hostile import course

FORMS = {
    "03_addressing": Form("03_addressing", {"q1": "rotate"}, {"q1": "def rotate(): ..."}, ["q2"]),
    "04_read": Form("04_read", {"q1": "erase"}, {"q1": ""}, []),
}


def cell(source: str, name: str | None = None, kind: str = "code") -> dict:
    metadata = {"nbgrader": {"grade_id": name}} if name else {}
    return {"cell_type": kind, "metadata": metadata, "source": source}


def write(path: Path, *cells: dict, **metadata: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"cells": cells, "metadata": metadata, "nbformat": 4}), encoding="utf-8")
    return path


def test_students_are_named_by_file_or_by_folder(tmp_path: Path) -> None:
    for name in ("ann.ipynb", "bob_03_addressing.ipynb", "doejane_4711_8_submission-03_addressing.ipynb"):
        write(tmp_path / name)
    for name in ("Cy Lee_4711_assignsubmission_file/x.ipynb", "dora/03_addressing/03_addressing.ipynb"):
        write(tmp_path / name)
    (tmp_path / "empty").mkdir()
    (tmp_path / "notes.txt").write_text("x")
    write(tmp_path / ".ipynb_checkpoints" / "ann.ipynb")
    write(tmp_path / "._ann.ipynb")
    assert [file.student for file in find(tmp_path, list(FORMS))] == [
        *("Cy Lee_4711_assignsubmission_file", "ann", "bob", "doejane_4711_8", "dora", "empty"),
    ]


def test_a_notebook_says_which_exercise_it_is(tmp_path: Path) -> None:
    code = cell("def rotate(): return 1", "q1")
    write(tmp_path / "a.ipynb", code, exercise={"name": "03_addressing"})
    write(tmp_path / "b.ipynb", cell('check, submit = exercise("03_addressing", CASES)'), code)
    write(tmp_path / "c_03_addressing.ipynb", code)
    write(tmp_path / "d.ipynb", code)
    got = [read(file, FORMS) for file in find(tmp_path, list(FORMS))]
    assert [submission.exercise for submission in got] == ["03_addressing"] * 3 + [""]
    assert [submission.verdict for submission in got] == ["", "", "", "unknown exercise"]
    assert all(submission.answers == {"q1": "def rotate(): return 1"} for submission in got[:3])


def test_free_texts_come_out_of_markdown_cells_first(tmp_path: Path) -> None:
    write(tmp_path / "03_addressing.ipynb", cell("code", "q2"), cell("because", "q2", "markdown"))
    (found,) = find(tmp_path, list(FORMS))
    assert read(found, FORMS).free_texts == {"q2": "because"}


@pytest.mark.parametrize("kind", ["raw", "code"])
def test_a_text_whose_cell_changed_its_kind_counts_and_one_that_is_gone_is_told(tmp_path: Path, kind: str) -> None:
    write(tmp_path / "03_addressing.ipynb", cell("because \ud800", "q2", kind), cell("x = 1", "q1"))
    write(tmp_path / "gone_03_addressing.ipynb", cell("because", None, "markdown"), cell("x = 1", "q1"))
    write(tmp_path / "long_03_addressing.ipynb", cell("a" * 150_000, "q2", "markdown"))
    found, gone, long = (read(file, FORMS) for file in find(tmp_path, list(FORMS)))
    assert found.free_texts == {"q2": "because ?"} and found.problems == []
    assert gone.free_texts == {"q2": ""} and "q2 is missing" in gone.problems[0]
    assert len(long.free_texts["q2"]) == submissions.LONGEST_TEXT and "was cut" in " ".join(long.problems)


def test_a_student_folder_may_be_a_link_but_is_not_followed(tmp_path: Path) -> None:
    write(tmp_path / "class" / "ann" / "03_addressing.ipynb", cell("x = 1", "q1"))
    (tmp_path / "class" / "bob").symlink_to("ann")
    verdicts = [read(file, FORMS).verdict for file in find(tmp_path / "class", list(FORMS))]
    assert verdicts == ["", "link"]


def test_an_unreadable_file_is_a_verdict(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "03_addressing.ipynb")
    (found,) = find(tmp_path, list(FORMS))

    def refuse(*arguments: object) -> int:
        raise PermissionError

    monkeypatch.setattr(os, "open", refuse)
    assert read(found, FORMS).verdict == "unreadable"


def test_every_verdict_has_its_words() -> None:
    assert all(text and not text.endswith(".") for text in submissions.VERDICTS.values())


def test_lines_that_only_a_notebook_understands_are_left_out_and_lines_keep_their_numbers() -> None:
    code = "%matplotlib inline\nif True:\n    !ls\nrotate?\nx = 1"
    assert cells.readable_by_python(code) == (
        "pass\nif True:\n    pass\npass\nx = 1",
        ["%matplotlib inline", "!ls", "rotate?"],
    )
    assert cells.readable_by_python("x = !ls\nfiles = %pwd\n  %time y = 3")[0] == "pass\npass\n  y = 3"
    assert cells.readable_by_python("a = %pwd\n%time y = 3")[1] == ["a = %pwd", "%time"]
    untouched = 'text = """\n%time\n!ls\n"""'
    assert cells.readable_by_python(untouched) == (untouched, [])


@pytest.mark.parametrize("line", [" " * 199_000 + "=x", "=" * 199_000 + " " * 999, "= " * 99_000, "a" * 199_000 + "?x"])
def test_a_long_line_is_looked_at_once(line: str) -> None:
    """The trusted process reads it, where nothing stops a pattern that goes over its line again and again."""
    begun = time.process_time()
    assert cells.readable_by_python(f")\n{line}") == (f")\n{line}", [])
    assert time.process_time() - begun < 5


def test_a_question_runs_with_the_earlier_cells_that_it_uses_and_no_others() -> None:
    answers = {
        "q1": "import numpy as np\ndef helper(x): return x",
        "q2": "base = 2",
        "q3": "def other(): return helper(base)",
        "q4": "def last(): return np.zeros(3)",
        "q5": "def fifth(): return other()",
    }
    order, given = list(answers), "import numpy as np"
    assert cells.needed("q3", answers, order, given) == ["q1", "q2", "q3"]
    assert cells.needed("q4", answers, order, given) == ["q4"]
    assert cells.needed("q4", answers, order, "") == ["q1", "q4"]
    assert cells.needed("q5", answers, order, given) == ["q1", "q2", "q3", "q5"]


def test_the_small_exercise_reads_its_own_submission(tmp_path: Path) -> None:
    path = tmp_path / "ann.ipynb"
    path.write_text(json.dumps(course.submission()))
    form = Form(course.NAME, {"q1": "rotate", "q2": "total", "q3": "code"}, course.STARTERS, [])
    (found,) = find(tmp_path, [course.NAME])
    submission = read(found, {course.NAME: form})
    assert submission.answers == course.RIGHT and submission.problems == []


def test_two_cells_with_each_others_names_count_where_they_belong(tmp_path: Path) -> None:
    form = Form("05_x", {"q1": "f", "q2": "g", "q3": "h"}, {}, [])
    path = write(tmp_path / "ann.ipynb", cell("def g(): 1", "q1"), cell("def f(): 2", "q2"), cell("h = f", "q3"))
    (found,) = find(tmp_path, [])
    submission = read(found, {"05_x": form})
    assert submission.answers == {"q1": "def f(): 2", "q2": "def g(): 1", "q3": "h = f"}
    assert submission.problems == ["The cells of q1 and q2 have each other's names; each counts where it belongs."]
    path.write_bytes(path.read_text().encode("utf-32"))
    again = read(found, {"05_x": form})
    assert again.answers == submission.answers and "byte order mark" in again.problems[0]
    path.write_bytes(b"\xff\xfex")
    assert (read(found, {"05_x": form}).verdict, read(found, {"05_x": form}).problems) == ("not text", [])
