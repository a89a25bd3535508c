"""Messages of the outbox for channels that a server lacks: they wait, untried, and end at last."""

from collections.abc import Collection

from sqlalchemy import ColumnElement, Connection, select, update

from pointsman.domain.drift.alerting.events import DeliveryStatus
from pointsman.store.schema import drift_alert_deliveries

_COLUMNS = drift_alert_deliveries.c


def channels(connection: Connection, known: Collection[str], before_us: int) -> list[str]:
    """Answers channels for which messages wait that a server lacks.

    Args:
        connection: A transaction.
        known: The channels that it has.
        before_us: Only of messages that were to be tried by this time.
    """
    statement = select(_COLUMNS.channel).where(_COLUMNS.channel.not_in(known), _COLUMNS.next_us <= before_us)
    return list(connection.execute(statement.distinct()).scalars())


def lacks_reason(connection: Connection, channel: str, before_us: int, reason: str) -> bool:
    """Says whether some message of a channel does not say yet why it waits.

    Args:
        connection: A transaction.
        channel: The channel.
        before_us: Only messages that were to be tried by this time.
        reason: Why.
    """
    statement = select(_COLUMNS.row_key).where(*_waiting(channel, before_us), _COLUMNS.reason != reason)
    return connection.execute(statement.limit(1)).first() is not None


def explain(connection: Connection, channel: str, before_us: int, reason: str) -> int:
    """Notes why messages of a channel wait; answers of how many.

    Args:
        connection: A writing transaction.
        channel: The channel.
        before_us: Only messages that were to be tried by this time.
        reason: Why.
    """
    statement = update(drift_alert_deliveries).where(*_waiting(channel, before_us), _COLUMNS.reason != reason)
    return connection.execute(statement.values(reason=reason)).rowcount


def give_up(connection: Connection, channel: str, before_us: int, reason: str) -> int:
    """Ends messages of a channel, without a try; answers how many.

    Args:
        connection: A writing transaction.
        channel: The channel.
        before_us: Only messages that were to be tried by this time.
        reason: Why.
    """
    ended = {"status": DeliveryStatus.GIVEN_UP.value, "next_us": None, "reason": reason}
    statement = update(drift_alert_deliveries).where(*_waiting(channel, before_us)).values(ended)
    return connection.execute(statement).rowcount


def _waiting(channel: str, before_us: int) -> tuple[ColumnElement[bool], ...]:
    return (_COLUMNS.channel == channel, _COLUMNS.next_us <= before_us)
