"""Predictions for the rows of a table: what is sent for each, and what came of all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, overload

from pointsman.client import _requests as requests
from pointsman.client._errors import ClientError
from pointsman.client._fields import within
from pointsman.client._frames import frame_of_answers
from pointsman.client._tables import Table, TableRow, entity_of

if TYPE_CHECKING:
    import pandas as pd

    from pointsman.client._call import Call
    from pointsman.client._types import Prediction


@dataclass(frozen=True)
class RowPrediction:
    """What came of one row: a prediction, or the error that stands in its place."""

    label: Any
    """The row's label in a pandas index; elsewhere its number, from 0."""
    entity_id: str
    prediction: Prediction | None
    error: ClientError | None


class Predictions(Sequence[RowPrediction]):
    """What came of each row of a table, in the table's order."""

    def __init__(self, rows: Sequence[RowPrediction]) -> None:
        self._rows = tuple(rows)

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, place: int) -> RowPrediction: ...
    @overload
    def __getitem__(self, place: slice) -> Predictions: ...
    def __getitem__(self, place: int | slice) -> RowPrediction | Predictions:
        return Predictions(self._rows[place]) if isinstance(place, slice) else self._rows[place]

    def __repr__(self) -> str:
        failed = self.failed
        first = f"; the first at {failed[0].label!r}: {failed[0].error}" if failed else ""
        return f"<{len(self)} predictions, {len(failed)} failed{first}>"

    @property
    def failed(self) -> Predictions:
        """The rows that have no prediction."""
        return Predictions([row for row in self._rows if row.error is not None])

    def raise_for_error(self) -> None:
        """Raises the error of the first row that failed, naming the row; does nothing when none did.

        Raises:
            ClientError: The error, of its own class.
        """
        for row in self.failed:
            if row.error is not None:
                row.error.add_note(
                    f"this is the row {row.label!r}; {len(self.failed)} of {len(self)} rows failed"
                )
                raise row.error

    def to_dataframe(self) -> pd.DataFrame:
        """Makes a pandas DataFrame.

        Returns:
            A row for each row that was asked about, under the same index: ``prediction_id``, ``entity_id``,
            ``prediction``, ``variant`` and the rest of the decision; ``code`` is ``OK``, or names the status
            of a row that failed, and ``error`` says why. Numbers that a double would round are exact.

        Raises:
            ImportError: pandas is not installed.
        """
        return frame_of_answers(self._rows)


class RowCalls:
    """The calls for the rows of a table; each is made when it is reached.

    Args:
        router_id: The router to ask.
        rows: The table.
        entity_column: The column with the entities' ids, which is no feature; empty for none.
        variant: The variant to ask, if not the router's own choice.

    Raises:
        TypeError: It is no table.
        ValueError: There is no such column.
    """

    def __init__(self, router_id: str, rows: Any, entity_column: str, variant: str) -> None:
        self._router_id = router_id
        self._table = Table(rows)
        self._entity_column = entity_column
        self._variant = variant
        columns = self._table.columns
        if entity_column and columns is not None and entity_column not in columns:
            raise ValueError(
                f"entity_column: there is no column {entity_column!r}; there are {', '.join(columns)}"
            )

    def __iter__(self) -> Iterator[Call[Prediction]]:
        for place, row in enumerate(self._table):
            try:
                entity_id, features = entity_of(row, self._entity_column)
                yield requests.predict(self._router_id, features, entity_id, self._variant)
            except (TypeError, ValueError) as error:
                raise within(f"rows[{place}]", error) from None

    def answers(self, outcomes: Sequence[Prediction | ClientError]) -> Predictions:
        """Puts what came of the calls beside their rows.

        Args:
            outcomes: What came of each call, in their order.
        """
        rows: Iterator[TableRow] = iter(self._table)
        return Predictions([self._answer(row, came) for row, came in zip(rows, outcomes, strict=True)])

    def _answer(self, row: TableRow, came: Prediction | ClientError) -> RowPrediction:
        entity_id, _ = entity_of(row, self._entity_column)
        if isinstance(came, ClientError):
            return RowPrediction(row.label, entity_id, None, came)
        return RowPrediction(row.label, entity_id, came, None)
