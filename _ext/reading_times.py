"""How long a page takes to read: a role for the text, and a report.

    {reading-time}`book/01_introduction`      in a page: "19 min"
    {reading-hours}`1-4, 6`                   in a page, of these chapters together: "2.0 hours"
    python _ext/reading_times.py              all pages: words, lines of code, figures, minutes, school grade

Measured from the source: prose at 238 words a minute, the mean of silent reading of non-fiction in English (Brysbaert
2019, Journal of Memory and Language 109); by our own reckoning a visible line of code, of a cell or included from the
library, at three seconds, a figure or a displayed equation at fifteen, and a question with its answers, however many,
at thirty. Folded solutions, hidden cells and outputs of text do not count.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import nbformat
from docutils import nodes
from docutils.parsers.rst.states import Inliner
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.directives.code import LiteralIncludeReader

Role = tuple[list[nodes.Node], list[nodes.system_message]]
WORDS_A_MINUTE, SECONDS_A_LINE, SECONDS_A_LOOK = 238, 3, 15
LOOKS_A_QUESTION = 2
HIDDEN = {"hide-input", "hide-cell", "remove-input", "remove-cell"}

# What is not read word by word, in this order: folded text, blocks of directives, displayed equations, markup.
FOLDED = re.compile(r"<details.*?</details>", re.DOTALL)
QUESTION = re.compile(r'(?<!</details>\n)<details class="answer[ "]')  # its first answer
BLOCK = re.compile(r"^(`{3,}|:{3,}).*?^\1", re.DOTALL | re.MULTILINE)
INCLUDED = re.compile(r"^(`{3,})\{literalinclude\} (.*)\n((?::.*\n)*)\1", re.MULTILINE)
DEFINITIONS = re.compile(r"^(`{3,})\{glossary\}\n(?::[^\n]*\n)*(.*?)^\1", re.DOTALL | re.MULTILINE)
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


def read_text(text: str, folder: Path) -> Reading:
    """What there is to read in a Markdown text that stands in this folder."""
    looks = LOOKS_A_QUESTION * len(QUESTION.findall(text)) + len(EQUATION.findall(text))
    text = DEFINITIONS.sub(lambda found: found[2], FOLDED.sub("", text))
    lines = sum(included_lines(folder / found[2], found[3]) for found in INCLUDED.finditer(text))
    text = INCLUDED.sub("", text)
    looks += len(BLOCK.findall(text))
    text = EQUATION.sub("", BLOCK.sub("", text))
    return Reading(MARKUP.sub(lambda found: found[1] or " ", text), lines, looks)


def included_lines(path: Path, options: str) -> int:
    """Count the lines of code that a `literalinclude` with these options shows."""
    said = dict(re.findall(r'^:([a-z-]+): *"?(.*?)"?$', options, re.MULTILINE))
    said.pop("dedent", None)  # moves lines, and leaves out none
    text, _ = LiteralIncludeReader(str(path), said, Config()).read()
    return visible(text)


def visible(code: str) -> int:
    """Count the lines that are not blank."""
    return sum(bool(line.strip()) for line in code.splitlines())


def reading(path: Path) -> Reading:
    """Measure a page, a notebook or a Markdown file.

    Raises:
        ValueError: if the page is neither.
    """
    if path.suffix == ".md":
        return read_text(path.read_text(encoding="utf-8"), path.parent)
    if path.suffix != ".ipynb":
        raise ValueError(f"page must be a notebook or a Markdown file. Received: {path.name!r}")
    parts, lines, looks = [], 0, 0
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "markdown":
            found = read_text(cell.source, path.parent)
            parts.append(found.prose)
            lines += found.lines
            looks += found.looks
        else:
            looks += "mystnb" in cell.metadata
            hidden = HIDDEN & set(cell.metadata.get("tags", []))
            lines += 0 if hidden else visible(cell.source)
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


def numbered(folder: Path, text: str) -> list[Path]:
    """Return the chapters with these numbers, such as `1-4, 6`.

    Raises:
        ValueError: if the text is something else, or a chapter does not exist.
    """
    if not re.fullmatch(r"\d+(-\d+)?(, *\d+(-\d+)?)*", text):
        raise ValueError(f"chapters must be numbers such as '1-4, 6'. Received: {text!r}")
    ranges = [(part + "-" + part).split("-")[:2] for part in text.replace(" ", "").split(",")]
    numbers = [number for first, last in ranges for number in range(int(first), int(last) + 1)]
    found = [sorted((folder / "book").glob(f"{number:02d}_*.ipynb")) for number in numbers]
    if not all(found):
        raise ValueError(f"a chapter with each number must exist. Received: {text!r}")
    return [paths[0] for paths in found]


def role_of(paths_of: Callable[[Path, str], list[Path]], told: Callable[[float], str]) -> Callable[..., Role]:
    """Return a role that tells the minutes of the pages that its text names, and whose page depends on them."""

    def role(
        name: str,
        rawtext: str,
        text: str,
        lineno: int,
        inliner: Inliner,
        options: object = None,
        content: object = None,
    ) -> Role:
        environment = inliner.document.settings.env
        try:
            paths = paths_of(Path(environment.srcdir), text)
        except ValueError as error:
            message = inliner.reporter.error(f"{name}: {error}", line=lineno)
            return [inliner.problematic(rawtext, rawtext, message)], [message]
        for path in paths:
            environment.note_dependency(str(path))
        return [nodes.Text(told(sum(reading(path).minutes for path in paths)))], []

    return role


reading_time = role_of(lambda folder, text: [source_of(folder, text)], lambda minutes: f"{minutes:.0f} min")
reading_hours = role_of(numbered, lambda minutes: f"{minutes / 60:.1f} hours")


def setup(app: Sphinx) -> dict[str, bool]:
    """Add the role to the book."""
    app.add_role("reading-time", reading_time)
    app.add_role("reading-hours", reading_hours)
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
