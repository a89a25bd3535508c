"""Applies the journal's feedback to the store: each value once in effect, whatever happens in between."""

import threading
from collections.abc import Callable, Sequence

import structlog

from pointsman.control.convert.enums import FEEDBACK_OUTCOME
from pointsman.control.following import Follower
from pointsman.control.journals.journal_keeper import JournalKeeper
from pointsman.domain.ports.journal import FeedbackLog
from pointsman.domain.records.feedback import FeedbackOutcome, FeedbackValue
from pointsman.domain.records.lake import JournalStream
from pointsman.errors import PointsmanError
from pointsman.store.database import Database
from pointsman.store.feedback import feedback_application
from pointsman.store.recording import journal_positions, journals
from pointsman.v1 import record_pb2

_log = structlog.get_logger(__name__)

BATCH_VALUES = 5000
SQLITE_BATCH_VALUES = 1000
"""SQLite has one writer at a time; a batch of this size holds it for about 15 ms."""
_NOT_BEGUN = -1


class _ElsewhereError(Exception):
    """Another server stores this part of the log, which its folder has as well."""


class Applier:
    """Takes feedback from the journal, applies it and lets the journal forget it.

    Args:
        database: Where it is applied.
        feedback: The journal's log of it.
        keeper: Who knows the name under which it is stored.
        clock: Answers the time in UTC microseconds.
        on_taught: Is called after bandits have learnt anything.
    """

    def __init__(
        self,
        database: Database,
        feedback: FeedbackLog,
        keeper: JournalKeeper,
        clock: Callable[[], int],
        on_taught: Callable[[], None] = lambda: None,
    ) -> None:
        self._on_taught = on_taught
        self._database = database
        self._feedback = feedback
        self._keeper = keeper
        self._clock = clock
        self._batch_values = SQLITE_BATCH_VALUES if database.is_sqlite else BATCH_VALUES
        # Held while a batch is applied, by the thread or by a read that wants what was acknowledged.
        self._lock = threading.Lock()
        self._position = _NOT_BEGUN
        self._follower = Follower(
            "applier",
            self._step,
            waiting="feedback waits in the journal",
            going_on="feedback is applied again",
            left="feedback stays in the journal until the next start",
        )

    def start(self) -> None:
        """Begins to apply in the background."""
        self._follower.start()

    def stop(self, grace_seconds: float) -> None:
        """Applies what is there, as far as the grace allows, and ends; the journal keeps the rest."""
        self._follower.stop(grace_seconds)

    def apply_now(self) -> None:
        """Applies all feedback that was acknowledged before this call, however much comes meanwhile.

        Raises:
            DatabaseUnavailableError: The database does not answer; the journal keeps it.
            JournalError: The journal cannot be read.
            JournalTakenError: Another server took the journal's id; the journal keeps it.
        """
        end = self._feedback.journal_ends().feedback
        while self._begin() < end and self._step(0.0):
            pass

    def _step(self, timeout_seconds: float) -> bool:
        """Takes and applies one batch; answers whether there was anything."""
        after = self._begin()
        batch = record_pb2.FeedbackBatch.FromString(
            self._feedback.take_feedback(after, self._batch_values, timeout_seconds)
        )
        if not batch.entries and batch.next_position == after:
            return False
        with self._lock:
            # Somebody else may have applied the same batch, or the beginning of it, meanwhile.
            if self._position != after:
                return True
            try:
                self._apply(batch.entries, batch.end_positions, batch.next_position)
            except _ElsewhereError:
                self._leave_common()
        return True

    def _begin(self) -> int:
        with self._lock:
            if self._position == _NOT_BEGUN:
                with self._database.read() as connection:
                    self._position = journal_positions.position_of(
                        connection, self._keeper.hold.journal_id, JournalStream.FEEDBACK
                    )
                outcomes = record_pb2.FeedbackOutcomes()
                self._feedback.release_feedback(self._position, outcomes.SerializeToString())
            return self._position

    def _apply(
        self, entries: Sequence[record_pb2.FeedbackEntry], ends: Sequence[int], next_position: int
    ) -> None:
        values = [_value(entry, end) for entry, end in zip(entries, ends, strict=True)]
        try:
            applied = self._store(values, next_position)
        except (PointsmanError, _ElsewhereError):
            raise
        except Exception:
            if not entries:
                raise
            if len(entries) == 1:
                self._skip(entries[0], next_position)
            else:
                half = len(entries) // 2
                self._apply(entries[:half], ends[:half], ends[half - 1])
                self._apply(entries[half:], ends[half:], next_position)
            return
        if applied.dropped_count:
            _log.warning(
                "feedback was dropped, its router is gone or its prediction erased",
                count=applied.dropped_count,
            )
        self._finish(entries, ends, applied.outcomes, next_position)
        if applied.taught:
            self._on_taught()

    def _skip(self, entry: record_pb2.FeedbackEntry, next_position: int) -> None:
        """Leaves out an entry that the database refuses."""
        _log.exception(
            "the database refuses feedback", prediction_id=entry.prediction_id, metric=entry.metric
        )
        self._store((), next_position)
        self._finish([entry], [next_position], [FeedbackOutcome.UNSPECIFIED], next_position)

    def _store(self, values: Sequence[FeedbackValue], next_position: int) -> feedback_application.Application:
        hold, now_us = self._keeper.hold, self._clock()
        with self._database.write() as connection:
            part = (JournalStream.FEEDBACK, self._position, next_position)
            if not journals.guard(connection, hold, *part, now_us):
                raise _ElsewhereError
            return feedback_application.apply(connection, hold.journal_id, values, next_position, now_us)

    def _leave_common(self) -> None:
        """Goes on behind what another server stores."""
        with self._database.write() as connection:
            journals.leave_common(connection, self._keeper.hold, JournalStream.FEEDBACK, self._clock())
        self._position = _NOT_BEGUN

    def _finish(
        self,
        entries: Sequence[record_pb2.FeedbackEntry],
        ends: Sequence[int],
        outcomes: Sequence[FeedbackOutcome],
        next_position: int,
    ) -> None:
        self._position = next_position
        message = record_pb2.FeedbackOutcomes(
            end_positions=ends, outcomes=[FEEDBACK_OUTCOME.number(outcome) for outcome in outcomes]
        )
        self._feedback.release_feedback(next_position, message.SerializeToString())


def _value(entry: record_pb2.FeedbackEntry, position: int) -> FeedbackValue:
    return FeedbackValue(
        position,
        entry.prediction_id,
        entry.row,
        entry.metric,
        entry.value,
        entry.observe_time_us,
        entry.router_id,
        entry.variant,
        entry.epoch,
        entry.propensity,
        entry.prediction_time_us,
        entry.counted,
        entry.corrects,
        entry.router_incarnation,
    )
