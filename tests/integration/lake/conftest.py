"""A lake that tests fill: rows first in the journal's tail, then in files of the manifest."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from pointsman.dataplane.core import NativeCore
from pointsman.domain.records.feedback import FeedbackValue
from pointsman.domain.records.lake import JournalStream, LakeFile, LakeKind
from pointsman.domain.routers import Router
from pointsman.domain.variants import Variant
from pointsman.errors import PositionGoneError
from pointsman.lake.reader import LakeReader
from pointsman.store.database import Database
from pointsman.store.feedback import feedback_application
from pointsman.store.migrate import migrate
from pointsman.store.recording import journal_positions, lake_files
from pointsman.v1 import record_pb2
from stage.lake import (
    JOURNAL_ID,
    a_row,
    is_of_incarnation,
    is_of_kind,
    shadow_of,
    stream_of,
    table_of,
    write_file,
)

BYTES_PER_ROW = 100
START_US = 1_790_035_200_000_000


@dataclass
class FakeTail:
    """A replica's journal: rows with the position behind each; the released ones are gone."""

    journal_id: str = JOURNAL_ID
    rows: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    end: int = 0
    released: int = 0
    on_read: Callable[[], None] | None = None
    queries: list[record_pb2.TailQuery] = field(default_factory=list)

    def add(self, row: dict[str, Any]) -> None:
        self.end += BYTES_PER_ROW
        self.rows.append((self.end, row))

    def read_tail(self, query: bytes) -> bytes:
        asked = record_pb2.TailQuery.FromString(query)
        self.queries.append(asked)
        if self.on_read is not None:
            on_read, self.on_read = self.on_read, None
            on_read()
        if asked.from_position < self.released:
            raise PositionGoneError("from_position: was released")
        rows = [row for end, row in self.rows if end > asked.from_position and _matches(row, asked)]
        if asked.max_decisions:
            calls = list(dict.fromkeys((row["time_us"], row["prediction_id"]) for row in rows))
            newest = set(sorted(calls, key=lambda call: call[0])[-asked.max_decisions :])
            rows = [row for row in rows if (row["time_us"], row["prediction_id"]) in newest]
        models: dict[str, list[dict[str, Any]]] = {}
        for row in rows:
            models.setdefault(row["model_id"], []).append(row)
        streams = [stream_of(table_of(of_model)) for of_model in models.values()]
        return record_pb2.TailAnswer(arrow_streams=streams, row_count=len(rows)).SerializeToString()


def _matches(row: dict[str, Any], asked: record_pb2.TailQuery) -> bool:
    return (
        row["router_id"] == asked.router_id
        and is_of_incarnation(row, asked)
        and is_of_kind(row, asked)
        and row["time_us"] >= asked.start_time_us
        and (not asked.end_time_us or row["time_us"] < asked.end_time_us)
        and asked.prediction_id in ("", row["prediction_id"])
        and (not asked.entity_ids or row["entity_id"] in asked.entity_ids)
        and asked.variant in ("", row["variant"])
    )


@dataclass
class Lake:
    """Everything that a read needs, and ways to fill it."""

    folder: Path
    database: Database
    tail: FakeTail
    reader: LakeReader
    router: Router
    rows: list[dict[str, Any]] = field(default_factory=list)

    def record(self, *times_us: int, **fields: Any) -> list[dict[str, Any]]:
        """Puts rows into the tail."""
        made = [a_row(time_us, len(self.rows) + place, **fields) for place, time_us in enumerate(times_us)]
        return self.keep(made)

    def keep(self, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        for row in rows:
            self.tail.add(row)
        self.rows += rows
        return rows

    def copied(self, rows: list[dict[str, Any]], **fields: Any) -> list[dict[str, Any]]:
        """Puts a shadow's answers to copies of calls into the tail; they are no predictions."""
        made = [shadow_of(row, **fields) for row in rows]
        for row in made:
            self.tail.add(row)
        return made

    def ship(self) -> None:
        """Moves the tail into files, one for each model and day, registers them and releases the segment."""
        groups: dict[tuple[bool, str, int, str, int], list[dict[str, Any]]] = {}
        for end, row in self.tail.rows:
            if end > self.tail.released:
                day = row["time_us"] // 86_400_000_000
                incarnation = row.get("router_incarnation") or 0
                key = (row["reason"] == "shadow", row["router_id"], incarnation, row["model_id"], day)
                groups.setdefault(key, []).append(row)
        start, end = self.tail.released, self.tail.end
        files = [write_file(self.folder, table_of(rows), start, end) for rows in groups.values()]
        listed = [LakeFile(LakeKind(file.path.split("/")[0]), **vars(file)) for file in files]
        with self.database.write() as connection:
            lake_files.register_segments(connection, JOURNAL_ID, listed, end, 1)
        self.tail.released = end

    def compact(self) -> None:
        """Makes one file of all files of each router, model and day."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        with self.database.read() as connection:
            listed = lake_files.present(connection, LakeKind.PREDICTIONS)
        folders: dict[tuple[str, int], list[LakeFile]] = {}
        for file in listed:
            folders.setdefault((file.folder, file.router_incarnation), []).append(file)
        for files in (files for files in folders.values() if len(files) > 1):
            tables = [pq.read_table(self.folder / file.path, partitioning=None) for file in files]
            merged = pa.concat_tables(tables, promote_options="default").sort_by("time_us")
            names = [name for name in merged.column_names if name != "features_other"] + ["features_other"]
            first, last = files[0].start_position, files[-1].end_position
            made = write_file(self.folder, merged.select(names), first, last, compacted=True)
            with self.database.write() as connection:
                assert lake_files.replace(connection, files, 2)
                lake_files.add(connection, LakeFile(LakeKind.PREDICTIONS, **vars(made)), 2)

    def feed(
        self, row: dict[str, Any], value: float, metric: str = "reward", *, counted: bool = True
    ) -> None:
        """Applies a value of feedback for a row."""
        position = BYTES_PER_ROW
        with self.database.write() as connection:
            position += journal_positions.position_of(connection, JOURNAL_ID, JournalStream.FEEDBACK)
            given = FeedbackValue(
                position,
                row["prediction_id"],
                row["row"],
                metric,
                value,
                row["time_us"] + 5,
                row["router_id"],
                row["variant"],
                0,
                0.5,
                row["time_us"],
                counted,
                False,
            )
            feedback_application.apply(connection, JOURNAL_ID, [given], position, 1)


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new database with a router, made once: to copy it is faster than to migrate one for each test."""
    path = tmp_path_factory.mktemp("migrated") / "pointsman.db"
    database = Database(f"sqlite:///{path}")
    migrate(database)
    with database.write() as connection:
        connection.exec_driver_sql(
            "INSERT INTO routers (row_key, router_id, display_name, description, strategy, sticky,"
            " version_pinning, answer_router_name, default_timeout_ms, record_predictions, public,"
            " public_predict, owner, status, status_message, serving, salt, slot_runs, revision,"
            " changed_generation, create_time_us, update_time_us) VALUES (1, 'r', 'r', '', 'weighted', 1,"
            " 'allow', 0, 0, 1, 0, 0, 'ann', 'running', '', 1, zeroblob(16), '0,10000', 1, 5, 1, 1)"
        )
    database.close()
    return path


def a_router(**fields: Any) -> Router:
    variants = (Variant("a", "m", "1", 50), Variant("b", "m", "2", 50))
    usual: dict[str, Any] = {"router_id": "r", "variants": variants, "row_key": 1, "create_time_us": 1}
    return Router(**(usual | fields))


@pytest.fixture
def make_lake(tmp_path_factory: pytest.TempPathFactory, migrated_file: Path) -> Iterator[Callable[[], Lake]]:
    """Makes an empty lake each time."""
    made: list[Lake] = []

    def make() -> Lake:
        folder = tmp_path_factory.mktemp("lake")
        shutil.copy(migrated_file, folder / "pointsman.db")
        database = Database(f"sqlite:///{folder / 'pointsman.db'}")
        tail = FakeTail()
        reader = LakeReader(database, NativeCore(), tail, folder / "lake", folder / "temporary")
        made.append(Lake(folder / "lake", database, tail, reader, a_router()))
        return made[-1]

    yield make
    for lake in made:
        lake.reader.close()
        lake.database.close()


@pytest.fixture
def lake(make_lake: Callable[[], Lake]) -> Lake:
    """An empty lake."""
    return make_lake()
