"""Opens the database: SQLite in a file, or PostgreSQL, whose driver comes only where it is asked for."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, select
from sqlalchemy.exc import ArgumentError, DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from pointsman.errors import DatabaseUnavailableError, InvalidArgumentError
from pointsman.store.bounds import PATIENT_SECONDS, STATEMENT_SECONDS, Bounds, server_settings
from pointsman.store.database_urls import hide_secrets, shown
from pointsman.store.schema import generation

if TYPE_CHECKING:
    from pointsman.store.bounded import BoundedConnection

_BUSY_TIMEOUT_SECONDS = 10.0
_WAL_RETRY_SECONDS = 0.01
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
        self.shown_url = shown(parsed)
        self._bounds = Bounds()
        connect_args: dict[str, Any]
        if self.is_sqlite:
            connect_args = {"timeout": _BUSY_TIMEOUT_SECONDS, "check_same_thread": False}
        else:
            connect_args = server_settings(_query_options(parsed))
            # What the URL says of itself wins.
            connect_args = {
                name: value
                for name, value in connect_args.items()
                if name == "options" or name not in parsed.query
            }
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
            self._glancers = self.engine
        else:
            event.listen(self.engine, "do_connect", self._connect)
            self._writers = self.engine.execution_options(isolation_level="READ COMMITTED")
            self._glancers = self.engine.execution_options(isolation_level="AUTOCOMMIT")

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Opens a transaction that sees one unchanging state.

        Raises:
            DatabaseUnavailableError: The database does not answer.
        """
        with self._translated(), self.engine.begin() as connection:
            yield connection

    @contextmanager
    def glance(self) -> Iterator[Connection]:
        """Opens a connection for one statement, which sees one state by itself.

        A server is spared the beginning and the end of a transaction.

        Raises:
            DatabaseUnavailableError: The database does not answer.
        """
        with self._translated(), self._glancers.connect() as connection:
            yield connection

    @contextmanager
    def write(self, *, patient: bool = False) -> Iterator[Connection]:
        """Opens a transaction that changes what is not routing state; rolled back when the block raises.

        Args:
            patient: Whether a statement may take long, as a migration's.

        Raises:
            DatabaseUnavailableError: The database does not answer.
        """
        with self._translated(), self._writers.begin() as connection:
            bounded = None if self.is_sqlite or not patient else _bounded_of(connection)
            if bounded is None:
                yield connection
                return
            connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
            bounded.statement_seconds = PATIENT_SECONDS
            try:
                yield connection
            finally:
                bounded.statement_seconds = STATEMENT_SECONDS

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

    def empty_log(self) -> bool:
        """Empties SQLite's write-ahead log, which holds former contents; answers whether it is empty.

        Waits for nobody: while others read or write, it stays for the next time. Other databases have none.

        Raises:
            DatabaseUnavailableError: The database does not answer.
        """
        if not self.is_sqlite:
            return True
        with self._translated(), self.engine.connect() as connection:
            pragma = connection.connection.dbapi_connection.cursor()  # type: ignore[union-attr]
            pragma.execute("PRAGMA busy_timeout = 0")
            try:
                busy, _, _ = pragma.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            finally:
                pragma.execute(f"PRAGMA busy_timeout = {int(_BUSY_TIMEOUT_SECONDS * 1000)}")
                pragma.close()
        return not busy

    def end_within(self, seconds: float) -> None:
        """Lets nothing wait for the server longer than that any more: what has not come by then will not."""
        self._bounds.end_within(seconds)

    def close(self) -> None:
        """Closes all connections."""
        self.engine.dispose()

    def _connect(self, _dialect: object, _record: object, arguments: Any, named: Any) -> BoundedConnection:
        from pointsman.store.bounded import BoundedConnection

        connection = BoundedConnection.connect(*arguments, **named)
        connection.bounds = self._bounds
        return connection

    @contextmanager
    def _translated(self) -> Iterator[None]:
        if self._bounds.is_over:
            raise DatabaseUnavailableError(
                f"the database {self.shown_url} is not asked any more: the server ends"
            )
        try:
            yield
        except (OperationalError, InterfaceError, PoolTimeoutError) as error:
            raise self._unavailable(error) from error
        except DBAPIError as error:
            if not error.connection_invalidated and not _is_no_database(error):
                raise
            raise self._unavailable(error) from error

    def _unavailable(self, error: Exception) -> DatabaseUnavailableError:
        told = hide_secrets(str(getattr(error, "orig", None) or error), self.engine.url)
        cause = told.strip().splitlines()
        return DatabaseUnavailableError(
            f"the database {self.shown_url} does not answer ({cause[0] if cause else 'no reason given'}); "
            "routing goes on, changes and reads are possible again when it is back"
        )


def _bounded_of(connection: Connection) -> BoundedConnection | None:
    from pointsman.store.bounded import BoundedConnection

    found = connection.connection.dbapi_connection
    return found if isinstance(found, BoundedConnection) else None


def _query_options(url: URL) -> str:
    found = url.query.get("options", "")
    return found if isinstance(found, str) else " ".join(found)


def _is_no_database(error: DBAPIError) -> bool:
    """Answers whether SQLite found something else, or a ruin, in the place of its file."""
    code = getattr(error.orig, "sqlite_errorcode", None)
    return code in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT)


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        # The URL itself may hold a password and is not repeated.
        raise InvalidArgumentError.at(
            "database", f"is not a database URL ({_fault(url)}); {_KINDS}"
        ) from None
    backend = parsed.get_backend_name()
    if backend == "sqlite":
        if not parsed.database or parsed.database == ":memory:":
            raise InvalidArgumentError.at("database", f"names no file; {_KINDS}")
        return parsed.set(drivername="sqlite+pysqlite")
    if backend in ("postgresql", "postgres"):
        if "@" in url.partition("://")[2].partition("?")[0].partition("/")[2]:
            raise InvalidArgumentError.at(
                "database", "has an @ behind its first /; in a password write @ as %40 and / as %2F"
            )
        parsed = parsed.set(drivername="postgresql+psycopg")
        _check_options(parsed)
        return parsed
    raise InvalidArgumentError.at("database", f"{backend!r} is no known kind of database; {_KINDS}")


def _fault(url: str) -> str:
    """Answers what is wrong with a URL, without any of its secrets."""
    scheme, separator, rest = url.partition("://")
    if not separator or not scheme:
        return "it does not begin with a kind and ://"
    port = rest.partition("/")[0].rpartition("@")[2].rpartition(":")[2]
    if not port.isdigit():
        return (
            "its port is not a number; in a user name or password write @ as %40, : as %3A, / as %2F, "
            "% as %25, and an address of IPv6 in brackets"
        )
    return "it cannot be read"


def _check_options(url: URL) -> None:
    """Checks what a URL says of the connection.

    Raises:
        InvalidArgumentError: PostgreSQL's client has no such option, or not with this value.
    """
    import psycopg
    from psycopg.conninfo import make_conninfo

    if url.port is not None and not 0 < url.port < 65_536:
        raise InvalidArgumentError.at("database", f"the port {url.port} is not a number from 1 to 65535")
    timeout = url.query.get("connect_timeout", "0")
    if not isinstance(timeout, str) or not timeout.isdigit():
        raise InvalidArgumentError.at("database", f"connect_timeout: {timeout!r} is not a number of seconds")
    options = url.get_dialect()().create_connect_args(url)[1]
    try:
        make_conninfo(**options)
    except (psycopg.Error, TypeError, ValueError) as error:
        told = hide_secrets(str(error), url).strip()
        raise InvalidArgumentError.at(
            "database", f"has an option that PostgreSQL does not take ({told})"
        ) from None


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {int(_BUSY_TIMEOUT_SECONDS * 1000)}")
    _use_wal(cursor)
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    # What is deleted is overwritten: an erased entity is in no page of the file.
    cursor.execute("PRAGMA secure_delete = ON")
    # Batches of rows go through a temporary table, which needs no file.
    cursor.execute("PRAGMA temp_store = MEMORY")
    cursor.close()


def _use_wal(cursor: sqlite3.Cursor) -> None:
    """Turns the write-ahead log on; of several that do it on a new file, SQLite has some fail at once."""
    ends = time.monotonic() + _BUSY_TIMEOUT_SECONDS
    while True:
        try:
            cursor.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > ends:
                raise
            time.sleep(_WAL_RETRY_SECONDS)
        else:
            return


def _begin_sqlite(connection: Connection) -> None:
    """Takes the write lock at once where it will be needed: taking it later can fail half-way."""
    writing = connection.get_execution_options().get(_WRITE, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")
