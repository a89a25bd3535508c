"""One state of what routers recorded of a model: files of the manifest, and the journal's tail."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, TypeVar

from pointsman.domain.ports.journal import JournalTail
from pointsman.domain.records.lake import JournalStream, LakeFile, LakeKind
from pointsman.domain.records.servers import UnreachedJournal, unreached
from pointsman.errors import PositionGoneError, UnavailableError
from pointsman.lake.models.logged import LoggedFiles
from pointsman.lake.snapshot import ATTEMPTS
from pointsman.lake.streams import read_stream
from pointsman.store import model_versions, models, servers
from pointsman.store.database import Database
from pointsman.store.recording import journal_positions, lake_files, logged_files
from pointsman.v1 import record_pb2

if TYPE_CHECKING:
    import pyarrow as pa

_Result = TypeVar("_Result")


def files_as(parameter: str) -> str:
    """Answers SQL of the rows of files.

    Args:
        parameter: The name under which a query is given their paths.
    """
    return f"read_parquet(${parameter}, union_by_name = true, hive_partitioning = false)"


FILES = files_as("files")
"""SQL of the rows of the files."""
RECORDED = "status_code = 0 AND time_us >= $began_us"
"""SQL of which rows of files and tables are answers of the model."""


@dataclass(frozen=True)
class ModelSnapshot:
    """One state of a model's records of all routers.

    Attributes:
        files: The whole paths of its files.
        tables: What is in no file yet.
        router_ids: The routers that recorded any of it.
        unreached: What other servers recorded, or may have, and this state lacks.
        began_us: Since when the model has its id; files have also what another one had under it before.
        other_files: The whole paths of files of other times, where they were asked for.
    """

    files: tuple[str, ...]
    tables: tuple[pa.Table, ...]
    router_ids: frozenset[str]
    unreached: tuple[UnreachedJournal, ...]
    began_us: int = 0
    other_files: tuple[str, ...] = ()


class ModelSnapshots:
    """Reads states of models' records.

    Args:
        database: Where the manifest is.
        journal: The journal whose tail is read, and whose files are here.
        lake_folder: Where the files are.

    Attributes:
        logged: Finds files of logged predictions, which are no part of these states: they are listed in the
            transaction that reads those in SQL.
    """

    def __init__(self, database: Database, journal: JournalTail, lake_folder: Path) -> None:
        self._database = database
        self._journal = journal
        self._lake_folder = lake_folder
        self.logged = LoggedFiles(lake_folder, journal)

    def reading(
        self,
        model_id: str,
        start_us: int | None,
        end_us: int | None,
        read: Callable[[ModelSnapshot], _Result],
        *,
        with_other_times: bool = False,
    ) -> _Result:
        """Reads over one state of the records, and over the next when that one went away meanwhile.

        Args:
            model_id: The model.
            start_us: Only times from here on; files may hold others, too.
            end_us: Only times before.
            read: What to do with the state.
            with_other_times: Whether files of other times are told apart, and the tail is that of all times:
                which prediction an outcome is of depends on those of all times.

        Raises:
            UnavailableError: It went away again and again, or a file is missing.
        """
        import duckdb

        cause: Exception | None = None
        for _ in range(ATTEMPTS):
            try:
                return read(self._take(model_id, start_us, end_us, with_other_times=with_other_times))
            except (PositionGoneError, duckdb.IOException) as error:
                cause = error
        raise UnavailableError(
            f"the records of model {model_id!r} could not be read {ATTEMPTS} times ({cause}); try again in a "
            "moment"
        ) from cause

    def _take(
        self, model_id: str, start_us: int | None, end_us: int | None, *, with_other_times: bool
    ) -> ModelSnapshot:
        journal_id = self._journal.journal_id
        asked_us = start_us
        with self._database.read() as connection:
            began_us = model_versions.began_us(connection, model_id)
            start_us = max(start_us or 0, began_us)
            found = lake_files.present(
                connection,
                LakeKind.PREDICTIONS,
                model_id=model_id,
                start_time_us=began_us if with_other_times else start_us,
                end_time_us=None if with_other_times else end_us,
            )
            position = journal_positions.position_of(connection, journal_id, JournalStream.PREDICTIONS)
            others = servers.others(connection, journal_id)
            model = models.find(connection, model_id)
            key = 0 if model is None else model.row_key
            logged = logged_files.of_model(connection, key, asked_us, end_us)
        listed = [file for file in found if _is_within(file, start_us, end_us)]
        here = [file for file in listed if self.logged.is_here(file)]
        rest = [file for file in found if file not in listed and self.logged.is_here(file)]
        missing: dict[str, int] = {}
        for file in (*listed, *logged):
            if not self.logged.is_here(file):
                missing[file.journal_id] = missing.get(file.journal_id, 0) + file.row_count
        query = record_pb2.TailQuery(
            from_position=position,
            model_id=model_id,
            start_time_us=began_us if with_other_times else start_us,
            end_time_us=0 if with_other_times else end_us or 0,
            # Answers are columns that files have always, and rows without them have not.
            with_bodies=True,
        )
        answer = record_pb2.TailAnswer.FromString(self._journal.read_tail(query.SerializeToString()))
        tables = tuple(table for table in map(read_stream, answer.arrow_streams) if table.num_rows)
        in_tail = {name for table in tables for name in table.column("router_id").to_pylist()}
        return ModelSnapshot(
            files=self._paths(here),
            tables=tables,
            router_ids=frozenset({file.router_id for file in here} | in_tail),
            unreached=unreached(others, missing, end_us),
            began_us=began_us,
            other_files=self._paths(rest),
        )

    def _paths(self, files: Iterable[LakeFile]) -> tuple[str, ...]:
        return tuple(str(self._lake_folder / PurePosixPath(file.path)) for file in files)


def _is_within(file: LakeFile, start_us: int, end_us: int | None) -> bool:
    return file.max_time_us >= start_us and (end_us is None or file.min_time_us < end_us)
