"""How often the splits of rules picked each variant, rule by rule, in one query over the files and the tail.

Each unit is in one split of its rule: an entity in that under which it first came to the rule.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pointsman.domain.measures.statistics import Split
from pointsman.lake.conditions import Conditions
from pointsman.lake.keys import files_of
from pointsman.lake.measuring import one_entity_in
from pointsman.lake.snapshot import Snapshot
from pointsman.lake.tail import Tail

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_FEW_SPLITS = 64
"""So many splits are looked for one by one, each in the first of its calls that is found."""

_FILES = """
SELECT {columns} FROM (
    FROM read_parquet($files, union_by_name = true, hive_partitioning = false)
    UNION ALL BY NAME (SELECT NULL::VARCHAR AS rule, NULL::VARCHAR AS decided_variant LIMIT 0)
)
"""
"""Files of earlier releases have no column for rules."""
_OF_CALL = (
    "time_us",
    "row",
    "variant",
    "reason",
    "randomised_by",
    "router_generation",
    "entity_hash",
    "rule",
    "decided_variant",
)
_OF_SHARES = ("eligible_variants", "eligible_propensities")
COLUMNS = _OF_CALL + _OF_SHARES
"""What is read of a row."""
_BASE = ", ".join(f'"{name}"' for name in _OF_CALL)
_SHARES = ", ".join(_OF_SHARES)
_CALLS = """
SELECT *, coalesce(rule, '') AS of_rule, coalesce(decided_variant, variant) AS decided FROM ({source})
WHERE {where} AND "row" = 0 AND randomised_by IN ('entity', 'request')
    AND (reason IN ('rule', 'default') OR reason = 'fallback' AND decided_variant IS NOT NULL)
"""
"""What was decided tells of a split, whoever answered. Calls that name their variant, and those that an
operator sent to one, were not drawn."""
_UNITS = """
WITH calls AS ({calls}), firsts AS (
    SELECT of_rule, arg_min(struct_pack(generation := router_generation, picked := decided), time_us) AS first
    FROM calls
    WHERE randomised_by = 'entity' AND entity_hash IS NOT NULL AND entity_hash % $one_in = 0
    GROUP BY of_rule, entity_hash
), units AS (
    SELECT of_rule, first.generation AS generation, 'entity' AS unit, first.picked AS picked FROM firsts
    UNION ALL
    SELECT of_rule, router_generation, 'request', decided FROM calls WHERE randomised_by = 'request'
)
SELECT of_rule, generation, unit, picked, count(*) FROM units GROUP BY ALL
"""
_ELIGIBLE = """
SELECT eligible_variants, eligible_propensities FROM ({calls})
WHERE of_rule = $rule AND router_generation = $generation AND randomised_by = $unit
LIMIT 1
"""
_ALL_ELIGIBLE = """
SELECT of_rule, router_generation, randomised_by, first.eligible_variants, first.eligible_propensities
FROM (
    SELECT of_rule, router_generation, randomised_by,
        first(struct_pack(eligible_variants, eligible_propensities)) AS first
    FROM ({calls}) WHERE len(eligible_variants) > 0
    GROUP BY ALL
)
"""
"""Of very many, one reading of all calls costs less than one for each."""

_SplitKey = tuple[str, int, str]
"""Rule, the router's generation, and what was randomised."""


def rule_splits(
    connection: DuckDBPyConnection, snapshot: Snapshot, tail: Tail, conditions: Conditions
) -> dict[str, list[Split]]:
    """Answers what each rule's split picked, by the rule's name; empty for the calls that no rule took.

    Args:
        connection: Where to query.
        snapshot: The state that is read.
        tail: The tail's rows of the time.
        conditions: The times.
    """
    if conditions.span.is_empty or not (snapshot.files or tail.tables):
        return {}
    row_count = sum(file.row_count for file in snapshot.files)
    where, values = conditions.sql()
    if snapshot.files:
        values |= files_of([file.path for file in snapshot.files])
    counts: dict[_SplitKey, dict[str, int]] = defaultdict(dict)
    found: dict[str, list[Split]] = {}
    with tail.registered(connection) as tables:
        calls = _CALLS.format(source=_source(snapshot, tables, _BASE), where=where)
        one_in = {"one_in": one_entity_in(row_count)}
        for rule, generation, unit, variant, count in connection.execute(
            _UNITS.format(calls=calls), values | one_in
        ).fetchall():
            counts[rule, generation, unit][variant] = count
        with_shares = _CALLS.format(source=_source(snapshot, tables, f"{_BASE}, {_SHARES}"), where=where)
        if len(counts) > _FEW_SPLITS:
            rows = connection.execute(_ALL_ELIGIBLE.format(calls=with_shares), values).fetchall()
            eligible = {tuple(row[:3]): dict(zip(*row[3:], strict=True)) for row in rows}
        else:
            eligible = {key: _eligible(connection, with_shares, values, key) for key in counts}
        for key in sorted(counts):
            if shares := eligible.get(key):
                found.setdefault(key[0], []).append(Split(counts[key], shares))
    return found


def _eligible(
    connection: DuckDBPyConnection, calls: str, values: dict[str, Any], key: _SplitKey
) -> dict[str, float]:
    """Reads the probabilities that were in force from one of the calls."""
    asked: dict[str, Any] = {"rule": key[0], "generation": key[1], "unit": key[2]}
    rows = connection.execute(_ELIGIBLE.format(calls=calls), values | asked).fetchall()
    return dict(zip(*rows[0], strict=True)) if rows and rows[0][0] else {}


def _source(snapshot: Snapshot, tables: Sequence[str], columns: str) -> str:
    parts = [_FILES.format(columns=columns)] if snapshot.files else []
    parts += [f"SELECT {columns} FROM {table}" for table in tables]
    return " UNION ALL ".join(parts)
