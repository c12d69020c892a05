"""The first cell of each notebook: one text, and on a service without the course it fetches the release."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from pages import ROOT, notebooks

sys.path.insert(0, str(ROOT / "tools"))
import first_cell

TAG = f"v{first_cell.version(ROOT)}"
PIP = """import pathlib, sys
here = pathlib.Path(__file__).resolve().parents[1]
with (here / "calls.txt").open("a") as calls:
    print(*sys.argv[1:], file=calls)
(here / "ntm_lib.py").touch()
"""
RUN = """import os, pathlib
cell = pathlib.Path(os.environ["CELL"]).read_text()
for _ in range(int(os.environ["TIMES"])):
    exec(cell)
print(os.getcwd())
"""


class Service:
    """A computer as on Colab: git and Python, no ntm_lib, another folder. Its pip only notes how it was called."""

    def __init__(self, folder: Path):
        self.home, self.site, self.origin = folder / "my drive", folder / "site", folder / "origin"
        (self.site / "pip").mkdir(parents=True)
        (self.site / "pip" / "__main__.py").write_text(PIP)
        (self.site / "pip" / "__init__.py").touch()
        self.cell = folder / "cell.py"
        self.cell.write_text(first_cell.source(ROOT))
        self.home.mkdir()

    def publish(self, tag: str) -> None:
        """Make the repository, with a commit after its release."""
        for place in ("book", "ntm_lib"):
            (self.origin / place).mkdir(parents=True)
            (self.origin / place / "released").touch()
        git = ["git", "-C", str(self.origin), "-c", "user.name=a", "-c", "user.email=a@b"]
        for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "released"], ["tag", tag]):
            subprocess.run([*git, *command], check=True)
        (self.origin / "book" / "later").touch()
        for command in (["add", "."], ["commit", "-qm", "later"]):
            subprocess.run([*git, *command], check=True)

    def run(self, times: int = 1, path: str | None = None) -> subprocess.CompletedProcess[str]:
        environment = {
            "PATH": path or os.environ["PATH"],
            "PYTHONPATH": str(self.site),
            "CELL": str(self.cell),
            "TIMES": str(times),
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": f"url.{self.origin.as_uri()}.insteadOf",
            "GIT_CONFIG_VALUE_0": first_cell.address(ROOT),
        }
        command = [sys.executable, "-S", "-c", RUN]  # -S: without the packages that are installed here
        return subprocess.run(command, cwd=self.home, env=environment, capture_output=True, text=True, check=False)

    @property
    def calls(self) -> list[str]:
        noted = self.site / "calls.txt"
        return noted.read_text().splitlines() if noted.exists() else []


@pytest.fixture
def service(tmp_path) -> Service:
    return Service(tmp_path)


def test_every_notebook_has_the_cell():
    assert first_cell.main(["--check"]) == 0


def test_it_fetches_the_release_once_and_works_in_its_book(service):
    service.publish(TAG)
    done = service.run(times=2)
    assert done.returncode == 0, done.stderr
    course = Path(done.stdout.strip()).parent
    assert course.parent == service.home
    assert Path(done.stdout.strip()).name == "book"
    assert (course / "book" / "released").exists()
    assert not (course / "book" / "later").exists(), "it is the tag, not the branch"
    assert service.calls == [f"install --quiet --no-deps lazy-loader {course}"]

    restarted = service.run()  # a new kernel, with ntm_lib installed, in the folder that it starts in
    assert restarted.stdout == done.stdout
    assert len(service.calls) == 1


def test_what_an_interrupted_run_left_is_completed(service):
    service.publish(TAG)
    service.run()
    (service.site / "ntm_lib.py").unlink()
    assert service.run().returncode == 0
    assert len(service.calls) == 2


def test_where_the_course_cannot_be_reached_it_says_so(service):
    done = service.run()
    assert done.returncode != 0
    assert "git could not fetch the course. Is this machine online?" in done.stderr
    assert "does not appear to be a git repository" in done.stderr or "does not exist" in done.stderr


def test_a_release_that_is_not_there_is_named(service):
    service.publish("v0.0.0")
    assert f"Remote branch {TAG} not found" in service.run().stderr


def test_where_ntm_lib_is_installed_nothing_happens(service, tmp_path):
    (service.site / "ntm_lib.py").touch()
    done = service.run(path=str(tmp_path))  # no git to be found either
    assert (done.returncode, done.stdout.strip()) == (0, str(service.home))
    assert (service.calls, list(service.home.iterdir())) == ([], [])


def test_in_the_folder_of_the_course_nothing_is_fetched(service):
    (service.home.parent / "ntm_lib").mkdir()  # another kernel was chosen: the next cell says what is missing
    done = service.run()
    assert (done.returncode, done.stdout.strip(), service.calls) == (0, str(service.home), [])


def test_a_new_version_or_address_reaches_every_notebook(tmp_path, capsys):
    (tmp_path / "book").mkdir()
    for path in notebooks():
        shutil.copy(path, tmp_path / "book")
    for name, old, new in (
        ("pyproject.toml", f'version = "{TAG[1:]}"', 'version = "9.8.7"'),
        ("_config.yml", first_cell.address(ROOT), "https://example.org/class/our-course"),
    ):
        text = (ROOT / name).read_text(encoding="utf-8")
        assert text.count(old) == 1
        (tmp_path / name).write_text(text.replace(old, new), encoding="utf-8")
    assert first_cell.main(["--check"], tmp_path) == 1
    assert capsys.readouterr().err.count("is not what tools/first_cell.py writes") == len(notebooks())
    assert first_cell.main([], tmp_path) == 0
    assert first_cell.main(["--check"], tmp_path) == 0
    cell = nbformat.read(tmp_path / "book" / "06_copy.ipynb", as_version=4).cells[1]
    assert '"--branch=v9.8.7", "https://example.org/class/our-course", course]' in cell.source
    assert '"course-v9.8.7"' in cell.source


def test_a_notebook_without_the_cell_is_refused():
    notebook = nbformat.read(ROOT / "book" / "06_copy.ipynb", as_version=4)
    del notebook.cells[1]
    assert "expected one cell 'fetch-the-course'" in first_cell.wrong(notebook, first_cell.source(ROOT))
