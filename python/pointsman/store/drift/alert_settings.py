"""How drift of models is judged and told, in SQL: what was set."""

import dataclasses
from typing import Any

from sqlalchemy import Connection, select
from sqlalchemy.dialects import postgresql, sqlite

from pointsman.domain.drift.alerts import AlertSettings, AlgorithmOverride, Frequency
from pointsman.store.documents import dump_value, load_value
from pointsman.store.schema import drift_alert_settings

_COLUMNS = drift_alert_settings.c


def of_model(connection: Connection, model_key: int, *, locked: bool = False) -> AlertSettings:
    """Answers what holds for a model: what was set, and defaults for the rest.

    Args:
        connection: A transaction.
        model_key: The model's row.
        locked: Whether nobody else shall change it before the transaction ends.
    """
    statement = select(_COLUMNS.settings).where(_COLUMNS.model_key == model_key)
    text = connection.execute(statement.with_for_update() if locked else statement).scalar_one_or_none()
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
    values = {"settings": dump_value(_dumped(settings)), "update_time_us": now_us}
    added = dialect.insert(drift_alert_settings).values(model_key=model_key, **values)
    connection.execute(added.on_conflict_do_update(index_elements=[_COLUMNS.model_key], set_=values))


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
