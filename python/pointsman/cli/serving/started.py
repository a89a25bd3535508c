"""What runs once calls are answered, and the wish that it ends."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable
    from pathlib import Path
    from types import FrameType

    from pointsman.dataplane import LocalReplica
    from pointsman.settings import Settings


@dataclass
class EndSignal:
    """The wish to end: the first SIGTERM or SIGINT drains, a second one ends the process at once."""

    came: bool = False
    tell: Callable[[], object] | None = field(default=None)
    """Called when it comes, from the main thread."""

    def watch(self) -> None:
        """Takes the process's SIGTERM and SIGINT."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)

    def _on_signal(self, number: int, _: FrameType | None) -> None:
        if self.came:
            os._exit(128 + number)
        self.came = True
        if self.tell is not None:
            self.tell()


@dataclass(frozen=True)
class StartedServer:
    """What runs once calls are answered, and what the rest is built from."""

    settings: Settings
    data_dir: Path
    socket_path: Path
    """Where the control plane shall listen for the data plane."""
    http_listener: socket.socket
    replica: LocalReplica
    end: EndSignal
    ready_file: Path | None
