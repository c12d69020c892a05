"""The errata of the course: the file is checked, the page shows its entries, the buttons lead to the form."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml
from bs4 import BeautifulSoup
from pages import ROOT, page_names

sys.path.insert(0, str(ROOT / "_ext"))
import course_errata

PAGES, VERSIONS = ["index", "book/03_addressing"], ["0.2.0", "0.1.0"]
FORMS = ROOT / ".github" / "ISSUE_TEMPLATE"

ENTRY = """
- page: book/03_addressing
  cell: equation (8)
  text: |
    The sum runs over
    *three* entries.
  correction: It runs over all $N$.
  date: 2026-12-01
  reporter: A Reader
  fixed_in: 0.2.0
"""
SHORT = """
- page: index
  text: two
  correction: three
  date: 2026-11-30
"""


def test_the_file_of_the_course_is_well_formed() -> None:
    course_errata.read()


def test_entries_are_read_as_text() -> None:
    first, second = course_errata.errata(ENTRY + SHORT, PAGES, VERSIONS)
    assert (first["fixed_in"], first["date"]) == ("0.2.0", "2026-12-01")
    assert second == {"page": "index", "text": "two", "correction": "three", "date": "2026-11-30"}


WRONG = {
    "page: a": ("errata.yml must be a list of entries", "Received: {'page': 'a'}"),
    "- [": ("errata.yml must be YAML", "line 1"),
    "- words": ("entry 1 must be a mapping of page, cell", "Received: 'words'"),
    ENTRY.replace("  date: 2026-12-01\n", ""): ("entry 1 must have the fields page, text, correction, date", "cell"),
    ENTRY.replace("cell:", "sell:"): ("entry 1 must have no fields but page, cell, ", "sell"),
    ENTRY.replace("03_addressing", "03_adressing"): ("page must be a page of _toc.yml", "'book/03_adressing'"),
    ENTRY.replace("2026-12-01", "1 December"): ("date must be a day such as 2026-12-01", "'1 December'"),
    ENTRY.replace("2026-12-01", "2026-02-30"): ("date must be a day", "'2026-02-30'"),
    ENTRY.replace("0.2.0", "0.3.0"): ("fixed_in must be a released version", "'0.3.0'"),
    ENTRY.replace("A Reader", '" "'): ("reporter must be text: a name", "' '"),
    ENTRY.replace("It runs over all $N$.", "[a, b]"): ("correction must be text", "['a', 'b']"),
    SHORT + ENTRY: ("entry 2, date must not be after that of the entry above, 2026-11-30", "2026-12-01"),
}


@pytest.mark.parametrize("text", WRONG)
def test_what_is_wrong_is_named_with_entry_and_field(text: str) -> None:
    expected, received = WRONG[text]
    with pytest.raises(ValueError, match=r"errata\.yml") as error:
        course_errata.errata(text, PAGES, VERSIONS)
    assert expected in str(error.value)
    assert received in str(error.value)


def test_the_page_tells_place_text_correction_date_reporter_and_version() -> None:
    lines = "\n".join(course_errata.as_text(course_errata.errata(ENTRY + SHORT, PAGES, VERSIONS), VERSIONS))
    for part in (
        "**[](/book/03_addressing)**, equation (8). Found on 2026-12-01 by A Reader. Fixed in version 0.2.0.",
        "> The sum runs over\n> *three* entries.\n",
        "Right is: It runs over all $N$.",
        "**[](/index)**. Found on 2026-11-30. Not fixed in a released version.",
    ):
        assert part in lines


def test_without_an_entry_the_page_says_why() -> None:
    assert "No version has been released" in "".join(course_errata.as_text([], []))
    assert "The newest is 0.2.0" in "".join(course_errata.as_text([], VERSIONS))


def test_versions_are_those_of_the_changelog(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    changes = "## [Unreleased]\n\n## [0.2.0] - 2026-12-09\n\n### Added\n\n## [0.1.0] - 2026-11-23\n"
    (tmp_path / "CHANGELOG.md").write_text(changes)
    monkeypatch.setattr(course_errata, "ROOT", tmp_path)
    assert course_errata.released() == VERSIONS


# --- the forms on GitHub


@pytest.mark.parametrize(("form", "schema"), [("erratum", "forms"), ("bug", "forms"), ("config", "config")])
def test_the_forms_are_of_githubs_schema(form: str, schema: str) -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.github-issue-{schema}"]
    checked = subprocess.run([*command, FORMS / f"{form}.yml"], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_the_form_asks_for_what_an_entry_needs() -> None:
    form = yaml.safe_load((FORMS / course_errata.FORM).read_text(encoding="utf-8"))
    asked = {part["id"]: part.get("validations", {}).get("required", False) for part in form["body"]}
    assert set(course_errata.FIELDS) - {"date", "fixed_in"} <= set(asked)
    assert {name for name, needed in asked.items() if needed} == {*course_errata.REQUIRED} - {"date"}


def test_the_address_fills_in_fields_of_the_form() -> None:
    address = course_errata.form_address("https://github.com/owner/course", "book/03_addressing")
    assert parse_qs(urlsplit(address).query) == {"template": ["erratum.yml"], "page": ["book/03_addressing"]}


@pytest.mark.pages
@pytest.mark.parametrize("name", page_names())
def test_every_page_leads_to_the_form_with_its_own_name(name: str, built_book: Path) -> None:
    soup = BeautifulSoup((built_book / f"{name}.html").read_text(encoding="utf-8"), "html.parser")
    repository = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))["repository"]["url"]
    leading = {tag["href"] for tag in soup.select("a[href*='/issues/new']")}
    assert leading == {course_errata.form_address(repository, name)}
