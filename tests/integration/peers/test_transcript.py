"""The operator's transcript, word for word, and an unmodified client in the middle of it."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import tritonclient.grpc
import tritonclient.grpc.aio

from stage import grpcurl
from stage.server import Server

from .mlserver import MLServer

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, gb_file: Path) -> Iterator[Server]:
    """A server of its own, on an empty folder."""
    server = Server(tmp_path_factory.mktemp("transcript"))
    (server.models_dir / "cancer-gb.onnx").write_bytes(gb_file.read_bytes())
    yield server
    server.end()


def infer(client: Any, rows: Any, entity: str, request_id: str = "") -> Any:
    tensor = tritonclient.grpc.InferInput("x", [1, 30], "FP32")
    tensor.set_data_from_numpy(rows[:1])
    return client.infer(
        "cancer",
        [tensor],
        request_id=request_id,
        headers={"pointsman-entity-id": entity},
        priority=3,
        parameters={"f": 1.5, "s": "x"},
    )


def variant_of(result: Any) -> str:
    return str(result.get_response().parameters["pointsman_variant"].string_param)


async def test_transcript(server: Server, mlserver: MLServer, rows: Any) -> None:
    def run(data: str, method: str) -> Any:
        return grpcurl.call(server.grpc, data, method)

    services = grpcurl.list_services(server.grpc)
    assert {
        "inference.GRPCInferenceService",
        "pointsman.v1.ModelService",
        "pointsman.v1.RouterService",
        "pointsman.v1.PredictionService",
        "pointsman.v1.ApiKeyService",
        "grpc.health.v1.Health",
    } <= set(services)

    lr = '{"model_version":{"model_id":"cancer","version":"1","backend":{"grpc":{"target":"127.0.0.1:8081","model_name":"cancer-lr"}}}}'  # noqa: E501
    run(lr.replace("127.0.0.1:8081", mlserver.target), "pointsman.v1.ModelService/RegisterModelVersion")
    gb = '{"model_version":{"model_id":"cancer","version":"2","backend":{"onnx":{"path":"cancer-gb.onnx"}}}}'
    run(gb, "pointsman.v1.ModelService/RegisterModelVersion")
    router = '{"router":{"router_id":"cancer","strategy":"STRATEGY_WEIGHTED","variants":[{"name":"lr","model_id":"cancer","model_version":"1","weight":70},{"name":"gb","model_id":"cancer","model_version":"2","weight":30}]}}'  # noqa: E501
    created = run(router, "pointsman.v1.RouterService/CreateRouter")
    assert created["status"] == "ROUTER_STATUS_REGISTERED"
    deployed = run('{"router_id":"cancer"}', "pointsman.v1.RouterService/DeployRouter")
    assert deployed["router"]["status"] == "ROUTER_STATUS_RUNNING"
    assert deployed["endpoint"] == server.grpc

    with tritonclient.grpc.InferenceServerClient(server.grpc) as client:
        first = infer(client, rows, "u1", request_id="mine")
        assert first.get_response().id == "mine"
        assert first.as_numpy("predict").reshape(-1).tolist() == [0]
        variants = [variant_of(infer(client, rows, f"u{number}")) for number in range(200)]
        again = [variant_of(infer(client, rows, f"u{number}")) for number in range(200)]
    assert variants == again
    assert set(variants) == {"lr", "gb"}
    async with tritonclient.grpc.aio.InferenceServerClient(server.grpc) as client:
        for number in range(20):
            result = await infer(client, rows, f"u{number}", request_id=f"a{number}")
            assert result.get_response().id == f"a{number}"
            assert variant_of(result) == variants[number]
            assert result.as_numpy("predict").reshape(-1).tolist() == [0]

    changed = run(
        '{"router_id":"cancer","variant":"lr","weight":50}', "pointsman.v1.RouterService/UpdateVariantWeight"
    )
    shares = {variant["name"]: variant["effectiveShare"] for variant in changed["variants"]}
    assert shares == {"lr": 0.625, "gb": 0.375}
    assert changed["movedShare"] == pytest.approx(0.075)
    assert changed["movedSlots"] == 750

    figures = run('{"router_id":"cancer"}', "pointsman.v1.RouterService/GetRouterMetrics")
    assert figures["total"]["requestCount"] == str(1 + 400 + 20)
    counted = {variant["variant"]: int(variant["requestCount"]) for variant in figures["variants"]}
    assert counted["gb"] == 2 * variants.count("gb") + variants[:20].count("gb") + (variants[1] == "gb")


def test_many_threads_share_one_unmodified_client(server: Server, rows: Any) -> None:
    found: list[str] = []
    with tritonclient.grpc.InferenceServerClient(server.grpc) as client:
        workers = [
            threading.Thread(
                target=lambda: found.extend(variant_of(infer(client, rows, "u1")) for _ in range(20))
            )
            for _ in range(8)
        ]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
    assert len(found) == 160
    assert len(set(found)) == 1
