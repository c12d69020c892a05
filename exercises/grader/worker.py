"""What runs inside the box: takes code and arguments, forks a process for each question, relays what it says.

`python -I -S worker.py --path DIR ... [--uid N] [--import NAME ...] [--warm] [--unboxed]`

It never decides anything. Its own process runs none of the student's code, is process 1 of the box (the processes of
the answers cannot stop it), and cannot be read by them. What it says is data for the grader, which trusts none of it
once a student's code has run.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from selectors import EVENT_READ, DefaultSelector
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
from patience import Patience  # noqa: E402

FROM_GRADER, TO_GRADER = 0, 1
GIVE_UP_AFTER = 2  # processes lost in the calls of one answer
CHUNK = 2**20


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
    cells = {f"{OPTIONS.folder}/{name}.py": code for name, code in load["cells"]}
    failure = _given_code_runs(load["given"])
    tell(Kind.READY if failure is None else Kind.BROKEN, payload=wire.encode(failure))
    lost: set[str] = set()  # cells that end or stop the process: later questions do without them
    while (request := _request()) is not None:
        for question in request["questions"]:
            tell(Kind.BEGIN, question["index"])
            own = question["cells"][-1]
            question["cells"] = [cell for cell in question["cells"] if cell == own or cell not in lost]
            if not Questioning(question, cells, load["given"], request["shown"], limits).run():
                lost.add(own)
        tell(Kind.DONE)


def _request() -> dict[str, Any] | None:
    """The next request of this submission, or None at its end."""
    frame = wire.read_frame(FROM_GRADER, 256 * 2**20)
    request = {"do": "end"} if frame is None else wire.decode(frame, 256 * 2**20)
    return None if request["do"] == "end" else request


def _given_code_runs(given: str) -> str | None:
    """Try the given code in a process of its own, before any answer: a failure here is the machine's."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        try:
            exec(compile(given, "<given>", "exec"), answers.fresh_module())
        except BaseException as error:
            os.write(writing, f"{type(error).__name__}: {error}"[:1000].encode())
            os._exit(1)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        message = pipe.read().decode(errors="replace")
    status = os.waitpid(child, 0)[1]
    return None if status == 0 else message or f"the given code ended with status {status}"


class Questioning:
    """One question: processes for its calls, until all calls are through or too many processes were lost."""

    def __init__(
        self, question: Mapping[str, Any], cells: Mapping[str, str], given: str, shown: bool, limits: Limits
    ) -> None:
        self.cells = [(path, cells[path]) for path in (f"{OPTIONS.folder}/{name}.py" for name in question["cells"])]
        self.question, self.given, self.shown, self.limits = question, given, shown, limits
        self.seconds = float(question["seconds"])
        self.pending = list(range(len(question["calls"])))
        self.running: int | None = None  # the call that is being made
        self.defined = False
        self.printed = self.received = b""

    def run(self) -> bool:
        """Make all calls; a lost process costs the call it was lost in. False when it was lost in the definition."""
        case = 0
        for _ in range(GIVE_UP_AFTER):
            loss = self._one_process()
            if loss is None:
                break
            if self.running is None and self.defined and self.pending:
                self.running = self.pending.pop(0)
            case = NO_CASE if self.running is None else self.running
            self._tell(Kind.LOST, case, wire.encode(loss))
            if not self.pending or case == NO_CASE:
                break
        if self.shown and self.printed:
            self._tell(Kind.OUTPUT, NO_CASE, wire.encode(self.printed.decode("utf-8", errors="replace")))
        return case != NO_CASE

    def _tell(self, kind: Kind, case: int, payload: bytes) -> None:
        tell(kind, self.question["index"], case, payload)

    def _one_process(self) -> str | None:
        """Fork, relay what the process says, and give None or the word for how it was lost."""
        self.running, self.defined, self.received = None, False, b""
        results, results_end = os.pipe()
        output, output_end = os.pipe()
        child = os.fork()
        if child == 0:
            self._become_answer(results_end, output_end)
        for end in (results_end, output_end):
            os.close(end)
        for end in (results, output):
            os.set_blocking(end, False)
        try:
            return self._relay(child, results, output)
        finally:
            os.close(results)
            os.close(output)

    def _become_answer(self, results: int, output: int) -> None:
        """In the fork: give up what is left to give up, run the answer, and leave without ceremony."""
        try:
            os.setsid()
            nothing = os.open(os.devnull, os.O_RDWR)
            os.dup2(nothing, 0)
            os.dup2(output if self.shown else nothing, 1)
            os.dup2(output if self.shown else nothing, 2)
            os.dup2(results, 3)
            os.closerange(4, 4096)
            confine.limit_seconds(max(1, round(self.seconds)))
            if not OPTIONS.unboxed:
                confine.refuse_calls()
            report = answers.Report(3, self.limits)
            answers.answer(self.question, self.cells, self.pending, self.given, report)
            sys.stdout.flush()
            report.send(Kind.DONE, NO_CASE, None)
        finally:
            os._exit(0)  # no `atexit`, no waiting for threads

    def _relay(self, child: int, results: int, output: int) -> str | None:
        """Pass the events on until the proper end, the end of the process, or the end of patience."""
        patience = Patience(child, self.seconds * self.limits.patience, self.limits.extensions)
        gone = os.pidfd_open(child)
        with DefaultSelector() as selector:
            for descriptor in (results, output, gone):
                selector.register(descriptor, EVENT_READ)
            state: str | None = "running"
            while state == "running":
                ready = {key.fd for key, _ in selector.select(patience.left())}
                if output in ready and not self._keep(output):
                    selector.unregister(output)
                if results in ready:
                    state = self._events(selector, results)
                elif gone in ready:
                    state = "gone"
                if state == "running" and patience.ends():
                    state = "time"
        os.close(gone)
        status, busy = _end_all(child)
        while self._keep(output):  # what was printed last
            pass
        return _how_lost(status, busy >= self.seconds) if state == "gone" else state

    def _keep(self, output: int) -> bool:
        """Read what is printed and keep the beginning. False when nothing is there."""
        try:
            part = os.read(output, CHUNK)
        except BlockingIOError:
            return False
        self.printed = (self.printed + part)[: self.limits.output]
        return bool(part)

    def _events(self, selector: DefaultSelector, results: int) -> str | None:
        """Read and pass on events. Gives "running", None at the proper end, or how the process was lost."""
        part = os.read(results, CHUNK)
        if not part:
            selector.unregister(results)  # why it was closed is told by how the process ends
            return "running"
        self.received += part
        while (frame := self._next_frame()) is not None:
            if len(frame) < HEAD.size:
                return "protocol"
            kind, _, case = HEAD.unpack_from(frame)
            if kind == Kind.DONE and self.defined and self.running is None:
                return None
            if not self._expected(kind, case):
                return "protocol"
            if kind != Kind.BEGIN:
                self._tell(Kind(kind), case, frame[HEAD.size :])
        return "running"

    def _next_frame(self) -> bytes | None:
        """Take one whole frame from what was received; an empty one in place of one that is too large."""
        size = wire.LENGTH.size
        if len(self.received) < size:
            return None
        (length,) = wire.LENGTH.unpack_from(self.received)
        if length > self.limits.value + HEAD.size:
            return b""
        if len(self.received) < size + length:
            return None
        frame, self.received = self.received[size : size + length], self.received[size + length :]
        return frame

    def _expected(self, kind: int, case: int) -> bool:
        """Whether this event may come now: the definition once, then begin and result of each call in order."""
        if kind == Kind.DEFINED and case == NO_CASE and not self.defined:
            self.defined = True
            return True
        if kind == Kind.BEGIN and self.defined and self.running is None and [case] == self.pending[:1]:
            self.running = self.pending.pop(0)
            return True
        if kind in (Kind.VALUE, Kind.ERROR) and case == self.running:
            self.running = None
            return True
        return False


def _how_lost(status: int, out_of_time: bool) -> str:
    code = os.waitstatus_to_exitcode(status)
    if code == -signal.SIGXCPU or (code == -signal.SIGKILL and out_of_time):
        return "time"
    return "exit" if code >= 0 else "killed"


def _end_all(child: int) -> tuple[int, float]:
    """End the answer's process and everything it started; give its status and its seconds on the processor."""
    boxed = os.getpid() == 1 and not OPTIONS.unboxed
    if boxed:
        os.kill(-1, signal.SIGKILL)  # as process 1 of a box: everything else in it
    else:
        for end in (os.kill, os.killpg):
            with contextlib.suppress(ProcessLookupError):
                end(child, signal.SIGKILL)
    _, status, used = os.wait4(child, 0)
    with contextlib.suppress(ChildProcessError):
        while boxed:  # orphans come to process 1
            os.waitpid(-1, 0)
    return status, used.ru_utime + used.ru_stime


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
    confine.close_to_others()
    if OPTIONS.warm:
        _serve()
    else:
        submission()


if __name__ == "__main__":
    main()
