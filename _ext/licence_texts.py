"""Put the licences of the packages that bring files into the pages beside the pages: `licences.txt`.

Their licences ask that the text goes with each copy. `make licences` lists which files they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from sphinx.application import Sphinx

BRINGS_FILES = re.compile(r"sphinx|pydata|myst|jupyter[-_]book|pygments", re.IGNORECASE)
LICENCE = re.compile(r"licen[cs]e|copying|notice", re.IGNORECASE)
HEAD = "The packages below brought files into these pages. These are their licences.\n"


def texts(package: metadata.Distribution) -> Iterator[str]:
    """Yield the licence files that an installed package came with."""
    for file in package.files or ():
        if file.parts[0].endswith(".dist-info") and LICENCE.search(file.name):
            yield Path(str(package.locate_file(file))).read_text(encoding="utf-8").strip()


def all_texts() -> str:
    """Return the whole file."""
    found = {package.name.lower(): package for package in metadata.distributions() if BRINGS_FILES.match(package.name)}
    parts = [HEAD]
    for _, package in sorted(found.items()):
        title = f"{package.name} {package.version}"
        parts += [f"{'=' * len(title)}\n{title}\n{'=' * len(title)}\n", *(f"{text}\n" for text in texts(package))]
    return "\n".join(parts)


def write(app: Sphinx, error: Exception | None) -> None:
    """Write the file once the pages are made."""
    if error is None and app.builder.format == "html":
        (Path(app.outdir) / "licences.txt").write_text(all_texts(), encoding="utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    """Run when the pages are made."""
    app.connect("build-finished", write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
