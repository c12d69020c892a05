"""Runs a student's answer and reports what it returns. Everything here is in the student's hands once it runs.

One process per question, forked from the worker: it runs the answer cells that the question needs, then makes the
calls, and writes each result to a pipe. Standard library, NumPy, and wire.py beside it.
"""

from __future__ import annotations

import builtins
import contextlib
import linecache
import os
import sys
import types
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import wire
from events import HEAD, NO_CASE, Kind, Limits

FOLDER = "/tmp/answers"
LONGEST_TEXT = 400


class Report:
    """Writes events to the worker's pipe."""

    def __init__(self, descriptor: int, limits: Limits) -> None:
        self.descriptor, self.limits, self.owner = descriptor, limits, os.getpid()

    def send(self, kind: Kind, case: int, value: Any) -> None:
        """Write one event."""
        if os.getpid() != self.owner:  # a fork that the answer left behind: it has nothing to report
            os._exit(0)
        wire.write_frame(self.descriptor, HEAD.pack(kind, 0, case) + wire.encode(value, self.limits.value))


@dataclass(frozen=True)
class Answer:
    """What the cells define: the value of the name that is asked for, or nothing."""

    defined: bool
    value: Any = None


def define(question: Mapping[str, Any], cells: list[tuple[str, str]], given: str, report: Report) -> Answer:
    """Run the cells of one question, each a path and its code, after the code that the notebook gives."""
    namespace = fresh_module()
    exec(compile(given, "<given>", "exec", dont_inherit=True), namespace)
    error = None
    for path, code in cells:
        error = run_cell(path, code, namespace)  # what an earlier cell fails with is told by its own question
    defined = question["answer"] in namespace
    if not defined and error is None:
        error = {"type": "NotDefined", "message": "", "cell": "", "line": 0, "code": ""}
    report.send(Kind.DEFINED, NO_CASE, error)
    return Answer(defined, namespace.get(question["answer"]))


def call(question: Mapping[str, Any], answer: Answer, cases: list[int], report: Report) -> None:
    """Make the calls of one question. `cases` are those still to be made."""
    for case in cases if answer.defined else ():
        report.send(Kind.BEGIN, case, None)
        arguments = question["calls"][case]
        try:
            if question["kind"] == "function":
                before = wire.encode(arguments)
                result = answer.value(**arguments)
                changed = _changed(before, arguments)
            else:
                result, changed = answer.value, ""
            report.send(Kind.VALUE, case, {"value": result, "changed": changed})
        except BaseException as error:  # SystemExit too: whatever an answer does in a call is about this call
            report.send(Kind.ERROR, case, describe(error))
    with contextlib.suppress(BaseException):  # an answer may have closed it, or put something else there
        sys.stdout.flush()
    report.send(Kind.DONE, NO_CASE, None)


def fresh_module() -> dict[str, Any]:
    """The names that a cell starts with: a `__main__` of its own, and the notebook's words, which do nothing here."""
    module = types.ModuleType("__main__")
    sys.modules["__main__"] = module
    module.__dict__.update(dict.fromkeys(("check", "submit", "display"), _nothing))
    module.__dict__["__builtins__"] = builtins
    return module.__dict__


def _nothing(*arguments: Any, **more: Any) -> None:
    return None


def run_cell(path: str, code: str, namespace: dict[str, Any]) -> dict[str, Any] | None:
    """Run one cell as a notebook would: what stood before an error stays defined. Gives the error.

    AutoGraph reads sources from files, so the cell is written to one, anew for each process: an earlier answer may have
    removed or locked the folder. Nothing else needs it.
    """
    with contextlib.suppress(OSError):
        folder = Path(path).parent
        folder.mkdir(exist_ok=True)
        folder.chmod(0o700)
        Path(path).unlink(missing_ok=True)
        Path(path).write_text(code, encoding="utf-8")
    linecache.cache[path] = (len(code), None, code.splitlines(keepends=True), path)
    try:
        sys.modules["__main__"].__file__ = path
        exec(compile(code, path, "exec", dont_inherit=True), namespace)
    except BaseException as error:
        return describe(error)
    return None


def _changed(before: bytes, arguments: Mapping[str, Any]) -> str:
    """The name of an argument that the call changed in place, or ''."""
    original = wire.decode(before)
    for name, value in original.items():
        if name not in arguments or wire.encode(arguments[name]) != wire.encode(value):
            return name
    return ""


def describe(error: BaseException) -> dict[str, Any]:
    """An error in plain words: its type, what it says, and the line of the student's own code where it happened."""
    try:
        message = str(error)
    except BaseException:
        message = ""
    place, line = "", 0
    if isinstance(error, SyntaxError):
        place, line = str(error.filename or ""), error.lineno or 0
        message = error.msg or ""
        if "await" in message or "asynchronous" in message:
            message += ": a notebook runs this at the top of a cell, the grader does not; write the answer without it"
    trace = error.__traceback__
    while trace is not None:
        name = trace.tb_frame.f_code.co_filename
        if name.startswith(FOLDER) or "/answers/" in name:
            place, line = name, trace.tb_lineno
        trace = trace.tb_next
    return {
        "type": str(type(error).__name__)[:60],
        "message": message[:LONGEST_TEXT],
        "cell": Path(place).stem if place else "",
        "line": int(line),
        "code": _line(place, line),
    }


def _line(path: str, number: int) -> str:
    return linecache.getline(path, number).strip()[:120] if path and isinstance(number, int) else ""


def versions() -> dict[str, str]:
    """What runs here."""
    return {"python": sys.version.split()[0], "numpy": np.__version__, "process": str(os.getpid())}
