"""How drift of models is judged and told, in SQL: what was set."""

import dataclasses
from typing import Any

from sqlalchemy import Connection, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from pointsman.domain.drift.alerts import AlertSettings, AlgorithmOverride, Frequency
from pointsman.store.documents import dump_value, load_value
from pointsman.store.schema import drift_alert_settings, models

_COLUMNS = drift_alert_settings.c


def of_model(connection: Connection, model_key: int) -> AlertSettings:
    """Answers what holds for a model: what was set, and defaults for the rest.

    Args:
        connection: A transaction.
        model_key: The model's row.
    """
    statement = select(_COLUMNS.settings).where(_COLUMNS.model_key == model_key)
    text = connection.execute(statement).scalar_one_or_none()
    return AlertSettings() if text is None else _loaded(load_value(text))


def save(connection: Connection, model_key: int, settings: AlertSettings, now_us: int) -> None:
    """Stores what holds for a model, but for what holds by default.

    Args:
        connection: A writing transaction.
        model_key: The model's row.
        settings: What shall hold.
        now_us: The time.
    """
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    values: dict[str, Any] = {"settings": dump_value(_dumped(settings)), "update_time_us": now_us}
    scheduled_us = now_us if settings.schedule_enabled else None
    added = dialect.insert(drift_alert_settings)
    # A schedule that was on goes on as it was.
    goes_on = func.coalesce(_COLUMNS.scheduled_us, now_us) if settings.schedule_enabled else None
    connection.execute(
        added.values(model_key=model_key, scheduled_us=scheduled_us, **values).on_conflict_do_update(
            index_elements=[_COLUMNS.model_key], set_=values | {"scheduled_us": goes_on}
        )
    )


@dataclasses.dataclass(frozen=True)
class Scheduled:
    """A model that is analysed by itself.

    Attributes:
        last_us: When the schedule last began an analysis, or was switched on.
    """

    model_id: str
    model_key: int
    settings: AlertSettings
    last_us: int


def scheduled(connection: Connection) -> list[Scheduled]:
    """Answers the models that are analysed by themselves."""
    statement = (
        select(models.c.model_id, _COLUMNS.model_key, _COLUMNS.settings, _COLUMNS.scheduled_us)
        .join(models, models.c.row_key == _COLUMNS.model_key)
        .where(_COLUMNS.scheduled_us.is_not(None))
        .order_by(_COLUMNS.model_key)
    )
    return [
        Scheduled(model_id, model_key, _loaded(load_value(text)), last_us)
        for model_id, model_key, text, last_us in connection.execute(statement)
    ]


def note_scheduled(connection: Connection, one: Scheduled, now_us: int) -> bool:
    """Notes that the schedule has begun an analysis; answers False where somebody else has, or it is off.

    Args:
        connection: A transaction.
        one: The schedule as it was read.
        now_us: The time, in UTC microseconds.
    """
    this = (_COLUMNS.model_key == one.model_key, _COLUMNS.scheduled_us == one.last_us)
    statement = update(drift_alert_settings).where(*this).values(scheduled_us=now_us)
    return connection.execute(statement).rowcount == 1


def _dumped(settings: AlertSettings) -> dict[str, Any]:
    usual = AlertSettings()
    kept = {name: value for name, value in vars(settings).items() if value != getattr(usual, name)}
    if "overrides" in kept:
        kept["overrides"] = {name: dataclasses.asdict(one) for name, one in settings.overrides.items()}
    return kept


def _loaded(kept: dict[str, Any]) -> AlertSettings:
    for name in ("algorithms", "recipients"):
        if name in kept:
            kept[name] = tuple(kept[name])
    if "overrides" in kept:
        kept["overrides"] = {name: AlgorithmOverride(**one) for name, one in kept["overrides"].items()}
    if "frequency" in kept:
        kept["frequency"] = Frequency(kept["frequency"])
    return AlertSettings(**kept)
