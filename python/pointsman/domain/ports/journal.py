"""The journal of one replica, by what is done with it.

A replica has one journal, in its data folder: a log of predictions and a log of feedback. A position is a
place in one of the two logs of one journal; positions only grow, and say nothing of another journal's.
Messages are those of ``pointsman/v1/record.proto``, serialised. All may be called from any thread.
"""

from collections.abc import Sequence
from typing import Protocol

from pointsman.domain.records.journals import JournalEnds, JournalStart


class JournalName(Protocol):
    """Says whose files and rows are a replica's own."""

    @property
    def journal_id(self) -> str:
        """Names the journal of the replica's data folder: 32 hexadecimal digits. Positions are its own.

        Another one after :meth:`JournalFolder.confirm_journal` gave it: to be asked anew each time.
        """


class JournalFolder(JournalName, Protocol):
    """The journal's folder, which may be a copy of another's."""

    def journal_starts(self) -> tuple[JournalStart, ...]:
        """Answers the openings of the journal's folder, oldest first; the last is this process's.

        Raises:
            JournalError: This opening cannot be noted on the disk.
        """

    def journal_ends(self) -> JournalEnds:
        """Answers the positions behind all that is on disk; everything that was acknowledged is before."""

    def confirm_journal(self, journal_id: str) -> None:
        """Says under which name the database knows the journal, and that it has the openings so far.

        To be called before the first :meth:`Shipments.release_predictions`: files are named for the journal.

        Raises:
            JournalError: It is no name, or cannot be written; the journal has the name that it had.
        """


class FeedbackLog(Protocol):
    """The log of feedback, for whoever applies it."""

    def journal_ends(self) -> JournalEnds:
        """Answers the positions behind all that is on disk; everything that was acknowledged is before."""

    def take_feedback(self, after_position: int, max_entries: int, timeout_seconds: float) -> bytes:
        """Reads feedback that is on disk, as a ``FeedbackBatch``, waiting up to the time for the first entry.

        Entries stay until they are released. From a position below the oldest one, it begins at that.

        Args:
            after_position: Where to begin; what is before it is left out.
            max_entries: At most so many; there may be more behind them.
            timeout_seconds: How long to wait while there is nothing.

        Returns:
            A ``FeedbackBatch``; without entries when none came in time.

        Raises:
            JournalError: It cannot be read.
        """

    def release_feedback(self, position: int, outcomes: bytes) -> None:
        """Lets feedback before a position go, and tells ``FeedbackOutcomes`` to callers who wait for them.

        Raises:
            JournalError: The position is not one of the journal's.
        """


class FeedbackIntake(Protocol):
    """Judges feedback by the state in effect, and takes it into the log."""

    def check_feedback(self, call: bytes) -> bytes:
        """Checks the values of a ``FeedbackCall``, as if a client had brought them; nothing is recorded.

        Values about entities are checked as far as that can be without the prediction that is meant: whoever
        may not bring them learns nothing of the entity.

        Returns:
            A ``FeedbackAnswer``.
        """

    def add_erased_predictions(self, digests: Sequence[int]) -> None:
        """Refuses feedback for further predictions from now on, until the end of the process.

        Args:
            digests: Of their ids, as :func:`pointsman.domain.records.prediction_ids.digest_of` makes them.
        """

    def append_feedback(self, call: bytes) -> bytes:
        """Checks the values of a ``FeedbackCall`` and appends those that may be recorded.

        It waits until they are on disk, or until they are applied where the call says so: not to be called by
        whoever applies them.

        Returns:
            A ``FeedbackAnswer``, which says of each value what came of it.

        Raises:
            JournalError: The system gives no means to wait.
        """


class PredictionLog(JournalName, Protocol):
    """The log of predictions, for whoever wants all of before to be in files."""

    def seal_predictions(self) -> int:
        """Ends the segment that predictions go to, so that it is shipped at once.

        Returns:
            The position behind it: every prediction that was made before is before it.

        Raises:
            JournalError: The journal takes nothing.
        """


class Shipments(Protocol):
    """Segments of predictions on their way into the lake."""

    def take_shipped(self, timeout_seconds: float) -> bytes:
        """Reads which segments are files of the lake by now, as ``ShippedSegments``, waiting for the first.

        They stay until they are released.

        Raises:
            JournalError: The lake cannot be written.
        """

    def release_predictions(self, position: int) -> None:
        """Lets predictions before a position go: the manifest lists the files that hold them.

        The first call begins the shipping.

        Raises:
            JournalError: The position is not one of the journal's.
        """


class JournalTail(JournalName, Protocol):
    """Predictions that are in no registered file yet."""

    def read_tail(self, query: bytes) -> bytes:
        """Answers the predictions of a ``TailQuery`` that are in no registered file, as a ``TailAnswer``.

        Raises:
            JournalError: They cannot be read.
            PositionGoneError: They were registered since the manifest was read: read it again.
        """


class Journal(JournalFolder, FeedbackLog, FeedbackIntake, PredictionLog, Shipments, JournalTail, Protocol):
    """All that is done with a replica's journal."""
