"""Calls that explain recorded decisions and make them again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pointsman.client._call import READ_TIMEOUT_SECONDS, Call, Page
from pointsman.client._convert import to_plain
from pointsman.client._fields import make
from pointsman.client._requests.common import ROUTERS, at_page, moment, plain
from pointsman.client._types import Explanation, ReplayPart
from pointsman.v1 import router_pb2

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime


def explain_prediction(router_id: str, prediction_id: str) -> Call[Explanation]:
    """Asks how a recorded prediction was decided; the router may be empty."""
    request = make(router_pb2.ExplainPredictionRequest, router_id=router_id, prediction_id=prediction_id)
    return Call(
        ROUTERS + "ExplainPrediction",
        request,
        router_pb2.ExplainPredictionResponse,
        plain(Explanation),
        is_read=True,
        timeout_seconds=READ_TIMEOUT_SECONDS,
    )


def replay_predictions(
    router_id: str, start_time: datetime | None, end_time: datetime | None, max_examples: int
) -> Callable[[str], Call[Page[ReplayPart]]]:
    """Asks for the parts of a window, decided again.

    Args:
        router_id: The router.
        start_time: Only predictions from this time on, local when it names no zone; None for all.
        end_time: Only predictions before this time; None means now.
        max_examples: At most so many decisions of each part that differ, 0 to 100.

    Returns:
        A function that makes the call for a part, by the token of the part before; empty for the first.
    """
    request = make(
        router_pb2.ReplayPredictionsRequest,
        router_id=router_id,
        start_time=moment(start_time),
        end_time=moment(end_time),
        max_examples=max_examples,
    )
    first: Call[Page[ReplayPart]] = Call(
        ROUTERS + "ReplayPredictions",
        request,
        router_pb2.ReplayPredictionsResponse,
        _part,
        is_read=True,
        timeout_seconds=2 * READ_TIMEOUT_SECONDS,
    )
    return at_page(first)


def _part(answer: Any) -> Page[ReplayPart]:
    return Page([to_plain(ReplayPart, answer)], answer.next_page_token)
