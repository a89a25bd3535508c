"""One entity's records are erased, from the lake's files and from what the journal still holds."""

from typing import Any

import grpc
import pyarrow.parquet as pq
import pytest
from google.protobuf import struct_pb2

from pointsman.v1 import prediction_pb2, router_pb2
from stage.control import Control
from stage.server import Server

from .conftest import make_router

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]


def test_an_entity_is_erased_and_others_stay(
    server: Server, control: Control, rows: Any, feature_names: list[str]
) -> None:
    make_router(server, "forgetful")

    def predict(entity_id: str) -> str:
        features = {
            name: struct_pb2.Value(number_value=float(number))
            for name, number in zip(feature_names, rows[0], strict=True)
        }
        request = prediction_pb2.PredictRequest(router_id="forgetful", features=features, entity_id=entity_id)
        return str(control.predictions.Predict(request).prediction_id)

    def listed() -> list[str]:
        request = router_pb2.ListPredictionsRequest(router_id="forgetful")
        return sorted(found.entity_id for found in control.routers.ListPredictions(request).predictions)

    def erase(entity_id: str) -> Any:
        request = router_pb2.EraseEntityRequest(router_id="forgetful", entity_id=entity_id)
        return control.routers.EraseEntity(request)

    ids = [predict(f"e{number % 3}") for number in range(9)]
    for prediction_id in ids:
        control.predictions.RecordFeedback(
            prediction_pb2.RecordFeedbackRequest(prediction_id=prediction_id, value=1)
        )
    erased = erase("e1")
    assert (erased.prediction_count, erased.feedback_count) == (3, 3)
    assert listed() == ["e0"] * 3 + ["e2"] * 3
    predict("e1")
    assert (erase("e1").prediction_count, erase("e0").prediction_count) == (1, 3)
    assert listed() == ["e2"] * 3
    with pytest.raises(grpc.RpcError) as caught:
        control.routers.GetPrediction(
            router_pb2.GetPredictionRequest(router_id="forgetful", prediction_id=ids[1])
        )
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND
    folder = server.data_dir / "lake" / "predictions" / "router=forgetful"
    left = [
        entity
        for path in folder.rglob("*.parquet")
        for entity in pq.ParquetFile(path).read(["entity_id"])["entity_id"].to_pylist()
    ]
    assert left == ["e2"] * 3
