"""The page of the slides' errata says what the chapters' cells show, and leads to where they show it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from pages import ROOT, chapters

sys.path.insert(0, str(ROOT / "_ext"))

import slide_errata


def write(folder: Path, *cells: dict) -> Path:
    path = folder / "03_three.ipynb"
    path.write_text(json.dumps({"cells": list(cells)}))
    return path


def markdown(text: str) -> dict:
    return {"cell_type": "markdown", "metadata": {}, "source": [text]}


def shows(defect: str, slide: int = 3) -> dict:
    mark = {"slide": slide, "defect": defect, "repair": "ntm_lib.read_memory"}
    return {"cell_type": "code", "metadata": {"slide_defect": mark}, "source": [""]}


def test_a_defect_is_led_to_by_the_nearest_heading_above(tmp_path: Path) -> None:
    text = markdown("## What it *really* does\n\nText.\n")
    path = write(tmp_path, markdown("# Three"), text, shows("`a | b` fails"), markdown("No heading."), shows("two", 4))
    first, second = slide_errata.defects(path)
    assert first == (3, "`a | b` fails", "read_memory", "03_three.html#what-it-really-does")
    assert second.place == first.place
    assert [*slide_errata.as_text([first, second])][2:] == [
        '| <a href="03_three.html#what-it-really-does">3</a> | `a &#124; b` fails | `read_memory` |',
        '| <a href="03_three.html#what-it-really-does">4</a> | two | `read_memory` |',
        "",
        "2 defects, of 2 slides. The number of the slide leads to where it is shown.",
    ]


@pytest.mark.pages
def test_the_built_table_has_every_mark_and_leads_to_its_section(built_book: Path) -> None:
    page = BeautifulSoup((built_book / "book" / "errata.html").read_text(encoding="utf-8"), "html.parser")
    rows = page.select(".slide-errata tbody tr")
    marks = [defect for path in chapters() for defect in slide_errata.defects(path)]
    quotes = str.maketrans("“”’", '""\'', "`")  # as printed, and the marks of code
    shown = [row.select("td")[1].get_text().translate(quotes) for row in rows]
    assert shown == [mark.defect.translate(quotes) for mark in marks]
    assert [row.select("td")[2].get_text() for row in rows] == [mark.repair for mark in marks]
    for row in rows:
        name, _, section = row.a["href"].partition("#")
        leads_to = BeautifulSoup((built_book / "book" / name).read_text(encoding="utf-8"), "html.parser")
        assert leads_to.find(id=section) is not None, row.a["href"]
