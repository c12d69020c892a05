"""The student edition: the tree that Binder, Colab and nbgitpuller serve to a class.

It holds the book, the library, the releases and the environment. It holds no source notebook, solution, hidden case,
grader, test or history, so the repository that it is made from can stay private.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from exercises.grader.sources import HIDDEN, SOLUTION, secret_lines

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("book", "ntm_lib", "exercises/release", "benchmarks/results", "assets", ".binder")
FILES = ("index.md", "references.bib", "requirements.txt", "pyproject.toml", "LICENSE", "LICENSE-TEXT", "CITATION.cff")
LEFT_OUT = ("__pycache__", ".ipynb_checkpoints", ".virtual_documents")
LONG = 40  # characters: shorter lines of a solution stand in the book or the library as well
MARK = "STUDENT_EDITION"
MARK_TEXT = (
    "Written by `make students`, which replaces everything here but .git. Edit the course it is made from instead.\n"
)
README = """# {title}: the student edition

The chapters are in `book/`, the graded exercises in `exercises/release/`, the library in `ntm_lib/`.

```sh
python -m venv .venv
.venv/bin/pip install -r requirements.txt -e .
.venv/bin/jupyter lab
```

An exercise needs NumPy and the file `check.py` beside it, nothing else. `check("q1")` in the notebook tells you where
you are; `submit()` writes the file that you hand in. Nothing is sent anywhere.
"""


def write(out: Path, root: Path = ROOT) -> list[Path]:
    """Write the student edition of the course at `root` into `out`, and keep `out/.git`. -> the files, relative.

    Raises:
        ValueError: if `out` holds something else, or a file would give answers away. Nothing is changed then.
    """
    files = sorted(_files(root))
    _refuse_what_gives_answers_away(root, files)
    _empty(out)
    for file in files:
        (out / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(root / file, out / file)
    written = {"README.md": README.format(title=_title(root)), MARK: MARK_TEXT, ".gitignore": IGNORED}
    for name, text in written.items():
        (out / name).write_text(text, encoding="utf-8")
    print(f"Wrote the student edition to {out}: {len(files) + len(written)} files")
    return [*files, *map(Path, written)]


IGNORED = ".venv/\n__pycache__/\n.ipynb_checkpoints/\nprogress.json\nsubmission-*.ipynb\n"


def _files(root: Path) -> Iterator[Path]:
    """What git keeps of the chosen folders and files; where there is no git, what lies there."""
    known = _kept_by_git(root)
    for name in FILES:
        if (root / name).is_file():
            yield Path(name)
    for folder in FOLDERS:
        for path in sorted((root / folder).rglob("*")):
            relative = path.relative_to(root)
            if path.is_symlink() or not path.is_file() or any(part in LEFT_OUT for part in relative.parts):
                continue
            if known is None or relative in known:
                yield relative


def _kept_by_git(root: Path) -> set[Path] | None:
    """The files that git tracks or would track, or None when `root` is no repository."""
    command = ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return None
    return {Path(name) for name in listed.split("\0") if name}


def _refuse_what_gives_answers_away(root: Path, files: list[Path]) -> None:
    found = sorted((root / "exercises" / "source").glob("*.ipynb"))
    everything = {as_in_json(line) for source in found for line in secret_lines(source)} | {*SOLUTION, *HIDDEN}
    # A line of a hidden reference may stand in the library, which everybody can read; a line of a solution must not.
    solutions = {as_in_json(line) for source in found for line in secret_lines(source, LONG, hidden=False)}
    for file in files:
        text = (root / file).read_text(encoding="utf-8", errors="replace")
        for secret in everything if file.match("exercises/release/*.ipynb") else solutions:
            if secret in text:
                raise ValueError(f"{file} holds {secret!r}, which students must not see; nothing is written")


def as_in_json(line: str) -> str:
    """A line as a notebook's file holds it."""
    return json.dumps(line, ensure_ascii=False)[1:-1]


def _empty(out: Path) -> None:
    """Make `out` an empty folder; what another run wrote is replaced, a folder of something else is refused."""
    inside = [path for path in out.iterdir() if path.name != ".git"] if out.exists() else []
    if inside and not (out / MARK).is_file():
        raise ValueError(f"{out} holds {inside[0].name} and no {MARK}, expected an empty folder or a student edition")
    out.mkdir(parents=True, exist_ok=True)
    for path in inside:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def _title(root: Path) -> str:
    lines = (root / "_config.yml").read_text(encoding="utf-8").splitlines()
    return next(line.removeprefix("title: ") for line in lines if line.startswith("title: "))
