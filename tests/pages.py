"""The pages of the book, read from its table of contents."""

from __future__ import annotations

from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[1]


def page_names() -> list[str]:
    """Every page of `_toc.yml`, without a suffix: `index`, `book/01_introduction`, ..."""
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    chapters = [chapter for part in toc["parts"] for chapter in part["chapters"]]
    return [toc["root"], *(chapter["file"] for chapter in chapters)]


def chapters() -> list[Path]:
    """The notebooks that are chapters, which have a number; the others are reference pages."""
    return [path for path in notebooks() if path.stem[:2].isdigit()]


def notebooks() -> list[Path]:
    """Every notebook of the book."""
    return sorted((ROOT / "book").glob("*.ipynb"))


def live_pages() -> list[str]:
    """The pages whose source asks for a live part: a directive, or a cell that shows one."""
    marks = ("{live-figure}", "inspect(", "Classroom(", "TrainingRecorder(", "MemoryBooks(")
    sources = {
        name: next(ROOT / f"{name}{end}" for end in (".ipynb", ".md") if (ROOT / f"{name}{end}").exists())
        for name in page_names()
    }
    return [name for name, path in sources.items() if any(mark in path.read_text(encoding="utf-8") for mark in marks)]
