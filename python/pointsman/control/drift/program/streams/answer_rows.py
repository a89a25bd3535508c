"""Answers of the rows that streams have not seen yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pointsman.control.drift.answers import AnswerForm, LeftOut, read_rows
from pointsman.control.drift.program.answer_rows import answer_rows
from pointsman.control.drift.program.querying import querying, quoted_text
from pointsman.control.drift.program.streams.rows import OrderedRows
from pointsman.control.drift.spec import AnalysisSpec
from pointsman.domain.drift.analyses import Analysis
from pointsman.store.database import Database

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

# Outcomes come later than streams are read.
_COLUMNS = (
    "time_us, model_version, label, number, probabilities, "
    "CAST(NULL AS VARCHAR) AS outcome_label, CAST(NULL AS DOUBLE) AS outcome_number"
)


class AnswerRows(OrderedRows):
    """Rows of which a model answered anything, whether or not their features were recorded.

    A row whose answer is not compared in a window either (without probabilities of the baseline's classes, or
    of another class) is a missing value.

    Args:
        database: Where logged predictions are that are in no file yet.
        analysis: Whose model.
        spec: Where the lake's files are.
        folder: Where to write.
        form: How answers are read.
        names: What is seen of them, as the library names it.
    """

    counted = "true"

    def __init__(
        self,
        database: Database,
        analysis: Analysis,
        spec: AnalysisSpec,
        folder: Path,
        form: AnswerForm,
        names: Sequence[str],
    ) -> None:
        super().__init__(database, analysis, spec, folder)
        self._form = form
        self._names = names
        self._path = folder / "ordered_answers.parquet"
        self._time_column = "time_us"

    @property
    def width(self) -> int:
        """How many numbers are read of a row, which are more than what is seen of it."""
        return max(len(self._names), len(self._form.classes))

    def _values_of(self, batch: pa.RecordBatch) -> Mapping[str, NDArray[np.float64]]:
        import numpy as np
        import pyarrow as pa

        from pointsman_drift import prediction_numbers

        places, found = read_rows(pa.Table.from_batches([batch]), self._form, LeftOut())
        values = {name: np.full(batch.num_rows, np.nan) for name in self._names}
        columns = {} if found is None else prediction_numbers(found)
        for name, column in columns.items():
            if name in values:
                values[name][places] = column
        return values

    def _write(self, start_us: int, until_us: int, most_rows: int | None) -> int:
        span, spec = self._between(start_us, until_us)
        with querying(self._spec, self._folder) as connection:
            rows, values = answer_rows(connection, self._database, span, spec, self._folder)
            limit = "" if most_rows is None else f" LIMIT {most_rows}"
            # What is logged alone was chosen in SQL.
            copied = connection.execute(
                f'COPY (SELECT {_COLUMNS} FROM ({rows}) ORDER BY time_us, prediction_id, "row"{limit}) '
                f"TO {quoted_text(str(self._path))} (FORMAT parquet)",
                values,
            )
            (count,) = copied.fetchall()[0]
        return int(count)
