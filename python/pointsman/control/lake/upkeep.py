"""Keeps the lake in shape, on a thread of its own."""

import threading
import time
from collections.abc import Callable

import structlog

from pointsman.control.lake.compaction import Compaction
from pointsman.control.lake.feedback_export import FeedbackExport
from pointsman.control.lake.listing import Listing
from pointsman.control.lake.retention import Retention
from pointsman.control.lake.sealing import Sealing, date_of
from pointsman.control.shipping import Shipping
from pointsman.domain.values import MICROSECONDS_PER_SECOND
from pointsman.errors import PointsmanError

_log = structlog.get_logger(__name__)

_ORPHANS_EVERY_SECONDS = 3600.0


class LakeUpkeep:
    """Exports feedback, merges small files, lets old ones go, seals dates, lists what there is.

    Args:
        export: Who brings feedback into the lake.
        compaction: Who merges.
        retention: Who deletes.
        sealing: Who seals.
        listing: Tells other programs what to read.
        shipping: Who knows what is registered.
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
        shipping: Shipping,
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
        self._shipping = shipping
        self._changing = changing
        self._interval_seconds = min(interval_seconds, export_interval_seconds)
        self._export_interval_us = int(export_interval_seconds * MICROSECONDS_PER_SECOND)
        self._clock = clock
        self._exported_us = clock()
        self._orphans_us = clock()
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begins in the background."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="pointsman-lake", daemon=True)
            self._thread.start()

    def stop(self, grace_seconds: float) -> None:
        """Ends after the file at hand, or leaves it for the next start when the grace is over."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join(max(0.0, grace_seconds))
            self._thread = None

    def round(self) -> None:
        """Does everything that is due.

        Raises:
            PointsmanError: Database or journal do not answer; the next round goes on.
        """
        now_us = self._clock()
        if now_us - self._exported_us >= self._export_interval_us:
            self._exported_us = now_us
            self.export_feedback()
        self._merge()
        with self._changing:
            self._retention.expire()
            self._listing.write()
            self._retention.delete_replaced()
            if now_us - self._orphans_us >= _ORPHANS_EVERY_SECONDS * MICROSECONDS_PER_SECOND:
                self._orphans_us = now_us
                self._retention.delete_orphans(self._shipping.position)
            if self._sealing.seal():
                self._listing.write()

    def export_feedback(self) -> int:
        """Exports the feedback that the lake has not; answers how many values.

        Raises:
            DatabaseUnavailableError: The database does not answer.
        """
        with self._changing:
            return self._export.run(self._ended.is_set)

    def export_rest(self, deadline: float) -> None:
        """Exports the last feedback before the end; what is not done by the monotonic time waits."""
        try:
            with self._changing:
                self._export.run(lambda: time.monotonic() > deadline)
                self._listing.write()
        except PointsmanError as error:
            _log.warning("feedback is exported at the next start", reason=str(error))

    def _merge(self) -> None:
        for group in self._compaction.plan(date_of(self._clock())):
            if self._ended.is_set():
                return
            # Let go between two groups, so that an erasure need not wait for all of them.
            with self._changing:
                self._compaction.merge(group)
                # At once: what was replaced stays for a while that readers of the listing have to themselves.
                self._listing.write()

    def _run(self) -> None:
        while not self._ended.wait(self._interval_seconds):
            try:
                self.round()
            except PointsmanError as error:
                _log.warning("the lake's upkeep waits", reason=str(error))
            except Exception:  # noqa: BLE001 - the next round may work
                _log.exception("the lake's upkeep failed")
