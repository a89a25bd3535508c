"""What a router recorded: its figures, its predictions, and that an entity's are erased."""

import asyncio
import time
from abc import ABC
from typing import Literal

from pointsman.control.calls import caller
from pointsman.control.convert.metrics import metrics_to
from pointsman.control.convert.predictions import filter_from, prediction_to
from pointsman.control.convert.servers import unreached_to
from pointsman.control.convert.times import bound_us_of, nanoseconds_of
from pointsman.control.lake.erasure import Erasure
from pointsman.control.lanes import Lanes
from pointsman.control.router_records import RouterRecords
from pointsman.domain.pages import page_size
from pointsman.errors import InvalidArgumentError
from pointsman.v1 import prediction_pb2, router_pb2

ERASURE_WAIT_SECONDS = 5.0
"""So long an answer waits for other servers that run; then it says that they are pending."""
_ERASURE_LOOK_SECONDS = 0.2


class RecordMethods(ABC):
    """The methods of the router service on what its routers recorded."""

    _records: RouterRecords
    _erasure: Erasure
    _lanes: Lanes

    async def GetRouterMetrics(
        self, request: router_pb2.GetRouterMetricsRequest, context: object
    ) -> router_pb2.RouterMetrics:
        """Answers counts, latencies and feedback."""
        is_window = any(request.HasField(name) for name in ("start_time", "end_time", "granularity"))
        if request.live and is_window:
            raise InvalidArgumentError.at(
                "live",
                "goes with no times: live counters are those since the server started; leave out live, or "
                "start_time, end_time and granularity",
            )
        if is_window:
            found = await self._lanes.look(
                self._records.window_metrics,
                caller(),
                request.router_id,
                start_time_us=_moment(request, "start_time"),
                end_time_us=_moment(request, "end_time"),
                step_us=_step_us(request),
            )
        else:
            ask = self._records.live_metrics if request.live else self._records.metrics
            found = await self._lanes.look(ask, caller(), request.router_id)
        return metrics_to(*found)

    async def ListPredictions(
        self, request: router_pb2.ListPredictionsRequest, context: object
    ) -> router_pb2.ListPredictionsResponse:
        """Lists recorded predictions."""
        page = await self._lanes.look(
            self._records.list_predictions,
            caller(),
            request.router_id,
            filter_from(request),
            page_size=page_size(request.page_size),
            page_token=request.page_token,
        )
        return router_pb2.ListPredictionsResponse(
            predictions=[prediction_to(prediction) for prediction in page.items],
            next_page_token=page.next_page_token,
            unreached=unreached_to(page.unreached),
        )

    async def GetPrediction(
        self, request: router_pb2.GetPredictionRequest, context: object
    ) -> prediction_pb2.PredictionRecord:
        """Answers one recorded prediction with its feedback."""
        prediction = await self._lanes.look(
            self._records.get_prediction, caller(), request.router_id, request.prediction_id, request.row
        )
        return prediction_to(prediction)

    async def EraseEntity(
        self, request: router_pb2.EraseEntityRequest, context: object
    ) -> router_pb2.EraseEntityResponse:
        """Deletes every recorded prediction of one entity; waits a moment for the other servers that run."""
        erased = await self._lanes.erase(
            self._erasure.erase_entity, caller(), request.router_id, request.entity_id
        )
        from_drift = erased.from_drift
        deadline = time.monotonic() + ERASURE_WAIT_SECONDS
        while erased.is_awaited and time.monotonic() < deadline:
            await asyncio.sleep(_ERASURE_LOOK_SECONDS)
            erased = await self._lanes.read(self._erasure.progress, erased.erasure_key, request.router_id)
        return router_pb2.EraseEntityResponse(
            prediction_count=erased.prediction_count,
            feedback_count=erased.feedback_count,
            pending=unreached_to(erased.pending),
            logged_prediction_count=from_drift.prediction_count + erased.logged_count,
            outcome_count=from_drift.outcome_count,
            other_models=from_drift.other_models,
        )


def _moment(
    request: router_pb2.GetRouterMetricsRequest, field: Literal["start_time", "end_time"]
) -> int | None:
    return bound_us_of(getattr(request, field), field) if request.HasField(field) else None


def _step_us(request: router_pb2.GetRouterMetricsRequest) -> int:
    """Answers the length of a step in microseconds; 0 when no series is asked for."""
    if not request.HasField("granularity"):
        return 0
    nanoseconds = nanoseconds_of(request.granularity)
    if nanoseconds < 1000:
        raise InvalidArgumentError.at(
            "granularity", f"{nanoseconds / 1e9:g}s is below a microsecond; leave it out for no series"
        )
    return nanoseconds // 1000
