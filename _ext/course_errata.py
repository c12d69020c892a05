"""The errors that readers found in the course: a directive that lists them, and buttons that lead to the form.

    ```{course-errata}
    ```

shows what `errata.yml` holds. `python _ext/course_errata.py` checks the file alone. The theme's issue button opens the
form for an erratum with the name of the page filled in, and so does the link under the list.
"""

from __future__ import annotations

import itertools
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import jsonschema
import yaml
from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

ROOT = Path(__file__).resolve().parents[1]
FORM, LABEL = "erratum.yml", "Report an error"

SENTENCE = {"type": "string", "pattern": r"\S"}
FIELDS: dict[str, dict[str, Any]] = {
    "page": {**SENTENCE, "description": "a page of _toc.yml, such as book/03_addressing"},
    "cell": {**SENTENCE, "description": "text: the number, heading or caption of the place"},
    "text": {**SENTENCE, "description": "text: what the page says"},
    "correction": {**SENTENCE, "description": "text: what is right"},
    "date": {"type": "string", "format": "date", "description": "a day such as 2026-12-01"},
    "reporter": {**SENTENCE, "description": "text: a name"},
    "fixed_in": {"type": "string", "description": "a released version, as CHANGELOG.md has it, or left out"},
}
REQUIRED = ["page", "text", "correction", "date"]


def errata(text: str, pages: Sequence[str], versions: Sequence[str]) -> list[dict[str, str]]:
    """Return the entries of `errata.yml`, each a mapping of `FIELDS`, newest first as they must stand.

    Args:
        text: of the file.
        pages: all pages there are.
        versions: all versions that are released.

    Raises:
        ValueError: if the text is no YAML, or an entry is not of that form: it names the entry and the field.
    """
    try:
        entries = yaml.load(text, Loader=yaml.BaseLoader)  # all is text, so that a version stays one
    except yaml.YAMLError as error:
        raise ValueError(f"errata.yml must be YAML. Received: {error}") from error
    if not isinstance(entries, list):
        raise ValueError(f"errata.yml must be a list of entries, [] if there are none. Received: {entries!r}")
    known = {**FIELDS, "page": {**FIELDS["page"], "enum": [*pages]}}
    known["fixed_in"] = {**FIELDS["fixed_in"], "enum": [*versions]}
    form = {"type": "object", "properties": known, "required": REQUIRED, "additionalProperties": False}
    checker = jsonschema.Draft202012Validator(form, format_checker=jsonschema.FormatChecker(["date"]))
    for number, entry in enumerate(entries, start=1):
        for fault in checker.iter_errors(entry):
            raise ValueError(f"errata.yml, entry {number}{told(fault)}")
    check_order([entry["date"] for entry in entries])
    return entries


def check_order(dates: Sequence[str]) -> None:
    """Raise `ValueError` unless the newest comes first."""
    for number, (above, below) in enumerate(itertools.pairwise(dates), start=2):
        if below > above:
            raise ValueError(
                f"errata.yml, entry {number}, date must not be after that of the entry above, {above}: newest first. "
                f"Received: {below}"
            )


def told(error: jsonschema.ValidationError) -> str:
    """Return what is wrong with an entry: the field, what was expected and what was received."""
    if error.validator == "additionalProperties":
        return f" must have no fields but {', '.join(FIELDS)}. Received: {', '.join(error.instance)}"
    if error.validator == "required":
        return f" must have the fields {', '.join(REQUIRED)}. Received: {', '.join(error.instance) or 'none'}"
    if not error.path:
        return f" must be a mapping of {', '.join(FIELDS)}. Received: {error.instance!r}"
    return f", {error.path[0]} must be {error.schema['description']}. Received: {error.instance!r}"


def pages_of(toc: Mapping[str, Any]) -> list[str]:
    """Return the names of all pages in `_toc.yml`."""
    return [toc["root"], *(chapter["file"] for part in toc["parts"] for chapter in part["chapters"])]


def released() -> list[str]:
    """Return the versions that CHANGELOG.md has, newest first."""
    return re.findall(r"^## \[(\d+\.\d+\.\d+)\]", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)


def read() -> list[dict[str, str]]:
    """Return the entries of this course."""
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    return errata((ROOT / "errata.yml").read_text(encoding="utf-8"), pages_of(toc), released())


def as_text(entries: Sequence[Mapping[str, str]], versions: Sequence[str]) -> Iterator[str]:
    """Yield the lines of the page, in MyST Markdown: a block for each entry, or why there is none."""
    if not versions and not entries:
        yield "No version has been released yet, so there is nothing to correct in one."
    elif not entries:
        yield f"No error in a released version is known. The newest is {versions[0]}."
    for entry in entries:
        place = f", {entry['cell']}" if "cell" in entry else ""
        by = f" by {entry['reporter']}" if "reporter" in entry else ""
        fixed = f"Fixed in version {entry['fixed_in']}." if "fixed_in" in entry else "Not fixed in a released version."
        yield from (f"**[](/{entry['page']})**{place}. Found on {entry['date']}{by}. {fixed}", "")
        yield from ("The page says:", "", *(f"> {line}" for line in entry["text"].splitlines()), "")
        yield from (f"Right is: {entry['correction']}", "", "---", "")


def form_address(repository: str, page: str) -> str:
    """Return the address of the form for an erratum, with the page filled in."""
    return f"{repository}/issues/new?{urlencode({'template': FORM, 'page': page})}"


class CourseErrata(SphinxDirective):
    """`{course-errata}`: the list."""

    def run(self) -> list[nodes.Node]:
        """Return the entries as the page shows them."""
        for name in ("errata.yml", "_toc.yml", "CHANGELOG.md"):
            self.env.note_dependency(str(ROOT / name))
        try:
            entries = read()
        except ValueError as error:
            raise self.error(str(error)) from error
        block = nodes.container(classes=["course-errata"])
        self.state.nested_parse(StringList([*as_text(entries, released())], "errata.yml"), 0, block)
        return [block]


def lead_to_the_form(app: Sphinx, pagename: str, templatename: str, context: dict, doctree: Any) -> None:
    """Let the theme's issue button open the form with this page's name in it; runs after the theme made it."""
    repository = app.config.html_theme_options.get("repository_url", "")
    for button in buttons(context.get("header_buttons", [])):
        if re.search(r"/issues/new\?", str(button.get("url", ""))):
            button |= {
                "url": form_address(repository, pagename),
                "text": "Report an error",
                "tooltip": "Report an error",
            }


def buttons(made: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield every button, those in groups too."""
    for button in made:
        yield button
        yield from buttons(button.get("buttons", []))


def setup(app: Sphinx) -> dict[str, bool]:
    """Add the directive and connect the button."""
    app.add_directive("course-errata", CourseErrata)
    app.connect("html-page-context", lead_to_the_form, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def main() -> int:
    """Check the file and say how many entries it has."""
    try:
        print(f"errata.yml: {len(read())} entries")
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
