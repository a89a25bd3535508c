"""Whole rows of a window, by lot where there are many."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pointsman.domain.drift.predictions import LoggedPrediction
from pointsman.domain.records.servers import UnreachedJournal
from pointsman.lake.models.logged import LOGGED
from pointsman.lake.models.lots import LOTS, lot
from pointsman.lake.models.snapshot import FILES, RECORDED, ModelSnapshot
from pointsman.lake.rows import FEATURE_PREFIX, logged_of, predictions_of
from pointsman.store.documents import load_value

if TYPE_CHECKING:
    import pyarrow as pa
    from duckdb import DuckDBPyConnection

_BATCH_ROWS = 2_000
_READABLE = (
    "EXISTS (FROM (SELECT unnest($routers) AS id, unnest($since) AS since_us) "
    "WHERE id = router_id AND time_us >= since_us)"
)
_IN_WINDOW = "time_us >= $start_us AND time_us < $end_us"
_IN_LOT = f"{lot()} < $share"


@dataclass(frozen=True)
class WindowSample:
    """Rows of a window.

    Attributes:
        rows: With their outcomes, in the order of their lots.
        total: How many there are that the caller may read.
        hidden: How many the caller may not.
        unreached: What other servers recorded, or may have, and this lacks.
    """

    rows: tuple[LoggedPrediction, ...]
    total: int
    hidden: int
    unreached: tuple[UnreachedJournal, ...]


@dataclass(frozen=True)
class SampleQuestion:
    """Which rows are asked for.

    Attributes:
        start_us: From this time on.
        end_us: Before this time.
        rows_for: Answers how many rows of so many features and probabilities are taken at most.
        readable_since: Which routers' rows may be told, and from which time on.
        logged_width: How many features and probabilities logged rows have at most that are in no file yet.
    """

    start_us: int
    end_us: int
    rows_for: Callable[[int], int]
    readable_since: Callable[[Collection[str]], Mapping[str, int]]
    logged_width: int = 0


class WindowRows:
    """Reads them.

    Args:
        connection: Which knows the model's predictions and outcomes.
        snapshot: What routers recorded.
        ctes: What goes before a query, with ``judged``.
        values: Its parameters.
        kept: Outcomes in the order of their places.
    """

    def __init__(
        self,
        connection: DuckDBPyConnection,
        snapshot: ModelSnapshot,
        ctes: str,
        values: Mapping[str, Any],
        kept: pa.Table,
    ) -> None:
        self._connection = connection
        self._snapshot = snapshot
        self._ctes = ctes
        self._values = values
        self._kept = kept

    def sample(
        self, asked: SampleQuestion, find_logged: Callable[[list[str]], Mapping[str, LoggedPrediction]]
    ) -> WindowSample:
        """Draws rows.

        Args:
            asked: Which of them.
            find_logged: Finds logged predictions by their ids.
        """
        may_tell = {**asked.readable_since(self._snapshot.router_ids), "": 0}
        window = {"start_us": asked.start_us, "end_us": asked.end_us}
        readable = {"routers": list(may_tell), "since": list(may_tell.values())}
        counted = f"count(*) FILTER ({_READABLE}), count(*)"
        total, whole = self._connection.execute(
            f"{self._ctes} SELECT {counted} FROM judged WHERE {_IN_WINDOW}",
            {**self._values, **window, **readable},
        ).fetchall()[0]
        most = asked.rows_for(max(self._width(window), asked.logged_width))
        share = LOTS if total <= most else max(1, most * LOTS // total)
        drawn = {**window, **readable, "share": share}
        keys = self._connection.execute(
            f'{self._ctes} SELECT prediction_id, "row", router_id, place FROM judged '
            f'WHERE {_IN_WINDOW} AND {_READABLE} AND {_IN_LOT} ORDER BY hash(prediction_id, "row")',
            {**self._values, **drawn},
        ).fetchall()
        recorded = {(one.prediction_id, one.row): one for one in self._recorded(drawn)}
        logged = find_logged([row[0] for row in keys if not row[2]])
        rows = []
        for prediction_id, number, router_id, place in keys:
            found = recorded.get((prediction_id, number)) if router_id else logged.get(prediction_id)
            if found is not None:
                outcome = None if place is None else load_value(self._kept.column("outcome")[place].as_py())
                rows.append(replace(found, outcome=outcome))
        return WindowSample(tuple(rows), total, whole - total, self._snapshot.unreached)

    def _sources(self) -> list[str]:
        tails = [f"tail_{place}" for place in range(len(self._snapshot.tables))]
        return [*tails, *([FILES] if self._snapshot.files else [])]

    def _files(self) -> dict[str, Any]:
        return {"files": list(self._snapshot.files)} if self._snapshot.files else {}

    def _width(self, window: Mapping[str, int]) -> int:
        """Answers how many features have columns of their own, and the most probabilities of a row."""
        names: set[str] = set()
        classes = 0
        for source in self._sources():
            values = self._files() if source == FILES else {}
            described = self._connection.execute(f"DESCRIBE SELECT * FROM {source}", values).fetchall()
            names |= {name for name, *_ in described if name.startswith(FEATURE_PREFIX)}
            most = f"SELECT coalesce(max(len(probabilities)), 0) FROM {source} WHERE {_IN_WINDOW}"
            classes = max(classes, *self._connection.execute(most, {**values, **window}).fetchall()[0])
        width = len(names) + classes
        if files := self._values.get("logged_files"):
            widest = "max(cardinality(features_other) + coalesce(len(probabilities), 0))"
            found = self._connection.execute(
                f"SELECT coalesce({widest}, 0) FROM {LOGGED} WHERE {_IN_WINDOW}",
                {"logged_files": files, **window},
            )
            width = max(width, *found.fetchall()[0])
        return width

    def _recorded(self, drawn: Mapping[str, Any]) -> Iterator[LoggedPrediction]:
        if not (sources := self._sources()):
            return
        wanted = f"{RECORDED} AND {_IN_WINDOW} AND {_READABLE} AND {_IN_LOT}"
        rows = " UNION ALL BY NAME ".join(f"SELECT * FROM {source} WHERE {wanted}" for source in sources)
        values = {**self._files(), **drawn, "began_us": self._snapshot.began_us}
        with self._connection.sql(rows, params=values).to_arrow_reader(_BATCH_ROWS) as reader:
            for batch in reader:
                yield from map(logged_of, predictions_of(batch))
