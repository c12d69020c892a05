"""What runs inside the box: takes code and arguments, forks a process for each question, relays what it says.

`python -I -S worker.py --path DIR ... [--uid N] [--import NAME ...] [--warm] [--unboxed]`

It never decides anything. Its own process runs none of the student's code, is process 1 of the box (the processes of
the answers cannot stop it), and cannot be read by them. What it says is data for the grader, which trusts none of it
once a student's code has run.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import importlib
import os
import sys
from pathlib import Path
from typing import Any

START = argparse.ArgumentParser()
START.add_argument("--path", action="append", default=[])
START.add_argument("--uid", type=int)
START.add_argument("--import", dest="modules", action="append", default=[])
START.add_argument("--folder", default="/tmp/answers")
START.add_argument("--warm", action="store_true")
START.add_argument("--unboxed", action="store_true")
OPTIONS = START.parse_args()
if OPTIONS.uid is not None and os.getuid() == 0:  # before anything else is imported
    os.setgroups([])
    os.setresgid(OPTIONS.uid, OPTIONS.uid, OPTIONS.uid)
    os.setresuid(OPTIONS.uid, OPTIONS.uid, OPTIONS.uid)
sys.path[:0] = [str(Path(__file__).resolve().parent)]
sys.path += OPTIONS.path

import answers  # noqa: E402
import confine  # noqa: E402
import wire  # noqa: E402
from events import HEAD, NO_CASE, Kind, Limits  # noqa: E402
from questioning import LARGEST, Place, Questioning  # noqa: E402

FROM_GRADER, TO_GRADER = 0, 1


def tell(kind: Kind, question: int = 0, case: int = NO_CASE, payload: bytes | None = None) -> None:
    """Send one event to the grader."""
    wire.write_frame(TO_GRADER, HEAD.pack(kind, question, case) + (wire.encode(None) if payload is None else payload))


def submission(limited: bool = False) -> None:
    """Serve one submission: load its code, then run what is asked for until there is nothing more."""
    tell(Kind.HELLO, payload=wire.encode(answers.versions()))
    load = _request()
    if load is None:
        return
    limits = Limits(**load["limits"])
    if not limited:
        _limit(limits)
    cells = dict(load["cells"])
    failure = _given_code_runs(load["given"])
    tell(Kind.READY if failure is None else Kind.BROKEN, payload=wire.encode(failure))
    place = Place(not OPTIONS.unboxed, limits, tell)
    lost: set[str] = set()  # cells that end or stop the process: later questions do without them
    spent: dict[str, float] = {}  # seconds by the clock of each answer, in both passes
    kept: Questioning | None = None
    while (request := _request()) is not None:
        for question in request["questions"]:
            tell(Kind.BEGIN, question["index"])
            own = question["cells"][-1]
            names = [name for name in question["cells"] if name == own or name not in lost]
            chosen = [(f"{OPTIONS.folder}/{name}.py", cells[name]) for name in names]
            asking = Questioning(question, chosen, load["given"], request["shown"], place, spent.get(own, 0.0))
            asking.take_over(kept)
            kept = asking
            if not asking.run():
                lost.add(own)
            spent[own] = asking.spent
        tell(Kind.DONE)
    if kept is not None and kept.process is not None:
        place.end(kept.process)


def _request() -> dict[str, Any] | None:
    """The next request of this submission, or None at its end."""
    frame = wire.read_frame(FROM_GRADER, LARGEST)
    request = {"do": "end"} if frame is None else wire.decode(frame, LARGEST)
    return None if request["do"] == "end" else request


def _given_code_runs(given: str) -> str | None:
    """Try the given code in a process of its own, before any answer: a failure here is the machine's."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        try:
            exec(compile(given, "<given>", "exec", dont_inherit=True), answers.fresh_module())
        except BaseException as error:
            os.write(writing, f"{type(error).__name__}: {error}"[:1000].encode())
            os._exit(1)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        message = pipe.read().decode(errors="replace")
    status = os.waitpid(child, 0)[1]
    return None if status == 0 else message or f"the given code ended with status {status}"


def _limit(limits: Limits) -> None:
    processes = 2**20 if OPTIONS.unboxed else limits.processes
    confine.limit(limits.memory, processes, limits.files, limits.file_size, address_space=not OPTIONS.modules)


def _serve() -> None:
    """Stay warm: for each submission a fork with namespaces of its own, which nothing survives."""
    tell(Kind.HELLO, payload=wire.encode(answers.versions()))
    while (request := _request()) is not None:
        child = os.fork()
        if child == 0:
            try:
                _limit(Limits(**request["limits"]))
                confine.isolate()
                confine.close_to_others()
                submission(limited=True)
                os._exit(0)
            finally:
                os._exit(3)
        os.waitpid(child, 0)
        tell(Kind.CLOSED)


def main() -> None:
    """Load what the answers may use, then serve."""
    with contextlib.suppress(ImportError):
        importlib.import_module("check")  # what notebooks begin with: loaded once, not in every fork
    for name in OPTIONS.modules:
        importlib.import_module(name)
    gc.freeze()  # collections in a fork leave alone, and so do not copy, what was loaded here
    confine.close_to_others()
    if OPTIONS.warm:
        _serve()
    else:
        submission()


if __name__ == "__main__":
    main()
