"""The newest of a model's recorded predictions, without what came true."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pointsman.lake.models.snapshot import FILES, ModelSnapshot
from pointsman.store.drift.predictions import PageRow

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_ANSWERED = "status_code = 0 AND time_us >= $began_us AND time_us >= $start_us AND time_us < $end_us"
_TOLD = (
    f"{_ANSWERED} AND EXISTS (FROM (SELECT unnest($routers) AS id, unnest($since) AS since_us) "
    "WHERE id = router_id AND time_us >= since_us)"
)
_COLUMNS = "prediction_id, \"row\", time_us, router_id, coalesce(entity_id, '') AS entity_id"


@dataclass(frozen=True)
class Window:
    """Which predictions are looked for.

    Attributes:
        start_us: From this time on.
        end_us: Before this time.
        most: So many of the newest.
    """

    start_us: int
    end_us: int
    most: int


@dataclass(frozen=True)
class RecordedRows:
    """What routers recorded of a model, as a connection knows it."""

    connection: DuckDBPyConnection
    snapshot: ModelSnapshot

    def newest(self, window: Window, may_tell: Mapping[str, int]) -> tuple[int, list[PageRow]]:
        """Answers how many predictions there are, and the newest of them.

        Args:
            window: Which.
            may_tell: The routers whose predictions may be told, and from which time on.
        """
        sources, values = self._sources(window)
        if not sources:
            return 0, []
        values |= {"routers": list(may_tell), "since": list(may_tell.values())}
        told = " UNION ALL ".join(f"SELECT {_COLUMNS} FROM {source} WHERE {_TOLD}" for source in sources)
        count = self.connection.execute(f"SELECT count(*) FROM ({told})", values).fetchall()[0][0]
        rows = self.connection.execute(
            f'FROM ({told}) ORDER BY time_us DESC, prediction_id, "row" LIMIT $most',
            values | {"most": window.most},
        )
        return count, [PageRow(*row) for row in rows.fetchall()]

    def entities(self, window: Window) -> list[str]:
        """Answers the entities of predictions, in the form in which they were recorded; at most so many."""
        sources, values = self._sources(window)
        if not sources:
            return []
        named = " UNION ".join(
            f"SELECT DISTINCT entity_id FROM {source} WHERE {_ANSWERED} AND entity_id <> ''"
            for source in sources
        )
        rows = self.connection.execute(f"FROM ({named}) LIMIT $most", values | {"most": window.most})
        return [entity_id for (entity_id,) in rows.fetchall()]

    def _sources(self, window: Window) -> tuple[list[str], dict[str, Any]]:
        """Answers what rows are read from, and the parameters of a window of them."""
        sources = [f"tail_{place}" for place in range(len(self.snapshot.tables))]
        values: dict[str, Any] = {
            "began_us": self.snapshot.began_us,
            "start_us": window.start_us,
            "end_us": window.end_us,
        }
        if self.snapshot.files:
            sources.append(FILES)
            values["files"] = list(self.snapshot.files)
        return sources, values


@contextlib.contextmanager
def recorded(connection: DuckDBPyConnection, snapshot: ModelSnapshot) -> Iterator[RecordedRows]:
    """Has a connection know what is in no file yet.

    Args:
        connection: The connection.
        snapshot: What routers recorded.
    """
    names = [f"tail_{place}" for place in range(len(snapshot.tables))]
    for name, table in zip(names, snapshot.tables, strict=True):
        connection.register(name, table)
    try:
        yield RecordedRows(connection, snapshot)
    finally:
        for name in names:
            connection.unregister(name)


def newest_first(row: PageRow) -> tuple[int, str, int]:
    """Answers what rows of a page are ordered by."""
    return -row.time_us, row.prediction_id, row.row
