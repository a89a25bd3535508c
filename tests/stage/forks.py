"""Programs of this installation that begin in a moment: forks of a process that has imported what they need.

``python -m stage.forks DESCRIPTOR MODULE…`` imports modules, and forks for each request on a socket that was
passed on to it. Such a program does what ``python -m NAME ARGUMENTS`` does, in a folder and an environment of
its own; only ``/proc`` shows another command. What is about the start itself, or measured, is no fork.
"""

import atexit
import contextlib
import gc
import importlib
import json
import os
import runpy
import selectors
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

START_SECONDS = 60.0
MESSAGE_BYTES = 1 << 17
ENVIRONMENT = {
    # Threads do not survive a fork, so that nothing may start one before.
    "OPENBLAS_NUM_THREADS": "1",
    "JE_ARROW_MALLOC_CONF": "background_thread:false",
}


class Fork:
    """A program, with what tests use of :class:`subprocess.Popen`.

    Args:
        pid: Its process.
        channel: Where its exit code comes.
    """

    def __init__(self, pid: int, channel: socket.socket) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self.channel = channel

    def poll(self) -> int | None:
        """Answers its exit code, or the negative number of the signal that ended it; None while it runs."""
        try:
            return self.wait(0.0)
        except subprocess.TimeoutExpired:
            return None

    def wait(self, timeout: float | None = None) -> int:
        """Waits for its end and answers what :meth:`poll` does.

        Raises:
            subprocess.TimeoutExpired: It runs still.
        """
        if self.returncode is None:
            self.channel.settimeout(timeout)
            try:
                message = self.channel.recv(MESSAGE_BYTES)
            except (BlockingIOError, TimeoutError):
                raise subprocess.TimeoutExpired(f"process {self.pid}", timeout or 0.0) from None
            assert message, f"whoever forked process {self.pid} is gone"
            self.returncode = int(message)
            self.channel.close()
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Sends it a signal; nothing happens when it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Asks it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """Ends it at once."""
        self.send_signal(signal.SIGKILL)


class Forks:
    """The process that forks programs.

    Args:
        modules: What it imports first, in this order.
    """

    def __init__(self, modules: Sequence[str]) -> None:
        self._channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "stage.forks", str(theirs.fileno()), *modules],
                cwd=Path(__file__).parents[1],
                env=os.environ | ENVIRONMENT,
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                # Signals of a terminal are the test run's alone.
                start_new_session=True,
            )
        self._channel.settimeout(START_SECONDS)
        assert self._channel.recv(MESSAGE_BYTES), "the process that forks programs does not start"
        atexit.register(self.close)

    def start(
        self,
        module: str,
        arguments: Sequence[str],
        *,
        folder: Path,
        environment: Mapping[str, str],
        descriptors: Sequence[int],
    ) -> Fork:
        """Starts a program.

        Args:
            module: Its module, which has a ``__main__`` or is one.
            arguments: Its command line.
            folder: Where it runs.
            environment: All of its variables.
            descriptors: Its standard input, output and error.
        """
        request = {
            "module": module,
            "arguments": list(arguments),
            "folder": str(folder),
            "environment": dict(environment),
        }
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            passed = [theirs.fileno(), *descriptors]
            socket.send_fds(self._channel, [json.dumps(request).encode()], passed)
        ours.settimeout(START_SECONDS)
        return Fork(int(ours.recv(MESSAGE_BYTES)), ours)

    def close(self) -> None:
        """Ends it, and its programs that run still."""
        atexit.unregister(self.close)
        self._channel.close()
        self._process.wait(START_SECONDS)


def main() -> None:
    """Forks until nobody can ask for more; a child does what was asked for, and ends as programs do."""
    channel = socket.socket(fileno=int(sys.argv[1]))
    for name in sys.argv[2:]:
        importlib.import_module(name)
    threads = len(list(Path("/proc/self/task").iterdir()))
    assert threads == 1, f"{threads} threads before the fork"
    gc.collect()
    gc.freeze()
    if "duckdb" in sys.modules:
        # It complains of what is left of it at the end.
        atexit.register(gc.unfreeze)
    channel.send(b"ready")
    asked = _fork_all(channel)
    if asked is not None:
        _become(*asked)


def _fork_all(channel: socket.socket) -> tuple[dict[str, Any], list[int]] | None:
    """Forks for each request; answers it, with its descriptors, in the child, and None once all are done."""
    with selectors.DefaultSelector() as selector:
        selector.register(channel, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                if key.data is not None:
                    _tell_end(selector, key)
                    continue
                message, descriptors, *_ = socket.recv_fds(channel, MESSAGE_BYTES, 4)
                if not message:
                    # Whoever asked for them is gone, and perhaps was in no order.
                    for left in filter(None, [watched.data for watched in selector.get_map().values()]):
                        os.kill(left[0], signal.SIGKILL)
                    return None
                pid = os.fork()
                if pid == 0:
                    for watched in list(selector.get_map().values()):
                        _close(watched)
                    os.close(descriptors[0])
                    return json.loads(message), descriptors[1:]
                _watch(selector, pid, descriptors)


def _watch(selector: selectors.BaseSelector, pid: int, descriptors: Sequence[int]) -> None:
    """Says who the program is, and has its end told."""
    asker = socket.socket(fileno=descriptors[0])
    for descriptor in descriptors[1:]:
        os.close(descriptor)
    asker.send(str(pid).encode())
    selector.register(os.pidfd_open(pid), selectors.EVENT_READ, (pid, asker))


def _tell_end(selector: selectors.BaseSelector, key: selectors.SelectorKey) -> None:
    pid, asker = key.data
    _, status = os.waitpid(pid, 0)
    # Some who asked for a program do not want to know how it ended.
    with contextlib.suppress(BrokenPipeError):
        asker.send(str(os.waitstatus_to_exitcode(status)).encode())
    selector.unregister(key.fileobj)
    _close(key)


def _close(key: selectors.SelectorKey) -> None:
    """Closes what is watched, and the socket of whoever waits for it."""
    os.close(key.fd)
    if key.data is not None:
        key.data[1].close()


def _become(request: dict[str, Any], descriptors: Sequence[int]) -> None:
    for number, descriptor in enumerate(descriptors):
        os.dup2(descriptor, number)
        os.close(descriptor)
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    sys.path[0] = request["folder"]
    sys.argv = [request["module"], *request["arguments"]]
    runpy.run_module(request["module"], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
