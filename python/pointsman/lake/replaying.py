"""Which rows of a window are decided again at a time, and by what.

A long window is taken in parts, each of whole stretches of time, so that an answer comes in seconds whatever
its length. The next part begins where the last one ended, however files are merged meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pointsman.domain.records.servers import UnreachedJournal
from pointsman.lake.conditions import Conditions
from pointsman.lake.keys import READ_FILES, files_of
from pointsman.lake.snapshot import Snapshot, SnapshotFile
from pointsman.lake.tail import Tail
from pointsman.v1 import record_pb2

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

MOST_ROWS = 2_000_000
"""A part ends with the file in which it has so many rows."""

RoutersOf = Callable[[Collection[int]], Sequence[record_pb2.ReplayRouter]]
"""Answers what a router was in some of its generations, as far as that is kept."""


@dataclass(frozen=True)
class ReplayedPart:
    """How the calls of a part of a window came out.

    Attributes:
        end_time_us: Where the part ends: its calls came before.
        unreached: What other servers recorded, or may have, and the part lacks.
    """

    answer: record_pb2.ReplayAnswer
    end_time_us: int
    unreached: tuple[UnreachedJournal, ...] = ()


def end_of_part(files: Sequence[SnapshotFile], end_time_us: int, most_rows: int) -> int:
    """Answers where the first part of a window ends.

    Args:
        files: The files with rows of the window.
        end_time_us: Where the window ends.
        most_rows: About so many rows are in a part.
    """
    begun, rows = 0, 0
    by_begin = sorted(files, key=lambda file: file.min_time_us)
    for end_us in sorted(file.max_time_us + 1 for file in files):
        while begun < len(by_begin) and by_begin[begun].min_time_us < end_us:
            rows += by_begin[begun].row_count
            begun += 1
        if rows >= most_rows:
            return min(end_us, end_time_us)
    return end_time_us


def replay_part(
    connection: DuckDBPyConnection,
    snapshot: Snapshot,
    tail: Tail,
    conditions: Conditions,
    routers_of: RoutersOf,
) -> record_pb2.ReplayQuery:
    """Makes the question for a part: its files, the tail's rows, and the router in the generations of both.

    Args:
        connection: Where to query.
        snapshot: The state that is read.
        tail: The tail's rows of the part.
        conditions: The part's times.
        routers_of: Answers what the router was in some generations.
    """
    span = conditions.span
    files = [file for file in snapshot.files if file.overlaps(span.start_us, span.end_us)]
    where, values = conditions.sql()
    columns = "SELECT DISTINCT router_generation FROM"
    found = tail.query(connection, f"{columns} {{table}} WHERE {where}", values)
    if files and not span.is_empty:
        sql = f"{columns} {READ_FILES} WHERE {where}"
        paths = files_of([file.path for file in files])
        found += connection.execute(sql, values | paths).fetchall()
    return record_pb2.ReplayQuery(
        files=[file.name for file in files],
        arrow_streams=tail.streams,
        start_time_us=span.start_us,
        end_time_us=span.end_us,
        routers=routers_of({generation for (generation,) in found}),
    )
