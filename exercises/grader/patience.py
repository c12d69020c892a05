"""How long a worker waits for an answer. Also read inside the sandbox; standard library only."""

from __future__ import annotations

import time

IDLE = 0.005  # a process that works for less than this share of the time sleeps; it is not the machine that is busy


class Patience:
    """How long to wait for a process by the clock. One that works, but gets little of the machine, is given more."""

    def __init__(self, child: int, seconds: float, extensions: int) -> None:
        self.clock = (~child << 3) | 2  # the processor time of another process, as clock_getcpuclockid(3) computes it
        self.seconds, self.extensions = seconds, extensions
        self.end, self.worked = time.monotonic() + seconds, 0.0

    def left(self) -> float:
        """Seconds until the next decision."""
        return max(0.0, self.end - time.monotonic())

    def ends(self) -> bool:
        """Whether it is time to stop the process."""
        if time.monotonic() < self.end:
            return False
        try:
            worked = time.clock_gettime(self.clock)
        except OSError:
            return True
        if self.extensions == 0 or worked - self.worked < IDLE * self.seconds:
            return True
        self.extensions, self.worked, self.end = self.extensions - 1, worked, time.monotonic() + self.seconds
        return False
