"""DuckDB in this process: bounded in memory, confined to the lake's folder, a connection for each thread."""

from __future__ import annotations

import contextlib
import shutil
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pointsman.errors import ResourceExhaustedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from duckdb import DuckDBPyConnection


@dataclass(frozen=True)
class LakeOptions:
    """Limits of reading.

    Attributes:
        memory_bytes: What all queries together may hold; beyond it they use the disk.
        threads: Threads of all queries together.
        concurrent_reads: Reads at a time; more of them wait.
        wait_seconds: How long they wait.
    """

    memory_bytes: int = 256 * 1024 * 1024
    threads: int = 2
    concurrent_reads: int = 2
    wait_seconds: float = 10.0


class Engine:
    """A database in memory that only reads files. Opened by the first read.

    Args:
        lake_folder: The lake's folder, the only one that queries reach.
        temporary_folder: Where queries put what does not fit into memory; emptied at the start.
        options: Limits.
    """

    def __init__(self, lake_folder: Path, temporary_folder: Path, options: LakeOptions) -> None:
        self._lake_folder = lake_folder
        self._temporary_folder = temporary_folder
        self._options = options
        self._lock = threading.Lock()
        self._slots = threading.BoundedSemaphore(options.concurrent_reads)
        self._connection: DuckDBPyConnection | None = None
        self._threads = threading.local()

    @contextlib.contextmanager
    def cursor(self) -> Iterator[DuckDBPyConnection]:
        """Answers this thread's connection, once no more than the allowed number of reads are under way.

        Raises:
            ResourceExhaustedError: Too many reads are waiting, or one needs more memory than there is.
        """
        import duckdb

        if not self._slots.acquire(timeout=self._options.wait_seconds):
            raise ResourceExhaustedError(
                f"{self._options.concurrent_reads} reads of recorded predictions are under way and none "
                f"ended within {self._options.wait_seconds:g} s; try again, or ask for less"
            )
        try:
            yield self._cursor()
        except duckdb.OutOfMemoryException as error:
            raise ResourceExhaustedError(
                "reading recorded predictions needs more memory than it may take; ask for a shorter time"
            ) from error
        finally:
            self._slots.release()

    def close(self) -> None:
        """Closes it; reads under way end with an error."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None
                self._threads = threading.local()

    def _cursor(self) -> DuckDBPyConnection:
        with self._lock:
            if self._connection is None:
                self._connection = self._open()
            cursor: DuckDBPyConnection | None = getattr(self._threads, "cursor", None)
            if cursor is None:
                cursor = self._threads.cursor = self._connection.cursor()
            return cursor

    def _open(self) -> DuckDBPyConnection:
        import duckdb

        shutil.rmtree(self._temporary_folder, ignore_errors=True)
        self._temporary_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lake_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        connection = duckdb.connect(
            config={
                "threads": self._options.threads,
                "memory_limit": f"{self._options.memory_bytes}B",
                "temp_directory": str(self._temporary_folder),
                "max_temp_directory_size": "16GB",
                "preserve_insertion_order": "false",
                "autoinstall_known_extensions": "false",
                "autoload_known_extensions": "false",
                "python_enable_replacements": "false",
            }
        )
        # A file of the lake never changes, so what its footer says may be kept.
        connection.execute("SET parquet_metadata_cache = true")
        folders = [str(self._lake_folder), str(self._temporary_folder)]
        connection.execute("SET allowed_directories = $folders", {"folders": folders})
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")
        return connection
