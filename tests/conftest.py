"""What all tests share: quiet TensorFlow, one order of running, and the built book.

`make test` runs them in two processes, file by file.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from hypothesis import HealthCheck, settings

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")  # the processes share the cores already

ROOT = Path(__file__).resolve().parents[1]

NAMES = (
    *("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"),
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
ARGUMENTS = [
    *("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
]

# The first call of a TensorFlow function takes seconds, so a time limit on one example says nothing.
settings.register_profile("ntm", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)
settings.load_profile("ntm")


def stage(item: pytest.Item) -> int:
    """Order the tests: fast unit tests, slow ones, the built pages."""
    if item.get_closest_marker("pages"):
        return 2
    return 1 if item.get_closest_marker("slow") else 0


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=stage)  # stable: within a stage the order stays


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


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """One Chromium for all tests of a process: Playwright can be started once only."""
    executable = next(filter(None, map(shutil.which, [os.environ.get("NTM_CHROMIUM", ""), *NAMES])), None)
    if executable is None:
        reason = "no Chromium or Chrome on this machine (NTM_CHROMIUM may name one)"
        if os.environ.get("NTM_REQUIRE_BROWSER") == "1":
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        instance = playwright.chromium.launch(executable_path=executable, args=ARGUMENTS)
        yield instance
        instance.close()
