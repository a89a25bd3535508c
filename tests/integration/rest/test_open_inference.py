"""An unmodified tritonclient over HTTP gets what it gets over gRPC."""

import http.client
import json
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import tritonclient.grpc
import tritonclient.http
from tritonclient.utils import InferenceServerException

import pointsman
from stage.recording_backend import RecordingBackend, echo
from stage.server import Server

from .conftest import Http

pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]

TENSORS: dict[str, Any] = {
    "FP16": np.array([[0.5, -2.0], [65504.0, 0.000061]], dtype=np.float16),
    "FP32": np.array([[0.1, -2.5], [3.4e38, 1e-40]], dtype=np.float32),
    "FP64": np.array([[0.1, 1e300]], dtype=np.float64),
    "INT8": np.array([-128, 127], dtype=np.int8),
    "INT64": np.array([-(2**63), 2**53 + 1, 2**63 - 1], dtype=np.int64),
    "UINT64": np.array([2**64 - 1], dtype=np.uint64),
    "BOOL": np.array([[True], [False]], dtype=bool),
    "BYTES": np.array([["a", "é"], ["", "\U0001f600"]], dtype=np.object_),
}


@pytest.fixture(scope="module")
def triton(server: Server) -> Iterator[Any]:
    client = tritonclient.http.InferenceServerClient(server.http)
    yield client
    client.close()


def over_http(triton: Any, datatype: str, *, binary: bool, wanted: bool) -> Any:
    values = TENSORS[datatype]
    tensor = tritonclient.http.InferInput("x", list(values.shape), datatype)
    tensor.set_data_from_numpy(values, binary_data=binary)
    output = tritonclient.http.InferRequestedOutput("x", binary_data=wanted)
    return triton.infer("echo", [tensor], outputs=[output])


@pytest.mark.parametrize("wanted", [True, False])
@pytest.mark.parametrize("binary", [True, False])
@pytest.mark.parametrize("datatype", [name for name in TENSORS if name != "FP16"])
def test_tensors_come_back_in_either_form(
    server: Server, triton: Any, datatype: str, binary: bool, wanted: bool
) -> None:
    values = TENSORS[datatype]
    got = over_http(triton, datatype, binary=binary, wanted=wanted).as_numpy("x")
    tensor = tritonclient.grpc.InferInput("x", list(values.shape), datatype)
    tensor.set_data_from_numpy(values)
    with tritonclient.grpc.InferenceServerClient(server.grpc) as client:
        direct = client.infer("echo", [tensor]).as_numpy("x")
    if datatype == "BYTES":
        # One form brings text, the others its bytes.
        texts = [item if isinstance(item, str) else item.decode() for item in got.reshape(-1)]
        assert texts == [item.decode() for item in direct.reshape(-1)] == list(values.reshape(-1))
        return
    assert (got.dtype, got.shape) == (values.dtype, values.shape)
    np.testing.assert_array_equal(got, values)
    np.testing.assert_array_equal(got, direct)


@pytest.mark.parametrize("wanted", [True, False])
@pytest.mark.parametrize("binary", [True, False])
def test_half_floats_come_back(triton: Any, binary: bool, wanted: bool) -> None:
    got = over_http(triton, "FP16", binary=binary, wanted=wanted).as_numpy("x")
    np.testing.assert_array_equal(got, TENSORS["FP16"])


@pytest.mark.parametrize("algorithm", ["gzip", "deflate"])
def test_a_client_may_compress_what_it_sends_and_ask_for_it_back(triton: Any, algorithm: str) -> None:
    values = np.arange(60_000, dtype=np.int64).reshape(200, 300)
    for binary in (True, False):
        tensor = tritonclient.http.InferInput("x", list(values.shape), "INT64")
        tensor.set_data_from_numpy(values, binary_data=binary)
        answer = triton.infer(
            "echo",
            [tensor],
            request_compression_algorithm=algorithm,
            response_compression_algorithm=algorithm,
        )
        np.testing.assert_array_equal(answer.as_numpy("x"), values)


def test_the_decision_comes_as_parameters(triton: Any) -> None:
    answer = over_http(triton, "INT64", binary=True, wanted=True).get_response()
    parameters = answer["parameters"]
    assert parameters["pointsman_variant"] in ("a", "b")
    assert parameters["pointsman_prediction_id"]
    assert 0 < float(parameters["pointsman_propensity"]) <= 1


def test_without_named_outputs_all_come_as_bytes(triton: Any) -> None:
    tensor = tritonclient.http.InferInput("x", [2], "INT8")
    tensor.set_data_from_numpy(TENSORS["INT8"])
    answer = triton.infer("echo", [tensor], request_id="mine", parameters={"entity_id": "u1"})
    np.testing.assert_array_equal(answer.as_numpy("x"), TENSORS["INT8"])
    assert answer.get_response()["id"] == "mine"
    assert "binary_data_size" in answer.get_output("x")["parameters"]


def test_an_entity_keeps_its_variant_however_it_is_named(triton: Any) -> None:
    def variant(**how: Any) -> str:
        tensor = tritonclient.http.InferInput("x", [2], "INT8")
        tensor.set_data_from_numpy(TENSORS["INT8"])
        answer = triton.infer("echo", [tensor], **how).get_response()
        assert answer["parameters"]["pointsman_reason"] == "slot"
        return str(answer["parameters"]["pointsman_variant"])

    for entity in ("u1", "u2", "u3"):
        named = variant(parameters={"entity_id": entity})
        assert variant(headers={"pointsman-entity-id": entity}) == named


@pytest.mark.parametrize("pin", ["a", "b"])
def test_a_version_in_the_path_pins(triton: Any, pin: str) -> None:
    tensor = tritonclient.http.InferInput("x", [2], "INT8")
    tensor.set_data_from_numpy(TENSORS["INT8"])
    answer = triton.infer("echo", [tensor], model_version=pin).get_response()
    assert answer["parameters"]["pointsman_variant"] == pin
    assert answer["parameters"]["pointsman_reason"] == "pin"


def test_health_and_metadata(triton: Any) -> None:
    assert triton.is_server_live()
    assert triton.is_server_ready()
    assert triton.is_model_ready("echo")
    assert triton.is_model_ready("echo", "a")
    assert not triton.is_model_ready("ecco")
    described = triton.get_server_metadata()
    assert (described["name"], described["version"]) == ("pointsman", pointsman.__version__)
    assert triton.get_model_metadata("echo")["name"] == "echo"


def test_errors_are_told_in_the_protocols_member(triton: Any) -> None:
    tensor = tritonclient.http.InferInput("x", [2], "INT8")
    tensor.set_data_from_numpy(TENSORS["INT8"])
    with pytest.raises(InferenceServerException, match=r"no router.*ecco") as caught:
        triton.infer("ecco", [tensor])
    assert caught.value.status() == "404"


# --- plain HTTP ------------------------------------------------------------------------------------------


def test_plain_json_flat_or_as_the_shape_has_it(http_: Http) -> None:
    for data in ([1, 2, 3, 4], [[1, 2], [3, 4]]):
        body = {"inputs": [{"name": "x", "shape": [2, 2], "datatype": "INT32", "data": data}]}
        answer = http_("POST", "/v2/models/echo/infer", body)
        assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
        assert answer.json()["outputs"] == [
            {"name": "x", "datatype": "INT32", "shape": [2, 2], "data": [1, 2, 3, 4]}
        ]


def test_bytes_behind_the_json_and_json_back(http_: Http) -> None:
    tail = np.array([0.5, -1], dtype="<f4").tobytes()
    head = json.dumps(
        {
            "inputs": [
                {"name": "x", "shape": [2], "datatype": "FP32", "parameters": {"binary_data_size": len(tail)}}
            ]
        }
    ).encode()
    answer = http_(
        *("POST", "/v2/models/echo/infer", head + tail),
        content_type="application/octet-stream",
        inference_header_content_length=str(len(head)),
    )
    assert answer.json()["outputs"][0]["data"] == [0.5, -1]


@pytest.mark.parametrize(
    ("tensor", "field"),
    [
        ('{"name": "x", "shape": [2], "datatype": "FP32", "data": [1, NaN]}', "inputs[0].data[1]"),
        ('{"name": "x", "shape": [2, 2], "datatype": "FP32", "data": [[1, 2], [3]]}', "inputs[0].data"),
        ('{"name": "x", "shape": [2], "datatype": "INT32", "data": [1, 2147483648]}', "inputs[0].data"),
        ('{"name": "x", "shape": [1], "datatype": "INT8", "data": ["1"]}', "inputs[0].data"),
        ('{"name": "x", "shape": [1], "datatype": "FLOAT", "data": [1]}', "inputs[0].datatype"),
    ],
)
def test_what_is_wrong_is_told_by_its_field(http_: Http, tensor: str, field: str) -> None:
    answer = http_("POST", "/v2/models/echo/infer", f'{{"inputs": [{tensor}]}}'.encode())
    assert (answer.status, answer.json()["violations"][0]["field"]) == (400, field)


def test_whole_numbers_beyond_those_of_doubles_keep_their_value(http_: Http) -> None:
    for datatype, values in (("INT64", [2**53 + 1, -(2**63), 2**63 - 1]), ("UINT64", [2**64 - 1, 2**53 + 3])):
        tensor = {"name": "x", "shape": [len(values)], "datatype": datatype, "data": values}
        answer = http_("POST", "/v2/models/echo/infer", {"inputs": [tensor]})
        assert answer.json()["outputs"][0]["data"] == values


def test_a_body_that_is_not_what_its_encoding_says_is_refused(http_: Http) -> None:
    for encoding, status in (("gzip", 400), ("deflate", 400), ("br", 415)):
        answer = http_("POST", "/v2/models/echo/infer", b"{}", content_encoding=encoding)
        assert answer.status == status, answer.body
        assert encoding in answer.json()["error"]


def test_a_wrong_tensor_is_named_and_another_method_refused(http_: Http) -> None:
    body = {"inputs": [{"name": "x", "shape": [3], "datatype": "INT32", "data": [1, 2]}]}
    answer = http_("POST", "/v2/models/echo/infer", body)
    assert (answer.status, answer.json()["violations"][0]["field"]) == (400, "inputs[0].data")
    assert answer.json()["error"] == answer.json()["detail"]
    assert http_("GET", "/v2/models/echo/infer").status == 405
    assert http_("POST", "/v2/models/echo/infer", b"", content_type="application/octet-stream").status == 400


def test_a_client_that_goes_away_cancels_the_call_at_the_backend(
    http_: Http, backend: RecordingBackend
) -> None:
    inside, leave = threading.Event(), threading.Event()

    def waiting(message: bytes, context: Any) -> bytes:
        inside.set()
        leave.wait(30)
        return echo(message, context)

    body = {"inputs": [{"name": "x", "shape": [1], "datatype": "INT32", "data": [1]}]}
    backend.behaviour = waiting
    try:
        connection = http.client.HTTPConnection(http_.address, timeout=30)
        connection.request("POST", "/v2/models/echo/infer", json.dumps(body))
        assert inside.wait(20), "the call does not reach the backend"
        backend.ended.clear()
        connection.close()
        assert backend.ended.wait(10), "the call goes on although its client went away"
    finally:
        leave.set()
        backend.behaviour = echo
