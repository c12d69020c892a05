"""How long a page takes to read: a role for the text, and a report.

    {reading-time}`book/01_introduction`      in a page: "19 min"
    python _ext/reading_times.py              all pages: words, lines of code, figures, minutes, school grade

Measured from the source: prose at 238 words a minute, the mean of silent reading of non-fiction in English (Brysbaert
2019, Journal of Memory and Language 109); by our own reckoning a visible line of code at three seconds, and a figure, a
displayed equation or a question at fifteen. Folded solutions, hidden cells and outputs of text do not count.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import nbformat
from docutils import nodes
from docutils.parsers.rst.states import Inliner
from sphinx.application import Sphinx

WORDS_A_MINUTE, SECONDS_A_LINE, SECONDS_A_LOOK = 238, 3, 15
HIDDEN = {"hide-input", "hide-cell", "remove-input", "remove-cell"}

# What is not read word by word, in this order: folded text, blocks of directives, displayed equations, markup.
FOLDED = re.compile(r"<details.*?</details>", re.DOTALL)
QUESTION = re.compile(r'<details class="answer"')
BLOCK = re.compile(r"^(`{3,}|:{3,}).*?^\1", re.DOTALL | re.MULTILINE)
EQUATION = re.compile(r"\$\$.*?\$\$", re.DOTALL)
MARKUP = re.compile(r"<[^>]+>|\{[a-z-]+\}(?=`)|\[([^\]]*)\]\([^)]*\)|[`*_#|>$]")


@dataclass(frozen=True)
class Reading:
    """What there is to read in a page."""

    prose: str
    lines: int
    looks: int

    @property
    def words(self) -> int:
        """Words of prose."""
        return len(self.prose.split())

    @property
    def minutes(self) -> float:
        """Minutes to read all of it once."""
        return self.words / WORDS_A_MINUTE + (self.lines * SECONDS_A_LINE + self.looks * SECONDS_A_LOOK) / 60


def prose_of(text: str) -> tuple[str, int]:
    """Return the running text of a Markdown text, and the number of equations, figures and questions in it."""
    looks = len(QUESTION.findall(text)) + len(EQUATION.findall(text))
    text = FOLDED.sub("", text)
    looks += len(BLOCK.findall(text))
    text = EQUATION.sub("", BLOCK.sub("", text))
    return MARKUP.sub(lambda found: found[1] or " ", text), looks


def reading(path: Path) -> Reading:
    """Measure a page, a notebook or a Markdown file.

    Raises:
        ValueError: if the page is neither.
    """
    if path.suffix == ".md":
        prose, looks = prose_of(path.read_text(encoding="utf-8"))
        return Reading(prose, 0, looks)
    if path.suffix != ".ipynb":
        raise ValueError(f"page must be a notebook or a Markdown file. Received: {path.name!r}")
    parts, lines, looks = [], 0, 0
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "markdown":
            prose, count = prose_of(cell.source)
            parts.append(prose)
            looks += count
        else:
            looks += "mystnb" in cell.metadata
            hidden = HIDDEN & set(cell.metadata.get("tags", []))
            lines += 0 if hidden else sum(bool(line.strip()) for line in cell.source.splitlines())
    return Reading("\n".join(parts), lines, looks)


def source_of(folder: Path, name: str) -> Path:
    """Return the file of a page, named without its ending as in the table of contents.

    Raises:
        ValueError: if there is none.
    """
    for ending in (".ipynb", ".md"):
        if (path := folder / f"{name}{ending}").is_file():
            return path
    raise ValueError(f"there is no page of this name. Received: {name!r}")


def reading_time(
    name: str, rawtext: str, text: str, lineno: int, inliner: Inliner, options: object = None, content: object = None
) -> tuple[list[nodes.Node], list[nodes.system_message]]:
    """The role: the minutes that a page takes."""
    environment = inliner.document.settings.env
    try:
        path = source_of(Path(environment.srcdir), text)
    except ValueError as error:
        message = inliner.reporter.error(f"{name}: {error}", line=lineno)
        return [inliner.problematic(rawtext, rawtext, message)], [message]
    environment.note_dependency(str(path))
    return [nodes.Text(f"{reading(path).minutes:.0f} min")], []


def setup(app: Sphinx) -> dict[str, bool]:
    """Add the role to the book."""
    app.add_role("reading-time", reading_time)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def main() -> None:
    """Print a line for each page of the book."""
    import textstat

    print(f"{'page':<22} {'words':>6} {'lines':>6} {'looks':>6} {'minutes':>8} {'grade':>6}")
    pages = [Path("index.md"), *sorted(Path("book").glob("*.ipynb")), *sorted(Path("book").glob("*.md"))]
    for path in pages:
        found = reading(path)
        grade = textstat.automated_readability_index(found.prose)
        print(f"{path.stem:<22} {found.words:6} {found.lines:6} {found.looks:6} {found.minutes:8.1f} {grade:6.1f}")


if __name__ == "__main__":
    main()
