"""Messages for channels that this server lacks: another one may have them, so that they are left to it.

While settings are being rolled out some servers have a channel and others do not. A message is tried by those
that have it, and to lack it is no try. Where none has it, the message says so, and ends after as long as the
tries of any other take: nobody waits for ever, and nobody is told of a failure that was none.
"""

import time
from collections.abc import Callable

import structlog
from sqlalchemy import Connection

from pointsman.control.drift.alerting.channels import Messenger
from pointsman.domain.drift.alerting.events import RETRY_SECONDS
from pointsman.store.drift.alerting import unclaimed

_log = structlog.get_logger(__name__)

SAID_SECONDS = 30.0
"""So long others have for it before a message says what it waits for."""
ENDS_SECONDS = float(sum(RETRY_SECONDS))
"""After so long it is given up: 16 hours, as one that is tried in vain."""
UP_SECONDS = 600.0
"""A server that began less long ago gives up none: after a night without any, others are starting, too."""


class UnclaimedMessages:
    """Says what they wait for, and ends them.

    Args:
        messenger: Knows the channels of this server.
        elapsed: A clock that only goes on, in seconds.
    """

    def __init__(self, messenger: Messenger, elapsed: Callable[[], float] = time.monotonic) -> None:
        self._messenger = messenger
        self._elapsed = elapsed
        self._began = elapsed()

    def is_due(self, connection: Connection, now_us: int) -> bool:
        """Says whether there is anything to note.

        Args:
            connection: A transaction.
            now_us: The time by the database's clock.
        """
        known, said_us = self._messenger.ready, _before(now_us, SAID_SECONDS)
        return any(
            unclaimed.lacks_reason(connection, channel, said_us, self._messenger.lack_of(channel))
            for channel in unclaimed.channels(connection, known, said_us)
        ) or bool(self._ending(connection, now_us))

    def note(self, connection: Connection, now_us: int) -> None:
        """Notes what messages wait for, and ends those that have waited too long.

        Args:
            connection: A writing transaction.
            now_us: The time by the database's clock.
        """
        for channel in self._ending(connection, now_us):
            reason = f"not brought in {ENDS_SECONDS / 3600:.0f} hours: {self._messenger.lack_of(channel)}"
            count = unclaimed.give_up(connection, channel, _before(now_us, ENDS_SECONDS), reason)
            _log.warning("alerts were given up", channel=channel, messages=count, reason=reason)
        said_us = _before(now_us, SAID_SECONDS)
        for channel in unclaimed.channels(connection, self._messenger.ready, said_us):
            reason = self._messenger.lack_of(channel)
            if count := unclaimed.explain(connection, channel, said_us, reason):
                _log.warning("alerts wait for a channel", channel=channel, messages=count, reason=reason)

    def are_due(self, connection: Connection, now_us: int) -> bool:
        """Says whether another server could have messages to bring now.

        Args:
            connection: A transaction.
            now_us: The time by the database's clock.
        """
        return bool(unclaimed.channels(connection, self._messenger.ready, now_us))

    def _ending(self, connection: Connection, now_us: int) -> list[str]:
        if self._elapsed() - self._began < UP_SECONDS:
            return []
        return unclaimed.channels(connection, self._messenger.ready, _before(now_us, ENDS_SECONDS))


def _before(now_us: int, seconds: float) -> int:
    return now_us - int(seconds * 1_000_000)
