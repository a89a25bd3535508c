"""Keys: who may call what, as a client sees it, and how soon a change is in effect."""

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from pointsman.v1 import key_pb2, model_pb2, prediction_pb2, router_pb2
from stage.control import Control
from stage.oip import infer, infer_request, raw_method
from stage.recording_backend import RecordingBackend
from stage.server import Server
from stage.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]

READ, WRITE, PREDICT = key_pb2.SCOPE_MLOPS_READ, key_pb2.SCOPE_MLOPS_WRITE, key_pb2.SCOPE_MLOPS_PREDICT
IN_EFFECT_SECONDS = 5.0


@dataclass
class Guarded:
    """A server that asks for keys, with one router of its owner."""

    server: Server
    admin: Control
    admin_key: str
    backend: RecordingBackend

    def key(self, user_id: str, *scopes: key_pb2.Scope, **fields: Any) -> Any:
        request = key_pb2.CreateApiKeyRequest(user_id=user_id, scopes=scopes, **fields)
        return self.admin.keys.CreateApiKey(request)

    def infer(self, key: str = "", name: str = "x-api-key", router_id: str = "r") -> grpc.StatusCode:
        metadata = ((name, key),) if key else ()
        with grpc.insecure_channel(self.server.grpc) as channel:
            return code(lambda: infer(channel, infer_request(router_id), metadata=metadata))

    def can_infer(self, key: str, router_id: str = "r") -> bool:
        return self.infer(key, router_id=router_id) is grpc.StatusCode.OK


def code(call: Any) -> grpc.StatusCode:
    try:
        call()
    except grpc.RpcError as error:
        return error.code()
    return grpc.StatusCode.OK


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    server = Server(tmp_path_factory.mktemp("guarded"))
    backend = RecordingBackend()
    anybody = Control(server.grpc)
    request = key_pb2.CreateApiKeyRequest(user_id="root", admin=True)
    admin_key = anybody.keys.CreateApiKey(request).secret
    anybody.close()
    guarded = Guarded(server, Control(server.grpc, admin_key), admin_key, backend)
    owner = Control(server.grpc, guarded.key("owner", READ, WRITE, PREDICT).secret)
    owner.route("r", {"a": backend.target, "b": backend.target})
    owner.close()
    yield guarded
    guarded.admin.close()
    backend.close()
    server.end()


@pytest.mark.parametrize(
    "wrong",
    ["", "secret", "pm_", "pm_aaaaaaaa_wrong", "pm_aaaaaaaa", "Bearer ", "pm_" + "a" * 5000, "pm__"],
)
@pytest.mark.parametrize("name", ["x-api-key", "authorization"])
def test_no_key_and_wrong_keys_are_refused_everywhere(guarded: Guarded, wrong: str, name: str) -> None:
    assert guarded.infer(wrong, name) is grpc.StatusCode.UNAUTHENTICATED
    metadata = ((name, wrong),) if wrong else ()
    with grpc.insecure_channel(guarded.server.grpc) as channel:
        for path in (
            "/pointsman.v1.RouterService/ListRouters",
            "/pointsman.v1.PredictionService/Predict",
            "/pointsman.v1.PredictionService/RecordFeedback",
            "/inference.GRPCInferenceService/ModelReady",
        ):
            call = raw_method(channel, path)
            refused = code(lambda call=call: call(b"\x0a\x01r", metadata=metadata, timeout=10))
            assert refused is grpc.StatusCode.UNAUTHENTICATED, path


def test_one_letter_changed_in_a_good_key_is_refused(guarded: Guarded) -> None:
    key = guarded.admin_key
    assert guarded.can_infer(key)
    for place in (3, 11, 12, len(key) - 1):
        letter = "a" if key[place] != "a" else "b"
        changed = key[:place] + letter + key[place + 1 :]
        assert guarded.infer(changed) is grpc.StatusCode.UNAUTHENTICATED


def test_key_is_taken_as_a_bearer_token(guarded: Guarded) -> None:
    assert guarded.infer(f"Bearer {guarded.admin_key}", "authorization") is grpc.StatusCode.OK


def test_key_does_not_reach_the_backend(guarded: Guarded) -> None:
    for name, key in (("x-api-key", guarded.admin_key), ("authorization", f"Bearer {guarded.admin_key}")):
        assert guarded.infer(key, name) is grpc.StatusCode.OK
    secret = guarded.admin_key.rsplit("_", 1)[-1]
    for seen in guarded.backend.seen:
        assert {"x-api-key", "authorization"}.isdisjoint(seen.metadata)
        assert secret not in str(seen.metadata)


def test_new_key_is_in_effect_at_once(guarded: Guarded) -> None:
    for _ in range(5):
        assert guarded.can_infer(guarded.key("owner", PREDICT).secret)


def test_revoked_key_is_refused_within_seconds_on_connections_that_used_it(guarded: Guarded) -> None:
    made = guarded.key("owner", PREDICT)
    metadata = (("x-api-key", made.secret),)
    with grpc.insecure_channel(guarded.server.grpc) as channel:
        infer(channel, infer_request("r"), metadata=metadata)
        guarded.admin.keys.RevokeApiKey(key_pb2.RevokeApiKeyRequest(key_id=made.api_key.key_id))

        def is_refused() -> bool:
            return (
                code(lambda: infer(channel, infer_request("r"), metadata=metadata))
                is grpc.StatusCode.UNAUTHENTICATED
            )

        eventually(is_refused, IN_EFFECT_SECONDS)
        assert all(is_refused() for _ in range(20))


def test_key_that_expires_is_refused_then(guarded: Guarded) -> None:
    at = Timestamp()
    at.FromNanoseconds(time.time_ns() + 1_500_000_000)
    made = guarded.key("owner", PREDICT, expire_time=at)
    assert guarded.can_infer(made.secret)
    eventually(lambda: not guarded.can_infer(made.secret))
    assert time.time_ns() > at.ToNanoseconds()
    assert guarded.infer(made.secret) is grpc.StatusCode.UNAUTHENTICATED


def test_scopes_are_kept_apart(guarded: Guarded) -> None:
    denied = grpc.StatusCode.PERMISSION_DENIED
    reads, predicts = guarded.key("owner", READ).secret, guarded.key("owner", PREDICT).secret
    assert guarded.infer(reads) is denied
    assert guarded.infer(predicts) is grpc.StatusCode.OK
    for key, may_read in ((reads, True), (predicts, False)):
        control = Control(guarded.server.grpc, key)
        got = code(lambda c=control: c.routers.GetRouter(router_pb2.GetRouterRequest(router_id="r")))
        assert (got is grpc.StatusCode.OK) is may_read
        stopped = code(lambda c=control: c.routers.StopRouter(router_pb2.StopRouterRequest(router_id="r")))
        assert stopped is denied
        predicted = code(
            lambda c=control: c.predictions.Predict(prediction_pb2.PredictRequest(router_id="r"))
        )
        assert (predicted is denied) is may_read
        control.close()


def test_who_may_call_a_router_of_somebody_else(guarded: Guarded) -> None:
    stranger = guarded.key("stranger", READ, WRITE, PREDICT).secret
    unknown, denied, ok = (
        grpc.StatusCode.NOT_FOUND,
        grpc.StatusCode.PERMISSION_DENIED,
        grpc.StatusCode.OK,
    )
    wanted = (
        (router_pb2.RouterPermissions(), unknown),
        (router_pb2.RouterPermissions(public=True), denied),
        (router_pb2.RouterPermissions(shared_user_ids=["stranger"]), denied),
        (router_pb2.RouterPermissions(public_predict=True), ok),
        (router_pb2.RouterPermissions(), unknown),
    )
    for permissions, code_wanted in wanted:
        guarded.admin.routers.UpdateRouterPermissions(
            router_pb2.UpdateRouterPermissionsRequest(router_id="r", permissions=permissions)
        )
        assert guarded.infer(stranger) is code_wanted, permissions


def test_who_may_call_a_model_of_somebody_else(guarded: Guarded) -> None:
    stranger = guarded.key("stranger", READ, WRITE, PREDICT).secret
    owner = guarded.key("owner", PREDICT).secret
    unknown, denied, ok = (
        grpc.StatusCode.NOT_FOUND,
        grpc.StatusCode.PERMISSION_DENIED,
        grpc.StatusCode.OK,
    )
    guarded.admin.models.SetModelVersionStage(
        model_pb2.SetModelVersionStageRequest(
            model_id="r-model", version="a", stage=model_pb2.STAGE_PRODUCTION
        )
    )
    wanted = (
        (model_pb2.ModelPermissions(), unknown),
        (model_pb2.ModelPermissions(public=True), denied),
        (model_pb2.ModelPermissions(shared_user_ids=["stranger"]), denied),
        (model_pb2.ModelPermissions(public_predict=True), ok),
        (model_pb2.ModelPermissions(), unknown),
    )
    for permissions, code_wanted in wanted:
        guarded.admin.models.UpdateModelPermissions(
            model_pb2.UpdateModelPermissionsRequest(model_id="r-model", permissions=permissions)
        )
        assert guarded.infer(stranger, router_id="r-model") is code_wanted, permissions
        assert guarded.can_infer(owner, "r-model")
        assert guarded.can_infer(owner), "what serves the model goes on"


def test_health_and_reflection_need_no_key(guarded: Guarded) -> None:
    from grpc_health.v1 import health_pb2, health_pb2_grpc

    from stage import grpcurl

    with grpc.insecure_channel(guarded.server.grpc) as channel:
        answer = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=10)
    assert answer.status == health_pb2.HealthCheckResponse.SERVING
    assert "pointsman.v1.RouterService" in grpcurl.list_services(guarded.server.grpc)


def test_changes_of_keys_disturb_no_call(guarded: Guarded) -> None:
    ended = threading.Event()
    codes: set[grpc.StatusCode] = set()
    calls = 0

    def work() -> None:
        nonlocal calls
        metadata = (("x-api-key", guarded.admin_key),)
        with grpc.insecure_channel(guarded.server.grpc) as channel:
            while not ended.is_set():
                codes.add(code(lambda: infer(channel, infer_request("r"), metadata=metadata)))
                calls += 1

    worker = threading.Thread(target=work)
    worker.start()
    for _ in range(15):
        made = guarded.key("owner", PREDICT)
        guarded.admin.keys.RevokeApiKey(key_pb2.RevokeApiKeyRequest(key_id=made.api_key.key_id))
    ended.set()
    worker.join()
    assert codes == {grpc.StatusCode.OK}
    assert calls > 20
