"""What one server does for all on a database: failing what was abandoned, deleting what is past its time."""

from collections.abc import Callable

from sqlalchemy import Connection

from pointsman.control.jobs.job import Job, JobContext, Scope
from pointsman.control.lanes import Lanes
from pointsman.control.options import ControlOptions
from pointsman.control.routing.deployment import Deployments
from pointsman.control.routing.overrides import Overrides
from pointsman.control.routing.revision_upkeep import IMPORTED_AT_ONCE, PRUNED_AT_ONCE, RevisionUpkeep
from pointsman.domain.values import MICROSECONDS_PER_DAY, MICROSECONDS_PER_SECOND
from pointsman.store.feedback import values as feedback
from pointsman.store.recording import erased_predictions, erasures
from pointsman.store.routing import routers

ABANDONED_AFTER_SECONDS = 60.0
"""A deployment that takes so much longer than its backends may has lost its process."""
_ABANDONED_EVERY_SECONDS = 30.0
_EXPIRED_EVERY_SECONDS = 5.0
_PURGE_EVERY_SECONDS = 3600.0
_PURGE_ROWS = 2000


class Upkeep:
    """The jobs that keep an installation's tables in shape.

    They run on the writer's thread, piece by piece, so that changes that users ask for come in between.

    Args:
        deployments: Who fails those that were abandoned.
        overrides: Who ends those whose time has come.
        revisions: Who deletes revisions that no record names any more.
        lanes: The threads for it.
        options: How long what is kept.
        clock: Answers the time in UTC microseconds.
    """

    def __init__(
        self,
        deployments: Deployments,
        overrides: Overrides,
        revisions: RevisionUpkeep,
        lanes: Lanes,
        options: ControlOptions,
        clock: Callable[[], int],
    ) -> None:
        self._deployments = deployments
        self._overrides = overrides
        self._revisions = revisions
        self._lanes = lanes
        self._options = options
        self._clock = clock

    def jobs(self) -> list[Job]:
        """Answers the jobs."""
        everyones, lane = Scope.INSTALLATION, self._lanes.write
        return [
            Job(
                "abandoned-deployments",
                _ABANDONED_EVERY_SECONDS,
                everyones,
                self.fail_abandoned,
                lane,
                needed=self._has_abandoned,
            ),
            Job(
                "expired-overrides",
                _EXPIRED_EVERY_SECONDS,
                everyones,
                self.end_overrides,
                lane,
                needed=lambda connection: self._overrides.has_expired(connection, self._clock()),
            ),
            Job("old-feedback", _PURGE_EVERY_SECONDS, everyones, self.purge_feedback, lane),
            Job("complete-erasures", _PURGE_EVERY_SECONDS, everyones, self.purge_erasures, lane),
            Job("router-revisions", _PURGE_EVERY_SECONDS, everyones, self.keep_revisions, lane),
        ]

    def fail_abandoned(self, context: JobContext) -> bool:
        """Fails deployments whose server has ended."""
        self._deployments.fail_abandoned(self._abandoned_before_us(), context.fence)
        return False

    def end_overrides(self, context: JobContext) -> bool:
        """Takes overrides that have ended out of routers' definitions; no call has gone by them since."""
        self._overrides.end_expired(self._clock(), context.fence)
        return False

    def purge_feedback(self, context: JobContext) -> bool:
        """Deletes some feedback for predictions that take no more; answers whether there may be more."""
        # A day later than feedback ends, so that no repeated value counts twice at the border.
        horizon_us = (self._options.feedback_horizon_days + 1) * MICROSECONDS_PER_DAY
        with context.transaction() as connection:
            return feedback.remove_before(connection, self._clock() - horizon_us, _PURGE_ROWS) >= _PURGE_ROWS

    def purge_erasures(self, context: JobContext) -> bool:
        """Deletes what is left of erasures that were complete a day ago, and of predictions past feedback."""
        horizon_us = (self._options.feedback_horizon_days + 1) * MICROSECONDS_PER_DAY
        with context.transaction(finishes=True) as connection:
            erasures.remove_complete(connection, self._clock() - MICROSECONDS_PER_DAY)
            erased_predictions.remove_before(connection, self._clock() - horizon_us)
        return False

    def keep_revisions(self, context: JobContext) -> bool:
        """Begins some histories, deletes some old revisions; answers whether there may be more."""
        # A server of an older release may run beside this one.
        imported = self._revisions.import_unnoted(context.fence)
        pruned = self._revisions.prune(context.fence)
        return imported >= IMPORTED_AT_ONCE or pruned >= PRUNED_AT_ONCE

    def _has_abandoned(self, connection: Connection) -> bool:
        return bool(routers.find_deploying(connection, self._abandoned_before_us()))

    def _abandoned_before_us(self) -> int:
        lost_seconds = self._options.deploy_timeout_seconds + ABANDONED_AFTER_SECONDS
        return self._clock() - int(lost_seconds * MICROSECONDS_PER_SECOND)
