"""A backend dies under a real server: its calls go to the control, and no figure counts them."""

from collections.abc import Iterator

import grpc
import pytest
from click.testing import CliRunner

from pointsman.cli import app
from pointsman.v1 import prediction_pb2, router_pb2
from stage.control import Control, grpc_backend
from stage.oip import infer, infer_request, receipt
from stage.recording_backend import RecordingBackend
from stage.server import Server
from stage.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

ROUTER = "r"
CALLS = 40


@pytest.fixture
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("fallback"))
    yield server
    server.end()


@pytest.fixture
def control(server: Server) -> Iterator[Control]:
    control = Control(server.grpc)
    yield control
    control.close()


def call(channel: grpc.Channel, number: int) -> dict[str, str]:
    return receipt(infer(channel, infer_request(ROUTER), metadata=(("pointsman-entity-id", f"e{number}"),)))


def figures(control: Control, *, live: bool) -> dict[str, tuple[int, int, int]]:
    """Requests, those of a fallback and values of feedback by variant."""
    request = router_pb2.GetRouterMetricsRequest(router_id=ROUTER, live=live)
    return {
        one.variant: (one.request_count, one.fallback_request_count, one.feedback_count)
        for one in control.routers.GetRouterMetrics(request).variants
    }


def test_calls_of_a_dead_backend_go_to_the_control_and_out_of_the_figures(
    server: Server, control: Control
) -> None:
    steady, dying = RecordingBackend(), RecordingBackend()
    for name, backend in (("old", steady), ("new", dying)):
        control.register("m", name, grpc_backend(backend.target, "m"))
    variants = [
        router_pb2.Variant(
            name="old", model_id="m", model_version="old", weight=50, role=router_pb2.VARIANT_ROLE_CONTROL
        ),
        router_pb2.Variant(name="new", model_id="m", model_version="new", weight=50),
    ]
    router = router_pb2.Router(
        router_id=ROUTER,
        strategy=router_pb2.STRATEGY_WEIGHTED,
        variants=variants,
        fallback=router_pb2.FALLBACK_CONTROL,
    )
    control.routers.CreateRouter(router_pb2.CreateRouterRequest(router=router))
    control.deploy(ROUTER)

    with grpc.insecure_channel(server.grpc) as channel:
        before = [call(channel, number) for number in range(CALLS)]
        assert {one["variant"] for one in before} == {"old", "new"}
        assert all("decided_variant" not in one for one in before)
        dying.close()
        down = f'pointsman_backend_up{{backend="{dying.target}"}} 0'
        eventually(lambda: down in server.get("/metrics")[1], 30.0, "the loss shows")
        after = [call(channel, number) for number in range(CALLS)]
        diverted = [one for one in after if one["reason"] == "fallback"]
        assert {one["variant"] for one in after} == {"old"}
        assert {one["decided_variant"] for one in diverted} == {"new"}
        decided = [one["variant"] for one in before]
        assert len(diverted) == decided.count("new")

        for one in (diverted[0], before[0]):
            request = prediction_pb2.RecordFeedbackRequest(
                prediction_id=one["prediction_id"], value=1, wait=prediction_pb2.FEEDBACK_WAIT_APPLIED
            )
            control.predictions.RecordFeedback(request)
        wanted = {
            "old": (2 * decided.count("old"), len(diverted), int(before[0]["variant"] == "old")),
            "new": (decided.count("new"), 0, int(before[0]["variant"] == "new")),
        }
        for live in (True, False):

            def agree(live: bool = live) -> bool:
                return figures(control, live=live) == wanted

            eventually(agree, 30.0, "the figures agree")

        listed = router_pb2.ListPredictionsRequest(router_id=ROUTER, page_size=1000)
        records = {one.prediction_id: one for one in control.routers.ListPredictions(listed).predictions}
        for one in diverted:
            record = records[one["prediction_id"]]
            assert record.reason == prediction_pb2.DECISION_REASON_FALLBACK
            assert (record.variant, record.decided_variant) == ("old", "new")
            assert record.propensity == float(one["propensity"])
        told = CliRunner().invoke(app, ["routers", "metrics", ROUTER, "--server", server.grpc])
        assert f"old stood in for variants without a live backend in {len(diverted)} calls" in told.stderr

        again = RecordingBackend(port=dying.port)
        place = decided.index("new")
        eventually(lambda: call(channel, place)["variant"] == "new", 30.0, "the variant is back")
        again.close()
    steady.close()
