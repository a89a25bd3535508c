"""A PostgreSQL server that the tests start themselves: installed binaries, or the pgserver wheel."""

import itertools
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import psycopg
import pytest
import sqlalchemy

from conftest_memory import short_folder
from pointsman.store.database import Database
from pointsman.store.migrate import migrate
from stage.postgres import installed_binaries, unprivileged

_NUMBERS = itertools.count()
_TEMPLATE = "migrated"


def _serve_installed(binaries: Path) -> Iterator[str]:
    as_user = unprivileged()
    # Short, because a unix socket's path must fit into 107 bytes; not under pytest's folder, which is 0700.
    folder = Path(tempfile.mkdtemp(prefix="pm-pg-", dir=short_folder()))
    if as_user:
        shutil.chown(folder, as_user["user"], as_user["group"])

    def run(program: str, *arguments: str) -> None:
        with (folder / "output").open("ab") as output:
            subprocess.run(
                [binaries / program, *arguments],
                check=True,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=folder,
                timeout=60,
                **as_user,
            )

    # en_US would order names differently from SQLite, which the tables must not let show.
    data = str(folder / "data")
    run("initdb", "-D", data, "-U", "pointsman", "-A", "trust", "-E", "UTF8", "--no-sync", "--locale=C.UTF-8")
    # What a crash would need is not kept: it takes as much memory as all databases do.
    kept = "-c fsync=off -c wal_level=minimal -c max_wal_senders=0 -c max_wal_size=128MB"
    options = f"-c listen_addresses='' -c unix_socket_directories={folder} {kept} -c max_connections=200"
    run("pg_ctl", "-D", data, "-l", str(folder / "log"), "-w", "-o", options, "start")
    try:
        yield f"postgresql://pointsman@/postgres?host={folder}"
    finally:
        run("pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")
        shutil.rmtree(folder, ignore_errors=True)


def _serve_wheel() -> Iterator[str]:
    import pgserver

    folder = Path(tempfile.mkdtemp(prefix="pm-pg-", dir=short_folder()))
    server = pgserver.get_server(folder, cleanup_mode="delete")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of a PostgreSQL server of these tests' own."""
    binaries = installed_binaries()
    if binaries is not None:
        yield from _serve_installed(binaries)
        return
    try:
        import pgserver  # noqa: F401
    except ImportError:
        reason = "NO POSTGRESQL: install its server (Debian: postgresql) or the pgserver wheel"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    yield from _serve_wheel()


@pytest.fixture(scope="session")
def postgres_operator(postgres_server: str) -> Iterator[Callable[[str], None]]:
    """Runs statements on the server, on one connection: to begin one takes as long as most of them."""
    connection = psycopg.connect(postgres_server, autocommit=True)

    def run(statement: str) -> None:
        nonlocal connection
        try:
            connection.execute(statement.encode())
        except psycopg.OperationalError:
            # A test has ended all connections of the server.
            connection.close()
            connection = psycopg.connect(postgres_server, autocommit=True)
            connection.execute(statement.encode())

    yield run
    connection.close()


@pytest.fixture(scope="session")
def postgres_template(postgres_server: str, postgres_operator: Callable[[str], None]) -> str:
    """How SQL names what has this release's tables: to copy it is faster than to migrate another."""
    postgres_operator(f"CREATE DATABASE {_TEMPLATE}")
    database = Database(_url(postgres_server, database=_TEMPLATE))
    migrate(database)
    with database.read() as connection:
        version = int(connection.exec_driver_sql("SHOW server_version_num").scalar_one())
    database.close()
    # Before 15 there was no other way; since then every page would go to the log as well.
    return f"TEMPLATE {_TEMPLATE} STRATEGY FILE_COPY" if version >= 150_000 else f"TEMPLATE {_TEMPLATE}"


@pytest.fixture
def migrated_postgres(
    postgres_server: str, postgres_operator: Callable[[str], None], postgres_template: str
) -> Iterator[Callable[[], str]]:
    """Makes a database with this release's tables and nothing else in it, and answers its URL."""
    made: list[str] = []

    def make() -> str:
        name = _new_name()
        postgres_operator(f"CREATE DATABASE {name} {postgres_template}")
        made.append(name)
        return _url(postgres_server, database=name)

    yield make
    for name in made:
        postgres_operator(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def new_postgres(postgres_server: str, postgres_operator: Callable[[str], None]) -> Callable[[], str]:
    """Makes an empty schema on the PostgreSQL server, cheaper than a database, and answers its URL."""

    def make() -> str:
        name = _new_name()
        postgres_operator(f"CREATE SCHEMA {name}")
        return _url(postgres_server, query={"options": f"-csearch_path={name}"})

    return make


def _new_name() -> str:
    return f"test_{os.getpid()}_{next(_NUMBERS)}"


def _url(server: str, *, database: str | None = None, query: Mapping[str, str] | None = None) -> str:
    url = sqlalchemy.make_url(server).update_query_dict(query or {})
    return url.set(database=database or url.database).render_as_string(hide_password=False)
