"""Makes a new SQLite database at once: to run all migrations takes longer than the rest of a start.

What they make of an empty file stands in ``migrations/new_sqlite.sql``, which
``scripts/generate_tables.py`` writes.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

FILE = Path(__file__).parent / "migrations" / "new_sqlite.sql"
_AT_REVISION = "-- At revision "


def is_empty(connection: Connection) -> bool:
    """Answers whether a SQLite database holds nothing yet."""
    return not connection.exec_driver_sql("SELECT 1 FROM sqlite_master LIMIT 1").first()


def revision() -> str:
    """Answers the migration that the file stands for: the newest, unless nobody generated it again."""
    first, _, _ = FILE.read_text().partition("\n")
    return first.removeprefix(_AT_REVISION)


def create(connection: Connection) -> None:
    """Makes the tables and first rows, as migrations would.

    Args:
        connection: A connection to an empty SQLite database, in a transaction that writes.
    """
    for statement in _statements(FILE.read_text()):
        connection.exec_driver_sql(statement)


def write_down(connection: sqlite3.Connection) -> str:
    """Answers the text from which :func:`create` makes the same database.

    Args:
        connection: A connection to a database that migrations have made, in no transaction.
    """
    [at] = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    statements = [line for line in connection.iterdump() if line not in ("BEGIN TRANSACTION;", "COMMIT;")]
    return "\n".join([f"{_AT_REVISION}{at}", *statements]) + "\n"


def _statements(script: str) -> Iterator[str]:
    """Cuts a script into its statements, of which triggers hold others."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement.removesuffix("\n").removesuffix(";")
            statement = ""
