"""A sticky bandit over a real server: entities keep their arm between two updates, and through a restart."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.duration_pb2 import Duration

from pointsman.v1 import prediction_pb2, router_pb2
from stage.control import Control, grpc_backend
from stage.oip import infer, infer_request, receipt
from stage.recording_backend import RecordingBackend
from stage.server import Server
from stage.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

ROUTER = "prices"
ENTITIES = [f"visitor-{number}" for number in range(150)]
SUCCEEDS = {"low": 0.0, "high": 1.0}
AGREES = prediction_pb2.REPLAY_VERDICT_AGREES


def begin(control: Control, target: str) -> None:
    for version in SUCCEEDS:
        control.register("m", version, grpc_backend(target, "m"))
    router = router_pb2.Router(
        router_id=ROUTER,
        strategy=router_pb2.STRATEGY_BANDIT,
        variants=[router_pb2.Variant(name=name, model_id="m", model_version=name) for name in SUCCEEDS],
        metrics=[router_pb2.MetricDefinition(name="bought", type=router_pb2.METRIC_TYPE_BINARY)],
        bandit=router_pb2.Bandit(metric="bought", sticky_update_interval=Duration(seconds=10)),
        sticky=True,
    )
    control.routers.CreateRouter(router_pb2.CreateRouterRequest(router=router))
    control.deploy(ROUTER)


def visit(control: Control, entity: str) -> dict[str, str]:
    metadata = (("pointsman-entity-id", entity),) if entity else ()
    return receipt(infer(control.channel, infer_request(ROUTER), metadata=metadata))


def arms_of(control: Control) -> dict[str, str]:
    """The arm of each entity, told by receipts that say the arm's share of slots."""
    shares = {arm.variant: arm.slot_share for arm in control.metrics(ROUTER).bandit.arms}
    told = {entity: visit(control, entity) for entity in ENTITIES}
    for facts in told.values():
        assert (facts["reason"], float(facts["propensity"])) == ("slot", shares[facts["variant"]])
    return {entity: facts["variant"] for entity, facts in told.items()}


def replayed(control: Control) -> Counter[int]:
    """How many calls came out each way, over all parts of the window."""
    counts: Counter[int] = Counter()
    request = router_pb2.ReplayPredictionsRequest(router_id=ROUTER)
    while True:
        answer = control.routers.ReplayPredictions(request)
        for count in answer.counts:
            counts[count.verdict] += count.call_count
        request.page_token = answer.next_page_token
        if not request.page_token:
            return counts


def sticky(control: Control) -> Any:
    return control.metrics(ROUTER).bandit.sticky


def test_entities_move_once_an_interval_and_stay_through_a_restart(
    tmp_path: Path, backend: RecordingBackend
) -> None:
    server = Server(tmp_path)
    control = Control(server.grpc)
    begin(control, backend.target)
    first = {entity: visit(control, entity) for entity in ENTITIES}
    feedback = [
        prediction_pb2.RecordFeedbackRequest(
            prediction_id=facts["prediction_id"], metric="bought", value=SUCCEEDS[facts["variant"]]
        )
        for facts in first.values()
    ]
    control.predictions.BatchRecordFeedback(prediction_pb2.BatchRecordFeedbackRequest(feedback=feedback))
    eventually(lambda: sticky(control).HasField("update_time"), 40.0, "slots follow what was learnt")
    # From here on there is nothing new to learn: no later update moves anybody.
    moved = sticky(control)
    second = arms_of(control)
    assert moved.moved_slots > 4_000
    assert {
        first[entity]["variant"] for entity in ENTITIES if second[entity] != first[entity]["variant"]
    } == {"low"}
    lost = sum(second[entity] == "high" and first[entity]["variant"] == "low" for entity in ENTITIES)
    assert lost >= 0.8 * sum(facts["variant"] == "low" for facts in first.values())
    assert {visit(control, "")["reason"] for _ in range(20)} == {"bandit"}

    control.close()
    server.end()
    server = Server(tmp_path)
    control = Control(server.grpc)
    assert arms_of(control) == second
    assert sticky(control).epoch_moved_slots == moved.moved_slots
    assert replayed(control) == {AGREES: 3 * len(ENTITIES) + 20}
    history = control.routers.ListRouterRevisions(router_pb2.ListRouterRevisionsRequest(router_id=ROUTER))
    assert any(one.comment.startswith("what was learnt moved") for one in history.revisions)
    control.close()
    server.end()
