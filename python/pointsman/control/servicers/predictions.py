"""The part of ``pointsman.v1.PredictionService`` that the data plane does not answer itself."""

from pointsman.control.calls import caller
from pointsman.control.convert.enums import FEEDBACK_OUTCOME
from pointsman.control.convert.servers import unreached_to
from pointsman.control.journals.feedback import FeedbackDesk, Result, Taken
from pointsman.control.lanes import Lanes
from pointsman.control.status import code_of
from pointsman.domain.records.servers import merged
from pointsman.errors import PointsmanError
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
        taken = await self._lanes.feed(self._desk.record, caller(), request)
        return prediction_pb2.RecordFeedbackResponse(
            outcome=FEEDBACK_OUTCOME.number(taken.outcome),
            prediction_id=taken.prediction_id,
            unreached=unreached_to(taken.unreached),
        )

    async def BatchRecordFeedback(
        self, request: prediction_pb2.BatchRecordFeedbackRequest, context: object
    ) -> prediction_pb2.BatchRecordFeedbackResponse:
        """Records many values of feedback."""
        results = await self._lanes.feed(
            self._desk.record_batch, caller(), list(request.feedback), request.wait
        )
        return prediction_pb2.BatchRecordFeedbackResponse(
            results=map(_result, results),
            unreached=unreached_to(merged(one.unreached for one in results if isinstance(one, Taken))),
        )


def _result(result: Result) -> prediction_pb2.FeedbackResult:
    if isinstance(result, PointsmanError):
        return prediction_pb2.FeedbackResult(code=code_of(result).value[0], message=result.message)
    return prediction_pb2.FeedbackResult(outcome=FEEDBACK_OUTCOME.number(result.outcome))
