"""Ask the public database for known weaknesses of what the locks pin: `make audit`.

pip-audit asks; what it could not ask about it reports as free of weaknesses. Here that is an error, as is a weakness.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
LOCKS = ("requirements.txt", "requirements-dev.txt", "requirements-reuse.txt", ".binder/requirements.txt")
ENTRY = re.compile(
    r"^(?P<name>[a-z0-9.-]+)==(?P<version>[^ \\]+)(?P<marker> ; [^\\]+)?(?P<hashes>( \\\n +--hash=\S+)+)$", re.M
)


def entries(lock: str) -> list[re.Match[str]]:
    """The packages of a lock, each with its version, marker and hashes."""
    return list(ENTRY.finditer((ROOT / lock).read_text(encoding="utf-8")))


def pinned() -> list[str]:
    """Each package of all locks once, as a line of a requirements file."""
    lines = {f"{entry['name']}=={entry['version']}{entry['marker'] or ''}" for lock in LOCKS for entry in entries(lock)}
    return sorted(lines)


def asked(lines: list[str]) -> list[dict[str, Any]]:
    """What pip-audit answers for each package.

    Raises:
        ConnectionError: if it broke off.
    """
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write("\n".join(lines))
        file.flush()
        options = [
            "--requirement",
            file.name,
            "--disable-pip",
            "--no-deps",
            "--format",
            "json",
            "--progress-spinner",
            "off",
        ]
        ran = subprocess.run([sys.executable, "-m", "pip_audit", *options], capture_output=True, text=True, check=False)
    if not ran.stdout.startswith("{"):
        raise ConnectionError(f"pip-audit broke off: {ran.stderr.strip().splitlines()[-1]}")
    answers: list[dict[str, Any]] = json.loads(ran.stdout)["dependencies"]
    return answers


def report(answers: list[dict[str, Any]]) -> tuple[list[str], list[str]]:
    """-> a line for each known weakness, and the packages of which nothing is known."""
    weak = [
        f"{package['name']} {package['version']}: {found['id']}, "
        f"fixed in {', '.join(found['fix_versions']) or 'no version'}"
        for package in answers
        for found in package.get("vulns", ())
    ]
    return weak, [package["name"] for package in answers if "skip_reason" in package]


def main() -> int:
    """Print what is known; return 0 if each package is known and without a weakness."""
    lines = pinned()
    try:
        answers = asked(lines)
    except ConnectionError as error:
        print(f"error: {error}; is this machine online?", file=sys.stderr)
        return 1
    weak, unknown = report(answers)
    print(*weak, f"{len(answers) - len(unknown)} packages audited, {len(weak)} weaknesses", sep="\n")
    if unknown:
        shown = ", ".join(unknown[:3])
        print(f"error: the database has no answer for {len(unknown)} packages ({shown}, ...);", file=sys.stderr)
        print(
            "nothing is known of them. Can this machine reach the index's database, not only its files?",
            file=sys.stderr,
        )
    return 1 if weak or unknown else 0


if __name__ == "__main__":
    sys.exit(main())
