"""How much memory a process takes at most."""

import threading
from pathlib import Path
from typing import Self

LOOK_SECONDS = 0.02


def resident_bytes(pid: int) -> int:
    """The memory that a process takes now."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise AssertionError(f"process {pid} tells no VmRSS")


class PeakMemory:
    """Looks at a process all the while."""

    def __init__(self, pid: int) -> None:
        self.peak_bytes = 0
        self._pid = pid
        self._is_ended = threading.Event()
        self._looking = threading.Thread(target=self._look)

    def __enter__(self) -> Self:
        self._looking.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_ended.set()
        self._looking.join()

    def _look(self) -> None:
        while True:
            self.peak_bytes = max(self.peak_bytes, resident_bytes(self._pid))
            if self._is_ended.wait(LOOK_SECONDS):
                return
