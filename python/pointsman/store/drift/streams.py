"""What detectors of changes keep between analyses, in SQL: numbers and how far they have read, no row."""

from collections.abc import Sequence

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from pointsman.domain.drift.analyses import Analysis
from pointsman.domain.drift.streams import KeptStream
from pointsman.store.documents import dump_value, load_value
from pointsman.store.schema import drift_streams

_COLUMNS = drift_streams.c
_KEY = (_COLUMNS.model_key, _COLUMNS.feature, _COLUMNS.algorithm)
_ROWS_PER_STATEMENT = 500


def of_model(connection: Connection, model_key: int) -> dict[tuple[str, str], KeptStream]:
    """Answers by feature and algorithm what detectors of a model keep.

    Args:
        connection: A transaction.
        model_key: The model's row.
    """
    rows = connection.execute(select(drift_streams).where(_COLUMNS.model_key == model_key)).mappings()
    return {
        (row["feature"], row["algorithm"]): KeptStream(
            feature=row["feature"],
            algorithm=row["algorithm"],
            baseline_key=row["baseline_key"],
            begun_us=row["begun_us"],
            read_until_us=row["read_until_us"],
            row_count=row["row_count"],
            state=row["state"],
            days={int(day): int(count) for day, count in load_value(row["days"]).items()},
        )
        for row in rows
    }


def save(connection: Connection, analysis: Analysis, kept: Sequence[KeptStream], now_us: int) -> None:
    """Stores where detectors stand after an analysis; those of other baselines go.

    Args:
        connection: A writing transaction, the one in which the analysis ends: whoever starts it again finds
            either both or neither.
        analysis: The analysis.
        kept: The detectors that it has shown rows to.
        now_us: The time by the database's clock.
    """
    if not kept:
        return
    of_others = (_COLUMNS.model_key == analysis.model_key, _COLUMNS.baseline_key != analysis.baseline_key)
    connection.execute(delete(drift_streams).where(*of_others))
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    added = dialect.insert(drift_streams)
    changed = {column.name: added.excluded[column.name] for column in _COLUMNS if not column.primary_key}
    statement = added.on_conflict_do_update(index_elements=_KEY, set_=changed)
    for start in range(0, len(kept), _ROWS_PER_STATEMENT):
        connection.execute(
            statement,
            [
                {
                    "model_key": analysis.model_key,
                    "feature": one.feature,
                    "algorithm": one.algorithm,
                    "baseline_key": one.baseline_key,
                    "begun_us": one.begun_us,
                    "read_until_us": one.read_until_us,
                    "row_count": one.row_count,
                    "state": one.state,
                    "days": dump_value({str(day): count for day, count in one.days.items()}),
                    "update_time_us": now_us,
                }
                for one in kept[start : start + _ROWS_PER_STATEMENT]
            ],
        )
