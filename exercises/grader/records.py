"""One JSON file a submission, written at once or not at all, under a key of everything that its verdict depends on."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import secrets
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

from exercises.grader.events import Limits

EXERCISES = Path(__file__).resolve().parents[1]


def write_atomically(path: Path, text: str) -> None:
    """Write a text file so that every reader sees the old or the new one, whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # opened by name, and not by tempfile: the class's own umask says who may read grades
    written = path.with_name(f".writing-{secrets.token_hex(8)}")
    try:
        with written.open(
            "x", encoding="utf-8", errors="backslashreplace", newline=""
        ) as stream:  # half a pair is text too
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        written.replace(path)
    except BaseException:
        written.unlink(missing_ok=True)
        raise


def environment(trust: bool, limits: Limits) -> dict[str, Any]:
    """What a verdict depends on besides submission and source."""
    packages = {}
    for name in ("numpy", "tensorflow", "keras"):
        try:
            packages[name] = version(name)
        except PackageNotFoundError:
            packages[name] = "not installed"
    return {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "packages": packages,
        "trust": trust,
        "limits": asdict(limits),
        "floats": np.finfo(float).bits,
        "platform": sys.platform,
    }


def grader_digest() -> str:
    """A hash of the code that judges: the grader and what it shares with the students."""
    paths = [path for name in ("grader", "student") for path in sorted((EXERCISES / name).glob("*.py"))]
    return _digest([*paths, EXERCISES / "check.py", EXERCISES / "release" / "check.py"])


def library_digest() -> str:
    """A hash of the course's library, which some answers and references use."""
    return _digest(sorted((EXERCISES.parent / "ntm_lib").rglob("*.py")))


def _digest(paths: Sequence[Path]) -> str:
    total = hashlib.sha256()
    for path in paths:
        total.update(str(path.relative_to(EXERCISES.parent)).encode() + b"\0" + path.read_bytes() + b"\0")
    return total.hexdigest()


def key(**parts: Any) -> str:
    """A hash over named parts."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def file_name(shown: str) -> str:
    """A safe and unique file name for a submission's path, however that is spelled."""
    slug = re.sub(r"[^A-Za-z0-9]+", "-", shown.removesuffix(".ipynb")).strip("-")[:60] or "submission"
    return f"{slug}-{hashlib.sha256(shown.encode()).hexdigest()[:8]}"


def write(folder: Path, record: Mapping[str, Any]) -> None:
    """Write a record."""
    text = json.dumps(record, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    write_atomically(folder / "records" / f"{file_name(record['file'])}.json", text)


def read(folder: Path, shown: str, wanted: str) -> dict[str, Any] | None:
    """The record of a submission if there is one under this key; a damaged or older one counts as none."""
    try:
        text = (folder / "records" / f"{file_name(shown)}.json").read_text(encoding="utf-8")
        record = json.loads(text)
    except (OSError, ValueError):
        return None
    fits = isinstance(record, dict) and record.get("key") == wanted and record.get("file") == shown
    return record if fits else None
