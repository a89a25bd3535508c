"""Brings what is in the outbox, again and again until it is taken or given up.

A message is noted as delivered after the other side has taken it, never before. So a server that dies in
between brings it twice, each time under the same id, and none is lost.

One server at a time brings messages, those of the channels that it has. For others it makes way now and then,
so that a server that has them gets its turn however busy this one is.
"""

import math
import time
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

import structlog
from sqlalchemy import Connection

from pointsman.control.drift.alerting.channels import Messenger
from pointsman.control.drift.alerting.unclaimed import UnclaimedMessages
from pointsman.control.jobs.job import Job, JobContext, Scope
from pointsman.domain.drift.alerting.events import AlertEvent, Delivery, DeliveryStatus, Outcome, after
from pointsman.store import servers
from pointsman.store.drift.alerting import outbox

_log = structlog.get_logger(__name__)

_EVERY_SECONDS = 1.0
_AT_ONCE = 8
_OF_A_CHANNEL = 4
"""A target that does not answer holds up no other channel: it has so many of the places at most."""
_AWAY_SECONDS = 3.0
"""So long this server stays away once it has made way: others look every second."""
_STAYS_SECONDS = 15.0
"""It makes way no sooner after the last time, for often there is nobody."""


class AlertDelivery:
    """The job that one server does for all.

    Args:
        messenger: Who brings messages.
        clock: Answers the time in UTC microseconds.
        elapsed: A clock that only goes on, in seconds.
    """

    def __init__(
        self, messenger: Messenger, clock: Callable[[], int], elapsed: Callable[[], float] = time.monotonic
    ) -> None:
        self._messenger = messenger
        self._unclaimed = UnclaimedMessages(messenger, elapsed)
        self._clock = clock
        self._elapsed = elapsed
        self._made_way = -math.inf

    def job(self) -> Job:
        """Answers the job."""
        return Job("alert-messages", _EVERY_SECONDS, Scope.INSTALLATION, self.deliver, needed=self._is_due)

    def deliver(self, context: JobContext) -> bool:
        """Brings messages, some at once, until none is due; answers whether there may be more."""
        under_way: dict[Future[Outcome], tuple[AlertEvent, Delivery]] = {}
        self._note_unclaimed(context)
        makes_way = False
        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="pointsman-alerts") as pool:
            try:
                while not context.is_over():
                    for one in [] if makes_way else self._next(context, list(under_way.values())):
                        under_way[pool.submit(self._messenger.bring, *one)] = one
                    if not under_way:
                        self._made_way = self._elapsed() if makes_way else self._made_way
                        return False
                    makes_way = makes_way or self._makes_way(context)
                    # What becomes due meanwhile does not wait for what hangs.
                    ended, _ = wait(under_way, _EVERY_SECONDS, FIRST_COMPLETED)
                    self._note_all(context, ended, under_way)
            finally:
                # What was begun is brought, and noted if this server still may.
                self._note_all(context, wait(under_way).done, under_way)
        return True

    def _next(
        self, context: JobContext, under_way: list[tuple[AlertEvent, Delivery]]
    ) -> list[tuple[AlertEvent, Delivery]]:
        taken = Counter(delivery.target.channel for _, delivery in under_way)
        free = [channel for channel in self._messenger.ready if taken[channel] < _OF_A_CHANNEL]
        ids = [delivery.delivery_id for _, delivery in under_way]
        with context.reading() as connection:
            now_us = servers.clock_us(connection, self._clock())
            found = outbox.due(connection, now_us, _AT_ONCE - len(under_way), free, ids)
        chosen = []
        for event, delivery in found:
            taken[delivery.target.channel] += 1
            if taken[delivery.target.channel] <= _OF_A_CHANNEL:
                chosen.append((event, delivery))
        return chosen

    def _note_all(
        self,
        context: JobContext,
        ended: Iterable[Future[Outcome]],
        under_way: dict[Future[Outcome], tuple[AlertEvent, Delivery]],
    ) -> None:
        """Notes every outcome, also where one cannot be: what was brought is not to be brought again."""
        failure: Exception | None = None
        for done in ended:
            try:
                self._note(context, *under_way.pop(done), done.result())
            except Exception as error:  # noqa: BLE001 - raised once the others are noted
                failure = error
        if failure is not None:
            raise failure

    def _note(self, context: JobContext, event: AlertEvent, delivery: Delivery, outcome: Outcome) -> None:
        with context.transaction() as connection:
            now_us = servers.clock_us(connection, self._clock())
            stands = after(delivery, outcome, now_us)
            outbox.note(connection, delivery, stands)
        facts = {"delivery_id": delivery.delivery_id, "channel": delivery.target.channel}
        if stands.status is DeliveryStatus.DELIVERED:
            _log.info("an alert was delivered", model_id=event.model_id, **facts)
        else:
            _log.warning(
                "an alert was not delivered",
                model_id=event.model_id,
                status=stands.status.value,
                attempts=stands.attempts,
                reason=stands.reason,
                detail=outcome.detail,
                **facts,
            )

    def _is_due(self, connection: Connection) -> bool:
        if self._elapsed() - self._made_way < _AWAY_SECONDS:
            return False
        now_us = servers.clock_us(connection, self._clock())
        is_due = outbox.is_due(connection, now_us, self._messenger.ready)
        return is_due or self._unclaimed.is_due(connection, now_us)

    def _note_unclaimed(self, context: JobContext) -> None:
        with context.reading() as connection:
            now_us = servers.clock_us(connection, self._clock())
            is_due = self._unclaimed.is_due(connection, now_us)
        if is_due:
            with context.transaction() as connection:
                self._unclaimed.note(connection, now_us)

    def _makes_way(self, context: JobContext) -> bool:
        """Says whether this run takes no more messages, for another server may have some to bring."""
        if self._elapsed() - self._made_way < _STAYS_SECONDS:
            return False
        with context.reading() as connection:
            return self._unclaimed.are_due(connection, servers.clock_us(connection, self._clock()))
