"""The list of what others wrote is whole: the locked packages, and each file of the built pages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pages import ROOT

from tools import audit, licences

LISTED = (ROOT / "THIRD-PARTY.md").read_text(encoding="utf-8")


def names(title: str) -> set[str]:
    part = LISTED.partition(f"## {title}\n")[2].partition("\n## ")[0]
    return set(re.findall(r"^\| ([\w.-]+) \|", part, re.MULTILINE)) - {"package", "files"}


def test_the_texts_in_the_folder_of_licences_are_those_that_hold() -> None:
    text = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "LICENSES").iterdir()}
    assert text["CC-BY-4.0.txt"] == (ROOT / "LICENSE-TEXT").read_text(encoding="utf-8")
    assert text["Apache-2.0.txt"] == (ROOT / "assets/mathjax/LICENSE").read_text(encoding="utf-8")
    ours = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert text["MIT.txt"].split("\n", 3)[3] == ours.split("\n", 3)[3]


def test_every_locked_package_of_every_system_is_listed() -> None:
    locks = [lock for lock in audit.LOCKS if not lock.startswith(".binder")]
    locked = {entry["name"] for lock in locks for entry in audit.entries(lock)}
    elsewhere = {entry["name"] for lock in locks for entry in audit.entries(lock) if entry["marker"]}
    assert locked - elsewhere <= names("Installed, not part of the course"), "make licences"
    assert names("Installed, not part of the course") <= locked, "make licences"


def test_what_is_vendored_is_listed() -> None:
    assert licences.vendored()
    assert all(line in LISTED for line in licences.vendored()), "make licences"


@pytest.mark.pages
def test_every_file_of_the_built_pages_is_the_courses_or_a_listed_packages(built_book: Path) -> None:
    bring_files = set(licences.bundled(built_book))
    assert bring_files <= names("In the built pages"), "make licences"
    texts = (built_book / "licences.txt").read_text(encoding="utf-8").lower().replace("_", "-")
    parts = re.split(r"\n=+\n(.+) [\d.]+\n=+\n", texts)
    assert {name for name, text in zip(parts[1::2], parts[2::2], strict=True) if "copyright" in text} >= {
        name.replace("_", "-") for name in bring_files
    }


def test_a_file_from_nowhere_is_refused(tmp_path: Path) -> None:
    (tmp_path / "_static").mkdir()
    (tmp_path / "_static" / "strange.js").write_text("/*! Licensed by somebody */")
    (tmp_path / "index.html").write_text("<p>ours</p>")
    with pytest.raises(ValueError, match=r"neither the course's nor a package's: _static/strange\.js"):
        licences.bundled(tmp_path)


def test_the_words_of_a_banner_are_kept(tmp_path: Path) -> None:
    (tmp_path / "a.js").write_text("/*!\n * Part 1.0\n * Licensed MIT\n */ code()")
    (tmp_path / "b.js").write_text("/*! For license information please see a.txt */ code()")
    assert licences.banners(tmp_path.iterdir()) == ["Part 1.0 / Licensed MIT"]
