"""The inspector live in JupyterLab: what Python sets moves the page, and what the reader does arrives in Python."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from typing import Any

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

pytestmark = pytest.mark.slow

TOKEN = "a-token-for-this-test"
SHOWN = """\
import numpy as np
import ntm_lib
machine = ntm_lib.NeuralTuringMachine(9, 8, 16, 8, units=20, read_heads=2, write_heads=2)
sample = ntm_lib.CopyTask().sample(1, np.random.default_rng(0), length=5)
figure = ntm_lib.inspect(ntm_lib.record(machine, *sample))
figure"""
TRAINED = """\
from dataclasses import replace
from ipywidgets import interact_manual
watched = ntm_lib.TrainingRecorder(*sample, every=8)
def train_again(rate=0.01):
    recipe = replace(ntm_lib.COPY_RECIPE, sequences=40, learning_rate=rate)
    make = lambda: ntm_lib.NeuralTuringMachine(9, 8, 16, 8, units=20)
    quiet = {"tests": [], "progress": False}
    ntm_lib.train(ntm_lib.CopyTask(max_length=5), model=make, callbacks=[watched], recipe=recipe, **quiet)
interact_manual.options(manual_name="Train")(train_again, rate=[0.001, 0.01])
display(watched)"""
PRINT = "print('Python has', figure.step, figure.head, figure.playing)"
CELLS = [SHOWN, "figure.step = 7", "figure.head = 1", PRINT, TRAINED]


def wait_for_server(address: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        assert process.poll() is None, "JupyterLab stopped"
        try:
            with urllib.request.urlopen(f"{address}/api?token={TOKEN}", timeout=1):
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError("JupyterLab did not answer within 30 seconds")


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a JupyterLab of our own, with one notebook."""
    pytest.importorskip("jupyterlab")
    folder = tmp_path_factory.mktemp("lab")
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = new_notebook(cells=[new_code_cell(source) for source in CELLS], metadata={"kernelspec": kernel})
    nbformat.write(notebook, folder / "live.ipynb")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = [f"--port={port}", f"--IdentityProvider.token={TOKEN}", "--no-browser", "--allow-root", "--ip=127.0.0.1"]
    quiet = ["--LabApp.news_url=None", "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"]
    own = {f"JUPYTER_{name}_DIR": str(folder / name.lower()) for name in ("CONFIG", "RUNTIME")}
    process = subprocess.Popen(
        [sys.executable, "-m", "jupyterlab", *options, *quiet],
        cwd=folder,
        env={**os.environ, **own, "JUPYTERLAB_SETTINGS_DIR": str(folder / "settings"), "TF_CPP_MIN_LOG_LEVEL": "3"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for_server(f"http://127.0.0.1:{port}", process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=30)


@pytest.fixture(scope="module")
def page(browser: Any, lab: str) -> Iterator[Any]:
    """The notebook in Chromium, its first cell run, the figure there."""
    context = browser.new_context(viewport={"width": 1280, "height": 1600})
    opened = context.new_page()
    opened.goto(f"{lab}/lab/tree/live.ipynb?reset&token={TOKEN}")
    opened.locator(".jp-Cell .cm-content").first.wait_for(timeout=60_000)
    opened.locator("#jp-main-statusbar", has_text="| Idle").wait_for(timeout=60_000)  # before, a key would be lost
    run(opened, 0)
    opened.locator(".count").wait_for(timeout=90_000)
    yield opened
    context.close()


def run(page: Any, number: int) -> None:
    cell = page.locator(".jp-Notebook .jp-Cell").nth(number)
    before = cell.locator(".jp-InputPrompt").first.inner_text()
    cell.locator(".cm-content").click()
    page.keyboard.press("Control+Enter")
    done = re.compile(r"\[\d+\]")
    for _ in range(900):
        prompt = cell.locator(".jp-InputPrompt").first.inner_text()
        if done.search(prompt) and prompt != before:
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"cell {number} did not end: {prompt}")


def shown(page: Any) -> str:
    return str(page.locator(".count").inner_text())


def python_has(page: Any) -> str:
    run(page, 3)
    return str(page.locator(".jp-Notebook .jp-Cell").nth(3).locator(".jp-OutputArea-output").inner_text()).strip()


def test_what_python_sets_moves_the_page(page: Any) -> None:
    assert shown(page).startswith("step 0 / ")
    run(page, 1)
    page.locator(".count", has_text="step 7 / ").wait_for(timeout=10_000)
    run(page, 2)
    assert python_has(page) == "Python has 7 1 False"


def test_what_the_reader_does_arrives_in_python(page: Any) -> None:
    """An arrow is the figure's and not JupyterLab's, which would go to the next cell with it."""
    slider = page.get_by_role("slider").first
    slider.focus()
    start = int(re.match(r"step (\d+)", shown(page))[1])
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    page.locator(".count", has_text=f"step {start - 2} / ").wait_for(timeout=10_000)
    assert python_has(page).startswith(f"Python has {start - 2} ")


def test_playing_goes_on_to_the_end_and_python_sees_it(page: Any) -> None:
    page.get_by_role("button", name="Play", exact=True).click()
    last = shown(page).split("/ ")[1]
    page.locator(".count", has_text=f"step {last} / {last}").wait_for(timeout=30_000)
    assert python_has(page) == f"Python has {last} 1 False"


def test_a_knob_is_turned_and_the_figure_follows_the_training(page: Any) -> None:
    run(page, 4)
    cell = page.locator(".jp-Notebook .jp-Cell").nth(4)
    cell.locator(".moment", has_text="Nothing is recorded yet").wait_for(timeout=30_000)
    for rate in ("0.001", "0.01"):
        cell.get_by_role("combobox").first.select_option(rate)
        cell.get_by_role("button", name="Train", exact=True).click()
        cell.locator(".moment", has_text="Before training").wait_for(timeout=120_000)
        cell.locator(".moment", has_text="After 40 sequences").wait_for(timeout=240_000)
        assert cell.get_by_text("needs a kernel").count() == 0, "this one is no recording"
        assert cell.locator("[role=alert]").count() == 0
