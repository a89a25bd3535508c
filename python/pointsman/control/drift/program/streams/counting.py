"""How many rows days have, by which rows are told that came after their time was read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pointsman.control.drift.program.querying import IN_WINDOW, querying, tails_of
from pointsman.control.drift.program.streams.rows import files_within
from pointsman.control.drift.spec import AnalysisSpec
from pointsman.domain.drift.analyses import Analysis
from pointsman.domain.drift.streams import first_remembered_us
from pointsman.domain.values import MICROSECONDS_PER_DAY
from pointsman.lake.models.logged import LOGGED
from pointsman.lake.models.snapshot import FILES
from pointsman.store.database import Database
from pointsman.store.drift import predictions


def days_of(
    database: Database, analysis: Analysis, spec: AnalysisSpec, begun_us: int, until_us: int, counted: str
) -> dict[int, int]:
    """Counts rows by day of UTC, of the last days before a time.

    Args:
        database: Where logged predictions are that are in no file yet.
        analysis: Whose model.
        spec: Where the lake's files are.
        begun_us: From this time on, as far as days are remembered.
        until_us: Before this time.
        counted: SQL of which recorded answers are rows; of logged ones all are.

    Returns:
        By day, counted from 1970, its rows; days without any are left out.
    """
    start_us = max(begun_us, first_remembered_us(until_us))
    with database.read() as sql:
        found = predictions.counts_by_day(sql, analysis.model_key, start_us, until_us)
        logged = spec.logged_files.paths(sql, analysis.model_key, start_us, until_us)
    recorded = {"start_us": max(start_us, spec.began_us), "end_us": until_us}
    with querying(spec, Path(spec.folder)) as connection:
        sources: list[tuple[str, dict[str, Any]]] = []
        if logged:
            sources.append((LOGGED, {"logged_files": logged, "start_us": start_us}))
        if files := files_within(spec, start_us, until_us):
            sources.append((FILES, {"files": list(files)}))
        sources += [(tail, {}) for tail in tails_of(spec)]
        for source, values in sources:
            rows = connection.execute(
                f"SELECT time_us // {MICROSECONDS_PER_DAY}, count(*) FROM {source} "
                f"WHERE {IN_WINDOW} AND {counted} GROUP BY 1",
                recorded | values,
            ).fetchall()
            for day, count in rows:
                found[day] = found.get(day, 0) + count
    return found
