"""The student edition: complete for a student, and empty of what gives answers away."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from exercises.grader import sources, students
from exercises.student.notebook import plain_words

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def edition(tmp_path_factory):
    out = tmp_path_factory.mktemp("students")
    students.write(out)
    return out


def files(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_it_holds_book_library_releases_and_environment(edition):
    found = files(edition)
    for path in (ROOT / "exercises" / "release").glob("*.*"):
        assert f"exercises/release/{path.name}" in found
    assert {"requirements.txt", "pyproject.toml", "README.md", "LICENSE", "index.md"} <= found
    assert {"book/01_introduction.ipynb", "ntm_lib/__init__.py", "ntm_lib/reference.py"} <= found
    assert any(name.startswith("benchmarks/results/") for name in found)  # cells of the book read them
    assert any(name.startswith("ntm_lib/pretrained/") for name in found)


def test_it_holds_every_file_that_a_chapter_opens(edition):
    text = "".join(path.read_text(encoding="utf-8") for path in (edition / "book").glob("*.ipynb"))
    opened = set(re.findall(r'\\"\.\./((?:benchmarks|ntm_lib)/[\w./]*)\\"', text))
    assert "benchmarks/paper_curves.csv" in opened
    assert [name for name in sorted(opened) if not (edition / name).exists()] == []


def test_it_holds_every_script_that_a_chapter_names_or_imports(edition):
    text = "".join(path.read_text(encoding="utf-8") for path in (edition / "book").glob("*.ipynb"))
    named = set(re.findall(r"\b(benchmarks/\w+\.py)", text))
    imported = {f"benchmarks/{name}.py" for name in re.findall(r"\bimport (\w+)", text)}
    scripts = named | {name for name in imported if (ROOT / name).exists()}
    assert {"benchmarks/targets.py", "benchmarks/convergence.py"} <= scripts
    assert [name for name in sorted(scripts) if not (edition / name).exists()] == []


def test_it_holds_no_source_solution_hidden_case_grader_test_or_history(edition):
    found = files(edition)
    assert not [name for name in found if name.startswith((".git/", "tests/", "exercises/source", "exercises/grader"))]
    assert {Path(name).parent.as_posix() for name in found if name.startswith("exercises/")} == {"exercises/release"}
    text = "\n".join((edition / name).read_text(encoding="utf-8", errors="replace") for name in sorted(found))
    for source in sorted((ROOT / "exercises" / "source").glob("*.ipynb")):
        for line in sources.secret_lines(source, students.LONG, hidden=False):
            assert students.as_in_json(line) not in text, line
    assert sources.HIDDEN[0] not in text and sources.SOLUTION[0] not in text


def test_nothing_in_it_needs_what_is_left_out(edition):
    """The library and check.py work from this tree alone."""
    code = "import sys; sys.path[:0] = ['.', 'exercises/release']; import check, ntm_lib; print(ntm_lib.__file__)"
    done = subprocess.run([sys.executable, "-c", code], cwd=edition, capture_output=True, text=True, check=True)
    assert str(edition) in done.stdout


def test_it_replaces_itself_and_keeps_git(tmp_path):
    students.write(tmp_path)
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "HEAD").write_text("kept")
    (tmp_path / "book" / "old.ipynb").write_text("{}")
    students.write(tmp_path)
    assert (tmp_path / ".git" / "HEAD").read_text() == "kept"
    assert not (tmp_path / "book" / "old.ipynb").exists()


def test_it_does_not_overwrite_something_else(tmp_path):
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(ValueError, match=r"thesis\.tex and no STUDENT_EDITION"):
        students.write(tmp_path)
    assert files(tmp_path) == {"thesis.tex"}


def test_a_leak_stops_it(tmp_path):
    """A release that still holds a line of its solution is not served."""
    root = tmp_path / "course"
    for folder in ("source", "release"):
        (root / "exercises" / folder).mkdir(parents=True)
    (root / "_config.yml").write_text("title: A course\n")
    name = "01_introduction.ipynb"
    source = (ROOT / "exercises" / "source" / name).read_text(encoding="utf-8")
    (root / "exercises" / "source" / name).write_text(source, encoding="utf-8")
    (root / "exercises" / "release" / name).write_text(source, encoding="utf-8")
    with pytest.raises(ValueError, match="students must not see; nothing is written"):
        students.write(tmp_path / "out", root)
    assert not (tmp_path / "out").exists()
    released = json.loads((ROOT / "exercises" / "release" / name).read_text(encoding="utf-8"))
    (root / "exercises" / "release" / name).write_text(json.dumps(released, ensure_ascii=False), encoding="utf-8")
    assert students.write(tmp_path / "out", root)


@pytest.mark.pages
def test_the_built_book_holds_no_line_of_a_solution(built_book):
    text = "\n".join(plain_words(page.read_text(encoding="utf-8")) for page in sorted(built_book.rglob("*.html")))
    for source in sorted((ROOT / "exercises" / "source").glob("*.ipynb")):
        for line in sources.secret_lines(source, students.LONG, hidden=False):
            assert line not in text, line


def test_without_an_address_check_comes_from_the_release_of_this_version_and_the_cure_is_told(tmp_path, capsys):
    students.write(tmp_path)
    text = (tmp_path / "exercises" / "release" / "01_introduction.ipynb").read_text(encoding="utf-8")
    number = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert f"/raw/v{number}/exercises/release/check.py" in text and "/raw/main/" not in text
    assert "make students REPOSITORY=https://github.com/OWNER/NAME" in capsys.readouterr().out


def test_its_notebooks_fetch_check_from_the_class(tmp_path):
    students.write(tmp_path, repository="https://github.com/some-school/ntm-2027")
    for release in (tmp_path / "exercises" / "release").glob("*.ipynb"):
        text = release.read_text(encoding="utf-8")
        assert "https://github.com/some-school/ntm-2027/raw/main/exercises/release/check.py" in text
        assert students.raw_address(ROOT) not in text
    for chapter in (tmp_path / "book").glob("*.ipynb"):
        first = json.loads(chapter.read_text(encoding="utf-8"))["cells"][1]["source"]
        assert '"--branch=main", "https://github.com/some-school/ntm-2027", course]' in "".join(first)


@pytest.mark.parametrize("repository", ["some-school/ntm", "http://github.com/a/b", "https://github.com/a b/c"])
def test_an_address_that_is_none_is_refused(repository, tmp_path):
    with pytest.raises(ValueError, match=r"expected one like https://github.com/OWNER/NAME"):
        students.write(tmp_path, repository=repository)
    assert not list(tmp_path.iterdir())
