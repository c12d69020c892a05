"""The defects of the slides' code: a directive that lists what the chapters show by running it.

    ```{slide-errata}
    ```

A cell that shows a defect says so in its metadata: `"slide_defect": {"slide", "defect", "repair"}`. The table is made
of these marks whenever a chapter changes, so it says neither more nor less than the chapters do.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

BOOK = Path(__file__).resolve().parents[1] / "book"
HEADING = re.compile(r"^#{1,6} +(.+?)\s*$", re.MULTILINE)


class Defect(NamedTuple):
    """What one cell shows."""

    slide: int
    defect: str
    repair: str
    place: str
    """The page and the section that show it, as an address."""


def chapters(book: Path = BOOK) -> list[Path]:
    """Return the notebooks about the slides, in order."""
    return sorted(book.glob("[0-9][0-9]_*.ipynb"))


def defects(chapter: Path) -> Iterator[Defect]:
    """Yield what a chapter's cells show, in order."""
    section = ""
    for cell in json.loads(chapter.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "markdown":
            section = next(reversed(HEADING.findall("".join(cell["source"]))), section)
        if mark := cell["metadata"].get("slide_defect"):
            place = f"{chapter.stem}.html#{nodes.make_id(section)}"
            yield Defect(mark["slide"], mark["defect"], mark["repair"].removeprefix("ntm_lib."), place)


def as_text(found: Sequence[Defect]) -> Iterator[str]:
    """Yield the lines of the table and of what it adds up to, in MyST Markdown."""
    yield from ("| slide | what it does | repaired by |", "|---|---|---|")
    for slide, defect, repair, place in found:
        yield f'| <a href="{place}">{slide}</a> | {defect.replace("|", "&#124;")} | `{repair}` |'
    slides = len({each.slide for each in found})
    yield from ("", f"{len(found)} defects, of {slides} slides. The number of the slide leads to where it is shown.")


class SlideErrata(SphinxDirective):
    """`{slide-errata}`: the table."""

    def run(self) -> list[nodes.Node]:
        """Return the table as the page shows it."""
        for path in chapters():
            self.env.note_dependency(str(path))
        found = [defect for path in chapters() for defect in defects(path)]
        if not found:
            raise self.error(f"expected chapters with marks slide_defect in {BOOK}. Received none")
        block = nodes.container(classes=["slide-errata"])
        self.state.nested_parse(StringList([*as_text(found)], "slide-errata"), 0, block)
        return [block]


def setup(app: Sphinx) -> dict[str, bool]:
    """Add the directive."""
    app.add_directive("slide-errata", SlideErrata)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
