"""Every store test runs on SQLite and on PostgreSQL."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from conftest_postgres import new_postgres, postgres_server
from pointsman.store.database import Database
from pointsman.store.migrate import migrate
from stage.migrated import write_migrated

__all__ = ["new_postgres", "postgres_server"]


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database of either kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'pointsman.db'}"
    make: Callable[[], str] = request.getfixturevalue("new_postgres")
    return make()


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A migrated database of either kind."""
    if database_url.startswith("sqlite:///"):
        write_migrated(Path(database_url.removeprefix("sqlite:///")))
    database = Database(database_url)
    migrate(database)
    yield database
    database.close()
