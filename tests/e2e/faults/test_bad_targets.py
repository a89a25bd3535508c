"""A backend target that cannot be used is refused, and one in the database holds up nothing else."""

import json
import sqlite3
from pathlib import Path

import grpc
import pytest

from pointsman.v1 import key_pb2, model_pb2, router_pb2
from stage.control import Control, grpc_backend
from stage.oip import infer, infer_request
from stage.recording_backend import RecordingBackend
from stage.server import Server
from stage.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]

BAD_TARGETS = [
    "",
    "localhost",
    "localhost:0",
    "http://localhost:80",
    "bäckend:8081",
    "<host>:8081",
    "${HOST}:8081",
    "user@host:8081",
    "[::1%eth0]:8081",
    "a:1,,b:2",
    "host:８０８１",
]


@pytest.mark.parametrize("target", BAD_TARGETS)
def test_a_bad_target_is_refused_when_it_is_registered(control: Control, router_id: str, target: str) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        control.register(router_id, "1", grpc_backend(target, "m"))
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert (caught.value.details() or "").startswith("model_version.backend.grpc.target: ")


def calls(server: Server, key: str) -> grpc.StatusCode:
    """Calls the good router with a key; answers the status."""
    with grpc.insecure_channel(server.grpc, [("grpc.use_local_subchannel_pool", 1)]) as channel:
        try:
            infer(channel, infer_request("good"), metadata=(("x-api-key", key),))
        except grpc.RpcError as error:
            return error.code()
    return grpc.StatusCode.OK


def test_a_poisoned_database_leaves_everything_else_working(tmp_path: Path, good: RecordingBackend) -> None:
    server = Server(tmp_path)
    anybody = Control(server.grpc)
    admin_key = anybody.keys.CreateApiKey(key_pb2.CreateApiKeyRequest(user_id="root", admin=True)).secret
    anybody.close()
    admin = Control(server.grpc, admin_key)
    admin.route("good", {"a": good.target, "b": good.target})
    admin.route("ill", {"a": good.target, "b": good.target})
    admin.close()
    server.end()
    with sqlite3.connect(server.data_dir / "pointsman.db") as database:
        changed = database.execute(
            "UPDATE model_versions SET backend_target = '${HOST}:8081' WHERE model_id = 'ill-model'"
        )
        assert changed.rowcount == 2
        # As if the state on disk were of before: then everything is published anew.
        (server.data_dir / "state" / "complete").unlink()
        (server.data_dir / "state" / "changes").unlink()
    database.close()

    server = Server(tmp_path)
    admin = Control(server.grpc, admin_key)
    try:
        eventually(lambda: calls(server, admin_key) is grpc.StatusCode.OK)
        stage = model_pb2.SetModelVersionStageRequest(
            model_id="ill-model", version="a", stage=model_pb2.STAGE_PRODUCTION
        )
        with pytest.raises(grpc.RpcError) as caught:
            admin.models.SetModelVersionStage(stage)
        assert caught.value.code() is grpc.StatusCode.FAILED_PRECONDITION
        assert "${HOST}:8081" in (caught.value.details() or "")
        seen = admin.routers.GetRouter(router_pb2.GetRouterRequest(router_id="ill"))
        assert seen.status == router_pb2.ROUTER_STATUS_FAILED
        assert "${HOST}:8081" in seen.status_message
        status, ready = server.get("/readyz")
        assert status == 200
        assert any("${HOST}:8081" in reason for reason in json.loads(ready)["degraded"])
        assert 'pointsman_refused_items{kind="model"} 2' in server.get("/metrics")[1].splitlines()
        # New work goes on, and so does revocation.
        admin.route("later", {"a": good.target, "b": good.target})
        scopes = [key_pb2.SCOPE_MLOPS_PREDICT]
        made = admin.keys.CreateApiKey(key_pb2.CreateApiKeyRequest(user_id="root", scopes=scopes))
        assert calls(server, made.secret) is grpc.StatusCode.OK
        admin.keys.RevokeApiKey(key_pb2.RevokeApiKeyRequest(key_id=made.api_key.key_id))
        eventually(lambda: calls(server, made.secret) is grpc.StatusCode.UNAUTHENTICATED)
    finally:
        admin.close()
        server.end()
