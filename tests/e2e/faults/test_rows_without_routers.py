"""One row through a model version: the answer, or the error, is that of a call, and nothing is left of it."""

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from tritonclient.grpc import service_pb2

from pointsman.v1 import model_pb2, prediction_pb2, router_pb2
from stage.control import Control, grpc_backend, onnx_backend
from stage.scripted_backend import GOOD_HEADERS, Exchange, ScriptedBackend
from stage.server import Server

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(60)]

IRIS = Path(__file__).parents[3] / "router_core/crates/inference/tests/models/iris.onnx"
NAMES = ["sepal_length", "sepal_width", "petal_length", "petal_width"]
ROW = dict(zip(NAMES, (5.1, 3.5, 1.4, 0.2), strict=True))
GIVEN, DEFAULT, SAMPLE, UNUSED = (
    model_pb2.FEATURE_ORIGIN_GIVEN,
    model_pb2.FEATURE_ORIGIN_DEFAULT,
    model_pb2.FEATURE_ORIGIN_SAMPLE,
    model_pb2.FEATURE_ORIGIN_UNUSED,
)


def tried(control: Control, model_id: str, row: dict[str, float] | None = None, seconds: float = 0) -> Any:
    request = model_pb2.TestModelVersionRequest(model_id=model_id, version="1")
    for name, value in (row or {}).items():
        request.features[name].number_value = value
    if seconds:
        request.timeout.CopyFrom(Duration(nanos=int(seconds * 1e9)))
    return control.models.TestModelVersion(request)


def called(control: Control, router_id: str, row: dict[str, float]) -> Any:
    request = prediction_pb2.PredictRequest(router_id=router_id)
    for name, value in row.items():
        request.features[name].number_value = value
    return control.predictions.Predict(request)


def failure(call: Callable[[], Any]) -> tuple[grpc.StatusCode, str]:
    with pytest.raises(grpc.RpcError) as caught:
        call()
    return caught.value.code(), str(caught.value.details())


def origins(answer: Any) -> dict[str, Any]:
    return {one.name: one.origin for one in answer.row}


@pytest.fixture
def iris(server: Server, control: Control, router_id: str) -> str:
    """A model of four named features, of which the width of petals has a default."""
    (server.models_dir / f"{router_id}.onnx").write_bytes(IRIS.read_bytes())
    signature = model_pb2.Signature(inputs=[model_pb2.TensorSpec(name="X", features=NAMES)])
    signature.defaults["petal_width"].number_value = 1.0
    control.register(router_id, "1", onnx_backend(f"{router_id}.onnx"), signature=signature)
    return router_id


def deploy(control: Control, model_id: str) -> None:
    control.create(model_id, {"1": 100.0}, model_id, allow_single=True)
    control.deploy(model_id)


def test_a_file_answers_as_it_does_behind_a_router_and_nothing_is_recorded(
    server: Server, control: Control, iris: str
) -> None:
    before = tried(control, iris, ROW)
    deploy(control, iris)
    since = tried(control, iris, ROW)
    listed = router_pb2.ListPredictionsRequest(router_id=iris)
    assert not control.routers.ListPredictions(listed).predictions
    assert [variant.request_count for variant in control.metrics(iris).variants] == [0]
    answer = called(control, iris, ROW)
    for one in (before, since):
        assert (one.model_id, one.model_version) == (iris, "1")
        assert one.prediction == answer.prediction
        assert one.probabilities == answer.probabilities
        assert one.outputs == answer.outputs
        assert one.notes == answer.notes
        assert one.backend_latency.ToNanoseconds() > 0
        assert [feature.name for feature in one.row] == NAMES
        assert origins(one) == dict.fromkeys(NAMES, GIVEN)
    assert len(control.routers.ListPredictions(listed).predictions) == 1
    assert "TestModelVersion" not in server.log()


def test_a_row_is_made_up_of_defaults_and_samples(control: Control, iris: str) -> None:
    answer = tried(control, iris)
    assert origins(answer) == {**dict.fromkeys(NAMES, SAMPLE), "petal_width": DEFAULT}
    assert [one.value.number_value for one in answer.row] == [0, 0, 0, 1]
    assert (
        answer.probabilities
        == tried(control, iris, {**dict.fromkeys(NAMES, 0.0), "petal_width": 1}).probabilities
    )


def test_a_feature_that_reaches_no_tensor_is_marked(control: Control, iris: str) -> None:
    row = {name: value for name, value in ROW.items() if name != "petal_width"}
    answer = tried(control, iris, {**row, "country": 7})
    assert origins(answer) == {**dict.fromkeys(row, GIVEN), "petal_width": DEFAULT, "country": UNUSED}


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ({"sepal_length": 1.0}, "features.sepal_width"),
        ({**{name: ROW[name] for name in NAMES[:3]}, "petal_widht": 1.0}, "features.petal_widht"),
    ],
)
def test_a_wrong_row_is_refused_by_its_feature(
    control: Control, iris: str, row: dict[str, float], field: str
) -> None:
    code, details = failure(lambda: tried(control, iris, row))
    assert code is grpc.StatusCode.INVALID_ARGUMENT
    assert details.startswith(f"{field}: ")
    deploy(control, iris)
    assert failure(lambda: called(control, iris, row)) == (code, f"variant 1: {details}")


def test_a_file_that_changed_is_answered_as_a_call_is(server: Server, control: Control, iris: str) -> None:
    path = server.models_dir / f"{iris}.onnx"
    changed = path.with_suffix(".new")
    changed.write_bytes(IRIS.read_bytes() + b"\x00")
    changed.rename(path)
    code, details = failure(lambda: tried(control, iris, ROW))
    assert code is grpc.StatusCode.UNAVAILABLE
    assert path.name in details
    assert "register" in details
    path.write_bytes(IRIS.read_bytes())
    deploy(control, iris)
    path.unlink()
    # The file that was loaded goes on answering.
    assert tried(control, iris, ROW).probabilities == called(control, iris, ROW).probabilities


def numbers(name: str, *values: float, model_name: str = "m") -> Any:
    """A script that answers a tensor of one row."""
    tensor = service_pb2.ModelInferResponse.InferOutputTensor(
        name=name, datatype="FP32", shape=[1, len(values)]
    )
    message = service_pb2.ModelInferResponse(
        model_name=model_name,
        outputs=[tensor],
        raw_output_contents=[struct.pack(f"<{len(values)}f", *values)],
    ).SerializeToString()
    return lambda exchange: exchange.answer(message)


def fail(exchange: Exchange) -> None:
    exchange.headers((*GOOD_HEADERS, ("grpc-status", "13"), ("grpc-message", "out of luck")), end=True)


@pytest.fixture
def scripted(control: Control, router_id: str, bad: ScriptedBackend) -> str:
    """A model at a server, with two classes, behind a router of the same name."""
    signature = model_pb2.Signature(
        inputs=[model_pb2.TensorSpec(name="x", datatype="FP32", shape=[-1, 1])],
        outputs=[model_pb2.TensorSpec(name="p", datatype="FP32", shape=[-1, 2])],
        task=model_pb2.TASK_CLASSIFICATION,
        labels=["no", "yes"],
        probability_output="p",
    )
    control.register(router_id, "1", grpc_backend(bad.target, "m"), signature=signature)
    deploy(control, router_id)
    return router_id


def test_a_server_answers_as_it_does_behind_a_router(
    control: Control, scripted: str, bad: ScriptedBackend
) -> None:
    for script in (numbers("p", 0.25, 0.75), numbers("p", 0.5, 0.25, model_name="other")):
        bad.script = script
        one, answer = tried(control, scripted, {"x": 1}), called(control, scripted, {"x": 1})
        assert one.prediction == answer.prediction
        assert one.probabilities == answer.probabilities
        assert (one.outputs, one.notes) == (answer.outputs, answer.notes)
    assert list(one.notes) == ["other_model"]


@pytest.mark.parametrize(
    ("script", "code", "told"),
    [
        pytest.param(fail, grpc.StatusCode.INTERNAL, "out of luck", id="fails"),
        pytest.param(Exchange.die, grpc.StatusCode.UNAVAILABLE, "", id="dies"),
        pytest.param(
            numbers("p", 0.2, 0.3, 0.5),
            grpc.StatusCode.FAILED_PRECONDITION,
            "do not fit 2 labels",
            id="classes",
        ),
        pytest.param(numbers("q", 0.2, 0.8), grpc.StatusCode.FAILED_PRECONDITION, '"p"', id="output"),
    ],
)
def test_a_server_fails_as_it_does_behind_a_router(
    control: Control, scripted: str, bad: ScriptedBackend, script: Any, code: grpc.StatusCode, told: str
) -> None:
    bad.script = script
    found, details = failure(lambda: tried(control, scripted, {"x": 1}))
    assert (found, told in details, bad.target in details) == (code, True, True), details
    assert ("register a version" in details) is (code is grpc.StatusCode.FAILED_PRECONDITION)
    assert failure(lambda: called(control, scripted, {"x": 1}))[0] is code


def test_a_server_that_does_not_answer_has_the_time_that_is_named(
    control: Control, scripted: str, bad: ScriptedBackend
) -> None:
    bad.script = lambda _: None
    code, _ = failure(lambda: tried(control, scripted, {"x": 1}, seconds=0.3))
    assert code is grpc.StatusCode.DEADLINE_EXCEEDED


def test_a_server_that_is_away_is_named(control: Control, scripted: str, bad: ScriptedBackend) -> None:
    bad.close()
    code, details = failure(lambda: tried(control, scripted, {"x": 1}))
    assert code is grpc.StatusCode.UNAVAILABLE
    assert bad.target in details
