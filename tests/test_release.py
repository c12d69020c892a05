"""`make release`: one version everywhere, archives that depend on their contents alone, pages that work unpacked."""

from __future__ import annotations

import os
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from tools import archives, release
from tools.dates import last_change

ROOT = Path(__file__).resolve().parents[1]
STATED = ("pyproject.toml", "ntm_lib/__init__.py", "CITATION.cff", "CHANGELOG.md")


@pytest.fixture
def course(tmp_path: Path) -> Path:
    """The files that state a version, committed."""
    folder = tmp_path / "course"
    for name in STATED:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, folder / name)
    commit(folder)
    return folder


def commit(folder: Path) -> None:
    person = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
    for words in (["init", "--quiet"], ["add", "."], [*person, "commit", "--quiet", "--allow-empty", "-m", "x"]):
        subprocess.run(["git", "-C", str(folder), *words], check=True, capture_output=True)


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def number() -> str:
    return release.versions(ROOT)["pyproject.toml"]


def test_one_version_is_stated_everywhere():
    assert len(set(release.versions(ROOT).values())) == 1


def test_a_release_without_a_tag_asks_for_one_version_and_a_clean_tree(course: Path):
    release.check(course)
    replace(course / "CITATION.cff", f"version: {number()}", "version: 9.9.9")
    with pytest.raises(ValueError, match=r"expected one version in all of .*CITATION\.cff\. Received .*9\.9\.9"):
        release.check(course)
    replace(course / "CITATION.cff", "version: 9.9.9", f"version: {number()}\n# changed")
    with pytest.raises(
        ValueError, match=r"expected everything to be committed\. Received 1 changed files, such as CITATION"
    ):
        release.check(course)


def test_a_tag_is_that_of_the_version_and_has_its_part_of_the_changelog(course: Path):
    with pytest.raises(ValueError, match=rf"TAG: received 'v9', expected 'v{number()}'"):
        release.check(course, "v9")
    with pytest.raises(ValueError, match=rf"CHANGELOG\.md: expected a heading ## \[{number()}\]"):
        release.check(course, f"v{number()}")
    replace(course / "CHANGELOG.md", "## [Unreleased]\n", f"## [Unreleased]\n\n## [{number()}] - 2026-11-26\n")
    commit(course)
    release.check(course, f"v{number()}")
    assert release.notes(course, number()).strip().startswith("### Added")
    assert release.notes(course, "Unreleased").strip() == ""


def test_a_folder_without_git_is_refused(tmp_path: Path):
    for name in STATED:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copyfile(ROOT / name, tmp_path / name)
    with pytest.raises(ValueError, match="expected a clone of the course"):
        release.check(tmp_path)


def test_an_archive_depends_on_names_and_contents_alone(tmp_path: Path):
    made = []
    for place, names, mode, age in (("a", "xyz", 0o600, 1e9), ("b", "zyx", 0o755, 1.5e9)):
        folder = tmp_path / place
        (folder / "inner").mkdir(parents=True)
        for name in names:
            path = folder / "inner" / f"{name}.txt"
            path.write_text(name * 1000)
            path.chmod(mode)
            os.utime(path, (age, age))
        (folder / ".buildinfo").write_text(place)
        archives.write_zip(tmp_path / f"{place}.zip", archives.tree(folder, "book"), 1_700_000_000)
        made.append((tmp_path / f"{place}.zip").read_bytes())
    assert made[0] == made[1]
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert archive.namelist() == ["book/inner/x.txt", "book/inner/y.txt", "book/inner/z.txt"]
        assert archive.read("book/inner/y.txt") == b"y" * 1000


def test_the_last_change_is_that_of_the_commit_or_what_is_said(course: Path, monkeypatch):
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    said = subprocess.run(["git", "-C", str(course), "log", "-1", "--format=%ct"], capture_output=True, text=True)
    assert last_change(course) == int(said.stdout)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1234567890")
    assert last_change(course) == 1_234_567_890


@pytest.mark.pages
def test_the_pages_of_the_archive_work_unpacked_and_ask_no_other_machine(built_book: Path, browser, tmp_path: Path):
    archives.write_zip(tmp_path / "book.zip", archives.tree(built_book, "book"), 1_700_000_000)
    place = tmp_path / "a stick with spaces"
    shutil.unpack_archive(tmp_path / "book.zip", place)
    requests, problems = [], []
    context = browser.new_context()
    page = context.new_page()
    page.on("request", lambda request: requests.append(request.url))
    # a request that is cut off because the page is left is no fault of the archive
    page.on("requestfailed", lambda request: request.failure != "net::ERR_ABORTED" and problems.append(request.url))
    page.on("pageerror", lambda error: problems.append(str(error)))
    for name in ("index", "book/03_addressing"):
        page.goto((place / "book" / f"{name}.html").as_uri())
        page.evaluate("async () => await window.MathJax?.startup.promise")
    assert page.locator("mjx-container").count() > 20
    assert problems == []
    page.goto((place / "book" / "search.html").as_uri() + "?q=sharpening")
    page.wait_for_selector("#search-results ul.search li a", timeout=10_000)
    context.close()
    inside = (place.as_uri(), "data:", "blob:")
    assert [address for address in requests if not address.startswith(inside)] == []


def test_notebooks_that_fetch_another_release_are_refused(course: Path):
    notebook = course / "book" / "06_copy.ipynb"
    notebook.parent.mkdir(exist_ok=True)
    text = (ROOT / "book" / notebook.name).read_text(encoding="utf-8")
    notebook.write_text(text.replace(f"--branch=v{number()}", "--branch=v0.0.9"), encoding="utf-8")
    commit(course)
    with pytest.raises(ValueError, match=rf"06_copy\.ipynb: fetches v0\.0\.9, expected v{number()}; run python tools/"):
        release.check(course)
