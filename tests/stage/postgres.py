"""A PostgreSQL server that a test starts, stops and starts again: an installed one, or the wheel's."""

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from conftest_memory import short_folder

TIMEOUT_SECONDS = 60


class Postgres:
    """A server on a unix socket, with one empty database."""

    def __init__(self) -> None:
        self._binaries = find_binaries()
        # Short, because a unix socket's path must fit into 107 bytes, and open to the server's own user.
        self._folder = Path(tempfile.mkdtemp(prefix="pm-pg-", dir=short_folder()))
        self._user = unprivileged()
        if self._user:
            shutil.chown(self._folder, self._user["user"], self._user["group"])
        self.url = f"postgresql://pointsman@/postgres?host={self._folder}"
        self._data = str(self._folder / "data")
        self._run("initdb", "-D", self._data, "-U", "pointsman", "-A", "trust", "--no-sync", "-E", "UTF8")
        self.start()

    def start(self) -> None:
        """Starts it; returns when it answers."""
        options = f"-c listen_addresses='' -c unix_socket_directories={self._folder} -c fsync=off"
        self._run("pg_ctl", "-D", self._data, "-l", str(self._folder / "log"), "-w", "-o", options, "start")

    def stop(self) -> None:
        """Stops it at once, breaking every connection."""
        self._run("pg_ctl", "-D", self._data, "-m", "immediate", "-w", "stop")

    def hang(self) -> None:
        """Stops every one of its processes where it is: connections stay open and are not answered."""
        self._signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Lets its processes go on."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: int) -> None:
        postmaster = int((self._folder / "data" / "postmaster.pid").read_text().split()[0])
        # The postmaster first, so that it starts no other meanwhile.
        os.kill(postmaster, number)
        for status in Path("/proc").glob("[0-9]*/status"):
            with contextlib.suppress(OSError, ProcessLookupError):
                if f"\nPPid:\t{postmaster}\n" in status.read_text():
                    os.kill(int(status.parent.name), number)

    def close(self) -> None:
        """Stops it if it runs, and removes its data."""
        if (self._folder / "data" / "postmaster.pid").exists():
            self.go_on()
            self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _run(self, program: str, *arguments: str) -> None:
        with (self._folder / "output").open("ab") as output:
            subprocess.run(
                [self._binaries / program, *arguments],
                check=True,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=self._folder,
                timeout=TIMEOUT_SECONDS,
                **self._user,
            )


def installed_binaries() -> Path | None:
    """Finds initdb and pg_ctl of this machine: on the path, or the newest where Debian puts them."""
    on_path = shutil.which("pg_ctl")
    if on_path is not None and shutil.which("initdb"):
        return Path(on_path).parent
    versions = [path for path in Path("/usr/lib/postgresql").glob("*/bin") if (path / "initdb").exists()]
    return max(versions, key=lambda path: int(path.parent.name), default=None)


def find_binaries() -> Path:
    """Finds initdb and pg_ctl: those of this machine, or the wheel's."""
    installed = installed_binaries()
    if installed is not None:
        return installed
    import pgserver

    return Path(pgserver.__file__).parent / "pginstall" / "bin"


def unprivileged() -> dict[str, Any]:
    """Answers how to run a program that refuses to be root."""
    if os.geteuid() != 0:
        return {}
    names = {entry.pw_name for entry in pwd.getpwall()}
    name = "postgres" if "postgres" in names else "nobody"
    return {"user": name, "group": pwd.getpwnam(name).pw_gid, "extra_groups": []}
