"""A canary and the brake over a real server: who gets which version, how probably, and what counts."""

import math
from collections import Counter
from collections.abc import Iterator

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration

from pointsman.v1 import prediction_pb2, router_pb2
from stage.control import Control, grpc_backend
from stage.oip import infer, infer_request, receipt
from stage.recording_backend import RecordingBackend
from stage.server import Server
from stage.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

ROUTER = "checkout"
ENTITIES = 400
CALLS = 2000
Z_999 = 3.29
"""A share strays so many standard errors in one of a thousand runs; seeds differ from run to run."""


@pytest.fixture(scope="module")
def control(server: Server, backend: RecordingBackend) -> Iterator[Control]:
    control = Control(server.grpc)
    for version in ("old", "new"):
        control.register("m", version, grpc_backend(backend.target, "m"))
    yield control
    control.close()


@pytest.fixture
def channel(server: Server) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel(server.grpc) as channel:
        yield channel


def create(control: Control, router_id: str, percent: float, *, sticky: bool = True) -> None:
    variants = [
        router_pb2.Variant(
            name="old", model_id="m", model_version="old", role=router_pb2.VARIANT_ROLE_CONTROL
        ),
        router_pb2.Variant(
            name="new", model_id="m", model_version="new", role=router_pb2.VARIANT_ROLE_CANARY
        ),
    ]
    router = router_pb2.Router(
        router_id=router_id,
        strategy=router_pb2.STRATEGY_CANARY,
        variants=variants,
        canary=router_pb2.Canary(percent=percent),
        sticky=sticky,
    )
    control.routers.CreateRouter(router_pb2.CreateRouterRequest(router=router))
    control.deploy(router_id)


def call(channel: grpc.Channel, router_id: str, entity: str = "", version: str = "") -> dict[str, str]:
    metadata = (("pointsman-entity-id", entity),) if entity else ()
    return receipt(infer(channel, infer_request(router_id, model_version=version), metadata=metadata))


def on_canary(channel: grpc.Channel) -> set[str]:
    names = [f"user-{number}" for number in range(ENTITIES)]
    return {name for name in names if call(channel, ROUTER, name)["variant"] == "new"}


def test_who_is_on_the_canary_stays_while_it_grows_and_all_are_on_it_when_it_is_promoted(
    control: Control, channel: grpc.Channel
) -> None:
    create(control, ROUTER, 10)
    few = on_canary(channel)
    one = call(channel, ROUTER, next(iter(few)))
    assert (one["reason"], float(one["propensity"])) == ("slot", 0.1)
    control.routers.SetCanary(router_pb2.SetCanaryRequest(router_id=ROUTER, percent=40))
    more = on_canary(channel)
    assert few < more
    control.routers.SetCanary(router_pb2.SetCanaryRequest(router_id=ROUTER, percent=10))
    assert on_canary(channel) == few, "the same come back"
    control.routers.PromoteCanary(router_pb2.PromoteCanaryRequest(router_id=ROUTER))
    assert len(on_canary(channel)) == ENTITIES


def test_calls_without_an_entity_are_drawn_with_the_propensity_that_is_told(
    control: Control, channel: grpc.Channel
) -> None:
    create(control, "drawn", 12.5, sticky=False)
    answers = [call(channel, "drawn") for _ in range(CALLS)]
    assert {(one["variant"], float(one["propensity"])) for one in answers} == {("old", 0.875), ("new", 0.125)}
    served = sum(one["variant"] == "new" for one in answers)
    band = Z_999 * math.sqrt(CALLS * 0.125 * 0.875)
    assert abs(served - 0.125 * CALLS) <= band, served


def test_zero_percent_are_nobody(control: Control, channel: grpc.Channel) -> None:
    create(control, "none", 0, sticky=False)
    assert {call(channel, "none")["variant"] for _ in range(500)} == {"old"}


def test_the_brake_takes_everything_ends_by_itself_and_counts_nowhere(
    server: Server, control: Control, channel: grpc.Channel
) -> None:
    create(control, "braked", 50)
    names = [f"user-{number}" for number in range(60)]
    before = {name: call(channel, "braked", name)["variant"] for name in names}
    brake = router_pb2.SetTrafficOverrideRequest(
        router_id="braked", variant="old", ttl=Duration(seconds=600), reason="new answers late"
    )
    control.routers.SetTrafficOverride(brake)
    during = [call(channel, "braked", name) for name in names]
    assert {(one["variant"], one["reason"], float(one["propensity"])) for one in during} == {
        ("old", "override", 1.0)
    }
    assert call(channel, "braked", "user-1", version="new")["variant"] == "new", "who asks for one gets it"
    request = prediction_pb2.RecordFeedbackRequest(
        prediction_id=during[0]["prediction_id"], value=1, wait=prediction_pb2.FEEDBACK_WAIT_APPLIED
    )
    control.predictions.RecordFeedback(request)

    decided = Counter(before.values())
    wanted = {"old": (decided["old"], 60, 0, 0), "new": (decided["new"], 0, 1, 0)}
    for live in (True, False):

        def agree(live: bool = live) -> bool:
            asked = router_pb2.GetRouterMetricsRequest(router_id="braked", live=live)
            found = control.routers.GetRouterMetrics(asked).variants
            return wanted == {
                one.variant: (
                    one.request_count,
                    one.override_request_count,
                    one.pinned_request_count,
                    one.feedback_count,
                )
                for one in found
            }

        eventually(agree, 30.0, f"the figures agree, live: {live}")
    listed = router_pb2.ListPredictionsRequest(router_id="braked", page_size=1000)
    reasons = Counter(one.reason for one in control.routers.ListPredictions(listed).predictions)
    assert reasons[prediction_pb2.DECISION_REASON_OVERRIDE] == 60
    assert "pointsman_override_requests_total{" in server.get("/metrics")[1]

    control.routers.ClearTrafficOverride(router_pb2.ClearTrafficOverrideRequest(router_id="braked"))
    assert {name: call(channel, "braked", name)["variant"] for name in names} == before

    brake.ttl.seconds = 1
    control.routers.SetTrafficOverride(brake)
    canaries = [name for name in names if before[name] == "new"]
    eventually(
        lambda: call(channel, "braked", canaries[0])["variant"] == "new", 30.0, "the brake ends by itself"
    )

    def is_gone() -> bool:
        router = control.routers.GetRouter(router_pb2.GetRouterRequest(router_id="braked"))
        return not router.HasField("traffic_override")

    eventually(is_gone, 30.0, "the definition says so")
