"""Calls about what a router recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pointsman.client._call import ERASE_TIMEOUT_SECONDS, READ_TIMEOUT_SECONDS, Call, Page
from pointsman.client._fields import make
from pointsman.client._requests.common import ROUTERS, at_page, moment, number, page, plain, warn_of_unreached
from pointsman.client._types import Erasure, PredictionOrder, PredictionRecord, RouterMetrics
from pointsman.v1 import prediction_pb2, router_pb2

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime, timedelta


def _predictions(answer: Any) -> Page[PredictionRecord]:
    warn_of_unreached(answer, "these are not all recorded predictions")
    return page(PredictionRecord, "predictions")(answer)


def router_metrics(
    router_id: str,
    start_time: datetime | None,
    end_time: datetime | None,
    granularity: timedelta | None,
    live: bool,
) -> Call[RouterMetrics]:
    """Asks for a router's figures.

    Args:
        router_id: The router.
        start_time: From this time on, local when it names no zone; None means from the first record kept.
        end_time: Before this time; None means now.
        granularity: The length of a step of the time series; None means no series.
        live: What the server counted since it started, in place of what is recorded; goes with no times.
    """
    request = make(
        router_pb2.GetRouterMetricsRequest,
        router_id=router_id,
        start_time=moment(start_time),
        end_time=moment(end_time),
        live=live,
    )
    if granularity is not None:
        request.granularity.FromTimedelta(granularity)
    return Call(
        ROUTERS + "GetRouterMetrics",
        request,
        router_pb2.RouterMetrics,
        plain(RouterMetrics),
        is_read=True,
        timeout_seconds=READ_TIMEOUT_SECONDS,
    )


def erase_entity(router_id: str, entity_id: str) -> Call[Erasure]:
    """Deletes what is recorded of an entity."""
    request = make(router_pb2.EraseEntityRequest, router_id=router_id, entity_id=entity_id)
    return Call(
        ROUTERS + "EraseEntity",
        request,
        router_pb2.EraseEntityResponse,
        plain(Erasure),
        timeout_seconds=ERASE_TIMEOUT_SECONDS,
    )


def list_predictions(
    router_id: str,
    variant: str,
    entity_id: str,
    start_time: datetime | None,
    end_time: datetime | None,
    has_feedback: bool | None,
    status_code: int | None,
    min_latency: timedelta | None,
    order: PredictionOrder,
    page_size: int,
) -> Callable[[str], Call[Page[PredictionRecord]]]:
    """Asks for pages of recorded predictions.

    Args:
        router_id: The router.
        variant: Only predictions of this variant; empty for all.
        entity_id: Only predictions for this entity, as calls name it; empty for all.
        start_time: Only predictions from this time on, local when it names no zone; None for all.
        end_time: Only predictions before this time; None for all.
        has_feedback: Only predictions with feedback (True) or without (False); None for all.
        status_code: Only answers with this gRPC status code, 0 for OK; None for all.
        min_latency: Only calls that took at least so long, overhead and backend together; None for all.
        order: Newest or oldest first.
        page_size: How many a page holds, 1 to 1000; 0 lets the server choose.

    Returns:
        A function that makes the call for a page, by the token of the page before; empty for the first.
    """
    request = make(
        router_pb2.ListPredictionsRequest,
        router_id=router_id,
        variant=variant,
        entity_id=entity_id,
        start_time=moment(start_time),
        end_time=moment(end_time),
        status_code=status_code,
        page_size=page_size,
    )
    request.order = number(request, "order", order)
    if has_feedback is not None:
        request.has_feedback = has_feedback
    if min_latency is not None:
        request.min_latency.FromTimedelta(min_latency)
    first: Call[Page[PredictionRecord]] = Call(
        ROUTERS + "ListPredictions",
        request,
        router_pb2.ListPredictionsResponse,
        _predictions,
        is_read=True,
        timeout_seconds=READ_TIMEOUT_SECONDS,
    )
    return at_page(first)


def get_prediction(router_id: str, prediction_id: str, row: int) -> Call[PredictionRecord]:
    """Asks for one recorded prediction.

    Args:
        router_id: The router.
        prediction_id: From the prediction's answer or receipt.
        row: The row of a batch, from 0.
    """
    request = make(router_pb2.GetPredictionRequest, router_id=router_id, prediction_id=prediction_id, row=row)
    return Call(
        ROUTERS + "GetPrediction",
        request,
        prediction_pb2.PredictionRecord,
        plain(PredictionRecord),
        is_read=True,
    )
