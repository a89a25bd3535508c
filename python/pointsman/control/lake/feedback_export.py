"""Brings feedback from SQL into the lake, each row once."""

from __future__ import annotations

import datetime as dt
from itertools import groupby
from typing import TYPE_CHECKING

from pointsman.control.lake.feedback_files import write_rows
from pointsman.control.lake.manifest import OvertakenError, discard
from pointsman.domain.records.lake import LakeFile, LakeKind
from pointsman.errors import LeaseLostError
from pointsman.store.feedback import values as feedback
from pointsman.store.job_leases import unfenced
from pointsman.store.recording import lake_files

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import Connection

    from pointsman.control.lake.folder import LakeFolder
    from pointsman.domain.ports.journal import JournalName
    from pointsman.store.database import Database
    from pointsman.store.job_leases import Fence

ROWS_PER_FILE = 100_000
SQLITE_ROWS_PER_FILE = 10_000
"""To mark so many rows holds SQLite's one writer for some 30 ms."""


class FeedbackExport:
    """Writes feedback that the lake has not into files and lists them.

    Args:
        database: Where feedback and manifest are.
        folder: The lake's folder.
        journal: The journal that names the files of this data folder.
        clock: Answers the time in UTC microseconds.
    """

    def __init__(
        self, database: Database, folder: LakeFolder, journal: JournalName, clock: Callable[[], int]
    ) -> None:
        self._database = database
        self._folder = folder
        self._journal = journal
        self._clock = clock
        self._rows_per_file = SQLITE_ROWS_PER_FILE if database.is_sqlite else ROWS_PER_FILE

    def needed(self, connection: Connection) -> bool:
        """Answers whether there is feedback that the lake has not; writes nothing."""
        return bool(feedback.routers_to_export(connection))

    def run(self, ended: Callable[[], bool], fence: Fence = unfenced) -> int:
        """Exports all that is there.

        Args:
            ended: Whether to go no further.
            fence: Is called with each transaction before it changes anything.

        Returns:
            How many rows were exported.

        Raises:
            DatabaseUnavailableError: The database does not answer; the rest waits.
        """
        with self._database.read() as connection:
            waiting = feedback.routers_to_export(connection)
        exported = 0
        for router_key, router_id in waiting:
            while not ended():
                with self._database.read() as connection:
                    rows = feedback.to_export(connection, router_key, self._rows_per_file)
                written = sum(
                    self._export(router_key, router_id, day, list(of_day), fence)
                    for day, of_day in groupby(rows, key=lambda row: _day(row.apply_time_us))
                )
                exported += written
                # Another process exports the same rows: what it leaves is for the next round.
                if written < len(rows) or len(rows) < self._rows_per_file:
                    break
        return exported

    def _export(
        self,
        router_key: int,
        router_id: str,
        day: str,
        rows: Sequence[feedback.RowToExport],
        fence: Fence,
    ) -> int:
        first, last = rows[0].sequence, rows[-1].sequence
        journal_id = self._journal.journal_id
        path = f"feedback/router={router_id}/date={day}/{journal_id[:8]}-{first:020}-{last:020}.parquet"
        self._folder.unseal(path.rpartition("/")[0])
        self._folder.write(path, lambda place: write_rows(rows, place))
        file = LakeFile(
            kind=LakeKind.FEEDBACK,
            path=path,
            router_id=router_id,
            model_id="",
            date=day,
            journal_id=journal_id,
            start_position=first,
            end_position=last,
            row_count=len(rows),
            byte_count=self._folder.size(path),
            min_time_us=min(row.prediction_time_us for row in rows),
            max_time_us=max(row.prediction_time_us for row in rows),
        )
        try:
            with self._database.write() as connection:
                fence(connection)
                if not feedback.mark_exported(connection, router_key, rows):
                    raise OvertakenError
                lake_files.add(connection, file, self._clock())
        except OvertakenError:
            with self._database.read() as connection:
                discard(connection, self._folder, path)
            return 0
        except LeaseLostError:
            with self._database.read() as connection:
                discard(connection, self._folder, path)
            raise
        return len(rows)


def _day(time_us: int) -> str:
    return dt.datetime.fromtimestamp(time_us // 1_000_000, dt.UTC).date().isoformat()
