"""`make services`: what Colab and Kaggle ship is written down exactly, and a notebook is run as they would run it."""

from __future__ import annotations

import datetime
import importlib.metadata
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from tools import address, first_cell, services

COMMIT = re.compile(r"\b[0-9a-f]{40}\b")


def test_each_service_has_a_source_a_day_and_exact_versions():
    found = services.services()
    assert list(found) == ["colab", "kaggle"]
    text = (services.ROOT / "tools" / "services.toml").read_text(encoding="utf-8")
    assert [len(COMMIT.findall(part)) for part in re.split(r"^\[\w+\]$", text, flags=re.MULTILINE)[1:]] == [1, 1]
    for service in found.values():
        assert isinstance(service["seen"], datetime.date)
        names = [package.split("==")[0] for package in service["packages"]]
        assert len(set(names)) == len(names)
        assert {"tensorflow", "keras", "numpy", "matplotlib", "ipywidgets", "ipykernel"} <= set(names)
        assert "ntm_lib" not in names


def test_kaggle_is_colab_with_its_own_versions():
    colab, kaggle = services.services().values()
    own = set(kaggle["packages"]) - set(colab["packages"])
    assert {package.split("==")[0] for package in own} == {"ipywidgets", "widgetsnbextension"}
    assert len(kaggle["packages"]) == len(colab["packages"])


def test_a_version_that_is_not_exact_is_refused(tmp_path: Path):
    (tmp_path / "services.toml").write_text('[colab]\npackages = ["numpy>=2"]\n')
    with pytest.raises(ValueError, match=r"services\.toml, colab: received 'numpy>=2', expected NAME==VERSION"):
        services.services(tmp_path / "services.toml")


def test_a_python_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("PYTHON", raising=False)
    assert services.interpreter(f"{sys.version_info.major}.{sys.version_info.minor}")
    with pytest.raises(ValueError, match=r"Python 3\.99 was not found; install it, or name it"):
        services.interpreter("3.99")


def test_a_notebook_that_is_not_there_is_named(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit):
        services.main(["colab", "06_kopie"])
    assert "received '06_kopie', expected one of 01_introduction" in capsys.readouterr().err


def test_what_the_first_cell_changed_is_told():
    version = importlib.metadata.version("numpy")
    assert services.changed(Path(sys.executable), [f"numpy=={version}"]) == []
    assert services.changed(Path(sys.executable), ["numpy==1.0"]) == [f"numpy 1.0 became {version}"]


@pytest.fixture
def course(tmp_path: Path) -> Path:
    """A small repository, with a version and a change that is not committed."""
    folder = tmp_path / "course"
    folder.mkdir()
    (folder / "pyproject.toml").write_text('[project]\nversion = "7.8.9"\n')
    person = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
    for words in (["init", "--quiet"], ["add", "."], [*person, "commit", "--quiet", "-m", "x"]):
        subprocess.run(["git", "-C", str(folder), *words], check=True, capture_output=True)
    (folder / "later").touch()
    return folder


def test_a_kernel_finds_the_release_at_the_address_of_the_repository(course: Path, tmp_path: Path, monkeypatch):
    monkeypatch.setattr(services, "PLACE", tmp_path)
    copy = services.origin(course)
    content = tmp_path / "content"
    content.mkdir()
    url, tag = address.current().url, f"v{first_cell.version(course)}"
    command = ["git", "clone", "--quiet", "--depth=1", f"--branch={tag}", url, "fetched"]
    fetch = f"import subprocess; subprocess.run({command}, check=True)\nimport os; os.environ['PYTHONPATH']"
    look = "import os; assert sorted(os.listdir('fetched')) == ['.git', 'pyproject.toml']"
    monkeypatch.setenv("PYTHONPATH", "somewhere")
    for code, wrong in ((fetch, "KeyError"), (look, "")):
        path = tmp_path / "one.ipynb"
        nbformat.write(new_notebook(cells=[new_code_cell(code)]), path)
        with ThreadPoolExecutor(1) as aside:  # another test of this process may have left a loop running
            reason = aside.submit(services.run, path, "colab", Path(sys.executable), content, copy).result()
        assert wrong in reason and bool(reason) == bool(wrong)
