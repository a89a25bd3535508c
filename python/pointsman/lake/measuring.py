"""Counts what is recorded in a window, in one pass of the core over the files and the tail.

Latencies are counted in buckets whose bounds grow by 2 %, and stand for the middle of their bucket: means and
quantiles are at most 1 % from the true ones. Exact quantiles of ten million values would take many times as
long and all the memory.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from pointsman.domain.measures.figures import Latencies
from pointsman.domain.measures.statistics import Split
from pointsman.domain.measures.windows import ALL, WHOLE, Window, WindowCounts
from pointsman.domain.ports.core import LakeQueries
from pointsman.lake.conditions import Conditions
from pointsman.lake.keys import READ_FILES, files_of
from pointsman.lake.latencies import Buckets, latencies_of
from pointsman.lake.snapshot import Snapshot
from pointsman.lake.tail import Tail
from pointsman.v1 import record_pb2

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

COLUMNS = (
    "time_us",
    "row",
    "variant",
    "reason",
    "randomised_by",
    "status_code",
    "overhead_ns",
    "backend_ns",
    "router_generation",
    "allocation_version",
    "entity_hash",
    "decided_variant",
    "eligible_variants",
    "eligible_propensities",
)
"""What is read of a row."""
BUCKETS_PER_E = 50
"""The bounds of buckets grow by e to the power of 1/50."""
_MANY_ROWS = 2_000_000
_ONE_ENTITY_IN = 8
"""Of many rows, one entity in so many is compared."""
_FEW_SPLITS = 64
"""So many sets of probabilities are looked for one by one, each in the first of its calls that is found."""

_ELIGIBLE = """
SELECT eligible_variants, eligible_propensities
FROM {source}
WHERE {where} AND router_generation = $generation AND allocation_version = $allocation
    AND randomised_by = $randomised_by
LIMIT 1
"""
_ALL_ELIGIBLE = """
SELECT router_generation, allocation_version, randomised_by,
    first.eligible_variants, first.eligible_propensities
FROM (
    SELECT router_generation, allocation_version, randomised_by,
        first(struct_pack(eligible_variants, eligible_propensities)) AS first
    FROM {source}
    WHERE {where} AND randomised_by IN ('entity', 'request') AND len(eligible_variants) > 0
    GROUP BY ALL
)
"""
"""Of very many, one reading of all calls costs less than one for each."""

_SplitKey = tuple[int, int, str]
"""Router generation, allocation version and what was randomised."""


def one_entity_in(row_count: int) -> int:
    """Answers of how many entities one is compared, where there are so many rows."""
    return _ONE_ENTITY_IN if row_count > _MANY_ROWS else 1


class Measurement:
    """Counts a window.

    Args:
        connection: Where to query.
        queries: Who counts.
        snapshot: The state that is read.
        tail: The tail's rows of the window.
        conditions: The window's times.
        window: The window.
        threads: So many threads count.
    """

    def __init__(
        self,
        connection: DuckDBPyConnection,
        queries: LakeQueries,
        snapshot: Snapshot,
        tail: Tail,
        conditions: Conditions,
        window: Window,
        threads: int,
    ) -> None:
        self._connection = connection
        self._queries = queries
        self._snapshot = snapshot
        self._tail = tail
        self._conditions = conditions
        self._window = window
        self._threads = threads

    def counts(self) -> WindowCounts:
        """Answers what was counted."""
        if self._conditions.span.is_empty or not (self._snapshot.files or self._tail.tables):
            return WindowCounts()
        counts = self._count()
        stepped = bool(self._window.step_count)
        by_code: dict[tuple[int, str], dict[int, int]] = {}
        pinned: dict[tuple[int, str], int] = {}
        fallback: dict[tuple[int, str], int] = {}
        overridden: dict[tuple[int, str], int] = {}
        rows: dict[tuple[int, str], int] = {}
        for call in counts.calls:
            for step in {WHOLE, call.step} if stepped else {WHOLE}:
                key = (step, call.variant)
                if call.pinned:
                    pinned[key] = pinned.get(key, 0) + call.call_count
                    continue
                if call.fallback:
                    fallback[key] = fallback.get(key, 0) + call.call_count
                    continue
                if call.overridden:
                    overridden[key] = overridden.get(key, 0) + call.call_count
                    continue
                codes = by_code.setdefault(key, {})
                codes[call.status_code] = codes.get(call.status_code, 0) + call.call_count
                rows[key] = rows.get(key, 0) + call.call_count + call.further_row_count
        return WindowCounts(
            by_code=by_code,
            pinned=pinned,
            fallback=fallback,
            overridden=overridden,
            rows=rows,
            overhead=_latencies(((cell, cell.overhead) for cell in counts.latencies), stepped=stepped),
            backend=_latencies(((cell, cell.backend) for cell in counts.latencies), stepped=stepped),
            splits=self._splits(counts),
        )

    def _count(self) -> record_pb2.CallCounts:
        span, window = self._conditions.span, self._window
        row_count = sum(file.row_count for file in self._snapshot.files)
        query = record_pb2.CountQuery(
            files=[file.name for file in self._snapshot.files],
            arrow_streams=self._tail.streams,
            start_time_us=span.start_us,
            end_time_us=span.end_us,
            origin_time_us=window.start_time_us or 0,
            step_us=window.step_us if window.step_count else 0,
            buckets_per_e=BUCKETS_PER_E,
            one_entity_in=one_entity_in(row_count),
            thread_count=self._threads,
        )
        folder = self._snapshot.lake_folder
        return record_pb2.CallCounts.FromString(
            self._queries.count_lake_calls(folder, query.SerializeToString())
        )

    def _splits(self, counts: record_pb2.CallCounts) -> list[Split]:
        by_call: dict[_SplitKey, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        for call in counts.calls:
            # What was decided tells of the split, whoever answered: an outage is no broken split.
            is_decided = not (call.pinned or call.overridden) and call.fallback is bool(call.decided_variant)
            if is_decided and call.randomised_by in ("entity", "request"):
                key = (call.router_generation, call.allocation_version, call.randomised_by)
                by_call[key][call.decided_variant or call.variant] += call.call_count
        by_entity: dict[_SplitKey, dict[str, int]] = defaultdict(dict)
        for entity in counts.entities:
            key = (entity.router_generation, entity.allocation_version, "entity")
            by_entity[key][entity.variant] = entity.entity_count
        picked = {
            key: by_entity.get(key) if key[2] == "entity" else dict(by_call[key]) for key in sorted(by_call)
        }
        units = {key: counts for key, counts in picked.items() if counts}
        with self._tail.registered(self._connection) as tables:
            if len(units) > _FEW_SPLITS:
                shares = self._all_eligible(tables)
            else:
                shares = {key: self._eligible(key, tables) for key in units}
        return [Split(counts, shares[key]) for key, counts in units.items() if shares.get(key)]

    def _all_eligible(self, tables: Sequence[str]) -> dict[_SplitKey, dict[str, float]]:
        """Reads the probabilities of every split from one of its calls."""
        source, where, values = self._calls(tables)
        rows = self._connection.execute(_ALL_ELIGIBLE.format(source=source, where=where), values).fetchall()
        return {
            (generation, allocation, randomised_by): dict(zip(variants, shares, strict=True))
            for generation, allocation, randomised_by, variants, shares in rows
        }

    def _eligible(self, key: _SplitKey, tables: Sequence[str]) -> dict[str, float]:
        """Reads the probabilities that were in force from one of the calls."""
        source, where, values = self._calls(tables)
        generation, allocation, randomised_by = key
        values |= {"generation": generation, "allocation": allocation, "randomised_by": randomised_by}
        rows = self._connection.execute(_ELIGIBLE.format(source=source, where=where), values).fetchall()
        if not rows or not rows[0][0]:
            return {}
        return dict(zip(*rows[0], strict=True))

    def _calls(self, tables: Sequence[str]) -> tuple[str, str, dict[str, Any]]:
        """Answers where calls of the window are, what they must fulfil, and the parameters of both."""
        columns = (
            "time_us, router_generation, allocation_version, randomised_by, eligible_variants, "
            "eligible_propensities"
        )
        paths = [file.path for file in self._snapshot.files]
        parts = [f"SELECT {columns} FROM {READ_FILES}"] if paths else []
        parts += [f"SELECT {columns} FROM {table}" for table in tables]
        where, values = self._conditions.sql()
        if paths:
            values |= files_of(paths)
        return f"({' UNION ALL '.join(parts)})", where, values


def _latencies(
    cells: Iterable[tuple[record_pb2.LatencyCounts, record_pb2.BucketCounts]], *, stepped: bool
) -> dict[tuple[int, str], Latencies]:
    import numpy as np

    found = [(cell, of_cell) for cell, of_cell in cells if of_cell.buckets]
    if not found:
        return {}
    names = list(dict.fromkeys(cell.variant for cell, _ in found))
    lengths = [len(of_cell.buckets) for _, of_cell in found]
    joined: Any = np.concatenate
    buckets = Buckets(
        steps=np.repeat([cell.step for cell, _ in found], lengths),
        variants=np.repeat([names.index(cell.variant) for cell, _ in found], lengths),
        buckets=joined([np.array(of_cell.buckets, dtype=np.int64) for _, of_cell in found]),
        counts=joined([np.array(of_cell.counts, dtype=np.int64) for _, of_cell in found]),
    )
    answers: dict[tuple[int, str], Latencies] = {}
    for step, variant, latencies in latencies_of(buckets, BUCKETS_PER_E, stepped=stepped):
        answers[WHOLE if step is None else step, ALL if variant is None else names[variant]] = latencies
    return answers
