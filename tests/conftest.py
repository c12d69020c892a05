"""What all tests share: quiet TensorFlow, one order of running, and the built book.

`make test` runs them in two processes, file by file.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock
from hypothesis import HealthCheck, settings

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")  # the processes share the cores already

ROOT = Path(__file__).resolve().parents[1]

# The first call of a TensorFlow function takes seconds, so a time limit on one example says nothing.
settings.register_profile("ntm", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)
settings.load_profile("ntm")


def stage(item: pytest.Item) -> int:
    """Order the tests: fast unit tests, slow ones, the notebooks, the built pages."""
    if item.get_closest_marker("pages"):
        return 3
    if item.path.suffix == ".ipynb":
        return 2
    return 1 if item.get_closest_marker("slow") else 0


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=stage)  # stable: within a stage the order stays, which a notebook's cells need


@pytest.fixture(scope="session")
def built_book(request: pytest.FixtureRequest) -> Iterator[Path]:
    """The folder of the built pages; builds the book first, which takes seconds when nothing changed."""
    capture = request.config.pluginmanager.getplugin("capturemanager")
    (ROOT / "_build").mkdir(exist_ok=True)
    with capture.global_and_fixture_disabled(), FileLock(ROOT / "_build" / "building.lock"):
        print("\nBuilding the book for the tests of its pages", flush=True)
        status = subprocess.run([sys.executable, ROOT / "tools" / "book.py"], cwd=ROOT, check=False).returncode
    if status:
        pytest.fail("the book does not build: `make book` says why", pytrace=False)
    yield ROOT / "_build" / "html"
