"""Write what a release consists of to `_build/release`: `make release`, after `make book`, `make pdf` and `make epub`.

    NAME-VERSION.zip             the offline archive: pages, PDF, notebooks, exercises, library
    NAME-VERSION.pdf, .epub      the book to print, and for e-readers
    NAME-exercises-VERSION.zip   the exercises alone
    ntm_lib-VERSION-*.whl        the library
    SHA256SUMS, NOTES.md         checksums; what has changed

The files come from the last commit and from the notebooks as they were executed last, so two runs give the same bytes:
entries are sorted, and every date is that of the commit.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterable, Iterator
from io import BytesIO
from pathlib import Path

from exercises.grader import students
from tools.address import ROOT, current
from tools.archives import Entry, tree, write_zip
from tools.dates import last_change, version

LARGEST = 25_000_000  # bytes of the offline archive
START = """{title}, version {version}

html/index.html   Open it in a browser. It needs no network; figures, mathematics and search work from this folder.
{pdf}
                  The same book to print; its figures are still pictures.
course/           The notebooks and exercises, and the library beside them: course/README.md says how to run them.
{wheel}
                  The library for a project of your own: pip install "./{wheel}[tensorflow]"

{address}
Text and figures: Creative Commons Attribution 4.0. Code: MIT. See course/LICENSE-TEXT and course/LICENSE.
What others wrote, such as MathJax and the pages' theme: course/THIRD-PARTY.md.
"""

FETCHED = re.compile(r"(?:--branch=|/raw/)v([\w.]+?)(?=\\|/|\")")
"""The release that a notebook fetches, as its file holds it."""


def versions(root: Path) -> dict[str, str]:
    """Return the version by each file that states it; "none" where it does not."""
    stated = {
        "pyproject.toml": r'^version = "(.+)"$',
        "ntm_lib/__init__.py": r'^__version__ = "(.+)"$',
        "CITATION.cff": r"^version: (.+)$",
    }
    found = {
        name: re.search(line, (root / name).read_text(encoding="utf-8"), re.MULTILINE) for name, line in stated.items()
    }
    return {name: match[1] if match else "none" for name, match in found.items()}


def notes(root: Path, heading: str) -> str | None:
    """Return the part of the changelog under a heading, or None if there is none."""
    parts = re.split(r"^## \[(.+?)\].*$", (root / "CHANGELOG.md").read_text(encoding="utf-8"), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True)).get(heading)


def check_fetched(root: Path, number: str) -> None:
    """See that on Colab and Kaggle every notebook fetches this version.

    Raises:
        ValueError: if one fetches another.
    """
    for notebook in sorted([*root.glob("book/*.ipynb"), *root.glob("exercises/release/*.ipynb")]):
        for other in set(FETCHED.findall(notebook.read_text(encoding="utf-8"))) - {number}:
            cure = "run python tools/first_cell.py and make exercises"
            raise ValueError(f"{notebook.relative_to(root)}: fetches v{other}, expected v{number}; {cure}")


def check(root: Path, tag: str | None = None) -> None:
    """See that there is one version, and that a tag is this version's, with a part of the changelog.

    Raises:
        ValueError: if not, or if the work tree differs from its last commit.
    """
    found = versions(root)
    if len(set(found.values())) > 1:
        raise ValueError(f"expected one version in all of {', '.join(found)}. Received {', '.join(found.values())}")
    number = found["pyproject.toml"]
    if tag is not None and tag != f"v{number}":
        raise ValueError(f"TAG: received {tag!r}, expected 'v{number}', the version in {', '.join(found)}")
    if tag is not None and notes(root, number) is None:
        raise ValueError(f"CHANGELOG.md: expected a heading ## [{number}]. Received none")
    check_fetched(root, number)
    command = ["git", "-C", str(root), "status", "--porcelain", "--untracked-files=no"]
    try:
        changed = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split("\n")[:-1]
    except (OSError, subprocess.CalledProcessError) as error:
        raise ValueError(f"{root}: received a folder that git does not know, expected a clone of the course") from error
    if changed:
        raise ValueError(
            f"expected everything to be committed. Received {len(changed)} changed files, such as {changed[0][3:]}"
        )


def committed(root: Path, place: Path) -> Path:
    """Unpack the last commit into a folder and return it: the work tree may hold more."""
    command = ["git", "-C", str(root), "archive", "--format=tar", "HEAD"]
    packed = subprocess.run(command, capture_output=True, check=True).stdout
    with tarfile.open(fileobj=BytesIO(packed)) as archive:
        archive.extractall(place, filter="data")
    return place


def wheel(source: Path, place: Path, epoch: int) -> Path:
    """Build the library from a folder of sources with the locked setuptools; return the wheel."""
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--no-build-isolation", "--no-index"]
    environment = {**os.environ, "SOURCE_DATE_EPOCH": str(epoch)}
    subprocess.run([*command, "--wheel-dir", str(place), str(source)], env=environment, check=True)
    return next(place.glob("ntm_lib-*.whl"))


def archive_of(start: str, html: Path, course: Path, files: Iterable[Path], prefix: str) -> Iterator[Entry]:
    """Yield the files of the offline archive."""
    yield Entry(f"{prefix}/START.txt", start.encode())
    yield from tree(html, f"{prefix}/html")
    yield from tree(course, f"{prefix}/course")
    for path in files:
        yield Entry(f"{prefix}/{path.name}", path)


def write(root: Path, out: Path, tag: str | None = None) -> list[Path]:
    """Write the release of a course whose pages and PDF are built; return its files.

    Raises:
        ValueError: if something of `check` does not hold, the PDF is missing, or the archive is too large.
    """
    check(root, tag)
    number, epoch, repository = version(root), last_change(root), current(root)
    pdf, epub = (root / "_build" / kind / f"{repository.name}-{number}.{kind}" for kind in ("pdf", "epub"))
    for path in (pdf, epub):
        if not path.is_file():
            raise ValueError(f"expected {path.name}, which `make {path.suffix[1:]}` writes. Received no such file")
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as scratch:
        source = committed(root, Path(scratch) / "source")
        course = Path(scratch) / "course"
        students.write(course, source)
        library = wheel(source, out, epoch)
        for path in (pdf, epub):
            shutil.copyfile(path, out / path.name)
        title = re.search(r"^title: (.+)$", (root / "_config.yml").read_text(encoding="utf-8"), re.MULTILINE)
        start = START.format(
            title=title[1] if title else repository.name,
            version=number,
            pdf=pdf.name,
            wheel=library.name,
            address=repository.url,
        )
        prefix = f"{repository.name}-{number}"
        entries = archive_of(start, root / "_build" / "html", course, (pdf, library), prefix)
        write_zip(out / f"{prefix}.zip", entries, epoch)
        exercises = f"{repository.name}-exercises-{number}"
        write_zip(out / f"{exercises}.zip", tree(course / "exercises" / "release", exercises), epoch)
    size = (out / f"{prefix}.zip").stat().st_size
    if size >= LARGEST:
        raise ValueError(f"the offline archive: received {size:,} bytes, expected fewer than {LARGEST:,}")
    return described(root, out, number if tag else "Unreleased")


def described(root: Path, out: Path, heading: str) -> list[Path]:
    """Write checksums and notes beside the files of a release; return all of them."""
    files = sorted(out.iterdir())
    sums = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in files]
    (out / "SHA256SUMS").write_text("".join(sums), encoding="utf-8")
    (out / "NOTES.md").write_text((notes(root, heading) or "").strip() + "\n", encoding="utf-8")
    return [*files, out / "SHA256SUMS", out / "NOTES.md"]


def main(arguments: list[str] | None = None) -> int:
    """Check, or check and write, and say what came out."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tag", help="the tag that is released, such as v1.2.3")
    parser.add_argument("--check", action="store_true", help="check only, and write nothing")
    options = parser.parse_args(arguments)
    try:
        if options.check:
            check(ROOT, options.tag)
            return 0
        for path in write(ROOT, ROOT / "_build" / "release", options.tag):
            print(f"{path.stat().st_size / 1e6:7.2f} MB  {path.relative_to(ROOT)}")
    except (ValueError, OSError, subprocess.CalledProcessError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
