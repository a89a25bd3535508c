"""Rules of models in SQL, how each stands, and mutes."""

import dataclasses
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from pointsman.domain.drift.alerting.rules import AlertFigure, AlertRule, AlertTier
from pointsman.domain.drift.alerting.states import AlertState
from pointsman.domain.drift.analyses import DriftStatus
from pointsman.store.documents import dump_value, load_value
from pointsman.store.schema import drift_alert_mutes, drift_alert_rules, drift_alert_states, models

_STATES, _MUTES = drift_alert_states.c, drift_alert_mutes.c
EVERY_RULE = ""


def lock(connection: Connection, model_key: int) -> None:
    """Lets nobody else change rules and states of a model before the transaction ends.

    Args:
        connection: A writing transaction.
        model_key: The model's row.
    """
    held = select(models.c.row_key).where(models.c.row_key == model_key)
    connection.execute(held.with_for_update(key_share=True))


def of_model(connection: Connection, model_key: int) -> tuple[AlertRule, ...]:
    """Answers the rules that were set for a model; none where none were."""
    table = drift_alert_rules
    statement = select(table.c.rules).where(table.c.model_key == model_key)
    text = connection.execute(statement).scalar_one_or_none()
    return () if text is None else tuple(map(_loaded, load_value(text)))


def save(connection: Connection, model_key: int, rules: Sequence[AlertRule], now_us: int) -> None:
    """Replaces the rules of a model; none leaves it with the default.

    Args:
        connection: A writing transaction.
        model_key: The model's row.
        rules: The rules, in their order.
        now_us: The time.
    """
    connection.execute(delete(drift_alert_rules).where(drift_alert_rules.c.model_key == model_key))
    if rules:
        values = {"rules": dump_value([_dumped(rule) for rule in rules]), "update_time_us": now_us}
        connection.execute(drift_alert_rules.insert().values(model_key=model_key, **values))


def states(connection: Connection, model_key: int) -> dict[str, AlertState]:
    """Answers how the rules of a model stand by which a result was looked at."""
    rows = connection.execute(select(drift_alert_states).where(_STATES.model_key == model_key))
    fields = [one.name for one in dataclasses.fields(AlertState) if one.name != "names"]
    return {
        row.rule: AlertState(
            names=tuple(load_value(row.names)), **{name: getattr(row, name) for name in fields}
        )
        for row in rows
    }


def put_state(connection: Connection, model_key: int, rule: str, state: AlertState) -> None:
    """Stores how a rule stands.

    Args:
        connection: A writing transaction.
        model_key: The model's row.
        rule: The rule's name.
        state: How it stands.
    """
    values: dict[str, Any] = vars(state) | {"names": dump_value(list(state.names))}
    added = _dialect(connection).insert(drift_alert_states)
    connection.execute(
        added.values(model_key=model_key, rule=rule, **values).on_conflict_do_update(
            index_elements=[_STATES.model_key, _STATES.rule], set_=values
        )
    )


def drop_states(connection: Connection, model_key: int, rules: Iterable[str]) -> None:
    """Forgets how rules of a model stand: their alerts end.

    Args:
        connection: A writing transaction.
        model_key: The store's key of the model.
        rules: The names of the rules.
    """
    named = _STATES.rule.in_(list(rules))
    connection.execute(delete(drift_alert_states).where(_STATES.model_key == model_key, named))


def mutes(connection: Connection, model_key: int, now_us: int) -> dict[str, int]:
    """Answers until when rules of a model are muted, of those that are.

    Args:
        connection: A transaction.
        model_key: The model's row.
        now_us: The time.

    Returns:
        Times by rule; under ``EVERY_RULE`` that of all.
    """
    rows = connection.execute(
        select(_MUTES.rule, _MUTES.until_us).where(_MUTES.model_key == model_key, _MUTES.until_us > now_us)
    )
    return {row.rule: row.until_us for row in rows}


def mute(connection: Connection, model_key: int, rule: str, until_us: int | None, now_us: int) -> None:
    """Mutes a rule, and forgets mutes of the model that have ended.

    Args:
        connection: A writing transaction.
        model_key: The model's row.
        rule: The rule, or ``EVERY_RULE``.
        until_us: Until when; None ends the mute, and under ``EVERY_RULE`` those of single rules, too.
        now_us: The time.
    """
    gone = delete(drift_alert_mutes).where(_MUTES.model_key == model_key)
    if rule != EVERY_RULE or until_us is not None:
        gone = gone.where((_MUTES.rule == rule) | (_MUTES.until_us <= now_us))
    connection.execute(gone)
    if until_us is not None:
        connection.execute(
            drift_alert_mutes.insert().values(model_key=model_key, rule=rule, until_us=until_us)
        )


def _dialect(connection: Connection) -> Any:
    return postgresql if connection.dialect.name == "postgresql" else sqlite


def _dumped(rule: AlertRule) -> dict[str, Any]:
    return dataclasses.asdict(rule)


def _loaded(kept: dict[str, Any]) -> AlertRule:
    tiers = tuple(
        AlertTier(
            tier["name"],
            tier["threshold"],
            None if tier["status"] is None else DriftStatus(tier["status"]),
            tuple(tier["channels"]),
            tuple(tier["recipients"]),
        )
        for tier in kept["tiers"]
    )
    read = {"figure": AlertFigure(kept["figure"]), "features": tuple(kept["features"]), "tiers": tiers}
    return AlertRule(**kept | read)
