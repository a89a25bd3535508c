"""What the database itself refuses, whatever the code above it does."""

import contextlib

import pytest
from sqlalchemy.exc import IntegrityError

from pointsman.domain.revisions import Cause, RevisionKind
from pointsman.store.routing import router_revisions

from .rows import add_model, add_router


@pytest.fixture
def scene(database):
    add_model(database, "1")
    add_model(database, "2")
    router = add_router(database)
    with database.write_routing() as connection:
        router_revisions.append(connection, router, Cause(RevisionKind.CREATED), 1, "", b"x")
    return database


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE model_versions SET stage = 'production'",
        "UPDATE model_versions SET stage = 'nonsense'",
        "UPDATE model_versions SET version = '1'",
        "UPDATE model_versions SET backend_target = NULL",
        "UPDATE model_versions SET backend_kind = 'onnx', backend_sha256 = 'short'",
        f"UPDATE model_versions SET backend_kind = 'onnx', backend_sha256 = '{'A' * 64}'",
        f"UPDATE model_versions SET backend_sha256 = '{'a' * 64}'",
        "DELETE FROM model_versions",
        "UPDATE models SET revision = 0",
        "UPDATE models SET public = NULL",
        "INSERT INTO models (model_id, owner, public, public_predict, revision)"
        " VALUES ('cancer', 'bob', TRUE, TRUE, 1)",
        "INSERT INTO model_permissions (model_key, user_id, position) VALUES (99, 'u', 0)",
        "INSERT INTO model_permissions (model_key, user_id, position) SELECT row_key, 'u', -1 FROM models",
        "UPDATE routers SET status = 'nonsense'",
        "UPDATE routers SET strategy = 'nonsense'",
        "UPDATE routers SET revision = 0",
        "UPDATE variants SET weight = 101",
        "UPDATE variants SET weight = -1",
        "UPDATE variants SET position = 0",
        "UPDATE variants SET role = 'guest'",
        "UPDATE variants SET model_version_key = 99",
        "UPDATE variants SET router_key = 99",
        "INSERT INTO generation VALUES (2, 0, 0, 0, '', '')",
        "INSERT INTO permissions (router_key, user_id, position) VALUES (99, 'u', 0)",
        "INSERT INTO feedback_totals VALUES (99, 'v', 'm', 1)",
        "INSERT INTO feedback_totals VALUES (1, 'v', 'm', 0)",
        "UPDATE routers SET features_share = 1.5",
        "UPDATE routers SET shadow_share = 1.5",
        "UPDATE routers SET shadow_share = -0.5",
        "UPDATE routers SET max_body_bytes = 0",
        "UPDATE routers SET entity_recording = 'nonsense'",
        "UPDATE routers SET durability = 'nonsense'",
        "UPDATE routers SET retention_days = -1",
        "UPDATE routers SET retention_bytes = -1",
        "INSERT INTO router_metrics VALUES (99, 'm', 0, 'number', NULL, NULL, 'maximise')",
        "INSERT INTO router_metrics VALUES (1, 'm', 0, 'nonsense', NULL, NULL, 'maximise')",
        "INSERT INTO router_metrics VALUES (1, 'm', 0, 'number', 2, 1, 'maximise')",
        "INSERT INTO installation VALUES (2, 'x', 0)",
        "INSERT INTO installation VALUES (1, 'short', 0)",
        "INSERT INTO journal_positions VALUES ('j', 'nonsense', 0, 0)",
        "INSERT INTO journal_positions VALUES ('j', 'feedback', -1, 0)",
        "UPDATE router_revisions SET kind = 'nonsense'",
        "UPDATE router_revisions SET kind = 'rolled_back'",
        "UPDATE router_revisions SET source_number = 1",
        "UPDATE router_revisions SET number = 0",
        "UPDATE router_revisions SET last_generation = generation - 1",
        "UPDATE router_revisions SET router_key = 99",
        "UPDATE router_slot_tables SET sha256 = 'short'",
        "DELETE FROM router_slot_tables",
    ],
)
def test_refused(scene, statement):
    with pytest.raises(IntegrityError), scene.write() as connection:
        connection.exec_driver_sql(statement)


def test_a_router_id_is_taken_while_its_router_is_there(scene):
    with pytest.raises(IntegrityError):
        add_router(scene)
    with scene.write() as connection:
        connection.exec_driver_sql("UPDATE routers SET delete_time_us = 1")
    add_router(scene)


def test_a_failed_transaction_leaves_nothing(scene):
    with contextlib.suppress(RuntimeError), scene.write_routing() as connection:
        connection.exec_driver_sql("UPDATE routers SET display_name = 'changed'")
        raise RuntimeError
    with scene.write_routing(keep=False) as connection:
        connection.exec_driver_sql("UPDATE routers SET display_name = 'changed'")
    with scene.read() as connection:
        assert connection.exec_driver_sql("SELECT display_name FROM routers").scalar_one() == ""
