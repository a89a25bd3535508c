"""Whether a model has room for more outcomes, without counting those that it has at each call."""

from sqlalchemy import Connection

from pointsman.store.drift import truths

_MOST_MODELS = 10_000


class TruthRoom:
    """Holds models to a number of outcomes. Safe to use from several threads.

    Each outcome that is stored gets a number above those of all before it, of whichever model. So a model has
    no more than were counted once and numbers were given out since, and only when that reaches the limit
    are they counted again. Nothing is kept in the database that could say otherwise than the rows.

    What others store at the same moment is not seen before they are done, here as by any count.

    Args:
        most: How many outcomes a model may have.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._counted: dict[int, tuple[int, int]] = {}

    def is_enough(self, connection: Connection, model_key: int, more: int) -> bool:
        """Answers whether a model may have so many outcomes more.

        Args:
            connection: A transaction.
            model_key: The model's row.
            more: How many are to be added, at most.
        """
        last = truths.last_key(connection)
        if model_key in self._counted:
            count, counted_to = self._counted[model_key]
            # Lower than before it is when the last ones were deleted.
            if count + max(0, last - counted_to) + more <= self._most:
                return True
        count = truths.count(connection, model_key)
        if len(self._counted) >= _MOST_MODELS:
            self._counted.clear()
        self._counted[model_key] = (count, last)
        return count + more <= self._most
