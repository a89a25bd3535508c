"""The answers of each step of a time, one step after the other, so that few are in memory at once."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pointsman.domain.drift.performance import PerformancePoint
from pointsman.domain.drift.predictions import LoggedPrediction
from pointsman.lake.models.logged import LOGGED, LOGGED_ANSWERS
from pointsman.lake.models.lots import LOTS, MOST_PROBABILITIES, lot
from pointsman.lake.models.outcome_sql import ANSWER_COLUMNS
from pointsman.lake.models.snapshot import FILES, ModelSnapshot
from pointsman.lake.models.tables import answer_table

if TYPE_CHECKING:
    import pyarrow as pa
    from duckdb import DuckDBPyConnection

STEP = "(time_us - $offset_us) - ((time_us - $offset_us) % $step_us) + $offset_us"
"""When the step of a prediction begins."""

_WANTED = "status_code = 0 AND time_us >= greatest($start_us, $began_us) AND time_us < $end_us"
_IN_LOT = f"share IS NULL OR {lot('answers.')} < share"
_BATCH_ROWS = 10_000


@dataclass(frozen=True)
class AnswerQuestion:
    """Who looks at answers, and at how many.

    Attributes:
        look: Is given when a step begins, and its answers: ``model_version``, ``label``, ``number``,
            ``probabilities``, ``outcome_label`` and ``outcome_number``.
        most: About so many are looked at over all steps, and of a step no more than its part of them.
        most_of_step: About so many of a step; of more, so many are drawn by lot.
        class_count: How many probabilities an answer has: of many, fewer answers are looked at.
    """

    look: Callable[[int, pa.Table], None]
    most: int = 1_000_000
    most_of_step: int = 50_000
    class_count: int = 0


class StepAnswers:
    """Reads them.

    Args:
        connection: Which knows the model's predictions and outcomes.
        snapshot: What routers recorded.
        ctes: What goes before a query, with ``judged``.
        values: Its parameters, with those of the steps.
    """

    def __init__(
        self, connection: DuckDBPyConnection, snapshot: ModelSnapshot, ctes: str, values: dict[str, Any]
    ) -> None:
        self._connection = connection
        self._snapshot = snapshot
        self._ctes = ctes
        self._values = values

    def tell(
        self,
        points: Sequence[PerformancePoint],
        logged: Iterator[list[LoggedPrediction]],
        logged_files: Sequence[str],
        asked: AnswerQuestion,
    ) -> bool:
        """Shows the answers of each step, oldest first; answers whether lots were drawn for any.

        Args:
            points: The steps.
            logged: Logged predictions of their time that are in no file yet.
            logged_files: The files with the others, in whole paths.
            asked: Who looks at them.
        """
        import pyarrow as pa

        if not points:
            return False
        most_of_all = min(asked.most, MOST_PROBABILITIES // max(1, asked.class_count))
        most = min(asked.most_of_step, max(1, most_of_all // len(points)))
        shares = {
            point.time_us: most * LOTS // point.prediction_count
            for point in points
            if point.prediction_count > most
        }
        columns = {"step": pa.array(shares, pa.int64()), "share": pa.array(shares.values(), pa.int64())}
        with self._known("step_shares", pa.table(columns)), self._known("known_outcomes", self._outcomes()):
            parts = map(answer_table, logged)
            # All of them are held at once, so that lots are drawn before.
            drawn = map(self._drawn, parts) if shares else parts
            with self._known("logged_answers", pa.concat_tables([answer_table([]), *drawn])):
                self._show(logged_files, asked)
        return bool(shares)

    @contextlib.contextmanager
    def _known(self, name: str, table: pa.Table) -> Iterator[None]:
        self._connection.register(name, table)
        try:
            yield
        finally:
            self._connection.unregister(name)

    def _drawn(self, part: pa.Table) -> pa.Table:
        """Answers those logged rows that are drawn."""
        import pyarrow as pa

        heads = part.select(["prediction_id", "row", "time_us"])
        with self._known("heads", heads.append_column("place", pa.array(range(part.num_rows), pa.int64()))):
            drawn = self._connection.sql(
                f"SELECT place FROM (SELECT *, {STEP} AS step FROM heads) AS answers "
                f"LEFT JOIN step_shares USING (step) WHERE {_IN_LOT} ORDER BY place",
                params={name: self._values[name] for name in ("offset_us", "step_us")},
            ).to_arrow_table()
        return part.take(drawn.column("place"))

    def _outcomes(self) -> pa.Table:
        names = ("start_us", "end_us", "files", "began_us", "logged_files")
        wanted = {name: value for name, value in self._values.items() if name in names}
        return self._connection.sql(
            f'{self._ctes} SELECT prediction_id AS id, "row", outcome_label, outcome_number FROM judged '
            "WHERE place IS NOT NULL AND time_us >= $start_us AND time_us < $end_us",
            params=wanted,
        ).to_arrow_table()

    def _show(self, logged_files: Sequence[str], asked: AnswerQuestion) -> None:
        import pyarrow as pa

        parts = ["FROM logged_answers"]
        tails = range(len(self._snapshot.tables))
        parts += [f"SELECT {ANSWER_COLUMNS} FROM tail_{place} WHERE {_WANTED}" for place in tails]
        values = {name: self._values[name] for name in ("offset_us", "step_us")}
        if self._snapshot.files:
            parts.append(f"SELECT {ANSWER_COLUMNS} FROM {FILES} WHERE {_WANTED}")
            values["files"] = self._values["files"]
        if len(parts) > 1:
            values["began_us"] = self._values["began_us"]
        if logged_files:
            parts.append(
                f"SELECT {LOGGED_ANSWERS} FROM {LOGGED} WHERE time_us >= $start_us AND time_us < $end_us"
            )
            values["logged_files"] = list(logged_files)
        if len(parts) > 1:
            values |= {name: self._values[name] for name in ("start_us", "end_us")}
        answers = self._connection.sql(
            f"WITH answers AS (SELECT *, {STEP} AS step FROM ({' UNION ALL '.join(parts)})) "
            "SELECT answers.step, model_version, label, number, probabilities, outcome_label, outcome_number "
            "FROM answers LEFT JOIN step_shares USING (step) LEFT JOIN known_outcomes AS known "
            'ON answers.prediction_id = known.id AND answers."row" = known."row" '
            f"WHERE {_IN_LOT} ORDER BY answers.step, time_us, prediction_id",
            params=values,
        )
        step = 0
        held: list[pa.Table] = []
        with answers.to_arrow_reader(_BATCH_ROWS) as reader:
            for batch in reader:
                for begins, part in _by_step(batch):
                    if begins != step and held:
                        asked.look(step, pa.concat_tables(held))
                        held = []
                    step = begins
                    held.append(part)
        if held:
            asked.look(step, pa.concat_tables(held))


def _by_step(batch: pa.RecordBatch) -> Iterator[tuple[int, pa.Table]]:
    """Cuts a batch, which is in the order of steps, where steps begin."""
    import numpy as np
    import pyarrow as pa

    steps = batch.column(0).to_numpy(zero_copy_only=False)
    cuts = [0, *(np.flatnonzero(np.diff(steps)) + 1).tolist(), len(steps)]
    table = pa.Table.from_batches([batch]).drop_columns("step")
    for start, end in itertools.pairwise(cuts):
        if end > start:
            yield int(steps[start]), table.slice(start, end - start)
