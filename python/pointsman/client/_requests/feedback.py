"""Calls that ask a model, and that tell what came of its answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pointsman.client._call import Call
from pointsman.client._convert import fill_message, to_plain
from pointsman.client._fields import WrongTypeError, make
from pointsman.client._requests.common import PREDICTIONS, feature_values, number, plain, warn_of_unreached
from pointsman.client._types import FeedbackReceipt, FeedbackResult, FeedbackValue, FeedbackWait, Prediction
from pointsman.v1 import prediction_pb2

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

FEEDBACK_BATCH = 10_000
"""How many values of feedback a server takes in one call."""


def predict(router_id: str, features: Mapping[str, Any], entity_id: str, variant: str) -> Call[Prediction]:
    """Asks for a prediction by features.

    Args:
        router_id: The router, or a model whose production version shall answer.
        features: Values by the names in the model's signature: None, bool, numbers, str, lists and dicts of
            them.
        entity_id: Whom it is for; empty for nobody.
        variant: A variant's name or model version, to go there outside the statistics; empty lets the router
            choose.

    Raises:
        TypeError: A feature, an id or the variant is of a type that is not sent; the text names it.
        ValueError: A feature's value cannot be sent; the text names it.
    """
    request = make(
        prediction_pb2.PredictRequest,
        router_id=router_id,
        features=feature_values(features),
        entity_id=entity_id,
        variant=variant,
    )
    return Call(PREDICTIONS + "Predict", request, prediction_pb2.PredictResponse, plain(Prediction))


def record_feedback(given: FeedbackValue, wait: FeedbackWait) -> Call[FeedbackReceipt]:
    """Brings one value of feedback."""
    request = prediction_pb2.RecordFeedbackRequest()
    fill_message(request, given)
    request.wait = number(request, "wait", wait)
    return Call(
        PREDICTIONS + "RecordFeedback",
        request,
        prediction_pb2.RecordFeedbackResponse,
        plain(FeedbackReceipt),
    )


def batches_of_feedback(
    given: Sequence[FeedbackValue], wait: FeedbackWait
) -> list[Call[Sequence[FeedbackResult]]]:
    """Brings many values of feedback, in as many calls as it takes; one for none."""
    firsts = range(0, max(len(given), 1), FEEDBACK_BATCH)
    return [
        _batch_record_feedback(given, range(len(given))[first : first + FEEDBACK_BATCH], wait)
        for first in firsts
    ]


def _batch_record_feedback(
    given: Sequence[FeedbackValue], places: range, wait: FeedbackWait
) -> Call[Sequence[FeedbackResult]]:
    request = prediction_pb2.BatchRecordFeedbackRequest()
    request.wait = number(request, "wait", wait)
    for place in places:
        try:
            fill_message(request.feedback.add(), given[place])
        except WrongTypeError as error:
            raise error.within(f"values[{place}]") from None
        except ValueError as error:
            raise ValueError(f"values[{place}]: {error}") from None
    return Call(
        PREDICTIONS + "BatchRecordFeedback",
        request,
        prediction_pb2.BatchRecordFeedbackResponse,
        _results,
    )


def _results(answer: Any) -> list[FeedbackResult]:
    warn_of_unreached(answer, "later predictions of these entities may be another server's")
    return [to_plain(FeedbackResult, result) for result in answer.results]
