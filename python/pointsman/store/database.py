"""Opens the database: SQLite in a file, or PostgreSQL."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, select
from sqlalchemy.exc import ArgumentError, DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from pointsman.errors import DatabaseUnavailableError, InvalidArgumentError
from pointsman.store.schema import generation

_BUSY_TIMEOUT_SECONDS = 10.0
_CONNECT_TIMEOUT_SECONDS = 5
_POOL_TIMEOUT_SECONDS = 10.0
_WRITE = "pointsman_write"
_KINDS = "use sqlite:///path/to/file.db or postgresql://user@host/database"


class Database:
    """A database and its connections. Safe to use from several threads.

    Args:
        url: ``sqlite:///path`` or ``postgresql://…``.
        connection_count: How many connections are kept at most.

    Raises:
        InvalidArgumentError: The URL is of no known kind.
    """

    def __init__(self, url: str, connection_count: int = 8) -> None:
        parsed = _parse(url)
        self.is_sqlite = parsed.get_backend_name() == "sqlite"
        self.shown_url = parsed.render_as_string(hide_password=True)
        connect_args: dict[str, Any]
        if self.is_sqlite:
            connect_args = {"timeout": _BUSY_TIMEOUT_SECONDS, "check_same_thread": False}
        else:
            connect_args = {"connect_timeout": _CONNECT_TIMEOUT_SECONDS}
        self.engine: Engine = create_engine(
            parsed,
            pool_size=connection_count,
            max_overflow=0,
            pool_timeout=_POOL_TIMEOUT_SECONDS,
            # A PostgreSQL server may have gone away and come back; a file has not.
            pool_pre_ping=not self.is_sqlite,
            connect_args=connect_args,
            # A reader sees one state from its first statement to its last; SQLite's WAL gives the same.
            isolation_level=None if self.is_sqlite else "REPEATABLE READ",
        )
        if self.is_sqlite:
            event.listen(self.engine, "connect", _prepare_sqlite)
            event.listen(self.engine, "begin", _begin_sqlite)
            self._writers = self.engine.execution_options(**{_WRITE: True})
        else:
            self._writers = self.engine.execution_options(isolation_level="READ COMMITTED")

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Opens a transaction that sees one unchanging state.

        Raises:
            DatabaseUnavailableError: The database does not answer.
        """
        with self._translated(), self.engine.begin() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Opens a transaction that changes what is not routing state; rolled back when the block raises.

        Raises:
            DatabaseUnavailableError: The database does not answer.
        """
        with self._translated(), self._writers.begin() as connection:
            yield connection

    @contextmanager
    def write_routing(self, *, keep: bool = True) -> Iterator[Connection]:
        """Opens a transaction that changes routing state; there is one at a time over all processes.

        So generations are committed in the order of their numbers, and whoever reads one sees all before it.

        Args:
            keep: Whether to commit; False rolls back what was tried.

        Raises:
            DatabaseUnavailableError: The database does not answer.
        """
        with self._translated(), self._writers.connect() as connection, connection.begin() as transaction:
            if not self.is_sqlite:
                connection.execute(select(generation.c.value).with_for_update())
            yield connection
            if not keep:
                transaction.rollback()

    def close(self) -> None:
        """Closes all connections."""
        self.engine.dispose()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (OperationalError, InterfaceError, PoolTimeoutError) as error:
            raise self._unavailable(error) from error
        except DBAPIError as error:
            if not error.connection_invalidated and not _is_no_database(error):
                raise
            raise self._unavailable(error) from error

    def _unavailable(self, error: Exception) -> DatabaseUnavailableError:
        cause = str(getattr(error, "orig", None) or error).strip().splitlines()
        return DatabaseUnavailableError(
            f"the database {self.shown_url} does not answer ({cause[0] if cause else 'no reason given'}); "
            "routing goes on, changes and reads are possible again when it is back"
        )


def _is_no_database(error: DBAPIError) -> bool:
    """Answers whether SQLite found something else, or a ruin, in the place of its file."""
    code = getattr(error.orig, "sqlite_errorcode", None)
    return code in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT)


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError:
        # The URL itself may hold a password and is not repeated.
        raise InvalidArgumentError.at("database", f"is not a database URL; {_KINDS}") from None
    backend = parsed.get_backend_name()
    if backend == "sqlite":
        if not parsed.database or parsed.database == ":memory:":
            raise InvalidArgumentError.at("database", f"names no file; {_KINDS}")
        return parsed.set(drivername="sqlite+pysqlite")
    if backend in ("postgresql", "postgres"):
        return parsed.set(drivername="postgresql+psycopg")
    raise InvalidArgumentError.at("database", f"{backend!r} is no known kind of database; {_KINDS}")


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    # Batches of rows go through a temporary table, which needs no file.
    cursor.execute("PRAGMA temp_store = MEMORY")
    cursor.execute(f"PRAGMA busy_timeout = {int(_BUSY_TIMEOUT_SECONDS * 1000)}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    """Takes the write lock at once where it will be needed: taking it later can fail half-way."""
    writing = connection.get_execution_options().get(_WRITE, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")
