"""Programs of analyses as the machine shows them: their age, their end, and how to kill one at an age.

A program is found in ``/proc`` among the children of its server, and held by a descriptor of its process. So
its end is an event, and nothing that comes under the same number later is taken for it.
"""

import contextlib
import os
import select
import signal
import time
from pathlib import Path

from .server import Server

MODULE = "pointsman.control.drift.program"
_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
_DEAD = frozenset("ZX")
_END_SECONDS = 30.0


class Program:
    """A process that runs, or ran.

    Args:
        pid: Its number.
        start_ticks: When it began, in ticks since the machine did.
        handle: A descriptor of the process, which is closed with this.
    """

    def __init__(self, pid: int, start_ticks: int, handle: int) -> None:
        self.pid = pid
        self._start_ticks = start_ticks
        self._handle = handle

    def age_seconds(self) -> float:
        """How long ago it began, whether it runs or not."""
        return time.clock_gettime(time.CLOCK_BOOTTIME) - self._start_ticks / _TICKS_PER_SECOND

    def ended(self, within_seconds: float) -> bool:
        """Waits for its end; says whether it came in time."""
        watch = select.poll()
        watch.register(self._handle, select.POLLIN)
        return bool(watch.poll(max(0.0, within_seconds) * 1000))

    def killed_at(self, age_seconds: float) -> bool:
        """Kills it at an age, at once where it is older, and waits until it is gone.

        Answers False where it had ended before.
        """
        if self.ended(age_seconds - self.age_seconds()):
            return False
        signal.pidfd_send_signal(self._handle, signal.SIGKILL)
        assert self.ended(_END_SECONDS), f"process {self.pid} outlives SIGKILL"
        return True

    def close(self) -> None:
        """Lets go of the process."""
        os.close(self._handle)


class Programs:
    """The programs that a server starts, each of which is answered once."""

    def __init__(self, server: Server) -> None:
        self._server = server.process.pid
        self._seen: set[tuple[int, int]] = set()

    def new(self) -> Program | None:
        """Answers one that runs and was not answered before; None where there is none."""
        for pid in self._children():
            begun = self._start_ticks(pid)
            if begun is None or (pid, begun) in self._seen:
                continue
            with contextlib.suppress(ProcessLookupError):
                program = Program(pid, begun, os.pidfd_open(pid))
                if self._start_ticks(pid) == begun:
                    self._seen.add((pid, begun))
                    return program
                program.close()
        return None

    def _children(self) -> list[int]:
        """The children of all of the server's threads; a thread that ends meanwhile has none."""
        found: list[int] = []
        for thread in Path(f"/proc/{self._server}/task").iterdir():
            with contextlib.suppress(OSError):
                found += map(int, (thread / "children").read_text().split())
        return found

    def _start_ticks(self, pid: int) -> int | None:
        """When a program of the server began; None where that process is none, or has ended."""
        place = Path("/proc", str(pid))
        try:
            state, parent, *others = (place / "stat").read_text().rpartition(")")[2].split()
            if int(parent) != self._server or state in _DEAD:
                return None
            return int(others[17]) if MODULE in (place / "cmdline").read_text() else None
        except OSError:
            return None
