"""Each statement has a picture of what is asked, with words beside it, that gives nothing away."""

from __future__ import annotations

import base64
import itertools
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextPath

from exercises.grader import sources
from exercises.grader.spec import FreeText
from exercises.pictures import predicted
from exercises.pictures.asked import picture_of, with_picture
from exercises.student.machine import run

ROOT = Path(__file__).parents[1]
SOURCES = sorted((ROOT / "exercises" / "source").glob("[0-9][0-9]_*.ipynb"))
READ = {path.stem: sources.read(path) for path in SOURCES}
ASKED = [(name, part.name) for name, read in READ.items() for part in (*read.questions, *read.free_texts)]
PICTURE = re.compile(r"!\[([^\]]+)\]\(data:image/svg\+xml;base64,([^)]+)\)")
LARGEST = 60_000  # bytes of a notebook


def part_of(name, asked):
    return next(part for part in (*READ[name].questions, *READ[name].free_texts) if part.name == asked)


def statement_of(name, asked):
    cells = sources.load(ROOT / "exercises" / "release" / f"{name}.ipynb")["cells"]
    texts = [sources.text_of(cell) for cell in cells if cell["cell_type"] == "markdown"]
    return next(text for text in texts if text.startswith(f"## {asked} "))


def kind_of(name, asked):
    path = ROOT / "exercises" / "release" / f"{name}.ipynb"
    table = sources.text_of(sources.load(path)["cells"][0])
    return dict(re.findall(r"^\| (q\d+) \| (\w+)", table, re.MULTILINE))[asked]


def picture_in(name, asked):
    """The words and the drawing of the one picture of a statement."""
    ((words, data),) = PICTURE.findall(statement_of(name, asked))
    return words, base64.b64decode(data).decode()


@pytest.mark.parametrize(("name", "asked"), ASKED)
def test_each_statement_has_a_picture_before_its_hints(name, asked):
    words, drawing = picture_in(name, asked)
    statement = statement_of(name, asked)
    assert statement.index("![") < (statement + '<details class="hint">').index('<details class="hint">')
    assert 40 <= len(words) <= 800 and words.rstrip().endswith((".", "?"))
    tree = ElementTree.fromstring(drawing)
    wide, high = float(tree.get("width")), float(tree.get("height"))
    assert tree.get("viewBox").split()[2:] == [tree.get("width"), tree.get("height")]
    assert 100 <= wide <= 900 and 60 <= high <= 500
    # a card of its own below everything, so that it is legible on a dark page
    assert tree[0].get("fill") == "#fff" and f"h{wide:g}v{high:g}" in tree[0].get("d")
    assert not {"script", "image", "foreignObject", "a", "use"} & {node.tag.rpartition("}")[2] for node in tree.iter()}


def wide_of(node):
    """How wide a text is in DejaVu Sans, the widest of the usual fonts, at the pictures' 12 pixels."""
    font = FontProperties(family="DejaVu Sans", weight=node.get("font-weight", "normal"))
    return TextPath((0, 0), node.text, size=12, prop=font).get_extents().width if node.text.strip() else 0.0


@pytest.mark.parametrize(("name", "asked"), ASKED)
def test_words_in_a_picture_lie_within_it_and_not_on_each_other(name, asked):
    tree = ElementTree.fromstring(picture_in(name, asked)[1])
    left, top, wide, high = map(float, tree.get("viewBox").split())
    lines = {}
    for node in tree.iter("{http://www.w3.org/2000/svg}text"):
        x, y, words = float(node.get("x")), float(node.get("y")), wide_of(node)
        begin = x - {"middle": words / 2, "end": words}.get(node.get("text-anchor"), 0)
        assert left <= begin and begin + words <= left + wide, node.text
        assert top + 8 <= y <= top + high - 2, node.text
        lines.setdefault(y, []).append((begin, begin + words, node.text))
    for parts in lines.values():
        for (_, end, one), (begin, _, other) in itertools.pairwise(sorted(parts)):
            assert end < begin, (one, other)


@pytest.mark.parametrize(("name", "asked"), [pair for pair in ASKED if not isinstance(part_of(*pair), FreeText)])
def test_a_picture_knows_no_hidden_case_mistake_or_prediction(name, asked):
    """It stays the same when these are others; of what is predicted or broken it does not even know the answer."""

    def never(*_, **__):
        raise AssertionError("the picture asked for it")

    question, exercise = part_of(name, asked), READ[name]
    kept = {"draw": never, "hidden": 6, "mistakes": ()}
    if question.kind == "value" and question.through not in ("drive", "loads_read"):
        kept["reference"] = never
    blind = replace(exercise, solutions={}, questions=tuple(
        replace(part, **kept) if part.name == asked else part for part in exercise.questions
    ))  # fmt: skip
    canvas, words = picture_of(blind, replace(question, **kept), kind_of(name, asked))
    assert (re.sub(r"[\[\]]", "", words), canvas.svg()) == picture_in(name, asked)


@pytest.mark.parametrize(("name", "asked"), ASKED)
def test_no_secret_line_is_drawn(name, asked):
    shown = "\n".join(picture_in(name, asked))
    for line in sources.secret_lines(ROOT / "exercises" / "source" / f"{name}.ipynb"):
        assert line not in shown


@pytest.mark.parametrize("name", READ)
def test_a_notebook_with_its_pictures_stays_small(name):
    assert (ROOT / "exercises" / "release" / f"{name}.ipynb").stat().st_size < LARGEST


def expected_in(name, asked):
    question = part_of(name, asked)
    cases = [*question.public, *question.hidden_cases(np.random.default_rng(0))]
    return np.array([question.expected(case) for case in sorted(cases, key=lambda case: case["entry"])], float)


def written(memory, writes):
    """The memory after each of the writes that a picture shows."""
    memories = []
    for weights, erase, add in writes:
        memory = np.asarray(memory) * (1 - np.asarray(weights) * erase) + np.asarray(weights) * add
        memories.append(memory)
    return np.array(memories)


def test_the_numbers_in_the_pictures_of_predictions_are_those_of_the_questions():
    shifts = {-1: [1, 0, 0], 0: [0, 1, 0], 1: [0, 0, 1]}
    program = [
        {"write": {"shift": shifts[write], "erase": erase, "add": "input"}, "read": {"shift": shifts[read]}}
        for _, write, read, erase in predicted.READINGS
    ]
    done = run(program, np.array([[number] for number, *_ in predicted.READINGS], float), slots=3)
    assert done.reads[:, 0].tolist() == expected_in("01_introduction", "q2").tolist()

    assert np.allclose(written((4, 8, 0), predicted.WRITES), expected_in("04_read_write", "q1"))

    weights, weightings = np.eye(5)[0], []
    for (back, stay, forward), sharpening in predicted.KERNELS:
        shifted = back * np.roll(weights, -1) + stay * weights + forward * np.roll(weights, 1)
        weights = shifted**sharpening / (shifted**sharpening).sum()
        weightings.append(weights)
    assert np.allclose(weightings, expected_in("06_copy", "q2"))

    scores = np.array(list(predicted.ROWS.values())) @ (0, 4 * np.log(2), 0, 0) / 2
    assert np.allclose(np.exp(scores) / np.exp(scores).sum(), expected_in("07_attention", "q1")[0])

    parts = expected_in("11_question_answering", "q2")
    read = written((8, 4, 2), predicted.WRITTEN)[-1] @ (0.5, 0.5, 0)
    assert parts.sum() == read
    assert (
        written((8, 4, 2), [(weights, erase, 0) for weights, erase, _ in predicted.WRITTEN])[-1] @ (0.5, 0.5, 0)
        == parts[0]
    )


def test_an_older_picture_is_replaced_and_authors_do_not_see_it():
    exercise = READ["04_read_write"]
    question = part_of("04_read_write", "q2")
    plain = '## q2 · Take it back\n\nSome words.\n\n<details class="hint">...</details>'
    once = with_picture(plain, exercise, question, "build")
    assert with_picture(once, exercise, question, "build") == once != plain
    assert sources.without_picture(once) == plain


def test_a_question_that_no_picture_fits_is_refused():
    exercise = replace(READ["03_addressing"], name="99_new")
    with pytest.raises(ValueError, match=r"99_new, q4: expected a picture in exercises/pictures/particular\.py"):
        picture_of(exercise, part_of("03_addressing", "q4"), "break")


def test_the_notebooks_kept_for_authors_have_the_same_pictures():
    for path in SOURCES:
        told, kept = (
            sources.load(folder / path.name)["cells"] for folder in (ROOT / "exercises" / "release", path.parent)
        )
        for one, other in zip(told, kept, strict=True):
            assert PICTURE.findall(sources.text_of(one)) == PICTURE.findall(sources.text_of(other))


def test_the_prompt_that_a_marker_reads_has_no_picture():
    (text,) = READ["04_read_write"].free_texts
    assert text.prompt.startswith("## q5") and "data:image" not in text.prompt


def test_the_autograder_needs_no_pictures():
    command = "import sys; from exercises.grader import autograder; print('exercises.pictures' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", command], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert said.strip() == "False"
