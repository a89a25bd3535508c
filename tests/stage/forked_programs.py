"""Programs of analyses that find their modules imported, for tests of what they find out."""

import contextlib
import functools
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO
from unittest import mock

from pointsman.control.drift import local_runner

from .forks import Fork, Forks

IMPORTED = (
    "duckdb",
    "numpy",
    "pyarrow.parquet",
    "scipy.stats",
    "pointsman_drift",
    "river.drift",
    "pointsman.control.drift.program.running",
    "stage.equal_programs",
    "sqlalchemy.dialects.sqlite",
    "sqlalchemy.dialects.postgresql.psycopg",
)
"""What every program of an analysis imports."""


class _ForkedProgram(Fork):
    """A fork that is told what to do through a pipe."""

    stdin: BinaryIO


class _Subprocess:
    """What :mod:`pointsman.control.drift.local_runner` uses of :mod:`subprocess`."""

    DEVNULL, PIPE, TimeoutExpired = subprocess.DEVNULL, subprocess.PIPE, subprocess.TimeoutExpired

    @staticmethod
    def Popen(command: list[str], *, stderr: BinaryIO, **_: Any) -> _ForkedProgram:
        reads, writes = os.pipe()
        with os.fdopen(reads, "rb") as taken, Path(os.devnull).open("ab") as nothing:
            started = _forks().start(
                command[-1],
                [],
                folder=Path.cwd(),
                environment=os.environ,
                descriptors=[taken.fileno(), nothing.fileno(), stderr.fileno()],
            )
        program = _ForkedProgram(started.pid, started.channel)
        program.stdin = os.fdopen(writes, "wb")
        return program


@functools.cache
def _forks() -> Forks:
    return Forks(IMPORTED)


@contextlib.contextmanager
def forked_programs() -> Iterator[None]:
    """Has control planes of this process fork their programs."""
    with mock.patch.object(local_runner, "subprocess", _Subprocess):
        yield
