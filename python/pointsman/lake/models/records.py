"""Reads a model's predictions, recorded by routers and logged, with what came true."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pointsman.domain.drift.performance import Granularity, PerformancePoint
from pointsman.domain.drift.predictions import LoggedPrediction
from pointsman.domain.records.predictions import Prediction
from pointsman.domain.records.servers import UnreachedJournal
from pointsman.lake.conditions import MAX_TIME_US
from pointsman.lake.engine import Engine
from pointsman.lake.models import logged, pages
from pointsman.lake.models.descriptions import HASH, ModelDescriptions
from pointsman.lake.models.logged import Times
from pointsman.lake.models.snapshot import FILES, ModelSnapshot, ModelSnapshots
from pointsman.lake.models.step_answers import STEP, AnswerQuestion, StepAnswers
from pointsman.lake.models.window_rows import SampleQuestion, WindowRows, WindowSample
from pointsman.lake.rows import logged_of, predictions_of
from pointsman.store.database import Database
from pointsman.store.documents import load_value
from pointsman.store.drift import predictions
from pointsman.store.drift.predictions import PageRow

if TYPE_CHECKING:
    import pyarrow as pa
    from duckdb import DuckDBPyConnection

ReadableSince = Callable[[Collection[str]], Mapping[str, int]]
"""Answers which of some routers' predictions may be told, and from which time on: ids are given again."""


@dataclass(frozen=True)
class ModelPage:
    """Some predictions of a model.

    Attributes:
        total: How many there are in all.
        unreached: What other servers recorded, or may have, and the page lacks.
    """

    items: tuple[LoggedPrediction, ...]
    total: int
    unreached: tuple[UnreachedJournal, ...] = ()


@dataclass(frozen=True)
class Performance:
    """How right a model was.

    Attributes:
        points: The steps that have predictions, oldest first.
        unreached: What other servers recorded, or may have, and the steps lack.
        is_drawn: Whether of some steps not all answers were looked at.
    """

    points: tuple[PerformancePoint, ...]
    unreached: tuple[UnreachedJournal, ...]
    is_drawn: bool = False


@dataclass(frozen=True)
class PageQuestion:
    """Which predictions are asked for.

    Attributes:
        start_us: From this time on; None for all.
        end_us: Before this time; None for all.
        has_outcome: Only those whose outcome is known, or not; None for all.
        limit: At most so many.
        offset: So many are passed over.
    """

    start_us: int | None = None
    end_us: int | None = None
    has_outcome: bool | None = None
    limit: int = 100
    offset: int = 0


class ModelRecords:
    """Reads what is known of models. Safe to use from several threads.

    Args:
        database: Where outcomes are, and logged predictions that are in no file yet.
        snapshots: Who reads the manifest and the journal's tail.
        engine: Where files are queried.
    """

    def __init__(self, database: Database, snapshots: ModelSnapshots, engine: Engine) -> None:
        self._database = database
        self._snapshots = snapshots
        self._engine = engine
        self._logged = snapshots.logged
        self._descriptions = ModelDescriptions(database, snapshots.logged, engine)

    def page(
        self,
        model_id: str,
        model_key: int,
        asked: PageQuestion,
        readable_since: ReadableSince,
    ) -> ModelPage:
        """Lists predictions, newest first.

        Args:
            model_id: The model.
            model_key: Its row.
            asked: Which of them.
            readable_since: Answers which routers' predictions may be told, and from which time on.

        Raises:
            UnavailableError: The records cannot be read now.
        """

        def read(snapshot: ModelSnapshot) -> ModelPage:
            may_tell = {**readable_since(snapshot.router_ids), "": 0}
            if asked.has_outcome is None:
                return self._short_page(snapshot, model_key, asked, may_tell)
            start_us = asked.start_us or 0
            end_us = MAX_TIME_US if asked.end_us is None else asked.end_us
            described = self._descriptions.between(snapshot, model_key, start_us, end_us)
            with described as (connection, ctes, values, kept):
                wanted = [
                    "time_us >= $start_us",
                    "time_us < $end_us",
                    "EXISTS (FROM (SELECT unnest($routers) AS id, unnest($since) AS since_us) "
                    "WHERE id = router_id AND time_us >= since_us)",
                ]
                values |= {
                    "routers": list(may_tell),
                    "since": list(may_tell.values()),
                    "start_us": start_us,
                    "end_us": end_us,
                }
                wanted.append(f"place IS {'NOT ' if asked.has_outcome else ''}NULL")
                where = " AND ".join(wanted)
                counted = f"{ctes} SELECT count(*) FROM judged WHERE {where}"
                total = connection.execute(counted, values).fetchall()[0][0]
                rows = connection.execute(
                    f'{ctes} SELECT prediction_id, "row", time_us, router_id, place FROM judged '
                    f'WHERE {where} ORDER BY time_us DESC, prediction_id, "row" LIMIT $limit OFFSET $offset',
                    values | {"limit": asked.limit, "offset": asked.offset},
                ).fetchall()
                judged = [
                    (*row[:4], None if row[4] is None else _at(kept, "outcome", row[4])) for row in rows
                ]
                items = tuple(self._filled(connection, snapshot, model_key, judged))
                return ModelPage(items, total, snapshot.unreached)

        return self._snapshots.reading(model_id, None, None, read)

    def _short_page(
        self, snapshot: ModelSnapshot, model_key: int, asked: PageQuestion, may_tell: Mapping[str, int]
    ) -> ModelPage:
        """Reads a page whose rows do not depend on outcomes: of these only those of its entities are read."""
        end_us = MAX_TIME_US if asked.end_us is None else asked.end_us
        window = pages.Window(asked.start_us or 0, end_us, asked.offset + asked.limit)
        with self._database.read() as sql:
            total = predictions.count_between(sql, model_key, window.start_us, window.end_us)
            heads = predictions.newest(sql, model_key, window.start_us, window.end_us, window.most)
            paths = self._logged.paths(sql, model_key, window.start_us, window.end_us)
        with self._engine.cursor() as connection, pages.recorded(connection, snapshot) as source:
            count, found = source.newest(window, may_tell)
            in_files, stored = logged.newest_in(connection, paths, window)
        rows = sorted([*heads, *found, *stored], key=pages.newest_first)
        page = rows[asked.offset : asked.offset + asked.limit]
        outcomes = self._outcomes_of(snapshot, model_key, page) if page else {}
        told = [
            (
                row.prediction_id,
                row.row,
                row.time_us,
                row.router_id,
                outcomes.get((row.prediction_id, row.row)),
            )
            for row in page
        ]
        with self._engine.cursor() as connection, pages.recorded(connection, snapshot):
            items = tuple(self._filled(connection, snapshot, model_key, told))
        return ModelPage(items, total + count + in_files, snapshot.unreached)

    def _outcomes_of(
        self, snapshot: ModelSnapshot, model_key: int, page: Sequence[PageRow]
    ) -> dict[tuple[str, int], Any]:
        """Answers the outcome of each row of a page that has one, as JSON."""
        entities = sorted({row.entity_id for row in page} - {""})
        if not entities:
            return {}
        # Routers may have recorded hashes, which look like this; to look for one takes all outcomes.
        hashes = sorted({row.entity_id for row in page if row.router_id and HASH.fullmatch(row.entity_id)})
        described = self._descriptions.of(snapshot, model_key, entities, hashes)
        with described as (connection, ctes, values, kept):
            found = connection.execute(
                f'{ctes} SELECT prediction_id, "row", place FROM outcomes WHERE prediction_id IN '
                "(SELECT unnest($ids))",
                values | {"ids": [row.prediction_id for row in page]},
            ).fetchall()
            return {(row[0], row[1]): _at(kept, "outcome", row[2]) for row in found}

    def matched_count(
        self, model_id: str, model_key: int, truth_ids: Sequence[str], entity_ids: Sequence[str]
    ) -> int:
        """Answers of how many outcomes a prediction is there; one that is sent twice counts twice.

        Args:
            model_id: The model.
            model_key: Its row.
            truth_ids: The outcomes.
            entity_ids: Their entities.

        Raises:
            UnavailableError: The records cannot be read now.
        """
        of_entities = sorted(set(entity_ids))

        def read(snapshot: ModelSnapshot) -> int:
            with self._descriptions.of(snapshot, model_key, of_entities) as (connection, ctes, values, kept):
                rows = connection.execute(f"{ctes} SELECT DISTINCT place FROM matched", values).fetchall()
                found = {_at(kept, "truth_id", place) for (place,) in rows}
            return sum(truth_id in found for truth_id in truth_ids)

        return self._snapshots.reading(model_id, None, None, read)

    def performance(
        self,
        model_id: str,
        model_key: int,
        start_us: int,
        end_us: int,
        granularity: Granularity,
        *,
        is_regression: bool | None,
        answers: AnswerQuestion | None = None,
    ) -> Performance:
        """Answers how right a model was in each step that has predictions, oldest first.

        Args:
            model_id: The model.
            model_key: Its row.
            start_us: From this time on.
            end_us: Before this time.
            granularity: The length of a step.
            is_regression: Whether it answers numbers; None where only its answers say it.
            answers: Who looks at the answers of each step, too; None for nobody.

        Raises:
            UnavailableError: The records cannot be read now.
        """
        step = f"{STEP} AS step, count(*), "
        answered = "coalesce(prediction_number, TRY_CAST(prediction_label AS DOUBLE))"
        # As where answers are compared, what is no finite number is no answer; outcomes are finite or none.
        error = f"CASE WHEN isfinite({answered}) THEN abs({answered} - outcome_number) END"
        means = (_finite(f"avg({error})"), _finite(f"sqrt(avg(({error}) * ({error})))"))
        of_numbers = f"count({error}), NULL, {', '.join(means)}"
        of_classes = "count(is_right), avg(CAST(is_right AS DOUBLE)), NULL, NULL"

        def read(snapshot: ModelSnapshot) -> Performance:
            described = self._descriptions.between(snapshot, model_key, start_us, end_us)
            with described as (connection, ctes, values, _):
                are_numbers = is_regression
                if are_numbers is None:
                    # As predictions are taken: of classes the probabilities are required.
                    only = "count(prediction_number) > 0 AND count(prediction_label) + count(confidence) = 0"
                    found = connection.execute(f"{ctes} SELECT {only} FROM predictions", values).fetchall()
                    are_numbers = bool(found[0][0])
                figures = of_numbers if are_numbers else of_classes
                values |= {"offset_us": granularity.offset_us, "step_us": granularity.step_us}
                values |= {"start_us": start_us, "end_us": end_us}
                rows = connection.execute(
                    f"{ctes} SELECT {step}{figures} FROM judged "
                    "WHERE time_us >= $start_us AND time_us < $end_us GROUP BY step ORDER BY step",
                    values,
                ).fetchall()
                points = tuple(PerformancePoint(*row) for row in rows)
                drawn = False
                if answers is not None:
                    records = StepAnswers(connection, snapshot, ctes, values)
                    with self._database.read() as sql:
                        waiting = predictions.between(sql, model_key, start_us, end_us)
                        paths = self._logged.paths(sql, model_key, start_us, end_us)
                        drawn = records.tell(points, waiting, paths, answers)
            return Performance(points, snapshot.unreached, drawn)

        return self._snapshots.reading(model_id, None, None, read)

    def sample(self, model_id: str, model_key: int, asked: SampleQuestion) -> WindowSample:
        """Draws whole rows of a window, with their outcomes.

        Args:
            model_id: The model.
            model_key: Its row.
            asked: Which of them.

        Raises:
            UnavailableError: The records cannot be read now.
        """
        times = Times(asked.start_us, asked.end_us)

        def read(snapshot: ModelSnapshot) -> WindowSample:
            with self._descriptions.of(snapshot, model_key) as (connection, ctes, values, kept):

                def find_logged(prediction_ids: list[str]) -> Mapping[str, LoggedPrediction]:
                    with self._database.read() as sql:
                        return logged.find_many(
                            sql, connection, self._logged, model_key, prediction_ids, times
                        )

                return WindowRows(connection, snapshot, ctes, values, kept).sample(asked, find_logged)

        return self._snapshots.reading(model_id, None, None, read)

    def _filled(
        self,
        connection: DuckDBPyConnection,
        snapshot: ModelSnapshot,
        model_key: int,
        rows: Sequence[tuple[Any, ...]],
    ) -> Iterator[LoggedPrediction]:
        """Reads the rows of a page in full, in their order.

        Args:
            connection: One that knows the tail.
            snapshot: What routers recorded.
            model_key: The model's row.
            rows: Of each its prediction, row, time, router and outcome, this as JSON.
        """
        own = [row for row in rows if not row[3]]
        made = [row[2] for row in own] or [0]
        times = Times(min(made), max(made) + 1)
        with self._database.read() as sql:
            ids = [row[0] for row in own]
            unrecorded = logged.find_many(sql, connection, self._logged, model_key, ids, times)
        recorded = _recorded(connection, snapshot, [row for row in rows if row[3]])
        for prediction_id, number, _, router_id, outcome in rows:
            found = recorded[prediction_id, number] if router_id else unrecorded.get(prediction_id)
            if found is not None:
                yield replace(found, outcome=None if outcome is None else load_value(outcome))


def _at(kept: pa.Table, column: str, place: int) -> Any:
    return kept.column(column)[place].as_py()


def _finite(figure: str) -> str:
    """Makes NULL of a figure that overflows: an infinite mean says nothing, and cannot be drawn."""
    return f"CASE WHEN isfinite({figure}) THEN {figure} END"


def _recorded(
    connection: DuckDBPyConnection, snapshot: ModelSnapshot, rows: Sequence[tuple[Any, ...]]
) -> dict[tuple[str, int], LoggedPrediction]:
    """Reads rows that routers recorded with features and answers."""
    if not rows:
        return {}
    times = [row[2] for row in rows]
    of_page = "prediction_id IN (SELECT unnest($ids))"
    wanted = f"time_us BETWEEN $first_us AND $last_us AND {of_page} AND status_code = 0"
    values = {"first_us": min(times), "last_us": max(times), "ids": [row[0] for row in rows]}
    found: list[Prediction] = []
    if snapshot.files:
        sql = f"SELECT * FROM {FILES} WHERE {wanted}"
        result = connection.sql(sql, params=values | {"files": list(snapshot.files)})
        found += predictions_of(result.to_arrow_table())
    for place in range(len(snapshot.tables)):
        result = connection.sql(f"SELECT * FROM tail_{place} WHERE {wanted}", params=values)
        found += predictions_of(result.to_arrow_table())
    return {one.key: logged_of(one) for one in found}
