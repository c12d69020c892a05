"""The cell below each notebook's title, with which it runs on Colab and Kaggle: the same text in every notebook.

    python tools/first_cell.py            write it into every notebook of book/
    python tools/first_cell.py --check    fail where it is missing or has another text

The version comes from pyproject.toml and the address from _config.yml, so run this after changing either.
"""

from __future__ import annotations

import argparse
import re
import sys
import tomllib
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

ROOT = Path(__file__).resolve().parents[1]
CELL_ID = "fetch-the-course"
TAGS = ["remove-cell"]  # the built page does not show it
# The notebooks read files of the course and are at home in book/. --no-deps: TensorFlow stays the one of the service.
# After a restart of the kernel ntm_lib is installed, but the working directory is the service's again.
TEMPLATE = """\
# Colab and Kaggle do not have the course: this fetches its release {tag}. Where it is installed, nothing happens.
import os
import subprocess
import sys
from importlib.util import find_spec

course = os.path.abspath("{folder}")
clone = ["git", "clone", "--quiet", "--depth=1", "--branch={tag}", "{address}", course]
install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "lazy-loader", course]
if not find_spec("ntm_lib") and not os.path.isdir("../ntm_lib"):
    for command in [install] if os.path.isdir(course) else [clone, install]:
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            hint = "Is this machine online? On Kaggle: Settings, then Turn on internet."
            raise RuntimeError(f"{{command[0]}} could not fetch the course. {{hint}}\\n{{done.stderr}}")
if not os.path.isdir("../ntm_lib") and os.path.isdir(course):
    os.chdir(os.path.join(course, "book"))"""


def version(root: Path) -> str:
    """The version of the course, which is the library's."""
    return tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]


def address(root: Path) -> str:
    """The repository's address."""
    found = re.search(r"^repository:\n  url: (\S+)$", (root / "_config.yml").read_text(encoding="utf-8"), re.MULTILINE)
    if not found:
        raise SystemExit("_config.yml: expected the lines 'repository:' and '  url: ADDRESS'")
    return found[1].removesuffix("/")


def source(root: Path) -> str:
    """The text of the cell."""
    tag, url = f"v{version(root)}", address(root)
    return TEMPLATE.format(tag=tag, address=url, folder=f"course-{tag}")


def wrong(notebook: NotebookNode, text: str) -> str:
    """What is wrong with the notebook's second cell, or nothing."""
    places = [index for index, cell in enumerate(notebook.cells) if cell.id == CELL_ID]
    if places != [1]:
        return f"expected one cell {CELL_ID!r}, below the title"
    cell = notebook.cells[1]
    if cell.cell_type != "code" or cell.source != text or cell.metadata != {"tags": TAGS}:
        return f"the cell {CELL_ID!r} is not what tools/first_cell.py writes"
    return ""


def put(notebook: NotebookNode, text: str) -> None:
    """Put the cell below the title, in place of an older one."""
    cells = [cell for cell in notebook.cells if cell.id != CELL_ID]
    cells.insert(1, new_code_cell(text, id=CELL_ID, metadata={"tags": list(TAGS)}))
    notebook.cells = cells


def main(arguments: list[str] | None = None, root: Path = ROOT) -> int:
    """Write or check; return the exit status."""
    parser = argparse.ArgumentParser(description="The cell with which a notebook runs on Colab and Kaggle.")
    parser.add_argument("--check", action="store_true", help="change nothing, fail where something is wrong")
    check = parser.parse_args(arguments).check
    text, failed = source(root), False
    for path in sorted((root / "book").glob("*.ipynb")):
        notebook = nbformat.read(path, as_version=nbformat.NO_CONVERT)
        reason = wrong(notebook, text)
        if reason and check:
            print(f"error: {path.relative_to(root)}: {reason}; run: python tools/first_cell.py", file=sys.stderr)
            failed = True
        elif reason:
            put(notebook, text)
            nbformat.write(notebook, path)
            print(f"wrote the first cell of {path.relative_to(root)}")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
