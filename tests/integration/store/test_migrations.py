"""Migrations: from nothing, twice, at the same time, from the future."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from pointsman.errors import DatabaseTooNewError
from pointsman.store import generations
from pointsman.store.database import Database
from pointsman.store.migrate import _config, migrate
from pointsman.store.schema import metadata


def test_a_migrated_database_has_the_tables_that_the_code_declares(database):
    with database.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_a_new_database_is_at_generation_zero(database):
    with database.read() as connection:
        assert generations.current(connection) == generations.Generations(0, 0, 0)


def test_migrating_again_changes_nothing(database):
    with database.write_routing() as connection:
        generations.advance(connection)
    migrate(database)
    with database.read() as connection:
        assert generations.current(connection).value == 1


def test_several_processes_may_start_on_a_new_database(database_url):
    databases = [Database(database_url) for _ in range(4)]
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(migrate, databases))
    with databases[0].read() as connection:
        assert generations.current(connection).value == 0
    for database in databases:
        database.close()


def test_a_database_of_a_newer_release_is_refused_and_left_alone(database):
    with database.write() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(DatabaseTooNewError, match=r"9999.*run that release, or restore a backup"):
        migrate(database)
    with database.read() as connection:
        assert connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one() == "9999"


def test_every_step_can_be_undone(database):
    with database.write() as connection:
        command.downgrade(_config(connection), "base")
    with database.read() as connection:
        assert set(sqlalchemy.inspect(connection).get_table_names()) <= {"alembic_version"}
    migrate(database)
