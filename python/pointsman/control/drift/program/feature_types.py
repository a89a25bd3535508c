"""Columns of features in what routers recorded, by the types that each part of it has them in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pointsman.control.drift.program.querying import IN_WINDOW, quoted, tails_of
from pointsman.control.drift.spec import AnalysisSpec
from pointsman.domain.drift.baselines import ColumnKind
from pointsman.errors import FailedPreconditionError
from pointsman.lake.models.snapshot import files_as
from pointsman.lake.rows import FEATURE_PREFIX

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

SQL_TYPES = {
    # The lake keeps the whole numbers of a model's signature as such; baselines are doubles. Files with both
    # types of whole numbers have the last one together.
    ColumnKind.NUMBER: ("DOUBLE", "BIGINT", "UBIGINT", "HUGEINT"),
    ColumnKind.TEXT: ("VARCHAR",),
    ColumnKind.BOOLEAN: ("BOOLEAN",),
}
"""The types in which values of a kind are recorded, the one first in which they are compared."""
_PARQUET_TYPES = {
    ColumnKind.NUMBER: ("DOUBLE", "INT64"),
    ColumnKind.TEXT: ("BYTE_ARRAY",),
    ColumnKind.BOOLEAN: ("BOOLEAN",),
}


def sources_of(
    connection: DuckDBPyConnection, spec: AnalysisSpec, kinds: Mapping[str, ColumnKind]
) -> dict[str, dict[str, list[str]]]:
    """Answers SQL of everything that routers recorded, and by the name of its parameter the files of each.

    Files with a column of another type than the baseline's are read apart: together with others they would
    all have a type that both become, and none of the values its own.

    Args:
        connection: Where the tails are open.
        spec: Where the rest is.
        kinds: The baseline's features, and what their values are.
    """
    sources: dict[str, dict[str, list[str]]] = {tail: {} for tail in tails_of(spec)}
    if not spec.files:
        return sources
    wanted = {f"{FEATURE_PREFIX}{name}": _PARQUET_TYPES[kind] for name, kind in kinds.items()}
    differing: dict[str, set[tuple[str, str]]] = {path: set() for path in spec.files}
    columns = connection.execute(
        "SELECT file_name, name, type FROM parquet_schema($files)", {"files": list(differing)}
    )
    for path, name, type_ in columns.fetchall():
        if name in wanted and type_ not in wanted[name]:
            differing[path].add((name, type_))
    alike: dict[frozenset[tuple[str, str]], list[str]] = {}
    for path, types in differing.items():
        alike.setdefault(frozenset(types), []).append(path)
    for place, paths in enumerate(alike.values()):
        sources[files_as(f"files_{place}")] = {f"files_{place}": paths}
    return sources


def refuse_others(
    connection: DuckDBPyConnection,
    source: str,
    types: Mapping[str, str],
    kinds: Mapping[str, ColumnKind],
    values: Mapping[str, Any],
) -> None:
    """Refuses columns of another type than the baseline's that have values in the window.

    Args:
        connection: Where the source is open.
        source: Its SQL.
        types: By column of the source its type in SQL.
        kinds: The baseline's features, and what their values are.
        values: The window, and the source's files.

    Raises:
        FailedPreconditionError: There is one.
    """
    columns = {name: f"{FEATURE_PREFIX}{name}" for name in kinds}
    others = {
        name: column
        for name, column in columns.items()
        if column in types and types[column] not in SQL_TYPES[kinds[name]]
    }
    if not others:
        return
    counts = ", ".join(f"count({quoted(column)})" for column in others.values())
    found = connection.execute(f"SELECT {counts} FROM {source} WHERE {IN_WINDOW}", values).fetchall()[0]
    for (name, column), count in zip(others.items(), found, strict=True):
        if count:
            raise FailedPreconditionError(
                f"feature {name!r}: the baseline has values of the kind {kinds[name].value}, and routers "
                f"recorded {count} of the window as {types[column]}; make a baseline with values as the "
                "model is given them",
                reason="FEATURE_TYPE_DIFFERS",
            )
