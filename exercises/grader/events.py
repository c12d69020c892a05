"""What worker and grader say to each other: kinds of events, and the limits of one submission.

An event is a kind, the index of a question, the index of a case, and a payload in the form of wire.py. The file is also
read inside the sandbox.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum

HEAD = struct.Struct("<BII")
NO_CASE = 0xFFFFFFFF  # the event is about the definition, not about one of the calls


class Kind(IntEnum):
    """What an event says."""

    HELLO = 1  # the worker runs and NumPy is loaded; the payload says which versions
    READY = 2  # the given code has run; from here on the box is in the student's hands
    BROKEN = 3  # the given code failed: the machine's fault, never the student's
    BEGIN = 4  # a question begins
    DEFINED = 5  # the answer cell has run; the payload is None or the error that it ended with
    VALUE = 6  # what a call returned
    ERROR = 7  # what a call raised
    LOST = 8  # the process that ran the answer is gone; the payload is a word of `LOSSES`
    OUTPUT = 9  # what the answer printed, cut
    DONE = 10  # all questions of the request are through
    CLOSED = 11  # a warm worker has ended a submission and takes the next


LOSSES = {
    "time": "took too long and was stopped",
    "exit": "ended the whole process instead of returning",
    "killed": "killed its own process or crashed it",
    "memory": "took too much memory and was stopped",
    "protocol": "tampered with the way to the grader",
}


@dataclass(frozen=True)
class Limits:
    """What one submission may use."""

    pace: float = 1.0  # all limits on time are multiplied by this
    patience: float = 3.0  # limits by the clock, as a multiple of the limits on the processor
    extensions: int = 4  # how often an answer gets as long again that works, but gets little of a busy machine
    memory: int = 1024 * 2**20  # bytes, above what the libraries take
    box_memory: int = 2 * 1024 * 2**20  # bytes of all processes of a box together, above what a fresh one takes
    processes: int = 64
    files: int = 128
    file_size: int = 32 * 2**20
    scratch: int = 64 * 2**20  # /tmp
    output: int = 4000  # bytes of what an answer prints that are kept
    value: int = 8 * 2**20  # bytes of one returned value
    start: float = 60.0  # seconds until a worker says hello, and for every silence of a healthy one

    @property
    def longest(self) -> float:
        """The limit by the clock of an answer that works, all its processes together, as such a multiple."""
        return self.patience * (1 + self.extensions)
