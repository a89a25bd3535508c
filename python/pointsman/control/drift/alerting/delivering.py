"""Brings what is in the outbox, again and again until it is taken or given up.

A message is noted as delivered after the other side has taken it, never before. So a server that dies in
between brings it twice, each time under the same id, and none is lost.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

import structlog
from sqlalchemy import Connection

from pointsman.control.drift.alerting.channels import Messenger
from pointsman.control.jobs.job import Job, JobContext, Scope
from pointsman.domain.drift.alerting.events import AlertEvent, Delivery, DeliveryStatus, Outcome, after
from pointsman.store import servers
from pointsman.store.drift.alerting import outbox

_log = structlog.get_logger(__name__)

_EVERY_SECONDS = 1.0
_AT_ONCE = 8
_OF_A_CHANNEL = 4
"""A target that does not answer holds up no other channel: it has so many of the places at most."""


class AlertDelivery:
    """The job that one server does for all.

    Args:
        messenger: Who brings messages.
        clock: Answers the time in UTC microseconds.
    """

    def __init__(self, messenger: Messenger, clock: Callable[[], int]) -> None:
        self._messenger = messenger
        self._clock = clock

    def job(self) -> Job:
        """Answers the job."""
        return Job("alert-messages", _EVERY_SECONDS, Scope.INSTALLATION, self.deliver, needed=self._is_due)

    def deliver(self, context: JobContext) -> bool:
        """Brings messages, some at once, until none is due; answers whether there may be more."""
        under_way: dict[Future[Outcome], tuple[AlertEvent, Delivery]] = {}
        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="pointsman-alerts") as pool:
            try:
                while not context.is_over():
                    for one in self._next(context, [delivery for _, delivery in under_way.values()]):
                        under_way[pool.submit(self._messenger.bring, *one)] = one
                    if not under_way:
                        return False
                    # What becomes due meanwhile does not wait for what hangs.
                    ended, _ = wait(under_way, _EVERY_SECONDS, FIRST_COMPLETED)
                    self._note_all(context, ended, under_way)
            finally:
                # What was begun is brought, and noted if this server still may.
                self._note_all(context, wait(under_way).done, under_way)
        return True

    def _next(self, context: JobContext, under_way: list[Delivery]) -> list[tuple[AlertEvent, Delivery]]:
        taken = Counter(delivery.target.channel for delivery in under_way)
        full = [channel for channel, count in taken.items() if count >= _OF_A_CHANNEL]
        ids = [delivery.delivery_id for delivery in under_way]
        with context.reading() as connection:
            now_us = servers.clock_us(connection, self._clock())
            found = outbox.due(connection, now_us, _AT_ONCE - len(under_way), ids, full)
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
        return outbox.is_due(connection, servers.clock_us(connection, self._clock()))
