"""Registers the lake's new files in the manifest and lets the journal forget what is in them."""

import threading
from collections.abc import Callable, Sequence
from pathlib import PurePosixPath

from pointsman.control.convert.lake import predictions_file
from pointsman.control.following import Follower
from pointsman.control.journals.journal_keeper import JournalKeeper
from pointsman.domain.ports.journal import Shipments
from pointsman.domain.records.lake import JournalStream
from pointsman.store.database import Database
from pointsman.store.recording import journal_positions, journals, lake_files
from pointsman.v1 import record_pb2

_NOT_BEGUN = -1


class FileRegistration:
    """Follows a replica as it writes segments of the journal into files of the lake.

    Args:
        database: Where the manifest is.
        shipments: Who writes the files.
        keeper: Who knows the name under which they are registered.
        clock: Answers the time in UTC microseconds.
        on_files: Is told which folders of the lake get new files, before they are registered.
    """

    def __init__(
        self,
        database: Database,
        shipments: Shipments,
        keeper: JournalKeeper,
        clock: Callable[[], int],
        on_files: Callable[[set[str]], None],
    ) -> None:
        self._database = database
        self._shipments = shipments
        self._keeper = keeper
        self._clock = clock
        self._on_files = on_files
        # Guards the position and the end, and tells those who wait for either.
        self._changed = threading.Condition()
        self._position = _NOT_BEGUN
        self._ending = False
        self._follower = Follower(
            "shipping",
            self._step,
            waiting="predictions wait in the journal",
            going_on="predictions reach the lake again",
            left="predictions stay in the journal until the next start",
        )

    @property
    def position(self) -> int:
        """The position before which every prediction is in the manifest; 0 before anything is known."""
        return max(0, self._position)

    def start(self) -> None:
        """Begins to register in the background."""
        self._follower.start()

    def stop(self, grace_seconds: float) -> None:
        """Registers what is written, as far as the grace allows, and ends; the journal keeps the rest."""
        self._follower.stop(grace_seconds)

    def wait_for(self, position: int, timeout_seconds: float) -> bool:
        """Waits until every prediction before a position is in the manifest; answers whether it is.

        Does not wait where the server ends: its grace is not for those who wait for others.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._position >= position or self._ending, timeout_seconds)
            return self._position >= position

    def end_waits(self) -> None:
        """Has nobody wait any longer; what waits is registered all the same."""
        with self._changed:
            self._ending = True
            self._changed.notify_all()

    def _step(self, timeout_seconds: float) -> bool:
        """Registers what was shipped; answers whether there was anything."""
        self._begin()
        shipped = record_pb2.ShippedSegments.FromString(self._shipments.take_shipped(timeout_seconds))
        if not shipped.segments:
            return False
        segments = [found for found in shipped.segments if found.end_position > self._position]
        if segments and not self._register(segments):
            self._leave_common()
            return True
        self._shipments.release_predictions(self._position)
        return True

    def _register(self, segments: Sequence[record_pb2.ShippedSegment]) -> bool:
        """Registers segments; answers whether it is this server that is to."""
        hold, now_us = self._keeper.hold, self._clock()
        journal_id = hold.journal_id
        self._on_files({str(PurePosixPath(file.path).parent) for found in segments for file in found.files})
        position = segments[-1].end_position
        with self._database.write() as connection:
            part = (JournalStream.PREDICTIONS, self._position, position)
            if not journals.guard(connection, hold, *part, now_us):
                return False
            # An answer that was lost with the connection may have registered them already.
            stored = journal_positions.position_of(connection, journal_id, JournalStream.PREDICTIONS)
            files = [
                predictions_file(file, journal_id, found.start_position, found.end_position)
                for found in segments
                if found.end_position > stored
                for file in found.files
            ]
            lake_files.register_segments(connection, journal_id, files, position, now_us)
        self._move_to(position)
        return True

    def _leave_common(self) -> None:
        """Goes on behind what another server registers; its files of it are deleted as orphans."""
        with self._database.write() as connection:
            journals.leave_common(connection, self._keeper.hold, JournalStream.PREDICTIONS, self._clock())
        self._position = _NOT_BEGUN

    def _begin(self) -> None:
        if self._position != _NOT_BEGUN:
            return
        with self._database.read() as connection:
            position = journal_positions.position_of(
                connection, self._keeper.hold.journal_id, JournalStream.PREDICTIONS
            )
        self._shipments.release_predictions(position)
        self._move_to(position)

    def _move_to(self, position: int) -> None:
        with self._changed:
            self._position = position
            self._changed.notify_all()
