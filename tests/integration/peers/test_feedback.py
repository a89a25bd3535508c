"""From prediction to figures: feedback, counts and recorded predictions."""

from typing import Any

import grpc
import pytest
import tritonclient.grpc
from google.protobuf import struct_pb2

from pointsman.v1 import prediction_pb2, router_pb2
from stage.control import Control
from stage.server import Server
from stage.waiting import eventually

from .conftest import make_router

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

PREDICTIONS = 30


@pytest.fixture(scope="module")
def answers(server: Server, control: Control, rows: Any, feature_names: list[str]) -> list[Any]:
    """Predictions of a router of their own, with a reward each; three pinned ones besides."""
    make_router(server, "rewarded")

    def predict(index: int, **fields: Any) -> Any:
        features = {
            name: struct_pb2.Value(number_value=float(number))
            for name, number in zip(feature_names, rows[index], strict=True)
        }
        request = prediction_pb2.PredictRequest(router_id="rewarded", features=features, **fields)
        return control.predictions.Predict(request)

    answers = [predict(index, entity_id=f"p{index}") for index in range(PREDICTIONS)]
    for index, answer in enumerate(answers):
        feedback = prediction_pb2.RecordFeedbackRequest(
            prediction_id=answer.prediction_id,
            value=float(index % 2),
            wait=prediction_pb2.FEEDBACK_WAIT_APPLIED,
        )
        recorded = control.predictions.RecordFeedback(feedback)
        assert recorded.outcome == prediction_pb2.FEEDBACK_OUTCOME_APPLIED
    for _ in range(3):
        pinned = predict(0, variant="gb")
        control.predictions.RecordFeedback(
            prediction_pb2.RecordFeedbackRequest(prediction_id=pinned.prediction_id, value=1)
        )
    return answers


def test_figures_count_calls_and_feedback_of_each_variant(control: Control, answers: list[Any]) -> None:
    figures = control.metrics("rewarded")
    for variant in figures.variants:
        own = [index for index, answer in enumerate(answers) if answer.variant == variant.variant]
        assert variant.request_count == len(own)
        assert dict(variant.requests_by_code) == {"OK": len(own)}
        assert variant.feedback_count == len(own)
        assert variant.mean_reward == pytest.approx(sum(index % 2 for index in own) / len(own))
        assert variant.pinned_request_count == (3 if variant.variant == "gb" else 0)
        assert variant.backend.mean_seconds > 0
        assert variant.overhead.p99_seconds >= variant.overhead.p50_seconds > 0
    assert figures.total.request_count == PREDICTIONS
    assert figures.total.feedback_count == PREDICTIONS
    assert figures.total.mean_reward == pytest.approx(0.5)


def test_repeated_feedback_changes_nothing(control: Control, answers: list[Any]) -> None:
    before = control.metrics("rewarded").total.feedback_count
    for value, outcome in (
        (0.0, prediction_pb2.FEEDBACK_OUTCOME_DUPLICATE),
        (5.0, prediction_pb2.FEEDBACK_OUTCOME_CONFLICT),
    ):
        request = prediction_pb2.RecordFeedbackRequest(
            prediction_id=answers[0].prediction_id, value=value, wait=prediction_pb2.FEEDBACK_WAIT_APPLIED
        )
        assert control.predictions.RecordFeedback(request).outcome == outcome
    assert control.metrics("rewarded").total.feedback_count == before


def test_feedback_follows_an_unmodified_clients_receipt(
    server: Server, control: Control, triton: Any, rows: Any
) -> None:
    make_router(server, "by-receipt")
    tensor = tritonclient.grpc.InferInput("x", [1, 30], "FP32")
    tensor.set_data_from_numpy(rows[:1])
    parameters = triton.infer("by-receipt", [tensor]).get_response().parameters
    request = prediction_pb2.RecordFeedbackRequest(
        prediction_id=parameters["pointsman_prediction_id"].string_param, metric="clicks", value=2
    )
    control.predictions.RecordFeedback(request)
    total = control.metrics("by-receipt").total
    assert [(each.metric, each.count, each.mean) for each in total.feedback] == [("clicks", 1, 2.0)]


def altered(prediction_id: str, place: int) -> str:
    letter = "A" if prediction_id[place] != "A" else "B"
    return prediction_id[:place] + letter + prediction_id[place + 1 :]


def test_forged_and_altered_prediction_ids_are_refused(control: Control, answers: list[Any]) -> None:
    good = answers[1].prediction_id
    before = control.metrics("rewarded").total.feedback_count
    bad = [altered(good, place) for place in range(0, len(good) - 1, 3)]
    bad += [good[:-4], good + "AAAA", "", "x", "é", "A" * 5000, good[::-1]]
    for prediction_id in bad:
        with pytest.raises(grpc.RpcError) as caught:
            control.predictions.RecordFeedback(
                prediction_pb2.RecordFeedbackRequest(prediction_id=prediction_id, value=1)
            )
        assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT, prediction_id
        assert "prediction_id" in (caught.value.details() or "")
    assert control.metrics("rewarded").total.feedback_count == before


def listed(control: Control, **wanted: Any) -> list[Any]:
    found, token = [], ""
    while True:
        page = control.routers.ListPredictions(
            router_pb2.ListPredictionsRequest(router_id="rewarded", page_token=token, **wanted)
        )
        found += page.predictions
        token = page.next_page_token
        if not token:
            return found


def test_predictions_are_listed_in_pages_newest_first(control: Control, answers: list[Any]) -> None:
    rows = eventually(
        lambda: (found := listed(control, page_size=7)) and len(found) >= PREDICTIONS + 3 and found
    )
    ids = [row.prediction_id for row in rows]
    assert len(ids) == len(set(ids)) == PREDICTIONS + 3
    assert [identity for identity in ids if identity in {a.prediction_id for a in answers}] == [
        answer.prediction_id for answer in reversed(answers)
    ]
    by_id = {row.prediction_id: row for row in rows}
    for index, answer in enumerate(answers):
        row = by_id[answer.prediction_id]
        assert (row.variant, row.entity_id, row.status_code) == (answer.variant, f"p{index}", 0)
        assert row.propensity == answer.propensity
        assert row.generation == answer.generation
        assert list(row.probabilities) == pytest.approx(list(answer.probabilities))
        assert [(feedback.metric, feedback.value) for feedback in row.feedback] == [("reward", index % 2)]


def test_listed_predictions_are_filtered(control: Control, answers: list[Any]) -> None:
    eventually(lambda: len(listed(control)) >= PREDICTIONS + 3)
    assert {row.entity_id for row in listed(control, entity_id="p3")} == {"p3"}
    gb = [answer.prediction_id for answer in answers if answer.variant == "gb"]
    assert set(gb) <= {row.prediction_id for row in listed(control, variant="gb")}
    one = control.routers.GetPrediction(
        router_pb2.GetPredictionRequest(router_id="rewarded", prediction_id=answers[0].prediction_id)
    )
    assert one.entity_id == "p0"
    assert len(one.features) == 30
