"""Calls about shadows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pointsman.client._call import READ_TIMEOUT_SECONDS, Call
from pointsman.client._fields import make
from pointsman.client._requests.common import ROUTERS, moment, plain
from pointsman.client._types import ShadowComparison
from pointsman.v1 import router_pb2

if TYPE_CHECKING:
    from datetime import datetime


def compare_shadow(
    router_id: str,
    variant: str,
    start_time: datetime | None,
    end_time: datetime | None,
    metric: str,
    max_labels: int,
) -> Call[ShadowComparison]:
    """Asks how a shadow's answers compare with those that were given.

    Args:
        router_id: The router.
        variant: The shadow; empty for the only one.
        start_time: Only calls from this time on, local when it names no zone; None for all.
        end_time: Only calls before this time; None means now.
        metric: The metric whose feedback is what should have been predicted; empty for none.
        max_labels: At most so many pairs of labels; 0 for the server's default.
    """
    request = make(
        router_pb2.GetShadowComparisonRequest,
        router_id=router_id,
        variant=variant,
        start_time=moment(start_time),
        end_time=moment(end_time),
        metric=metric,
        max_labels=max_labels,
    )
    return Call(
        ROUTERS + "GetShadowComparison",
        request,
        router_pb2.ShadowComparison,
        plain(ShadowComparison),
        is_read=True,
        timeout_seconds=2 * READ_TIMEOUT_SECONDS,
    )
