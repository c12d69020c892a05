"""`make adopt`: a course's own copy names itself everywhere, and the course it was made from where credit is due."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from exercises.grader import release
from tools import address, adopt, first_cell
from tools.dates import version

ROOT = Path(__file__).resolve().parents[1]
OLD = address.Repository("Grace-H", "course")
NEW = address.Repository("Ada-L", "ntm.2027")


def git(folder: Path, *arguments: str) -> str:
    return subprocess.run(["git", "-C", str(folder), *arguments], check=True, capture_output=True, text=True).stdout


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Every file of the course that holds text, in a repository of its own."""
    folder = tmp_path / "a copy"
    for path in adopt.kept_by_git(ROOT):
        target = folder / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    git(folder, "init", "--quiet")
    as_original(folder)
    return folder


def as_original(folder: Path) -> None:
    """Make these files the original course's, whichever copy of it they are."""
    adopt.adopt(folder, OLD, move=True)
    config, citation = folder / "_config.yml", folder / adopt.CITATION
    lines = config.read_text(encoding="utf-8").splitlines(keepends=True)
    config.write_text("".join(line for line in lines if adopt.CREDIT not in line), encoding="utf-8")
    code = re.sub(r"(?m)^repository-code: .*$", f"repository-code: {OLD.url}", citation.read_text(encoding="utf-8"))
    citation.write_text(code, encoding="utf-8")


def named(folder: Path, repository: address.Repository) -> dict[str, list[str]]:
    """The lines that still name a repository, by file."""
    forms = [f"{repository.owner}/{repository.name}", f"{repository.owner}%2F{repository.name}"]
    forms.append(f"{repository.owner}.github.io".lower())
    found: dict[str, list[str]] = {}
    for path in adopt.kept_by_git(folder):
        text = path.read_text(encoding="utf-8", errors="replace")
        lines = [
            line.strip() for line in text.splitlines() if any(form in line or form in line.lower() for form in forms)
        ]
        if lines:
            found[path.relative_to(folder).as_posix()] = lines
    return found


def test_a_copy_names_itself_and_credits_the_original(copy: Path):
    before = named(copy, OLD)
    assert {"_config.yml", "CITATION.cff", "exercises/release/01_introduction.ipynb"} <= set(before)

    adopt.adopt(copy, NEW)

    left = named(copy, OLD)
    assert set(left) == {"_config.yml", "CITATION.cff"}
    assert left["_config.yml"] == [f'Adapted from <a href="{OLD.url}">Neural Turing Machines, hands on</a>.']
    assert left["CITATION.cff"] == [f"repository-code: {OLD.url}"]
    config = yaml.safe_load((copy / "_config.yml").read_text(encoding="utf-8"))
    assert config["repository"]["url"] == NEW.url == "https://github.com/Ada-L/ntm.2027"
    assert config["html"]["extra_footer"].endswith("hands on</a>.")
    assert set(before) - {"CITATION.cff"} <= set(named(copy, NEW))
    assert first_cell.main(["--check"], copy) == 0


def test_the_exercises_of_a_copy_are_those_that_its_sources_make(copy: Path, monkeypatch):
    adopt.adopt(copy, NEW)
    monkeypatch.setattr(release, "FOLDER", copy / "exercises")
    kept = (copy / "exercises/release/04_read_write.ipynb").read_text(encoding="utf-8")
    notebook = release.sources.load(copy / "exercises/source/04_read_write.ipynb")
    release.put_cases(notebook, release.sources.read(copy / "exercises/source/04_read_write.ipynb"))
    made = release.as_file(
        release.released(notebook, release.sources.read(copy / "exercises/source/04_read_write.ipynb"))
    )
    assert made == kept
    assert f"{NEW.url}/raw/v{version(ROOT)}/exercises/release/check.py" in made


def test_a_second_time_changes_nothing_and_a_copy_of_a_copy_credits_the_first(copy: Path):
    assert adopt.adopt(copy, NEW)
    assert adopt.adopt(copy, NEW) == []
    adopt.adopt(copy, address.Repository("bob", "ntm"))
    assert named(copy, NEW) == {}
    assert "".join(named(copy, OLD)["_config.yml"]).count("Adapted from") == 1


def test_a_course_that_moves_moves_its_citation(copy: Path):
    adopt.adopt(copy, NEW, move=True)
    assert named(copy, OLD) == {}
    assert f"repository-code: {NEW.url}" in (copy / "CITATION.cff").read_text(encoding="utf-8")


def test_all_forms_of_an_address_are_known_and_names_beside_it_are_not():
    old = address.Repository("ann", "ntm")
    text = (
        "https://raw.githubusercontent.com/ann/ntm/main https://mybinder.org/v2/gh/ann/ntm/HEAD?urlpath=x%2Fann%2Fntm "
        "https://ann.github.io/ntm/book/a.html git+https://github.com/ann/ntm.git https://ann.github.io/ntm. "
    )
    new = adopt.renamed(text, old, NEW)
    assert "ann" not in new
    assert "https://ada-l.github.io/ntm.2027/book/a.html" in new
    assert "https://github.com/Ada-L/ntm.2027.git" in new
    other = "joann/ntm ann/ntm-2 ann/ntm.2 ann/ntmx https://github.com/ann/other https://ann.github.io/other/"
    assert adopt.renamed(other, old, NEW) == other


@pytest.mark.parametrize("owner", ["", "ann lee", "-ann", "ann-", "a--b", "ann/ntm", "a" * 40, "ann;rm"])
def test_owners_that_cannot_be_are_refused(owner: str):
    with pytest.raises(ValueError, match=r"OWNER: received .*, expected a user or an organisation"):
        address.repository(owner, "ntm")


@pytest.mark.parametrize("name", ["", ".", "..", "ntm.git", "a/b", "ntm 2", "x" * 101, "ntm\n"])
def test_names_that_cannot_be_are_refused(name: str):
    with pytest.raises(ValueError, match=r"REPO: received .*, expected the name of a repository"):
        address.repository("ann", name)


def test_the_command_says_what_is_wrong_and_changes_nothing(capsys):
    before = git(ROOT, "status", "--porcelain")
    assert adopt.main(["--owner", "ann lee", "--repo", "ntm"]) == 2
    assert "error: OWNER: received 'ann lee'" in capsys.readouterr().err
    assert git(ROOT, "status", "--porcelain") == before


def test_the_pages_of_a_repository():
    assert address.Repository("Ann", "ntm").pages == "https://ann.github.io/ntm/"
    assert address.Repository("Ann", "Ann.github.io").pages == "https://ann.github.io/"
