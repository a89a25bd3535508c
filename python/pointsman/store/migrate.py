"""Brings a database to this release's tables, and refuses one that a newer release has migrated.

Alembic comes only where there is something to migrate: to import it takes a tenth of a server's start.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, text

from pointsman.errors import DatabaseTooNewError
from pointsman.store import new_sqlite

if TYPE_CHECKING:
    from alembic.config import Config

    from pointsman.store.database import Database

# Any number that no other program on the same PostgreSQL database uses for its lock.
_LOCK = 0x706F_696E
_MIGRATIONS = Path(__file__).with_name("migrations")


def migrate(database: Database) -> None:
    """Creates or changes the tables until they are this release's.

    Several processes may call it at the same time; one does the work, the others wait.

    Args:
        database: The database.

    Raises:
        DatabaseTooNewError: A newer release has migrated it.
        DatabaseUnavailableError: It does not answer.
    """
    with database.read() as connection:
        if _is_current(database, connection):
            return
    # To change tables may take long; to find that they need no change may not.
    with database.write(patient=True) as connection:
        if not database.is_sqlite:
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        if _is_current(database, connection):
            return
        if database.is_sqlite and new_sqlite.is_empty(connection) and new_sqlite.revision() == newest():
            new_sqlite.create(connection)
        else:
            upgrade(connection)


def upgrade(connection: Connection) -> None:
    """Runs the migrations that a database lacks, whatever it holds.

    Args:
        connection: A connection in a transaction that nobody else writes beside.
    """
    from alembic import command

    command.upgrade(_config(connection), "head")


def newest() -> str:
    """Answers the newest revision of this release."""
    return max(_revisions())


def _is_current(database: Database, connection: Connection) -> bool:
    """Answers whether the tables are this release's.

    Raises:
        DatabaseTooNewError: They are a newer one's.
    """
    present = _present(connection)
    unknown = present - _revisions()
    if unknown:
        raise DatabaseTooNewError(
            f"the database {database.shown_url} was migrated by a newer release of pointsman "
            f"(revision {', '.join(sorted(unknown))} is unknown here); "
            "run that release, or restore a backup from before, or name another database",
            metadata={"revision": ",".join(sorted(present))},
        )
    return present == {newest()}


def _present(connection: Connection) -> frozenset[str]:
    """Answers the revisions that a database is at: one, or none before its first migration."""
    if not inspect(connection).has_table("alembic_version"):
        return frozenset()
    return frozenset(connection.execute(text("SELECT version_num FROM alembic_version")).scalars())


@functools.cache
def _revisions() -> frozenset[str]:
    """Answers all revisions of this release, which the names of the migrations' files begin with."""
    return frozenset(path.name.partition("_")[0] for path in (_MIGRATIONS / "versions").glob("[0-9]*_*.py"))


def _scripts() -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    return config


def _config(connection: Connection) -> Config:
    config = _scripts()
    config.attributes["connection"] = connection
    return config
