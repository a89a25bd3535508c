"""Feedback on its way to the data plane, and what the data plane says of it."""

from collections.abc import Iterable

from pointsman.control.status import CODES
from pointsman.domain.keys import Principal
from pointsman.errors import FieldViolation, PointsmanError
from pointsman.v1 import prediction_pb2, record_pb2

_KINDS = {code.value[0]: kind for kind, code in reversed(CODES.items())}


def feedback_call(
    caller: Principal,
    values: Iterable[prediction_pb2.RecordFeedbackRequest],
    wait: int,
    timeout_seconds: float = 0.0,
) -> bytes:
    """Makes the message of a call that brings feedback.

    Args:
        caller: Who brings it.
        values: The values.
        wait: What the answer waits for, as the caller says it.
        timeout_seconds: So long the answer may wait for that.
    """
    return record_pb2.FeedbackCall(
        user_id=caller.user_id,
        admin=caller.admin,
        feedback=values,
        wait=wait,  # type: ignore[arg-type]
        timeout_ms=int(timeout_seconds * 1000),
    ).SerializeToString()


def verdicts_of(answer: bytes) -> list[record_pb2.FeedbackVerdict]:
    """Reads what the data plane says of each value.

    Raises:
        PointsmanError: The call as a whole is refused.
    """
    message = record_pb2.FeedbackAnswer.FromString(answer)
    if message.HasField("refusal"):
        raise refusal_of(message.refusal)
    return list(message.verdicts)


def refusal_of(message: record_pb2.FeedbackRefusal) -> PointsmanError:
    """Makes the error that tells a caller what the data plane says, in its words."""
    return _KINDS.get(message.code, PointsmanError)(
        message.message,
        reason=message.reason,
        metadata=message.metadata,
        fields=[FieldViolation(found.field, found.description) for found in message.fields],
    )
