"""The part of ``pointsman.v1.PredictionService`` that the data plane does not answer itself."""

from pointsman.control.calls import caller
from pointsman.control.convert.enums import FEEDBACK_OUTCOME
from pointsman.control.convert.times import microseconds_of
from pointsman.control.feedback import FeedbackBook
from pointsman.v1 import prediction_pb2, prediction_pb2_grpc


class PredictionServicer(prediction_pb2_grpc.PredictionServiceServicer):
    """Takes feedback; predictions never arrive here."""

    def __init__(self, book: FeedbackBook) -> None:
        self._book = book

    async def RecordFeedback(
        self, request: prediction_pb2.RecordFeedbackRequest, context: object
    ) -> prediction_pb2.RecordFeedbackResponse:
        """Records a value of feedback."""
        observe_time_us = None
        if request.HasField("observe_time"):
            observe_time_us = microseconds_of(request.observe_time, "observe_time")
        outcome = await self._book.record(
            caller(), request.prediction_id, request.metric, request.value, observe_time_us
        )
        return prediction_pb2.RecordFeedbackResponse(outcome=FEEDBACK_OUTCOME.number(outcome))
