"""The reading time of a page: what counts, what does not, and the role that says it."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import nbformat
import pytest
from bs4 import BeautifulSoup
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from pages import ROOT, chapters

sys.path.insert(0, str(ROOT / "_ext"))
import reading_times

TEXT = """# Two words

A [link of four](somewhere.md) and `code`, $x$.

$$ y = x $$

```{note}
not read word by word
```

<details class="answer right"><summary>folded</summary>

nobody reads this first

</details>
<details class="answer"><summary>of the same question</summary>

nor this

</details>
"""

INCLUDED = """```{literalinclude} library.py
:language: python
:pyobject: double
:start-at: "    twice ="
:dedent: 4
```
"""

GLOSSARY = """```{glossary}
:sorted:

slot
  One row of the memory.
```
"""


def test_running_text_counts_and_folded_text_does_not() -> None:
    found = reading_times.read_text(TEXT, ROOT)
    assert found.prose.split() == ["Two", "words", "A", "link", "of", "four", "and", "code", ",", "x", "."]
    assert found.looks == 4, "an equation, a block, and two for a question, however many answers it has"


def test_included_code_counts_by_its_lines(tmp_path: Path) -> None:
    (tmp_path / "library.py").write_text("def double(x):\n    twice = 2 * x\n\n    return twice\n\n\nx = 1\n", "utf-8")
    found = reading_times.read_text(INCLUDED, tmp_path)
    assert (found.words, found.lines, found.looks) == (0, 2, 0)


def test_a_glossary_counts_word_by_word() -> None:
    assert reading_times.read_text(GLOSSARY, ROOT).prose.split() == ["slot", "One", "row", "of", "the", "memory."]


def test_a_notebook_counts_visible_lines_and_figures(tmp_path: Path) -> None:
    hidden = new_code_cell("a\nb", metadata={"tags": ["hide-input"], "mystnb": {"figure": {}}})
    book = new_notebook(cells=[new_markdown_cell("one two three"), new_code_cell("x\n\ny"), hidden])
    nbformat.write(book, tmp_path / "page.ipynb")
    found = reading_times.reading(tmp_path / "page.ipynb")
    assert (found.words, found.lines, found.looks) == (3, 2, 1)
    assert found.minutes == pytest.approx(3 / 238 + (2 * 3 + 15) / 60)


def test_a_page_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"there is no page of this name. Received: 'no'"):
        reading_times.source_of(tmp_path, "no")
    with pytest.raises(ValueError, match=r"page must be a notebook or a Markdown file. Received: 'a.txt'"):
        reading_times.reading(tmp_path / "a.txt")


def test_chapters_are_found_by_their_numbers() -> None:
    found = reading_times.numbered(ROOT, "1-4, 6")
    assert [path.stem[:2] for path in found] == ["01", "02", "03", "04", "06"]
    with pytest.raises(ValueError, match=r"chapters must be numbers such as '1-4, 6'. Received: 'all'"):
        reading_times.numbered(ROOT, "all")
    with pytest.raises(ValueError, match=r"a chapter with each number must exist. Received: '1, 99'"):
        reading_times.numbered(ROOT, "1, 99")


def test_the_first_page_adds_up_every_chapter() -> None:
    said = re.findall(r"\{reading-hours\}`([^`]*)`", (ROOT / "index.md").read_text(encoding="utf-8"))
    assert reading_times.numbered(ROOT, said[0]) == chapters()


@pytest.mark.pages
def test_the_first_page_says_how_long_each_chapter_takes(built_book: Path) -> None:
    table = BeautifulSoup((built_book / "index.html").read_text(encoding="utf-8"), "html.parser").find("table")
    said = [row.find_all("td")[-1].get_text() for row in table.find_all("tr")[1:]]
    pages = [path for path in chapters() if (built_book / "book" / f"{path.stem}.html").exists()]
    assert said == [f"{reading_times.reading(path).minutes:.0f} min" for path in pages]
