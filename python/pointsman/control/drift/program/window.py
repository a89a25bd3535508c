"""The rows of a window as one Parquet file with the baseline's columns."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pointsman.control.drift.program.feature_types import SQL_TYPES, refuse_others, sources_of
from pointsman.control.drift.program.querying import (
    IN_WINDOW,
    LOGGED_IN_WINDOW,
    querying,
    quoted,
    quoted_text,
)
from pointsman.control.drift.spec import AnalysisSpec
from pointsman.domain.drift.analyses import Analysis
from pointsman.domain.drift.baselines import ColumnKind
from pointsman.domain.drift.predictions import LoggedPrediction
from pointsman.lake.models.logged import LOGGED
from pointsman.lake.rows import FEATURE_PREFIX
from pointsman.store.database import Database
from pointsman.store.drift import predictions

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection
    from sqlalchemy import Connection

_PYTHON_TYPES: dict[ColumnKind, tuple[type, ...]] = {
    ColumnKind.NUMBER: (int, float),
    ColumnKind.TEXT: (str,),
    ColumnKind.BOOLEAN: (bool,),
}
VARIANT, VERSION = "(variant)", "(version)"
SLICES = {VARIANT: "variant", VERSION: "model_version"}
"""Columns beside the features, in parentheses as features are not, and what they are of the lake."""
_ORDER = ("time_us", "prediction_id", "row")
"""Columns of the lake by which rows are in order; their times come first."""


class Window:
    """Gathers what routers recorded in a window, and what was logged.

    A value that the lake, or a caller, has of another kind than the baseline counts as missing and is told
    of; values of the window in a column of another type are an error, for to judge them as missing would be a
    wrong answer. Of other times, or of another model that had the id, a column may have any type.

    Args:
        database: Where logged predictions are that are in no file yet.
        analysis: Whose window.
        spec: Where the lake's files are.
        folder: Where to write.
        kinds: The baseline's features, and what their values are.
        most_rows: Where it is given, the file has the rows in order of time, the first so many, and in place
            of the columns that tell rows apart one of times.

    Attributes:
        time_column: Such a column, in UTC microseconds.
        notes: What to know of the rows, once they are written.
        row_count: How many there are, once they are written.
        slices: The columns beside the features that tell some of them apart, and how many values each has,
            once they are written.
    """

    def __init__(
        self,
        database: Database,
        analysis: Analysis,
        spec: AnalysisSpec,
        folder: Path,
        kinds: Mapping[str, ColumnKind],
        most_rows: int | None = None,
    ) -> None:
        self._database = database
        self._analysis = analysis
        self._spec = spec
        self._folder = folder
        self._kinds = kinds
        self._most_rows = most_rows
        taken = {name.casefold() for name in kinds}
        order = {} if most_rows is None else {_free(name, taken): name for name in _ORDER}
        self._order = order
        self.time_column = next(iter(order), "")
        # A feature that goes by such a name is one.
        is_told = most_rows is None
        self._dividing = {name: column for name, column in SLICES.items() if is_told and name not in kinds}
        self._unreadable: dict[str, int] = {}
        self.notes: list[str] = []
        self.row_count = 0
        self.slices: dict[str, int] = {}

    def write(self) -> Path:
        """Writes the file; answers its path.

        Raises:
            FailedPreconditionError: A feature is recorded with another type than the baseline has.
        """
        target = self._folder / "window.parquet"
        one = self._analysis
        with self._database.read() as sql:
            logged = self._spec.logged_files.paths(sql, one.model_key, one.window_start_us, one.window_end_us)
            waiting = self._write_logged(sql)
        with querying(self._spec, self._folder) as connection:
            sources = sources_of(connection, self._spec, self._kinds)
            values = self._values() if sources else {}
            for files in sources.values():
                values |= files
            recorded = {name: values[name] for name in ("start_us", "end_us") if sources}
            parts = [self._selected(connection, source, files, recorded) for source, files in sources.items()]
            if logged:
                of_window = {"logged_from_us": one.window_start_us, "end_us": one.window_end_us}
                files = {"logged_files": logged}
                parts.append(self._selected(connection, LOGGED, files, of_window, LOGGED_IN_WINDOW))
                values |= of_window | files
            parts.append(f"SELECT * FROM read_parquet({quoted_text(str(waiting))})")
            rows = " UNION ALL BY NAME ".join(parts)
            if self._order:
                order = ", ".join(map(quoted, self._order))
                rows = f"SELECT * FROM ({rows}) ORDER BY {order} LIMIT {self._most_rows}"
            text = f"COPY ({rows}) TO {quoted_text(str(target))} (FORMAT parquet)"
            copied = connection.execute(text, values)
            (self.row_count,) = copied.fetchall()[0]
            self.slices = self._told_apart(connection, target)
        for name, count in sorted(self._unreadable.items()):
            self.notes.append(
                f"feature {name!r}: {count} values are no {self._kinds[name].value}, as the baseline has "
                "them, and count as missing"
            )
        return target

    def _told_apart(self, connection: DuckDBPyConnection, path: Path) -> dict[str, int]:
        if not self._dividing:
            return {}
        counts = ", ".join(f"count(DISTINCT {quoted(name)})" for name in self._dividing)
        rows = f"read_parquet({quoted_text(str(path))})"
        found = connection.execute(f"SELECT {counts} FROM {rows}").fetchall()[0]
        return {name: count for name, count in zip(self._dividing, found, strict=True) if count > 1}

    def _selected(
        self,
        connection: DuckDBPyConnection,
        source: str,
        files: Mapping[str, Sequence[str]],
        of_window: Mapping[str, int],
        in_window: str = IN_WINDOW,
    ) -> str:
        """Answers the query of a source's rows; looks at what it has of another kind."""
        values = {**of_window, **files}
        described = connection.execute(f"DESCRIBE SELECT * FROM {source}", dict(files))
        types = {row[0]: str(row[1]) for row in described.fetchall()}
        refuse_others(connection, source, types, self._kinds, values)
        columns = {name: self._expression(name, types) for name in self._kinds}
        whole = "features_content = 'all'"
        checks = [f"count(*) FILTER (NOT ({whole}))"]
        checks += [
            f"count(*) FILTER ({whole} AND {raw} <> 'null' AND ({value}) IS NULL)"
            for value, raw in columns.values()
        ]
        counted = connection.execute(f"SELECT {', '.join(checks)} FROM {source} WHERE {in_window}", values)
        without, *unreadable = counted.fetchall()[0]
        if without:
            self.notes.append(
                f"{without} predictions were recorded without their features, which are not compared"
            )
        for name, count in zip(columns, unreadable, strict=True):
            if count:
                self._unreadable[name] = self._unreadable.get(name, 0) + count
        chosen = ", ".join(f"{value} AS {quoted(name)}" for name, (value, _) in columns.items())
        chosen += "".join(
            f", nullif({column}, '') AS {quoted(name)}" for name, column in self._dividing.items()
        )
        chosen += "".join(f', "{column}" AS {quoted(name)}' for name, column in self._order.items())
        return f"SELECT {chosen} FROM {source} WHERE {in_window} AND {whole}"

    def _expression(self, name: str, types: Mapping[str, str]) -> tuple[str, str]:
        """Answers how a feature is read, and the JSON that it has where it is in no column of its own."""
        kind = self._kinds[name]
        raw = f"features_other[{quoted_text(name)}]"
        read = {
            ColumnKind.NUMBER: f"TRY_CAST({raw} AS DOUBLE)",
            ColumnKind.TEXT: f"""CASE WHEN {raw} LIKE '"%' THEN json_extract_string({raw}, '$') END""",
            ColumnKind.BOOLEAN: f"CASE {raw} WHEN 'true' THEN true WHEN 'false' THEN false END",
        }[kind]
        column = f"{FEATURE_PREFIX}{name}"
        if column not in types:
            return read, raw
        wanted = SQL_TYPES[kind]
        if types[column] not in wanted:
            # Without a value in the window, as those are refused.
            return read, raw
        return f"coalesce(CAST({quoted(column)} AS {wanted[0]}), {read})", raw

    def _write_logged(self, sql: Connection) -> Path:
        import pyarrow as pa
        import pyarrow.parquet as pq

        types = {
            ColumnKind.NUMBER: pa.float64(),
            ColumnKind.TEXT: pa.string(),
            ColumnKind.BOOLEAN: pa.bool_(),
        }
        schema = pa.schema(
            [
                *((name, types[kind]) for name, kind in self._kinds.items()),
                *((name, pa.string()) for name in self._dividing),
                *zip(self._order, (pa.int64(), pa.string(), pa.int32()), strict=False),
            ]
        )
        path = self._folder / "logged.parquet"
        with pq.ParquetWriter(path, schema) as writer:
            one = self._analysis
            for part in predictions.between(sql, one.model_key, one.window_start_us, one.window_end_us):
                columns = {name: list(self._read(name, part)) for name in self._kinds}
                versions = {VERSION: [one.model_version or None for one in part]}
                columns |= {name: versions.get(name, [None] * len(part)) for name in self._dividing}
                places: dict[str, list[Any]] = {
                    "time_us": [one.time_us for one in part],
                    "prediction_id": [one.prediction_id for one in part],
                    "row": [0] * len(part),
                }
                columns |= {name: places[column] for name, column in self._order.items()}
                writer.write_table(pa.table(columns, schema))
        return path

    def _read(self, name: str, rows: Iterable[LoggedPrediction]) -> Iterator[Any]:
        kind = self._kinds[name]
        for row in rows:
            value = row.features.get(name)
            is_bool = isinstance(value, bool)
            fits = isinstance(value, _PYTHON_TYPES[kind]) and is_bool == (kind is ColumnKind.BOOLEAN)
            if value is not None and not fits:
                self._unreadable[name] = self._unreadable.get(name, 0) + 1
            if fits and isinstance(value, int) and not is_bool:
                # Arrow takes no whole number as a double that one would round.
                yield float(value)
            else:
                yield value if fits else None

    def _values(self) -> dict[str, Any]:
        """Answers the window of recorded rows, of which those from before the model are of another one."""
        one = self._analysis
        return {"start_us": max(one.window_start_us, self._spec.began_us), "end_us": one.window_end_us}


def _free(name: str, taken: Collection[str]) -> str:
    """Answers the name for a column beside features, in as many parentheses as no feature has."""
    while (name := f"({name})") in taken:
        pass
    return name
