"""Parquet files by path, and what a query makes of them."""

import glob
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pointsman_drift.errors import InvalidTableError


@dataclass(frozen=True)
class ParquetQuery:
    """Rows of Parquet files as a query sees them: what a manifest lists, without a copy.

    Files may differ in columns; one that lacks a column has null there.

    Args:
        files: Paths, folders or patterns.
        columns: Name of each column of the table to an SQL expression (DuckDB's) over the columns of the
            files. They and the condition stand in the query as they are: let no stranger write them.
        where: An SQL condition over the columns of the files; None for all rows.

    >>> query = ParquetQuery(["a.parquet"], {"age": '"f_age"'}, "day >= '2026-01-01'")
    >>> query.where
    "day >= '2026-01-01'"
    """

    files: Sequence[str | Path]
    columns: Mapping[str, str]
    where: str | None = None

    def sql(self, side: str) -> str:
        """Answers what stands after FROM.

        Args:
            side: ``reference`` or ``current``, for what is said about missing files.

        Raises:
            InvalidTableError: There are no columns, or no such files.
        """
        if not self.columns:
            raise InvalidTableError(f"the {side} has no columns; there is nothing to compare")
        items = ", ".join(
            f"{expression} AS c{place}" for place, expression in enumerate(self.columns.values())
        )
        read = read_parquet(parquet_files(list(self.files), side))
        condition = "" if self.where is None else f" WHERE ({self.where})"
        return f"(SELECT {items} FROM {read}{condition})"


def read_parquet(files: Sequence[str]) -> str:
    """Answers what stands after FROM for files.

    Columns are matched by name, and each is read by the widest type that a file has; by the first file's type
    values of others would be rounded. Folders called ``day=1`` give no columns.

    Args:
        files: Their paths.
    """
    quoted = ", ".join("'" + file.replace("'", "''") + "'" for file in files)
    return f"read_parquet([{quoted}], union_by_name = true, hive_partitioning = false)"


def is_parquet(data: Any) -> bool:
    """Whether this is a path, or a list of paths."""
    if isinstance(data, str | Path):
        return True
    return isinstance(data, list | tuple) and bool(data) and all(isinstance(one, str | Path) for one in data)


def parquet_files(data: str | Path | Sequence[str | Path], side: str) -> list[str]:
    """Answers the files of paths, patterns and folders, in order of name."""
    given = [data] if isinstance(data, str | Path) else list(data)
    files: list[str] = []
    for one in given:
        path = Path(one)
        if path.is_dir():
            found = [str(file) for file in sorted(path.rglob("*.parquet"))]
        elif path.exists():
            found = [str(path)]
        else:
            found = sorted(glob.glob(str(one), recursive=True))  # noqa: PTH207 - a pattern may be absolute
        if not found:
            raise InvalidTableError(
                f"the {side}: no Parquet file at {str(one)!r}; give a file, folder or pattern"
            )
        files += found
    return files
