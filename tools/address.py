"""The address of the repository, which stands in `_config.yml`, and what follows from it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
OWNER = re.compile(r"[A-Za-z0-9](?:-?[A-Za-z0-9]){0,38}")
NAME = re.compile(r"(?!\.{1,2}$)(?!.*\.git$)[A-Za-z0-9._-]{1,100}")
URL = re.compile(r"^  url: https://github\.com/([^/\s]+)/([^/\s]+?)/?$", re.MULTILINE)


class Repository(NamedTuple):
    """A repository on GitHub."""

    owner: str
    name: str

    @property
    def url(self) -> str:
        """Where its files are."""
        return f"https://github.com/{self.owner}/{self.name}"

    @property
    def pages(self) -> str:
        """Where GitHub Pages shows its book."""
        site = f"{self.owner.lower()}.github.io"
        return f"https://{site}/" if self.name.lower() == site else f"https://{site}/{self.name}/"


def repository(owner: str, name: str) -> Repository:
    """Return a repository of this name.

    Raises:
        ValueError: if GitHub allows no such owner or no such name.
    """
    if not OWNER.fullmatch(owner):
        raise ValueError(
            f"OWNER: received {owner!r}, expected a user or an organisation of GitHub: at most 39 letters, digits "
            "and single hyphens"
        )
    if not NAME.fullmatch(name):
        raise ValueError(
            f"REPO: received {name!r}, expected the name of a repository of GitHub: at most 100 letters, digits, "
            "dots, hyphens and underscores, without .git"
        )
    return Repository(owner, name)


def current(root: Path = ROOT) -> Repository:
    """Return the repository that `_config.yml` names.

    Raises:
        ValueError: if it names none.
    """
    found = URL.search((root / "_config.yml").read_text(encoding="utf-8"))
    if found is None:
        raise ValueError(
            "_config.yml: expected repository: with url: https://github.com/OWNER/REPO. Received no such line"
        )
    return Repository(*found.groups())
