"""Parquet files by path."""

import glob
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pointsman_drift.errors import InvalidTableError


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


def parquet_names(files: Sequence[str]) -> list[str]:
    """Answers the columns' names by the first file, in its order."""
    try:
        names: list[str] = pq.read_schema(files[0]).names
    except (pa.ArrowException, OSError) as error:
        raise InvalidTableError(f"{files[0]!r} is no Parquet file: {error}") from error
    return names
