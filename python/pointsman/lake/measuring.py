"""Counts what is recorded in a window, in one pass over the files and the tail.

Latencies are counted in buckets whose bounds grow by 2 %, and stand for the middle of their bucket: means and
quantiles are at most 1 % from the true ones. Exact quantiles of ten million values would take many times as
long and all the memory.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pointsman.domain.figures import Latencies
from pointsman.domain.statistics import Split
from pointsman.domain.windows import ALL, WHOLE, Window, WindowCounts
from pointsman.lake.conditions import Conditions
from pointsman.lake.keys import READ_FILES, files_of
from pointsman.lake.latencies import Buckets, latencies_of
from pointsman.lake.snapshot import Snapshot
from pointsman.lake.tail import Tail

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

BUCKETS_PER_E = 50
"""The bounds of buckets grow by e to the power of 1/50."""
_MANY_ROWS = 2_000_000
_ONE_ENTITY_IN = 8
"""Of many rows, one entity in so many is compared."""
_MAX_SPLITS = 64
"""So many sets of probabilities are compared with what was picked: those with the most calls."""

_COLUMNS = (
    'time_us, "row", row_count, variant, reason, randomised_by, status_code, overhead_ns, backend_ns, '
    "router_generation, allocation_version"
)

# A batch is one call, whose first row stands for it. Pinned calls have no part in latencies and splits.
_COUNTS = f"""
WITH calls AS (
    SELECT
        variant,
        {{step}} AS step,
        reason = 'pin' AS pinned,
        status_code,
        row_count - 1 AS further_rows,
        CASE WHEN reason <> 'pin' THEN floor(ln(overhead_ns + 1) * {BUCKETS_PER_E})::SMALLINT END
            AS overhead,
        CASE WHEN reason <> 'pin' THEN floor(ln(backend_ns + 1) * {BUCKETS_PER_E})::SMALLINT END
            AS backend,
        router_generation,
        allocation_version,
        randomised_by
    FROM {{source}}
    WHERE {{where}} AND "row" = 0
)
SELECT
    grouping(status_code, overhead, backend) AS kind,
    step, variant, pinned, status_code, overhead, backend,
    router_generation, allocation_version, randomised_by,
    count(*) AS calls, sum(further_rows) FILTER (WHERE further_rows > 0) AS further_rows
FROM calls
GROUP BY GROUPING SETS (
    (step, variant, pinned, status_code, router_generation, allocation_version, randomised_by),
    (step, variant, overhead),
    (step, variant, backend)
)
"""
_BY_CODE, _BY_OVERHEAD, _BY_BACKEND = 0b011, 0b101, 0b110

# An entity keeps its slot when shares change, so that later splits say little new of it: it is counted once,
# where it came first. Its hash has nothing to do with its slot, so some entities chosen by it tell as much of
# the split as all.
_ENTITIES = """
SELECT router_generation, allocation_version, variant, count(*)
FROM (
    SELECT
        arg_min(variant, router_generation * {shift} + allocation_version) AS variant,
        min(router_generation * {shift} + allocation_version) AS place,
        place // {shift} AS router_generation,
        place % {shift} AS allocation_version
    FROM {source}
    WHERE {where} AND "row" = 0 AND randomised_by = 'entity' AND reason <> 'pin' AND entity_hash % {every} = 0
    GROUP BY entity_hash
)
GROUP BY ALL
"""

_ELIGIBLE = """
SELECT eligible_variants, eligible_propensities
FROM {source}
WHERE {where} AND router_generation = $generation AND allocation_version = $allocation
    AND randomised_by = $randomised_by
LIMIT 1
"""

_SHIFT = 1 << 31
"""Makes one number of a generation and an allocation version in it; comparing one is cheap."""

_SplitKey = tuple[int, int, str]
"""Router generation, allocation version and what was randomised."""


class Measurement:
    """Counts a window.

    Args:
        connection: Where to query.
        snapshot: The state that is read.
        tail: The tail's rows of the window.
        conditions: The window's times.
        window: The window.
    """

    def __init__(
        self,
        connection: DuckDBPyConnection,
        snapshot: Snapshot,
        tail: Tail,
        conditions: Conditions,
        window: Window,
    ) -> None:
        self._connection = connection
        self._snapshot = snapshot
        self._tail = tail
        self._conditions = conditions
        self._window = window

    def counts(self) -> WindowCounts:
        """Answers what was counted."""
        if not self._snapshot.files and not self._tail.tables:
            return WindowCounts()
        where, values = self._conditions.sql()
        step = "0::SMALLINT"
        if self._window.step_count:
            step = "((time_us - $origin_us) // $step_us)::SMALLINT"
            values |= {"origin_us": self._window.start_time_us, "step_us": self._window.step_us}
        with self._tail.registered(self._connection) as tables:
            source, files = self._source(_COLUMNS, tables)
            sql = _COUNTS.format(step=step, source=source, where=where)
            table = self._connection.sql(sql, params=values | files).to_arrow_table()
            counted = _Counted(table, stepped=bool(self._window.step_count))
            splits = self._splits(counted.splits(), tables)
        return counted.counts(splits)

    def _splits(self, counted: dict[_SplitKey, dict[str, int]], tables: Sequence[str]) -> list[Split]:
        most = sorted(counted, key=lambda key: sum(counted[key].values()), reverse=True)
        chosen = [key for key in most if key[2] in ("entity", "request")][:_MAX_SPLITS]
        units: dict[_SplitKey, dict[str, int]] = {key: counted[key] for key in chosen if key[2] == "request"}
        if any(key[2] == "entity" for key in chosen):
            by_entity = self._entities(tables)
            units |= {key: by_entity[key] for key in chosen if key in by_entity}
        splits = []
        for key, counts in units.items():
            shares = self._eligible(key, tables)
            if shares:
                splits.append(Split(counts, shares))
        return splits

    def _entities(self, tables: Sequence[str]) -> dict[_SplitKey, dict[str, int]]:
        columns = (
            'time_us, "row", variant, reason, randomised_by, router_generation, allocation_version, '
            "entity_hash"
        )
        where, values = self._conditions.sql()
        source, files = self._source(columns, tables)
        row_count = sum(file.row_count for file in self._snapshot.files)
        every = _ONE_ENTITY_IN if row_count > _MANY_ROWS else 1
        rows = self._connection.execute(
            _ENTITIES.format(source=source, where=where, shift=_SHIFT, every=every), values | files
        )
        found: dict[_SplitKey, dict[str, int]] = defaultdict(dict)
        for generation, allocation, variant, count in rows.fetchall():
            found[generation, allocation, "entity"][variant] = count
        return found

    def _eligible(self, key: _SplitKey, tables: Sequence[str]) -> dict[str, float]:
        """Reads the probabilities that were in force from one of the calls."""
        columns = (
            "time_us, router_generation, allocation_version, randomised_by, eligible_variants, "
            "eligible_propensities"
        )
        source, files = self._source(columns, tables)
        where, values = self._conditions.sql()
        generation, allocation, randomised_by = key
        values |= {"generation": generation, "allocation": allocation, "randomised_by": randomised_by}
        sql = _ELIGIBLE.format(source=source, where=where)
        rows = self._connection.execute(sql, values | files).fetchall()
        if not rows or not rows[0][0]:
            return {}
        return dict(zip(*rows[0], strict=True))

    def _source(self, columns: str, tables: Sequence[str]) -> tuple[str, dict[str, Any]]:
        """Answers the files and the tail as one relation, and its parameters."""
        paths = [file.path for file in self._snapshot.files]
        parts = [f"SELECT {columns} FROM {table}" for table in tables]
        if paths:
            parts.insert(0, f"SELECT {columns} FROM {READ_FILES}")
        return f"({' UNION ALL '.join(parts)})", files_of(paths) if paths else {}


class _Counted:
    """The answer of the one pass, taken apart."""

    def __init__(self, table: Any, *, stepped: bool) -> None:
        self._table = table
        self._stepped = stepped

    def splits(self) -> dict[_SplitKey, dict[str, int]]:
        """Answers the calls of each set of probabilities."""
        found: dict[_SplitKey, dict[str, int]] = {}
        for row in self._rows(_BY_CODE):
            if row["pinned"]:
                continue
            key = (row["router_generation"], row["allocation_version"], row["randomised_by"])
            calls = found.setdefault(key, {})
            calls[row["variant"]] = calls.get(row["variant"], 0) + row["calls"]
        return found

    def counts(self, splits: Sequence[Split]) -> WindowCounts:
        """Answers what was counted by step and variant."""
        by_code: dict[tuple[int, str], dict[int, int]] = {}
        pinned: dict[tuple[int, str], int] = {}
        rows: dict[tuple[int, str], int] = {}
        for row in self._rows(_BY_CODE):
            for step in {WHOLE, row["step"]} if self._stepped else {WHOLE}:
                key = (step, row["variant"])
                if row["pinned"]:
                    pinned[key] = pinned.get(key, 0) + row["calls"]
                    continue
                codes = by_code.setdefault(key, {})
                codes[row["status_code"]] = codes.get(row["status_code"], 0) + row["calls"]
                rows[key] = rows.get(key, 0) + row["calls"] + int(row["further_rows"] or 0)
        return WindowCounts(
            by_code=by_code,
            pinned=pinned,
            rows=rows,
            overhead=self._latencies(_BY_OVERHEAD, "overhead"),
            backend=self._latencies(_BY_BACKEND, "backend"),
            splits=splits,
        )

    def _rows(self, kind: int) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self._of(kind).to_pylist()
        return rows

    def _of(self, kind: int) -> Any:
        import pyarrow.compute as pc

        return self._table.filter(pc.equal(self._table.column("kind"), kind))

    def _latencies(self, kind: int, name: str) -> dict[tuple[int, str], Latencies]:
        import pyarrow.compute as pc

        table = self._of(kind)
        table = table.filter(pc.is_valid(table.column(name)))
        if table.num_rows == 0:
            return {}
        variants = table.column("variant").combine_chunks().dictionary_encode()
        names: list[str] = variants.dictionary.to_pylist()
        buckets = Buckets(
            steps=table.column("step").to_numpy(),
            variants=variants.indices.to_numpy(),
            buckets=table.column(name).to_numpy(),
            counts=table.column("calls").to_numpy(),
        )
        found: dict[tuple[int, str], Latencies] = {}
        for step, variant, latencies in latencies_of(buckets, BUCKETS_PER_E, stepped=self._stepped):
            key = (WHOLE if step is None else step, ALL if variant is None else names[variant])
            found[key] = latencies
        return found
