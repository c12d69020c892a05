"""Binder: what .binder/ asks for fits the course, and `make binder` carries out what it reads and hides no failure."""

from __future__ import annotations

import ast
import json
import os
import re
import socket
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from tools import binder, binder_places, dockerfile, lab

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / ".binder"
ENTRY = re.compile(r"^([\w.-]+)==([^\s;]+)(.*(?:\n .*)*)", re.MULTILINE)
TOKEN = "a-token-for-this-test"


def lock(path: Path) -> dict[str, tuple[str, str]]:
    """Return the version and the rest of each entry by its name."""
    found = ENTRY.findall(path.read_text(encoding="utf-8"))
    return {name: (version, rest) for name, version, rest in found}


def test_the_lock_is_exact_and_has_the_readers_versions_with_the_smaller_tensorflow():
    own, readers = lock(FOLDER / "requirements.txt"), lock(ROOT / "requirements.txt")
    assert [name for name, (_, rest) in own.items() if "--hash=sha256:" not in rest] == []
    assert "tensorflow" not in own and "jupyter-book" not in own and "pytest" not in own
    assert own["tensorflow-cpu"][0] == readers["tensorflow"][0]
    differing = {name for name in set(own) & set(readers) if own[name][0] != readers[name][0]}
    assert len(set(own) & set(readers)) > 20
    assert differing == set()


def test_no_record_names_a_folder_of_the_machine_that_made_it(tmp_path):
    copied = (
        "--chown=1000:1000 build_script_files/-2fhome-2fann-2frepo2docker-2factivate-2dconda-2esh-1a2b /etc/profile.d"
    )
    place = binder_places.VirtualEnvironment(tmp_path, tmp_path, tmp_path)
    place.copy = lambda rest: "as written"
    (step,) = binder.build(place, [("COPY", copied)])
    assert step["step"] == "COPY --chown=1000:1000 build_script_files/activate-2dconda-2esh-1a2b /etc/profile.d"
    folders = re.compile(r"(/|-2f)(home|root|work|Users)(/|-2f)(?!jovyan)")
    for path in (ROOT / "benchmarks" / "results").rglob("*.json"):
        text = json.dumps([value for key, value in json.loads(path.read_text()).items() if key != "command"])
        assert (found := folders.search(text)) is None, f"{path.name}: {found[0]}"


def test_the_python_is_one_that_the_library_knows():
    version = re.fullmatch(r"python-(3\.\d+)\n", (FOLDER / "runtime.txt").read_text())
    classifiers = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["classifiers"]
    assert version and f"Programming Language :: Python :: {version[1]}" in classifiers


def test_the_last_step_can_run_and_installs_the_library_editable_and_alone():
    script = FOLDER / "postBuild"
    assert os.access(script, os.X_OK)
    subprocess.run(["bash", "-n", script], check=True)
    (install,) = [line for line in script.read_text().splitlines() if "pip install" in line]
    assert {"-e", "--no-deps", "--no-index", "--no-build-isolation", "--no-cache-dir"} <= set(install.split())
    assert "setuptools" in lock(FOLDER / "requirements.txt")


def test_what_the_notebooks_import_is_asked_for():
    imported = set()
    for path in (ROOT / "book").glob("*.ipynb"):
        for cell in nbformat.read(path, as_version=4).cells:
            if cell.cell_type == "code":
                lines = (line for line in cell.source.splitlines() if not line.lstrip().startswith(("%", "!")))
                for node in ast.walk(ast.parse("\n".join(lines))):
                    if isinstance(node, ast.Import):
                        imported |= {alias.name.partition(".")[0] for alias in node.names}
                    elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                        imported.add(node.module.partition(".")[0])
    course = {"tensorflow", "ntm_lib", "IPython"} | {path.stem for path in (ROOT / "benchmarks").glob("*.py")}
    known = {name.replace("-", "_") for name in lock(FOLDER / "requirements.txt")} | course | sys.stdlib_module_names
    assert {"keras", "numpy"} <= imported
    assert imported - known == set()


DOCKERFILE = """\
FROM somewhere/small:24.04

# A remark, with RUN in it
ARG NB_USER
ENV USER=${NB_USER} \\
    HOME=/home/${NB_USER}
ARG REPO_DIR=${HOME}
WORKDIR ${REPO_DIR}
# Another
RUN one && \\
    two
USER ${NB_USER}
COPY --chown=1:1 src/ ${REPO_DIR}/
CMD ["none"]
"""


class Noted(binder_places.Place):
    """A place that does nothing but note what it is asked for."""

    def run(self, text: str) -> str:
        self.notes.append((self.user, self.folder, text))
        return "as written"

    copy = run


def test_steps_are_carried_out_in_order_with_their_user_folder_and_variables(tmp_path):
    place = Noted(tmp_path, tmp_path, tmp_path)
    place.notes = []
    done = binder.build(place, dockerfile.instructions(DOCKERFILE))
    assert place.notes == [
        ("root", "/home/jovyan", "one &&      two"),
        ("jovyan", "/home/jovyan", "--chown=1:1 src/ ${REPO_DIR}/"),
    ]
    assert place.variables["HOME"] == "/home/jovyan" and place.variables["USER"] == "jovyan"
    assert [step["how"] for step in done] == ["as written", "as written"]


def test_an_unknown_instruction_is_told():
    with pytest.raises(ValueError, match="received the instruction 'SHELL', expected ARG, CMD"):
        dockerfile.instructions("FROM a\nSHELL b\n")


def test_the_names_that_repo2docker_writes_are_read():
    assert binder_places.script_of("-2fa-2dvenv-2finstall-2ebash-2da9bb") == Path("/a-venv/install.bash")
    text = (
        "https://c.org/noarch/jupyterlab-4.4.9-pyhd8ed1ab_0.conda#6f\nhttps://c.org/noarch/jupyterlab_server-2.27-p_0.conda#6f\n"
        "https://c.org/noarch/jupyterhub-base-5.4.0-pyhc90fa1f_0.conda#59\n"
    )
    assert binder_places.locked(text) == ["jupyterhub==5.4.0", "jupyterlab==4.4.9"]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[lab.Lab, Path]]:
    """A JupyterLab and its folder."""
    folder = tmp_path_factory.mktemp("served")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = ["--no-browser", "--allow-root", "--ip=127.0.0.1", f"--port={port}", f"--IdentityProvider.token={TOKEN}"]
    own = {f"JUPYTER_{name}_DIR": str(folder / name.lower()) for name in ("CONFIG", "RUNTIME")}
    command = [sys.executable, "-m", "jupyterlab", *options]
    process = subprocess.Popen(command, cwd=folder, env={**os.environ, **own}, stderr=subprocess.DEVNULL)
    running = lab.Lab(f"http://127.0.0.1:{port}", TOKEN)
    running.wait()
    yield running, folder
    process.terminate()
    process.wait(timeout=20)


@pytest.mark.parametrize(
    "source, tags, error",
    [
        ("print(1); '\\u00e9'", [], ""),
        ("1 / 0", [], "ZeroDivisionError: division by zero"),
        ("1 / 0", ["raises-exception"], ""),
        ("1", ["raises-exception"], "no exception where the notebook announces one"),
    ],
)
@pytest.mark.slow
def test_a_notebook_is_run_and_its_failure_told(served, source, tags, error):
    running, folder = served
    cells = [new_code_cell("big = bytearray(200_000_000)"), new_code_cell(source, metadata={"tags": tags})]
    nbformat.write(new_notebook(cells=cells), folder / "one.ipynb")
    found = running.run("one.ipynb")
    assert found["error"] == error
    assert 200_000_000 < found["kernel_bytes"] < 500_000_000
    assert 20_000_000 < found["server_bytes"] < 400_000_000
    assert 0 < found["first_cell_seconds"] <= found["seconds"]
    assert running.ask("GET", "api/sessions").json() == []


@pytest.mark.slow
def test_a_page_that_is_not_there_is_told(served):
    running, folder = served
    (folder / "text.md").write_text("# Text\n", encoding="utf-8")
    running.shows("text.md")
    with pytest.raises(lab.NotAnsweredError, match=r"absent\.md"):
        running.shows("absent.md")
