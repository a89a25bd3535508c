"""The lake's parts put together."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

from pointsman.control.jobs.job import Job
from pointsman.control.journals.applier import Applier
from pointsman.control.journals.journal_keeper import JournalKeeper
from pointsman.control.journals.presence import Presence
from pointsman.control.journals.registration import FileRegistration
from pointsman.control.lake.compaction import Compaction
from pointsman.control.lake.erasure import Erasure
from pointsman.control.lake.feedback_export import FeedbackExport
from pointsman.control.lake.folder import LakeFolder
from pointsman.control.lake.listing import Listing
from pointsman.control.lake.logged_erasure import LoggedErasure
from pointsman.control.lake.refused_feedback import RefusedFeedback
from pointsman.control.lake.replacing import Replacing
from pointsman.control.lake.retention import Retention
from pointsman.control.lake.sealing import Sealing
from pointsman.control.lake.upkeep import LakeUpkeep
from pointsman.control.options import ControlOptions
from pointsman.domain.ports.core import LakeMerging
from pointsman.domain.ports.journal import Journal
from pointsman.store.database import Database


class LakeParts:
    """Registers, keeps in shape and erases what the lake holds.

    Args:
        database: Where the manifest is.
        merging: Who merges files.
        journal: The journal that is written to the lake.
        keeper: Who knows the name under which the journal is stored.
        applier: Who applies feedback.
        root: The lake's folder.
        place: The machine and data folder, for people.
        options: How often and how long.
        clock: Answers the time in UTC microseconds.

    Attributes:
        registration: Registers new files.
        upkeep: Keeps the files in shape.
        erasure: Erases entities.
        refused_feedback: Has feedback for erased predictions refused.
        presence: Says to other servers that this one runs.
    """

    def __init__(
        self,
        database: Database,
        merging: LakeMerging,
        journal: Journal,
        keeper: JournalKeeper,
        applier: Applier,
        root: Path,
        place: str,
        options: ControlOptions,
        clock: Callable[[], int],
    ) -> None:
        folder = LakeFolder(root)
        changing = threading.Lock()
        self.registration = FileRegistration(database, journal, keeper, clock, folder.unseal_all)
        retention = Retention(
            database,
            folder,
            journal,
            days=options.retention_days,
            max_bytes=options.retention_bytes,
            grace_seconds=options.replaced_file_grace_seconds,
            clock=clock,
        )
        listing = Listing(database, folder, journal)
        self.refused_feedback = RefusedFeedback(database, journal)
        replacing = Replacing(database, journal, folder, retention, clock)
        self.erasure = Erasure(
            database,
            merging,
            journal,
            self.registration,
            applier,
            folder,
            retention,
            replacing,
            LoggedErasure(database, folder, retention, replacing),
            listing,
            self.refused_feedback,
            changing,
            clock,
        )
        self.presence = Presence(database, journal, self.registration, place, clock)
        self.upkeep = LakeUpkeep(
            FeedbackExport(database, folder, journal, clock),
            Compaction(database, merging, journal, folder, clock),
            retention,
            Sealing(database, journal, keeper, self.registration, folder, clock),
            listing,
            self.registration,
            changing,
            interval_seconds=options.lake_upkeep_interval_seconds,
            export_interval_seconds=options.feedback_export_interval_seconds,
            clock=clock,
        )

    def start(self) -> None:
        """Begins in the background."""
        self.registration.start()

    def jobs(self) -> list[Job]:
        """Answers the periodic work."""
        return [self.presence.job(), *self.upkeep.jobs()]

    def end_waits(self) -> None:
        """Has work that waits for records to reach the lake give up: the server ends."""
        self.registration.end_waits()

    def finish(self, deadline: float) -> None:
        """Registers what is written and exports feedback, as far as the monotonic time allows, and ends."""
        self.upkeep.close()
        self.registration.stop(max(0.0, deadline - time.monotonic()))
        self.upkeep.export_rest(deadline)
        self.presence.end()
