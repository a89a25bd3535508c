"""What was told of models, in SQL: events with the messages of each."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select

from pointsman.domain.drift.alerting.events import AlertEvent, Delivery, DeliveryStatus, Target
from pointsman.domain.drift.alerting.states import AlertEventKind
from pointsman.store.documents import dump_value, load_value
from pointsman.store.drift.ids import new_id
from pointsman.store.schema import drift_alert_deliveries, drift_alert_events, drift_results, models

MAX_EVENTS = 10_000
"""Of a model; the oldest go first."""

_EVENTS, _DELIVERIES = drift_alert_events.c, drift_alert_deliveries.c
HEAD = (
    select(
        _EVENTS.row_key,
        _EVENTS.event_id,
        models.c.model_id,
        _EVENTS.kind,
        _EVENTS.create_time_us,
        _EVENTS.rule,
        _EVENTS.tier,
        _EVENTS.alert_id,
        drift_results.c.result_id,
        _EVENTS.summary,
        _EVENTS.findings,
    )
    .join(models, models.c.row_key == _EVENTS.model_key)
    .outerjoin(drift_results, drift_results.c.row_key == _EVENTS.result_key)
)


def add(connection: Connection, model_key: int, event: AlertEvent, targets: Sequence[Target]) -> None:
    """Stores an event, and puts its messages into the outbox.

    Args:
        connection: A writing transaction: for a result's event, that which stores the result.
        model_key: The model's row.
        event: The event; its result must be stored.
        targets: Where the messages go.
    """
    named = drift_results.c.result_id == event.result_id
    found = connection.execute(select(drift_results.c.row_key).where(named)) if event.result_id else None
    key = connection.execute(
        insert(drift_alert_events)
        .values(
            event_id=event.event_id,
            model_key=model_key,
            result_key=None if found is None else found.scalar_one(),
            kind=event.kind.value,
            rule=event.rule,
            tier=event.tier,
            alert_id=event.alert_id,
            summary=event.summary,
            findings=dump_value([[name, value] for name, value in event.findings]),
            create_time_us=event.create_time_us,
        )
        .returning(_EVENTS.row_key)
    ).scalar_one()
    if targets:
        connection.execute(
            insert(drift_alert_deliveries),
            [
                {
                    "delivery_id": new_id(),
                    "event_key": key,
                    "channel": target.channel,
                    "recipient": target.recipient,
                    "status": DeliveryStatus.PENDING.value,
                    "attempts": 0,
                    "reason": "",
                    "next_us": event.create_time_us,
                }
                for target in targets
            ],
        )
    of_model = select(_EVENTS.row_key).where(_EVENTS.model_key == model_key)
    last = of_model.order_by(_EVENTS.row_key.desc()).offset(MAX_EVENTS).limit(1).scalar_subquery()
    connection.execute(
        delete(drift_alert_events).where(_EVENTS.model_key == model_key, _EVENTS.row_key <= last)
    )


def newest(
    connection: Connection, model_key: int, limit: int, rule: str = "", event_id: str = ""
) -> list[tuple[AlertEvent, tuple[Delivery, ...]]]:
    """Answers events of a model with their messages, newest first.

    Args:
        connection: A transaction.
        model_key: The model's row.
        limit: At most so many.
        rule: Only those of this rule; empty for all.
        event_id: Only this one; empty for all.
    """
    statement = HEAD.where(_EVENTS.model_key == model_key)
    if rule:
        statement = statement.where(_EVENTS.rule == rule)
    if event_id:
        statement = statement.where(_EVENTS.event_id == event_id)
    rows = connection.execute(statement.order_by(_EVENTS.row_key.desc()).limit(limit)).all()
    messages: dict[int, list[Delivery]] = {row.row_key: [] for row in rows}
    if rows:
        of_events = select(drift_alert_deliveries).where(_DELIVERIES.event_key.in_(list(messages)))
        for row in connection.execute(of_events.order_by(_DELIVERIES.row_key)):
            messages[row.event_key].append(delivery_of(row))
    return [(event_of(row), tuple(messages[row.row_key])) for row in rows]


def test_messages_since(connection: Connection, model_key: int, since_us: int) -> int:
    """Answers how many messages the tests of a model had.

    Args:
        connection: A transaction.
        model_key: The model's row.
        since_us: From this time on, in UTC microseconds.
    """
    statement = (
        select(func.count())
        .select_from(drift_alert_deliveries.join(drift_alert_events))
        .where(
            _EVENTS.model_key == model_key,
            _EVENTS.kind == AlertEventKind.TEST.value,
            _EVENTS.create_time_us >= since_us,
        )
    )
    return int(connection.execute(statement).scalar_one())


def event_of(row: Any) -> AlertEvent:
    """Reads a row of ``HEAD``."""
    return AlertEvent(
        event_id=row.event_id,
        model_id=row.model_id,
        kind=AlertEventKind(row.kind),
        create_time_us=row.create_time_us,
        rule=row.rule,
        tier=row.tier,
        alert_id=row.alert_id,
        result_id=row.result_id or "",
        summary=row.summary,
        findings=tuple((name, float(value)) for name, value in load_value(row.findings)),
    )


def delivery_of(row: Any) -> Delivery:
    """Reads a row of the outbox."""
    return Delivery(
        delivery_id=row.delivery_id,
        target=Target(row.channel, row.recipient),
        status=DeliveryStatus(row.status),
        attempts=row.attempts,
        reason=row.reason,
        tried_us=row.tried_us,
        next_us=row.next_us,
    )
