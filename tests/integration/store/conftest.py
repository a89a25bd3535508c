"""Every store test runs on SQLite and on PostgreSQL."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pointsman.store.database import Database
from pointsman.store.migrate import migrate
from stage.migrated import write_migrated


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a migrated database of either kind."""
    if request.param == "sqlite":
        write_migrated(tmp_path / "pointsman.db")
        return f"sqlite:///{tmp_path / 'pointsman.db'}"
    make: Callable[[], str] = request.getfixturevalue("migrated_postgres")
    return make()


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A migrated database of either kind."""
    database = Database(database_url)
    migrate(database)
    yield database
    database.close()
