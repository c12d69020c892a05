"""One question inside the box: processes for its calls, and what they say, passed on as long as it may come now.

Runs in the worker, which runs none of the student's code. Standard library, and the files beside it.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from selectors import EVENT_READ, EVENT_WRITE, DefaultSelector
from typing import Any

import answers
import confine
import wire
from events import HEAD, NO_CASE, Kind, Limits
from patience import Patience, clock_of

GIVE_UP_AFTER = 2  # processes lost in the calls of one answer
SHORTEST_GLANCE = 3.0  # seconds: in less a busy machine may give nothing to a process that would work
CHUNK = 2**20
LARGEST = 256 * 2**20  # a request


@dataclass(frozen=True)
class Place:
    """Where the processes run, and how the worker tells the grader: (kind, question, case, payload)."""

    boxed: bool
    limits: Limits
    tell: Callable[[Kind, int, int, bytes], None]

    def end(self, process: Process, keep: Callable[[int], bool] = lambda _: False) -> tuple[int, float]:
        """End an answer's process and everything it started; give its status and its seconds on the processor.

        keep: takes what was printed last from the descriptor that it is given, and gives False when nothing is left.
        """
        alone = self.boxed and os.getpid() == 1
        if alone:
            os.kill(-1, signal.SIGKILL)  # as process 1 of a box: everything else in it
        else:
            for send in (os.kill, os.killpg):
                with contextlib.suppress(ProcessLookupError):
                    send(process.number, signal.SIGKILL)
        _, status, used = os.wait4(process.number, 0)
        with contextlib.suppress(ChildProcessError):
            while alone:  # orphans come to process 1
                os.waitpid(-1, 0)
        while keep(process.output):
            pass
        for pipe in (process.results, process.output, process.more):
            os.close(pipe)
        return status, used.ru_utime + used.ru_stime


@dataclass(frozen=True)
class Process:
    """The process of an answer, and the worker's ends of its pipes."""

    number: int
    results: int
    output: int
    more: int  # where the calls of the second pass go in


class Questioning:
    """One question: processes for its calls, until all calls are through or too many processes were lost.

    With `keep`, the process of a public pass that went well stays and makes the hidden calls too, when they come: what
    an answer has built by then, a traced function for example, need not be built again.
    """

    def __init__(
        self,
        question: Mapping[str, Any],
        cells: list[tuple[str, str]],
        given: str,
        shown: bool,
        place: Place,
        spent: float = 0.0,
    ) -> None:
        self.question, self.cells, self.given, self.shown, self.place = question, cells, given, shown, place
        self.spent = spent  # seconds by the clock, in an earlier pass too
        self.keep = shown and bool(question["keep"])
        self.seconds = float(question["seconds"])
        self.pending = list(range(len(question["calls"])))
        self.running: int | None = None  # the call that is being made
        self.process: Process | None = None
        self.defined = False
        self.printed = self.received = self.to_send = b""

    def take_over(self, earlier: Questioning | None) -> None:
        """Go on with the process that was kept, when it is this answer's; else end it."""
        if earlier is None or earlier.process is None:
            return
        if self.shown or (self.question["answer"], self.cells) != (earlier.question["answer"], earlier.cells):
            self.place.end(earlier.process)
            return
        self.process, self.defined = earlier.process, True
        calls = wire.encode(self.question["calls"], LARGEST)
        self.to_send = wire.LENGTH.pack(len(calls)) + calls
        confine.give_seconds(self.process.number, seconds_of(self.process.number), self.seconds)

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
        self.place.tell(kind, self.question["index"], case, payload)

    def _one_process(self) -> str | None:
        """Fork unless a process was kept, relay what it says, and give None or the word for how it was lost."""
        self.running, self.received = None, b""
        process = self.process or self._fork()
        self.process = None
        worked, begun = seconds_of(process.number), time.monotonic()
        state = self._relay(process)
        self.spent += time.monotonic() - begun
        if state is None and self.keep and not self.pending:
            while self._keep(process.output):  # what was printed last
                pass
            self.process = process
            return None
        status, busy = self.place.end(process, self._keep)
        return _how_lost(status, busy - worked >= self.seconds) if state == "gone" else state

    def _fork(self) -> Process:
        """Start a process that runs the answer."""
        self.defined = False
        results, results_end = os.pipe()
        output, output_end = os.pipe()
        more_end, more = os.pipe()
        child = os.fork()
        if child == 0:
            self._become_answer(results_end, output_end, more_end)
        for end in (results_end, output_end, more_end):
            os.close(end)
        for end in (results, output, more):
            os.set_blocking(end, False)
        return Process(child, results, output, more)

    def _become_answer(self, results: int, output: int, more: int) -> None:
        """In the fork: give up what is left to give up, run the answer, and leave without ceremony."""
        try:
            os.setsid()
            nothing = os.open(os.devnull, os.O_RDWR)
            os.dup2(nothing, 0)
            self._print_to(output if self.shown else nothing)
            os.dup2(results, 3)  # pipes are numbered upwards, so this and the next overwrite none that is still needed
            os.dup2(more, 4)
            os.closerange(5, 4096)
            seconds = max(1, round(self.seconds))
            confine.limit_seconds(seconds, passes=1 + self.keep)
            if self.place.boxed:
                confine.refuse_calls()
            report = answers.Report(3, self.place.limits)
            answer = answers.define(self.question, self.cells, self.given, report)
            answers.call(self.question, answer, self.pending, report)
            if self.keep:
                self._go_on(answer, report)
        finally:
            os._exit(0)  # no `atexit`, no waiting for threads

    def _go_on(self, answer: answers.Answer, report: answers.Report) -> None:
        """In the fork: wait for the calls of the second pass, and make them; nothing that they print is kept."""
        frame = wire.read_frame(4, LARGEST)
        if frame is None:
            return
        self._print_to(os.open(os.devnull, os.O_RDWR))
        calls = wire.decode(frame, LARGEST)
        answers.call({**self.question, "calls": calls}, answer, list(range(len(calls))), report)

    def _print_to(self, descriptor: int) -> None:
        for standard in (1, 2):
            os.dup2(descriptor, standard)

    def _relay(self, process: Process) -> str | None:
        """Pass the events on until the proper end, the end of the process, or the end of patience."""
        limits = self.place.limits
        left = self.seconds * limits.longest - self.spent  # all processes of an answer share it
        glance = min(self.seconds * limits.patience, max(self.seconds, SHORTEST_GLANCE))
        patience = Patience(process.number, glance, time.monotonic() + left)
        gone = os.pidfd_open(process.number)
        with DefaultSelector() as selector:
            for descriptor in (process.results, process.output, gone):
                selector.register(descriptor, EVENT_READ)
            if self.to_send:
                selector.register(process.more, EVENT_WRITE)
            state: str | None = "running"
            while state == "running":
                ready = {key.fd for key, _ in selector.select(patience.left())}
                if process.output in ready and not self._keep(process.output):
                    selector.unregister(process.output)
                if process.more in ready and not self._send(process.more):
                    selector.unregister(process.more)
                if process.results in ready:
                    state = self._events(selector, process.results)
                elif gone in ready:
                    state = "gone"
                if state == "running" and patience.ends():
                    state = "time"
        os.close(gone)
        return state

    def _send(self, more: int) -> bool:
        """Write a part of the calls. False when nothing is left to be written, or nobody reads it."""
        try:
            self.to_send = self.to_send[os.write(more, self.to_send[:CHUNK]) :]
        except BrokenPipeError:
            self.to_send = b""
        return bool(self.to_send)

    def _keep(self, output: int) -> bool:
        """Read what is printed and keep the beginning. False when nothing is there."""
        try:
            part = os.read(output, CHUNK)
        except BlockingIOError:
            return False
        self.printed = (self.printed + part)[: self.place.limits.output]
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
        if length > self.place.limits.value + HEAD.size:
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


def seconds_of(number: int) -> float:
    """What a process has used of the processor; 0 when it is gone."""
    try:
        return time.clock_gettime(clock_of(number))
    except OSError:
        return 0.0
