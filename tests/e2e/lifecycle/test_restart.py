"""Restarts: planned, after a crash, with the database away, with a backend away."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from pointsman.v1 import prediction_pb2, router_pb2
from stage.control import Control
from stage.oip import infer, infer_request, receipt
from stage.ports import free_port
from stage.postgres import Postgres
from stage.recording_backend import RecordingBackend
from stage.server import Server
from stage.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]


@pytest.fixture
def backends() -> Iterator[dict[str, RecordingBackend]]:
    made = {"a": RecordingBackend(), "b": RecordingBackend()}
    yield made
    for backend in made.values():
        backend.close()


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    postgres = Postgres()
    yield postgres
    postgres.close()


@pytest.fixture
def closing() -> Iterator[Callable[[Any], Any]]:
    opened: list[Any] = []

    def keep(thing: Any) -> Any:
        opened.append(thing)
        return thing

    yield keep
    for thing in reversed(opened):
        thing.kill() if isinstance(thing, Server) else thing.close()


def targets(backends: dict[str, RecordingBackend]) -> dict[str, str]:
    return {name: backend.target for name, backend in backends.items()}


def homes(address: str, entities: int = 60) -> dict[str, str]:
    """The variant of each entity."""
    found = {}
    with grpc.insecure_channel(address, [("grpc.use_local_subchannel_pool", 1)]) as channel:
        for number in range(entities):
            metadata = (("pointsman-entity-id", f"e{number}"),)
            found[f"e{number}"] = receipt(infer(channel, infer_request("r"), metadata=metadata))["variant"]
    return found


def wait_until_serving(address: str) -> None:
    """Asks at a known address, where there may be no server yet, until one says SERVING."""

    def is_serving() -> bool:
        with grpc.insecure_channel(address, [("grpc.use_local_subchannel_pool", 1)]) as channel:
            try:
                answer = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=1)
            except grpc.RpcError:
                return False
            return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)

    eventually(is_serving, 60, "SERVING")


def start_asked(folder: Path, *arguments: str) -> Server:
    """Starts a server while somebody asks it whether it serves."""
    address = f"127.0.0.1:{free_port()}"
    with ThreadPoolExecutor(1) as pool:
        asking = pool.submit(wait_until_serving, address)
        server = Server(folder, grpc=address, arguments=arguments, is_fork=False)
        try:
            asking.result()
        except BaseException:
            server.kill()
            raise
    return server


def weights(control: Control) -> dict[str, float]:
    got = control.routers.GetRouter(router_pb2.GetRouterRequest(router_id="r"))
    return {variant.name: variant.weight for variant in got.variants}


def reweight(control: Control, weight: float) -> Any:
    request = router_pb2.UpdateVariantWeightRequest(router_id="r", variant="a", weight=weight)
    return control.routers.UpdateVariantWeight(request)


def test_routers_answer_while_the_database_and_a_backend_are_away(
    tmp_path: Path,
    postgres: Postgres,
    backends: dict[str, RecordingBackend],
    closing: Callable[[Any], Any],
) -> None:
    arguments = ("--database", postgres.url)
    server = closing(Server(tmp_path, arguments=arguments, is_fork=False))
    control = closing(Control(server.grpc))
    control.route("r", targets(backends))
    before = homes(server.grpc)
    server.end()

    postgres.stop()
    away = backends["b"]
    away.close()
    # It serves while they are away: both come back further below.
    server = closing(start_asked(tmp_path, *arguments))
    with grpc.insecure_channel(server.grpc) as channel:
        for entity, variant in before.items():
            metadata = (("pointsman-entity-id", entity),)
            if variant == "a":
                assert receipt(infer(channel, infer_request("r"), metadata=metadata))["variant"] == "a"
            else:
                with pytest.raises(grpc.RpcError) as caught:
                    infer(channel, infer_request("r"), metadata=metadata)
                assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
                assert "variant b" in (caught.value.details() or "")
    assert server.get("/health")[0] == 200
    control = closing(Control(server.grpc))
    with pytest.raises(grpc.RpcError) as caught:
        weights(control)
    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
    assert "database" in (caught.value.details() or "")

    backends["b"] = RecordingBackend(port=away.port)
    postgres.start()

    def is_back() -> bool:
        try:
            return weights(control) == {"a": 50, "b": 50}
        except grpc.RpcError:
            return False

    eventually(is_back, 30, "the control plane")
    assert eventually(lambda: safely(lambda: homes(server.grpc)) == before, 30)
    assert reweight(control, 100).moved_share > 0
    server.end()


def safely(call: Callable[[], Any]) -> Any:
    try:
        return call()
    except grpc.RpcError:
        return None


def test_database_that_goes_away_while_serving_disturbs_no_call(
    tmp_path: Path,
    postgres: Postgres,
    backends: dict[str, RecordingBackend],
    closing: Callable[[Any], Any],
) -> None:
    server = closing(Server(tmp_path, arguments=("--database", postgres.url), is_fork=False))
    control = closing(Control(server.grpc))
    control.routers.DeleteRouter(router_pb2.DeleteRouterRequest(router_id="r"))
    control.create("r", {"a": 50, "b": 50}, "r-model")
    before_versions = targets(backends)
    for name, target in before_versions.items():
        control.register("fresh", name, backend_of(target))
    changed = router_pb2.Router(router_id="r")
    for name in before_versions:
        changed.variants.add(name=name, model_id="fresh", model_version=name, weight=50)
    request = router_pb2.UpdateRouterRequest(router=changed)
    request.update_mask.paths.append("variants")
    control.routers.UpdateRouter(request)
    control.deploy("r")
    before = homes(server.grpc)
    postgres.stop()
    assert homes(server.grpc) == before
    with pytest.raises(grpc.RpcError) as caught:
        reweight(control, 1)
    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
    assert homes(server.grpc) == before
    postgres.start()
    eventually(lambda: safely(lambda: reweight(control, 100)), 30)
    assert set(homes(server.grpc).values()) == {"a", "b"}
    server.end()


def backend_of(target: str) -> Any:
    from stage.control import grpc_backend

    return grpc_backend(target, "m")


def test_planned_restart_changes_nothing(
    tmp_path: Path, backends: dict[str, RecordingBackend], closing: Callable[[Any], Any]
) -> None:
    server = closing(Server(tmp_path, is_fork=False))
    control = closing(Control(server.grpc))
    control.route("r", targets(backends))
    reweight(control, 80)
    before = homes(server.grpc)
    prediction_id = first_prediction_id(server.grpc)
    server.end()
    server = closing(start_asked(tmp_path))
    assert homes(server.grpc) == before
    control = closing(Control(server.grpc))
    assert weights(control) == {"a": 80, "b": 50}
    feedback = prediction_pb2.RecordFeedbackRequest(
        prediction_id=prediction_id, value=1, wait=prediction_pb2.FEEDBACK_WAIT_APPLIED
    )
    recorded = control.predictions.RecordFeedback(feedback)
    assert recorded.outcome == prediction_pb2.FEEDBACK_OUTCOME_APPLIED
    server.end()


def first_prediction_id(address: str) -> str:
    with grpc.insecure_channel(address) as channel:
        return receipt(infer(channel, infer_request("r")))["prediction_id"]


def test_crash_loses_nothing_that_was_acknowledged(
    tmp_path: Path, backends: dict[str, RecordingBackend], closing: Callable[[Any], Any]
) -> None:
    server = closing(Server(tmp_path, is_fork=False))
    control = closing(Control(server.grpc))
    control.route("r", targets(backends))
    feedback = prediction_pb2.RecordFeedbackRequest(
        prediction_id=first_prediction_id(server.grpc), metric="clicks", value=4
    )
    control.predictions.RecordFeedback(feedback)
    answer = reweight(control, 90)
    server.kill()

    server = closing(Server(tmp_path, is_fork=False))
    control = closing(Control(server.grpc))
    assert weights(control) == {"a": 90, "b": 50}
    got = control.routers.GetRouter(router_pb2.GetRouterRequest(router_id="r"))
    assert got.status == router_pb2.ROUTER_STATUS_RUNNING
    assert got.generation == answer.generation
    total = control.metrics("r").total
    assert [(each.metric, each.count, each.mean) for each in total.feedback] == [("clicks", 1, 4.0)]
    # What was counted before the crash is of the same window as the feedback.
    assert total.request_count > 0
    assert total.feedback_coverage == pytest.approx(1 / total.request_count)
    live = control.routers.GetRouterMetrics(router_pb2.GetRouterMetricsRequest(router_id="r", live=True))
    assert (live.total.request_count, live.total.feedback_count) == (0, 0)
    feedback.wait = prediction_pb2.FEEDBACK_WAIT_APPLIED
    assert control.predictions.RecordFeedback(feedback).outcome == prediction_pb2.FEEDBACK_OUTCOME_DUPLICATE
    before = homes(server.grpc)
    reweight(control, 10)
    assert homes(server.grpc) != before
    after = homes(server.grpc)
    server.kill()
    server = closing(Server(tmp_path, is_fork=False))
    assert homes(server.grpc) == after
    server.end()
