"""Pairs a shadow's answers with those that were given: one narrow row for each, kept while they are measured.

The join and the table of pairs are DuckDB's: beyond its share of memory they lie on the disk, so that a long
window takes time and no memory. Nothing but what is measured is kept of a row.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pointsman.domain.measures.shadows import LabelsOf, VersionRows
from pointsman.domain.models import ModelKey
from pointsman.lake.conditions import Conditions
from pointsman.lake.snapshot import Snapshot, SnapshotFile
from pointsman.lake.streams import table_of
from pointsman.lake.tail import Tail
from pointsman.store.feedback.feedback_reading import MetricValue

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

PAIRS = "shadow_pairs"
TRUTHS = "shadow_truths"
ANSWERED = "primary_code = 0 AND shadow_code = 0"
"""Pairs of which both ended OK."""
FIRST_ROW = '"row" = 0'
"""The pair that stands for its call: each call has it, also one that failed and has no other."""

CommonLabels = Callable[[Sequence[tuple[ModelKey, ModelKey]]], Sequence[LabelsOf]]
"""Answers which labels pairs of model versions, a primary's and the shadow's, share."""

_COLUMNS = (
    'prediction_id, "row", row_count, time_us, variant, model_id, model_version, reason, status_code, '
    "backend_ns, answer_content, prediction_label, prediction_number, confidence, probabilities"
)
_SPAN = "time_us >= $start_us AND time_us <= $end_us"
_IS_SHADOWS = f"{_SPAN} AND reason = 'shadow' AND variant = $shadow"
"""By reason, too: from a server of another release the tail may hold predictions."""
_IS_COMPARED = f"{_IS_SHADOWS} AND model_id = $shadow_model AND model_version = $shadow_version"

_UNPAIRED = """
CASE WHEN {code} <> 0 THEN 'call_failed'
     WHEN reason IN ('pin', 'override', 'fallback') THEN 'not_decided'
     WHEN $first_us IS NOT NULL AND time_us < $first_us THEN 'before_first'
     WHEN $last_us IS NOT NULL AND time_us > $last_us THEN 'after_last'
     ELSE 'not_copied' END
"""

_SHADOW_ROWS = f"""
SELECT model_id, model_version, count(*), min(time_us), max(time_us)
FROM {{shadows}} WHERE {_IS_SHADOWS} GROUP BY ALL
"""
_PRIMARY_ROWS = f"""
SELECT variant, model_id, model_version, {_UNPAIRED.format(code="status_code")} AS why, count(*), min(time_us)
FROM {{primaries}} WHERE {_SPAN} GROUP BY ALL
"""
# A call that failed has one row; so the other side's further rows of the call have none beside them.
_PAIRED_ROWS = f"""
SELECT primary_variant, {_UNPAIRED.format(code="primary_code")} AS why, count(*),
    coalesce(sum(primary_rows - 1) FILTER ({FIRST_ROW} AND primary_code = 0 AND shadow_code <> 0), 0)::BIGINT,
    coalesce(sum(shadow_rows - 1) FILTER ({FIRST_ROW} AND primary_code <> 0 AND shadow_code = 0), 0)::BIGINT
FROM {PAIRS} GROUP BY ALL
"""

_LABELS = """
SELECT unnest($primary_models::VARCHAR[]) AS primary_model,
    unnest($primary_versions::VARCHAR[]) AS primary_version,
    unnest($shadow_models::VARCHAR[]) AS shadow_model,
    unnest($shadow_versions::VARCHAR[]) AS shadow_version,
    unnest($labels::VARCHAR[][]) AS labels
"""
_PAIR = f"""
CREATE TEMP TABLE {PAIRS} AS
SELECT
    p.variant AS primary_variant,
    {{id_column}}
    p."row" AS "row",
    greatest(p.row_count, 1) AS primary_rows,
    greatest(s.row_count, 1) AS shadow_rows,
    p.time_us AS time_us,
    p.reason AS reason,
    p.status_code AS primary_code,
    s.status_code AS shadow_code,
    p.backend_ns AS primary_ns,
    s.backend_ns AS shadow_ns,
    CASE WHEN p.prediction_number IS NOT NULL AND s.prediction_number IS NOT NULL THEN 'number'
         WHEN p.prediction_label IS NOT NULL AND s.prediction_label IS NOT NULL THEN 'label'
         WHEN coalesce(p.prediction_number::VARCHAR, p.prediction_label) IS NOT NULL
              AND coalesce(s.prediction_number::VARCHAR, s.prediction_label) IS NOT NULL THEN 'mixed'
         WHEN p.answer_content <> 'all' OR s.answer_content <> 'all' THEN 'not_recorded'
         ELSE 'none' END AS pair_kind,
    p.prediction_label AS primary_label,
    s.prediction_label AS shadow_label,
    p.prediction_number AS primary_number,
    s.prediction_number AS shadow_number,
    p.confidence AS primary_confidence,
    s.confidence AS shadow_confidence,
    l.labels AS labels,
    len(p.probabilities) > 0 AND len(s.probabilities) > 0 AS has_probabilities,
    CASE WHEN len(l.labels) = 0 OR len(p.probabilities) <> len(l.labels)
              OR len(s.probabilities) <> len(l.labels) THEN NULL
         WHEN list_count(p.probabilities) < len(l.labels) OR list_count(s.probabilities) < len(l.labels)
         THEN 'nan'::DOUBLE
         ELSE 0.5 * list_sum(list_transform(
             list_zip(p.probabilities, s.probabilities), lambda one: abs(one[1] - one[2])))
         END AS total_variation,
    CASE WHEN pair_kind = 'number' THEN 'number'
         WHEN pair_kind <> 'label' THEN NULL
         WHEN len(l.labels) = 2 AND len(p.probabilities) = 2 AND len(s.probabilities) = 2 THEN 'probability'
         WHEN p.confidence IS NOT NULL AND s.confidence IS NOT NULL THEN 'confidence' END AS score_kind,
    CASE score_kind WHEN 'number' THEN p.prediction_number WHEN 'probability' THEN p.probabilities[2]
         WHEN 'confidence' THEN p.confidence END AS primary_score,
    CASE score_kind WHEN 'number' THEN s.prediction_number WHEN 'probability' THEN s.probabilities[2]
         WHEN 'confidence' THEN s.confidence END AS shadow_score
FROM (SELECT * FROM {{primaries}} WHERE {_SPAN}) p
JOIN (SELECT * FROM {{shadows}} WHERE {_IS_COMPARED}) s
    ON p.time_us = s.time_us AND p.prediction_id = s.prediction_id AND p."row" = s."row"
LEFT JOIN ({_LABELS}) l
    ON l.primary_model = p.model_id AND l.primary_version = p.model_version
    AND l.shadow_model = s.model_id AND l.shadow_version = s.model_version
"""


@dataclass(frozen=True)
class Paired:
    """How many rows there are on both sides.

    Attributes:
        primaries: Rows of calls by the variant that answered, and why they would have no pair.
        pairs: Those of them that have one, in the same groups.
        shadow_failed: Further ones of calls of which the shadow failed, in the same groups.
        lone_shadow_rows: Rows of the shadow without a call.
        first_time_us: The earliest time of a row; None without any.
        model: The model version that is compared; None without a row where none is asked for.
        other_versions: What other versions answered under the shadow's name.
    """

    primaries: dict[tuple[str, str], int]
    pairs: dict[tuple[str, str], int]
    shadow_failed: dict[tuple[str, str], int]
    lone_shadow_rows: int
    first_time_us: int | None
    model: ModelKey | None
    other_versions: tuple[VersionRows, ...]


class Pairing:
    """Pairs the rows of a window.

    Args:
        connection: Where to query; the table of pairs is its own.
        snapshot: The state that is read, with the files of shadows.
        primaries: The tail's predictions of the window, with answers.
        shadows: The tail's answers of the shadow.
        conditions: The window's times.
        shadow: The shadow's name.
        model: The model version to compare, of those that bore the name; None for the newest one seen.
    """

    def __init__(
        self,
        connection: DuckDBPyConnection,
        snapshot: Snapshot,
        primaries: Tail,
        shadows: Tail,
        conditions: Conditions,
        shadow: str,
        model: ModelKey | None,
    ) -> None:
        self._connection = connection
        self._snapshot = snapshot
        self._primaries = primaries
        self._shadows = shadows
        self._span = {"start_us": conditions.span.start_us, "end_us": conditions.span.end_us}
        self._shadow = {"shadow": shadow}
        self._model = model

    @contextlib.contextmanager
    def paired(self, common_labels: CommonLabels, *, with_ids: bool) -> Iterator[Paired]:
        """Makes the table :data:`PAIRS`, which lasts as long as the context.

        Args:
            common_labels: Answers which labels models share.
            with_ids: Whether ids of predictions are wanted in it.
        """
        connection = self._connection
        # What a read left that was broken off.
        connection.execute(f"DROP TABLE IF EXISTS {PAIRS}")
        with (
            self._primaries.registered(connection, "primary_tail") as primary_tables,
            self._shadows.registered(connection, "shadow_tail") as shadow_tables,
        ):
            primaries, of_primaries = _source("primary_files", self._snapshot.files, primary_tables)
            shadows, of_shadows = _source("shadow_files", self._snapshot.shadow_files, shadow_tables)
            try:
                yield self._made(
                    primaries, of_primaries, shadows, of_shadows, common_labels, with_ids=with_ids
                )
            finally:
                connection.execute(f"DROP TABLE IF EXISTS {PAIRS}")

    def _made(
        self,
        primaries: str,
        of_primaries: dict[str, Any],
        shadows: str,
        of_shadows: dict[str, Any],
        common_labels: CommonLabels,
        *,
        with_ids: bool,
    ) -> Paired:
        connection, span, shadow = self._connection, self._span, self._shadow
        found = connection.execute(_SHADOW_ROWS.format(shadows=shadows), span | shadow | of_shadows)
        rows_by_version = {ModelKey(model, version): tuple(row) for model, version, *row in found.fetchall()}
        model = self._model or max(rows_by_version, key=lambda key: rows_by_version[key][2], default=None)
        shadow_count, first_us, last_us = (rows_by_version.get(model) if model else None) or (0, None, None)
        edges = {"first_us": first_us, "last_us": last_us}
        found = connection.execute(_PRIMARY_ROWS.format(primaries=primaries), span | edges | of_primaries)
        primary_rows = found.fetchall()
        counts: dict[tuple[str, str], int] = {}
        for variant, _, _, reason, count, _ in primary_rows:
            counts[variant, reason] = counts.get((variant, reason), 0) + count
        primary_keys = sorted({ModelKey(model_id, version) for _, model_id, version, *_ in primary_rows})
        known = common_labels([(key, model) for key in primary_keys] if model and shadow_count else [])
        sql = _PAIR.format(
            primaries=primaries,
            shadows=shadows,
            id_column="p.prediction_id AS prediction_id," if with_ids else "",
        )
        compared = {
            "shadow_model": model.model_id if model else "",
            "shadow_version": model.version if model else "",
        }
        values = span | shadow | compared | of_primaries | of_shadows | _labels_parameters(known)
        connection.execute(sql, values).fetchall()
        pairs = connection.execute(_PAIRED_ROWS, edges).fetchall()
        times = [first for *_, first in primary_rows] + [first for _, first, _ in rows_by_version.values()]
        return Paired(
            counts,
            {(variant, reason): count for variant, reason, count, _, _ in pairs},
            {(variant, reason): without for variant, reason, _, without, _ in pairs if without},
            max(0, shadow_count - sum(count + without for *_, count, _, without in pairs)),
            min(times, default=None),
            model,
            tuple(
                VersionRows(key, rows_by_version[key][0]) for key in sorted(rows_by_version) if key != model
            ),
        )


def _source(name: str, files: Sequence[SnapshotFile], tables: Sequence[str]) -> tuple[str, dict[str, Any]]:
    """Answers what to select from, with its parameters: files and tables that hold the same kind of rows."""
    parts = [f"SELECT {_COLUMNS} FROM {table}" for table in tables]
    if not files:
        # Of nothing the columns have types, too.
        parts.append(_NOTHING)
        return f"({' UNION ALL '.join(parts)})", {}
    parts.insert(0, f"SELECT {_COLUMNS} FROM read_parquet(${name}, hive_partitioning = false)")
    return f"({' UNION ALL '.join(parts)})", {name: [file.path for file in files]}


_NOTHING = """
SELECT ''::VARCHAR AS prediction_id, 0::INTEGER AS "row", 0::INTEGER AS row_count, 0::BIGINT AS time_us,
    ''::VARCHAR AS variant, ''::VARCHAR AS model_id, ''::VARCHAR AS model_version, ''::VARCHAR AS reason,
    0::INTEGER AS status_code, 0::BIGINT AS backend_ns, ''::VARCHAR AS answer_content,
    ''::VARCHAR AS prediction_label, 0::DOUBLE AS prediction_number, 0::DOUBLE AS confidence,
    []::DOUBLE[] AS probabilities
WHERE false
"""


def _labels_parameters(known: Sequence[LabelsOf]) -> dict[str, Any]:
    """Answers the labels that models share as parameters of :data:`_LABELS`."""
    return {
        "primary_models": [one.primary.model_id for one in known],
        "primary_versions": [one.primary.version for one in known],
        "shadow_models": [one.shadow.model_id for one in known],
        "shadow_versions": [one.shadow.version for one in known],
        "labels": [list(one.common) for one in known],
    }


@contextlib.contextmanager
def truths(connection: DuckDBPyConnection, batches: Iterable[Sequence[MetricValue]]) -> Iterator[None]:
    """Makes the table :data:`TRUTHS`, which lasts as long as the context.

    Args:
        connection: Where to make it.
        batches: What should have been predicted of rows, each row once.
    """
    import pyarrow as pa

    types: dict[str, Any] = {"prediction_id": pa.string(), "row": pa.int32(), "value": pa.float64()}
    schema = pa.schema([pa.field(name, kind, nullable=False) for name, kind in types.items()])
    connection.execute(f"DROP TABLE IF EXISTS {TRUTHS}")
    connection.execute(f'CREATE TEMP TABLE {TRUTHS} (prediction_id VARCHAR, "row" INTEGER, value DOUBLE)')
    try:
        for values in batches:
            connection.register("shadow_values", table_of(schema, values))
            try:
                connection.execute(f"INSERT INTO {TRUTHS} FROM shadow_values").fetchall()
            finally:
                connection.unregister("shadow_values")
        yield
    finally:
        connection.execute(f"DROP TABLE IF EXISTS {TRUTHS}")
