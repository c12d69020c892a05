"""The reading time of a page: what counts, what does not, and the role that says it."""

from __future__ import annotations

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

<details class="answer"><summary>folded</summary>

nobody reads this first

</details>
"""


def test_running_text_counts_and_folded_text_does_not() -> None:
    prose, looks = reading_times.prose_of(TEXT)
    assert prose.split() == ["Two", "words", "A", "link", "of", "four", "and", "code", ",", "x", "."]
    assert looks == 3, "an equation, a block, a question"


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


@pytest.mark.pages
def test_the_first_page_says_how_long_each_chapter_takes(built_book: Path) -> None:
    table = BeautifulSoup((built_book / "index.html").read_text(encoding="utf-8"), "html.parser").find("table")
    said = [row.find_all("td")[-1].get_text() for row in table.find_all("tr")[1:]]
    pages = [path for path in chapters() if (built_book / "book" / f"{path.stem}.html").exists()]
    assert said == [f"{reading_times.reading(path).minutes:.0f} min" for path in pages]
