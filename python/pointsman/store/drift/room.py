"""Whether a model has room for more rows of a kind, without counting those that it has at each call."""

from typing import Protocol

from sqlalchemy import Connection

_MOST_MODELS = 10_000


class Counted(Protocol):
    """Rows of models, of which each new one gets a number above those of all before it, of whichever model.

    Modules of this package are such.
    """

    def count(self, connection: Connection, model_key: int) -> int:
        """Answers how many rows a model has."""

    def last_key(self, connection: Connection) -> int:
        """Answers the greatest number of a row of any model; 0 where there is none."""


class ModelRoom:
    """Holds models to a number of rows. Safe to use from several threads.

    A model has no more rows than were counted once and numbers were given out since, and only when that
    reaches the limit are they counted again. Nothing is kept in the database that could say otherwise than
    the rows.

    What others store at the same moment is not seen before they are done, here as by any count.

    Args:
        rows: Counts them.
        most: How many a model may have.
    """

    def __init__(self, rows: Counted, most: int) -> None:
        self._rows = rows
        self._most = most
        self._counted: dict[int, tuple[int, int]] = {}

    def is_enough(self, connection: Connection, model_key: int, more: int) -> bool:
        """Answers whether a model may have so many rows more.

        Args:
            connection: A transaction.
            model_key: The model's row.
            more: How many are to be added, at most.
        """
        last = self._rows.last_key(connection)
        if model_key in self._counted:
            count, counted_to = self._counted[model_key]
            # Lower than before it is when the last ones were deleted.
            if count + max(0, last - counted_to) + more <= self._most:
                return True
        count = self._rows.count(connection, model_key)
        if len(self._counted) >= _MOST_MODELS:
            self._counted.clear()
        self._counted[model_key] = (count, last)
        return count + more <= self._most
