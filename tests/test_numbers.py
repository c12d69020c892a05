"""Each measured number in the text says where it comes from, and all numbers are written in one way."""

from __future__ import annotations

import ast
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode
from pages import ROOT, chapters, notebooks

sys.path.insert(0, str(ROOT / "_ext"))
import reading_times

TRACED = [*chapters(), ROOT / "book" / "results.ipynb"]
"""The notebooks whose measured numbers need a source."""

UNDER_TWENTY = (
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
)
TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
WORDS = {word: value for value, word in enumerate(UNDER_TWENTY.split(), start=1)}
WORDS |= {word: 10 * value for value, word in enumerate(TENS.split(), start=2)} | {"hundred": 100, "thousand": 1000}
WORD = rf"(?:{'|'.join(sorted(WORDS, key=len, reverse=True))})"
COUNT = rf"(?:\d+(?:,\d{{3}})*|{WORD}|none)"
COUNTED = r"(?:answers|bits|cases|copies|deals|lists?|LSTMs?|machines?|questions|runs?|seeds?|sequences?|times) "
NUMBER = r"(?<![\w.,$\\{/])(\d[\d,]*(?:\.\d+)?"
UNIT = r"[ \u00a0]?(?:s|ms|seconds?|minutes?|hours?|bits?|%|per cent|times|sequences|[KMG]B)(?!\w)"
SAID = (
    r"seconds|minutes|hours|bits|per cent"
    r"|times (?:as|the|more|less|fewer|larger|smaller|longer|shorter|faster|slower|cheaper|dearer)"
)
MEASURED = [
    re.compile(NUMBER + r" ?± ?\d[\d,]*(?:\.\d+)?)"),
    re.compile(NUMBER + UNIT + ")"),
    re.compile(r"\b(exponent (?:is |of )?(?:about )?\d+(?:\.\d+)?)"),
    re.compile(
        rf"(?i)\b(?!one of (?:the )?{COUNT}\b(?! (?:seeds|runs|machines)))"
        rf"\b({COUNT} (?:{COUNTED}(?:of|in)|of) (?:the |its |our |all |her |their )?{COUNT})(?![\w-])"
    ),
    re.compile(rf"(?i)(?<!vectors of )(?<!vector of )\b((?!one\b){WORD} (?:{SAID}))(?!\w)"),
    re.compile(r"(?i)\b(?:about|nearly|almost|roughly) (\d[\d,]*\d(?:\.\d+)?|\d?\.\d+)(?![\w,]*\d)"),
    re.compile(rf"(?i)\b(?:about|nearly|almost|roughly) ({'|'.join(list(WORDS)[9:])})\b"),
    re.compile(r"(?<![\w.,$\\{/(-])(\d[\d,]*\.\d+)(?![\w,]*\d)"),
]
"""Numbers that something measured has: with a spread, with a unit, as an exponent, as so many of so many, in words with
a unit, after "about", and with decimals. They need a source, in the metadata of their cell; for the caption of a
figure, that is the cell of code:

"numbers": {"0.01 bits": "graves2014ntm"}   a work in the bibliography says so
"numbers": {"nine of ten": "cell 24"}       the code cell of this id asserts the numbers, or sets them
"numbers": {"20,000 sequences": "delay.json"}  it stands, rounded, in this file of benchmarks/results; not for counts
"numbers": {"160 bits": "by hand"}          it is given for an example or a trial, worked out in the text,
                                            or found by running the code beside it

Vectors, settings ("β = 0.5", "a rate of 0.01") and fractions in words ("a third") are not asked for.
"""

UNMEASURED = re.compile(
    r"`[^`]*`|\]\([^)]*\)|arXiv:\S+|doi:\S+|\$[^$\n]*\$|\(\d+\.\d+\)"
    r"|[Ss]ections? \d\.\d(?:(?: and|, | to) ?\d\.\d)*|TensorFlow \d[\d.]*"
    r"|\(-?[\d.]+(?:, -?[\d.]+)+\)|\b(?:[Rr]ates?(?: of)?|[α-ω] =) \d*\.?\d+(?: (?:and|or|to) \d*\.\d+)?"
    rf"|(?:\btakes|\bin|\() ?(?:about |some )?{WORD} seconds\b"
)
"""Code, links, formulas, the numbers of equations, sections and versions, vectors, settings, and a cell's own time."""

WRONG = re.compile(r'<details class="answer"><summary>.*?</summary>', re.DOTALL)
"""What a question offers and is not so."""


def numbers_in(text: str) -> set[str]:
    """The numbers of measured kind in a text, folded or not."""
    text = reading_times.EQUATION.sub("", reading_times.BLOCK.sub("", WRONG.sub("", text)))
    text, found = UNMEASURED.sub(" ", text), set()
    for pattern in MEASURED:
        found |= {" ".join(match[1].split()) for match in pattern.finditer(text)}
        text = pattern.sub("_", text)
    return found


def measured_numbers(cell: NotebookNode) -> set[str]:
    """The numbers of measured kind in the text of a cell, or in the caption of its figure."""
    if cell.cell_type == "markdown":
        return numbers_in(cell.source)
    return numbers_in(cell.metadata.get("mystnb", {}).get("figure", {}).get("caption", ""))


def constants(code: str) -> set[float]:
    """The numbers that a cell's code asserts or sets; what stands in its comments and strings does not count."""
    tree = ast.parse(re.sub(r"^[%!].*$", "", code, flags=re.MULTILINE))
    holders = (ast.Assert, ast.Assign, ast.keyword, ast.For)
    nodes = [each for holder in ast.walk(tree) if isinstance(holder, holders) for each in ast.walk(holder)]
    values = [node.value for node in nodes if isinstance(node, ast.Constant)]
    return {float(value) for value in values if type(value) in (int, float)}


def digits_of(number: str) -> str:
    return re.search(r"\d[\d,]*(?:\.\d+)?|\.\d+", number)[0].replace(",", "")


def is_count(number: str) -> bool:
    """Return whether a number is so many of so many, or said in words: too small to be looked for in a file."""
    return MEASURED[3].fullmatch(number) is not None or not re.search(r"\d", number)


def values_of(number: str) -> list[float]:
    """The numbers that must be asserted: both of a count, the first of all others."""
    if not is_count(number):
        return [float(digits_of(number))]
    said = re.findall(rf"(?i)\b(?:{COUNT})\b", number)
    return [float(WORDS.get(each.lower(), 0) or each.replace(",", "").lower().replace("none", "0")) for each in said]


def stands_in(number: str, results: object) -> bool:
    """Return whether the results hold this number, rounded as it is written."""
    digits = digits_of(number)
    if isinstance(results, dict | list):
        return any(stands_in(number, each) for each in (results.values() if isinstance(results, dict) else results))
    decimals = len(digits.partition(".")[2])
    return isinstance(results, int | float) and abs(results - float(digits)) <= 0.5 * 10**-decimals


@pytest.mark.parametrize("path", TRACED, ids=lambda path: path.stem)
def test_every_measured_number_in_the_text_has_a_source(path: Path) -> None:
    chapter = nbformat.read(path, as_version=nbformat.NO_CONVERT)
    bibliography = (ROOT / "references.bib").read_text(encoding="utf-8")
    code = {cell.id: cell.source for cell in chapter.cells if cell.cell_type == "code"}
    for cell in chapter.cells:
        sources = cell.metadata.get("numbers", {})
        assert measured_numbers(cell) == set(sources), f"cell {cell.id} of the text"
        for number, origin in sources.items():
            if origin == "by hand":
                continue
            if origin.startswith("cell "):
                asserted = constants(code[origin.removeprefix("cell ")])
                for value in values_of(number):
                    assert value in asserted or ("%" in number and value / 100 in asserted), f"{cell.id}: {number}"
            elif origin.endswith(".json"):
                assert not is_count(number), f"{cell.id}: {number} needs a cell that counts"
                results = json.loads((ROOT / "benchmarks" / "results" / origin).read_text("utf-8"))
                assert stands_in(number, results), number
            else:
                assert f"{{{origin}," in bibliography, f"{number}: {origin}"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("The loss is 0.043 at the end.", {"0.043"}),
        ("In 8 of 10 seeds it learns, with 32 slots of 16 numbers.", {"8 of 10"}),
        ("Nine of ten seeds learn, none of five LSTMs does.", {"Nine of ten", "none of five"}),
        ("Four lists in five, and one machine of ten.", {"Four lists in five", "one machine of ten"}),
        ("Twenty seconds each, three times as fast.", {"Twenty seconds", "three times as"}),
        ("About thirty of them; exponent 1.2; 3 ± 1.", {"thirty", "exponent 1.2", "3 ± 1"}),
        ("The kernel (0.1, 0.8, 0.1) at β = 0.5 and a rate of 0.01; $0.5$; one of the two.", set()),
        ("Vectors of six bits; this cell takes about ten seconds.", set()),
    ],
)
def test_which_numbers_are_of_measured_kind(text: str, found: set[str]) -> None:
    assert numbers_in(text) == found


# --- how a number is written

BARE = re.compile(r"(?<![\w.\])}\"'/:,{])\.\d+(?!\w|/(?!\d))")
FENCE = re.compile(r"^(`{3,})(?!\{live-figure\}).*?^\1", re.DOTALL | re.MULTILINE)


def strings(code: str) -> Iterator[str]:
    """What a cell's code may print: its strings, without the formats in them."""
    try:
        tree = ast.parse(re.sub(r"^[%!].*$", "", code, flags=re.MULTILINE))
    except SyntaxError:  # a slide's
        return
    formats = [node.format_spec for node in ast.walk(tree) if isinstance(node, ast.FormattedValue) and node.format_spec]
    skipped = {id(part) for each in formats for part in ast.walk(each)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in skipped:
            yield node.value


def written(path: Path) -> Iterator[str]:
    """All that a reader reads of a page or a program, but for its code."""
    if path.suffix == ".py":
        yield from strings(path.read_text(encoding="utf-8"))
        return
    if path.suffix == ".md":
        yield FENCE.sub("", path.read_text(encoding="utf-8"))
        return
    for cell in nbformat.read(path, as_version=nbformat.NO_CONVERT).cells:
        yield json.dumps([cell.metadata.get(key) for key in ("mystnb", "slide_defect")], ensure_ascii=False)
        yield from [FENCE.sub("", cell.source)] if cell.cell_type == "markdown" else strings(cell.source)


def test_a_number_below_1_begins_with_its_zero() -> None:
    """As Python prints it; in text, captions, labels and alternative texts alike."""
    exercises = sorted((ROOT / "exercises").glob("*/*.ipynb"))
    code = [*ROOT.glob("ntm_lib/**/*.py"), *ROOT.glob("benchmarks/*.py"), *ROOT.glob("exercises/pictures/*.py")]
    pages = [ROOT / "index.md", *sorted((ROOT / "book").glob("*.md")), *notebooks(), *exercises, *code]
    found = {path.stem: BARE.findall(text) for path in pages for text in written(path) if BARE.search(text)}
    assert not found
    examples = "is .5, or (.1, .9), $.3$, $1 - .6/8$ and <.001, not 0.5, v.1, .jpg or {:.2f}"
    assert BARE.findall(examples) == [".5", ".1", ".9", ".3", ".6", ".001"]
