"""Baselines in SQL; the database sees to it that one of a model is active."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, insert, select, update

from pointsman.domain.drift.baselines import Baseline, BaselineData
from pointsman.domain.models import Task
from pointsman.store.documents import dump_value, load_value
from pointsman.store.drift.blocks import read_block, write_block
from pointsman.store.drift.ids import new_id
from pointsman.store.schema import drift_baselines

_COLUMNS = drift_baselines.c
MAX_BASELINES = 1_000
"""Versions that a model may have."""
_HEAD = (
    _COLUMNS.baseline_id,
    _COLUMNS.version,
    _COLUMNS.active,
    _COLUMNS.sample_size,
    _COLUMNS.task,
    _COLUMNS.class_labels,
    _COLUMNS.create_time_us,
    _COLUMNS.row_key,
)


def add(connection: Connection, model_key: int, baseline: Baseline, data: BaselineData) -> str:
    """Stores a baseline; answers its id.

    Args:
        connection: A writing transaction.
        model_key: The model's row.
        baseline: The baseline, whose id is not looked at.
        data: Its blocks.
    """
    baseline_id = new_id()
    labeled: dict[str, Sequence[Any]] = {"predicted": data.predicted, "actual": data.actual}
    if data.probabilities:
        labeled["probabilities"] = data.probabilities
    connection.execute(
        insert(drift_baselines).values(
            baseline_id=baseline_id,
            model_key=model_key,
            version=baseline.version,
            active=baseline.active,
            sample_size=baseline.sample_size,
            task=baseline.task.value,
            class_labels=dump_value(baseline.class_labels),
            features=write_block(data.features),
            targets=write_block({"values": data.targets}) if data.targets else None,
            labeled=write_block(labeled) if data.predicted else None,
            create_time_us=baseline.create_time_us,
        )
    )
    return baseline_id


def each(connection: Connection, model_id: str, model_key: int) -> list[Baseline]:
    """Answers a model's baselines without their blocks, newest first.

    Args:
        connection: A transaction.
        model_id: The model.
        model_key: The model's row.
    """
    statement = select(*_HEAD).where(_COLUMNS.model_key == model_key).order_by(_COLUMNS.row_key.desc())
    return [_loaded(row, model_id) for row in connection.execute(statement)]


def active(connection: Connection, model_id: str, model_key: int) -> Baseline | None:
    """Finds a model's active baseline without its blocks.

    Args:
        connection: A transaction.
        model_id: The model.
        model_key: The model's row.
    """
    wanted = (_COLUMNS.model_key == model_key, _COLUMNS.active)
    row = connection.execute(select(*_HEAD).where(*wanted)).one_or_none()
    return None if row is None else _loaded(row, model_id)


def find_key(connection: Connection, row_key: int, model_id: str) -> Baseline | None:
    """Finds a baseline by the store's own key.

    Args:
        connection: A transaction.
        row_key: The baseline's row.
        model_id: The model.
    """
    row = connection.execute(select(*_HEAD).where(_COLUMNS.row_key == row_key)).one_or_none()
    return None if row is None else _loaded(row, model_id)


def find(connection: Connection, model_id: str, model_key: int, baseline_id: str) -> Baseline | None:
    """Finds a baseline of a model by its id.

    Args:
        connection: A transaction.
        model_id: The model.
        model_key: The model's row.
        baseline_id: The baseline.
    """
    wanted = (_COLUMNS.model_key == model_key, _COLUMNS.baseline_id == baseline_id)
    row = connection.execute(select(*_HEAD).where(*wanted)).one_or_none()
    return None if row is None else _loaded(row, model_id)


def features_of(connection: Connection, row_key: int) -> bytes:
    """Answers the features of a baseline, as :func:`~pointsman.store.drift.blocks.write_block` wrote them."""
    statement = select(_COLUMNS.features).where(_COLUMNS.row_key == row_key)
    return bytes(connection.execute(statement).scalar_one())


def data_of(connection: Connection, row_key: int) -> BaselineData:
    """Reads the blocks of a baseline."""
    statement = select(_COLUMNS.features, _COLUMNS.targets, _COLUMNS.labeled)
    features, targets, labeled = connection.execute(statement.where(_COLUMNS.row_key == row_key)).one()
    return BaselineData(
        features=read_block(features),
        targets=[] if targets is None else read_block(targets)["values"],
        **_labeled(labeled),
    )


def labeled_of(connection: Connection, row_key: int) -> BaselineData:
    """Reads the labelled predictions of a baseline alone."""
    statement = select(_COLUMNS.labeled).where(_COLUMNS.row_key == row_key)
    return BaselineData(**_labeled(connection.execute(statement).scalar_one()))


def activate(connection: Connection, model_key: int, baseline_id: str) -> bool:
    """Makes a baseline the active one of its model; answers False where the model has none of the id.

    Args:
        connection: A writing transaction.
        model_key: The model's row.
        baseline_id: The baseline.
    """
    this = (_COLUMNS.model_key == model_key, _COLUMNS.baseline_id == baseline_id)
    # Held to the end, so that two who do this at once do it one after the other.
    of_model = select(_COLUMNS.row_key).where(_COLUMNS.model_key == model_key).order_by(_COLUMNS.row_key)
    connection.execute(of_model.with_for_update()).all()
    if connection.execute(select(_COLUMNS.row_key).where(*this)).one_or_none() is None:
        return False
    was = (_COLUMNS.model_key == model_key, _COLUMNS.active, _COLUMNS.baseline_id != baseline_id)
    connection.execute(update(drift_baselines).where(*was).values(active=False))
    connection.execute(update(drift_baselines).where(*this).values(active=True))
    return True


def _labeled(block: bytes | None) -> dict[str, Any]:
    labels: Mapping[str, Any] = {} if block is None else read_block(block)
    return {
        "predicted": labels.get("predicted", []),
        "actual": labels.get("actual", []),
        "probabilities": [tuple(row) for row in labels.get("probabilities", [])],
    }


def _loaded(row: Sequence[Any], model_id: str) -> Baseline:
    baseline_id, version, is_active, sample_size, task, class_labels, create_time_us, row_key = row
    return Baseline(
        baseline_id,
        model_id,
        version,
        is_active,
        sample_size,
        Task(task),
        tuple(load_value(class_labels)),
        create_time_us,
        row_key,
    )
