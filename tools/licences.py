"""List what is here, in the built pages and in .venv that others wrote, with its licence: `make licences`.

It writes THIRD-PARTY.md from REUSE.toml, from the files of the built pages, each of which must come from the course or
from an installed package, and from what the locked packages say about themselves.
"""

from __future__ import annotations

import hashlib
import re
import sys
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from importlib import metadata
from pathlib import Path

from tools.audit import entries

ROOT = Path(__file__).resolve().parents[1]
PAGES = ROOT / "_build" / "html"
LIST = ROOT / "THIRD-PARTY.md"
MAKERS = re.compile(r"sphinx|pydata|myst|jupyter[-_]book", re.I)
"""The packages that put files into pages."""
OWN = ("assets", "_images", "_sources", "_downloads", "_static/machines", "reports")
MADE = {"pygments.css": "pygments", "pages.css": "sphinx-book-theme"}
"""What is made from a package, without a file to copy: colours of code, and the rules of the theme that are used."""
FROM_THE_TEXT = ("searchindex.js", "objects.inv", ".buildinfo", ".nojekyll", "licences.txt")
CODE = (".py", ".pyc", ".pyi")
BANNER = re.compile(r"/\*!(.{0,600}?)\*/", re.DOTALL)
HEAD = """# What others wrote

`make licences` writes this list. The licence of each file of this repository is in [REUSE.toml](REUSE.toml).
"""


def licence(package: str) -> str:
    """What an installed package says its licence is."""
    about = metadata.metadata(package)
    classifiers = [
        line.rpartition(" :: ")[2] for line in about.get_all("Classifier", []) if line.startswith("License ::")
    ]
    field = next(iter("".join(about.get_all("License", [])).strip().splitlines()), "").strip()
    short = (
        field if 0 < len(field) <= 60 and not field.startswith(("Copyright", "License agreement", "UNKNOWN")) else ""
    )
    return "".join(about.get_all("License-Expression", [])) or short or "; ".join(classifiers) or "see its files"


def _digest(path: Path) -> bytes:
    return hashlib.sha256(path.read_bytes()).digest()


def _origins() -> tuple[dict[bytes, str], dict[str, str]]:
    """-> packages by the content of their files, and by the names of the templates that they fill in."""
    contents: dict[bytes, str] = {}
    templates = dict(MADE)
    for package in metadata.distributions():
        if not MAKERS.match(package.name):
            continue
        for file in package.files or ():
            path = Path(str(package.locate_file(file)))
            if file.suffix in CODE or not path.is_file():
                continue
            contents.setdefault(_digest(path), package.name.lower())
            if template := re.fullmatch(r"(.+)(?:_t|\.jinja)", file.name):
                templates.setdefault(template[1], package.name.lower())
    return contents, templates


def bundled(pages: Path = PAGES) -> dict[str, list[Path]]:
    """The files of the built pages that a package brought, by package, relative to `pages`.

    Raises:
        ValueError: if a file comes neither from the course nor from a package.
    """
    contents, templates = _origins()
    own = {_digest(path) for path in (ROOT / "assets").rglob("*") if path.is_file()}
    found, strange = defaultdict(list), []
    for path in sorted(_files(pages)):
        file = path.relative_to(pages)
        package = contents.get(digest := _digest(path)) or templates.get(path.name)
        if package:
            found[package].append(file)
        elif digest not in own:
            strange.append(file.as_posix())
    if strange:
        raise ValueError(f"in the built pages, neither the course's nor a package's: {', '.join(strange)}")
    return dict(found)


def _files(pages: Path) -> Iterator[Path]:
    """The files of the built pages that the course may not have written."""
    for path in pages.rglob("*"):
        name = path.relative_to(pages).as_posix()
        page = path.suffix == ".html" and not name.startswith("_static/")
        if path.is_file() and not page and not name.startswith(OWN) and name not in FROM_THE_TEXT:
            yield path


def banners(files: Iterable[Path]) -> list[str]:
    """What the first lines of files say about parts that their package took from elsewhere."""
    said = set()
    for file in files:
        text = file.read_bytes()[:1000].decode(errors="ignore")
        lines = [line for found in BANNER.findall(text) for part in found.splitlines() if (line := part.strip(" *"))]
        if any("icense" in line for line in lines) and not lines[0].startswith("For license information"):
            said.add(" / ".join(lines))
    return sorted(said)


def _brought(package: str) -> Iterator[Path]:
    """The files that a package has for pages, whether or not ours use them."""
    for file in metadata.files(package) or ():
        if {"static", "_static"} & set(file.parts) and file.suffix in (".js", ".css", ".txt"):
            yield Path(str(file.locate()))


def vendored() -> list[str]:
    """A line for each entry of REUSE.toml whose author is not the course's."""
    notes = tomllib.loads((ROOT / "REUSE.toml").read_text(encoding="utf-8"))["annotations"]
    ours = notes[0]["SPDX-FileCopyrightText"]
    return [
        f"| `{note['path']}` | {note['SPDX-FileCopyrightText']} | {note['SPDX-License-Identifier']} |"
        for note in notes
        if note["SPDX-FileCopyrightText"] != ours
    ]


def installed() -> list[str]:
    """A line for each locked package that is installed here; some belong to other systems."""
    here = {re.sub(r"[-_.]+", "-", package.name).lower() for package in metadata.distributions()}
    readers = {entry["name"] for entry in entries("requirements.txt")}
    locked = readers | {
        entry["name"] for lock in ("requirements-dev", "requirements-reuse") for entry in entries(f"{lock}.txt")
    }
    return [
        f"| {name} | {licence(name)} | {'readers' if name in readers else 'developers'} |"
        for name in sorted(locked & here)
    ]


def _table(*head: str) -> list[str]:
    return [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]


def text(pages: Path = PAGES) -> str:
    """The whole list."""
    parts = bundled(pages)
    lines = [HEAD, "## In this repository", "", *_table("files", "of", "licence"), *vendored(), ""]
    lines += ["## In the built pages", "", *_table("package", "files", "licence")]
    lines += [f"| {package} | {len(parts[package])} | {licence(package)} |" for package in sorted(parts)]
    lines += ["", "Parts that these packages have from elsewhere, in their own words:", ""]
    lines += [f"- {line}" for line in banners(path for package in sorted(parts) for path in _brought(package))]
    lines += ["", "MathJax is the one above. The licences of all of these lie beside the pages, in `licences.txt`.", ""]
    lines += ["## Installed, not part of the course", "", *_table("package", "licence", "for"), *installed()]
    return "\n".join(lines) + "\n"


def main() -> int:
    """Write the list."""
    try:
        LIST.write_text(text(), encoding="utf-8")
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"Wrote {LIST.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
