"""Run every notebook as Colab and Kaggle would: with the versions that they ship, and with the first cell at work.

    python -m tools.services                      both services
    python -m tools.services colab 06_copy        one of them, one notebook

The versions stand in tools/services.toml. Each service gets a virtual environment under _build/services that has
them and not the course. The notebooks lie in an empty folder, and git finds the committed state of this folder, tagged
as the release, at the repository's address; so the first cell fetches and installs what is to be released.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import subprocess
import sys
import time
import tomllib
from pathlib import Path
from typing import Any

import nbformat
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

from tools import address, first_cell

ROOT = Path(__file__).resolve().parents[1]
PLACE = ROOT / "_build" / "services"
TIMEOUT = 900  # seconds for one cell: the first installs, and the services' processors are slower than ours
VERSIONS = """
import importlib.metadata, json, sys
print(json.dumps({name: importlib.metadata.version(name) for name in sys.argv[1:]}))
"""


def services(path: Path = ROOT / "tools" / "services.toml") -> dict[str, dict[str, Any]]:
    """Return for each service its Python version and its packages.

    Raises:
        ValueError: if a package has no exact version.
    """
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    found = {}
    for name, entry in table.items():
        base = table[entry["like"]] if "like" in entry else {}
        packages = {package.partition("==")[0]: package for package in [*base.get("packages", []), *entry["packages"]]}
        loose = [package for package in packages.values() if package.count("==") != 1]
        if loose:
            raise ValueError(f"{path.name}, {name}: received {loose[0]!r}, expected NAME==VERSION")
        found[name] = {**base, **entry, "packages": sorted(packages.values(), key=str.lower)}
    return found


def interpreter(version: str) -> str:
    """Return a Python of this version.

    Raises:
        ValueError: if there is none.
    """
    asked = "import sys; print('%d.%d' % sys.version_info[:2])"
    for candidate in (os.environ.get("PYTHON"), f"python{version}", sys.executable):
        program = shutil.which(candidate) if candidate else None
        if program and subprocess.run([program, "-c", asked], capture_output=True, text=True).stdout.strip() == version:
            return program
    raise ValueError(f"Python {version} was not found; install it, or name it: make services PYTHON=/path/to/python")


def environment(name: str, service: dict[str, Any]) -> Path:
    """Return the Python of a new environment with what the service ships, and without the course."""
    folder = PLACE / name / "venv"
    print(f"{name}: installing what it ships into {folder.relative_to(ROOT)}", flush=True)
    subprocess.run([interpreter(service["python"]), "-m", "venv", "--clear", str(folder)], check=True)
    python = folder / "bin" / "python"
    install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--only-binary", ":all:"]
    subprocess.run([*install, *service["packages"]], check=True)
    return python


def origin(root: Path = ROOT) -> Path:
    """Return a copy of the repository with the release's tag at the newest commit."""
    copy = PLACE / "origin"
    shutil.rmtree(copy, ignore_errors=True)
    subprocess.run(["git", "clone", "--quiet", "--bare", str(root), str(copy)], check=True)
    tag = ["git", "-C", str(copy), "tag", "--force", f"v{first_cell.version(root)}"]
    subprocess.run(tag, check=True, capture_output=True)
    return copy


def variables(python: Path, copy: Path) -> dict[str, str]:
    """Return a kernel's environment variables: its own programs first, the copy at the repository's address."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "JUPYTER"))}
    return {
        **kept,
        "PATH": f"{python.parent}{os.pathsep}{os.environ['PATH']}",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.{copy.as_uri()}.insteadOf",
        "GIT_CONFIG_VALUE_0": address.current().url,
    }


def kernel(name: str, python: Path) -> AsyncKernelManager:
    """Return a manager of kernels that run this Python."""
    folder = PLACE / name / "kernels" / "service"
    folder.mkdir(parents=True, exist_ok=True)
    command = [str(python), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    spec = {"argv": command, "display_name": name, "language": "python"}
    (folder / "kernel.json").write_text(json.dumps(spec), encoding="utf-8")
    specs = KernelSpecManager(kernel_dirs=[str(folder.parent)], ensure_native_kernel=False)
    return AsyncKernelManager(kernel_name="service", kernel_spec_manager=specs)


def run(path: Path, name: str, python: Path, content: Path, copy: Path) -> str:
    """Run one notebook in the folder `content`. -> what went wrong, or nothing."""
    notebook = nbformat.read(path, as_version=4)
    manager = kernel(name, python)
    client = NotebookClient(notebook, km=manager, timeout=TIMEOUT, resources={"metadata": {"path": str(content)}})
    try:
        client.execute(env=variables(python, copy), stderr=subprocess.DEVNULL)  # TensorFlow tells of GPUs
    except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
        return str(error).strip()
    finally:
        if manager.has_kernel:
            asyncio.run(manager._async_shutdown_kernel(now=True))
    return ""


def changed(python: Path, packages: list[str]) -> list[str]:
    """Return the packages that no longer have the service's version: the first cell must leave them alone."""
    wanted = dict(package.split("==") for package in packages)
    shown = subprocess.run([str(python), "-c", VERSIONS, *wanted], capture_output=True, text=True, check=True)
    found = json.loads(shown.stdout)
    return [f"{name} {wanted[name]} became {found[name]}" for name in wanted if found[name] != wanted[name]]


def check(name: str, service: dict[str, Any], notebooks: list[Path]) -> int:
    """Run the notebooks on one service. -> how many failed."""
    python, copy, failures = environment(name, service), origin(), 0
    content = PLACE / name / "content"
    shutil.rmtree(content, ignore_errors=True)
    content.mkdir(parents=True)
    for path in notebooks:
        started = time.monotonic()
        reason = run(path, name, python, content, copy)
        print(
            f"{name}: {path.stem:24} {'failed' if reason else 'ran'} in {time.monotonic() - started:4.0f} s", flush=True
        )
        if reason:
            print(reason, flush=True)
        failures += bool(reason)
    for package in changed(python, service["packages"]):
        print(f"{name}: {package}", flush=True)
        failures += 1
    return failures


def main(arguments: list[str] | None = None) -> int:
    """Run what was asked for; return the exit status."""
    known = services()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("service", nargs="?", choices=list(known), help="one service (otherwise all)")
    parser.add_argument("notebook", nargs="*", help="names of notebooks, such as 06_copy (otherwise all)")
    options = parser.parse_args(arguments)
    found = sorted((ROOT / "book").glob("*.ipynb"))
    unknown = set(options.notebook) - {path.stem for path in found}
    if unknown:
        parser.error(f"notebook: received {min(unknown)!r}, expected one of {', '.join(path.stem for path in found)}")
    notebooks = [path for path in found if not options.notebook or path.stem in options.notebook]
    chosen = [options.service] if options.service else list(known)
    try:
        failures = sum(check(name, known[name], notebooks) for name in chosen)
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except subprocess.CalledProcessError as error:
        print(f"error: {Path(error.cmd[0]).name} failed: {' '.join(map(str, error.cmd[:6]))} ...", file=sys.stderr)
        return 2
    print(f"{failures} failures, {len(notebooks)} notebooks on {' and '.join(chosen)}")
    return int(failures > 0)


if __name__ == "__main__":
    sys.exit(main())
