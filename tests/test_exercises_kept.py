"""One process makes the public and the hidden calls of a TensorFlow answer, so that it traces once; and still holds."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from exercise_class import SMALL, require_sandbox

from exercises.grader import running, sandbox
from exercises.grader.running import Asked, Boxes, Outcome

pytestmark = pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="the grader needs Linux")
COUNTING = "import os\nseen = []\ndef f(x):\n    seen.append(x)\n    return [os.getpid(), len(seen)]"


@pytest.fixture(scope="module", params=["warm", "fresh"])
def boxes(request: pytest.FixtureRequest) -> Iterator[Boxes]:
    """The boxes of TensorFlow's questions, without TensorFlow, which takes seconds to load."""
    require_sandbox()
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sandbox.KITS, "tensorflow", ())
        made = Boxes(SMALL, warm=request.param == "warm")
        yield made
        made.close()


def asked(name: str = "q1", answer: str = "f", seconds: float = 2.0, public: Any = (1, 2), hidden: Any = (3, 4)) -> Any:
    cases = [[{"x": x} for x in part] for part in (public, hidden)]
    return Asked(name, answer, "function", "tensorflow", seconds, *cases)


def ask(boxes: Boxes, code: str, **more: Any) -> Outcome:
    return running.run(boxes, [asked(**more)], "import numpy as np", {"q1": code})["q1"]


def test_one_process_makes_public_and_hidden_calls(boxes: Boxes) -> None:
    outcome = ask(boxes, COUNTING)
    values = [outcome.public[0].value, outcome.public[1].value, outcome.hidden[0].value, outcome.hidden[1].value]
    assert [count for _, count in values] == [1, 2, 3, 4] and len({process for process, _ in values}) == 1


def test_only_the_last_question_keeps_its_process(boxes: Boxes) -> None:
    """The others' are ended before the next question begins, so that no answer runs beside another."""
    second = COUNTING.replace("seen", "other").replace("def f", "def g")
    answers = {"q1": COUNTING, "q2": second}
    found = running.run(boxes, [asked(), asked("q2", "g")], "", answers)
    assert [found[name].hidden[1].value[1] for name in ("q1", "q2")] == [2, 4]


def test_what_hidden_calls_print_is_not_shown(boxes: Boxes) -> None:
    outcome = ask(boxes, "import os\nkept = os.dup(1)\ndef f(x):\n    print('got', x)\n    os.write(kept, b'again')")
    assert outcome.hidden[1].is_value and outcome.output.count("again") == 2
    assert "got 2" in outcome.output and "got 3" not in outcome.output


def test_a_process_lost_in_a_hidden_call_costs_that_call(boxes: Boxes) -> None:
    outcome = ask(boxes, "import os\ndef f(x):\n    if x == 3: os._exit(0)\n    return x")
    assert outcome.hidden[0].lost == "exit" and outcome.hidden[1].value == 4


def test_each_pass_has_its_own_time(boxes: Boxes) -> None:
    work = "import time\ndef f(x):\n    end = time.process_time() + {}\n"
    work += "    while time.process_time() < end: pass\n    return x"
    assert ask(boxes, work.format(0.7), seconds=1.0, public=[1], hidden=[3]).hidden[0].value == 3
    outcome = ask(boxes, work.format("(0.1 if x < 3 else 9)"), seconds=1.0, hidden=[3])
    assert outcome.public[1].value == 2 and outcome.hidden[0].lost == "time"


WAYS = {
    "ends itself after the public calls": "import os, threading\ndef f(x):\n"
    "    if x == 2: threading.Timer(0.05, os._exit, [0]).start()\n    return x",
    "says that it is through, and never reads": "import answers, sys, time\ndef f(x):\n"
    "    if x == 2:\n        report = sys._getframe(1).f_locals['report']\n"
    "        report.send(answers.Kind.VALUE, 1, {'value': 2, 'changed': ''})\n"
    "        report.send(answers.Kind.DONE, answers.NO_CASE, None)\n        time.sleep(60)\n    return x",
    "speaks between the passes": "import os, threading\ndef f(x):\n"
    "    if x == 2: threading.Timer(0.01, os.write, [3, b'junk' * 99]).start()\n    return x",
    "prints without end between the passes": "import threading\ndef run():\n    while True: print('x' * 1000)\n"
    "def f(x):\n    if x == 2: threading.Thread(target=run, daemon=True).start()\n    return x",
}


@pytest.mark.parametrize("way", WAYS)
def test_a_kept_process_costs_nobody_else(way: str, boxes: Boxes) -> None:
    large = np.zeros(2**17)  # more than a pipe holds
    questions = [asked("q2", "g"), asked(seconds=1.0, hidden=(large, large))]
    boxes.limits = replace(boxes.limits, patience=1.5, extensions=0)
    found = running.run(boxes, questions, "", {"q2": "def g(x): return x + 1", "q1": WAYS[way]})
    assert [found["q1"].public[number].value for number in (0, 1)] == [1, 2]
    assert [found["q2"].hidden[number].value for number in (0, 1)] == [4, 5]
    assert running.run(boxes, [asked()], "", {"q1": COUNTING})["q1"].hidden[1].value[1] == 4


def test_without_a_box_a_kept_process_is_ended_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sandbox.KITS, "tensorflow", ())
    boxes = Boxes(SMALL, trust=True)
    (process, _) = ask(boxes, COUNTING, hidden=()).public[0].value
    boxes.close()
    assert not os.path.exists(f"/proc/{process}")  # noqa: PTH110
