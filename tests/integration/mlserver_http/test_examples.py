"""What MLServer's own examples ask it, it answers the same through a router."""

import functools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest

from stage.control import Control, grpc_backend
from stage.mlserver import MLServer, run_beside
from stage.plain_http import Http, Reply
from stage.server import Server
from stage.waiting import eventually

from .bodies import bodies

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

HERE = Path(__file__).parent
MODELS = ("digits", "echo", "frame", "reading", "typed")
VERSION = "v0.1.0"
ROWS = [[0.0] * 64]
"""Stands for the rows where only the names of requests are asked for."""

DTYPES = {"FP16": np.float16, "FP32": np.float32, "FP64": np.float64}


@pytest.fixture(scope="module")
def mlserver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MLServer]:
    folder = tmp_path_factory.mktemp("mlserver")
    run_beside(folder, "python", str(HERE / "models.py"), str(folder))
    server = MLServer(folder)
    http_ = Http(f"127.0.0.1:{server.http_port}")
    for name in MODELS:
        eventually(functools.partial(is_ready, http_, name), 60, name)
    # It listens for gRPC after HTTP.
    with grpc.insecure_channel(server.target) as channel:
        grpc.channel_ready_future(channel).result(60)
    yield server
    server.stop()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, mlserver: MLServer) -> Iterator[Server]:
    """A server with a router for each of MLServer's models, by its name."""
    server = Server(tmp_path_factory.mktemp("server"))
    control = Control(server.grpc)
    for name in MODELS:
        control.register(f"{name}-model", VERSION, grpc_backend(mlserver.target, name))
        control.create(name, {VERSION: 100.0}, f"{name}-model", allow_single=True)
        control.deploy(name)
    control.close()
    yield server
    server.end()


@pytest.fixture(scope="module")
def rows(mlserver: MLServer) -> list[list[float]]:
    found: list[list[float]] = json.loads((mlserver.folder / "rows.json").read_text())
    return found


@pytest.mark.parametrize("place", ["", f"/versions/{VERSION}"])
@pytest.mark.parametrize("what", list(bodies(ROWS)))
def test_a_request_is_answered_as_mlserver_answers_it(
    mlserver: MLServer, server: Server, rows: list[list[float]], what: str, place: str
) -> None:
    model, body = bodies(rows)[what]
    path = f"/v2/models/{model}{place}/infer"
    addresses = (f"127.0.0.1:{mlserver.http_port}", server.http)
    direct, routed = (Http(address)("POST", path, body) for address in addresses)
    assert (direct.status, routed.status) == (200, 200), (direct.body, routed.body)
    assert told(routed) == told(direct)
    if body.get("id"):
        assert routed.json()["id"] == direct.json()["id"] == body["id"]
    assert routed.json()["parameters"]["pointsman_variant"] == VERSION


def test_codecs_read_from_a_router_what_they_read_from_mlserver(
    mlserver: MLServer, server: Server, tmp_path: Path
) -> None:
    script, answers = str(HERE / "codec_requests.py"), tmp_path / "answers.json"
    run_beside(tmp_path, "python", script, str(answers), f"127.0.0.1:{mlserver.http_port}", server.http)
    direct, routed = json.loads(answers.read_text())
    assert routed == direct
    assert len(routed["frames"]) == 2, routed
    assert routed["frames"][0]["Age"] == ["int64", "34", str(2**53 + 1)]
    assert "'hello world \U0001f601'" in routed["echoes"][0][0][4]
    assert repr(b"\xff\x00Python") in routed["echoes"][0][0][5]


def test_what_does_not_exist_is_not_found(mlserver: MLServer, server: Server) -> None:
    for address in (f"127.0.0.1:{mlserver.http_port}", server.http):
        http_ = Http(address)
        answer = http_("POST", "/v2/models/dogits/infer", bodies(ROWS)["flat"][1])
        assert (answer.status, "dogits" in answer.json()["error"]) == (404, True), answer.body
        assert http_("GET", "/v2/models/dogits").status == 404
        for path in (
            "/v2",
            "/v2/health/live",
            "/v2/health/ready",
            "/v2/models/digits/ready",
        ):
            assert http_("GET", path).status == 200, path


def is_ready(http_: Http, model: str) -> bool:
    return http_("GET", f"/v2/models/{model}/ready").status == 200


def told(answer: Reply) -> Any:
    """What an answer says of the call, without the receipt and in one of the forms that mean the same."""
    body = answer.json()
    return {
        "parameters": parameters(body),
        "outputs": [
            {
                "name": output["name"],
                "shape": output["shape"],
                "datatype": output["datatype"],
                "parameters": parameters(output),
                "data": elements(output),
            }
            for output in body["outputs"]
        ],
    }


def parameters(given: dict[str, Any]) -> dict[str, Any]:
    found = given.get("parameters") or {}
    return {
        name: value
        for name, value in found.items()
        if value is not None and name != "headers" and not name.startswith("pointsman_")
    }


def elements(output: dict[str, Any]) -> list[str]:
    """The elements, as their datatype has them: MLServer repeats texts that are in no array, and null."""
    data = output["data"] if isinstance(output["data"], list) else [output["data"]]
    dtype = DTYPES.get(output["datatype"])
    return [repr(item) for item in (data if dtype is None else np.array(data, dtype=dtype).tolist())]
