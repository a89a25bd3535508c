"""Brings a database to this release's tables, and refuses one that a newer release has migrated."""

import functools
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from pointsman.errors import DatabaseTooNewError
from pointsman.store.database import Database

# Any number that no other program on the same PostgreSQL database uses for its lock.
_LOCK = 0x706F_696E


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
        if not _is_current(database, connection):
            command.upgrade(_config(connection), "head")


def _is_current(database: Database, connection: Connection) -> bool:
    """Answers whether the tables are this release's.

    Raises:
        DatabaseTooNewError: They are a newer one's.
    """
    known, newest = _revisions()
    present = set(MigrationContext.configure(connection).get_current_heads())
    if present - known:
        raise DatabaseTooNewError(
            f"the database {database.shown_url} was migrated by a newer release of pointsman "
            f"(revision {', '.join(sorted(present - known))} is unknown here); "
            "run that release, or restore a backup from before, or name another database",
            metadata={"revision": ",".join(sorted(present))},
        )
    return present == newest


@functools.cache
def _revisions() -> tuple[frozenset[str], frozenset[str]]:
    """Answers all revisions of this release and the newest; to find them, every migration is imported."""
    scripts = ScriptDirectory.from_config(_scripts())
    known = (script.revision for script in scripts.walk_revisions())
    return frozenset(known), frozenset(scripts.get_heads())


def _scripts() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")).replace("%", "%%"))
    return config


def _config(connection: Connection) -> Config:
    config = _scripts()
    config.attributes["connection"] = connection
    return config
