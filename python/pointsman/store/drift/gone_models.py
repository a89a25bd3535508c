"""Models that are gone, of which logged predictions and outcomes are left: they are deleted in parts.

Such a model has given its id back, and has a name in its place that no model can have.
"""

from sqlalchemy import Connection, String, cast, delete, exists, literal, select, update

from pointsman.store.schema import (
    drift_alert_events,
    drift_alert_mutes,
    drift_alert_rules,
    drift_alert_settings,
    drift_alert_states,
    drift_analyses,
    drift_baselines,
    drift_predictions,
    drift_streams,
    drift_truth_uploads,
    drift_truths,
    model_permissions,
    models,
)

_MARK = "-"
"""No id of a model begins with it."""
_AT_ONCE = (
    drift_alert_settings,
    drift_alert_rules,
    drift_alert_states,
    drift_alert_mutes,
    # With what is still to be told of the model.
    drift_alert_events,
    drift_streams,
    drift_baselines,
    model_permissions,
)
"""What is little: it goes with the model's last version, after its analyses."""
_LATER = (drift_truths, drift_predictions)


def hide(connection: Connection, model_id: str) -> bool:
    """Gives the id of a model back of which more is kept than one transaction should delete.

    Args:
        connection: A routing transaction.
        model_id: The model, whose last version is gone.

    Returns:
        Whether there was such a model; one without predictions and outcomes is left alone.
    """
    is_kept = [exists().where(table.c.model_key == models.c.row_key) for table in _LATER]
    wanted = (models.c.model_id == model_id, is_kept[0] | is_kept[1])
    row_key = connection.execute(select(models.c.row_key).where(*wanted)).scalar_one_or_none()
    if row_key is None:
        return False
    # A result that is being stored holds its analysis, and then the model; whoever tells of the model holds
    # that. So what they add is there when the rest is deleted, and nothing is added after it.
    connection.execute(delete(drift_analyses).where(drift_analyses.c.model_key == row_key))
    named = literal(_MARK) + cast(models.c.row_key, String)
    connection.execute(update(models).where(models.c.row_key == row_key).values(model_id=named))
    for table in _AT_ONCE:
        connection.execute(delete(table).where(table.c.model_key == row_key))
    return True


def next_one(connection: Connection) -> int | None:
    """Answers the row of a model that is gone and not deleted yet; None for none."""
    # A range of the index on ids, where a pattern would read them all.
    wanted = (models.c.model_id > _MARK, models.c.model_id < chr(ord(_MARK) + 1))
    return connection.execute(select(models.c.row_key).where(*wanted).limit(1)).scalar_one_or_none()


def remove(connection: Connection, model_key: int) -> None:
    """Deletes a model that is gone, with what little is left of it.

    Args:
        connection: A writing transaction.
        model_key: The model's row.
    """
    connection.execute(delete(drift_truth_uploads).where(drift_truth_uploads.c.model_key == model_key))
    connection.execute(delete(models).where(models.c.row_key == model_key))
