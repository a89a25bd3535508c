"""Recorded predictions as messages, and what is asked for of them."""

from collections.abc import Mapping
from typing import Any

from pointsman.control.convert.enums import (
    DECISION_REASON,
    PREDICTION_ORDER,
    RANDOMISED_BY,
    RECORDED_CONTENT,
)
from pointsman.control.convert.servers import unreached_to
from pointsman.control.convert.times import bound_us_of, duration_of_ns, nanoseconds_of, timestamp_of
from pointsman.control.convert.values import value_of
from pointsman.domain.records.predictions import Prediction, PredictionFilter, PredictionOrder
from pointsman.domain.values import JsonValue
from pointsman.v1 import prediction_pb2, router_pb2


def filter_from(request: router_pb2.ListPredictionsRequest) -> PredictionFilter:
    """Reads which predictions are asked for.

    Raises:
        InvalidArgumentError: A time or the order is not valid.
    """
    start_time_us = end_time_us = None
    if request.HasField("start_time"):
        start_time_us = bound_us_of(request.start_time, "start_time")
    if request.HasField("end_time"):
        end_time_us = bound_us_of(request.end_time, "end_time")
    return PredictionFilter(
        variant=request.variant,
        entity_id=request.entity_id,
        start_time_us=start_time_us,
        end_time_us=end_time_us,
        has_feedback=request.has_feedback if request.HasField("has_feedback") else None,
        status_code=request.status_code if request.HasField("status_code") else None,
        min_latency_ns=nanoseconds_of(request.min_latency),
        order=PREDICTION_ORDER.word(request.order, "order") or PredictionOrder.NEWEST_FIRST,
    )


def prediction_to(prediction: Prediction) -> prediction_pb2.PredictionRecord:
    """Makes the message of a recorded prediction."""
    message = prediction_pb2.PredictionRecord(
        prediction_id=prediction.prediction_id,
        router_id=prediction.router_id,
        variant=prediction.variant,
        model_id=prediction.model_id,
        model_version=prediction.model_version,
        entity_id=prediction.entity_id,
        time=timestamp_of(prediction.time_us),
        row=prediction.row,
        row_count=prediction.row_count,
        generation=prediction.generation,
        router_generation=prediction.router_generation,
        allocation_version=prediction.allocation_version,
        epoch=prediction.epoch,
        propensity=prediction.propensity,
        reason=DECISION_REASON.number(prediction.reason),
        randomised_by=RANDOMISED_BY.number(prediction.randomised_by),
        eligible_variants=[
            prediction_pb2.EligibleVariant(variant=eligible.variant, propensity=eligible.propensity)
            for eligible in prediction.eligible
        ],
        draw=prediction.draw,
        slot=prediction.slot,
        replayable=prediction.replayable,
        experiment_id=prediction.experiment_id,
        status_code=prediction.status_code,
        overhead=duration_of_ns(prediction.overhead_ns),
        request_id=prediction.request_id,
        trace_id=prediction.trace_id,
        decided_variant=prediction.decided_variant,
        rule=prediction.rule,
        shadow_answers=[_shadow_answer(answer) for answer in prediction.shadow_answers],
        unreached=unreached_to(prediction.unreached),
        features_content=RECORDED_CONTENT.number(prediction.features_content),
        answer_content=RECORDED_CONTENT.number(prediction.answer_content),
        features=_values(prediction.features),
        probabilities=prediction.probabilities,
        confidence=prediction.confidence,
        outputs=_values(prediction.outputs),
        answer_notes=prediction.answer_notes,
        router_revision=prediction.router_revision,
        feedback=[
            prediction_pb2.Feedback(
                metric=value.metric,
                value=value.value,
                observe_time=timestamp_of(value.observe_time_us),
                row=value.row,
            )
            for value in prediction.feedback
        ],
    )
    if prediction.backend_latency_ns is not None:
        message.backend_latency.CopyFrom(duration_of_ns(prediction.backend_latency_ns))
    if prediction.has_prediction:
        message.prediction.CopyFrom(value_of(prediction.prediction))
    return message


def _shadow_answer(answer: Prediction) -> prediction_pb2.ShadowAnswer:
    message = prediction_pb2.ShadowAnswer(
        variant=answer.variant,
        model_id=answer.model_id,
        model_version=answer.model_version,
        status_code=answer.status_code,
        probabilities=answer.probabilities,
        confidence=answer.confidence,
        outputs=_values(answer.outputs),
        answer_content=RECORDED_CONTENT.number(answer.answer_content),
    )
    if answer.backend_latency_ns is not None:
        message.backend_latency.CopyFrom(duration_of_ns(answer.backend_latency_ns))
    if answer.has_prediction:
        message.prediction.CopyFrom(value_of(answer.prediction))
    return message


def _values(values: Mapping[str, JsonValue]) -> dict[str, Any]:
    return {name: value_of(value) for name, value in values.items()}
