"""The answers of a time, whoever recorded them, as SQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pointsman.control.drift.program.querying import IN_WINDOW, LOGGED_IN_WINDOW, quoted_text, tails_of
from pointsman.control.drift.spec import AnalysisSpec
from pointsman.domain.drift.analyses import Analysis
from pointsman.lake.models.logged import LOGGED, LOGGED_ANSWERS
from pointsman.lake.models.outcome_sql import ANSWER_COLUMNS
from pointsman.lake.models.snapshot import FILES
from pointsman.lake.models.tables import answer_table
from pointsman.store.database import Database
from pointsman.store.drift import predictions

if TYPE_CHECKING:
    import pyarrow as pa
    from duckdb import DuckDBPyConnection


def answer_rows(
    connection: DuckDBPyConnection,
    database: Database,
    analysis: Analysis,
    spec: AnalysisSpec,
    folder: Path,
) -> tuple[str, dict[str, Any]]:
    """Answers SQL of a window's answers, and the values of its parameters.

    Args:
        connection: Where the tails are open.
        database: Where logged predictions are that are in no file yet.
        analysis: Whose window.
        spec: Where the lake's files are.
        folder: Where those are written, as ``answers.parquet``.

    Returns:
        A query with the columns ``outcome_sql.ANSWER_COLUMNS``, in that order, of no row where there is none.
    """
    one = analysis
    with database.read() as sql:
        between = predictions.between(sql, one.model_key, one.window_start_us, one.window_end_us)
        logged = written(folder / "answers.parquet", (answer_table(part) for part in between))
        logged_files = spec.logged_files.paths(sql, one.model_key, one.window_start_us, one.window_end_us)
    parts = [f"SELECT {ANSWER_COLUMNS} FROM {tail} WHERE {IN_WINDOW}" for tail in tails_of(spec)]
    values: dict[str, Any] = {}
    if logged is not None:
        parts.append(f"FROM read_parquet({quoted_text(str(logged))})")
    if spec.files:
        parts.append(f"SELECT {ANSWER_COLUMNS} FROM {FILES} WHERE {IN_WINDOW}")
        values["files"] = list(spec.files)
    if spec.files or spec.tails:
        # Recorded rows from before the model are of another one.
        values |= {"start_us": max(one.window_start_us, spec.began_us), "end_us": one.window_end_us}
    if logged_files:
        parts.append(f"SELECT {LOGGED_ANSWERS} FROM {LOGGED} WHERE {LOGGED_IN_WINDOW}")
        values |= {
            "logged_files": logged_files,
            "logged_from_us": one.window_start_us,
            "end_us": one.window_end_us,
        }
    if not parts:
        connection.register("nothing", answer_table([]))
        parts.append("FROM nothing")
    return " UNION ALL ".join(parts), values


def written(path: Path, tables: Iterator[pa.Table]) -> Path | None:
    """Writes tables as one file; answers its path, None where there is none.

    Args:
        path: Of the file.
        tables: All of one schema; one is in memory at a time.
    """
    import pyarrow.parquet as pq

    first = next(tables, None)
    if first is None:
        return None
    with pq.ParquetWriter(path, first.schema) as writer:
        writer.write_table(first)
        for table in tables:
            writer.write_table(table)
    return path
