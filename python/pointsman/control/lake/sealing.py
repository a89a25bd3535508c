"""Marks dates of the lake that get no more files, so that other programs may read them by a glob."""

import datetime as dt
from collections.abc import Callable, Sequence
from itertools import groupby

from pointsman.control.journals.journal_keeper import JournalKeeper
from pointsman.control.journals.registration import FileRegistration
from pointsman.control.lake.folder import LakeFolder
from pointsman.domain.ports.journal import PredictionLog
from pointsman.domain.records.lake import JournalStream, LakeFile, LakeKind
from pointsman.domain.records.lake_plans import merges
from pointsman.domain.values import MICROSECONDS_PER_DAY, MICROSECONDS_PER_SECOND
from pointsman.store.database import Database
from pointsman.store.recording import journal_positions, journals, lake_files

SETTLE_US = 3600 * MICROSECONDS_PER_SECOND
"""So long after midnight the calls that arrived before have ended; one that has not opens the date again."""


class Sealing:
    """Seals dates.

    Args:
        database: Where the manifest is.
        journal: The journal, whose segments end with dates.
        keeper: Who knows the name under which they are registered.
        registration: Who registers them.
        folder: The lake's folder.
        clock: Answers the time in UTC microseconds.
    """

    def __init__(
        self,
        database: Database,
        journal: PredictionLog,
        keeper: JournalKeeper,
        registration: FileRegistration,
        folder: LakeFolder,
        clock: Callable[[], int],
    ) -> None:
        self._database = database
        self._journal = journal
        self._keeper = keeper
        self._registration = registration
        self._folder = folder
        self._clock = clock
        self._cut_us = 0
        self._cut_position = 0
        self._whole_until_us = 0

    def seal(self) -> int:
        """Seals every date that is over, registered and compacted; answers how many folders.

        Raises:
            DatabaseUnavailableError: The database does not answer.
            JournalError: The segment under way cannot be ended.
        """
        now_us = self._clock()
        with self._database.read() as connection:
            files = [
                *lake_files.present(connection, LakeKind.PREDICTIONS),
                *lake_files.present(connection, LakeKind.SHADOWS),
            ]
        over = [
            (folder, list(of_folder))
            for folder, of_folder in groupby(sorted(files, key=lambda file: file.folder), _folder_of)
            if settled_us(folder) <= now_us and not self._folder.is_sealed(folder)
        ]
        if not over:
            return 0
        self._look_ahead(max(settled_us(folder) for folder, _ in over))
        sealed = 0
        for folder, of_folder in over:
            if self._is_final(folder, of_folder):
                self._folder.seal(folder)
                sealed += 1
        return sealed

    def _look_ahead(self, needed_us: int) -> None:
        """Sees to it that, in this round or a later one, everything before a time is registered."""
        if self._whole_until_us >= needed_us:
            return
        if self._cut_us < needed_us:
            now_us = self._clock()
            self._cut_position = self._journal.seal_predictions()
            self._cut_us = now_us
        if self._registration.position >= self._cut_position:
            self._whole_until_us = self._cut_us
            # Other processes see by this entry that nothing of before is missing here.
            hold, position, now_us = self._keeper.hold, self._registration.position, self._clock()
            with self._database.write() as connection:
                stream = JournalStream.PREDICTIONS
                journals.guard(connection, hold, stream, position, position, now_us)
                journal_positions.raise_position(connection, hold.journal_id, stream, position, now_us)

    def _is_final(self, folder: str, files: Sequence[LakeFile]) -> bool:
        settled = settled_us(folder)
        if self._whole_until_us < settled or merges(files, date_of(settled)):
            return False
        others = {file.journal_id for file in files} - {self._journal.journal_id}
        with self._database.read() as connection:
            others -= journals.whole(connection, others)
            oldest_us = journal_positions.oldest_update(connection, others, JournalStream.PREDICTIONS)
        if others and oldest_us < settled:
            return False
        # Replaced files and what a crash left would be read by a glob as well.
        return set(self._folder.names(folder)) == {file.path.rpartition("/")[2] for file in files}


def settled_us(folder: str) -> int:
    """Answers when the date of a folder is over and its calls have ended."""
    date = dt.date.fromisoformat(folder.rpartition("date=")[2])
    begin = dt.datetime(date.year, date.month, date.day, tzinfo=dt.UTC)
    return int(begin.timestamp()) * MICROSECONDS_PER_SECOND + MICROSECONDS_PER_DAY + SETTLE_US


def date_of(time_us: int) -> str:
    """Answers the UTC day of a time, ``2026-01-31``."""
    seconds = time_us // MICROSECONDS_PER_SECOND
    return dt.datetime.fromtimestamp(seconds, dt.UTC).date().isoformat()


def _folder_of(file: LakeFile) -> str:
    return file.folder
