"""What a student sees: the messages of `check`, the progress, and the file that `submit` writes."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient

from exercises import check
from exercises.student import notebook, progress, submitting

ROOT = Path(__file__).parents[1]
RELEASE = ROOT / "exercises" / "release"
RELEASES = sorted(RELEASE.glob("[0-9][0-9]_*.ipynb"))

ASKED = {
    "name": "q1",
    "answer": "double",
    "kind": "function",
    "passes": None,
    "through": "identity",
    "tolerance": 1e-6,
    "picture": "value",
    "points": 4,
    "hidden": 6,
    "hidden_points": 3,
    "cases": [{"arguments": {"x": np.array([1.0, 2.0])}, "expected": np.array([2.0, 4.0])}],
    "mistakes": [{"name": "you square", "hint": "What is 3 doubled?", "values": [np.array([1.0, 4.0])]}],
}


def in_place(x):
    x *= 2
    return x


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (lambda x: 2 * x, "1 of 1 public cases right"),
        (lambda x: [2, 4], "1 of 1 public cases right"),
        (lambda x: x**2, "It looks as if you square.</b> What is 3 doubled?"),
        (lambda x: x, "expected 4 at [1], got 2"),
        (lambda x: 2 * x[:1], "expected numbers of shape (2,), got numbers of shape (1,)"),
        (lambda x: x * np.nan, "2 of the numbers are NaN or infinite"),
        (lambda x: None, "expected numbers of shape (2,), got None: does your function return something?"),
        (lambda x: "2 4", "expected numbers of shape (2,), got &#x27;2 4&#x27;"),
        (lambda x: x > 0, "expected numbers of shape (2,), got truth values of shape (2,)"),
        (lambda x: 1 / 0, "ZeroDivisionError"),
        (lambda: 1, "takes 0 positional arguments but 1"[:0] + "TypeError"),
        (in_place, "your function changes its argument `x` in place: work on a copy"),
        (3, "double is a int, expected a function"),
    ],
)
def test_what_check_says(answer, said):
    results = notebook.attempts(ASKED, {"double": answer})
    text = notebook.feedback(ASKED, results)
    assert said in text
    assert "3 of the 4 points are decided by 6 hidden cases" in text


def test_an_answer_that_is_not_there():
    assert "double is not defined yet: run the cell above first" in notebook.feedback(
        ASKED, notebook.attempts(ASKED, {})
    )


def test_what_a_student_returns_cannot_become_markup():
    text = notebook.feedback(ASKED, notebook.attempts(ASKED, {"double": lambda x: "<script>alert(1)</script>"}))
    assert "<script" not in text and "&lt;script&gt;" in text


class Strange:
    """Equal to everything, an array of its own, and no good manners."""

    def __eq__(self, other):
        return True

    def __array__(self, *_, **__):
        raise RuntimeError("no")

    def __repr__(self):
        raise RuntimeError("no")


def test_strange_objects_are_no_numbers():
    assert check.differs(np.array([1.0]), Strange()).startswith("expected numbers")
    assert check.differs("a", Strange()) == "expected 'a', got a Strange"
    assert check.differs(True, Strange()) == "expected True, got a Strange"
    assert "got a Strange" in notebook.feedback(ASKED, notebook.attempts(ASKED, {"double": lambda x: Strange()}))


@pytest.mark.parametrize(
    ("expected", "got", "message"),
    [
        (np.array([1.0, np.nan]), [1, np.nan], ""),
        (np.inf, np.inf, ""),
        (np.inf, -np.inf, "expected inf, got -inf"),
        (np.zeros(0), [], ""),
        (True, np.bool_(True), ""),
        (True, 1, "expected True, got 1"),
        (1.0, True, "expected a number, got True"),
        (1.0, None, "expected a number, got None: does your function return something?"),
        (1.0, np.zeros(2), "expected a number, got numbers of shape (2,)"),
        (np.zeros(2), np.array(3), "expected numbers of shape (2,), got 3"),
        (1e6, 1e6 + 0.5, ""),
        (None, None, ""),
        (None, 0, "expected None, got 0"),
        ({"a": 1}, {"a": 2}, "['a']: expected 1, got 2"),
        ({"a": 1}, {"b": 1}, "the key 'a' is missing"),
        ({"a": 1}, {"a": 1, "b": 1}, "expected the keys a only, got a, b"),
        ([1, "x"], (1, "y"), "[1]: expected 'x', got 'y'"),
        ([np.zeros(1), np.zeros(2)], [np.zeros(1)], "expected a list of 2 entries, got 1"),
        (np.zeros(2), np.array([1j, 0]), "expected numbers of shape (2,), got a ndarray"),
        (np.zeros((2, 2)), np.zeros((2, 3)), "expected numbers of shape (2, 2), got numbers of shape (2, 3)"),
    ],
)
def test_differs(expected, got, message):
    assert check.differs(expected, got) == message


@pytest.mark.parametrize(
    ("program", "message"),
    [
        ([], "program: received numbers of shape (0,), expected a list with one dict for each step"),
        ([{"wrote": {}}], "step 0: received the keys wrote"),
        ([{}, 3], "step 1: received 3"),
        ([{"read": {"add": "input"}}], "step 0, read head: received add, expected a dict with some of key"),
        (
            [{"write": {"shift": [0, 1, 1]}}],
            "step 0, write head: shift received [0, 1, 1], expected 3 numbers >= 0 that add",
        ),
        ([{"write": {"add": "inputs"}}], "add received inputs, expected numbers, one for each column of the tape"),
        ([{"write": {"gate": np.nan}}], "gate received nan, expected a number from 0 to 1"),
        ([{"write": {"erase": [2, 0]}}], "erase received [2, 0], expected numbers from 0 to 1"),
        ([{"read": {"sharpen": True}}], "sharpen received True, expected a number >= 1"),
    ],
)
def test_a_program_that_no_machine_can_run(program, message):
    with pytest.raises(check.Unusable, match=re.escape(message)):
        check.run(program, np.eye(2), slots=3)


def test_the_tape_machine_is_the_one_of_the_book():
    """Against the slow machine of ntm_lib, on random head parameters."""
    from ntm_lib import reference

    rng = np.random.default_rng(3)

    def head(writes):
        told = {
            "key": rng.normal(size=4),
            "strength": rng.uniform(0, 9),
            "gate": rng.uniform(),
            "shift": rng.dirichlet(np.ones(3)),
        }
        told |= {"sharpen": rng.uniform(1, 4)} | (
            {"erase": rng.uniform(size=4), "add": rng.normal(size=4)} if writes else {}
        )
        return told

    program = [{"write": head(True), "read": head(False)} for _ in range(6)]
    memory = rng.normal(size=(5, 4))
    done = check.run(program, np.zeros((6, 4)), slots=5, memory=memory)
    places = {"write": np.eye(5)[0], "read": np.eye(5)[0]}
    for step, told in enumerate(program):
        for name, h in told.items():
            stages = reference.address(
                memory, places[name], h["key"], h["strength"], h["gate"], h["shift"], h["sharpen"]
            )
            places[name] = stages.weights
        memory = reference.write(memory, [(places["write"], told["write"]["erase"], told["write"]["add"])])
        np.testing.assert_allclose(done.memory[step + 1], memory, atol=1e-5)
        np.testing.assert_allclose(done.reads[step], reference.read(memory, places["read"]), atol=1e-5)


def test_a_run_goes_to_the_inspector():
    program = [{"write": {"add": "input"}}, {"read": {"shift": check.FORWARD}}]
    done = check.run(program, np.eye(2), slots=3)
    shown = check.inspect(done, np.eye(2)[:1], [1])
    np.testing.assert_allclose(shown.trace.memory[0], done.memory[1:])
    assert "svg" in done._repr_html_() and "<script" in shown.html()


def test_pictures_tell_what_they_show():
    svg = check.raster(np.array([[0.0, 0.5], [1.0, np.nan]]), ["a<b", "c"], alt='a "weighting"')
    assert 'aria-label="a &quot;weighting&quot;"' in svg and "NaN" in svg and "a&lt;b" in svg and 'role="img"' in svg


def test_progress_survives_damage(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "05_training.ipynb").write_text("{}")
    progress.remember("01_x", ["q1", "q2"], "q2", True)
    progress.remember("01_x", ["q1", "q2"], "q1", False)
    assert "01_x ○●" in progress.progress_html("01_x") and "05_training not begun" in progress.progress_html("01_x")
    for damage in ("", "[]", '{"01_x": 3}', "\x00"):
        Path(progress.PROGRESS_FILE).write_text(damage)
        assert "not begun" in progress.progress_html("01_x")
    progress.remember("01_x", ["q1", "q2"], "q1", True)
    assert progress.read_progress() == {"01_x": {"q1": True, "q2": False}}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    for path in RELEASES[:2]:
        (tmp_path / path.name).write_bytes(path.read_bytes())
    return tmp_path


def submitted(folder, file=None, namespace=None):
    return submitting.submission("01_introduction", ["q1", "q2", "q3", "q4"], file, namespace or {})


def test_submit_finds_the_only_notebook_of_this_exercise(folder):
    assert submitted(folder).startswith("Wrote submission-01_introduction.ipynb beside 01_introduction.ipynb.")
    assert submitted(folder).startswith("Wrote submission-01_introduction.ipynb beside 01_introduction.ipynb.")
    (folder / "copy.ipynb").write_bytes((folder / "01_introduction.ipynb").read_bytes())
    assert "Nothing is written" in submitted(folder)
    assert "beside copy.ipynb" in submitted(folder, "copy.ipynb")
    assert "beside copy.ipynb" in submitted(folder, namespace={"__vsc_ipynb_file__": str(folder / "copy.ipynb")})
    os.environ["JPY_SESSION_NAME"] = "somewhere/copy.ipynb"
    try:
        assert "beside copy.ipynb" in submitted(folder)
    finally:
        del os.environ["JPY_SESSION_NAME"]


def test_submit_takes_outputs_out_and_tells_what_is_missing_or_not_saved(folder):
    kept = nbformat.read(folder / "01_introduction.ipynb", 4)
    kept.cells = [cell for cell in kept.cells if cell.metadata.get("nbgrader", {}).get("grade_id") != "q3"]
    for cell in kept.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [nbformat.v4.new_output("stream", text="x" * 100)], 7
    nbformat.write(kept, folder / "01_introduction.ipynb")
    answer = next(cell.source for cell in kept.cells if cell.metadata.get("nbgrader", {}).get("grade_id") == "q1")
    said = submitted(folder, namespace={"In": ["", answer, "something else"]})
    assert "Its cell for q3 is missing" in said
    assert "The saved text of q2, q4 is not what ran last" in said
    written = nbformat.read(folder / "submission-01_introduction.ipynb", 4)
    assert all(not cell.outputs and cell.execution_count is None for cell in written.cells if cell.cell_type == "code")


@pytest.mark.parametrize("content", ["", "{}", '{"cells": 3}', "[1]"])
def test_submit_refuses_what_is_no_notebook(folder, content):
    (folder / "broken.ipynb").write_text(content)
    assert "Nothing is written" in submitted(folder, "broken.ipynb")
    assert "There is no file absent.ipynb" in submitted(folder, "absent.ipynb")


def test_check_works_without_ipython_in_plain_words(tmp_path):
    """NumPy and the one file are enough."""
    (tmp_path / "check.py").write_bytes((RELEASE / "check.py").read_bytes())
    cells = json.loads(RELEASES[0].read_text(encoding="utf-8"))["cells"]
    code = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
    blocked = "import sys\nfor name in ('IPython', 'tensorflow', 'matplotlib'):\n    sys.modules[name] = None\n"
    done = subprocess.run(
        [sys.executable, "-c", blocked + code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "q1: 0 of 2 public cases right." in done.stdout
    assert "1.5 of the 2 points are decided by 8 hidden cases" in done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("path", RELEASES, ids=lambda path: path.stem)
def test_an_untouched_release_runs_to_the_end_in_a_kernel(path, tmp_path, monkeypatch):
    monkeypatch.setenv("PYDEVD_DISABLE_FILE_VALIDATION", "1")
    for name in (path.name, "check.py"):
        (tmp_path / name).write_bytes((RELEASE / name).read_bytes())
    book = nbformat.read(tmp_path / path.name, 4)
    nbformat.validate(book)
    NotebookClient(book, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}).execute()
    shown = [
        output.data["text/html"]
        for cell in book.cells
        if cell.cell_type == "code"
        for output in cell.outputs
        if "data" in output and "text/html" in output.data
    ]
    checks = [text for text in shown if "hidden cases" in text]
    assert len(checks) == sum(cell.cell_type == "code" and cell.source.startswith('check("') for cell in book.cells)
    assert f"Wrote submission-{path.stem}.ipynb" in shown[-1]
    assert (tmp_path / f"submission-{path.stem}.ipynb").is_file()


def test_warnings_are_told_and_nothing_goes_to_stderr(capfd):
    def warns(x):
        print("looking", file=sys.stderr)
        return np.log(x - 1) + 5

    text = notebook.feedback(ASKED, notebook.attempts(ASKED, {"double": warns}))
    assert "RuntimeWarning: divide by zero" in text
    shown = capfd.readouterr()
    assert (shown.out, shown.err) == ("looking\n", "")


@pytest.mark.slow
def test_check_shows_the_run_in_the_inspector_where_it_is_loaded(monkeypatch):
    monkeypatch.delenv("NTM_PLAIN_PICTURES", raising=False)
    arguments = {"inputs": np.eye(2), "slots": 3, "ask": [1]}
    program = [{"write": {"add": "input"}}, {"read": {"shift": check.FORWARD}}]
    monkeypatch.delitem(sys.modules, "ntm_lib", raising=False)
    assert "import ntm_lib, tensorflow" in check.PICTURES["trace"](arguments, np.eye(2)[:1], np.eye(2)[:1], program)
    import tensorflow

    import ntm_lib

    assert ntm_lib and tensorflow
    assert "<script" in check.PICTURES["trace"](arguments, np.eye(2)[:1], np.eye(2)[:1], program)


def test_a_program_that_is_too_short_or_too_long():
    arguments = {"inputs": np.eye(2), "slots": 3, "ask": [1, 2], "longest": 3}
    with pytest.raises(check.Unusable, match="the program has 1 steps, expected 2 more"):
        check.drive(arguments, [{}])
    with pytest.raises(check.Unusable, match="the program has 4 steps, expected at most 3"):
        check.drive(arguments, [{}] * 4)
    assert check.drive(arguments, [{}] * 3).shape == (2, 2)
