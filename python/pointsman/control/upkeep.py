"""What happens by itself: following other processes, and deleting what is past its time."""

import asyncio
from collections.abc import Callable

import structlog

from pointsman.control.deployment import Deployments
from pointsman.control.journal_keeper import JournalKeeper
from pointsman.control.lanes import Lanes
from pointsman.control.options import ControlOptions
from pointsman.control.publisher import Publisher
from pointsman.control.revision_upkeep import IMPORTED_AT_ONCE, PRUNED_AT_ONCE, RevisionUpkeep
from pointsman.domain.values import MICROSECONDS_PER_DAY, MICROSECONDS_PER_SECOND
from pointsman.errors import DatabaseUnavailableError, JournalTakenError
from pointsman.store import erasures, feedback
from pointsman.store.database import Database

_log = structlog.get_logger(__name__)

ABANDONED_AFTER_SECONDS = 60.0
"""A deployment that takes so much longer than its backends may has lost its process."""
_ABANDONED_EVERY_SECONDS = 30.0
_PURGE_EVERY_SECONDS = 3600.0
_PURGE_ROWS = 2000


class Upkeep:
    """Runs in the background once the control plane is ready.

    Args:
        database: Where the state is.
        publisher: Who publishes changes of other processes.
        deployments: Who fails those that were abandoned.
        revisions: Who deletes revisions that no record names any more.
        keeper: Who holds the journal's id.
        lanes: The threads for it.
        options: How often and how long.
        clock: Answers the time in UTC microseconds.
        report: Is told after each round why the control plane is not ready; empty when it is.
    """

    def __init__(
        self,
        database: Database,
        publisher: Publisher,
        deployments: Deployments,
        revisions: RevisionUpkeep,
        keeper: JournalKeeper,
        lanes: Lanes,
        options: ControlOptions,
        clock: Callable[[], int],
        report: Callable[[str], None],
    ) -> None:
        self._database = database
        self._publisher = publisher
        self._deployments = deployments
        self._revisions = revisions
        self._keeper = keeper
        self._lanes = lanes
        self._options = options
        self._clock = clock
        self._report = report
        self._abandoned_looked_us = clock()
        self._purged_us = 0
        self._pruned_us = 0

    async def run(self) -> None:
        """Goes on until it is cancelled."""
        while True:
            await asyncio.sleep(self._options.poll_interval_seconds)
            try:
                await self._lanes.write(self.round)
            except DatabaseUnavailableError as error:
                _log.warning("the database does not answer", reason=str(error))
                self._report(str(error))
            except JournalTakenError as error:
                self._report(str(error))
            except Exception:  # noqa: BLE001 - the next round may work, and the others must go on
                _log.exception("upkeep failed")
                self._report("")
            else:
                self._report("")

    def round(self) -> None:
        """Publishes what other processes changed; now and then deletes some of what is past its time.

        Raises:
            DatabaseUnavailableError: The database does not answer.
            JournalTakenError: Another server took the journal's id.
        """
        self._publisher.sync()
        self._keeper.renew()
        now_us = self._clock()
        if now_us - self._abandoned_looked_us > _ABANDONED_EVERY_SECONDS * MICROSECONDS_PER_SECOND:
            self._abandoned_looked_us = now_us
            lost_seconds = self._options.deploy_timeout_seconds + ABANDONED_AFTER_SECONDS
            self._deployments.fail_abandoned(now_us - int(lost_seconds * MICROSECONDS_PER_SECOND))
        if now_us - self._purged_us > _PURGE_EVERY_SECONDS * MICROSECONDS_PER_SECOND:
            self._purged_us = now_us
            if self._purge(now_us) >= _PURGE_ROWS:
                # The rest is for the next rounds: other changes come in between.
                self._purged_us = 0
        if now_us - self._pruned_us > _PURGE_EVERY_SECONDS * MICROSECONDS_PER_SECOND:
            self._pruned_us = now_us
            # A server of an older release may run beside this one.
            imported, pruned = self._revisions.import_unnoted(), self._revisions.prune()
            if imported >= IMPORTED_AT_ONCE or pruned >= PRUNED_AT_ONCE:
                self._pruned_us = 0

    def _purge(self, now_us: int) -> int:
        """Deletes what is left of complete erasures, and some feedback for predictions that take no more.

        Returns:
            How much feedback.
        """
        # A day later than feedback ends, so that no repeated value counts twice at the border.
        oldest_us = now_us - (self._options.feedback_horizon_days + 1) * MICROSECONDS_PER_DAY
        with self._database.write() as connection:
            erasures.remove_complete(connection, now_us - MICROSECONDS_PER_DAY)
            return feedback.remove_before(connection, oldest_us, _PURGE_ROWS)
