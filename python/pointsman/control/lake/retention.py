"""Lets go of what the lake holds too long or too much of, and deletes what was replaced."""

import re
from collections.abc import Callable, Collection
from itertools import groupby

import structlog
from sqlalchemy import Connection

from pointsman.control.lake.folder import LakeFolder
from pointsman.domain.drift.ground_truth import settled_from
from pointsman.domain.ports.journal import JournalName
from pointsman.domain.records.lake import LakeFile, LakeKind
from pointsman.domain.records.lake_plans import expired
from pointsman.domain.values import MICROSECONDS_PER_DAY, MICROSECONDS_PER_SECOND
from pointsman.store import model_versions, models
from pointsman.store.database import Database
from pointsman.store.drift import horizons
from pointsman.store.job_leases import Fence, unfenced
from pointsman.store.recording import lake_files
from pointsman.store.routing import routers

_log = structlog.get_logger(__name__)

_ORPHAN_SECONDS = 3600.0
_OWN_NAME = re.compile(r"\.?(?P<journal>[0-9a-f]{8})-(?P<start>\d{20})")


class Retention:
    """Deletes files of the lake.

    Args:
        database: Where the manifest is.
        folder: The lake's folder.
        journal: The journal whose files are this data folder's own.
        days: How long predictions are kept where a router does not say.
        max_bytes: How much of one model is kept where a router does not say; as much of shadows' answers.
        grace_seconds: How long a replaced file outlives the queries that began before.
        clock: Answers the time in UTC microseconds.
    """

    def __init__(
        self,
        database: Database,
        folder: LakeFolder,
        journal: JournalName,
        *,
        days: int,
        max_bytes: int,
        grace_seconds: float,
        clock: Callable[[], int],
    ) -> None:
        self._database = database
        self._folder = folder
        self._journal = journal
        self._days = days
        self._max_bytes = max_bytes
        self._grace_us = int(grace_seconds * MICROSECONDS_PER_SECOND)
        self._clock = clock

    def expire(self, fence: Fence = unfenced) -> int:
        """Takes files that are too old or too many out of what queries read; answers how many.

        Args:
            fence: Is called with the transaction before it changes anything.

        Raises:
            DatabaseUnavailableError: The database does not answer.
        """
        now_us = self._clock()
        with self._database.read() as connection:
            limits = routers.find_retention(connection)
            kinds = [kind for kind in LakeKind if kind is not LakeKind.LOGGED]
            files = [file for kind in kinds for file in lake_files.present(connection, kind)]
            logged = lake_files.present(connection, LakeKind.LOGGED)
            models_there = models.keys_of(connection, {file.router_incarnation for file in logged})
        gone: list[LakeFile] = []
        for (_, router_id, _), of_model in groupby(files, key=_share_of):
            days, max_bytes = limits.get(router_id, (0, 0))
            oldest_us = now_us - (days or self._days) * MICROSECONDS_PER_DAY
            gone += expired(of_model, oldest_us, max_bytes or self._max_bytes)
        gone += self._expired_logged(logged, models_there, now_us)
        for file in gone:
            self._folder.unseal(file.folder)
        if gone:
            with self._database.write() as connection:
                fence(connection)
                lake_files.replace(connection, gone, now_us)
                horizons.raise_of_models(connection, self._settled(connection, gone, now_us))
                horizons.raise_to(connection, self._settled_logged(connection, gone, now_us))
        return len(gone)

    def _expired_logged(
        self, files: list[LakeFile], models_there: Collection[int], now_us: int
    ) -> list[LakeFile]:
        """Answers files of logged predictions that are too old, or of models that are gone."""
        oldest_us = now_us - self._days * MICROSECONDS_PER_DAY
        return [
            file
            for file in files
            if file.max_time_us < oldest_us or file.router_incarnation not in models_there
        ]

    def _settled_logged(self, connection: Connection, gone: list[LakeFile], now_us: int) -> dict[int, int]:
        """Answers the same by the rows of models that are there of logged predictions."""
        last: dict[int, int] = {}
        for file in gone:
            if file.kind is LakeKind.LOGGED:
                last[file.router_incarnation] = max(last.get(file.router_incarnation, 0), file.max_time_us)
        there = models.keys_of(connection, last)
        return {
            model_key: settled_from(last_us, self._days, now_us)
            for model_key, last_us in last.items()
            if model_key in there
        }

    def _settled(self, connection: Connection, gone: list[LakeFile], now_us: int) -> dict[str, int]:
        """Answers by model from which time on outcomes are of none of the predictions in files."""
        last: dict[str, int] = {}
        for file in gone:
            if file.kind is LakeKind.PREDICTIONS:
                last[file.model_id] = max(last.get(file.model_id, 0), file.max_time_us)
        return {
            model_id: settled_from(last_us, self._days, now_us)
            for model_id, last_us in last.items()
            # What was recorded before is of another model, which had the id.
            if last_us >= model_versions.began_us(connection, model_id)
        }

    def delete_replaced(self) -> int:
        """Deletes replaced files that no query reads any more; answers how many.

        Raises:
            DatabaseUnavailableError: The database does not answer.
        """
        with self._database.read() as connection:
            replaced = lake_files.replaced(connection, self._clock() - self._grace_us)
        here = [file for file in replaced if self._is_here(file)]
        # The server that let them go may not have reached this one's folder.
        self._folder.unseal_all({file.folder for file in here})
        return self.delete(here)

    def delete(self, files: list[LakeFile]) -> int:
        """Deletes replaced files at once, from the disk first; answers how many.

        Raises:
            DatabaseUnavailableError: The database does not answer; their entries are removed later.
        """
        for file in files:
            self._folder.remove(file.path)
        if files:
            with self._database.write() as connection:
                lake_files.remove(connection, files)
        return len(files)

    def delete_orphans(self, registered_position: int) -> int:
        """Deletes files of this journal that a crash left without an entry; answers how many.

        Args:
            registered_position: Files of segments from there on are not registered yet.

        Raises:
            DatabaseUnavailableError: The database does not answer.
        """
        old = self._old_files(registered_position)
        if not old:
            return 0
        # Read after the folder, so that what was registered meanwhile is known.
        with self._database.read() as connection:
            listed = lake_files.all_paths(connection)
        orphans = [path for path in old if path not in listed]
        if not orphans:
            return 0
        # A job that was broken off begins anew with a file of the same name, which is listed a moment later.
        still_old = set(self._old_files(registered_position))
        orphans = [path for path in orphans if path in still_old]
        for path in orphans:
            _log.info("deleting a file that no manifest lists", path=path)
            self._folder.remove(path)
        return len(orphans)

    def _old_files(self, registered_position: int) -> list[str]:
        oldest_seconds = self._clock() / MICROSECONDS_PER_SECOND - _ORPHAN_SECONDS
        return [
            path
            for path, change_seconds in self._folder.files()
            if change_seconds < oldest_seconds and self._is_own(path, registered_position)
        ]

    def _is_here(self, file: LakeFile) -> bool:
        """Whether a file is this data folder's: its entry may go even when the file is gone already."""
        return file.journal_id == self._journal.journal_id or self._folder.holds(file.path)

    def _is_own(self, path: str, registered_position: int) -> bool:
        found = _OWN_NAME.match(path.rpartition("/")[2])
        if found is None or found["journal"] != self._journal.journal_id[:8]:
            return False
        # Numbers of feedback and of what was logged are no positions: such files are listed once written.
        return path.startswith(("feedback/", "logged/")) or int(found["start"]) < registered_position


def _share_of(file: LakeFile) -> tuple[str, str, str]:
    """Answers what has a limit of its own: a router's files of one kind and model."""
    return (file.kind.value, file.router_id, file.model_id)
