"""Deletes, in bounded parts, what drift keeps that is past its time, replaced, or of models that are gone."""

from collections.abc import Callable

from sqlalchemy import Connection

from pointsman.control.jobs.job import Job, JobContext, Scope
from pointsman.control.lanes import Lanes
from pointsman.domain.drift.ground_truth import settled_from
from pointsman.domain.values import MICROSECONDS_PER_DAY
from pointsman.store.drift import gone_models, horizons, predictions, truth_uploads, truths

_EVERY_SECONDS = 3600.0
_OFTEN_SECONDS = 30.0
_ROWS_AT_ONCE = 2_000
_ABANDONED = "nothing came for a day; upload the file again"


class DriftUpkeep:
    """Jobs that one server does for all.

    Args:
        retention_days: How long logged predictions and outcomes are kept.
        lanes: The threads for it.
        clock: Answers the time in UTC microseconds.
    """

    def __init__(self, retention_days: int, lanes: Lanes, clock: Callable[[], int]) -> None:
        self._retention_days = retention_days
        self._lanes = lanes
        self._clock = clock

    def jobs(self) -> list[Job]:
        """Answers the jobs."""
        return [
            Job("old-logged-predictions", _EVERY_SECONDS, Scope.INSTALLATION, self.purge, self._lanes.upload),
            Job("old-outcomes", _EVERY_SECONDS, Scope.INSTALLATION, self.purge_truths, self._lanes.upload),
            Job(
                "outcome-uploads",
                _OFTEN_SECONDS,
                Scope.INSTALLATION,
                self.tidy_uploads,
                self._lanes.upload,
                needed=self._has_uploads,
            ),
            Job(
                "gone-models",
                _OFTEN_SECONDS,
                Scope.INSTALLATION,
                self.empty_models,
                self._lanes.upload,
                needed=lambda connection: gone_models.next_one(connection) is not None,
            ),
        ]

    def purge(self, context: JobContext) -> bool:
        """Deletes some logged predictions that are past their time; answers whether there may be more."""
        with context.transaction() as connection:
            gone = predictions.remove_before(connection, self._horizon_us(), _ROWS_AT_ONCE)
            if gone is not None:
                settled_us = settled_from(gone.last_us, self._retention_days, self._clock())
                horizons.raise_to(connection, {gone.model_key: settled_us})
        return gone is not None

    def purge_truths(self, context: JobContext) -> bool:
        """Deletes some outcomes that were told last before the horizon; answers whether there may be more."""
        with context.transaction() as connection:
            return truths.remove_before(connection, self._horizon_us(), _ROWS_AT_ONCE) >= _ROWS_AT_ONCE

    def tidy_uploads(self, context: JobContext) -> bool:
        """Ends uploads of which nothing comes any more, and deletes some of what they brought.

        And some of what complete ones have replaced; answers whether there may be more.
        """
        day_ago_us = self._clock() - MICROSECONDS_PER_DAY
        with context.transaction() as connection:
            abandoned = [
                row_key
                for row_key, update_us in truth_uploads.open_ones(connection)
                if update_us < day_ago_us
            ]
            if abandoned:
                truth_uploads.refuse(connection, abandoned, _ABANDONED, self._clock())
            refused = truth_uploads.refused_with_rows(connection)
            if refused is not None:
                truths.remove_of_upload(connection, refused, _ROWS_AT_ONCE)
                return True
            if truth_uploads.settle(connection, _ROWS_AT_ONCE):
                return True
            truth_uploads.remove_ended(connection, day_ago_us)
        return False

    def empty_models(self, context: JobContext) -> bool:
        """Deletes some of what was kept of a model that is gone; answers whether there may be more."""
        with context.transaction() as connection:
            model_key = gone_models.next_one(connection)
            if model_key is None:
                return False
            removed = truths.remove_of_model(connection, model_key, _ROWS_AT_ONCE)
            if not removed:
                removed = predictions.remove_of_model(connection, model_key, _ROWS_AT_ONCE)
            if not removed:
                gone_models.remove(connection, model_key)
        return True

    def _has_uploads(self, connection: Connection) -> bool:
        return truth_uploads.any_there(connection)

    def _horizon_us(self) -> int:
        return self._clock() - self._retention_days * MICROSECONDS_PER_DAY
