"""A SQLite file with this release's tables, made once a process: to copy it is faster than to migrate it."""

import functools
import tempfile
from pathlib import Path

from pointsman.store.database import Database
from pointsman.store.migrate import migrate


@functools.cache
def _content() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "pointsman.db"
        database = Database(f"sqlite:///{path}")
        migrate(database)
        database.close()
        return path.read_bytes()


def write_migrated(path: Path) -> None:
    """Writes a new database into a file."""
    path.write_bytes(_content())


def migrated_sqlite(folder: Path) -> str:
    """Writes a new database into a folder; answers its URL."""
    path = folder / "pointsman.db"
    write_migrated(path)
    return f"sqlite:///{path}"
