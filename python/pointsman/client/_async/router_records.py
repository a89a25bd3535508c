"""What came of calls, in the routers of the client for asyncio."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pointsman.client import _requests as requests
from pointsman.client._async.records import AsyncRecords
from pointsman.client._connection import AsyncConnection
from pointsman.client._types import (
    Erasure,
    Explanation,
    PredictionOrder,
    PredictionRecord,
    ReplayPart,
    Rollback,
    RouterMetrics,
    RouterRevision,
    ShadowComparison,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from datetime import datetime, timedelta


class AsyncRouterRecords:
    """A router's figures, revisions and recorded predictions."""

    _connection: AsyncConnection

    async def metrics(
        self,
        router_id: str,
        *,
        start_time: datetime | None = None,
        end_time: datetime | None = None,
        granularity: timedelta | None = None,
        live: bool = False,
    ) -> RouterMetrics:
        """Answers counts, latencies and feedback of one window, per variant and in total.

        ``start_time`` and ``end_time`` of the answer say which; its feedback is that for the calls counted.

        Args:
            router_id: The router.
            start_time: From the recorded predictions of this time on; None means from the first one kept.
            end_time: From the recorded predictions before this time; None means now.
            granularity: The length of one step of a time series; None means none. At most 1000 steps.
            live: Instead of what is recorded, what the server that answers counted since it started; so it is
                also, without times, where a router records nothing. Goes with no times.

        Example::

            day = datetime.now(UTC) - timedelta(days=1)
            figures = await client.routers.metrics("cancer", start_time=day, granularity=timedelta(hours=1))
        """
        return await self._connection.send(
            requests.router_metrics(router_id, start_time, end_time, granularity, live)
        )

    async def compare_shadow(
        self,
        router_id: str,
        variant: str = "",
        *,
        start_time: datetime | None = None,
        end_time: datetime | None = None,
        metric: str = "",
        max_labels: int = 0,
    ) -> ShadowComparison:
        """Compares what a shadow answered to copies of calls with what was answered to these calls.

        Args:
            router_id: The router.
            variant: The shadow; may be left out where the router has one.
            start_time: Only calls from this time on; None means from the first one kept.
            end_time: Only calls before this time; None means now.
            metric: The metric whose feedback is what should have been predicted; empty for none.
            max_labels: At most so many pairs of labels are told, 1 to 100; 0 means 20.

        Returns:
            Figures over all calls and by the variant that answered; what does not apply is None there, with
            the reason.

        Raises:
            InvalidArgumentError: It is not clear which shadow is meant, or a field is wrong.
            NotFoundError: There is no such router, or the variant was no shadow in this time.

        Example::

            found = await client.routers.compare_shadow("cancer")
            print(found.total.pair_count, found.total.labels)
        """
        return await self._connection.send(
            requests.compare_shadow(router_id, variant, start_time, end_time, metric, max_labels)
        )

    def revisions(self, router_id: str, *, page_size: int = 0) -> AsyncIterator[RouterRevision]:
        """Goes through the revisions of a router that are kept, newest first.

        Args:
            router_id: The router.
            page_size: How many to ask for at a time; 0 lets the server choose.

        Returns:
            An iterator that asks for the next page when it is reached.
        """
        return self._connection.pages(requests.list_revisions(router_id, page_size))

    async def revision(
        self, router_id: str, revision: int = 0, *, router_generation: int = 0
    ) -> RouterRevision:
        """Answers one revision of a router with its definition and slot table.

        Args:
            router_id: The router.
            revision: Its number, from 1 on.
            router_generation: In place of a number, what a record says that was decided by it.
        """
        return await self._connection.send(requests.get_revision(router_id, revision, router_generation))

    async def roll_back(
        self, router_id: str, revision: int, *, comment: str = "", etag: str = "", validate_only: bool = False
    ) -> Rollback:
        """Gives a router the variants, weights and slots of a former revision back, entity by entity.

        Args:
            router_id: The router.
            revision: The former revision's number.
            comment: Why, for the history.
            etag: When set and old, the change is refused.
            validate_only: Check only; change nothing.

        Returns:
            The router, the number of the new revision, and the share of entities that moved.
        """
        return await self._connection.send(
            requests.roll_back(router_id, revision, comment, etag, validate_only)
        )

    async def erase_entity(self, router_id: str, entity_id: str) -> Erasure:
        """Deletes every recorded prediction of an entity and its feedback; sums that it entered stay.

        Args:
            router_id: The router.
            entity_id: The entity, as calls named it.

        Returns:
            How much is deleted, and the servers on the same database that have not done it yet: they will as
            soon as they run. Only when none is pending is all of it gone.
        """
        return await self._connection.send(requests.erase_entity(router_id, entity_id))

    def predictions(
        self,
        router_id: str,
        *,
        variant: str = "",
        entity_id: str = "",
        start_time: datetime | None = None,
        end_time: datetime | None = None,
        has_feedback: bool | None = None,
        status_code: int | None = None,
        min_latency: timedelta | None = None,
        order: PredictionOrder = PredictionOrder.NEWEST_FIRST,
        page_size: int = 0,
    ) -> AsyncRecords:
        """Goes through a router's recorded predictions, newest first unless asked otherwise.

        Args:
            router_id: The router.
            variant: Only predictions of this variant.
            entity_id: Only predictions for this entity.
            start_time: Only predictions from this time on.
            end_time: Only predictions before this time.
            has_feedback: Only predictions with feedback (True) or without (False).
            status_code: Only answers with this gRPC status code.
            min_latency: Only calls that took at least so long, overhead and backend together.
            order: Newest or oldest first.
            page_size: How many to ask for at a time; 0 lets the server choose.

        Returns:
            An iterator that asks for the next page when it is reached; ``to_dataframe`` reads them all.
        """
        pages = self._connection.pages(
            requests.list_predictions(
                router_id,
                variant,
                entity_id,
                start_time,
                end_time,
                has_feedback,
                status_code,
                min_latency,
                order,
                page_size,
            )
        )
        return AsyncRecords(pages)

    async def prediction(self, router_id: str, prediction_id: str, *, row: int = 0) -> PredictionRecord:
        """Answers one recorded prediction with its feedback; of a batch, one row.

        Args:
            router_id: The router.
            prediction_id: From the prediction's answer or receipt.
            row: The row of a batch, from 0.

        Returns:
            The record, with the feedback for all rows of its call.

        Raises:
            InvalidArgumentError: The id is empty or the row below 0.
            NotFoundError: There is no such router or record, or the caller may not know of it.
        """
        return await self._connection.send(requests.get_prediction(router_id, prediction_id, row))

    async def explain_prediction(self, prediction_id: str, *, router_id: str = "") -> Explanation:
        """Tells how a recorded prediction was decided, and decides it again from what is kept of the router.

        Args:
            prediction_id: From the prediction's answer or receipt.
            router_id: The router; empty for the one that the id names.

        Returns:
            The record, the revision that was in force, and the decision made again.

        Raises:
            InvalidArgumentError: The id is empty or none of a server.
            NotFoundError: There is no such router or record, or the caller may not know of it.
        """
        return await self._connection.send(requests.explain_prediction(router_id, prediction_id))

    def replay(
        self,
        router_id: str,
        *,
        start_time: datetime | None = None,
        end_time: datetime | None = None,
        max_examples: int = 10,
    ) -> AsyncIterator[ReplayPart]:
        """Has the server decide recorded predictions again, a part of a window at a time.

        Args:
            router_id: The router.
            start_time: Only predictions from this time on.
            end_time: Only predictions before this time.
            max_examples: At most so many decisions of each part that differ, 0 to 100.

        Returns:
            An iterator over the parts, in order of time; the next is asked for when it is reached.
        """
        return self._connection.pages(
            requests.replay_predictions(router_id, start_time, end_time, max_examples)
        )
