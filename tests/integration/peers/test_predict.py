"""Predict by features, answered by a server of another project and by a model in process."""

from collections.abc import Callable
from typing import Any

import grpc
import numpy as np
import pytest
from google.protobuf import json_format, struct_pb2

from pointsman.v1 import model_pb2, prediction_pb2
from stage.control import Control, grpc_backend, onnx_backend
from stage.server import Server

from .conftest import signature
from .mlserver import MLServer

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

VARIANTS = ("lr", "gb")
Predict = Callable[..., Any]


def value(given: Any) -> struct_pb2.Value:
    return json_format.ParseDict(given, struct_pb2.Value())


@pytest.fixture
def predict(control: Control) -> Predict:
    def call(features: dict[str, Any], variant: str = "", router_id: str = "cancer", **fields: Any) -> Any:
        return control.predictions.Predict(
            prediction_pb2.PredictRequest(
                router_id=router_id,
                features={name: value(given) for name, given in features.items()},
                variant=variant,
                **fields,
            )
        )

    return call


@pytest.fixture(scope="module")
def features(rows: Any, feature_names: list[str]) -> dict[str, float]:
    return {name: float(number) for name, number in zip(feature_names, rows[0], strict=True)}


@pytest.mark.parametrize("variant", VARIANTS)
def test_features_by_name(predict: Predict, features: dict[str, float], variant: str) -> None:
    answer = predict(features, variant)
    assert answer.prediction.string_value == "malignant"
    assert len(answer.probabilities) == 2
    assert answer.probabilities[0] > 0.5
    assert sum(answer.probabilities) == pytest.approx(1, abs=1e-5)
    assert (answer.router_id, answer.variant, answer.model_id) == ("cancer", variant, "cancer")
    assert answer.model_version == {"lr": "1", "gb": "2"}[variant]
    assert answer.reason == prediction_pb2.DECISION_REASON_PIN
    assert answer.latency.ToNanoseconds() > 0


@pytest.mark.parametrize("variant", VARIANTS)
def test_features_as_one_list(
    control: Control,
    server: Server,
    mlserver: MLServer,
    predict: Predict,
    features: dict[str, float],
    variant: str,
) -> None:
    backend = (
        grpc_backend(mlserver.target, "cancer-lr") if variant == "lr" else onnx_backend("cancer-gb.onnx")
    )
    unnamed = signature([])
    model_id = f"unnamed-{variant}"
    for version in ("1", "2"):
        control.register(model_id, version, backend, signature=unnamed)
    control.create(model_id, {"1": 50, "2": 50}, model_id)
    control.deploy(model_id)
    numbers = list(features.values())
    by_list = predict({"x": numbers}, router_id=model_id)
    by_number = predict({f"x_{index}": number for index, number in enumerate(numbers)}, router_id=model_id)
    by_name = predict(features, variant)
    assert list(by_list.probabilities) == list(by_number.probabilities) == list(by_name.probabilities)


def test_entities_keep_their_variant_and_both_are_reached(
    predict: Predict, features: dict[str, float]
) -> None:
    first = [predict(features, entity_id=f"p{number}") for number in range(40)]
    again = [predict(features, entity_id=f"p{number}").variant for number in range(40)]
    assert [answer.variant for answer in first] == again
    assert set(again) == set(VARIANTS)
    for answer in first:
        assert answer.propensity == pytest.approx({"lr": 0.7, "gb": 0.3}[answer.variant])
        assert answer.reason == prediction_pb2.DECISION_REASON_SLOT
        assert answer.generation > 0


@pytest.mark.parametrize("variant", VARIANTS)
def test_missing_feature_is_named(predict: Predict, features: dict[str, float], variant: str) -> None:
    lacking = {name: number for name, number in features.items() if name != "mean area"}
    with pytest.raises(grpc.RpcError) as caught:
        predict(lacking, variant)
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert "features.mean area" in (caught.value.details() or "")
    assert f"variant {variant}" in (caught.value.details() or "")


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("wrong", ["big", [1, 2], {"a": 1}])
def test_mistyped_feature_is_named(
    predict: Predict, features: dict[str, float], variant: str, wrong: Any
) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        predict(features | {"mean area": wrong}, variant)
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert "features.mean area" in (caught.value.details() or "")


def test_null_is_nan_for_a_model_that_takes_it(predict: Predict, features: dict[str, float]) -> None:
    answer = predict(features | {"mean area": None}, "gb")
    assert np.isfinite(answer.probabilities).all()


def test_null_is_refused_by_a_model_that_does_not_take_it(
    predict: Predict, features: dict[str, float]
) -> None:
    with pytest.raises(grpc.RpcError, match="NaN") as caught:
        predict(features | {"mean area": None}, "lr")
    assert "variant lr" in (caught.value.details() or "")


def test_defaults_fill_what_is_missing_or_null(
    control: Control, predict: Predict, features: dict[str, float], feature_names: list[str]
) -> None:
    takes = signature(feature_names)
    takes.defaults["mean area"].number_value = features["mean area"]
    for version in ("1", "2"):
        control.register("defaulted", version, onnx_backend("cancer-gb.onnx"), signature=takes)
    control.create("defaulted", {"1": 50, "2": 50}, "defaulted")
    control.deploy("defaulted")
    lacking = {name: number for name, number in features.items() if name != "mean area"}
    wanted = list(predict(features, "gb").probabilities)
    assert list(predict(lacking, router_id="defaulted").probabilities) == wanted
    assert list(predict(lacking | {"mean area": None}, router_id="defaulted").probabilities) == wanted


def test_signature_is_read_from_the_backend_when_none_is_given(control: Control, mlserver: MLServer) -> None:
    backends = {"1": grpc_backend(mlserver.target, "cancer-lr"), "2": onnx_backend("cancer-gb.onnx")}
    for version, backend in backends.items():
        read = control.register("self-described", version, backend).signature
        assert [(spec.name, spec.datatype, list(spec.shape)) for spec in read.inputs] == [
            ("x", "FP32", [-1, 30])
        ]
        assert [spec.name for spec in read.outputs] == ["predict", "predict_proba"]


def test_model_without_a_router_answers_by_its_production_version(
    control: Control, triton: Any, rows: Any, predict: Predict, features: dict[str, float]
) -> None:
    import tritonclient.grpc

    for version in ("1", "2"):
        control.register("direct", version, onnx_backend("cancer-gb.onnx"))
    tensor = tritonclient.grpc.InferInput("x", [1, 30], "FP32")
    tensor.set_data_from_numpy(rows[:1])
    with pytest.raises(Exception, match="no router, and no model with a production version"):
        triton.infer("direct", [tensor])
    for version in ("1", "2"):
        control.models.SetModelVersionStage(
            model_pb2.SetModelVersionStageRequest(
                model_id="direct", version=version, stage=model_pb2.STAGE_PRODUCTION
            )
        )
        parameters = triton.infer("direct", [tensor]).get_response().parameters
        assert parameters["pointsman_reason"].string_param == "production"
        assert parameters["pointsman_variant"].string_param == version
        assert triton.is_model_ready("direct")
