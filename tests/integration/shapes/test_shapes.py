"""Models of many shapes: what they answered is what the client reads and what is recorded, to the digit."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tritonclient.grpc import InferResult, service_pb2

from pointsman.client import Client
from stage import oip
from stage.control import Control, grpc_backend, onnx_backend
from stage.mlserver import MLServer
from stage.server import Server
from stage.waiting import eventually

from .expected import kept_features, lake_features, raw, recorded, recorded_features, same, sent, told_row
from .models import signature_of, write_mlserver, write_onnx
from .shapes import DTYPES, SHAPES, Shape, Tensor

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

SETTINGS = {"journal__seal_after_seconds": "0.1"}
BACKENDS = ("onnx", "mlserver")
LAKE_SECONDS = 60.0
# MLServer writes halves into a field of bytes, and fails to.
UNABLE = {("fp16", "mlserver")}

CASES = [
    pytest.param(shape, backend, id=f"{shape.name}-{backend}")
    for shape in SHAPES
    for backend in BACKENDS
    if (shape.name, backend) not in UNABLE
]


@pytest.fixture(scope="module")
def mlserver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MLServer]:
    folder = tmp_path_factory.mktemp("mlserver")
    write_mlserver(SHAPES, folder)
    server = MLServer(folder)
    yield server
    server.stop()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, mlserver: MLServer) -> Iterator[Server]:
    """A server with a router for each shape, whose variants are the same model in process and at MLServer."""
    server = Server(tmp_path_factory.mktemp("server"), settings=SETTINGS)
    control = Control(server.grpc)
    for shape in SHAPES:
        write_onnx(shape, server.models_dir / f"{shape.name}.onnx")
        backends = {
            "onnx": onnx_backend(f"{shape.name}.onnx"),
            "mlserver": grpc_backend(mlserver.target, shape.name),
        }
        for version, backend in backends.items():
            control.register(shape.name, version, backend, signature=signature_of(shape))
        control.create(shape.name, dict.fromkeys(BACKENDS, 50.0), shape.name)
        control.deploy(shape.name)
    control.close()
    yield server
    server.end()


@pytest.fixture(scope="module")
def client(server: Server) -> Iterator[Client]:
    with Client(server.grpc) as client:
        yield client


@pytest.fixture(scope="module")
def channel(server: Server) -> Iterator[Any]:
    control = Control(server.grpc)
    yield control.channel
    control.close()


@pytest.mark.parametrize(("shape", "backend"), CASES)
def test_predict_answers_and_records_what_the_model_was_asked_and_said(
    server: Server, client: Client, shape: Shape, backend: str
) -> None:
    ids = []
    for row in range(shape.row_count):
        answer = client.predict(shape.name, sent(shape.tensors, row), variant=backend)
        assert_same(answer.outputs, {tensor.output: told_row(tensor, row) for tensor in shape.tensors})
        assert_same(answer.prediction, predicted(shape, row))
        assert_same(answer.probabilities, probabilities(shape, row))
        record = client.routers.prediction(shape.name, answer.prediction_id)
        assert_record(shape, row, record)
        ids.append((answer.prediction_id, 0))
    for row, kept in enumerate(in_lake(server, shape.name, ids)):
        assert_lake(shape, row, kept)


@pytest.mark.parametrize(("shape", "backend"), CASES)
def test_a_row_for_no_router_is_answered_as_a_call_is(client: Client, shape: Shape, backend: str) -> None:
    features = sent(shape.tensors, 0)
    tried = client.models.test(shape.name, backend, features, timeout_seconds=30)
    called = client.predict(shape.name, features, variant=backend)
    assert_same(tried.outputs, called.outputs)
    assert_same(tried.prediction, called.prediction)
    assert_same(tried.probabilities, called.probabilities)
    assert tried.notes == called.notes
    assert {one.name: one.origin for one in tried.row} == dict.fromkeys(features, "given")
    made_up = client.models.test(shape.name, backend, timeout_seconds=30)
    assert {one.origin for one in made_up.row} == {"sample"}
    assert made_up.outputs.keys() == called.outputs.keys()


@pytest.mark.parametrize(("shape", "backend"), CASES)
def test_a_batch_of_tensors_is_answered_and_recorded_as_it_is(
    server: Server, client: Client, channel: Any, shape: Shape, backend: str
) -> None:
    answered, prediction_id = infer(channel, shape, backend)
    assert list(answered) == [tensor.output for tensor in shape.tensors]
    for tensor in shape.tensors:
        assert_array(tensor, answered[tensor.output], shape.row_count)
    for row in range(shape.row_count):
        record = client.routers.prediction(shape.name, prediction_id, row=row)
        assert record.row_count == shape.row_count
        assert_record(shape, row, record, of_tensors=True)
    rows = [(prediction_id, row) for row in range(shape.row_count)]
    for row, kept in enumerate(in_lake(server, shape.name, rows)):
        assert_lake(shape, row, kept, of_tensors=True)


@pytest.mark.parametrize(("shape", "backend"), [case for case in CASES if len(case.values[0].tensors) > 1])  # type: ignore[union-attr]
def test_an_answer_of_one_output_is_recorded_as_that(
    client: Client, channel: Any, shape: Shape, backend: str
) -> None:
    for tensor in shape.tensors:
        answered, prediction_id = infer(channel, shape, backend, [tensor.output])
        assert list(answered) == [tensor.output]
        assert_array(tensor, answered[tensor.output], shape.row_count)
        for row in range(shape.row_count):
            record = client.routers.prediction(shape.name, prediction_id, row=row)
            said = {tensor.output: told_row(tensor, row)}
            assert_said(shape, row, record, said)
            assert record.outputs.keys() <= said.keys()


@pytest.mark.parametrize("backend", BACKENDS)
@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    st.integers(-(2**63), 2**63 - 1)
    | st.integers(-(2**53) - 4, -(2**53) + 4)
    | st.integers(2**53 - 4, 2**53 + 4),
    st.floats(),
    # Text with a zero byte is refused by name: the ONNX library ends it there.
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
    st.booleans(),
    st.integers(0, 255),
)
def test_any_values_are_answered_and_recorded_to_the_digit(
    client: Client, channel: Any, backend: str, whole: int, amount: float, who: str, yes: bool, level: int
) -> None:
    values: tuple[list[object], ...] = ([whole], [amount], [who], [yes], [level])
    (mixed,) = [shape for shape in SHAPES if shape.name == "mixed"]
    pairs = zip(mixed.tensors, values, strict=True)
    shape = replace(mixed, tensors=[replace(tensor, rows=[value]) for tensor, value in pairs])
    answer = client.predict(shape.name, sent(shape.tensors, 0), variant=backend)
    assert_same(answer.outputs, {tensor.output: told_row(tensor, 0) for tensor in shape.tensors})
    assert_record(shape, 0, client.routers.prediction(shape.name, answer.prediction_id))
    answered, prediction_id = infer(channel, shape, backend)
    for tensor in shape.tensors:
        assert_array(tensor, answered[tensor.output], 1)
    assert_record(shape, 0, client.routers.prediction(shape.name, prediction_id))


def infer(
    channel: Any, shape: Shape, backend: str, outputs: Sequence[str] = ()
) -> tuple[dict[str, Any], str]:
    """Sends all rows as one batch; answers the outputs as arrays, and the prediction's id."""
    inputs = [
        service_pb2.ModelInferRequest.InferInputTensor(
            name=tensor.name, datatype=tensor.datatype, shape=[shape.row_count, tensor.width]
        )
        for tensor in shape.tensors
    ]
    asked = [service_pb2.ModelInferRequest.InferRequestedOutputTensor(name=name) for name in outputs]
    request = service_pb2.ModelInferRequest(
        model_name=shape.name,
        model_version=backend,
        inputs=inputs,
        outputs=asked,
        raw_input_contents=[raw(tensor, tensor.rows) for tensor in shape.tensors],
    )
    response = oip.infer(channel, request)
    result = InferResult(response)
    answered = {output.name: result.as_numpy(output.name) for output in response.outputs}
    return answered, response.parameters["pointsman_prediction_id"].string_param


def assert_array(tensor: Tensor, answered: Any, row_count: int) -> None:
    """Insists that an output holds what its input held, bit by bit."""
    assert answered.shape == (row_count, tensor.width)
    if tensor.datatype == "BYTES":
        assert [[text.decode() for text in row] for row in answered] == [list(row) for row in tensor.rows]
    else:
        assert answered.dtype == DTYPES[tensor.datatype]
        assert np.ascontiguousarray(answered).tobytes() == raw(tensor, tensor.rows)


def predicted(shape: Shape, row: int) -> Any:
    """What a row predicts."""
    return shape.predictions[row] if shape.predictions else told_row(shape.tensors[0], row)


def probabilities(shape: Shape, row: int) -> tuple[float, ...]:
    return tuple(shape.probabilities[row]) if shape.probabilities else ()


def assert_record(shape: Shape, row: int, record: Any, *, of_tensors: bool = False) -> None:
    """Insists that a record as the client reads it says all that was asked and answered."""
    assert (record.features_content, record.answer_content) == ("all", "all")
    assert_same(record.features, recorded_features(shape.tensors, row))
    assert_same(record.prediction, recorded(predicted(shape, row), of_tensors=of_tensors))
    assert_same(record.probabilities, probabilities(shape, row))
    assert_said(shape, row, record, {tensor.output: told_row(tensor, row) for tensor in shape.tensors})


def assert_said(shape: Shape, row: int, record: Any, outputs: dict[str, Any]) -> None:
    """Insists that each output is in the record: by its name, or as what was predicted."""
    for name, value in outputs.items():
        if name in record.outputs:
            assert_same(record.outputs[name], value)
        elif isinstance(value, list) and record.probabilities:
            assert_same(list(record.probabilities), value)
        elif shape.labels and isinstance(value, float):
            assert record.prediction == shape.labels[int(value)]
        else:
            assert_same(record.prediction, recorded(value))


def in_lake(server: Server, router_id: str, rows: Sequence[tuple[str, int]]) -> list[dict[str, Any]]:
    """The rows of predictions in the lake's files, read by nothing of ours; waits for all of them at once."""
    folder = server.data_dir / "lake" / "predictions" / f"router={router_id}"
    wanted, found, read = set(rows), dict[tuple[str, int], dict[str, Any]](), set[Path]()

    def all_found() -> bool:
        for file in set(folder.glob("*/*/*.parquet")) - read:
            table = pq.ParquetFile(file).read()
            ids, places = (table.column(name).to_pylist() for name in ("prediction_id", "row"))
            for at, row in enumerate(zip(ids, places, strict=True)):
                if row in wanted:
                    found[row] = table.slice(at, 1).to_pylist()[0]
            read.add(file)
        return wanted == found.keys()

    eventually(all_found, LAKE_SECONDS, f"the rows {rows} in the lake")
    return [found[row] for row in rows]


def assert_lake(shape: Shape, row: int, kept: dict[str, Any], *, of_tensors: bool = False) -> None:
    """Insists that the files say the same."""
    assert_same(lake_features(kept), kept_features(shape.tensors, row, kept))
    label, number = kept["prediction_label"], kept["prediction_number"]
    assert label is None or number is None
    prediction = recorded(predicted(shape, row), of_tensors=of_tensors)
    if isinstance(prediction, list):
        assert (label, number) == (None, None)
        assert_same(json.loads(kept["prediction_values"]), prediction)
    elif number is not None and not np.isfinite(number):
        assert prediction == ("Infinity" if number > 0 else "-Infinity")
    else:
        assert_same(number if label is None else label, prediction)
    assert_same(tuple(kept["probabilities"] or ()), probabilities(shape, row))
    for name, value in json.loads(kept["outputs"] or "{}").items():
        (tensor,) = [tensor for tensor in shape.tensors if tensor.output == name]
        assert_same(value, told_row(tensor, row))


def assert_same(one: Any, other: Any) -> None:
    assert same(one, other), f"{one!r} is not {other!r}"
