"""Recorded predictions as messages, and the data plane's records as predictions."""

from pointsman.control.convert.enums import DECISION_REASON, RANDOMISED_BY
from pointsman.control.convert.times import duration_of_ns, nanoseconds_of, timestamp_of
from pointsman.control.convert.values import plain, value_of
from pointsman.domain.predictions import DecisionReason, Prediction, RandomisedBy
from pointsman.v1 import prediction_pb2


def prediction_from(record: prediction_pb2.PredictionRecord) -> Prediction:
    """Reads a record of the data plane."""
    has_prediction = record.HasField("prediction")
    return Prediction(
        prediction_id=record.prediction_id,
        router_id=record.router_id,
        variant=record.variant,
        model_id=record.model_id,
        model_version=record.model_version,
        time_us=record.time.seconds * 1_000_000 + record.time.nanos // 1000,
        entity_id=record.entity_id,
        generation=record.generation,
        propensity=record.propensity,
        reason=DECISION_REASON.word_or(record.reason, DecisionReason.UNSPECIFIED),
        randomised_by=RANDOMISED_BY.word_or(record.randomised_by, RandomisedBy.UNSPECIFIED),
        status_code=record.status_code,
        overhead_ns=nanoseconds_of(record.overhead),
        backend_latency_ns=nanoseconds_of(record.backend_latency),
        request_id=record.request_id,
        features={name: plain(value) for name, value in record.features.items()},
        prediction=plain(record.prediction) if has_prediction else None,
        has_prediction=has_prediction,
        probabilities=tuple(record.probabilities),
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
        generation=prediction.generation,
        propensity=prediction.propensity,
        reason=DECISION_REASON.number(prediction.reason),
        randomised_by=RANDOMISED_BY.number(prediction.randomised_by),
        status_code=prediction.status_code,
        overhead=duration_of_ns(prediction.overhead_ns),
        backend_latency=duration_of_ns(prediction.backend_latency_ns),
        request_id=prediction.request_id,
        features={name: value_of(value) for name, value in prediction.features.items()},
        probabilities=prediction.probabilities,
        feedback=[
            prediction_pb2.Feedback(
                metric=value.metric,
                value=value.value,
                observe_time=timestamp_of(value.observe_time_us),
            )
            for value in prediction.feedback
        ],
    )
    if prediction.has_prediction:
        message.prediction.CopyFrom(value_of(prediction.prediction))
    return message
