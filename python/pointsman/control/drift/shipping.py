"""Brings logged predictions from SQL into files of the lake, each once.

A call is done when its row is committed; that is the intake. From there rows go into files: the file is
written and synced, and one transaction lists it and deletes exactly its rows. So whoever reads manifest and
rows in one transaction sees each prediction once, and a crash in between leaves a file that nobody reads.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from pointsman.control.jobs.job import Job, JobContext, Scope
from pointsman.control.lake.manifest import OvertakenError, discard
from pointsman.domain.records.lake import LakeFile, LakeKind
from pointsman.domain.values import MICROSECONDS_PER_DAY
from pointsman.errors import LeaseLostError
from pointsman.lake.models.logged_files import write_rows
from pointsman.store.drift import waiting
from pointsman.store.recording import lake_files

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection

    from pointsman.control.lake.folder import LakeFolder
    from pointsman.control.lanes import Lanes
    from pointsman.domain.ports.journal import JournalName

ENOUGH_ROWS = 10_000
"""So many of a model are worth a file; a read goes through fewer in a moment."""
ENOUGH_OF_DAY = 1_000
"""So many of a day that is over are; fewer stay in SQL, where they cost less than in a file of each day."""
ROWS_PER_FILE = 20_000
SQLITE_ROWS_PER_FILE = 10_000
"""To delete so many rows holds SQLite's one writer for some 100 ms."""
CHARS_PER_FILE = 16_000_000
"""Features of so many characters are in memory at once, some 100 MB of Python's values."""
_OFTEN_SECONDS = 30.0
_SELDOM_SECONDS = 3600.0
_SETTLE_US = 3600 * 1_000_000
"""So long after midnight a date gets few rows any more."""


class LoggedShipping:
    """Jobs that one server does for all, in its own lake.

    Args:
        folder: The lake's folder.
        journal: The journal that names the files of this data folder.
        lanes: The threads for it.
        clock: Answers the time in UTC microseconds.
        is_sqlite: Whether the database has one writer.
        enough_rows: So many of a model are worth a file.
    """

    def __init__(
        self,
        folder: LakeFolder,
        journal: JournalName,
        lanes: Lanes,
        clock: Callable[[], int],
        *,
        is_sqlite: bool,
        enough_rows: int = ENOUGH_ROWS,
    ) -> None:
        self._folder = folder
        self._journal = journal
        self._lanes = lanes
        self._clock = clock
        self._enough_rows = enough_rows
        self._enough_of_day = min(enough_rows, ENOUGH_OF_DAY)
        self._rows_per_file = SQLITE_ROWS_PER_FILE if is_sqlite else ROWS_PER_FILE

    def jobs(self) -> list[Job]:
        """Answers the jobs."""
        return [
            Job(
                "logged-predictions",
                _OFTEN_SECONDS,
                Scope.INSTALLATION,
                self.ship,
                self._lanes.upload,
                needed=lambda connection: bool(waiting.by_model(connection, self._enough_rows)),
            ),
            Job(
                "rest-of-logged-predictions",
                _SELDOM_SECONDS,
                Scope.INSTALLATION,
                self.ship_rest,
                self._lanes.upload,
                needed=lambda connection: bool(self._with_past(connection)),
            ),
        ]

    def ship(self, context: JobContext) -> bool:
        """Writes a file of each model of which enough waits; answers whether there is more."""
        with context.reading() as connection:
            due = waiting.by_model(connection, self._enough_rows)
        more = False
        for model in due:
            more |= context.is_over() or self._ship_largest(context, model)
        return more

    def ship_rest(self, context: JobContext) -> bool:
        """Writes a file of each model with enough rows of a past day; answers whether there is more."""
        past_us = self._past_us()
        with context.reading() as connection:
            due = self._with_past(connection)
        more = False
        for model in due:
            if context.is_over():
                return True
            with context.reading() as connection:
                days = waiting.by_day(connection, model.model_key)
            past = [
                day
                for day, count in days.items()
                if count >= self._enough_of_day and (day + 1) * MICROSECONDS_PER_DAY <= past_us
            ]
            if past:
                more |= self._ship(context, model.model_key, min(past)) > 0
        return more

    def _ship_largest(self, context: JobContext, model: waiting.WaitingModel) -> bool:
        """Writes a file of the date of which most waits; answers whether enough is left for another."""
        with context.reading() as connection:
            days = waiting.by_day(connection, model.model_key)
        if not days:
            return False
        shipped = self._ship(context, model.model_key, max(days, key=lambda day: (days[day], -day)))
        return shipped > 0 and model.row_count - shipped >= self._enough_rows

    def _ship(self, context: JobContext, model_key: int, day: int) -> int:
        """Writes the first predictions of a date as a file; answers how many, 0 when others changed them."""
        with context.reading() as connection:
            model_id = waiting.model_id(connection, model_key)
            rows = waiting.of_day(connection, model_key, day, self._rows_per_file, CHARS_PER_FILE)
        if not rows or model_id is None:
            return 0
        first, last = rows[0].number, rows[-1].number
        journal_id = self._journal.journal_id
        date = dt.date.fromordinal(dt.date(1970, 1, 1).toordinal() + day).isoformat()
        name = f"{journal_id[:8]}-{first:020}-{last:020}-r{model_key:x}.parquet"
        path = f"logged/model={model_id}/date={date}/{name}"
        self._folder.write(path, lambda place: write_rows(rows, model_id, place))
        times = [row.prediction.time_us for row in rows]
        file = LakeFile(
            kind=LakeKind.LOGGED,
            path=path,
            router_id="",
            model_id=model_id,
            date=date,
            journal_id=journal_id,
            start_position=first,
            end_position=last,
            row_count=len(rows),
            byte_count=self._folder.size(path),
            min_time_us=min(times),
            max_time_us=max(times),
            router_incarnation=model_key,
        )
        try:
            with context.transaction() as connection:
                self._put(connection, file, [row.number for row in rows])
        except OvertakenError:
            with context.reading() as connection:
                discard(connection, self._folder, path)
            return 0
        except LeaseLostError:
            with context.reading() as connection:
                discard(connection, self._folder, path)
            raise
        return len(rows)

    def _put(self, connection: Connection, file: LakeFile, numbers: list[int]) -> None:
        """Has the file stand for its rows.

        Raises:
            OvertakenError: Some were deleted meanwhile, or the model.
        """
        if waiting.model_id(connection, file.router_incarnation, hold=True) is None:
            raise OvertakenError
        if not waiting.take(connection, numbers):
            raise OvertakenError
        lake_files.add(connection, file, self._clock())

    def _with_past(self, connection: Connection) -> list[waiting.WaitingModel]:
        """Answers the models that may have enough rows of a day that is over."""
        return waiting.by_model(connection, self._enough_of_day, self._past_us())

    def _past_us(self) -> int:
        """Answers before which time dates are over."""
        return (self._clock() - _SETTLE_US) // MICROSECONDS_PER_DAY * MICROSECONDS_PER_DAY
