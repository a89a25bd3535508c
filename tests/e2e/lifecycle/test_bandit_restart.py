"""A server that starts decides by what its bandits had learnt, from the first call on."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tritonclient.grpc import service_pb2

from pointsman.v1 import prediction_pb2, router_pb2
from stage.control import Control, grpc_backend
from stage.oip import infer_bytes, infer_request, receipt
from stage.postgres import Postgres
from stage.recording_backend import RecordingBackend
from stage.server import Server
from stage.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

ROUTER = "offers"
EVEN = 0.5


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    postgres = Postgres()
    yield postgres
    postgres.close()


def call(control: Control) -> dict[str, str]:
    answer = infer_bytes(control.channel, infer_request(ROUTER).SerializeToString())
    return receipt(service_pb2.ModelInferResponse.FromString(answer))


def create(control: Control, backend: RecordingBackend) -> None:
    for name in ("good", "poor"):
        control.register("m", name, grpc_backend(backend.target, "m"))
    router = router_pb2.Router(
        router_id=ROUTER,
        strategy=router_pb2.STRATEGY_BANDIT,
        variants=[
            router_pb2.Variant(name=name, model_id="m", model_version=name) for name in ("good", "poor")
        ],
        metrics=[router_pb2.MetricDefinition(name="bought", type=router_pb2.METRIC_TYPE_BINARY)],
        bandit=router_pb2.Bandit(metric="bought"),
        record_predictions=False,
    )
    control.routers.CreateRouter(router_pb2.CreateRouterRequest(router=router))
    control.deploy(ROUTER)


def teach(control: Control) -> None:
    """Calls and tells what calls were worth, until nearly all go to the good arm."""

    def is_learnt() -> bool:
        made = [call(control) for _ in range(30)]
        feedback = [
            prediction_pb2.RecordFeedbackRequest(
                prediction_id=facts["prediction_id"], metric="bought", value=facts["variant"] == "good"
            )
            for facts in made
        ]
        control.predictions.BatchRecordFeedback(prediction_pb2.BatchRecordFeedbackRequest(feedback=feedback))
        return not 0.05 < float(call(control)["propensity"]) < 0.95

    eventually(is_learnt, 30.0, "the good arm is known")


def first_propensities(server: Server) -> set[float]:
    """The probabilities of the first calls that a started server decides."""
    control = Control(server.grpc)
    try:
        return {float(call(control)["propensity"]) for _ in range(20)}
    finally:
        control.close()


def test_no_call_of_a_started_server_is_decided_as_if_nothing_were_known(
    tmp_path: Path, postgres: Postgres, backend: RecordingBackend
) -> None:
    arguments = ("--database", postgres.url)
    first, other = tmp_path / "first", tmp_path / "other"
    servers: list[Server] = []

    def start(folder: Path) -> Server:
        folder.mkdir(exist_ok=True)
        servers.append(Server(folder, arguments=arguments))
        return servers[-1]

    try:
        server = start(first)
        control = Control(server.grpc)
        create(control, backend)
        teach(control)
        control.close()
        server.kill()

        server = start(first)
        assert EVEN not in first_propensities(server), "after a crash"
        server.end()

        server = start(other)
        assert EVEN not in first_propensities(server), "on a folder that is new, with the same database"
        server.end()

        postgres.stop()
        server = start(first)
        assert EVEN not in first_propensities(server), "while the database is away"
        assert "bandits go on from what they had learnt before the start" in server.log()
        server.kill()

        (first / "data" / "state" / "learnt").unlink()
        server = start(first)
        assert first_propensities(server) == {EVEN}
        assert "its shares are even until the database answers" in server.log()
        assert is_told(server)
    finally:
        for server in servers:
            server.kill()


def is_told(server: Server) -> Any:
    """Whether the server says that its control plane is not ready."""
    control = json.loads(server.get("/readyz")[1])["control_plane"]
    return not control["ready"] and "database" in control["reason"]
