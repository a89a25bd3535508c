"""Puts files of the lake in the place of others, in one transaction, and drops what came too late."""

from collections.abc import Sequence

from sqlalchemy import Connection

from pointsman.control.lake.folder import LakeFolder
from pointsman.domain.records.lake import LakeFile
from pointsman.store.database import Database
from pointsman.store.recording import lake_files


class OvertakenError(Exception):
    """Somebody else changed the same rows first; nothing of the transaction is kept."""


def swap(database: Database, old: Sequence[LakeFile], new: Sequence[LakeFile], now_us: int) -> bool:
    """Lists new files and marks the old ones as replaced.

    Args:
        database: Where the manifest is.
        old: The files to replace, as they are listed.
        new: The files with what is left of their rows, not listed yet; none when no row is left.
        now_us: The time of it, in UTC microseconds.

    Returns:
        Whether it was done; False when one of the old ones was replaced by somebody else before.

    Raises:
        DatabaseUnavailableError: The database does not answer.
    """
    try:
        with database.write() as connection:
            if not lake_files.replace(connection, old, now_us):
                raise OvertakenError
            for file in new:
                lake_files.add(connection, file, now_us)
    except OvertakenError:
        return False
    return True


def discard(connection: Connection, folder: LakeFolder, path: str) -> None:
    """Deletes a file that was written and is not to be listed.

    One that is listed stays: whoever was first may have written it under the same name, for names say which
    rows are in a file.

    Args:
        connection: A transaction that began after the one that did not list it.
        folder: The lake's folder.
        path: The file's path below it.
    """
    if not lake_files.is_listed(connection, path):
        folder.remove(path)
