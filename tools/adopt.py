"""Give the course the address of another repository: every file that names the present one is rewritten.

    python -m tools.adopt --owner ada-lovelace --repo ntm-2027            a course's own copy
    python -m tools.adopt --owner ada-lovelace --repo ntm --move          the course itself has moved

A copy goes on naming the course it was made from, as its licence asks: CITATION.cff stays, and the pages' footer gains
a line. The same command twice changes nothing the second time.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from pathlib import Path

from tools.address import ROOT, Repository, current, repository

CITATION = "CITATION.cff"
CREDIT = 'Adapted from <a href="'
END = r"(?![\w-]|\.(?!git\b)\w)"  # ann/ntm is no part of ann/ntm-2 or ann/ntm.2, but of ann/ntm.git
FOOTER = re.compile(r"^  extra_footer: >-\n(?:    .*\n)+", re.MULTILINE)


def kept_by_git(root: Path) -> list[Path]:
    """Return the files that git tracks, or would.

    Raises:
        ValueError: if `root` is no repository.
    """
    command = ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise ValueError(f"{root}: received a folder that git does not know, expected a clone of the course") from error
    return [path for name in sorted(set(listed.split("\0")) - {""}) if (path := root / name).is_file()]


def renamed(text: str, old: Repository, new: Repository) -> str:
    """Return a text with every address of the old repository made one of the new; lines of credit stay."""
    pages = re.compile(rf"{re.escape(old.pages.rstrip('/'))}{END}/?", re.IGNORECASE)
    name = re.compile(rf"(?:(?<![\w-])|(?<=%2F)){re.escape(old.owner)}(/|%2F){re.escape(old.name)}{END}")

    def line_renamed(line: str) -> str:
        if CREDIT in line:
            return line
        return name.sub(lambda found: f"{new.owner}{found[1]}{new.name}", pages.sub(new.pages, line))

    return "".join(map(line_renamed, text.splitlines(keepends=True)))


def credited(config: str, original: Repository, title: str) -> str:
    """Return `_config.yml` with a line in the pages' footer that names the course this one was made from."""
    if CREDIT in config:
        return config
    found = FOOTER.search(config)
    if found is None:
        raise ValueError("_config.yml: expected html: with extra_footer: >- and its lines. Received no such lines")
    return f'{config[: found.end()]}    {CREDIT}{original.url}">{title}</a>.\n{config[found.end() :]}'


def adopt(root: Path, new: Repository, move: bool = False) -> list[str]:
    """Rewrite the address in the course at `root`. -> the files that changed, relative.

    Args:
        root: the course's folder.
        new: the repository that it shall name.
        move: whether the course itself moves: then its citation moves too, and nobody else is credited.
    """
    old, changed = current(root), []
    title = re.search(r"^title: (.+)$", (root / CITATION).read_text(encoding="utf-8"), re.MULTILINE)
    for path in kept_by_git(root):
        name = path.relative_to(root).as_posix()
        try:
            before = path.read_bytes().decode()
        except UnicodeDecodeError:
            continue
        after = before if name == CITATION and not move else renamed(before, old, new)
        if name == "_config.yml" and new != old and not move:
            after = credited(after, old, title[1] if title else old.name)
        if after != before:
            path.write_bytes(after.encode())
            changed.append(name)
    return changed


def main(arguments: list[str] | None = None) -> int:
    """Rewrite the address, and say where it stood."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--owner", required=True, help="the user or organisation on GitHub")
    parser.add_argument("--repo", required=True, help="the name of the repository")
    parser.add_argument("--move", action="store_true", help="the course itself has moved: its citation moves with it")
    options = parser.parse_args(arguments)
    try:
        new = repository(options.owner, options.repo)
        changed = adopt(ROOT, new, options.move)
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(*changed, sep="\n")
    print(f"{len(changed)} files now name {new.url}, whose pages are {new.pages}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
