"""The part of ``pointsman.v1.PredictionService`` that the data plane does not answer itself."""

from pointsman.control.calls import caller
from pointsman.control.convert.enums import FEEDBACK_OUTCOME
from pointsman.control.convert.feedback import given_from, waits_applied
from pointsman.control.convert.servers import unreached_to
from pointsman.control.feedback import FeedbackDesk, Result, Taken
from pointsman.control.feedback_checks import GivenFeedback
from pointsman.control.lanes import Lanes
from pointsman.control.status import code_of
from pointsman.domain.servers import merged
from pointsman.errors import InvalidArgumentError, PointsmanError
from pointsman.v1 import prediction_pb2, prediction_pb2_grpc


class PredictionServicer(prediction_pb2_grpc.PredictionServiceServicer):
    """Takes the feedback that the data plane passes on; predictions never arrive here."""

    def __init__(self, desk: FeedbackDesk, lanes: Lanes) -> None:
        self._desk = desk
        self._lanes = lanes

    async def RecordFeedback(
        self, request: prediction_pb2.RecordFeedbackRequest, context: object
    ) -> prediction_pb2.RecordFeedbackResponse:
        """Records a value of feedback."""
        taken = await self._lanes.feed(
            self._desk.record, caller(), given_from(request), wait_applied=waits_applied(request.wait)
        )
        return prediction_pb2.RecordFeedbackResponse(
            outcome=FEEDBACK_OUTCOME.number(taken.outcome),
            prediction_id=taken.prediction_id,
            unreached=unreached_to(taken.unreached),
        )

    async def BatchRecordFeedback(
        self, request: prediction_pb2.BatchRecordFeedbackRequest, context: object
    ) -> prediction_pb2.BatchRecordFeedbackResponse:
        """Records many values of feedback."""
        read = [_read(given) for given in request.feedback]
        good = [given for given in read if isinstance(given, GivenFeedback)]
        recorded = await self._lanes.feed(
            self._desk.record_batch, caller(), good, wait_applied=waits_applied(request.wait)
        )
        results = iter(recorded)
        return prediction_pb2.BatchRecordFeedbackResponse(
            results=[
                _result(given if isinstance(given, PointsmanError) else next(results)) for given in read
            ],
            unreached=unreached_to(merged(one.unreached for one in recorded if isinstance(one, Taken))),
        )


def _read(given: prediction_pb2.RecordFeedbackRequest) -> GivenFeedback | InvalidArgumentError:
    try:
        return given_from(given)
    except InvalidArgumentError as error:
        return error


def _result(result: Result) -> prediction_pb2.FeedbackResult:
    if isinstance(result, PointsmanError):
        return prediction_pb2.FeedbackResult(code=code_of(result).value[0], message=result.message)
    return prediction_pb2.FeedbackResult(outcome=FEEDBACK_OUTCOME.number(result.outcome))
