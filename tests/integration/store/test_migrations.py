"""Migrations: from nothing, twice, at the same time, from the future."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy.exc import IntegrityError

from pointsman.domain.learning import PullBucket
from pointsman.domain.recording import Recording
from pointsman.domain.routers import INCARNATIONS, Fallback, SlotTable
from pointsman.domain.strategies.bandit import Bandit
from pointsman.errors import DatabaseTooNewError
from pointsman.store import generations, models
from pointsman.store.database import Database
from pointsman.store.feedback import values as feedback
from pointsman.store.learning import arm_pulls
from pointsman.store.learning.arm_pulls import OwnPulls
from pointsman.store.migrate import _config, migrate
from pointsman.store.routing import former_slot_tables, routers
from pointsman.store.schema import metadata

from .rows import add_model, add_router


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request, tmp_path):
    """The URL of an empty database of either kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'pointsman.db'}"
    return request.getfixturevalue("new_postgres")()


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


def test_many_may_open_a_new_file_at_once(tmp_path):
    for number in range(40):
        databases = [Database(f"sqlite:///{tmp_path / str(number)}.db") for _ in range(8)]
        with ThreadPoolExecutor(len(databases)) as threads:
            assert list(threads.map(_first_read, databases)) == [1] * len(databases)
        for database in databases:
            database.close()


def _first_read(database):
    with database.read() as connection:
        return connection.exec_driver_sql("SELECT 1").scalar_one()


def test_a_database_of_a_newer_release_is_refused_and_left_alone(database):
    with database.write() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(DatabaseTooNewError, match=r"9999.*run that release, or restore a backup"):
        migrate(database)
    with database.read() as connection:
        assert connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one() == "9999"


def test_routers_keys_and_feedback_of_the_first_tables_are_kept(database_url):
    database = Database(database_url)
    with database.write() as connection:
        command.upgrade(_config(connection), "0001")
        salt = f"x'{'ab' * 16}'" if database.is_sqlite else f"decode('{'ab' * 16}', 'hex')"
        connection.exec_driver_sql(
            "INSERT INTO routers (router_id, display_name, description, strategy, sticky, version_pinning,"
            " answer_router_name, default_timeout_ms, record_predictions, public, public_predict, owner,"
            " status, status_message, serving, salt, slot_runs, revision, changed_generation,"
            " create_time_us, update_time_us)"
            " VALUES ('r', '', '', 'weighted', TRUE, 'allow', FALSE, 0, TRUE, FALSE, FALSE, 'alice',"
            f" 'registered', '', FALSE, {salt}, '0,10000', 1, 1, 5, 5)"
        )
        connection.exec_driver_sql("INSERT INTO permissions VALUES (1, 'bob', 0)")
        connection.exec_driver_sql(
            "INSERT INTO feedback (prediction_id, metric, router_key, variant, value, observe_time_us,"
            " prediction_time_us, counted) VALUES ('p', 'reward', 1, 'lr', 2.5, 7, 6, TRUE)"
        )
        connection.exec_driver_sql("INSERT INTO feedback_totals VALUES (1, 'lr', 'reward', 1, 2.5, 6.25)")
    migrate(database)
    with database.read() as connection:
        router = routers.find(connection, "r")
        assert router is not None
        assert router.recording == Recording()
        assert (router.metrics, router.allow_feedback_corrections) == ((), False)
        assert router.permissions.shared_user_ids == ("bob",)
        [row] = feedback.to_export(connection, router.row_key, 10)
        assert (row.prediction_id, row.row, row.value, row.revision) == ("p", 0, 2.5, 1)
        assert [found.count for found in feedback.totals_of(connection, router.row_key)] == [1]
        assert "predictions" not in sqlalchemy.inspect(connection).get_table_names()
    with pytest.raises(IntegrityError), database.write() as connection:
        connection.exec_driver_sql("UPDATE routers SET durability = 'nonsense'")
    database.close()


def test_routers_that_were_there_get_incarnations_of_their_own(database_url):
    database = Database(database_url)
    salt = f"x'{'ab' * 16}'" if database.is_sqlite else f"decode('{'ab' * 16}', 'hex')"
    with database.write() as connection:
        command.upgrade(_config(connection), "0002")
        for number in range(20):
            # The same id again and again: all but the last were deleted.
            deleted = "NULL" if number == 19 else number
            connection.exec_driver_sql(
                "INSERT INTO routers (router_id, display_name, description, strategy, sticky,"
                " version_pinning, answer_router_name, default_timeout_ms, record_predictions, public,"
                " public_predict, owner, status, status_message, serving, salt, slot_runs, revision,"
                " changed_generation, create_time_us, update_time_us, delete_time_us)"
                " VALUES ('r', '', '', 'weighted', TRUE, 'allow', FALSE, 0, TRUE, FALSE, FALSE, 'alice',"
                f" 'registered', '', FALSE, {salt}, '0,10000', 1, 1, 5, 5, {deleted})"
            )
    migrate(database)
    with database.read() as connection:
        drawn = connection.exec_driver_sql("SELECT incarnation FROM routers").scalars().all()
        assert len(set(drawn)) == 20
        assert all(0 < incarnation < INCARNATIONS for incarnation in drawn)
        router = routers.find(connection, "r")
        assert router is not None
        assert router.incarnation in drawn
    with pytest.raises(IntegrityError), database.write() as connection:
        connection.exec_driver_sql(f"UPDATE routers SET incarnation = {drawn[0]}")
    database.close()


def test_former_slot_tables_are_found_by_their_counts_when_they_were_there_before(database_url):
    database = Database(database_url)
    salt = f"x'{'ab' * 16}'" if database.is_sqlite else f"decode('{'ab' * 16}', 'hex')"
    with database.write() as connection:
        command.upgrade(_config(connection), "0006")
        connection.exec_driver_sql(
            "INSERT INTO routers (router_id, display_name, description, strategy, sticky,"
            " version_pinning, answer_router_name, default_timeout_ms, record_predictions, public,"
            " public_predict, owner, status, status_message, serving, salt, slot_runs, revision,"
            " changed_generation, create_time_us, update_time_us, incarnation)"
            " VALUES ('r', '', '', 'weighted', TRUE, 'allow', FALSE, 0, TRUE, FALSE, FALSE, 'alice',"
            f" 'registered', '', FALSE, {salt}, '0,10000', 9, 1, 5, 5, 7)"
        )
        for former in (
            "1, 3, '[\"gb\", \"lr\"]', '0,1000,1,9000'",
            "1, 5, '[\"gb\", \"lr\"]', '1,500,0,1000,1,8500'",
            "1, 6, '[\"ü\", \"lr\"]', '0,10000'",
        ):
            connection.exec_driver_sql(f"INSERT INTO former_slot_tables VALUES ({former})")
    migrate(database)
    with database.read() as connection:
        router = routers.find(connection, "r")
        assert router is not None
        found = former_slot_tables.find(connection, router, {"lr": 9000, "gb": 1000})
        assert found == SlotTable(("gb", "lr"), (1, 500, 0, 1000, 1, 8500))
        assert former_slot_tables.find(connection, router, {"ü": 10000}) is not None
        assert former_slot_tables.find(connection, router, {"lr": 1000, "gb": 9000}) is None
    with database.write() as connection:
        command.downgrade(_config(connection), "0006")
        statement = "SELECT revision FROM former_slot_tables ORDER BY revision"
        assert connection.exec_driver_sql(statement).scalars().all() == [5, 6]
    database.close()


def test_models_that_were_there_stay_open_and_get_one_owner(database_url):
    database = Database(database_url)
    with database.write() as connection:
        command.upgrade(_config(connection), "0012")
        registered = [
            # By the first who registered a version; others go on reading it when it is closed.
            ("cancer", "1", "ann", "NULL"),
            ("cancer", "2", "ops", "NULL"),
            ("cancer", "3", "ann", "NULL"),
            # Of those from before the first key somebody with a key takes care, where there is one.
            ("loans", "1", "local", "NULL"),
            ("loans", "2", "bob", "NULL"),
            ("demo", "1", "local", "NULL"),
            # Versions that are deleted say nothing.
            ("prices", "1", "eve", "7"),
            ("prices", "2", "bob", "NULL"),
            ("gone", "1", "eve", "7"),
        ]
        for model_id, version, owner, deleted in registered:
            connection.exec_driver_sql(
                "INSERT INTO model_versions (model_id, version, given_signature, signature, stage,"
                " description, run_uri, metrics, owner, create_time_us, update_time_us, delete_time_us,"
                f" changed_generation) VALUES ('{model_id}', '{version}', '{{}}', '{{}}', 'none', '', '',"
                f" '{{}}', '{owner}', 5, 5, {deleted}, 1)"
            )
    migrate(database)
    with database.read() as connection:
        found = {model_id: models.find(connection, model_id) for model_id, *_ in registered}
        owners = {model_id: model.owner for model_id, model in found.items() if model is not None}
        assert owners == {"cancer": "ann", "loans": "bob", "demo": "local", "prices": "bob"}
        shared = {
            model_id: model.permissions.shared_user_ids
            for model_id, model in found.items()
            if model is not None
        }
        assert shared == {"cancer": ("ops",), "loans": ("local",), "demo": (), "prices": ()}
        present = [model for model in found.values() if model is not None]
        assert all(model.permissions.public and model.permissions.public_predict for model in present)
    with database.write() as connection:
        command.downgrade(_config(connection), "0012")
        owners_then = connection.exec_driver_sql(
            "SELECT owner FROM model_versions WHERE delete_time_us IS NULL ORDER BY row_key"
        )
        assert owners_then.scalars().all() == ["ann", "ops", "ann", "local", "bob", "local", "bob"]
    migrate(database)
    database.close()


def test_no_bandit_goes_back_to_a_release_that_would_learn_what_its_fallback_answers(database):
    add_model(database, "1")
    add_model(database, "2")
    waited = Bandit(feedback_window_us=60_000_000, missing_reward=0.0, epoch=1)
    router = add_router(database, policy=waited, fallback=Fallback.ANY_HEALTHY)
    add_router(database, "other", policy=waited)
    with pytest.raises(RuntimeError, match=r"bandits cancer have"), database.write() as connection:
        command.downgrade(_config(connection), "0016")
    with database.write() as connection:
        rows = [OwnPulls(router.row_key, 1, "lr", "start", 7, 5, 1, 2)]
        arm_pulls.store(connection, rows)
        connection.exec_driver_sql("UPDATE routers SET fallback = 'none'")
        command.downgrade(_config(connection), "0016")
    migrate(database)
    with database.read() as connection:
        assert arm_pulls.pulls_of(connection, router.row_key, 1) == [PullBucket("lr", 7, 5, 5.0, 0.0)]
    with pytest.raises(IntegrityError), database.write() as connection:
        connection.exec_driver_sql("UPDATE arm_pulls SET weighted_unasked_pulls = -1")


def test_every_step_can_be_undone(database):
    with database.write() as connection:
        command.downgrade(_config(connection), "base")
    with database.read() as connection:
        assert set(sqlalchemy.inspect(connection).get_table_names()) <= {"alembic_version"}
    migrate(database)
