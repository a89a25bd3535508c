"""What a server kept.

Feedback, totals and what bandits learnt are in SQL, predictions in the manifest's files and in the journal.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import Connection, text

from pointsman.domain.reward_sums import RewardSums
from pointsman.store.database import Database
from pointsman.v1 import record_pb2
from stage.waiting import eventually

from .server import CrashServer

STILL_SECONDS = 30.0
_FEEDBACK = """
SELECT f.prediction_id, f.row, f.metric, r.router_id, f.variant, f.value, f.counted
FROM feedback AS f JOIN routers AS r ON r.row_key = f.router_key
"""
_TOTALS = """
SELECT r.router_id, t.variant, t.metric, t.count
FROM feedback_totals AS t JOIN routers AS r ON r.row_key = t.router_key
"""
_ARMS = """
SELECT r.router_id, a.variant, a.metric, a.count, a.origin, a.sum, a.sum_of_squares
FROM arm_rewards AS a JOIN routers AS r ON r.row_key = a.router_key
"""
_BANDITS = "SELECT router_id FROM routers WHERE strategy = 'bandit'"
_FILES = "SELECT path, row_count FROM lake_files WHERE kind = :kind AND replace_time_us IS NULL"
_POSITION = "SELECT position FROM journal_positions WHERE stream = 'predictions'"

Row = tuple[str, int, int]
"""Prediction id, row and row count."""


@dataclass(frozen=True)
class KeptFeedback:
    """A row of feedback in SQL."""

    prediction_id: str
    row: int
    metric: str
    router_id: str
    variant: str
    value: float
    counted: bool
    """SQLite says 0 or 1."""


@dataclass(frozen=True)
class Learnt:
    """The rewards of an arm, of all its buckets: how many, their sum and the sum of their squares."""

    count: float = 0.0
    total: float = 0.0
    total_squares: float = 0.0

    def plus(self, count: float, total: float, total_squares: float) -> "Learnt":
        """Answers both together."""
        return Learnt(self.count + count, self.total + total, self.total_squares + total_squares)


@dataclass
class Kept:
    """What is there.

    Attributes:
        rows: How often each row of a prediction is there.
        tail_count: How many of them are in the journal only.
        feedback: The feedback in SQL.
        totals: How many values counted, by router, variant and metric.
        bandits: The routers that learn.
        learnt: What their arms' rewards are in SQL, by router, variant and metric.
        exported: The keys of the feedback in the lake.
    """

    rows: Counter[Row] = field(default_factory=Counter)
    tail_count: int = 0
    feedback: list[KeptFeedback] = field(default_factory=list)
    totals: dict[tuple[str, str, str], int] = field(default_factory=dict)
    bandits: set[str] = field(default_factory=set)
    learnt: dict[tuple[str, str, str], Learnt] = field(default_factory=dict)
    exported: Counter[tuple[str, int, str]] = field(default_factory=Counter)


def read_kept(server: CrashServer, folder: Path, router_ids: Sequence[str]) -> Kept:
    """Reads everything, once all acknowledged feedback is applied.

    Args:
        server: The running server.
        folder: Its folder.
        router_ids: The routers whose predictions are wanted.
    """
    server.ask("settle")

    def read() -> Kept | None:
        # A file may be replaced and deleted, or a segment be released, meanwhile.
        with suppress(FileNotFoundError, _GoneError):
            return _read(server, folder, router_ids)
        return None

    return eventually(read, STILL_SECONDS, "a moment in which no file goes away")


def read_feedback(connection: Connection, kept: Kept) -> None:
    """Reads feedback, totals and what bandits learnt."""
    kept.feedback = [KeptFeedback(*row) for row in connection.execute(text(_FEEDBACK))]
    for row in connection.execute(text(_TOTALS)):
        kept.totals[row[0], row[1], row[2]] = row[3]
    kept.bandits = set(connection.execute(text(_BANDITS)).scalars())
    for router_id, variant, metric, *numbers in connection.execute(text(_ARMS)):
        sums = RewardSums(*numbers).about(0.0)
        place = (router_id, variant, metric)
        before = kept.learnt.get(place, Learnt())
        kept.learnt[place] = before.plus(sums.count, sums.total, sums.total_squares)


class _GoneError(Exception):
    """A segment was released meanwhile."""


def _read(server: CrashServer, folder: Path, router_ids: Sequence[str]) -> Kept:
    kept = Kept()
    database = Database(f"sqlite:///{folder / 'data' / 'pointsman.db'}")
    with closing(database), database.read() as connection:
        read_feedback(connection, kept)
        files = connection.execute(text(_FILES), {"kind": "predictions"}).all()
        exports = connection.execute(text(_FILES), {"kind": "feedback"}).all()
        position = connection.execute(text(_POSITION)).scalar_one_or_none() or 0
    # The tail first: segments go as soon as they are registered, files long after they were replaced.
    for router_id in router_ids:
        for table in _tail(server, folder, router_id, position):
            kept.tail_count += table.num_rows
            kept.rows.update(_rows(table))
    lake = folder / "data" / "lake"
    for path, row_count in files:
        table = pq.ParquetFile(lake / path).read(["prediction_id", "row", "row_count"])
        assert table.num_rows == row_count, f"{path} has {table.num_rows} rows, the manifest says {row_count}"
        kept.rows.update(_rows(table))
    for path, _ in exports:
        table = pq.ParquetFile(lake / path).read(["prediction_id", "row", "metric"])
        columns = (table.column(name).to_pylist() for name in ("prediction_id", "row", "metric"))
        kept.exported.update(zip(*columns, strict=True))
    return kept


def _tail(server: CrashServer, folder: Path, router_id: str, position: int) -> Iterator[pa.Table]:
    into = folder / "tail"
    if server.ask("tail", router_id=router_id, position=position, into=str(into))["gone"]:
        raise _GoneError
    for stream in record_pb2.TailAnswer.FromString(into.read_bytes()).arrow_streams:
        yield pa.ipc.open_stream(stream).read_all()


def _rows(table: pa.Table) -> Iterator[Row]:
    columns = (table.column(name).to_pylist() for name in ("prediction_id", "row", "row_count"))
    return zip(*columns, strict=True)
