"""Lists predictions, with feedback where that is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pointsman.domain.records.predictions import Prediction
from pointsman.lake.conditions import Conditions, Span
from pointsman.lake.contents import read_contents
from pointsman.lake.file_rows import PLACE
from pointsman.lake.keys import READ_FILES, Cursor, Key, KeyFinder, files_of, with_ids
from pointsman.lake.view import View
from pointsman.store.database import Database
from pointsman.store.feedback import feedback_reading

_CHUNK_GROWTH = 4
_MOST_CANDIDATES = 20_000
_MOST_EXAMINED = 60_000
"""So many rows are looked at for one page; then it ends early, with a token that goes on."""


class Listing:
    """Makes pages of a router's predictions.

    Args:
        view: The state that is read.
        database: Where feedback is.
        conditions: Which rows.
        router_key: The router's row key.
    """

    def __init__(self, view: View, database: Database, conditions: Conditions, router_key: int) -> None:
        self._view = view
        self._database = database
        self._conditions = conditions
        self._router_key = router_key
        self._finder = KeyFinder(view, conditions)

    def page(
        self, page_size: int, after: Cursor | None, has_feedback: bool | None
    ) -> tuple[list[Prediction], Cursor | None]:
        """Answers the rows of a page without their feedback, and where the next page goes on.

        Args:
            page_size: At most so many rows.
            after: Where the page before ended; None for the first.
            has_feedback: Only rows with feedback (True) or without (False).

        Returns:
            The rows, and the place behind which the next page begins; None when there is none.
        """
        going_on: Cursor | None = None
        if has_feedback is None:
            keys = self._finder.find(page_size + 1, after)
            more = len(keys) > page_size
            keys = keys[:page_size]
        elif has_feedback and self._feedback_leads:
            keys, going_on = self._led_by_feedback(page_size, after)
            more = going_on is not None
        else:
            keys, going_on = self._sifted(page_size, after, has_feedback)
            more = going_on is not None
        found = read_contents(self._view, self._conditions, keys)
        rows = [row for row in found if self._conditions.admit(row)]
        if not more:
            return rows, None
        if going_on is None:
            last = found[-1]
            going_on = (last.time_us, last.prediction_id, last.row)
        return rows, going_on

    @property
    def _feedback_leads(self) -> bool:
        """Whether SQL knows all that is asked for, so that it can say which predictions come next."""
        return not self._conditions.entity_ids and self._conditions.tail_can_tell

    def _sifted(
        self, page_size: int, after: Cursor | None, has_feedback: bool
    ) -> tuple[list[Key], Cursor | None]:
        """Goes through the rows in order and asks SQL for each chunk which of them have feedback."""
        kept: list[Key] = []
        chunk = 2 * page_size
        examined = 0
        while True:
            keys = self._identified(self._finder.find(chunk + 1, after))
            ended = len(keys) <= chunk
            keys = keys[:chunk]
            with self._database.read() as connection:
                found = feedback_reading.rows_with_feedback(
                    connection, (key.prediction_id or "" for key in keys)
                )
            for key in keys:
                if ((key.prediction_id, key.row) in found) is has_feedback:
                    if len(kept) == page_size:
                        return kept, kept[-1].cursor
                    kept.append(key)
            examined += len(keys)
            if ended:
                return kept, None
            after = keys[-1].cursor
            if examined >= _MOST_EXAMINED:
                return kept, after
            chunk = min(chunk * _CHUNK_GROWTH, _MOST_CANDIDATES)

    def _led_by_feedback(self, page_size: int, after: Cursor | None) -> tuple[list[Key], Cursor | None]:
        """Takes the predictions with feedback from SQL in order, and keeps those that are recorded."""
        kept: list[Key] = []
        chunk = page_size + 1
        examined = 0
        while True:
            with self._database.read() as connection:
                candidates = feedback_reading.predictions_with_feedback(
                    connection,
                    self._router_key,
                    variant=self._conditions.variant,
                    first_us=self._conditions.span.start_us,
                    last_us=self._conditions.span.end_us,
                    after=after,
                    descending=self._conditions.descending,
                    row_count=chunk,
                )
            kept += self._recorded(candidates)
            if len(kept) > page_size:
                kept = kept[:page_size]
                return kept, kept[-1].cursor
            examined += len(candidates)
            if len(candidates) < chunk:
                return kept, None
            after = candidates[-1]
            if examined >= _MOST_EXAMINED:
                return kept, after
            chunk = min(chunk * _CHUNK_GROWTH, _MOST_CANDIDATES)

    def _recorded(self, candidates: Sequence[Cursor]) -> list[Key]:
        """Answers those of some predictions that are recorded, in the same order."""
        if not candidates:
            return []
        times = [time_us for time_us, _, _ in candidates]
        conditions = self._conditions.within(Span(min(times), max(times)))
        connection = self._view.connection
        keys: list[Key] = []
        columns = f'time_us, "row", prediction_id, {PLACE}'
        for file in self._view.snapshot.files:
            inside = [time_us for time_us in times if file.min_time_us <= time_us <= file.max_time_us]
            if inside:
                where, values = conditions.within(Span(min(inside), max(inside))).sql()
                sql = (
                    f"SELECT {columns} FROM {READ_FILES} WHERE {where} AND time_us IN (SELECT unnest($times))"
                )
                rows = connection.execute(sql, values | files_of([file.path]) | {"times": inside}).fetchall()
                keys += [Key(time_us, row, known, file.path, place) for time_us, row, known, place in rows]
        where, values = conditions.sql()
        sql = f"SELECT {columns} FROM {{table}} WHERE {where}"
        rows = self._view.tail.find(conditions).query(connection, sql, values)
        keys += [Key(time_us, row, known, "", place) for time_us, row, known, place in rows]
        found = {key.cursor: key for key in keys}
        return [found[candidate] for candidate in candidates if candidate in found]

    def _identified(self, keys: list[Key]) -> list[Key]:
        unknown = [key for key in keys if key.prediction_id is None]
        known = with_ids(self._view.files, unknown)
        return [known.get(key, key) for key in keys]


def with_feedback(
    database: Database, rows: Sequence[Prediction], *, all_rows: bool = False
) -> list[Prediction]:
    """Adds their feedback to predictions.

    Args:
        database: Where feedback is.
        rows: The predictions.
        all_rows: Whether the feedback for the other rows of a batch is added too.
    """
    with database.read() as connection:
        values = feedback_reading.values_of(connection, (row.prediction_id for row in rows))
    return [
        replace(
            row,
            feedback=tuple(
                value for value in values.get(row.prediction_id, ()) if all_rows or value.row == row.row
            ),
        )
        for row in rows
    ]
