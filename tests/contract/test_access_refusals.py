"""The table of method × caller, where calls are refused or read: one server for all, which none changes."""

import sqlite3
from contextlib import closing

import pytest
import pytest_asyncio

from pointsman.v1 import definition_pb2, drift_pb2, key_pb2, model_pb2, prediction_pb2, router_pb2
from stage.migrated import migrated_sqlite

from .access_scene import Scene, begin_call, code_of
from .access_table import (
    ALL_SCOPES,
    CELLS,
    DENIED,
    EXPECTED,
    OK,
    SCOPE_OF,
    UNAUTHENTICATED,
    changes_nothing,
    is_read,
    user_of,
)
from .two_servers import open_bench

ON_ITS_LOOP = pytest.mark.asyncio(loop_scope="module")
"""The server runs on one loop from the first test to the last."""

WRITTEN_BY_ITSELF = {
    "job_leases",
    "journal_positions",
    "journals",
    "lake_files",
    "servers",
    # The numbers of all tables' rows, those of these among them.
    "sqlite_sequence",
}
"""Tables in which a server without calls writes what it does."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(tmp_path_factory):
    folder = tmp_path_factory.mktemp("refused")
    async for bench in open_bench(folder, migrated_sqlite(folder)):
        yield Scene(bench)


def state_of(bench):
    """All that a call could change: the tables' rows, and what the replica was given or asked."""
    replica = bench.replica
    with closing(sqlite3.connect(bench.database_url.removeprefix("sqlite:///"))) as connection:
        names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
        tables = {name for (name,) in names} - WRITTEN_BY_ITSELF
        rows = {name: connection.execute(f'SELECT * FROM "{name}"').fetchall() for name in tables}
    return rows, replica.generation, replica.journal.ends(), len(replica.probed)


async def answer(scene, user, method, caller):
    """The code that a call is answered, which leaves everything as it was."""
    fields = await scene.fields(method, caller)
    before = state_of(scene.bench)
    code = await code_of(begin_call(user, method, fields))
    after = state_of(scene.bench)
    changed = [name for name, rows in before[0].items() if after[0][name] != rows]
    assert changed == [], f"{method} by {caller} is answered {code} and changes these tables"
    assert after[1:] == before[1:], f"{method} by {caller} is answered {code} and changes the replica"
    return code


def test_every_method_is_in_the_table():
    methods = set()
    for file in (model_pb2, router_pb2, key_pb2, prediction_pb2, definition_pb2, drift_pb2):
        for name, service in file.DESCRIPTOR.services_by_name.items():
            methods |= {f"{name}/{method.name}" for method in service.methods}
    assert methods - {"PredictionService/Predict"} == set(EXPECTED) == set(SCOPE_OF)


@ON_ITS_LOOP
@pytest.mark.parametrize(("method", "caller"), [cell for cell in CELLS if changes_nothing(*cell)])
async def test_with_the_scope_the_rule_decides(scene, method, caller):
    user = user_of(scene.bench, method, caller)
    assert await answer(scene, user, method, caller) is EXPECTED[method][caller]


@ON_ITS_LOOP
@pytest.mark.parametrize("method", EXPECTED)
async def test_without_the_scope_even_the_owner_is_denied(scene, method):
    user = scene.bench.user("owner", ",".join(ALL_SCOPES - {SCOPE_OF[method]}))
    assert await answer(scene, user, method, "owner") is DENIED


@ON_ITS_LOOP
@pytest.mark.parametrize("method", [method for method in EXPECTED if is_read(method)])
async def test_an_admin_needs_no_scope(scene, method):
    assert await answer(scene, scene.bench.user("admin", "", admin=True), method, "owner") is OK


@ON_ITS_LOOP
@pytest.mark.parametrize("method", EXPECTED)
async def test_a_call_that_names_nobody_is_unauthenticated(scene, method):
    assert await answer(scene, scene.bench.nobody(), method, "owner") is UNAUTHENTICATED
