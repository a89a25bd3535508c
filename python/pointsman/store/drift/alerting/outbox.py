"""The outbox: messages that are to be brought to somebody, or tried again."""

from collections.abc import Collection, Sequence

from sqlalchemy import Connection, select, update

from pointsman.domain.drift.alerting.events import AlertEvent, Delivery
from pointsman.store.drift.alerting.events import HEAD, delivery_of, event_of
from pointsman.store.schema import drift_alert_deliveries, drift_alert_events

_COLUMNS = drift_alert_deliveries.c


def is_due(connection: Connection, now_us: int, channels: Collection[str]) -> bool:
    """Says whether there is a message to be tried.

    Args:
        connection: A transaction.
        now_us: The time by the database's clock.
        channels: Of these channels alone.
    """
    of_channels = (_COLUMNS.next_us <= now_us, _COLUMNS.channel.in_(channels))
    due = select(_COLUMNS.row_key).where(*of_channels).limit(1)
    return connection.execute(due).first() is not None


def due(
    connection: Connection,
    now_us: int,
    limit: int,
    channels: Collection[str],
    except_ids: Sequence[str] = (),
) -> list[tuple[AlertEvent, Delivery]]:
    """Answers messages to be tried, those that wait longest first.

    Args:
        connection: A transaction.
        now_us: The time by the database's clock.
        limit: At most so many.
        channels: Of these channels alone.
        except_ids: Messages that are left out, a few.
    """
    statement = (
        HEAD.add_columns(*(column for column in _COLUMNS if column.name not in ("row_key", "event_key")))
        .join(drift_alert_deliveries, _COLUMNS.event_key == drift_alert_events.c.row_key)
        .where(
            _COLUMNS.next_us <= now_us,
            _COLUMNS.delivery_id.not_in(except_ids),
            _COLUMNS.channel.in_(channels),
        )
        .order_by(_COLUMNS.next_us, _COLUMNS.row_key)
        .limit(limit)
    )
    return [(event_of(row), delivery_of(row)) for row in connection.execute(statement)]


def note(connection: Connection, before: Delivery, after: Delivery) -> bool:
    """Stores what came of a try; answers False where another try was noted meanwhile.

    Args:
        connection: A writing transaction.
        before: How the message stood when it was read.
        after: How it stands.
    """
    this = (_COLUMNS.delivery_id == before.delivery_id, _COLUMNS.attempts == before.attempts)
    values = {
        "status": after.status.value,
        "attempts": after.attempts,
        "reason": after.reason,
        "tried_us": after.tried_us,
        "next_us": after.next_us,
    }
    return connection.execute(update(drift_alert_deliveries).where(*this).values(values)).rowcount == 1
