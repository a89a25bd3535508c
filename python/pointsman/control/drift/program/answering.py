"""The answers of a window with what came true, as one table."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from pointsman.control.drift.answers import AnswerForm, LeftOut, read_answers
from pointsman.control.drift.program.answer_rows import answer_rows, written
from pointsman.control.drift.program.querying import querying, quoted_text, tails_of
from pointsman.control.drift.spec import AnalysisSpec
from pointsman.domain.drift.analyses import Analysis
from pointsman.lake.models.logged import LOGGED
from pointsman.lake.models.lots import LOTS, MOST_PROBABILITIES, lot
from pointsman.lake.models.outcome_sql import MATCHES, ROW_COLUMNS
from pointsman.lake.models.snapshot import FILES, RECORDED
from pointsman.lake.models.tables import logged_table, truth_parts
from pointsman.store.database import Database
from pointsman.store.drift import horizons, predictions, truths

if TYPE_CHECKING:
    import pyarrow as pa
    from duckdb import DuckDBPyConnection

    from pointsman.control.drift.answers import Predictions

MOST_ROWS = 1_000_000
"""Answers of a window that are compared at a time; of more a sample is."""

_KNOWN = 'id VARCHAR, "row" INTEGER, outcome_label VARCHAR, outcome_number DOUBLE'


class AnswerWindow:
    """Gathers what a model answered in a window, and what came true of it.

    Which prediction an outcome is of depends on those of all times, so that it is found over all of them
    first, in few columns, by a query that uses the disk beyond its memory.

    Args:
        database: Where outcomes are, and logged predictions that are in no file yet.
        analysis: Whose window.
        spec: Where the lake's files are.
        folder: For what does not fit into memory.
        form: How answers are read.

    Attributes:
        notes: What to know of the rows, once they are read.
    """

    def __init__(
        self, database: Database, analysis: Analysis, spec: AnalysisSpec, folder: Path, form: AnswerForm
    ) -> None:
        self._database = database
        self._analysis = analysis
        self._spec = spec
        self._folder = folder
        self._form = form
        self.notes: list[str] = []

    def read(self) -> Predictions | None:
        """Reads the answers in the order of their time; None where none can be compared."""
        with querying(self._spec, self._folder) as connection:
            self._match(connection)
            table = self._answers(connection)
        left_out = LeftOut()
        found = read_answers(table, self._form, left_out)
        self.notes += left_out.notes()
        return found

    def _match(self, connection: DuckDBPyConnection) -> None:
        """Makes the table ``known``: the outcome of each prediction of the window that has one."""
        with self._database.read() as sql:
            settled_us = horizons.settled_us(sql, self._analysis.model_key)
            parts = truth_parts(truths.each(sql, self._analysis.model_key), settled_us)
            outcomes = written(self._folder / "outcomes.parquet", parts)
        values: dict[str, Any] = {}
        sources = self._sources(values) if outcomes is not None else []
        if outcomes is None or not sources:
            connection.execute(f"CREATE TEMP TABLE known ({_KNOWN})")
            return
        one = self._analysis
        values |= {"start_us": one.window_start_us, "end_us": one.window_end_us}
        if files := [*self._spec.files, *self._spec.other_files]:
            values["files"] = files
        if files or self._spec.tails:
            values["began_us"] = self._spec.began_us
        connection.execute(f"CREATE TEMP VIEW truths AS FROM read_parquet({quoted_text(str(outcomes))})")
        connection.execute(
            f"CREATE TEMP TABLE known AS WITH predictions AS ({' UNION ALL '.join(sources)}), {MATCHES} "
            'SELECT prediction_id AS id, "row", outcome_label, outcome_number FROM judged '
            "WHERE place IS NOT NULL AND time_us >= $start_us AND time_us < $end_us",
            values,
        )

    def _sources(self, values: dict[str, Any]) -> list[str]:
        """Answers queries of all predictions of the model, of all times, in few columns.

        Args:
            values: Takes the parameters of what was logged.
        """
        with self._database.read() as sql:
            files = self._spec.logged_files.paths(sql, self._analysis.model_key)
            heads = predictions.heads(sql, self._analysis.model_key)
            parts = (logged_table(part) for part in heads if part)
            logged = written(self._folder / "heads.parquet", parts)
        sources = [f"SELECT {ROW_COLUMNS} FROM {tail} WHERE {RECORDED}" for tail in tails_of(self._spec)]
        if logged is not None:
            sources.append(f"SELECT {ROW_COLUMNS} FROM read_parquet({quoted_text(str(logged))})")
        if files:
            sources.append(f"SELECT {ROW_COLUMNS} FROM {LOGGED}")
            values["logged_files"] = files
        if self._spec.files or self._spec.other_files:
            sources.append(f"SELECT {ROW_COLUMNS} FROM {FILES} WHERE {RECORDED}")
        return sources

    def _answers(self, connection: DuckDBPyConnection) -> pa.Table:
        """Answers the columns that :func:`~pointsman.control.drift.answers.read_answers` reads."""
        rows, values = answer_rows(connection, self._database, self._analysis, self._spec, self._folder)
        total = connection.execute(f"SELECT count(*) FROM ({rows})", values).fetchall()[0][0]
        most = min(MOST_ROWS, MOST_PROBABILITIES // max(1, len(self._form.classes)))
        wanted = ""
        if total > most:
            # By lot, which falls the same when the program is started again.
            wanted = f"WHERE {lot()} < {most * LOTS // total}"
            self.notes.append(
                f"of {total} answers about {most} were drawn by lot for figures of answers and performance"
            )
        return connection.sql(
            "SELECT model_version, label, number, probabilities, outcome_label, outcome_number "
            f"FROM (SELECT * FROM ({rows}) {wanted}) AS answers LEFT JOIN known "
            'ON answers.prediction_id = known.id AND answers."row" = known."row" '
            'ORDER BY time_us, prediction_id, answers."row"',
            params=values,
        ).to_arrow_table()
