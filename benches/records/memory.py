"""How much memory a process holds, by the kernel's own account."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

INTERVAL_SECONDS = 1.0
MEBIBYTE = 1024 * 1024
_FORGET_PEAK = "5"


def read_memory(pid: int, name: str) -> int:
    """Answers a size from ``/proc/PID/status`` in bytes, for example ``VmRSS`` or ``VmHWM``, its peak."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024
    raise KeyError(name)


def forget_peak(pid: int) -> None:
    """Lets the peak begin anew."""
    Path(f"/proc/{pid}/clear_refs").write_text(_FORGET_PEAK)


@dataclass
class MemoryTrace:
    """Resident memory, once a second: seconds since the start, and bytes."""

    points: list[tuple[float, int]] = field(default_factory=list)

    def between(self, start_seconds: float, end_seconds: float) -> list[int]:
        """Answers the sizes of a span."""
        return [size for at, size in self.points if start_seconds <= at < end_seconds]

    @property
    def end_seconds(self) -> float:
        """When it ended."""
        return self.points[-1][0]


@contextmanager
def tracing_memory(pid: int) -> Iterator[MemoryTrace]:
    """Traces a process's resident memory while the context lasts."""
    trace = MemoryTrace()
    stop = threading.Event()

    def follow() -> None:
        started = time.monotonic()
        while True:
            trace.points.append((time.monotonic() - started, read_memory(pid, "VmRSS")))
            if stop.wait(INTERVAL_SECONDS):
                return

    thread = threading.Thread(target=follow, name="memory")
    thread.start()
    try:
        yield trace
    finally:
        stop.set()
        thread.join()
