"""New SQLite files are made at once; they are what migrations make, to the letter."""

import sqlite3

from alembic.script import ScriptDirectory

from pointsman.store import new_sqlite
from pointsman.store.database import Database
from pointsman.store.migrate import _revisions, _scripts, migrate, newest, upgrade


def _everything(path):
    """Tables, indexes and triggers as they were written, and all rows."""
    connection = sqlite3.connect(path)
    text = new_sqlite.write_down(connection)
    written = connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_master").fetchall()
    connection.close()
    return text, sorted(written, key=str)


def test_a_new_file_is_what_migrations_make(tmp_path):
    made, migrated = tmp_path / "made.db", tmp_path / "migrated.db"
    database = Database(f"sqlite:///{made}")
    assert new_sqlite.revision() == newest(), "run scripts/generate_tables.py"
    migrate(database)
    database.close()
    database = Database(f"sqlite:///{migrated}")
    with database.write() as connection:
        upgrade(connection)
    database.close()
    assert _everything(made) == _everything(migrated)
    assert _everything(made)[0] == new_sqlite.FILE.read_text()


def test_a_file_that_stands_for_another_migration_is_not_used(tmp_path, monkeypatch):
    stale = tmp_path / "stale.sql"
    stale.write_text(new_sqlite.FILE.read_text().replace(newest(), "0001"))
    monkeypatch.setattr(new_sqlite, "FILE", stale)
    database = Database(f"sqlite:///{tmp_path / 'new.db'}")
    migrate(database)
    with database.read() as connection:
        found = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalars().all()
        assert found == [newest()]
    database.close()


def test_tables_of_somebody_else_stay_beside_ours(tmp_path):
    path = tmp_path / "shared.db"
    theirs = sqlite3.connect(path)
    theirs.execute("CREATE TABLE theirs (a)")
    theirs.close()
    database = Database(f"sqlite:///{path}")
    migrate(database)
    with database.read() as connection:
        names = connection.exec_driver_sql("SELECT name FROM sqlite_master").scalars().all()
    database.close()
    assert {"theirs", "routers"} <= set(names)


def test_names_of_files_say_which_migrations_there_are():
    scripts = ScriptDirectory.from_config(_scripts())
    assert _revisions() == {script.revision for script in scripts.walk_revisions()}
    assert scripts.get_heads() == [newest()]
