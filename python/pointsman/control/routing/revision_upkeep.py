"""Keeps revisions as long as records of them live, and no longer."""

from collections.abc import Callable

import structlog

from pointsman.control.routing.revision_log import append_imported
from pointsman.domain.revisions import ALWAYS_KEPT, may_go
from pointsman.store.database import Database
from pointsman.store.job_leases import Fence, unfenced
from pointsman.store.routing import router_revisions

_log = structlog.get_logger(__name__)

IMPORTED_AT_ONCE = 50
PRUNED_AT_ONCE = 200
"""Revisions in one transaction: other changes wait for it."""


class RevisionUpkeep:
    """Imports what has no revision, and deletes revisions that no record names any more.

    Args:
        database: Where they are.
        clock: Answers the time in UTC microseconds.
    """

    def __init__(self, database: Database, clock: Callable[[], int]) -> None:
        self._database = database
        self._clock = clock

    def import_unnoted(self, fence: Fence = unfenced) -> int:
        """Notes what some routers are of which there is no revision.

        They are from before revisions were kept, or a server of an older release changed them. A full piece
        means that there may be more.

        Args:
            fence: Is called with each transaction before it changes anything.

        Returns:
            How many there were.

        Raises:
            DatabaseUnavailableError: The database does not answer.
        """
        with self._database.read() as connection:
            if not router_revisions.unnoted(connection, 1):
                return 0
        with self._database.write_routing() as connection:
            fence(connection)
            found = router_revisions.unnoted(connection, IMPORTED_AT_ONCE)
            for router in found:
                append_imported(connection, router, self._clock())
        _log.info("routers without a history begin one", count=len(found))
        return len(found)

    def prune(self, fence: Fence = unfenced) -> int:
        """Deletes some of the revisions that no record can name any more; answers how many.

        A full piece means that there may be more.

        Args:
            fence: Is called with each transaction before it changes anything.

        Raises:
            DatabaseUnavailableError: The database does not answer.
        """
        with self._database.read() as connection:
            crowded = router_revisions.crowded(connection, ALWAYS_KEPT)
            stored_us = router_revisions.stored_until_us(connection)
        now_us = self._clock()
        gone = 0
        for router_key, router_id, incarnation, delete_time_us in crowded:
            left = PRUNED_AT_ONCE - gone
            if left <= 0:
                break
            with self._database.read() as connection:
                revisions = router_revisions.oldest(connection, router_key, left + 1)
                newest = router_revisions.newest(connection, router_key)
                record_us = router_revisions.earliest_record_us(connection, router_id, incarnation)
            times = (now_us, stored_us, record_us)
            earliest_us = min(time_us for time_us in times if time_us is not None)
            numbers = may_go(revisions, newest, delete_time_us, earliest_us)[:left]
            if numbers:
                with self._database.write_routing() as connection:
                    fence(connection)
                    router_revisions.remove(connection, router_key, numbers)
            gone += len(numbers)
        return gone
