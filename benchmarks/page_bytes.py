"""What a page weighs, by kind: its text, the data of its figures, style sheet, scripts, mathematics and the rest.

The data of figures are pictures inside and beside the page, the live parts with their code, and machines' weights.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterable
from pathlib import Path

LARGEST = 600_000
"""Bytes of a page with all that it loads, as a server sends it with gzip, without the data of its figures."""
LIVE = re.compile(r"<(ntm-[\w-]+)[ >].*?</\1>|<script type=\"module\"[^>]*>.*?</script>", re.S)
PICTURE = re.compile(r"data:image/[^\"')]*|<svg(?! class=\"svg-inline).*?</svg>", re.S)
KINDS = ("text", "figures", "style", "scripts", "mathematics", "other")


def kind(path: Path) -> str:
    """Return the kind of a file that a page loads."""
    if "mathjax" in path.parts:
        return "mathematics"
    if "_images" in path.parts or "machines" in path.parts:
        return "figures"
    return {".css": "style", ".js": "scripts"}.get(path.suffix, "other")


def text_of(page: Path) -> str:
    """Return a page's own file without the data of its figures."""
    return PICTURE.sub("", LIVE.sub("", page.read_text(encoding="utf-8")))


def packed(data: bytes, path: Path) -> int:
    """Return the bytes that a server sends for a file: pictures and fonts are compressed already."""
    return len(gzip.compress(data, 6)) if path.suffix in {".html", ".css", ".js", ".svg"} else len(data)


def by_kind(page: Path, loaded: Iterable[Path], compressed: bool = False) -> dict[str, int]:
    """Return the bytes of a page with all that it loads.

    Args:
        page: the page's own file.
        loaded: every file that the browser asked for, with or without the page.
        compressed: count what a server sends that compresses with gzip.
    """

    def count(data: bytes, path: Path) -> int:
        return packed(data, path) if compressed else len(data)

    sizes = dict.fromkeys(KINDS, 0)
    sizes["text"] = count(text_of(page).encode(), page)
    sizes["figures"] = count(page.read_bytes(), page) - sizes["text"]
    for path in {file for file in loaded if file != page and file.is_file()}:
        sizes[kind(path)] += count(path.read_bytes(), path)
    return sizes


def without_figures(sizes: dict[str, int]) -> int:
    """Return what counts against `LARGEST`."""
    return sum(size for name, size in sizes.items() if name != "figures")
