"""Starts servers that can be killed, asks them questions and says how they ended."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stage.server import environment

from . import extension, points
from .zygote import ENVIRONMENT, MESSAGE_BYTES

PATIENCE_SECONDS = 240.0
"""Long, for some questions have a server compact hundreds of files, beside others that do."""

JOURNAL = {"segment_bytes": 65_536, "seal_after_seconds": 0.3}
"""Small segments, so that one ships within each life."""
OPTIONS = {
    "lake_upkeep_interval_seconds": 0.3,
    "feedback_export_interval_seconds": 0.3,
    "replaced_file_grace_seconds": 2.0,
}


class CrashServer:
    """A server; its data stays in the folder."""

    def __init__(self, zygote: "Zygote", folder: Path, pid: int, channel: socket.socket) -> None:
        self._zygote = zygote
        self._channel = channel
        self.folder = folder
        self.pid = pid
        self.code: int | None = None
        self.grpc = ""

    def wait_until_serving(self) -> None:
        """Returns when it serves and its control plane is ready."""
        message = self._channel.recv(MESSAGE_BYTES)
        assert message, f"it ended with {self.wait()}:\n{self.log()}"
        facts = json.loads(message)
        assert not facts["reason"], facts["reason"]
        self.grpc = facts["grpc"]

    def ask(self, question: str, **more: Any) -> dict[str, Any]:
        """Asks one of the questions of :mod:`stage.crash.child`."""
        self._channel.send(json.dumps({"question": question, **more}).encode())
        message = self._channel.recv(MESSAGE_BYTES)
        assert message, f"asked to {question}, it ended with {self.wait()}:\n{self.log()}"
        answer: dict[str, Any] = json.loads(message)
        assert "failure" not in answer, f"{question}: {answer['failure']}"
        return answer

    def kill(self) -> float:
        """Ends it at once; answers when, by the monotonic clock."""
        killed = time.monotonic()
        os.kill(self.pid, signal.SIGKILL)
        self.wait()
        return killed

    def end(self) -> None:
        """Asks it to end, as an operator would, and insists that it ends well."""
        os.kill(self.pid, signal.SIGTERM)
        code = self.wait()
        assert code == 0, f"it ended with {code}:\n{self.log()}"

    def wait(self) -> int:
        """Waits for its end; answers its exit code, or the negative number of the signal that ended it."""
        if self.code is None:
            self.code = self._zygote.wait_for(self.pid)
            self._channel.close()
        return self.code

    def log(self) -> str:
        """The last of what it wrote."""
        return (self.folder / "server.log").read_text(errors="replace")[-4000:]


class Zygote:
    """Makes servers, one at a time.

    Args:
        log: Where it writes what goes wrong before there is a server.
    """

    def __init__(self, log: Path) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._channel = ours
        with log.open("ab") as output, theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "stage.crash.zygote", str(extension.find()), str(theirs.fileno())],
                cwd=Path(__file__).parents[2],
                env=environment({}) | ENVIRONMENT,
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        ours.settimeout(PATIENCE_SECONDS)
        assert ours.recv(MESSAGE_BYTES), log.read_text()

    def start(
        self,
        folder: Path,
        *,
        fault_point: str = "",
        fault_sync: str = "",
        journal: Mapping[str, Any] = JOURNAL,
        options: Mapping[str, Any] = OPTIONS,
        patched: Mapping[str, Any] | None = None,
    ) -> CrashServer:
        """Starts a server.

        Args:
            folder: Where its data and its log are.
            fault_point: Where it shall die by itself.
            fault_sync: What its file layer shall not sync although it says so: ``files`` or ``folders``.
            journal: How it keeps its journal.
            options: How it keeps its lake.
            patched: What constants of its modules shall be, by their full names.
        """
        faults = {points.VARIABLE: fault_point, "POINTSMAN_FAULT_SYNC": fault_sync}
        request = {
            "folder": str(folder),
            "journal": dict(journal),
            "options": dict(options),
            "patched": dict(patched or {}),
            "environment": {name: value for name, value in faults.items() if value},
        }
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            socket.send_fds(self._channel, [json.dumps(request).encode()], [theirs.fileno()])
        pid = json.loads(self._channel.recv(MESSAGE_BYTES))["pid"]
        ours.settimeout(PATIENCE_SECONDS)
        return CrashServer(self, folder, pid, ours)

    def wait_for(self, pid: int) -> int:
        """Waits for the end of a server."""
        self._channel.send(json.dumps({"wait": pid}).encode())
        return int(json.loads(self._channel.recv(MESSAGE_BYTES))["code"])

    def close(self) -> None:
        """Ends; a server that still runs ends with the one who asks it questions."""
        self._channel.close()
        try:
            self._process.wait(PATIENCE_SECONDS)
        finally:
            self._process.kill()
            self._process.wait()
