"""How recorded calls were decided, and whether that comes out again."""

from pointsman.control.calls import caller
from pointsman.control.convert.predictions import prediction_to
from pointsman.control.convert.replays import replayed_to
from pointsman.control.convert.revisions import revision_to
from pointsman.control.convert.servers import unreached_to
from pointsman.control.convert.times import bound_us_of, timestamp_of
from pointsman.control.lanes import Lanes
from pointsman.control.routing.replays import Replays
from pointsman.v1 import router_pb2


class ReplayMethods:
    """The methods of the router service that make decisions again."""

    _replays: Replays
    _lanes: Lanes

    async def ExplainPrediction(
        self, request: router_pb2.ExplainPredictionRequest, context: object
    ) -> router_pb2.ExplainPredictionResponse:
        """Tells how a prediction was decided."""
        found = await self._lanes.look(
            self._replays.explain, caller(), request.router_id, request.prediction_id
        )
        answer = router_pb2.ExplainPredictionResponse(
            record=prediction_to(found.prediction), redecision=found.redecision
        )
        if (seen := found.revision) is not None:
            answer.revision.CopyFrom(revision_to(seen.kept, seen.newest, with_key=seen.with_key))
        return answer

    async def ReplayPredictions(
        self, request: router_pb2.ReplayPredictionsRequest, context: object
    ) -> router_pb2.ReplayPredictionsResponse:
        """Decides the calls of a part of a window again."""
        start_us = bound_us_of(request.start_time, "start_time") if request.HasField("start_time") else None
        end_us = bound_us_of(request.end_time, "end_time") if request.HasField("end_time") else None
        page = await self._lanes.look(
            self._replays.replay,
            caller(),
            request.router_id,
            start_time_us=start_us,
            end_time_us=end_us,
            max_examples=request.max_examples,
            page_token=request.page_token,
        )
        answer = replayed_to(page.part.answer)
        answer.next_page_token = page.next_page_token
        answer.end_time.CopyFrom(timestamp_of(page.part.end_time_us))
        answer.unreached.extend(unreached_to(page.part.unreached))
        return answer
