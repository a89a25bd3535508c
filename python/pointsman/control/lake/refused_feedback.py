"""Has this server's data plane refuse feedback for erased predictions, whoever erased them."""

import threading

from pointsman.domain.ports.journal import FeedbackIntake
from pointsman.store.database import Database
from pointsman.store.recording import erased_predictions


class RefusedFeedback:
    """Tells a replica which predictions are erased.

    Between a replica's start and the first time it is told, feedback for them is taken, and left out when it
    is applied.

    Args:
        database: Where erased predictions are noted.
        intake: Who takes feedback.
    """

    def __init__(self, database: Database, intake: FeedbackIntake) -> None:
        self._database = database
        self._intake = intake
        self._telling = threading.Lock()
        self._told = 0

    @property
    def told(self) -> int:
        """The sequence of the last erased prediction that the replica knows."""
        return self._told

    def tell(self) -> None:
        """Tells the replica of those that it does not know.

        Raises:
            DatabaseUnavailableError: The database does not answer.
        """
        with self._telling:
            with self._database.read() as connection:
                digests, last = erased_predictions.digests_behind(connection, self._told)
            if digests:
                self._intake.add_erased_predictions(digests)
            self._told = last
