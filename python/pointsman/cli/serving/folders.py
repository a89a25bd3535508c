"""The folders a server needs: its data, locked to one server, and one with a short name for the socket."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from pointsman.cli.line.context import CommandError

if TYPE_CHECKING:
    from collections.abc import Iterator

SOCKET_NAME = "control.sock"
MAX_SOCKET_PATH_BYTES = 107
"""What ``sun_path`` of a unix socket holds on Linux, without its closing zero."""


def database_file(data_dir: Path) -> Path:
    """Answers where the embedded database lies in a data folder."""
    return data_dir.absolute() / "pointsman.db"


def sqlite_url(data_dir: Path) -> str:
    """Answers the URL of a data folder's embedded database."""
    return f"sqlite:///{database_file(data_dir)}"


@contextlib.contextmanager
def open_data_dir(folder: Path) -> Iterator[Path]:
    """Makes the data folder ready and keeps other servers out while the context lasts.

    Args:
        folder: The folder; made with mode 0700 when it does not exist.

    Yields:
        Its absolute path.

    Raises:
        CommandError: It cannot be made or written, or another server uses it.
    """
    path = folder.absolute()
    lock_path = path / "lock"
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        (path / "models").mkdir(mode=0o700, exist_ok=True)
        with contextlib.suppress(
            PermissionError
        ):  # not ours, but writable: its owner decides who may read it
            path.chmod(0o700)
        lock = lock_path.open("a+")
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise CommandError(
            f"data_dir: {path} cannot be written ({reason}); make it writable or name another with --data-dir"
        ) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            lock.seek(0)
            owner = lock.read(20).strip() or "unknown"
            raise CommandError(
                f"data_dir: {path} is in use by another server (process {owner}); stop it, "
                "or name another folder with --data-dir"
            ) from error
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield path


@contextlib.contextmanager
def open_socket_path(data_dir: Path) -> Iterator[Path]:
    """Chooses where the control plane listens: in the data folder, or elsewhere if its name is too long.

    Args:
        data_dir: The data folder.

    Yields:
        The path of a socket that does not exist yet, in a folder that only this user may enter.
    """
    path = data_dir / SOCKET_NAME
    private = data_dir.stat().st_mode & 0o077 == 0
    if private and len(os.fsencode(path)) <= MAX_SOCKET_PATH_BYTES:
        path.unlink(missing_ok=True)
        yield path
        path.unlink(missing_ok=True)
        return
    folder = Path(tempfile.mkdtemp(prefix="pointsman-", dir=_short_folder()))
    try:
        yield folder / SOCKET_NAME
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _short_folder() -> str:
    """Answers the user's run-time folder where there is one, else the one for temporary files."""
    run_time = os.environ.get("XDG_RUNTIME_DIR", "")
    usable = run_time and os.access(run_time, os.W_OK | os.X_OK) and len(os.fsencode(run_time)) < 64
    return run_time if usable else "/tmp"
