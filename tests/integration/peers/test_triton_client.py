"""What an unmodified tritonclient sees of a router besides its answers."""

from typing import Any

import numpy as np
import pytest
import tritonclient.grpc
import tritonclient.grpc.aio
from tritonclient.utils import InferenceServerException

import pointsman
from stage.server import Server

from .conftest import make_router
from .mlserver import MLServer

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]


def tensor(rows: Any, name: str = "x") -> Any:
    made = tritonclient.grpc.InferInput(name, list(rows.shape), "FP32")
    made.set_data_from_numpy(rows)
    return made


def parameters(result: Any) -> Any:
    return result.get_response().parameters


def test_server_is_live_and_ready_and_says_what_it_is(triton: Any) -> None:
    assert triton.is_server_live()
    assert triton.is_server_ready()
    metadata = triton.get_server_metadata()
    assert (metadata.name, metadata.version) == ("pointsman", pointsman.__version__)


def test_router_is_ready_as_a_model(triton: Any) -> None:
    assert triton.is_model_ready("cancer")
    assert triton.is_model_ready("cancer", "gb")


def test_metadata_comes_from_the_variant_with_the_largest_share(triton: Any, mlserver: MLServer) -> None:
    metadata = triton.get_model_metadata("cancer")
    assert metadata.name == "cancer"
    assert [(spec.name, spec.datatype, list(spec.shape)) for spec in metadata.inputs] == [
        ("x", "FP32", [-1, 30])
    ]
    with tritonclient.grpc.InferenceServerClient(mlserver.target) as direct:
        assert metadata.outputs == direct.get_model_metadata("cancer-lr").outputs


def test_metadata_of_a_pinned_variant_in_process(triton: Any) -> None:
    metadata = triton.get_model_metadata("cancer", "gb")
    assert metadata.platform == "onnxruntime_onnx"
    assert [spec.name for spec in metadata.outputs] == ["predict", "predict_proba"]


def test_answers_equal_those_of_the_model_asked_directly(triton: Any, mlserver: MLServer, rows: Any) -> None:
    wanted = [tritonclient.grpc.InferRequestedOutput(name) for name in ("predict", "predict_proba")]
    routed = triton.infer("cancer", [tensor(rows[:50])], model_version="lr", outputs=wanted)
    with tritonclient.grpc.InferenceServerClient(mlserver.target) as direct:
        asked = direct.infer("cancer-lr", [tensor(rows[:50])], outputs=wanted)
    for name in ("predict", "predict_proba"):
        np.testing.assert_array_equal(routed.as_numpy(name), asked.as_numpy(name))
    assert routed.get_response().model_name == "cancer-lr"


def test_both_models_mostly_agree(triton: Any, rows: Any) -> None:
    answers = {
        name: triton.infer("cancer", [tensor(rows)], model_version=name).as_numpy("predict").reshape(-1)
        for name in ("lr", "gb")
    }
    assert (answers["lr"] == answers["gb"]).mean() > 0.95


@pytest.mark.parametrize(("pin", "variant"), [("lr", "lr"), ("gb", "gb"), ("1", "lr"), ("2", "gb")])
def test_model_version_pins_a_variant_by_its_name_or_its_version(
    triton: Any, rows: Any, pin: str, variant: str
) -> None:
    result = triton.infer("cancer", [tensor(rows[:1])], model_version=pin)
    assert parameters(result)["pointsman_variant"].string_param == variant
    assert parameters(result)["pointsman_reason"].string_param == "pin"


def test_unknown_version_is_refused_with_the_variants_names(triton: Any, rows: Any) -> None:
    with pytest.raises(InferenceServerException, match=r"\"9\" is neither a variant.*lr, gb") as caught:
        triton.infer("cancer", [tensor(rows[:1])], model_version="9")
    assert caught.value.status() == "StatusCode.NOT_FOUND"


def test_unknown_router_is_refused_with_its_name(triton: Any, rows: Any) -> None:
    with pytest.raises(InferenceServerException, match=r"no router.*canser"):
        triton.infer("canser", [tensor(rows[:1])])


def test_router_may_ignore_the_version_that_clients_hard_code(server: Server, triton: Any, rows: Any) -> None:
    from pointsman.v1 import router_pb2

    make_router(server, "unpinned", version_pinning=router_pb2.VERSION_PINNING_IGNORE)
    reached = set()
    for number in range(40):
        entity = {"pointsman-entity-id": f"u{number}"}
        result = triton.infer("unpinned", [tensor(rows[:1])], model_version="1", headers=entity)
        assert parameters(result)["pointsman_reason"].string_param == "slot"
        reached.add(parameters(result)["pointsman_variant"].string_param)
    assert reached == {"lr", "gb"}


def test_router_may_answer_with_its_own_name(server: Server, triton: Any, rows: Any) -> None:
    make_router(server, "renaming", answer_router_name=True)
    for pin in ("lr", "gb"):
        result = triton.infer("renaming", [tensor(rows[:1])], model_version=pin, request_id="mine")
        assert result.get_response().model_name == "renaming"
        assert result.get_response().id == "mine"
        assert result.as_numpy("predict").size == 1


def test_entity_may_come_as_a_parameter_or_under_the_other_name(triton: Any, rows: Any) -> None:
    def variant(**how: Any) -> str:
        result = triton.infer("cancer", [tensor(rows[:1])], **how)
        assert parameters(result)["pointsman_reason"].string_param == "slot"
        return str(parameters(result)["pointsman_variant"].string_param)

    for number in range(20):
        entity = f"e{number}"
        first = variant(headers={"pointsman-entity-id": entity})
        assert variant(headers={"x-entity-id": entity}) == first
        assert variant(parameters={"entity_id": entity}) == first


def test_calls_without_an_entity_are_drawn_by_weight(triton: Any, rows: Any) -> None:
    reached = [
        parameters(triton.infer("cancer", [tensor(rows[:1])], model_version=""))["pointsman_variant"]
        for _ in range(60)
    ]
    assert {value.string_param for value in reached} == {"lr", "gb"}


def test_backends_own_error_is_relayed_with_the_variants_name(triton: Any, rows: Any) -> None:
    for pin in ("lr", "gb"):
        with pytest.raises(InferenceServerException, match=f"variant {pin}: "):
            triton.infer("cancer", [tensor(rows[:1, :7])], model_version=pin)


@pytest.mark.parametrize("algorithm", ["gzip", "deflate"])
@pytest.mark.parametrize("pin", ["lr", "gb"])
def test_compressed_requests_are_understood(triton: Any, rows: Any, algorithm: str, pin: str) -> None:
    plain = triton.infer("cancer", [tensor(rows[:200])], model_version=pin)
    packed = triton.infer("cancer", [tensor(rows[:200])], model_version=pin, compression_algorithm=algorithm)
    np.testing.assert_array_equal(plain.as_numpy("predict"), packed.as_numpy("predict"))


async def test_asynchronous_twin_sees_the_same(server: Server, rows: Any) -> None:
    async with tritonclient.grpc.aio.InferenceServerClient(server.grpc) as client:
        assert await client.is_server_live()
        assert await client.is_server_ready()
        assert await client.is_model_ready("cancer")
        assert (await client.get_model_metadata("cancer")).name == "cancer"
        result = await client.infer(
            "cancer",
            [tensor(rows[:3])],
            request_id="mine",
            headers={"pointsman-entity-id": "u1"},
            priority=3,
            parameters={"f": 1.5, "s": "x"},
        )
    assert result.get_response().id == "mine"
    assert result.as_numpy("predict").shape[0] == 3
    assert parameters(result)["pointsman_prediction_id"].string_param


def test_what_is_not_served_says_so(triton: Any) -> None:
    for ask in (triton.get_model_repository_index, triton.get_log_settings):
        with pytest.raises(InferenceServerException) as caught:
            ask()
        assert caught.value.status() == "StatusCode.UNIMPLEMENTED"
        assert "is not served" in caught.value.message()
