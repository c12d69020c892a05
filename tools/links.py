"""Ask every address that the course points at whether it answers: `make links`. Needs the network.

Sphinx's own link checker reads the book without executing it, then the other Markdown files of the repository. Exits
with 1 where an address is broken, and the last lines say which; at once, and with one line, where this machine is not
online. This module is also the Sphinx extension of both.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import requests
import yaml
from sphinx.application import Sphinx

from tools.address import ROOT, current

PLACE = ROOT / "_build" / "links"
ASKED_FIRST = ("https://github.com", "https://arxiv.org", "https://doi.org")
"""Whether one of them answers says whether this machine is online."""
DOCUMENTS = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "exercises/README.md")
POLITE = {
    "linkcheck_timeout": 30,
    "linkcheck_retries": 3,
    "linkcheck_workers": 4,
    "linkcheck_anchors": False,  # GitHub and arXiv make theirs in the browser
    "linkcheck_report_timeouts_as_broken": False,
}
"""Sphinx's settings: a slow server is not a broken link, and no server is asked more than it likes."""


def record_of_identifier(app: Sphinx, address: str) -> str | None:
    """Ask the register for a DOI: the publishers behind it turn programs away."""
    return address.replace("https://doi.org/", "https://doi.org/api/handles/") if "//doi.org/10." in address else None


def setup(app: Sphinx) -> dict[str, bool]:
    """Put the register's address for the publisher's."""
    app.connect("linkcheck-process-uri", record_of_identifier)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def book_config(folder: Path, root: Path = ROOT) -> Path:
    """Write the book's configuration with the execution of notebooks off, and return its path."""
    config = yaml.safe_load((root / "_config.yml").read_text(encoding="utf-8"))
    config["execute"]["execute_notebooks"] = "off"
    config["sphinx"]["local_extensions"] = {
        name: str(root / place) for name, place in config["sphinx"]["local_extensions"].items()
    }
    config["sphinx"]["extra_extensions"].append("tools.links")
    config["sphinx"]["config"] |= POLITE | {"linkcheck_ignore": [rf"^{current(root).url}/(issues|edit)/"]}
    path = folder / "_config.yml"
    path.write_text(yaml.safe_dump(config), encoding="utf-8")
    return path


def document_project(folder: Path, root: Path = ROOT) -> Path:
    """Write a small Sphinx project with the repository's Markdown files, and return its folder."""
    project = folder / "documents"
    shutil.rmtree(project, ignore_errors=True)
    project.mkdir(parents=True)
    settings = POLITE | {
        "extensions": ["myst_parser", "tools.links"],
        "root_doc": "README",
        "exclude_patterns": ["_build"],
        "suppress_warnings": ["myst.xref_missing", "misc.highlighting_failure"],
    }
    lines = [f"{name} = {value!r}" for name, value in settings.items()]
    (project / "conf.py").write_text("\n".join(lines) + "\n", encoding="utf-8")
    for name in DOCUMENTS:
        text = (root / name).read_text(encoding="utf-8")
        (project / name.replace("/", "_")).write_text(f"---\norphan: true\n---\n\n{text}", encoding="utf-8")
    return project


def online() -> bool:
    """Say whether one of the servers that the course points at most answers, whatever it says."""
    for address in ASKED_FIRST:
        try:
            requests.head(address, timeout=POLITE["linkcheck_timeout"])
        except requests.RequestException:
            continue
        return True
    return False


def check(root: Path = ROOT) -> bool:
    """Check all addresses; return whether all answer."""
    PLACE.mkdir(parents=True, exist_ok=True)
    config, project, programs = book_config(PLACE, root), document_project(PLACE, root), Path(sys.executable)
    book = ["--builder", "linkcheck", "--path-output", str(PLACE / "book"), "--config", str(config)]
    commands = (
        [str(programs.with_name("jupyter-book")), "build", str(root), *book],
        [str(programs), "-m", "sphinx", "-q", "-b", "linkcheck", str(project), str(PLACE / "others")],
    )
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONPATH": str(root)}
    codes = [subprocess.run(command, cwd=root, env=environment, check=False).returncode for command in commands]
    return not any(codes)


def main() -> int:
    """Check all addresses, if this machine is online."""
    if not online():
        hosts = ", ".join(address.removeprefix("https://") for address in ASKED_FIRST)
        print(f"error: none of {hosts} can be reached; nothing was checked. Is this machine online?", file=sys.stderr)
        return 1
    return 0 if check() else 1


if __name__ == "__main__":
    sys.exit(main())
