"""How long a worker waits for an answer. Also read inside the sandbox; standard library only."""

from __future__ import annotations

import time

IDLE = 0.005  # a process that works for less than this share of the time sleeps; it is not the machine that is busy


def clock_of(process: int) -> int:
    """The clock of another process's time on the processor, as clock_getcpuclockid(3) computes it."""
    return (~process << 3) | 2


class Patience:
    """How long to wait for a process by the clock: as long as it works, even if it gets little of a busy machine.

    seconds: after each so many it is looked whether the process has worked; one that sleeps is not waited for.
    last: the end of all patience, by `time.monotonic()`.
    """

    def __init__(self, child: int, seconds: float, last: float) -> None:
        self.clock, self.seconds, self.last = clock_of(child), seconds, last
        self.worked = self._worked() or 0.0  # a process that was kept has worked before
        self.end = min(last, time.monotonic() + seconds)

    def left(self) -> float:
        """Seconds until the next decision."""
        return max(0.0, self.end - time.monotonic())

    def ends(self) -> bool:
        """Whether it is time to stop the process."""
        now = time.monotonic()
        if now < self.end:
            return False
        worked = self._worked()
        if worked is None or now >= self.last or worked - self.worked < IDLE * self.seconds:
            return True
        self.worked, self.end = worked, min(self.last, now + self.seconds)
        return False

    def _worked(self) -> float | None:
        """Seconds on the processor; None when the process is gone."""
        try:
            return time.clock_gettime(self.clock)
        except OSError:
            return None
