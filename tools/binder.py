"""Build what Binder would build from .binder/, in a clean root, and run every notebook in JupyterLab there.

    python -m tools.binder                     all notebooks
    python -m tools.binder 06_copy             one of them
    python -m tools.binder --keep              in what the last call built, run what it did not run
    python -m tools.binder --out FILE          write what was measured

The steps are those of repo2docker's own Dockerfile, for the committed state of this folder. They are executed in a
small Debian made with debootstrap; that takes root and bubblewrap. Where these are missing, the steps that concern
Python run in a virtual environment. What could not be run as it is written is told, and stands in the results.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import re
import secrets
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tools import dockerfile
from tools.binder_places import CleanRoot, Place, VirtualEnvironment, clean_root_is_possible
from tools.lab import Lab

ROOT = Path(__file__).resolve().parents[1]
WORK = ROOT / "_build" / "binder"
REPO2DOCKER = "jupyter-repo2docker==2026.4.0"
USER = {"NB_USER": "jovyan", "NB_UID": "1000", "REPO_DIR": "/home/jovyan"}  # as on mybinder.org

LOCAL = re.compile(r"(?<=build_script_files/)\S*-2f")
"""In the name of a file that repo2docker adds: the folder on this machine, which is nobody's business."""


def say(text: str) -> None:
    """Print at once: the steps take minutes."""
    print(f"binder: {text}", flush=True)


def source() -> Path:
    """Return a clone of the committed state, which is what Binder gets."""
    copy = WORK / "src"
    shutil.rmtree(copy, ignore_errors=True)
    subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", str(ROOT), str(copy)], check=True)
    return copy


def repo2docker() -> Path:
    """Return the environment that has repo2docker; it has many requirements, so it is one of its own."""
    folder = WORK / "repo2docker"
    program = folder / "bin" / "jupyter-repo2docker"
    if not program.exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        install = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*install, REPO2DOCKER], check=True)
    return folder


def steps(copy: Path) -> list[tuple[str, str]]:
    """Return the instructions of the Dockerfile that repo2docker generates."""
    program = repo2docker() / "bin" / "jupyter-repo2docker"
    who = ["--user-id", USER["NB_UID"], "--user-name", USER["NB_USER"]]
    command = [str(program), "--no-build", "--debug", *who, "."]
    text = subprocess.run(command, cwd=copy, capture_output=True, text=True, check=True).stdout
    return dockerfile.instructions(text)


def build(place: Place, instructions: list[tuple[str, str]]) -> list[dict[str, Any]]:
    """Carry the instructions out. -> for each that ran: its text, seconds, and how it was run."""
    done = []
    for word, rest in instructions:
        if word == "ENV":
            place.variables.update(dockerfile.assigned(rest, place.variables))
        elif word == "ARG":
            name, _, default = rest.partition("=")
            place.variables[name] = USER.get(name) or dockerfile.filled(default, place.variables)
        elif word == "WORKDIR":
            place.folder = dockerfile.filled(rest, place.variables)
        elif word == "USER":
            place.user = dockerfile.filled(rest, place.variables)
        elif word in {"RUN", "COPY"}:
            started = time.monotonic()
            how = place.run(rest) if word == "RUN" else place.copy(rest)
            seconds = round(time.monotonic() - started, 1)
            say(f"{seconds:6.1f} s  {how}: {word} {rest[:80]}")
            done.append({"step": f"{word} {LOCAL.sub('', rest)[:100]}", "seconds": seconds, "how": how})
    return done


@contextlib.contextmanager
def jupyterlab(place: Place) -> Iterator[Lab]:
    """Start JupyterLab in the place, through the program with which its containers start."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    token = secrets.token_hex(16)
    options = f"--no-browser --ip=127.0.0.1 --port={port} --IdentityProvider.token={token}"
    log = (WORK / "jupyterlab.log").open("wb")
    process = subprocess.Popen(place.command(f"{place.entrypoint} jupyter lab {options}"), stdout=log, stderr=log)
    try:
        lab = Lab(f"http://127.0.0.1:{port}", token)
        lab.wait(600, lambda: process.poll() is None)
        yield lab
    finally:
        process.terminate()
        process.wait(timeout=30)
        log.close()


def notebooks() -> list[str]:
    """Return the names of all notebooks."""
    return sorted(path.stem for path in (ROOT / "book").glob("*.ipynb"))


def open_pages(lab: Lab) -> None:
    """Open every page that a button launches."""
    pages = [
        path.relative_to(ROOT).as_posix() for path in sorted(ROOT.glob("book/*.*")) if path.suffix in {".ipynb", ".md"}
    ]
    for page in [*pages, "index.md"]:
        lab.shows(page)
    say(f"JupyterLab opens all {len(pages) + 1} pages")


def run_notebooks(place: Place, chosen: list[str], record: dict[str, Any]) -> None:
    """Run notebooks and note after each what it measured, so that a later call can go on."""
    with jupyterlab(place) as lab:
        open_pages(lab)
        for name in chosen:
            record["notebooks"][name] = run = lab.run(f"book/{name}.ipynb")
            save(record)
            peak = run["kernel_bytes"] / 1e6
            say(f"{name:24} {run['error'] or 'ran'} in {run['seconds']:4.0f} s, {peak:5.0f} MB at most")


def save(record: dict[str, Any]) -> None:
    """Keep what was measured until now."""
    (WORK / "record.json").write_text(json.dumps(record, indent=1), encoding="utf-8")


def prove(chosen: list[str], keep: bool) -> dict[str, Any]:
    """Build, and run notebooks; or keep what is built, and run those that were not. -> all that was measured."""
    WORK.mkdir(parents=True, exist_ok=True)
    kind = CleanRoot if clean_root_is_possible() else VirtualEnvironment
    place = kind(WORK, WORK / "src", repo2docker())
    say(f"the steps are run in {place.name}")
    if not keep:
        instructions = steps(source())
        place.prepare()
        done = build(place, instructions)
        measured = {"place": place.name, "versions": place.versions(), "steps": done, **place.sizes()}
        save({**measured, "notebooks": {}, "state": place.state()})
    record = json.loads((WORK / "record.json").read_text(encoding="utf-8"))
    place.restore(record["state"])
    missing = [name for name in notebooks() if name not in record["notebooks"]]
    run_notebooks(place, chosen or missing, record)
    record.pop("state")
    return record


def main(arguments: list[str] | None = None) -> int:
    """Do what was asked for; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("notebook", nargs="*", help="names of notebooks, such as 06_copy (otherwise all)")
    parser.add_argument("--keep", action="store_true", help="go on in what the last call built")
    parser.add_argument("--out", type=Path, help="write what was measured to this file")
    options = parser.parse_args(arguments)
    known = notebooks()
    unknown = sorted(set(options.notebook) - set(known))
    if unknown:
        parser.error(f"notebook: received {unknown[0]!r}, expected one of {', '.join(known)}")
    measured = prove(options.notebook, options.keep)
    if options.out:
        options.out.write_text(json.dumps(measured, indent=1) + "\n", encoding="utf-8")
    failed = [name for name, run in measured["notebooks"].items() if run["error"]]
    altered = [step for step in measured["steps"] if step["how"] != "as written"]
    say(f"{len(measured['notebooks'])} notebooks, {len(failed)} failed; {len(altered)} steps not as written")
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
