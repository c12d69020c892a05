"""What an answer may cost by the clock: one that waits is stopped soon, one that works gets longer."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from exercise_class import SMALL, require_sandbox

from exercises.grader import running, sources
from exercises.grader.patience import Patience
from exercises.grader.running import Asked, Boxes

pytestmark = pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="the grader needs Linux")
SLOW = {  # an answer that costs time and not the processor -> the most seconds that it may cost, in all processes
    "sleeps": ("time.sleep(10**6)", 2.5),
    "works a little in between": (
        "while True:\n        begun = time.process_time()\n"
        "        while time.process_time() - begun < 0.02: pass\n        time.sleep(0.3)",
        2.5,
    ),
}


@pytest.mark.parametrize("way", SLOW)
def test_an_answer_that_waits_does_not_make_the_class_wait(way: str) -> None:
    require_sandbox()
    waits, most = SLOW[way]
    code = f"import time\ndef f(x):\n    if x == 0: return 0\n    {waits}"
    calls = [{"x": number} for number in range(4)]
    boxes = Boxes(replace(SMALL, patience=2.5, extensions=0))
    try:
        running.run(boxes, [Asked("q1", "f", "function", "numpy", 1.0, calls[:1], calls[:1])], "", {"q1": code})
        begun = time.monotonic()  # the box is warm
        outcome = running.run(boxes, [Asked("q1", "f", "function", "numpy", 1.0, calls, calls)], "", {"q1": code})["q1"]
        took = time.monotonic() - begun
    finally:
        boxes.close()
    for part in (outcome.public, outcome.hidden):
        assert [result.lost for number, result in sorted(part.items()) if number] == ["time"] * (len(part) - 1)
    assert outcome.public[0].value == 0
    assert took < most + 2.0, took  # a process is started each time, and the machine may be busy


@pytest.mark.parametrize(("does", "ends"), [("time.sleep(60)", True), ("exec('while True: pass')", False)])
def test_a_process_that_sleeps_is_not_waited_for_as_long_as_one_that_works(does: str, ends: bool) -> None:
    child = subprocess.Popen([sys.executable, "-c", f"import time\nprint('begins', flush=True)\n{does}"], stdout=-1)
    try:
        assert child.stdout is not None and child.stdout.readline()
        patience = Patience(child.pid, 0.5, time.monotonic() + 1.5)
        time.sleep(0.6)
        assert patience.ends() is ends
        time.sleep(1.0)
        assert patience.ends()
    finally:
        child.kill()
        child.communicate()


@pytest.mark.slow
def test_the_solution_with_tensorflow_needs_a_small_part_of_its_time() -> None:
    """The limit is ten times what the solution needs, so a slow machine costs nobody a point; and no hour is lost."""
    require_sandbox()
    path = Path(__file__).parents[1] / "exercises" / "source" / "12_stability.ipynb"
    exercise = sources.read(path)
    question = exercise.questions[3]
    assert question.uses == "ntm_lib" and question.seconds <= 10
    calls = list(question.public)
    code = exercise.solutions["q4"].replace("def ripple(", "def solved(").replace("ripple(5", "solved(5")
    code += "\ndef ripple(**arguments):\n    import time\n    solved(**arguments)\n    return time.process_time()\n"
    boxes = Boxes(SMALL, warm=False)
    try:
        asked = Asked("q4", "ripple", "function", "ntm_lib", question.seconds, calls, [])
        used = running.run(boxes, [asked], exercise.setup, {"q4": code})["q4"].public[len(calls) - 1].value
    finally:
        boxes.close()
    assert used < question.seconds / 5  # half of the margin, for this machine may be slow as well
