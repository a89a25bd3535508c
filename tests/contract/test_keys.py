"""API keys."""

import asyncio
import hashlib
import re

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from pointsman.control.access.bootstrap import any_key_exists, create_admin_key
from pointsman.v1 import key_pb2

READ, WRITE, PREDICT = key_pb2.SCOPE_MLOPS_READ, key_pb2.SCOPE_MLOPS_WRITE, key_pb2.SCOPE_MLOPS_PREDICT


def make(**fields):
    return key_pb2.CreateApiKeyRequest(**fields)


async def test_the_first_key_ends_open_access(bench):
    assert bench.replica.access.open
    assert bench.plane.open_access
    answer = await bench.local.keys.CreateApiKey(make(admin=True, user_id="alice", display_name="laptop"))
    assert re.fullmatch(rf"pm_{answer.api_key.key_id}_[A-Za-z0-9]{{43}}", answer.secret)
    assert len(answer.api_key.key_id) == 8
    access = bench.replica.access
    assert not access.open
    assert not bench.plane.open_access
    assert access.keys[0].secret_sha256 == hashlib.sha256(answer.secret.encode()).digest()
    assert (access.keys[0].user_id, access.keys[0].admin) == ("alice", True)


async def test_a_revoked_key_is_off_the_table_at_once_and_access_stays_closed(bench):
    made = await bench.local.keys.CreateApiKey(make(scopes=[READ, PREDICT]))
    request = key_pb2.RevokeApiKeyRequest(key_id=made.api_key.key_id)
    revoked = await bench.local.keys.RevokeApiKey(request)
    assert revoked.HasField("revoke_time")
    assert not bench.replica.access.keys
    assert not bench.replica.access.open
    assert await bench.local.keys.RevokeApiKey(request) == revoked


async def test_keys_are_listed_without_secrets_admins_see_all(bench):
    await bench.local.keys.CreateApiKey(make(user_id="alice", scopes=[WRITE, READ]))
    await bench.local.keys.CreateApiKey(
        make(user_id="bob", scopes=[READ], expire_time=Timestamp(seconds=10**10))
    )

    async def users(user, **filters):
        answer = await user.keys.ListApiKeys(key_pb2.ListApiKeysRequest(**filters))
        return [key.user_id for key in answer.api_keys]

    assert await users(bench.local) == ["alice", "bob"]
    assert await users(bench.local, user_id="bob") == ["bob"]
    assert await users(bench.user("alice")) == ["alice"]
    answer = await bench.local.keys.ListApiKeys(key_pb2.ListApiKeysRequest())
    assert answer.api_keys[0].scopes == [READ, WRITE]
    assert answer.api_keys[1].expire_time.seconds == 10**10
    assert bench.replica.access.keys[1].expire_time_us == 10**16


async def test_an_expired_key_leaves_the_table_with_the_next_change(bench):
    soon = Timestamp()
    soon.GetCurrentTime()
    soon.seconds += 3600
    await bench.local.keys.CreateApiKey(make(user_id="alice", scopes=[READ], expire_time=soon))
    bench.clock.advance_days(1)
    await bench.local.keys.CreateApiKey(make(user_id="bob", scopes=[READ]))
    assert [key.user_id for key in bench.replica.access.keys] == ["bob"]


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({}, "scopes"),
        ({"scopes": [0]}, "scopes[0]"),
        ({"scopes": [READ, 9]}, "scopes[1]"),
        ({"scopes": [READ], "user_id": "a b"}, "user_id"),
        ({"scopes": [READ], "expire_time": Timestamp(seconds=1)}, "expire_time"),
        ({"scopes": [READ], "expire_time": Timestamp(seconds=2**60)}, "expire_time"),
        ({"scopes": [READ], "display_name": "x" * 257}, "display_name"),
    ],
)
async def test_a_wrong_key_is_refused_by_the_field(bench, failing, fields, path):
    failure = await failing(bench.local.keys.CreateApiKey(make(**fields)))
    assert failure.code is grpc.StatusCode.INVALID_ARGUMENT
    assert path in failure.fields
    assert bench.replica.access.open


@pytest.mark.parametrize(
    "fields",
    [
        {"scopes": [PREDICT]},
        {"scopes": [READ], "user_id": "bob"},
        {"scopes": [READ], "admin": True},
    ],
)
async def test_nobody_passes_on_more_than_they_have(bench, failing, fields):
    alice = bench.user("alice", "mlops:write,mlops:read")
    failure = await failing(alice.keys.CreateApiKey(make(**fields)))
    assert failure.code is grpc.StatusCode.PERMISSION_DENIED


async def test_anothers_keys_are_not_listed(bench, failing):
    request = key_pb2.ListApiKeysRequest(user_id="bob")
    failure = await failing(bench.user("alice").keys.ListApiKeys(request))
    assert failure.code is grpc.StatusCode.PERMISSION_DENIED


async def test_a_key_made_at_the_database_is_known_soon(bench):
    assert not any_key_exists(bench.database_url)
    secret = create_admin_key(bench.database_url, "root")
    assert any_key_exists(bench.database_url)
    digest = hashlib.sha256(secret.encode()).digest()
    await asyncio.to_thread(bench.replica.wait_for, lambda: bool(bench.replica.access.keys))
    assert bench.replica.access.keys[0].secret_sha256 == digest
    assert not bench.replica.access.open


@pytest.mark.parametrize("loopback", [True, False])
async def test_only_a_server_on_loopback_is_open(tmp_path, replica, loopback):
    from .conftest import start_plane

    plane = start_plane(tmp_path, replica, loopback=loopback)
    await plane.start()
    assert replica.access.open is loopback
    await plane.stop(0)
