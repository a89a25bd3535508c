"""What a file says of a user holds for all of its keys, on every server, within seconds; and back again."""

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import grpc
import pytest
from click.testing import CliRunner, Result

from pointsman.cli import app
from pointsman.client import Client, Scope
from stage.control import Control
from stage.oip import infer, infer_request
from stage.plain_http import Http
from stage.postgres import Postgres
from stage.recording_backend import RecordingBackend
from stage.server import Server
from stage.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

IN_EFFECT_SECONDS = 5.0
"""As soon as a key that is revoked is refused."""
EVERYTHING = [Scope.MLOPS_READ, Scope.MLOPS_WRITE, Scope.MLOPS_PREDICT]


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    postgres = Postgres()
    yield postgres
    postgres.close()


@pytest.fixture(scope="module")
def servers(
    tmp_path_factory: pytest.TempPathFactory, backend: RecordingBackend, postgres: Postgres
) -> Iterator[tuple[Server, Server]]:
    """Two servers on one PostgreSQL, with a router of bob's that only he and admins may see and call."""
    east, west = (
        Server(tmp_path_factory.mktemp(name), settings={"database": postgres.url})
        for name in ("east", "west")
    )
    control = Control(east.grpc)
    control.route("r", {"a": backend.target, "b": backend.target}, owner="bob")
    control.close()
    yield east, west
    east.kill()
    west.kill()


@pytest.fixture(scope="module")
def admin(servers: tuple[Server, Server]) -> str:
    with Client(servers[0].grpc) as client:
        return client.keys.create(user_id="ops", admin=True).secret


@pytest.fixture(scope="module")
def bob(servers: tuple[Server, Server], admin: str) -> str:
    with Client(servers[0].grpc, api_key=admin) as client:
        return client.keys.create(user_id="bob", scopes=EVERYTHING).secret


def run(server: Server, key: str, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["--server", server.grpc, "--api-key", key, *arguments])


def apply(server: Server, key: str, folder: Path, *users: dict[str, object]) -> Result:
    path = folder / "users.json"
    path.write_text(json.dumps([{"apiVersion": "pointsman/v1", "kind": "User", **user} for user in users]))
    return run(server, key, "apply", "-f", str(path))


def infer_code(server: Server, key: str) -> tuple[grpc.StatusCode, str]:
    """How a call of the hot path ends."""
    with grpc.insecure_channel(server.grpc) as channel:
        try:
            infer(channel, infer_request("r"), metadata=(("x-api-key", key),))
        except grpc.RpcError as error:
            return error.code(), error.details() or ""
    return grpc.StatusCode.OK, ""


def may(server: Server, key: str) -> tuple[bool, bool, bool]:
    """Whether a key is let into a hot call, and over HTTP into a read and a change."""
    http_ = Http(server.http, key)
    read = http_("GET", "/api/v1/routers/r")
    # A change that is refused for its field was let in.
    write = http_("POST", "/api/v1/definitions/apply", {"definitions": []})
    # A server that has not heard of a new key yet says so by 401.
    assert read.status in (200, 401, 403), read.body
    assert write.status in (400, 401, 403), write.body
    return infer_code(server, key)[0] is grpc.StatusCode.OK, read.status == 200, write.status == 400


def in_effect(servers: tuple[Server, ...], key: str, wanted: tuple[bool, bool, bool]) -> None:
    for server in servers:
        is_so = partial(lambda at: may(at, key) == wanted, server)
        eventually(is_so, IN_EFFECT_SECONDS, f"{wanted} at {server.grpc}")


def test_a_key_loses_what_its_user_loses_on_both_servers_and_gets_it_back(
    servers: tuple[Server, Server], admin: str, bob: str, tmp_path: Path
) -> None:
    east, west = servers
    in_effect(servers, bob, (True, True, True))
    for scopes, wanted in (
        (["mlops:read"], (False, True, False)),
        ([], (False, False, False)),
        (["mlops:predict", "mlops:write"], (True, False, True)),
        (["mlops:read", "mlops:write", "mlops:predict"], (True, True, True)),
    ):
        applied = apply(west, admin, tmp_path, {"user_id": "bob", "scopes": scopes})
        assert applied.exit_code == 0, applied.stderr
        in_effect((west, east), bob, wanted)
        # The admin's, of a user who is not defined, is as it was.
        assert may(east, admin) == (True, True, True)


def test_who_is_shut_out_learns_why_and_what_to_do(
    servers: tuple[Server, Server], admin: str, bob: str, tmp_path: Path
) -> None:
    east, west = servers
    assert apply(east, admin, tmp_path, {"user_id": "bob", "scopes": []}).exit_code == 0
    in_effect(servers, bob, (False, False, False))
    code, message = infer_code(west, bob)
    assert code is grpc.StatusCode.PERMISSION_DENIED
    assert message.endswith('the definition of its user "bob" withholds; ask an admin to add it there'), (
        message
    )
    problem = Http(west.http, bob)("GET", "/api/v1/routers/r")
    assert (problem.status, problem.json()["reason"]) == (403, "SCOPE_MISSING")
    refused = run(west, bob, "routers", "list")
    assert 'which this key has and the definition of its user "bob" withholds' in refused.stderr
    listed = run(east, admin, "keys", "list", "--user", "bob").stdout
    assert "nothing (of read, write, predict)" in listed
    deleted = run(east, admin, "users", "delete", "bob", "--yes")
    assert "may do read, write, predict now" in deleted.stdout
    in_effect(servers, bob, (True, True, True))


def test_nobody_locks_themselves_out_by_a_file(
    servers: tuple[Server, Server], admin: str, tmp_path: Path
) -> None:
    east, _ = servers
    refused = apply(east, admin, tmp_path, {"user_id": "ops", "scopes": ["mlops:read"]})
    assert refused.exit_code == 1
    assert refused.stderr.startswith(
        f"error: {tmp_path / 'users.json'}:1:2: admin: is not true, and no admin key"
    )
    assert may(east, admin) == (True, True, True)
    assert "no admin key" in run(east, admin, "diff", "-f", str(tmp_path / "users.json")).stderr


def test_a_server_that_starts_without_its_database_has_the_rights_of_before(
    servers: tuple[Server, Server], postgres: Postgres, admin: str, bob: str, tmp_path: Path
) -> None:
    """What a server keeps on its own disk says what keys may do, and not only what they say."""
    west = servers[1]
    assert apply(west, admin, tmp_path, {"user_id": "bob", "scopes": ["mlops:read"]}).exit_code == 0
    assert infer_code(west, bob)[0] is grpc.StatusCode.PERMISSION_DENIED
    west.end()
    postgres.stop()
    again = Server(west.data_dir.parent, settings={"database": postgres.url})
    try:
        code, message = infer_code(again, bob)
        assert (code, "withholds" in message) == (grpc.StatusCode.PERMISSION_DENIED, True)
        assert infer_code(again, admin)[0] is grpc.StatusCode.OK
    finally:
        again.kill()
