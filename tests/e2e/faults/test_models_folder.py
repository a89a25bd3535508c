"""ONNX files that cannot be used: refused by name when they are registered, and nobody else's trouble."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import grpc
import pytest

from pointsman.v1 import model_pb2, router_pb2
from stage.control import Control, grpc_backend, onnx_backend
from stage.oip import infer, infer_request
from stage.recording_backend import RecordingBackend
from stage.server import Server

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(60)]


@pytest.fixture(scope="module")
def identity() -> bytes:
    """A model that answers what it is sent."""
    from onnx import TensorProto, helper

    shape = ["rows", 2]
    graph = helper.make_graph(
        [helper.make_node("Identity", ["x"], ["y"])],
        "identity",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, shape)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    content: bytes = model.SerializeToString()
    return content


def refusal(call: Callable[[], Any]) -> tuple[grpc.StatusCode, str]:
    with pytest.raises(grpc.RpcError) as caught:
        call()
    return caught.value.code(), str(caught.value.details())


@pytest.fixture
def folder(server: Server, router_id: str) -> Path:
    made = server.models_dir / router_id
    made.mkdir()
    return made


CORRUPT = {
    "empty": lambda whole: b"",
    "text": lambda whole: b"this is no model",
    "cut": lambda whole: whole[: len(whole) // 2],
    "altered": lambda whole: whole.replace(b"Identity", b"Identita"),
    "noise": lambda whole: bytes(range(256)) * 40,
}


@pytest.mark.parametrize("corrupt", CORRUPT.values(), ids=CORRUPT.keys())
def test_corrupt_file_is_refused_when_registered(
    control: Control, folder: Path, router_id: str, identity: bytes, corrupt: Callable[[bytes], bytes]
) -> None:
    (folder / "m.onnx").write_bytes(corrupt(identity))
    code, details = refusal(lambda: control.register(router_id, "1", onnx_backend(f"{router_id}/m.onnx")))
    assert code in (grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.FAILED_PRECONDITION)
    assert "m.onnx" in details
    code, _ = refusal(
        lambda: control.models.GetModelVersion(
            model_pb2.GetModelVersionRequest(model_id=router_id, version="1")
        )
    )
    assert code is grpc.StatusCode.NOT_FOUND


def test_file_that_is_not_there_is_named(control: Control, router_id: str) -> None:
    code, details = refusal(lambda: control.register(router_id, "1", onnx_backend("absent.onnx")))
    assert code in (grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.FAILED_PRECONDITION)
    assert "absent.onnx" in details


@pytest.mark.parametrize(
    "path",
    [
        "../outside.onnx",
        "/etc/passwd",
        "a/../../outside.onnx",
        "..",
        ".",
        "",
        "a\0b.onnx",
        "/",
        "\\..\\x.onnx",
    ],
)
def test_path_outside_the_folder_is_refused(
    server: Server, control: Control, router_id: str, identity: bytes, path: str
) -> None:
    (server.data_dir / "outside.onnx").write_bytes(identity)
    code, details = refusal(lambda: control.register(router_id, "1", onnx_backend(path)))
    assert code is grpc.StatusCode.INVALID_ARGUMENT
    assert "path" in details


def test_link_that_leads_outside_is_refused(
    server: Server, control: Control, folder: Path, router_id: str, identity: bytes
) -> None:
    (server.data_dir / "outside.onnx").write_bytes(identity)
    (folder / "link.onnx").symlink_to(server.data_dir / "outside.onnx")
    (folder / "out").symlink_to(server.data_dir)
    for path in (f"{router_id}/link.onnx", f"{router_id}/out/outside.onnx"):
        code, details = refusal(partial(control.register, router_id, "1", onnx_backend(path)))
        assert code in (grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.FAILED_PRECONDITION)
        assert "models" in details or "path" in details


def test_file_that_breaks_after_registration_fails_the_deployment_and_can_be_mended(
    server: Server,
    control: Control,
    folder: Path,
    router_id: str,
    identity: bytes,
    good: RecordingBackend,
) -> None:
    file = folder / "m.onnx"
    file.write_bytes(identity)
    control.register(router_id, "whole", onnx_backend(f"{router_id}/m.onnx"))
    control.register(router_id, "good", grpc_backend(good.target, "m"))
    control.create(router_id, {"whole": 50, "good": 50}, router_id)
    file.write_bytes(b"broken")
    deploy = router_pb2.DeployRouterRequest(router_id=router_id)
    answer = control.routers.DeployRouter(deploy)
    assert answer.router.status == router_pb2.ROUTER_STATUS_FAILED
    assert "whole" in answer.router.status_message
    assert "m.onnx" in answer.router.status_message
    file.write_bytes(identity)
    assert control.routers.DeployRouter(deploy).router.status == router_pb2.ROUTER_STATUS_RUNNING
    with grpc.insecure_channel(server.grpc) as channel:
        infer(channel, infer_request(router_id, model_version="good"))


def test_model_without_a_backend_is_monitored_only(
    control: Control, router_id: str, good: RecordingBackend
) -> None:
    silent = model_pb2.ModelVersion(model_id=router_id, version="silent")
    control.models.RegisterModelVersion(model_pb2.RegisterModelVersionRequest(model_version=silent))
    control.register(router_id, "good", grpc_backend(good.target, "m"))
    code, details = refusal(lambda: control.create(router_id, {"silent": 50, "good": 50}, router_id))
    assert code in (grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.FAILED_PRECONDITION)
    assert "backend" in details
