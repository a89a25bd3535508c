"""Deletes what was logged of one entity from files of the lake."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pointsman.lake.models.logged_files import Written, count_of, write_without
from pointsman.store.drift import predictions
from pointsman.store.recording import logged_erasures, logged_files

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy import Connection

    from pointsman.control.lake.folder import LakeFolder
    from pointsman.control.lake.replacing import Replacing
    from pointsman.control.lake.retention import Retention
    from pointsman.domain.records.lake import LakeFile
    from pointsman.store.database import Database
    from pointsman.store.recording.erasures import KeptErasure


class LoggedErasure:
    """The part of erasures that is about logged predictions in files.

    Args:
        database: Where the manifest is.
        folder: The lake's folder.
        retention: Who deletes files.
        replacing: Puts what is left of files in their place.
    """

    def __init__(
        self,
        database: Database,
        folder: LakeFolder,
        retention: Retention,
        replacing: Replacing,
    ) -> None:
        self._database = database
        self._folder = folder
        self._retention = retention
        self._replacing = replacing

    def ask(self, connection: Connection, erasure_key: int, model_keys: Collection[int]) -> None:
        """Keeps which models an erasure is of.

        Args:
            connection: The transaction that deletes rows of SQL, after it has: what was written into files
                meanwhile is in the manifest then.
            erasure_key: The erasure's key.
            model_keys: The models' rows.
        """
        wanted = [key for key in model_keys if logged_files.on_disks(connection, key)]
        logged_erasures.ask(connection, erasure_key, wanted, predictions.last_key(connection))

    def erase(self, journal_ids: Collection[str], erasure: KeptErasure) -> None:
        """Deletes an entity's predictions from the files of some journals that are here.

        Args:
            journal_ids: The journals.
            erasure: The erasure.

        Raises:
            AbortedError: Other processes change the same files.
            DatabaseUnavailableError: The database does not answer.
        """
        with self._database.read() as connection:
            wanted = [
                (one, logged_files.on_disks(connection, one.model_key))
                for one in logged_erasures.of(connection, erasure.row_key)
            ]
        for one, files in wanted:
            for file in files:
                if file.journal_id not in journal_ids or not self._folder.holds(file.path):
                    continue
                count = self._rewrite(file, erasure.entity_id, one.last_number)
                if count:
                    with self._database.write() as connection:
                        logged_erasures.add_count(connection, erasure.row_key, one.model_key, count)

    def elsewhere(self, connection: Connection, erasure_key: int) -> set[str]:
        """Answers the journals of which files are elsewhere that an erasure is of.

        Args:
            connection: A transaction.
            erasure_key: The erasure's key.
        """
        return {
            file.journal_id
            for one in logged_erasures.of(connection, erasure_key)
            for file in logged_files.on_disks(connection, one.model_key)
            if not self._folder.holds(file.path)
        }

    def _rewrite(self, file: LakeFile, entity_id: str, last_number: int) -> int:
        """Puts a file without the entity in a file's place; answers how many predictions went."""
        source = self._folder.place(file.path)
        count = count_of(source, entity_id, last_number)
        if not count:
            return 0
        if file.replace_time_us is not None:
            self._retention.delete([file])
            return 0
        new = self._written(file, entity_id, last_number) if count < file.row_count else None
        self._replacing.put(file, new)
        return count

    def _written(self, file: LakeFile, entity_id: str, last_number: int) -> LakeFile:
        path = self._replacing.path_of(file)
        source = self._folder.place(file.path)
        written: list[Written] = []
        self._folder.write(
            path, lambda place: written.append(write_without(source, entity_id, last_number, place))
        )
        (left,) = written
        return self._replacing.left_of(file, path, left)
