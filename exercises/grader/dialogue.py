"""The grader's side of the pipe to one worker: requests out, events in, with a limit on everything.

Until a worker has said that it is ready, what goes wrong is the machine's fault. After that the box is in the student's
hands: whatever it sends, or does not send, is about the student's code, and is read as data that may be false.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from exercises.grader import wire
from exercises.grader.events import HEAD, LOSSES, Kind
from exercises.grader.sandbox import GivenCodeError, InfrastructureError, Setting, start

GLANCE = 0.1  # seconds between two looks at the memory of a box
LARGEST_REQUEST = 256 * 2**20
PAGE = os.sysconf("SC_PAGE_SIZE")
EXTRA_FOR_LIBRARIES = 1 * 2**30  # what TensorFlow takes when it first computes something


class LostWorker(Exception):
    """The worker is gone, or no longer to be trusted, after a student's code ran in it. `word` is one of LOSSES."""

    def __init__(self, word: str) -> None:
        super().__init__(LOSSES[word])
        self.word = word


class Worker:
    """One worker process, in its box. Serves one submission, or, when warm, one after another."""

    def __init__(self, setting: Setting) -> None:
        self.setting = setting
        self.process, self.errors, self.folder = start(setting)
        assert self.process.stdin is not None and self.process.stdout is not None
        self.to_worker, self.from_worker = self.process.stdin.fileno(), self.process.stdout.fileno()
        os.set_blocking(self.from_worker, False)
        os.set_blocking(self.to_worker, False)
        self.buffer = bytearray()
        self.usual_memory = 0
        self.versions: dict[str, str] = {}
        if setting.warm:
            self._hello()

    def load(self, given: str, cells: list[tuple[str, str]]) -> None:
        """Give a submission to the worker. Every failure up to here is the machine's: InfrastructureError."""
        limits = asdict(self.setting.limits)
        try:
            if self.setting.warm:
                self._send({"do": "session", "limits": limits})
            self._hello()
            self._send({"do": "load", "given": given, "cells": [list(cell) for cell in cells], "limits": limits})
            kind, _, _, payload = self._event(self.setting.limits.start)
        except LostWorker as loss:
            raise self._broken(f"the worker {loss} before any answer ran") from None
        if kind != Kind.READY:
            raise GivenCodeError(f"The code that the notebook gives does not run in the box: {payload}")
        self.usual_memory = _memory_of(self.process.pid, _resident)

    def ask(self, questions: list[dict[str, Any]], shown: bool) -> Iterator[tuple[Kind, int, int, Any]]:
        """Have the calls of questions made. Yields (kind, question, case, payload); raises LostWorker."""
        self._send({"do": "run", "questions": questions, "shown": shown})
        most = sum(3 + 2 * len(question["calls"]) + 4 for question in questions)
        limits = self.setting.limits
        longest = max(question["seconds"] for question in questions) * limits.longest
        for _ in range(most):
            event = self._event(longest + limits.start)
            if event[0] == Kind.DONE:
                return
            yield event
        raise LostWorker("protocol")

    def finish(self) -> bool:
        """End the submission. True when a warm worker is ready for the next one."""
        if not self.setting.warm:
            return False
        try:
            self._send({"do": "end"})
            return self._event(self.setting.limits.start)[0] == Kind.CLOSED and not self.buffer
        except LostWorker:
            return False

    def close(self) -> None:
        """End the worker and everything in its box."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()
        self.errors.close()
        if self.folder is not None:
            self.folder.cleanup()

    def _hello(self) -> None:
        try:
            kind, _, _, payload = self._event(self.setting.limits.start)
        except LostWorker as loss:
            reason = "it took too long" if loss.word == "time" else "it ended, or said something else"
            raise self._broken(f"the worker never said hello: {reason}") from None
        if kind != Kind.HELLO:
            raise self._broken("the worker began with something else than hello")
        self.versions = {name: str(payload[name]) for name in ("python", "numpy")}

    def _broken(self, text: str) -> InfrastructureError:
        self.process.kill()
        self.process.wait()
        self.errors.seek(0)
        said = self.errors.read()[-1500:].decode(errors="replace").strip()
        return InfrastructureError(f"{text}{': ' + said if said else ''}")

    def _send(self, request: dict[str, Any]) -> None:
        data = wire.encode(request, LARGEST_REQUEST)
        view = memoryview(wire.LENGTH.pack(len(data)) + data)
        end = time.monotonic() + self.setting.limits.start
        while view:
            if not select.select([], [self.to_worker], [], max(0.0, end - time.monotonic()))[1]:
                raise LostWorker("time")
            try:
                view = view[os.write(self.to_worker, view) :]
            except BrokenPipeError:
                raise LostWorker("killed") from None

    def _event(self, seconds: float) -> tuple[Kind, int, int, Any]:
        """The next event, decoded. LostWorker for silence, an end, too much memory, or what is no event."""
        end = time.monotonic() + seconds
        while (frame := self._frame()) is None:
            ready = select.select([self.from_worker], [], [], min(GLANCE, max(0.0, end - time.monotonic())))[0]
            if ready:
                self._read()
            elif time.monotonic() >= end:
                raise LostWorker("time")
            elif self._too_large():
                raise LostWorker("memory")
        try:
            kind, question, case = HEAD.unpack_from(frame)
            return Kind(kind), question, case, wire.decode(bytes(frame[HEAD.size :]), self.setting.limits.value)
        except ValueError:  # an unknown kind, or bytes that are no message
            raise LostWorker("protocol") from None

    def _read(self) -> None:
        part = os.read(self.from_worker, 2**20)
        if not part:
            raise LostWorker("killed")
        self.buffer += part

    def _frame(self) -> bytearray | None:
        size = wire.LENGTH.size
        if len(self.buffer) < size:
            return None
        (length,) = wire.LENGTH.unpack_from(self.buffer)
        if not HEAD.size <= length <= self.setting.limits.value + HEAD.size:
            raise LostWorker("protocol")
        if len(self.buffer) < size + length:
            return None
        frame = self.buffer[size : size + length]
        del self.buffer[: size + length]
        return frame

    def _too_large(self) -> bool:
        if not self.usual_memory:
            return False
        most = self.setting.limits.box_memory + (0 if self.setting.kit == "numpy" else EXTRA_FOR_LIBRARIES)
        process, usual = self.process.pid, self.usual_memory
        # The quick look counts shared pages in every process that shares them; the exact one takes longer.
        return _memory_of(process, _resident) - usual > most and _memory_of(process, _proportional) - usual > most


def _resident(number: int) -> int:
    pages = Path(f"/proc/{number}/statm").read_text().split()
    return (int(pages[1]) - int(pages[2])) * PAGE


def _proportional(number: int) -> int:
    try:
        text = Path(f"/proc/{number}/smaps_rollup").read_text()
    except PermissionError:
        return _resident(number)
    return sum(
        int(line.split()[1]) * 1024 for line in text.splitlines() if line.startswith(("Pss_Anon:", "Pss_Shmem:"))
    )


def _memory_of(process: int, look: Callable[[int], int]) -> int:
    """Bytes in memory of a process and all its descendants, without what files hold."""
    total = 0
    waiting = [process]
    while waiting:
        number = waiting.pop()
        with contextlib.suppress(OSError, IndexError, ValueError):
            total += look(number)
            for children in Path(f"/proc/{number}/task").glob("*/children"):
                waiting += map(int, children.read_text().split())
    return total
