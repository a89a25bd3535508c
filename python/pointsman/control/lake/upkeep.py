"""Keeps the lake in shape, piece by piece, on a thread of its own."""

import dataclasses
import threading
import time
from collections.abc import Callable

import structlog

from pointsman.control.jobs.job import Job, JobContext, Scope
from pointsman.control.jobs.threads import JobThread
from pointsman.control.journals.registration import FileRegistration
from pointsman.control.lake.compaction import Compaction
from pointsman.control.lake.feedback_export import FeedbackExport
from pointsman.control.lake.listing import Listing
from pointsman.control.lake.retention import Retention
from pointsman.control.lake.sealing import Sealing, date_of
from pointsman.errors import PointsmanError

_log = structlog.get_logger(__name__)

_ORPHANS_EVERY_SECONDS = 3600.0
_EXPIRE_EVERY_INTERVALS = 10
"""Limits are in days and gigabytes, and each run writes to the database."""
_DEADLINE_SECONDS = 3600.0
"""Many large files take as long as they take; between two of them a run that is over stops."""


class LakeUpkeep:
    """The jobs that export feedback, merge small files, let old ones go, seal dates, list what there is.

    What concerns the manifest as a whole one server does for all; what concerns files each does in its lake.

    Args:
        export: Who brings feedback into the lake.
        compaction: Who merges.
        retention: Who deletes.
        sealing: Who seals.
        listing: Tells other programs what to read.
        registration: Who knows what is registered.
        changing: Is held while files are put in the place of others.
        interval_seconds: How often it looks.
        export_interval_seconds: How often feedback is exported.
        clock: Answers the time in UTC microseconds.
    """

    def __init__(
        self,
        export: FeedbackExport,
        compaction: Compaction,
        retention: Retention,
        sealing: Sealing,
        listing: Listing,
        registration: FileRegistration,
        changing: threading.Lock,
        *,
        interval_seconds: float,
        export_interval_seconds: float,
        clock: Callable[[], int],
    ) -> None:
        self._export = export
        self._compaction = compaction
        self._retention = retention
        self._sealing = sealing
        self._listing = listing
        self._registration = registration
        self._changing = changing
        self._interval_seconds = interval_seconds
        self._export_interval_seconds = export_interval_seconds
        self._clock = clock
        self._thread = JobThread("lake")

    def jobs(self) -> list[Job]:
        """Answers the jobs, in the order in which one makes work for the next."""
        often, seldom = self._interval_seconds, self._interval_seconds * _EXPIRE_EVERY_INTERVALS
        ours, everyones = Scope.SERVER, Scope.INSTALLATION
        return [
            dataclasses.replace(
                self._job("feedback-export", self._export_interval_seconds, everyones, self.export),
                needed=self._export.needed,
            ),
            self._job("lake-compaction", often, ours, self.merge),
            self._job("lake-retention", seldom, everyones, self.expire),
            self._job("lake-files", often, ours, self.tidy),
            self._job("lake-orphans", _ORPHANS_EVERY_SECONDS, ours, self.delete_orphans),
        ]

    def close(self) -> None:
        """Ends the thread behind what it has begun."""
        self._thread.close()

    def export(self, context: JobContext) -> bool:
        """Exports the feedback that the lake has not."""
        with self._changing:
            self._export.run(context.is_over, context.fence)
        return context.is_over()

    def merge(self, context: JobContext) -> bool:
        """Merges the groups of small files that there are, one after the other."""
        for group in self._compaction.plan(date_of(self._clock())):
            if context.is_over():
                return True
            # Let go between two groups, so that an erasure need not wait for all of them.
            with self._changing:
                self._compaction.merge(group)
                # At once: what was replaced stays for a while that readers of the listing have to themselves.
                self._listing.write()
        return False

    def expire(self, context: JobContext) -> bool:
        """Takes files that are too old or too many out of the manifest."""
        with self._changing:
            self._retention.expire(context.fence)
            self._listing.write()
        return False

    def tidy(self, _: JobContext) -> bool:
        """Lists what there is, deletes what nobody reads any more, and seals dates that are over."""
        with self._changing:
            # First: a file must be off the listing before it is deleted.
            self._listing.write()
            self._retention.delete_replaced()
            if self._sealing.seal():
                self._listing.write()
        return False

    def delete_orphans(self, _: JobContext) -> bool:
        """Deletes files of this journal that a crash left without an entry."""
        with self._changing:
            self._retention.delete_orphans(self._registration.position)
        return False

    def export_feedback(self) -> int:
        """Exports the feedback that the lake has not, whoever's turn it is; answers how many values.

        Rows are marked where they are exported, so that two servers that do it at a time export each once.

        Raises:
            DatabaseUnavailableError: The database does not answer.
        """
        with self._changing:
            return self._export.run(lambda: False)

    def export_rest(self, deadline: float) -> None:
        """Exports the last feedback before the end; what is not done by the monotonic time waits."""
        try:
            with self._changing:
                self._export.run(lambda: time.monotonic() > deadline)
                self._listing.write()
        except PointsmanError as error:
            _log.warning("feedback is exported at the next start", reason=str(error))

    def _job(self, name: str, seconds: float, scope: Scope, run: Callable[[JobContext], bool]) -> Job:
        return Job(name, seconds, scope, run, self._thread.run, deadline_seconds=_DEADLINE_SECONDS)
