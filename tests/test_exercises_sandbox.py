"""The box holds: submissions see neither the machine nor each other, and a broken machine is never a grade."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from exercise_class import SMALL, require_sandbox

from exercises.grader import confine, dialogue, running, sandbox
from exercises.grader.running import Asked, Boxes
from exercises.grader.sandbox import InfrastructureError, NoSandboxError

pytestmark = pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="the grader needs Linux")


@pytest.fixture(scope="module", params=["warm", "fresh"])
def boxes(request: pytest.FixtureRequest) -> Iterator[Boxes]:
    require_sandbox()
    made = Boxes(SMALL, warm=request.param == "warm")
    yield made
    assert made.warm == (request.param == "warm"), made.notes
    made.close()


def asked(question: str = "q1", answer: str = "f", uses: str = "numpy", **arguments: Any) -> Asked:
    return Asked(question, answer, "function", uses, 2.0, [arguments], [arguments])


def call(boxes: Boxes, code: str, uses: str = "numpy", given: str = "import numpy as np", **arguments: Any) -> Any:
    """What `f` of this code returns in the box."""
    outcome = running.run(boxes, [asked(uses=uses, **arguments)], given, {"q1": code})["q1"]
    assert outcome.public[0].is_value, outcome
    return outcome.public[0].value


def test_values_come_back(boxes: Boxes) -> None:
    value = call(boxes, "def f(x, name): return {'sum': x.sum(axis=0), 'name': [name, None, True, 2.5]}",
                 x=np.arange(6.0).reshape(2, 3), name="a")  # fmt: skip
    assert value["name"] == ["a", None, True, 2.5] and value["sum"].tolist() == [3, 5, 7]


def test_an_error_names_the_line_of_the_students_own_code(boxes: Boxes) -> None:
    code = "def f(x):\n    y = x\n    return helper(y)\n\ndef helper(y):\n    return np.zeros(3) @ y\n"
    error = running.run(boxes, [asked(x=np.zeros(4))], "import numpy as np", {"q1": code})["q1"].public[0].error
    assert error is not None
    assert (error["type"], error["cell"], error["line"]) == ("ValueError", "q1", 6)
    assert error["code"] == "return np.zeros(3) @ y" and "mismatch" in error["message"]


def test_source_code_can_be_inspected_as_autograph_does(boxes: Boxes) -> None:
    assert call(boxes, "import inspect\ndef f():\n    return inspect.getsource(f)").startswith("def f():")


def test_what_hidden_calls_print_or_raise_does_not_come_out(boxes: Boxes) -> None:
    code = (
        "def f(x):\n    print('got', x)\n    kind = type(f'Secret{x}', (Exception,), {})\n    raise kind(f'secret {x}')"
    )
    question = Asked("q1", "f", "function", "numpy", 2.0, [{"x": 1}], [{"x": 777}])
    outcome = running.run(boxes, [question], "", {"q1": code})["q1"]
    assert outcome.public[0].error is not None and outcome.public[0].error["message"] == "secret 1"
    assert outcome.output == "got 1\n"
    assert outcome.hidden[0].error == {"type": "an error", "message": "", "cell": "", "line": 0, "code": ""}
    assert "777" not in repr(outcome)


def test_hidden_arguments_are_not_there_before_they_are_needed_and_do_not_come_out(boxes: Boxes) -> None:
    spy = (
        "import gc, sys\nframe, seen = sys._getframe(), []\nwhile frame:\n    seen.append(repr(frame.f_locals))\n"
        "    frame = frame.f_back\n"
        "seen += [repr(thing) for thing in gc.get_objects() if type(thing) in (dict, list)][:3000]\n"
        "found = '77' '7777' in ''.join(seen)\nprint('found', found)\ndef f(x): return found\n"
        "if found: raise ValueError('found 77' + '7777 at definition')"
    )
    question = Asked("q1", "f", "function", "numpy", 2.0, [{"x": 1}], [{"x": 777777}])
    outcome = running.run(boxes, [question], "", {"q1": spy})["q1"]
    assert outcome.public[0].value is False and outcome.output == "found False\n"
    assert outcome.hidden[0].value is True  # so the spy works
    assert outcome.definition is None and "777777" not in repr(outcome)


def test_a_submission_leaves_nothing_to_the_next(boxes: Boxes) -> None:
    leave = (
        "import os, threading, time, sys\n"
        "open('/tmp/trace', 'w').write('x')\nopen('/dev/shm/trace', 'w').write('x')\n"
        "np.trace_of_me = 1\nsys.modules['trace_of_me'] = sys\n"
        "if os.fork() == 0:\n    os.setsid()\n    time.sleep(600)\n"
        "threading.Thread(target=time.sleep, args=(600,)).start()\ndef f(): return 1"
    )
    look = (
        "import os, sys\ndef f():\n    processes = [p for p in os.listdir('/proc') if p.isdigit()]\n"
        "    return [os.path.exists('/tmp/trace'), os.path.exists('/dev/shm/trace'), hasattr(np, 'trace_of_me'),\n"
        "            'trace_of_me' in sys.modules, len(processes) > 2, os.listdir('/tmp') != ['answers']]"
    )
    assert call(boxes, leave) == 1
    assert call(boxes, look) == [False] * 6


def test_the_box_has_no_rights_and_no_way_out(boxes: Boxes) -> None:
    code = (
        "import os, ctypes, glob\ndef tried(action):\n    try: action(); return 'done'\n"
        "    except Exception as error: return type(error).__name__\n"
        "def f():\n    libc = ctypes.CDLL(None)\n    return {'uid': os.getuid(), 'root': sorted(os.listdir('/')),\n"
        "        'unshare': libc.unshare(0x10000000), 'mount': libc.mount(b'x', b'/tmp', b'tmpfs', 0, None),\n"
        "        'setuid': tried(lambda: os.setuid(0)), 'chroot': tried(lambda: os.chroot('/tmp')),\n"
        "        'memory': tried(lambda: open('/proc/1/mem', 'rb')),\n"
        "        'socket': tried(lambda: __import__('socket').socket()),\n"
        "        'write': [folder for folder in ('/', '/usr/lib', '/grader', '/packages/numpy', '/dev', '/tmp')\n"
        "                  if tried(lambda: open(folder + '/x', 'w')) == 'done'], 'home': os.path.expanduser('~'),\n"
        "        'programs': glob.glob('/bin/*') + glob.glob('/usr/bin/*'), 'names': sorted(os.environ)}"
    )
    found = call(boxes, code)
    assert found["uid"] not in (0, 1000) and found["write"] == ["/tmp"] and found["home"] == "/tmp"
    assert found["unshare"] == found["mount"] == -1 and found["programs"] == []
    assert found["setuid"] in ("PermissionError", "OSError") and found["chroot"] == "PermissionError"
    assert found["memory"] in ("PermissionError", "FileNotFoundError") and found["socket"] == "PermissionError"
    assert not {"home", "work", "var", "srv"} & set(found["root"])
    assert set(found["names"]) <= {*sandbox.ENVIRONMENT, "PWD", "LC_CTYPE"}


def test_a_question_uses_what_an_earlier_cell_defines_even_when_that_one_fails(boxes: Boxes) -> None:
    answers = {"q1": "def helper(): return 5\nraise ValueError('too late')", "q2": "def g(): return helper() + 1"}
    outcomes = running.run(boxes, [asked(), asked("q2", "g")], "", answers)
    assert outcomes["q2"].public[0].value == 6 and outcomes["q1"].definition is not None


def test_a_cell_that_hangs_costs_its_own_question_only(boxes: Boxes) -> None:
    answers = {
        "q1": "base = 1\nwhile True: pass",
        "q2": "def g():\n    try: return base\n    except NameError: return 0",
    }
    outcomes = running.run(boxes, [replace(asked(), seconds=1.0), asked("q2", "g")], "", answers)
    assert outcomes["q1"].lost == "time" and outcomes["q2"].public[0].value == 0


def test_a_busy_machine_costs_nobody_a_point(boxes: Boxes) -> None:
    """The answer works for a third of a second, which on a full machine takes longer by the clock than it may."""
    code = (
        "import os, time\ndef f():\n    others = []\n"
        "    for _ in range(2 * os.cpu_count()):\n        child = os.fork()\n"
        "        if child == 0:\n            while True: pass\n        others.append(child)\n"
        "    begun = time.process_time()\n    while time.process_time() - begun < 0.3: pass\n"
        "    for child in others: os.kill(child, 9)\n    return 'done'"
    )
    patient, boxes.limits = boxes.limits, replace(boxes.limits, patience=0.6, extensions=100)
    try:
        boxes.drop("numpy")
        question = replace(asked(), seconds=1.0, hidden=[])
        result = running.run(boxes, [question], "", {"q1": code})["q1"].public[0]
    finally:
        boxes.limits = patient
        boxes.drop("numpy")
    assert result.value == "done"


def test_a_value_question_is_not_called(boxes: Boxes) -> None:
    question = Asked("q1", "answer", "value", "numpy", 2.0, [{}], [])
    outcome = running.run(boxes, [question], "", {"q1": "answer = [1, (2, 3)]"})["q1"]
    assert outcome.public[0].value == [1, (2, 3)] and outcome.hidden == {}


def test_changed_arguments_are_told(boxes: Boxes) -> None:
    code = "def f(x, y):\n    y[0] = 9\n    return x"
    question = asked(x=np.zeros(2), y=np.zeros(2))
    assert running.run(boxes, [question], "", {"q1": code})["q1"].public[0].changed == "y"


def test_code_that_the_notebook_gives_and_that_fails_is_the_machines_fault(boxes: Boxes) -> None:
    with pytest.raises(InfrastructureError, match="No module named 'absent'"):
        running.run(boxes, [asked()], "import absent", {"q1": "def f(): return 1"})
    assert call(boxes, "def f(): return 1") == 1


def test_no_bubblewrap_is_refused_with_the_cure(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NoSandboxError, match="apt-get install bubblewrap"):
        sandbox.require()


@pytest.mark.parametrize(
    ("script", "text"),
    [
        ("echo 'No permissions to create new namespace' >&2; exit 1", "No permissions.*Cure"),
        ("echo 'runs as root'", "does not hold"),
    ],
)
def test_a_box_that_cannot_be_made_or_does_not_hold_is_refused(
    script: str, text: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "bwrap").write_text(f"#!/bin/sh\n{script}\n")
    (tmp_path / "bwrap").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with pytest.raises(NoSandboxError, match=text):
        sandbox.require()


@pytest.mark.parametrize("program", [["false"], ["/no/such/program"], ["sh", "-c", "echo hello; sleep 1"]])
def test_a_worker_that_never_says_hello_is_the_machines_fault(
    program: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sandbox, "command", lambda *_: program)
    with pytest.raises(InfrastructureError):
        running.run(Boxes(SMALL), [asked()], "", {"q1": "def f(): return 1"})


LYING = """
import os, sys
sys.path.insert(0, {grader!r})
import wire
from events import HEAD, NO_CASE, Kind
def tell(kind, question=0, case=NO_CASE, value=None):
    wire.write_frame(1, HEAD.pack(kind, question, case) + wire.encode(value))
tell(Kind.HELLO, value={{"python": "3", "numpy": "2"}})
wire.read_frame(0)
tell(Kind.READY)
wire.read_frame(0)
{lie}
"""
LIES = {
    "ends": ("", "killed"),
    "junk": ("os.write(1, b'\\xff' * 10**5)", "protocol"),
    "short frame": ("os.write(1, (1).to_bytes(8, 'little') + b'x')", "protocol"),
    "unknown kind": ("tell(77)", "protocol"),
    "ready again": ("tell(Kind.READY)", "protocol"),
    "hello again": ("tell(Kind.HELLO, value={})", "protocol"),
    "broken machine": ("tell(Kind.BROKEN, value='disk full')", "protocol"),
    "other question": ("tell(Kind.VALUE, 5, 0, {'value': 1, 'changed': ''})", "protocol"),
    "other case": ("tell(Kind.VALUE, 0, 7, {'value': 1, 'changed': ''})", "protocol"),
    "no case": ("tell(Kind.VALUE, 0, NO_CASE, {'value': 1, 'changed': ''})", "protocol"),
    "value twice": ("tell(Kind.VALUE, 0, 0, {'value': 1, 'changed': ''});" * 2, "protocol"),
    "no value": ("tell(Kind.VALUE, 0, 0, 5)", "protocol"),
    "error of nothing": ("tell(Kind.ERROR, 0, 0, {'type': 'x'})", "protocol"),
    "unknown loss": ("tell(Kind.LOST, 0, 0, 'by magic')", "protocol"),
    "without end": ("while True: tell(Kind.BEGIN, 0)", "protocol"),
    "done at once": ("tell(Kind.DONE)", ""),
    "silence": ("import time; time.sleep(60)", "time"),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_worker_in_a_students_hands_may_say_anything(lie: str, monkeypatch: pytest.MonkeyPatch) -> None:
    code, word = LIES[lie]
    script = LYING.format(grader=str(sandbox.HERE), lie=code)
    monkeypatch.setattr(sandbox, "command", lambda *_: [sys.executable, "-c", script])
    boxes = Boxes(replace(SMALL, start=30.0 if lie != "silence" else 6.0), warm=False)
    question = Asked("q1", "f", "function", "numpy", 0.1, [{}], [{}])
    outcome = running.run(boxes, [question], "", {"q1": "def f(): return 1"})["q1"]
    boxes.close()
    got = {number: result.lost for number, result in outcome.public.items()}
    if lie == "value twice":  # a value is a claim, whoever makes it: the first one is judged
        assert got == {0: ""}
    else:
        assert got == ({0: word} if word else {}) and not outcome.hidden


def test_without_namespaces_for_warm_workers_fresh_boxes_do_it(monkeypatch: pytest.MonkeyPatch) -> None:
    require_sandbox()
    whole = dialogue.start

    def no_isolation(setting: sandbox.Setting) -> Any:
        if setting.warm:
            raise InfrastructureError("unshare: Operation not permitted")
        return whole(setting)

    monkeypatch.setattr(dialogue, "start", no_isolation)
    boxes = Boxes(SMALL)
    assert call(boxes, "def f(): return 3") == 3
    assert not boxes.warm and "fresh box" in boxes.notes[0]
    boxes.close()


def test_trust_runs_without_a_box() -> None:
    boxes = Boxes(SMALL, trust=True)
    assert call(boxes, "import os\ndef f(): return os.getuid()") == os.getuid()
    outcome = running.run(boxes, [replace(asked(), seconds=1.0)], "", {"q1": "def f():\n    while True: pass"})["q1"]
    assert outcome.public[0].lost == "time"
    boxes.close()


def test_the_filter_of_calls_is_known_for_this_machine() -> None:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        confine.prctl(confine.PR_SET_NO_NEW_PRIVS, 1)
        known = confine.refuse_calls()
        try:
            os.memfd_create("x")
            os.write(writing, b"open")
        except PermissionError:
            os.write(writing, b"held" if known else b"unknown")
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(reading, 20) == b"held"


@pytest.mark.slow
@pytest.mark.parametrize("warm", [True, False])
def test_tensorflow_answers_run_in_boxes_of_their_own(warm: bool) -> None:
    require_sandbox()
    boxes = Boxes(replace(SMALL, memory=2**30, box_memory=2**31), warm=warm)
    code = (
        "import tensorflow as tf, os\n@tf.function\ndef graph(x):\n    if tf.reduce_sum(x) > 0:\n        return x * 2\n"
        "    return x\ndef f(x):\n    seen = os.path.exists('/tmp/trace')\n    open('/tmp/trace', 'w')\n"
        "    return [graph(tf.constant(x)), seen, os.path.exists('/course/ntm_lib')]"
    )
    question = replace(asked(uses="tensorflow", x=np.ones(3, np.float32)), seconds=20.0)
    for _ in range(2 if warm else 1):
        result = running.run(boxes, [question], "", {"q1": code})["q1"].public[0]
        assert result.is_value, result
        assert result.value[0].tolist() == [2, 2, 2] and result.value[1:] == [False, False]
    code = "from ntm_lib import sharpen\ndef f(x): return sharpen(x, 2.0)"
    question = replace(asked(uses="ntm_lib", x=np.array([[0.5, 0.5]], np.float32)), seconds=20.0)
    if warm:
        result = running.run(boxes, [question], "", {"q1": code})["q1"].public[0]
        assert result.is_value and np.allclose(result.value, 0.5), result
        assert boxes.warm, boxes.notes
    boxes.close()
