"""What came of the records: what waits in the journal, what was dropped, what is in the lake."""

import sqlite3
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benches.load.many_routers import DATABASE
from benches.load.pointsman_server import Server
from benches.load.processes import HarnessError

POLL_SECONDS = 0.25
"""Seldom enough that being asked does not count."""
CATCH_UP_SECONDS = 900.0


@dataclass(frozen=True)
class JournalState:
    """The metrics of the log of predictions."""

    waiting_bytes: int
    queued: int
    written: int
    dropped: int


@dataclass(frozen=True)
class LakeCount:
    """What the files of the manifest hold of a router."""

    files: int
    rows: int
    distinct_ids: int
    manifest_rows: int
    byte_count: int


def read_metrics(server: Server) -> dict[str, float]:
    """Answers all series of a server by name and labels as they are written."""
    with urllib.request.urlopen(f"http://{server.http_address}/metrics", timeout=30) as answer:
        lines = answer.read().decode().splitlines()
    series = (line.rpartition(" ") for line in lines if line and not line.startswith("#"))
    return {name: float(value) for name, _, value in series}


def read_journal(server: Server) -> JournalState:
    """Answers how the log of predictions stands, with all that was dropped before or in it."""
    metrics = read_metrics(server)

    def of_log(name: str) -> int:
        return int(metrics[f'{name}{{log="predictions"}}'])

    dropped = sum(
        value for name, value in metrics.items() if name.startswith("pointsman_records_dropped_total{")
    )
    return JournalState(
        waiting_bytes=of_log("pointsman_journal_bytes"),
        queued=of_log("pointsman_journal_queue_length"),
        written=of_log("pointsman_journal_entries_total"),
        dropped=max(int(dropped), of_log("pointsman_journal_dropped_total")),
    )


def wait_until_shipped(server: Server, entries: int) -> float:
    """Waits until so many entries were written or dropped since the server's start and all are in the lake.

    Returns:
        The seconds that it took.

    Raises:
        HarnessError: It did not come to that in time.
    """
    started = time.monotonic()
    state = None
    while time.monotonic() - started < CATCH_UP_SECONDS:
        state = read_journal(server)
        if state.written + state.dropped >= entries and not state.queued and not state.waiting_bytes:
            return time.monotonic() - started
        time.sleep(POLL_SECONDS)
    raise HarnessError(f"{entries} records did not reach the lake in {CATCH_UP_SECONDS:.0f} s: {state}")


@contextmanager
def reading_database(data_dir: Path) -> Iterator[sqlite3.Connection]:
    """Opens a server's database to read, whether or not the server runs."""
    with closing(sqlite3.connect(f"file:{data_dir / DATABASE}?mode=ro", uri=True)) as connection:
        yield connection


def count_files(data_dir: Path) -> tuple[int, int, int]:
    """Answers the manifest's files of predictions in force, their rows and bytes, as it says."""
    with reading_database(data_dir) as connection:
        found: tuple[int, int, int] = connection.execute(
            "SELECT count(*), coalesce(sum(row_count), 0), coalesce(sum(byte_count), 0) FROM lake_files"
            " WHERE kind = 'predictions' AND replace_time_us IS NULL"
        ).fetchone()
    return found


def count_lake(data_dir: Path, router_id: str) -> LakeCount:
    """Counts what is in the files of the manifest, by reading them.

    Args:
        data_dir: A server's data folder.
        router_id: Whose predictions.
    """
    import duckdb

    with reading_database(data_dir) as connection:
        listed = connection.execute(
            "SELECT path, row_count, byte_count FROM lake_files"
            " WHERE kind = 'predictions' AND router_id = ? AND replace_time_us IS NULL",
            (router_id,),
        ).fetchall()
    if not listed:
        return LakeCount(0, 0, 0, 0, 0)
    paths = [str(data_dir / "lake" / path) for path, _, _ in listed]
    with closing(duckdb.connect()) as reader:
        counted = reader.execute(
            "SELECT count(*), count(DISTINCT prediction_id)"
            " FROM read_parquet($files, hive_partitioning = false)",
            {"files": paths},
        ).fetchone()
    rows, distinct_ids = counted or (0, 0)
    return LakeCount(
        files=len(listed),
        rows=rows,
        distinct_ids=distinct_ids,
        manifest_rows=sum(row_count for _, row_count, _ in listed),
        byte_count=sum(byte_count for _, _, byte_count in listed),
    )
