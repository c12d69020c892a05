"""Gradescope: the zip of an autograder for one exercise, and what runs there.

`python -m exercises.grader.autograder` runs in that container. A machine that fails there ends with an error, which
Gradescope shows as such; it never writes a score of 0.
"""

from __future__ import annotations

import json
import os
import sys
import zipfile
from importlib.metadata import version
from pathlib import Path

from exercises.grader import batch, exports, hand_marking, records, submissions
from exercises.grader.events import Limits
from exercises.grader.sandbox import InfrastructureError

ROOT = Path(__file__).resolve().parents[2]
HOME = Path("/autograder")
SECRET = 0o600
PACKAGES = ("numpy", "nbformat", "jinja2", "tqdm")
SETUP = """#!/usr/bin/env bash
# Gradescope: choose the base image "Ubuntu 24.04"; the grader needs Python 3.11 or later.
set -euo pipefail
apt-get update -qq
apt-get install -y -qq --no-install-recommends bubblewrap python3 python3-venv
python3 -c 'import sys; assert sys.version_info >= (3, 11), "choose the base image Ubuntu 24.04"'
python3 -m venv /autograder/environment
/autograder/environment/bin/python -m pip install -q {packages}
cd /autograder/source
chmod -R go+rX .  # the sandbox reads the grader without rights
chmod -R go-rwx salt.txt exercises/source
"""
RUN = """#!/usr/bin/env bash
set -euo pipefail
cd /autograder/source
exec /autograder/environment/bin/python -m exercises.grader.autograder
"""


def write_zip(out: Path, exercise: str, sources: Path, salt: Path, trust: bool) -> None:
    """Write the autograder of one exercise: the grader, the source notebook, the secret, and how to start."""
    notebook = sources / f"{exercise}.ipynb"
    course = batch.Class.read(sources, exercise)
    needs_tensorflow = any(question.uses != "numpy" for question in course.exercises[exercise].questions)
    packages = [*PACKAGES, *(("tensorflow", "keras", "matplotlib") if needs_tensorflow else ())]
    setup = SETUP.format(packages=" ".join(f"{name}=={version(name)}" for name in packages))
    settings = {"exercise": exercise, "trust": trust}
    out.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        _put(archive, "setup.sh", setup.encode(), 0o755)
        _put(archive, "run_autograder", RUN.encode(), 0o755)
        _put(archive, "settings.json", json.dumps(settings).encode())
        _put(archive, "salt.txt", batch.salt_from(salt), SECRET)
        _put(archive, f"exercises/source/{exercise}.ipynb", notebook.read_bytes(), SECRET)
        for path in _files(needs_tensorflow):
            _put(archive, str(path.relative_to(ROOT)), path.read_bytes())


def _files(with_library: bool) -> list[Path]:
    folders = [ROOT / "exercises" / name for name in ("grader", "student")]
    folders += [ROOT / "ntm_lib"] if with_library else []
    found = [path for folder in folders for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc"]
    single = [ROOT / "exercises" / name for name in ("__init__.py", "check.py", "release/check.py")]
    return sorted([*found, *single])


def _put(archive: zipfile.ZipFile, name: str, data: bytes, mode: int = 0o644) -> None:
    entry = zipfile.ZipInfo(name, date_time=(2020, 1, 1, 0, 0, 0))  # the same zip for the same content
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = mode << 16
    archive.writestr(entry, data)


def run(home: Path = HOME, source: Path = ROOT) -> None:
    """Grade what was handed in and write results.json. InfrastructureError when the machine failed."""
    settings = json.loads((source / "settings.json").read_text(encoding="utf-8"))
    exercise, results = settings["exercise"], home / "results"
    course = batch.Class.read(source / "exercises" / "source", exercise)
    found = submissions.find(home / "submission", [exercise])
    if not found:
        text = "No notebook was handed in: expected one file that ends with .ipynb."
        records.write_atomically(results / "results.json", json.dumps({"score": 0, "output": text}))
        return
    salt = batch.salt_from(source / "salt.txt")
    way = batch.Way(Limits(), settings["trust"])
    outcome = batch.grade_all(found, course, results / "grading", salt, way, only=exercise, progress=False)
    if outcome.broken:
        raise InfrastructureError("; ".join(outcome.broken.values()))
    graded = hand_marking.merge(results / "grading", exports.all_records(results / "grading"))
    best = max(graded, key=lambda record: float(record["total"]))
    text = json.dumps(exports.gradescope(best), indent=1, ensure_ascii=False)
    records.write_atomically(results / "results.json", text + "\n")


if __name__ == "__main__":
    os.chdir(ROOT)
    try:
        run()
    except InfrastructureError as error:
        sys.exit(f"The machine failed, so this is no grade: {error}")
