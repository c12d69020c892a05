"""Grades leave for Canvas, Moodle and Gradescope; free texts wait for a person, whose points count afterwards."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import sys
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from exercise_class import SALT, grade, hand_in, require_sandbox

from exercises.grader import autograder, exports, hand_marking, reports
from exercises.grader.__main__ import main
from exercises.grader.sandbox import InfrastructureError
from exercises.hostile import course

CANVAS = """Student,ID,SIS User ID,SIS Login ID,Section
    Points Possible,,,,
"Lee, Ann",4711,s1,ann,A
"=Bad, Bob",4712,s2,bob,A
"Absent, Abe",4713,s3,abe,A
"""
MOODLE = """Identifier,Full name,Email address,Grade
Participant 4711,Ann Lee,ann@example.org,
Participant 4712,Bob Bad,bob@example.org,
"""


def text_of(question: dict[str, Any] | None) -> dict[str, Any]:
    return {"name": "why", "possible": 2.0, "prompt": "", "rubric": "Two points for the ring.", **(question or {})}


def record(student: str, points: float, file: str = "", **more: Any) -> dict[str, Any]:
    question = {"name": "q1", "points": points, "possible": 4.0, "verdict": "wrong", "mistake": "you add first"}
    question |= {"hint": "Which comes first?", "reasons": ["1 of 2"], "public": [], "output": "", "code": "x"}
    return {
        "student": student,
        "file": file or f"{student}.ipynb",
        "exercise": "03_x",
        "key": "k",
        "verdict": "graded",
        "why": "",
        "problems": [],
        "trust": False,
        "box": {},
        "points": points,
        "possible": 4.0,
        "texts": [],
        "questions": [question],
        **more,
    }


@pytest.fixture
def results(tmp_path: Path) -> Path:
    from exercises.grader import records

    for one in (
        record("ann", 3.0),
        record("leebob_4712_99", 1.5),
        record("stranger", 4.0),
        record("ann", 2.0, "a2.ipynb"),
    ):
        records.write(tmp_path, one)
    return tmp_path


def table(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.reader(stream))


def test_canvas_gets_one_line_for_each_student_of_the_roster(results: Path, capsys: Any) -> None:
    (results / "roster.csv").write_text(CANVAS)
    assert main(["export", "canvas", str(results), "--roster", str(results / "roster.csv")]) == 0
    assert table(results / "canvas.csv") == [
        ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "03_x"],
        ["    Points Possible", "", "", "", "", "4.0"],
        ["Lee, Ann", "4711", "s1", "ann", "A", "3.0"],
        ["'=Bad, Bob", "4712", "s2", "bob", "A", "1.5"],
        ["Absent, Abe", "4713", "s3", "abe", "A", ""],
    ]
    assert "Not in the roster, so not exported: stranger" in capsys.readouterr().err


def test_a_student_who_hands_in_twice_under_two_names_gets_the_better_one() -> None:
    files = [record("mossbob_4712_816", 1.0), record("mossbob_4712_817_submission-03_x-1", 4.0)]
    for one in files:
        one["total"] = one["points"]
    (claimed,) = exports._claimed([{"ID": "4712"}], {one["student"]: one for one in files})
    assert claimed is not None and claimed["points"] == 4.0


def test_a_number_in_the_name_of_a_file_gives_nobody_another_ones_line(tmp_path: Path, capsys: Any) -> None:
    found = [
        record("alicemallory_9999_815_4712", 0.0),
        record("mossbob_LATE_4712_816", 4.0),
        record("eve_4713_4711", 1),
    ]
    lines = [{"ID": "4712"}, {"ID": "9999"}, {"ID": "4711"}, {"ID": "1", "SIS User ID": "4713"}]
    claimed = exports._claimed(lines, {one["student"]: one for one in found})
    assert [one and one["points"] for one in claimed] == [4.0, 0.0, None, None]
    assert "not exported: eve_4713_4711" in capsys.readouterr().err
    folder = {
        "Bob_9999_assignsubmission_file_": found[1],
        "Al_9999_assignsubmission_file_4712_assignsubmission_file": 0,
    }
    assert exports._record_of({"Identifier": "Participant 4712"}, folder) is None


def test_a_line_that_two_students_claim_is_refused_until_the_roster_names_one() -> None:
    chosen = {name: record(name, 1.0) for name in ("bob", "mossbob_4712_815")}
    with pytest.raises(ValueError, match=r"received bob and mossbob_4712_815, expected one.*column `student`"):
        exports._claimed([{"ID": "4712", "SIS Login ID": "bob"}], chosen)
    assert exports._claimed([{"student": "bob", "ID": "4712"}], chosen) == [chosen["bob"]]
    with pytest.raises(ValueError, match="bob: received two lines of the roster"):
        exports._claimed([{"student": "bob"}, {"SIS Login ID": "bob"}], chosen)


def test_moodle_gets_its_own_columns_back_with_grade_and_comment(results: Path) -> None:
    roster = "student," + MOODLE.replace("Participant 4711", "ann,Participant 4711").replace(
        "\nParticipant", "\n,Participant"
    )
    (results / "roster.csv").write_text("\ufeff" + roster)
    exports.export("moodle", results, None, results / "roster.csv", None)
    head, ann, bob = table(results / "moodle.csv")
    assert head == ["Identifier", "Full name", "Email address", "Grade", "Maximum Grade", "Feedback comments"]
    assert ann[3:5] == ["3.0", "4.0"] and bob[3:5] == ["1.5", "4.0"]
    assert ann[5] == "q1: 3 of 4; q1: you add first. Which comes first?"


def test_grades_without_a_sandbox_say_so_in_message_and_file_name(results: Path, capsys: Any) -> None:
    (results / "roster.csv").write_text(CANVAS)
    for path in (results / "records").glob("ann*.json"):
        path.write_text(path.read_text().replace('"trust": false', '"trust": true'))
    assert exports.export("canvas", results, None, results / "roster.csv", None).name == "canvas-without-sandbox.csv"
    assert "without a sandbox (--trust)" in capsys.readouterr().err
    assert exports.comment_of(record("ann", 3.0, trust=True)).startswith("Graded without a sandbox (--trust).; q1")


def test_a_roster_is_needed_and_must_name_students(results: Path) -> None:
    with pytest.raises(ValueError, match="needs --roster"):
        exports.export("moodle", results, None, None, None)
    assert main(["export", "moodle", str(results), "--roster", "/nowhere.csv"]) == 2
    nobody = record("zed", 0.0, possible=0.0, questions=[], verdict="not JSON", total=0.0)
    assert exports._canvas([], [], {"zed": nobody, "ann": record("ann", 3.0)}, "x")[1][-1] == 4.0
    (results / "roster.csv").write_text("a,b\n1,2\n")
    with pytest.raises(ValueError, match="has the columns a, b; expected one of student"):
        exports.export("canvas", results, None, results / "roster.csv", None)


def test_gradescope_gets_a_test_for_each_question(results: Path) -> None:
    exports.export("gradescope", results, results / "gs", None, None)
    (ann,) = [json.loads(path.read_text()) for path in (results / "gs").glob("ann*.json")]
    assert ann["score"] == 3.0 and ann["stdout_visibility"] == "hidden" and ann["output_format"] == "text"
    (test,) = ann["tests"]
    assert (test["name"], test["score"], test["max_score"], test["status"]) == ("q1", 3.0, 4.0, "failed")
    assert "you add first. Which comes first?" in test["output"]


def test_points_by_hand_hold_for_the_text_that_they_were_given_for(tmp_path: Path) -> None:
    texts = [text_of({"answer": "=a ring", "answer_id": "one"})]
    first = [record("=ann", 3.0, texts=texts), record("bob", 1.0, texts=[text_of({"answer": " ", "answer_id": "two"})])]
    merged = hand_marking.merge(tmp_path, first)
    assert [(one["total"], one["waiting"]) for one in merged] == [(3.0, 2.0), (1.0, 0)]
    hand_marking.write_queue(tmp_path, merged)
    head, row = table(tmp_path / "hand_marking.csv")
    assert head == list(hand_marking.COLUMNS) and row[0] == "'=ann.ipynb" and row[9] == "'=a ring" and row[6] == ""
    queue = tmp_path / "hand_marking.csv"
    row[6], row[7] = "1,5", "good"
    queue.write_text(exports.table([head, row]))
    merged = hand_marking.merge(tmp_path, first)
    assert (merged[0]["total"], merged[0]["waiting"], merged[0]["texts"][0]["comment"]) == (4.5, 0, "good")
    hand_marking.write_queue(tmp_path, merged)
    assert table(queue)[1][6:8] == ["1.5", "good"]
    spreadsheet = "\ufeff" + exports.table([head, row]).replace(",", ";").replace("1;5", "1,5").replace("\n", "\r\n")
    for saved in (spreadsheet, spreadsheet.replace(";", "\t")):
        queue.write_bytes(saved.encode())
        assert hand_marking.merge(tmp_path, first)[0]["total"] == 4.5
    changed = [record("=ann", 3.0, texts=[text_of({"answer": "another", "answer_id": "three"})])]
    assert hand_marking.merge(tmp_path, changed)[0]["waiting"] == 2.0


@pytest.mark.parametrize(("points", "said"), [("3", "expected 0 to 2"), ("-1", "expected 0 to 2"), ("two", "line 2")])
def test_impossible_points_by_hand_are_refused(points: str, said: str, tmp_path: Path) -> None:
    one = record("ann", 3.0, texts=[text_of({"answer": "ring", "answer_id": "one"})])
    row = ["ann.ipynb", "ann", "03_x", "why", "one", 2, points, "", "", "ring"]
    (tmp_path / "hand_marking.csv").write_text(exports.table([hand_marking.COLUMNS, row]).replace("'-", "-"))
    with pytest.raises(ValueError, match=said):
        hand_marking.merge(tmp_path, [one])


@pytest.mark.parametrize(
    ("saved", "said"),
    [
        (b"file|student|points\n", r"line 1: received 'file\|student\|points', expected the columns file, student"),
        ("file;student\nJürgen;x\n".encode("latin-1"), "save it as 'CSV UTF-8'"),
    ],
    ids=["other columns", "other encoding"],
)
def test_a_table_that_cannot_be_read_is_refused_with_the_cure(saved: bytes, said: str, tmp_path: Path) -> None:
    (tmp_path / "hand_marking.csv").write_bytes(saved)
    with pytest.raises(ValueError, match=said):
        hand_marking.merge(tmp_path, [record("ann", 3.0, texts=[])])


def test_a_free_text_goes_round(tmp_path: Path) -> None:
    require_sandbox()
    (tmp_path / "source").mkdir()
    source = course.with_prompt(course.source(), course.RUBRIC)
    (tmp_path / "source" / f"{course.NAME}.ipynb").write_text(json.dumps(source))
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "ann.ipynb").write_text(json.dumps(course.with_prompt(course.submission(), "It is a <ring>.")))
    common = ["--sources", str(tmp_path / "source"), "--salt", str(tmp_path / "salt"), "--quiet", "-j1"]
    call = ["grade", str(tmp_path / "in"), "--out", str(tmp_path / "out"), *common]
    assert main(call) == 0
    assert [row[4:7] for row in table(tmp_path / "out" / "grades.csv")[1:]] == [["12.0", "14.0", "2"]]
    queue = tmp_path / "out" / "hand_marking.csv"
    head, row = table(queue)
    assert row[8] == "Two points for the ring." and row[9] == "It is a <ring>."
    row[6] = "2"
    queue.write_text(exports.table([head, row]))
    assert main(call) == 0
    assert [row[4:7] for row in table(tmp_path / "out" / "grades.csv")[1:]] == [["14.0", "14.0", "0"]]
    (page,) = (tmp_path / "out" / "reports").glob("*.html")
    assert "It is a &lt;ring&gt;." in page.read_text()


def test_a_sum_of_unequal_files_counts_the_best(results: Path) -> None:
    merged = hand_marking.merge(results, exports.all_records(results))
    assert exports.best_of(merged)["ann"]["total"] == 3.0


def test_a_text_of_any_characters_comes_back_from_the_table(tmp_path: Path) -> None:
    answer = "wrong\u2028for\x0bexample\x0c5\x85and\x1c0\nand more"
    texts = [text_of({"answer": answer, "answer_id": "one"})]
    graded = hand_marking.merge(tmp_path, [record("ann", 3.0, texts=texts)])
    hand_marking.write_queue(tmp_path, graded)
    assert hand_marking.merge(tmp_path, graded)[0]["waiting"] == 2.0


def test_a_table_with_a_field_beyond_all_limits_is_refused(tmp_path: Path) -> None:
    (tmp_path / "hand_marking.csv").write_text(",".join(hand_marking.COLUMNS) + "\n" + "a" * 140_000 + "\n")
    with pytest.raises(ValueError, match="cannot be read as CSV"):
        hand_marking.merge(tmp_path, [record("ann", 3.0, texts=[])])


@pytest.mark.slow
def test_the_zip_for_gradescope_grades_what_is_handed_in(tmp_path: Path) -> None:
    require_sandbox()
    course.write_source(tmp_path / "source")
    arguments = ["autograder", course.NAME, "--out", str(tmp_path / "zip.zip"), "--sources", str(tmp_path / "source")]
    assert main([*arguments, "--salt", str(tmp_path / "salt.txt")]) == 0
    home = tmp_path / "autograder"
    with zipfile.ZipFile(tmp_path / "zip.zip") as archive:
        names = archive.namelist()
        archive.extractall(home / "source")
        for entry in archive.infolist():  # as `unzip` does, and setup.sh leaves it
            (home / "source" / entry.filename).chmod(entry.external_attr >> 16)
    assert {"setup.sh", "run_autograder", "exercises/grader/worker.py", "exercises/release/check.py"} <= set(names)
    assert not [name for name in names if name.startswith(("tests", "exercises/hostile", ".git"))]
    hand_in(home / "submission", "my notebook.ipynb", {"q2": "def total(rows): return 0"})
    script = f"from pathlib import Path\nfrom exercises.grader import autograder\nautograder.run(Path({str(home)!r}))"
    subprocess.run([sys.executable, "-c", script], cwd=home / "source", env={"PATH": "/usr/bin:/bin"}, check=True)
    result = json.loads((home / "results" / "results.json").read_text())
    assert result["score"] == 8.0 and [test["score"] for test in result["tests"]] == [4.0, 0.0, 4.0]


def test_the_autograder_answers_an_empty_submission_and_fails_with_its_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    course.write_source(tmp_path / "exercises" / "source")
    (tmp_path / "settings.json").write_text(json.dumps({"exercise": course.NAME, "trust": False}))
    (tmp_path / "salt.txt").write_bytes(SALT)
    (tmp_path / "submission").mkdir()
    autograder.run(tmp_path, tmp_path)
    assert "No notebook" in (tmp_path / "results" / "results.json").read_text()
    (tmp_path / "results" / "results.json").unlink()
    hand_in(tmp_path / "submission", "x.ipynb")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InfrastructureError, match="bubblewrap is not installed"):
        autograder.run(tmp_path, tmp_path)
    assert not (tmp_path / "results" / "results.json").exists()


def test_the_autograder_tells_the_notebook_of_another_exercise_by_name(tmp_path: Path) -> None:
    course.write_source(tmp_path / "exercises" / "source")
    (tmp_path / "settings.json").write_text(json.dumps({"exercise": course.NAME, "trust": False}))
    (tmp_path / "salt.txt").write_bytes(SALT)
    (tmp_path / "submission").mkdir()
    release = Path(__file__).parents[1] / "exercises" / "release" / "03_addressing.ipynb"
    shutil.copy(release, tmp_path / "submission" / f"submission-{course.NAME}.ipynb")
    autograder.run(tmp_path, tmp_path)
    result = json.loads((tmp_path / "results" / "results.json").read_text())
    assert result["score"] == 0 and result["tests"] == []
    assert f"This is 03_addressing; this assignment is {course.NAME}." in result["output"]
    assert "hand in the one that this assignment asks for" in result["output"]


class FakeClient:
    """What `distributed.Client` gives, over threads of this process."""

    closed = False

    def __init__(self, address: str, timeout: str) -> None:
        if address != "tcp://scheduler:8786":
            raise OSError(f"cannot connect to {address}")

    def get_executor(self, **options: Any) -> ThreadPoolExecutor:
        assert options == {"pure": False, "retries": 0}
        return ThreadPoolExecutor(2)

    def close(self) -> None:
        FakeClient.closed = True


def test_a_dask_cluster_is_used_by_its_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    require_sandbox()
    module = type(sys)("distributed")
    module.Client = FakeClient  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "distributed", module)
    for name in ("ann", "bob", "cy"):
        hand_in(tmp_path / "in", f"{name}.ipynb")
    outcome = grade(tmp_path / "in", tmp_path / "out", dask="tcp://scheduler:8786")
    assert [one["points"] for one in outcome.records] == [12, 12, 12] and FakeClient.closed
    with pytest.raises(InfrastructureError, match="No Dask cluster answers at tcp://nowhere"):
        grade(tmp_path / "in", tmp_path / "out2", dask="tcp://nowhere")


@pytest.mark.slow
def test_a_real_cluster_gives_the_same_records(tmp_path: Path) -> None:
    require_sandbox()
    distributed = pytest.importorskip("distributed")
    for number in range(6):
        wrong = {"q1": "def rotate(weights, steps):\n    import os; os._exit(0)"} if number == 3 else {}
        hand_in(tmp_path / "in", f"student_{number}.ipynb", wrong)
    with distributed.LocalCluster(n_workers=1, threads_per_worker=2, dashboard_address=None) as cluster:
        there = grade(tmp_path / "in", tmp_path / "there", dask=cluster.scheduler_address)
    here = grade(tmp_path / "in", tmp_path / "here")
    assert there.broken == {} and [one["points"] for one in there.records] == [12, 12, 12, 8, 12, 12]
    assert there.records == here.records


def test_without_dask_the_cure_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    hand_in(tmp_path / "in", "ann.ipynb")
    with pytest.raises(InfrastructureError, match="pip install distributed"):
        grade(tmp_path / "in", tmp_path / "out", dask="tcp://x")


def test_the_page_of_an_empty_class_exists() -> None:
    assert "The class" in reports.class_page([], {})
