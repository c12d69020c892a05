"""The version of the course, and when it changed last: what makes two builds of one commit the same."""

from __future__ import annotations

import os
import re
import subprocess
import time
from pathlib import Path


def last_change(root: Path) -> int:
    """Return when the course changed last: SOURCE_DATE_EPOCH, or the last commit, or now where there is no git."""
    if epoch := os.environ.get("SOURCE_DATE_EPOCH"):
        return int(epoch)
    command = ["git", "-C", str(root), "log", "-1", "--format=%ct"]
    try:
        return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    except (OSError, ValueError, subprocess.CalledProcessError):
        return int(time.time())


def version(root: Path) -> str:
    """Return the version of the course, as pyproject.toml has it."""
    found = re.search(r'^version = "(.+)"$', (root / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE)
    if found is None:
        raise ValueError('pyproject.toml: expected version = "...". Received no such line')
    return found[1]
