"""Every hostile submission gets its own verdict and points, and none stops the batch or harms its neighbours."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import pytest
from exercise_class import SMALL, grade, require_sandbox

from exercises.grader import batch, exports, hand_marking, reports, submissions
from exercises.hostile import corpus, course

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="the grader needs Linux")]
Graded = tuple[Path, dict[str, corpus.Wanted], batch.Outcome]


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Graded:
    require_sandbox()
    folder = tmp_path_factory.mktemp("hostile")
    wanted = corpus.write(folder / "in")
    outcome = grade(folder / "in", folder / "out", batch.Way(SMALL), workers=2)
    return folder, {submissions._text(name): want for name, want in wanted.items()}, outcome


def test_the_corpus_is_large() -> None:
    names = [attack.name for attack in corpus.ATTACKS]
    assert len(names) == len(set(names)) >= 50


def test_every_file_gets_its_verdict_and_points(graded: Graded) -> None:
    _, wanted, outcome = graded
    assert outcome.broken == {}
    assert sorted(record["file"] for record in outcome.records) == sorted(wanted)
    wrong = []
    for record in outcome.records:
        want = wanted[record["file"]]
        first = record["questions"][0] if record["questions"] else {"verdict": "", "reasons": ""}
        got = corpus.Wanted(record["verdict"], record["points"], first["verdict"] if want.question else "")
        if got != want:
            wrong.append((record["file"], got, want, first["reasons"]))
    assert not wrong


def test_the_other_questions_keep_what_they_earned(graded: Graded) -> None:
    for record in graded[2].records:
        if record["file"].startswith("attack_"):
            assert [question["points"] for question in record["questions"][1:]] == [4, 4], record["file"]


def test_tables_and_reports_survive(graded: Graded) -> None:
    folder, wanted, outcome = graded
    out, found = folder / "out", submissions.find(folder / "in", [course.NAME])
    merged = hand_marking.merge(out, outcome.records)
    exports.write_grades(out, merged, found, {})
    reports.write_all(out, merged, {})
    with (out / "grades.csv").open(encoding="utf-8", newline="") as stream:
        lines = list(csv.reader(stream))
    assert len(lines) == len(wanted) + 1
    assert not [cell for line in lines for cell in line if cell.startswith(("=", "+", "-", "@"))]
    pages = list((out / "reports").iterdir())
    assert len(pages) == len(wanted) and all(page.parent == out / "reports" for page in pages)
    assert not [page.name for page in pages if "<script" in page.read_text(encoding="utf-8")]
    assert max(page.stat().st_size for page in pages) < 300_000


def test_nothing_ran_outside(graded: Graded) -> None:
    assert graded and not Path("/tmp/hostile-pickle-ran").exists()
