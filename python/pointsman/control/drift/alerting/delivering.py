"""Brings what is in the outbox, again and again until it is taken or given up.

A message is noted as delivered after the other side has taken it, never before. So a server that dies in
between brings it twice, each time under the same id, and none is lost.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed

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
"""One target that does not answer holds up no other."""


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
        """Brings some messages at once; answers whether there may be more."""
        with context.reading() as connection:
            now_us = servers.clock_us(connection, self._clock())
            found = outbox.due(connection, now_us, _AT_ONCE)
        if not found or context.is_over():
            return bool(found)
        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="pointsman-alerts") as pool:
            tries = {pool.submit(self._messenger.bring, *one): one for one in found}
            for done in as_completed(tries):
                self._note(context, *tries[done], done.result())
        return len(found) == _AT_ONCE

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
                **facts,
            )

    def _is_due(self, connection: Connection) -> bool:
        return outbox.is_due(connection, servers.clock_us(connection, self._clock()))
