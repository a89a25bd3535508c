"""ONNX files that are not the registered ones any more: said wherever one looks, never served in silence."""

import hashlib
import json
import os
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from tritonclient.grpc import service_pb2

from pointsman.v1 import model_pb2, router_pb2
from stage.control import Control, onnx_backend
from stage.oip import infer
from stage.server import Server, command, environment
from stage.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]

ROUTER = "numbers"


def model_of(factor: float) -> bytes:
    """A file whose model answers its input times a factor."""
    from onnx import TensorProto, helper

    graph = helper.make_graph(
        [helper.make_node("Mul", ["x", "factor"], ["y"])],
        "times",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["rows", 1])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["rows", 1])],
        [helper.make_tensor("factor", TensorProto.FLOAT, [1], [factor])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    content: bytes = model.SerializeToString()
    return content


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def refusal(call: Callable[[], Any]) -> tuple[grpc.StatusCode, str]:
    with pytest.raises(grpc.RpcError) as caught:
        call()
    return caught.value.code(), str(caught.value.details())


class Scene:
    """A server that starts again on one folder, and a router with variants named like their versions."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.models_dir = folder / "data" / "models"
        self.start()

    def start(self) -> None:
        self.server = Server(self._folder)
        self.control = Control(self.server.grpc)
        eventually(self._is_administered, 20, "the control plane")

    def _is_administered(self) -> bool:
        facts = json.loads(self.server.get("/readyz")[1])
        return bool(facts["control_plane"]["ready"])

    def end(self) -> None:
        self.control.close()
        self.server.end()

    def put(self, name: str, content: bytes) -> None:
        """Puts a file in place as deployments do: whole, by a rename."""
        fresh = self.models_dir / f"{name}.new"
        fresh.write_bytes(content)
        fresh.rename(self.models_dir / name)

    def register(self, version: str, name: str, digest: str = "") -> Any:
        backend = onnx_backend(name)
        backend.onnx.sha256 = digest
        return self.control.register(ROUTER, version, backend)

    def deploy(self, *versions: str) -> None:
        self.control.create(ROUTER, dict.fromkeys(versions, 50.0), ROUTER)
        self.control.deploy(ROUTER)

    def ask(self, version: str, value: float = 10.0) -> float:
        """What a variant answers."""
        tensor = service_pb2.ModelInferRequest.InferInputTensor(name="x", datatype="FP32", shape=[1, 1])
        request = service_pb2.ModelInferRequest(
            model_name=ROUTER,
            model_version=version,
            inputs=[tensor],
            raw_input_contents=[np.array([value], np.float32).tobytes()],
        )
        answer = infer(self.control.channel, request)
        return float(np.frombuffer(answer.raw_output_contents[0], np.float32)[0])

    def router(self) -> Any:
        return self.control.routers.GetRouter(router_pb2.GetRouterRequest(router_id=ROUTER))

    def fault_of(self, version: str) -> str:
        request = model_pb2.GetModelVersionRequest(model_id=ROUTER, version=version)
        return str(self.control.models.GetModelVersion(request).backend_fault)

    def up(self) -> dict[tuple[str, str], int]:
        """``backend_up`` by path and digest."""
        found = re.findall(
            r'^pointsman_backend_up\{backend="([^"]+)",sha256="([^"]*)"\} (\d)$',
            self.server.get("/metrics")[1],
            re.MULTILINE,
        )
        return {(path, digest): int(value) for path, digest, value in found}

    def run(self, *arguments: str) -> str:
        done = subprocess.run(
            command("--server", self.server.grpc, *arguments),
            env=environment({}) | {"COLUMNS": "200"},
            capture_output=True,
            text=True,
            timeout=30,
            check=True,
        )
        return done.stdout


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    scene = Scene(tmp_path)
    yield scene
    scene.end()


DOUBLE, TRIPLE = 2.0, 3.0


@pytest.fixture
def double() -> bytes:
    return model_of(DOUBLE)


@pytest.fixture
def triple() -> bytes:
    return model_of(TRIPLE)


@pytest.fixture
def two(scene: Scene, double: bytes, triple: bytes) -> Scene:
    """Two versions of two files in service."""
    scene.put("double.onnx", double)
    scene.put("triple.onnx", triple)
    assert scene.register("1", "double.onnx").backend.onnx.sha256 == sha256(double)
    scene.register("2", "triple.onnx")
    scene.deploy("1", "2")
    assert (scene.ask("1"), scene.ask("2")) == (20, 30)
    return scene


def test_file_that_changed_while_the_server_was_down_is_not_served(
    two: Scene, double: bytes, triple: bytes
) -> None:
    two.end()
    two.put("double.onnx", triple)
    two.start()
    code, details = refusal(lambda: two.ask("1"))
    assert code is grpc.StatusCode.UNAVAILABLE
    for told in ("double.onnx", sha256(double), sha256(triple), "register a new version"):
        assert told in details
    assert two.ask("2") == 30
    assert two.up() == {("double.onnx", sha256(double)): 0, ("triple.onnx", sha256(triple)): 1}
    logged = [line for line in two.server.log().splitlines() if "ONNX model is not served" in line]
    assert logged
    assert sha256(triple) in logged[0]
    router = two.router()
    assert router.status == router_pb2.ROUTER_STATUS_RUNNING
    assert router.status_message.startswith("variant '1': not served here: ")
    assert "variant '2'" not in router.status_message
    assert sha256(triple) in two.fault_of("1")
    assert two.fault_of("2") == ""


def test_the_command_says_which_variant_is_not_served(two: Scene, double: bytes, triple: bytes) -> None:
    assert sha256(double) in two.run("models", "get", ROUTER, "1")
    two.end()
    two.put("double.onnx", triple)
    two.start()
    status = two.run("routers", "status", ROUTER)
    assert "variant '1': not served here" in status
    assert sha256(triple) in two.run("models", "get", ROUTER, "1")
    listed = two.run("models", "list")
    assert listed.count("fault") == 1


def test_file_that_went_away_while_the_server_was_down_is_named(two: Scene, double: bytes) -> None:
    two.end()
    (two.models_dir / "double.onnx").unlink()
    two.start()
    code, details = refusal(lambda: two.ask("1"))
    assert code is grpc.StatusCode.UNAVAILABLE
    assert "double.onnx" in details
    assert sha256(double) in details
    assert two.ask("2") == 30
    assert two.up()["double.onnx", sha256(double)] == 0
    assert "double.onnx" in two.router().status_message
    assert "not in the models folder" in two.fault_of("1")


def test_file_that_is_put_back_is_served_once_the_router_starts_again(
    two: Scene, double: bytes, triple: bytes
) -> None:
    two.end()
    two.put("double.onnx", triple)
    two.start()
    refusal(lambda: two.ask("1"))
    two.control.routers.StopRouter(router_pb2.StopRouterRequest(router_id=ROUTER))
    start = router_pb2.StartRouterRequest(router_id=ROUTER)
    failed = two.control.routers.StartRouter(start).router
    assert failed.status == router_pb2.ROUTER_STATUS_FAILED
    assert sha256(double) in failed.status_message
    two.put("double.onnx", double)
    two.control.deploy(ROUTER)
    assert two.ask("1") == 20
    assert two.router().status_message == ""
    assert two.up()["double.onnx", sha256(double)] == 1


def test_new_version_on_the_same_path_serves_the_new_file_beside_the_old_one(
    two: Scene, double: bytes, triple: bytes
) -> None:
    fivefold = model_of(5.0)
    two.put("double.onnx", fivefold)
    assert two.register("3", "double.onnx").backend.onnx.sha256 == sha256(fivefold)
    variants = [
        router_pb2.Variant(name=name, model_id=ROUTER, model_version=name, weight=50.0) for name in ("1", "3")
    ]
    two.control.routers.UpdateRouter(
        router_pb2.UpdateRouterRequest(
            router=router_pb2.Router(router_id=ROUTER, variants=variants),
            update_mask=FieldMask(paths=["variants"]),
        )
    )
    assert (two.ask("1"), two.ask("3")) == (20, 50)
    expected = {("double.onnx", sha256(double)): 1, ("double.onnx", sha256(fivefold)): 1}
    eventually(lambda: two.up() == expected, what="only files in use")
    message = two.router().status_message
    assert message.startswith("variant '1': ")
    assert "calls are answered by the file that was loaded" in message
    assert "variant '3'" not in message
    two.end()
    two.start()
    code, details = refusal(lambda: two.ask("1"))
    assert code is grpc.StatusCode.UNAVAILABLE
    assert sha256(double) in details
    assert two.ask("3") == 50


def test_file_that_changes_or_goes_away_under_a_server_is_served_from_memory_and_told(
    two: Scene, double: bytes, triple: bytes
) -> None:
    assert two.router().status_message == ""
    os.utime(two.models_dir / "double.onnx")
    assert two.router().status_message == "", (
        "a file that only looks changed is read, and found to be the same"
    )
    two.put("double.onnx", triple)
    message = two.router().status_message
    assert message.startswith("variant '1': ")
    assert sha256(triple) in message
    assert sha256(double) in message
    assert two.fault_of("1") in message
    assert two.ask("1") == 20
    (two.models_dir / "double.onnx").unlink()
    assert "not in the models folder" in two.router().status_message
    assert two.ask("1") == 20
    assert two.up()["double.onnx", sha256(double)] == 1
    two.put("double.onnx", double)
    assert two.router().status_message == ""


def test_file_of_another_digest_than_given_is_not_registered(scene: Scene, double: bytes) -> None:
    scene.put("double.onnx", double)
    other = "0" * 64
    code, details = refusal(lambda: scene.register("1", "double.onnx", other))
    assert code is grpc.StatusCode.INVALID_ARGUMENT
    assert details.startswith("model_version.backend.onnx.sha256: ")
    assert other in details
    assert sha256(double) in details
    assert scene.register("1", "double.onnx", sha256(double)).backend.onnx.sha256 == sha256(double)


def test_data_files_beside_a_model_are_a_part_of_its_identity(scene: Scene) -> None:
    from onnx import load_model_from_string, save_model

    path = scene.models_dir / "large.onnx"
    options = {"save_as_external_data": True, "location": "large.data", "size_threshold": 0}
    model = load_model_from_string(model_of(DOUBLE))
    for tensor in model.graph.initializer:
        # Only raw contents go to a file of their own.
        tensor.raw_data = np.array(tensor.float_data, np.float32).tobytes()
        del tensor.float_data[:]
    save_model(model, path, **options)
    data = (scene.models_dir / "large.data").read_bytes()
    registered = scene.register("1", "large.onnx").backend.onnx.sha256
    listed = f"{sha256(path.read_bytes())}  -\n{sha256(data)}  large.data\n"
    assert registered == sha256(listed.encode())
    scene.put("triple.onnx", model_of(TRIPLE))
    scene.register("2", "triple.onnx")
    scene.deploy("1", "2")
    assert scene.ask("1") == 20
    scene.end()
    scene.put("large.data", np.array([7.0], np.float32).tobytes())
    scene.start()
    code, details = refusal(lambda: scene.ask("1"))
    assert code is grpc.StatusCode.UNAVAILABLE
    assert registered in details
    assert scene.ask("2") == 30
