"""`make` and the build: what is executed again and when, and one clear line where something is missing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from tools.book import forget_unused_pictures

ROOT = Path(__file__).resolve().parents[1]
TOC = "format: jb-book\nroot: index\nchapters:\n  - file: book/one\n"
INDEX = "# A small book\n\nSee {cite}`graves2014ntm`.\n\n```{bibliography}\n```\n"
CODE = ("import sys; sys.path.insert(0, '..')", "from ntm_lib.answer import ANSWER", "print('got', ANSWER)")


class SmallBook:
    """The real frame around one small notebook that depends on one small library."""

    def __init__(self, folder: Path):
        self.folder = folder
        for name in ("_config.yml", "references.bib", "requirements.txt", "pyproject.toml"):
            shutil.copy(ROOT / name, folder)
        for name in ("_ext", "assets", "tools"):
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        self.write("_toc.yml", TOC)
        self.write("index.md", INDEX)
        self.write("ntm_lib/answer.py", "ANSWER = 42\n")
        self.notebook(*CODE)

    def write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def notebook(self, *code: str, text: str = "# One", tags: tuple[str, ...] = ()) -> None:
        cells = [new_markdown_cell(text, id="title")]
        cells += [new_code_cell(line, id=f"c{i}", metadata={"tags": list(tags)}) for i, line in enumerate(code)]
        metadata = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
        self.write("book/one.ipynb", nbformat.writes(new_notebook(cells=cells, metadata=metadata)))

    def build(self) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, self.folder / "tools" / "book.py"]
        return subprocess.run(command, cwd=self.folder, capture_output=True, text=True, check=False)

    @property
    def page(self) -> str:
        return (self.folder / "_build" / "html" / "book" / "one.html").read_text(encoding="utf-8")


@pytest.fixture
def small_book(tmp_path) -> SmallBook:
    folder = tmp_path / "a small book"
    folder.mkdir()
    return SmallBook(folder)


@pytest.mark.slow
def test_notebooks_are_executed_when_and_only_when_they_must_be(small_book):
    first = small_book.build()
    assert first.returncode == 0, first.stdout + first.stderr
    assert "one.ipynb: executed" in first.stdout
    assert "got 42" in small_book.page
    address = (small_book.folder / "_build/html/index.html").as_uri()
    assert first.stdout.splitlines()[-1].endswith(f"Open {address}")

    small_book.notebook(*CODE, text="# One, with other words")
    reworded = small_book.build()
    assert reworded.returncode == 0
    assert "one.ipynb: executed" not in reworded.stdout + reworded.stderr
    assert "with other words" in small_book.page

    small_book.write("ntm_lib/answer.py", "ANSWER = 43\n")
    changed = small_book.build()
    assert changed.returncode == 0
    assert "got 43" in small_book.page


@pytest.mark.slow
def test_a_failing_notebook_and_a_widget_fail_every_build_until_they_are_repaired(small_book):
    small_book.notebook("assert 1 + 1 == 3")
    failed = small_book.build()
    assert failed.returncode != 0
    assert "AssertionError" in failed.stdout + failed.stderr
    assert "the book was not built" in failed.stderr

    small_book.notebook("import ipywidgets", "ipywidgets.IntSlider()")
    for _ in range(2):
        failed = small_book.build()
        assert failed.returncode != 0
        assert "a Jupyter widget is empty in a page without a kernel" in failed.stdout + failed.stderr

    small_book.notebook("assert 1 + 1 == 3", tags=("raises-exception",))
    assert small_book.build().returncode == 0


def programs(folder: Path, **scripts: str) -> Path:
    """A folder for PATH with the ordinary tools of a shell and the given scripts."""
    folder.mkdir(exist_ok=True)
    for name in ("sh", "awk", "make", "touch", "rm", "mkdir", "cat", "env"):
        (folder / name).symlink_to(shutil.which(name))
    for name, body in scripts.items():
        script = folder / name.replace("_", ".")
        script.write_text(f"#!/bin/sh\n{body}\n")
        script.chmod(0o755)
    return folder


def make(folder: Path, path: Path, *targets: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": str(path), "HOME": os.environ.get("HOME", "/"), **variables}
    return subprocess.run(["make", *targets], cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture
def fresh_copy(tmp_path) -> Path:
    folder = tmp_path / "a fresh copy"
    (folder / "tools").mkdir(parents=True)
    locks = ("requirements.txt", "requirements-dev.txt", "requirements-reuse.txt")
    for name in ("Makefile", *locks, "pyproject.toml", "tools/environment.sh"):
        shutil.copy(ROOT / name, folder / name)
    return folder


SUPPLY = ("lock", "audit", "licences")
PRINTING = ("learn", "pdf", "epub", "release", "reproducible")
PUBLISHING = (*PRINTING, "links", "services", "binder", "accessibility", "adopt")
EXERCISES = ("exercises", "students", "grade", "nbgrader")


def test_make_alone_prints_its_targets(fresh_copy, tmp_path):
    result = make(fresh_copy, programs(tmp_path / "bin"))
    printed = [line.split()[1] for line in result.stdout.splitlines()]
    first = ["help", "book", "test", "notebooks", "lint", *SUPPLY, "serve", "lab", "bench", "lighthouse"]
    assert printed == [*first, *PUBLISHING, *EXERCISES, "clean"]


OLD = 'case "$*" in *version_info*) exit 1;; esac'


@pytest.mark.parametrize("scripts", [{}, {"python3": OLD}], ids=["no Python", "a Python too old or too new"])
def test_make_without_a_suitable_python_says_so(fresh_copy, tmp_path, scripts):
    result = make(fresh_copy, programs(tmp_path / "bin", **scripts), "book")
    assert result.returncode != 0
    assert result.stderr.startswith("error: Python 3.11, 3.12 or 3.13 was not found")


def test_make_with_a_python_without_venv_says_so(fresh_copy, tmp_path):
    no_venv = 'case "$*" in *ensurepip*) exit 1;; esac'
    result = make(fresh_copy, programs(tmp_path / "bin", python3=no_venv), "book")
    assert result.returncode != 0
    assert result.stderr.startswith("error: python3 has no venv module")


def test_make_without_a_network_says_so(fresh_copy, tmp_path):
    path = programs(tmp_path / "bin", python3_11=f'exec "{sys.executable}" "$@"')
    result = make(fresh_copy, path, "book", PIP_NO_INDEX="1", PIP_FIND_LINKS="")
    assert result.returncode != 0
    assert "error: pip could not install the requirements" in result.stderr
    assert "is this machine online?" in result.stderr
    assert not (fresh_copy / ".venv" / ".book").exists()


def test_a_picture_that_no_page_shows_any_more_is_not_kept(tmp_path: Path) -> None:
    (tmp_path / "_images").mkdir()
    for name in ("old.png", "shown.png"):
        (tmp_path / "_images" / name).touch()
    (tmp_path / "book").mkdir()
    (tmp_path / "book" / "one.html").write_text('<img src="../_images/shown.png">')
    forget_unused_pictures(tmp_path)
    assert [path.name for path in (tmp_path / "_images").iterdir()] == ["shown.png"]
