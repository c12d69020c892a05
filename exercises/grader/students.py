"""The student edition: the tree that Binder, Colab and nbgitpuller serve to a class.

It holds the book, the library, the releases and the environment. It holds no source notebook, solution, hidden case,
grader, test or history, so the repository that it is made from can stay private.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from exercises.grader.release import raw_address
from exercises.grader.sources import HIDDEN, SOLUTION, secret_lines

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("book", "ntm_lib", "exercises/release", "benchmarks", "assets", ".binder")
FILES = (
    *("index.md", "references.bib", "requirements.txt", "pyproject.toml"),
    *("LICENSE", "LICENSE-TEXT", "CITATION.cff", "THIRD-PARTY.md"),
)
LEFT_OUT = ("__pycache__", ".ipynb_checkpoints", ".virtual_documents", "grading.py")  # the last one measures the grader
LONG = 40  # characters: shorter lines of a solution stand in the book or the library as well
FETCHED = re.compile(r'(\\"--branch=)v[^"\\]+(\\", \\")https://[^"\\]+(\\")')
"""In a chapter's file: the release that its first cell fetches on Colab and Kaggle, and from where."""
MARK = "STUDENT_EDITION"
MARK_TEXT = (
    "Written by `make students`, which replaces everything here but .git. Edit the course it is made from instead.\n"
)
README = """# {title}: the student edition

The chapters are in `book/`, the graded exercises in `exercises/release/`, the library in `ntm_lib/`. Python 3.11, 3.12
or 3.13 is needed.

```sh
python3 -m venv .venv
.venv/bin/pip install --require-hashes -r requirements.txt
.venv/bin/pip install --no-build-isolation --no-deps -e .
.venv/bin/jupyter lab
```

An exercise needs NumPy and the file `check.py` beside it, nothing else. `check("q1")` in the notebook tells you where
you are; `submit()` writes the file that you hand in. Nothing is sent anywhere.
"""


def write(out: Path, root: Path = ROOT, repository: str | None = None) -> list[Path]:
    """Write the student edition of the course at `root` into `out`, and keep `out/.git`. -> the files, relative.

    With `repository`, the address of the class's own copy, its notebooks fetch check.py and the course from there,
    from its branch main, not from a release of the public course.

    Raises:
        ValueError: if `out` holds something else, a file would give answers away, or `repository` is no address.
            Nothing is changed then.
    """
    if repository is not None and not re.fullmatch(r"https://[\w.-]+/[\w.-]+(/[\w.-]+)+", repository):
        raise ValueError(f"repository: received {repository!r}, expected one like https://github.com/OWNER/NAME")
    files = sorted(_files(root))
    _refuse_what_gives_answers_away(root, files)
    _empty(out)
    for file in files:
        (out / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(root / file, out / file)
    for notebook in (out / "book").glob("*.ipynb") if repository else ():
        text = FETCHED.sub(rf"\g<1>main\g<2>{repository}\g<3>", notebook.read_text(encoding="utf-8"))
        notebook.write_text(text, encoding="utf-8")
    for release in (out / "exercises" / "release").glob("*.ipynb") if repository else ():
        text = release.read_text(encoding="utf-8").replace(raw_address(root), f"{repository}/raw/main")
        release.write_text(text, encoding="utf-8")
    written = {"README.md": README.format(title=_title(root)), MARK: MARK_TEXT, ".gitignore": IGNORED}
    for name, text in written.items():
        (out / name).write_text(text, encoding="utf-8")
    print(f"Wrote the student edition to {out}: {len(files) + len(written)} files")
    print(f"Where check.py is not beside a notebook, as on Colab, it comes from {repository or 'the public course'}.")
    if repository is None:
        print("To have it come from the class: make students REPOSITORY=https://github.com/OWNER/NAME")
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
