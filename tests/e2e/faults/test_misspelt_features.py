"""A misspelt feature is refused where a default would answer in its place, and only there."""

import json
from pathlib import Path
from typing import Any

import grpc
import pytest
from click.testing import CliRunner

from pointsman.cli import app
from pointsman.client import Client, InvalidArgumentError
from pointsman.v1 import model_pb2, prediction_pb2, router_pb2
from stage.control import Control, onnx_backend
from stage.server import Server

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(60)]

IRIS = Path(__file__).parents[3] / "router_core/crates/inference/tests/models/iris.onnx"
NAMES = ["sepal_length", "sepal_width", "petal_length", "petal_width"]
ROW = dict(zip(NAMES, (5.1, 3.5, 1.4, 0.2), strict=True))


@pytest.fixture
def router(server: Server, control: Control, router_id: str) -> str:
    """A router over a model of four named features, of which the width of petals has a default."""
    (server.models_dir / f"{router_id}.onnx").write_bytes(IRIS.read_bytes())
    signature = model_pb2.Signature(inputs=[model_pb2.TensorSpec(name="X", features=NAMES)])
    signature.defaults["petal_width"].number_value = 1.0
    backend = onnx_backend(f"{router_id}.onnx")
    control.register(f"{router_id}-model", "1", backend, signature=signature)
    control.create(router_id, {"1": 100.0}, f"{router_id}-model", allow_single=True)
    control.deploy(router_id)
    return router_id


def predict(control: Control, router: str, features: dict[str, float | None]) -> Any:
    request = prediction_pb2.PredictRequest(router_id=router)
    for name, value in features.items():
        if value is None:
            request.features[name].null_value = 0  # type: ignore[assignment]
        else:
            request.features[name].number_value = value
    return control.predictions.Predict(request)


def renamed(name: str) -> dict[str, float | None]:
    """The row with the width of petals under another name."""
    return {name if known == "petal_width" else known: value for known, value in ROW.items()}


@pytest.mark.parametrize("name", ["petal_widht", "petalWidth", "Petal-Width", "petal_widths", "ptal_widt"])
def test_a_typo_is_not_answered_with_the_default(control: Control, router: str, name: str) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        predict(control, router, renamed(name))
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert f"features.{name}: " in str(caught.value.details())
    assert 'did you mean "petal_width"?' in str(caught.value.details())


@pytest.mark.parametrize(
    "features",
    [
        pytest.param({**ROW, "petal_widht": 9.0}, id="the right one came as well"),
        pytest.param({**renamed("petal_widht"), "petal_width": None}, id="its default is wanted"),
        pytest.param(renamed("country"), id="another name"),
        pytest.param(renamed("sepal_widths"), id="the like of one that came"),
    ],
)
def test_what_is_no_typo_is_left_alone(
    control: Control, router: str, features: dict[str, float | None]
) -> None:
    answer = predict(control, router, features)
    listed = router_pb2.ListPredictionsRequest(router_id=router)
    (record,) = control.routers.ListPredictions(listed).predictions
    assert record.prediction_id == answer.prediction_id


def test_a_missing_feature_is_named_for_machines_and_the_command_asks_for_its_like(
    server: Server, control: Control, router: str
) -> None:
    features = {"sepal_lenght" if name == "sepal_length" else name: value for name, value in ROW.items()}
    with Client(server.grpc) as client, pytest.raises(InvalidArgumentError) as caught:
        client.predict(router, features)
    assert [violation.field for violation in caught.value.violations] == ["features.sepal_length"]
    asked = ["predict", router, "--features", json.dumps(features), "--server", server.grpc]
    told = CliRunner().invoke(app, asked)
    assert told.exit_code == 1
    assert "error: features.sepal_length: " in told.stderr
    assert "sepal_length is missing. Is it 'sepal_lenght'" in told.stderr
