"""Feedback by entity is judged as feedback by prediction id is: one place, one text."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from google.rpc import error_details_pb2, status_pb2

from pointsman.v1 import key_pb2, prediction_pb2, router_pb2
from stage.control import Control
from stage.oip import infer, infer_request
from stage.recording_backend import RecordingBackend
from stage.server import Server
from stage.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]

SCOPES = (key_pb2.SCOPE_MLOPS_READ, key_pb2.SCOPE_MLOPS_WRITE, key_pb2.SCOPE_MLOPS_PREDICT)
ENTITY = "alice"
METRICS = [
    router_pb2.MetricDefinition(name="clicked", type=router_pb2.METRIC_TYPE_BINARY),
    router_pb2.MetricDefinition(name="orders", type=router_pb2.METRIC_TYPE_COUNT),
    router_pb2.MetricDefinition(name="stars", min_value=1, max_value=5),
]

Told = tuple[grpc.StatusCode, str, str, dict[str, str], dict[str, str]]
"""Status, sentence, reason, facts and fields of a refusal."""


@dataclass
class Desk:
    """A server with a router that its owner shares with one user, and a prediction for an entity."""

    users: dict[str, Control]
    prediction_ids: dict[str, str]

    def told(self, user: str, given: Any) -> Told:
        """How a value is refused."""
        with pytest.raises(grpc.RpcError) as caught:
            self.users[user].predictions.RecordFeedback(given)
        error: Any = caught.value
        reason, facts, fields = "", {}, {}
        for name, value in error.trailing_metadata():
            if name == "grpc-status-details-bin":
                for detail in status_pb2.Status.FromString(value).details:
                    info, bad = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
                    if detail.Unpack(info):
                        reason, facts = info.reason, dict(info.metadata)
                    elif detail.Unpack(bad):
                        fields = {found.field: found.description for found in bad.field_violations}
        assert facts.pop("request_id")
        return error.code(), error.details(), reason, facts, fields

    def of_batch(self, user: str, given: Any, wait: prediction_pb2.FeedbackWait) -> tuple[int, str]:
        """How a value is refused that comes with one by entity, so that the control plane takes both."""
        good = prediction_pb2.RecordFeedbackRequest(router_id="r", entity_id=ENTITY, metric="stars", value=1)
        request = prediction_pb2.BatchRecordFeedbackRequest(feedback=[good, given], wait=wait)
        result = self.users[user].predictions.BatchRecordFeedback(request).results[1]
        return result.code, result.message


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    server, backend = Server(tmp_path_factory.mktemp("feedback")), RecordingBackend()
    anybody = Control(server.grpc)
    secret = anybody.keys.CreateApiKey(key_pb2.CreateApiKeyRequest(user_id="root", admin=True)).secret
    anybody.close()
    users = {"root": Control(server.grpc, secret)}
    secrets = {}
    for user in ("owner", "reader", "stranger"):
        request = key_pb2.CreateApiKeyRequest(user_id=user, scopes=SCOPES)
        secrets[user] = users["root"].keys.CreateApiKey(request).secret
        users[user] = Control(server.grpc, secrets[user])
    shared = router_pb2.RouterPermissions(shared_user_ids=["reader"])
    targets = {"a": backend.target, "b": backend.target}
    users["owner"].route("r", targets, metrics=METRICS, permissions=shared)
    users["owner"].route("gone", targets)
    prediction_ids = {}
    for router_id in ("r", "gone"):
        metadata = (("x-api-key", secrets["owner"]), ("pointsman-entity-id", ENTITY))
        answer = infer(users["owner"].channel, infer_request(router_id), metadata=metadata)
        prediction_ids[router_id] = answer.parameters["pointsman_prediction_id"].string_param
    users["owner"].routers.DeleteRouter(router_pb2.DeleteRouterRequest(router_id="gone"))
    desk = Desk(users, prediction_ids)
    by_entity = prediction_pb2.RecordFeedbackRequest(
        router_id="r", entity_id=ENTITY, metric="clicked", value=1
    )

    def is_recorded() -> bool:
        taken = users["owner"].predictions.RecordFeedback(by_entity)
        return bool(taken.prediction_id == prediction_ids["r"])

    eventually(is_recorded)
    yield desk
    for control in users.values():
        control.close()
    backend.close()
    server.end()


CASES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "an unknown router": ("owner", "gone", {"metric": "stars", "value": 1}),
    "a router that may be read and not called": ("reader", "r", {"metric": "stars", "value": 1}),
    "a router that may not be seen": ("stranger", "r", {"metric": "stars", "value": 1}),
    "a metric that is no name": ("owner", "r", {"metric": "no name", "value": 1}),
    "a metric with a quote": ("owner", "r", {"metric": 'it\'s "quoted" – ö', "value": 1}),
    "a metric of 1,000 characters": ("owner", "r", {"metric": "m" * 1000, "value": 1}),
    "a metric that is not declared": ("owner", "r", {"metric": "other", "value": 1}),
    "no metric, where reward is not declared": ("owner", "r", {"value": 1}),
    "a value that is not binary": ("owner", "r", {"metric": "clicked", "value": 0.5}),
    "a value that is no count": ("owner", "r", {"metric": "orders", "value": -1}),
    "a value above the greatest": ("owner", "r", {"metric": "stars", "value": 5.1}),
    "a value below the least": ("owner", "r", {"metric": "stars", "value": 0.1 + 0.2}),
    "no number": ("owner", "r", {"metric": "stars", "value": math.nan}),
    "infinity": ("owner", "r", {"metric": "stars", "value": -math.inf}),
    "a number beyond all bounds": ("owner", "r", {"metric": "stars", "value": 1.234567e200}),
    "a row that the call did not have": ("owner", "r", {"metric": "stars", "value": 1, "row": 8}),
    "a row below zero": ("owner", "r", {"metric": "stars", "value": 1, "row": -1}),
    "a row beyond all batches": ("owner", "r", {"metric": "stars", "value": 1, "row": 1_000_001}),
    "a time in 1989": (
        "owner",
        "r",
        {"metric": "stars", "value": 1, "observe_time": Timestamp(seconds=631_151_999, nanos=999_999_999)},
    ),
    "a time in 2100": (
        "owner",
        "r",
        {"metric": "stars", "value": 1, "observe_time": Timestamp(seconds=4_102_444_800)},
    ),
    "a time before the year 1": (
        "owner",
        "r",
        {"metric": "stars", "value": 1, "observe_time": Timestamp(seconds=-63_000_000_000)},
    ),
    "a time with a wrong fraction": (
        "owner",
        "r",
        {"metric": "stars", "value": 1, "observe_time": Timestamp(seconds=1, nanos=-1)},
    ),
    "several faults at once": ("owner", "r", {"metric": "no name", "value": math.inf, "row": -7}),
    "a wait that there is not": ("owner", "r", {"metric": "stars", "value": 1, "wait": 9}),
    "a wait that there is not, and a wrong value": ("owner", "r", {"metric": "x y", "value": 1, "wait": 9}),
}


@pytest.mark.parametrize("case", CASES)
def test_a_refusal_is_the_same_by_prediction_id_and_by_entity(desk: Desk, case: str) -> None:
    user, router_id, fields = CASES[case]
    by_id = prediction_pb2.RecordFeedbackRequest(prediction_id=desk.prediction_ids[router_id], **fields)
    by_entity = prediction_pb2.RecordFeedbackRequest(router_id=router_id, entity_id=ENTITY, **fields)
    told = desk.told(user, by_id)
    assert desk.told(user, by_entity) == told
    if "wait" not in fields:
        durable = prediction_pb2.FEEDBACK_WAIT_DURABLE
        code = told[0].value[0]
        assert desk.of_batch(user, by_id, durable) == desk.of_batch(user, by_entity, durable)
        assert desk.of_batch(user, by_entity, durable) == (code, told[1])


def test_a_good_value_is_taken_either_way(desk: Desk) -> None:
    applied = prediction_pb2.FEEDBACK_WAIT_APPLIED
    given = partial(prediction_pb2.RecordFeedbackRequest, metric="stars", value=4, row=3, wait=applied)
    by_entity = given(router_id="r", entity_id=ENTITY)
    by_id = given(prediction_id=desk.prediction_ids["r"])
    take = desk.users["owner"].predictions.RecordFeedback
    first, second = take(by_entity), take(by_id)
    assert first.outcome == prediction_pb2.FEEDBACK_OUTCOME_APPLIED
    assert second.outcome == prediction_pb2.FEEDBACK_OUTCOME_DUPLICATE
    assert first.prediction_id == second.prediction_id


def test_an_entity_id_has_the_limit_that_calls_have(desk: Desk) -> None:
    given = prediction_pb2.RecordFeedbackRequest(router_id="r", entity_id="ä" * 513, metric="stars", value=1)
    code, _, _, _, fields = desk.told("owner", given)
    assert code is grpc.StatusCode.INVALID_ARGUMENT
    assert fields == {"entity_id": "has 1026 bytes; calls name entities of at most 1024"}
