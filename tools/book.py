"""Build the book: execute its notebooks, make the pages, print where the first one is.

Jupyter Book alone does not do five things that matter here, and this script takes care of them:

- notebooks are executed two at once (``execute.py``), before the pages are made;
- a change in the library must execute the notebooks again, so the cache of executed notebooks is kept for one state of
  the files in ``EXECUTION_DEPENDS_ON`` only;
- a style sheet or an extension changes pages whose text is the same, so every page is made again where one is new;
- a warning fails the build, but only in the run that reads the page, so what was read is forgotten unless it passed;
- a link to the first page, since the reader wants to open it.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
EXECUTION_DEPENDS_ON = ("ntm_lib/**/*", "benchmarks/**/*.json", "requirements.txt")
PAGES_DEPEND_ON = ("_ext/**/*", "assets/**/*")
KERNEL_NOTICE = "Kernel is running over TCP without encryption"  # each kernel prints it; the kernels here are local


def state_of(root: Path, patterns: tuple[str, ...]) -> str:
    """Hash the Python version and every file of these patterns."""
    digest = hashlib.sha256(sys.version.encode())
    files = {path for pattern in patterns for path in root.glob(pattern)}
    for path in sorted(files):
        if path.is_file() and "__pycache__" not in path.parts:
            digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def build(root: Path) -> int:
    """Build the pages under ``root/_build/html``; return the exit status."""
    output = root / "_build"
    executed, pages_read = output / ".jupyter_cache", output / ".doctrees"
    state_file, passed = output / "library.state", output / "last_build_passed"
    look_file, look = output / "pages.state", state_of(root, PAGES_DEPEND_ON)

    state = state_of(root, EXECUTION_DEPENDS_ON)
    if not state_file.exists() or state_file.read_text() != state:
        print("The library or the requirements are new: every notebook is executed; this takes minutes.", flush=True)
        shutil.rmtree(executed, ignore_errors=True)
        shutil.rmtree(pages_read, ignore_errors=True)
    if not passed.exists() or not look_file.exists() or look_file.read_text() != look:
        shutil.rmtree(pages_read, ignore_errors=True)
        shutil.rmtree(output / "html", ignore_errors=True)  # else what earlier pages loaded stays and is released

    output.mkdir(exist_ok=True)
    state_file.write_text(state)
    look_file.write_text(look)
    passed.unlink(missing_ok=True)

    status = run(sys.executable, str(root / "tools" / "execute.py"), str(root))
    if status == 0:
        jupyter_book = Path(sys.executable).with_name("jupyter-book")
        status = run(str(jupyter_book), "build", "-W", "--keep-going", str(root))
    if status == 0:
        forget_unused_pictures(output / "html")
        passed.touch()
    return status


def forget_unused_pictures(html: Path) -> None:
    """Remove the pictures that no page shows any more: Sphinx leaves them, and the release holds all that lies here."""
    pages = "".join(page.read_text(encoding="utf-8") for page in html.rglob("*.html"))
    for picture in (html / "_images").glob("*"):
        if picture.name not in pages:
            picture.unlink()


def run(*command: str) -> int:
    """Run a command that starts kernels, without their notices; return its exit status."""
    quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "PYDEVD_DISABLE_FILE_VALIDATION": "1"}
    environment = {**quiet, "NTM_STATIC_FIGURES": "1", **os.environ}  # no kernel serves a page: no widgets
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True, errors="replace") as process:
        for line in process.stderr or ():
            if KERNEL_NOTICE not in line:
                print(line, end="", file=sys.stderr, flush=True)
    return process.returncode


def main() -> int:
    """Build and say how it went."""
    started = time.monotonic()
    status = build(ROOT)
    seconds = time.monotonic() - started
    if status == 0:
        print(f"\nBuilt in {seconds:.0f} s. Open {(ROOT / '_build/html/index.html').as_uri()}", flush=True)
    else:
        print(f"\nerror: the book was not built ({seconds:.0f} s); WARNING and ERROR above say why", file=sys.stderr)
    return status


if __name__ == "__main__":
    sys.exit(main())
