"""The engine in which a program queries, with the journals' tails as tables beside files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from pointsman.control.drift.spec import AnalysisSpec

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

IN_WINDOW = "time_us >= $start_us AND time_us < $end_us AND status_code = 0"
LOGGED_IN_WINDOW = "time_us >= $logged_from_us AND time_us < $end_us"
"""Of logged predictions, whose window does not begin with the model."""
_MEMORY_LIMIT = "1GB"


def tails_of(spec: AnalysisSpec) -> list[str]:
    """Answers the tables that :func:`querying` makes of tails."""
    return [f"tail_{place}" for place in range(len(spec.tails))]


@contextmanager
def querying(spec: AnalysisSpec, folder: Path) -> Iterator[DuckDBPyConnection]:
    """Opens an engine.

    Args:
        spec: Where the tails are.
        folder: For what does not fit into memory.

    Yields:
        The connection.
    """
    import duckdb
    import pyarrow as pa

    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": _MEMORY_LIMIT,
        "temp_directory": str(folder / "spilled"),
        "threads": 2,
    }
    with duckdb.connect(config=config) as connection:
        for name, path in zip(tails_of(spec), spec.tails, strict=True):
            with pa.OSFile(path) as file, pa.ipc.open_stream(file) as reader:
                connection.register(name, reader.read_all())
        yield connection


def quoted(name: str) -> str:
    """Answers a name as SQL writes it."""
    doubled = name.replace('"', '""')
    return f'"{doubled}"'


def quoted_text(text: str) -> str:
    """Answers a text as SQL writes it."""
    doubled = text.replace("'", "''")
    return f"'{doubled}'"
