"""Every exercise: its solution earns everything, its release nothing, and each known mistake exactly what it says."""

from __future__ import annotations

import ast
import copy
import json
import re
from pathlib import Path

import numpy as np
import pytest

from exercises.grader import release, sources, spec
from exercises.student import notebook

ROOT = Path(__file__).parents[1]
SOURCES = sorted((ROOT / "exercises" / "source").glob("[0-9][0-9]_*.ipynb"))
READ = {path.stem: sources.read(path) for path in SOURCES}
QUESTIONS = [(name, question.name) for name, exercise in READ.items() for question in exercise.questions]
MISTAKES = [
    (name, question.name, mistake.name)
    for name, exercise in READ.items()
    for question in exercise.questions
    for mistake in question.mistakes
]
PUZZLES = ("drive", "break", "repair", "predict", "reproduce")


@pytest.fixture(autouse=True)
def without_the_inspector(monkeypatch):
    monkeypatch.setenv("NTM_PLAIN_PICTURES", "1")


def question_of(exercise, name):
    return next(question for question in READ[exercise].questions if question.name == name)


def ran(exercise, cells):
    """The names that the given cells and some answer cells leave behind."""
    namespace = {}
    exec(exercise.setup, namespace)
    for source in cells:
        exec(source, namespace)
    return namespace


def told(exercise, question):
    cases = notebook.revived(json.loads(json.dumps(release.public_cases(READ[exercise]))))
    return next(part for part in cases["questions"] if part["name"] == question)


@pytest.mark.parametrize("name", READ)
def test_the_solution_earns_everything(name):
    exercise = READ[name]
    for seed in range(3):
        namespace = ran(exercise, exercise.solutions.values())
        for question in exercise.questions:
            points, mistake, messages = spec.judge(question, namespace, np.random.default_rng(seed))
            assert (points, mistake) == (question.points, None), (question.name, messages)


@pytest.mark.parametrize("name", READ)
def test_the_starter_runs_and_earns_nothing(name):
    exercise = READ[name]
    namespace = ran(exercise, exercise.starters.values())
    for question in exercise.questions:
        for seed in range(5):
            points, _, _ = spec.judge(question, namespace, np.random.default_rng(seed))
            assert points == 0, question.name


@pytest.mark.parametrize(("name", "asked", "wrong"), MISTAKES)
def test_a_known_mistake_is_named_and_keeps_exactly_its_points(name, asked, wrong):
    question = question_of(name, asked)
    mistake = next(mistake for mistake in question.mistakes if mistake.name == wrong)
    namespace = ran(READ[name], []) | {question.answer: mistake.behaves}
    for seed in range(3):
        points, named, messages = spec.judge(question, namespace, np.random.default_rng(seed))
        assert named is mistake, messages
        right, shown = [not message for message in messages], len(question.public)
        unnamed = spec.earned(question, right[:shown], right[shown:])
        assert points == max(round(question.points * mistake.earns, 2), unnamed) < question.points
    # and the notebook names it from the public cases alone
    public = told(name, asked)
    results = notebook.attempts(public, namespace)
    assert notebook.named_mistake(public, results)["name"] == wrong
    said = notebook.feedback(public, results)
    assert notebook.html.escape(wrong) in said
    assert f"{question.points * (1 - spec.PUBLIC_SHARE):g} of the {question.points:g} points" in said


@pytest.mark.parametrize(
    ("name", "asked", "wrong"),
    [part for part in MISTAKES if re.search(r"as it was|nothing has been repaired", part[2])],
)
def test_a_starter_to_be_repaired_is_named_as_it_is_handed_out(name, asked, wrong):
    """On every processor: a sort that keeps no order of equal ones gives one result here and another one there."""
    results = notebook.attempts(told(name, asked), ran(READ[name], [READ[name].starters[asked]]))
    assert notebook.named_mistake(told(name, asked), results)["name"] == wrong


@pytest.mark.parametrize(("name", "asked"), QUESTIONS)
def test_check_is_content_with_the_solution(name, asked):
    exercise = READ[name]
    namespace = ran(exercise, [exercise.solutions[asked]])
    results = notebook.attempts(told(name, asked), namespace)
    assert [result.message for result in results] == [""] * len(results)


@pytest.mark.parametrize(("name", "asked"), QUESTIONS)
def test_hidden_code_does_not_redefine_what_students_define(name, asked):
    """nbgrader runs the hidden part in the student's kernel."""
    tree = ast.parse(sources.hidden_definitions(ROOT / "exercises" / "source" / f"{name}.ipynb", asked))
    defined = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    defined |= {
        part.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        for part in node.targets
        if isinstance(part, ast.Name)
    }
    setup = {node.name for node in ast.parse(READ[name].setup).body if isinstance(node, ast.FunctionDef)}
    assert not defined & ({question.answer for question in READ[name].questions} | setup)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_form(path):
    cells = sources.load(path)["cells"]
    texts = [sources.text_of(cell) for cell in cells if cell["cell_type"] == "markdown"]
    exercise = READ[path.stem]
    assert 3 <= len(exercise.questions) <= 4
    kinds = re.findall(r"^\| q\d+ \| (\w+)", texts[0], re.MULTILINE)
    assert len(kinds) == len(exercise.questions) + len(exercise.free_texts)
    assert sum(kind in PUZZLES for kind in kinds) * 3 >= len(kinds)
    for question in (*exercise.questions, *exercise.free_texts):
        statement = next(text for text in texts if text.startswith(f"## {question.name} "))
        assert f"({question.points:g} points)" in statement
        assert [f"Hint {number}" for number in (1, 2, 3)] == re.findall(r"<summary>(Hint \d)</summary>", statement)
        assert "|---" in statement or "<svg" in statement or isinstance(question, spec.FreeText), (
            "no picture of what is asked"
        )
    first = [cell["metadata"]["nbgrader"]["grade_id"] for cell in cells if cell["metadata"].get("nbgrader")][:2]
    assert first == ["cases", "start"]
    assert "submit()" in sources.text_of(cells[-1])


def test_the_release_is_up_to_date(tmp_path):
    """`make exercises` writes what is committed, sources included, byte for byte."""
    for path in SOURCES:
        (tmp_path / "source").mkdir(exist_ok=True)
        (tmp_path / "source" / path.name).write_bytes(path.read_bytes())
    written = release.release_all(tmp_path / "source", tmp_path / "release")
    committed = (ROOT / "exercises" / "release").glob("[0-9][0-9]_*.ipynb")
    assert {path.name for path in written} == {"check.py", *(path.name for path in committed)}
    for path in written:
        assert path.read_bytes() == (ROOT / "exercises" / "release" / path.name).read_bytes(), path.name
    for path in SOURCES:
        assert (tmp_path / "source" / path.name).read_bytes() == path.read_bytes(), path.name


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_no_secret_line_is_released(path):
    secrets = sources.secret_lines(path)
    assert len(secrets) > 20
    text = (ROOT / "exercises" / "release" / path.name).read_text(encoding="utf-8")
    for line in secrets:
        assert json.dumps(line, ensure_ascii=False)[1:-1] not in text, line
    for marker in (*sources.SOLUTION, *sources.HIDDEN, "exercises.grader", "Rubric"):
        assert marker not in text


def test_public_cases_survive_json():
    value = {"a": np.array([[1.5, np.inf], [-0.0, np.nan]]), "b": [True, None, "x", 3, 2.5], "c": np.zeros((0, 2), int)}
    back = notebook.revived(json.loads(json.dumps(release.plain(copy.deepcopy(value)))))
    assert back["b"] == value["b"]
    np.testing.assert_array_equal(back["a"], value["a"])
    assert back["c"].shape == (0, 2) and back["c"].dtype.kind == "i"
    with pytest.raises(ValueError, match="received a set"):
        release.plain({1, 2})


@pytest.mark.parametrize("name", READ)
def test_hints_are_words_and_code_which_a_report_can_show_without_help(name):
    exercise = READ[name]
    assert set(exercise.hints) == {part.name for part in (*exercise.questions, *exercise.free_texts)}
    for hints in exercise.hints.values():
        assert len(hints) == 3
        for hint in hints:
            plain = re.sub(r"`[^`]+`", "", hint)
            assert hint and not re.search(r"\$|\]\(|^[-*#|>]|\n\n|<", plain, re.MULTILINE), hint


@pytest.mark.parametrize("size", [1e306, 1e9, np.inf, np.nan])
def test_numbers_too_large_to_be_told_apart_are_no_answer(size):
    """Rounded, 1e306 is infinite, and four different rows look alike."""
    rows = [[size, size], [1.1 * size, size], [1.2 * size, 1.1 * size], [1.3 * size, 1.2 * size]]
    namespace = {"start": {"memory": rows, "weights": [0.4, 0.3, 0.2, 0.1]}}
    points, _, messages = spec.judge(question_of("12_stability", "q3"), namespace, np.random.default_rng(0))
    assert points == 0 and all("memory: expected numbers from" in message for message in messages)


@pytest.mark.parametrize(("name", "asked", "answer"), [("03_addressing", "q4", 5), ("01_introduction", "q3", [1, 2])])
def test_an_answer_of_another_form_is_told_and_no_line_of_a_given_cell_is_blamed(name, asked, answer):
    question = question_of(name, asked)
    results = notebook.attempts(told(name, asked), ran(READ[name], []) | {question.answer: answer})
    assert {result.message.split(", expected")[0] for result in results} == {
        "received 5" if answer == 5 else "received numbers of shape (2,)"
    }
    with pytest.raises(notebook.Unusable, match=r"cannot be judged \(TypeError\): received 5"):
        notebook._seen(lambda arguments, given: len(given), {}, 5)


def test_where_a_list_is_asked_for_an_array_is_as_good():
    bits = np.array([1, 0, 0, 0, 1])
    breaker = {"breaker": lambda digits: bits if digits == 4 else [1, *[0] * (digits - 1), 1]}
    keys, rng = np.eye(3), np.random.default_rng(0)
    arguments = {"fast": rng.normal(size=(3, 3)), "keys": keys, "which": 1, "value": np.ones(3)}
    pair = np.array([1 - arguments["fast"][:, 1], keys[1]])
    results = notebook.attempts(told("09_lstm_comparison", "q4"), ran(READ["09_lstm_comparison"], []) | breaker)
    assert [result.message for result in results] == ["", ""]
    question = question_of("07_attention", "q4")
    np.testing.assert_allclose(question.observed(arguments, pair), question.expected(arguments))
