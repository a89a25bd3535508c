"""Values of feedback that callers bring."""

from pointsman.control.convert.times import microseconds_of
from pointsman.control.feedback_checks import GivenFeedback
from pointsman.errors import InvalidArgumentError
from pointsman.v1 import prediction_pb2


def given_from(message: prediction_pb2.RecordFeedbackRequest) -> GivenFeedback:
    """Reads a value of feedback.

    Raises:
        InvalidArgumentError: Its time cannot be read.
    """
    observe_time_us = None
    if message.HasField("observe_time"):
        observe_time_us = microseconds_of(message.observe_time, "observe_time")
    return GivenFeedback(
        prediction_id=message.prediction_id,
        metric=message.metric,
        value=message.value,
        observe_time_us=observe_time_us,
        row=message.row,
        router_id=message.router_id,
        entity_id=message.entity_id,
    )


def waits_applied(wait: int) -> bool:
    """Answers whether an answer waits until feedback is applied, and not only until it is on disk.

    Raises:
        InvalidArgumentError: The number is none of the enumeration's.
    """
    if wait not in prediction_pb2.FeedbackWait.values():
        raise InvalidArgumentError.at(
            "wait", f"{wait} is none of FEEDBACK_WAIT_DURABLE (1) and FEEDBACK_WAIT_APPLIED (2)"
        )
    return wait == prediction_pb2.FEEDBACK_WAIT_APPLIED
