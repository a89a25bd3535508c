"""Takes, keeps and gives back the leases of jobs that one server does for all."""

import asyncio
import random
from collections.abc import Callable

import structlog

from pointsman.control.jobs.ending import Ending
from pointsman.control.jobs.job import Job
from pointsman.control.jobs.threads import JobThread
from pointsman.domain.values import MICROSECONDS_PER_SECOND
from pointsman.errors import LeaseLostError, PointsmanError
from pointsman.store import job_leases
from pointsman.store.database import Database
from pointsman.store.job_leases import Lease, Terms

_log = structlog.get_logger(__name__)

RENEWALS_PER_LEASE = 3
_HEAD_START_SECONDS = 2.0
_HEAD_START_SHARE = 0.25
_AGAIN_SECONDS = 1.0


class Leases:
    """Asks for leases on a thread of its own, so that no long job keeps another's from being renewed.

    Args:
        database: Where they are.
        owner: Answers this server's journal.
        lease_seconds: Others leave a job alone for so long after its owner last showed life.
        clock: Answers the time in UTC microseconds, for a database without a clock.
        draw: Answers a number from 0 to 1, for jitter.
    """

    def __init__(
        self,
        database: Database,
        owner: Callable[[], str],
        lease_seconds: float,
        clock: Callable[[], int],
        draw: Callable[[], float] = random.random,
    ) -> None:
        self._database = database
        self._owner = owner
        self._lease_seconds = lease_seconds
        self._clock = clock
        self._draw = draw
        self._thread = JobThread("leases")
        # The owner whose former run's leases are free again.
        self._released = ""

    def terms(self, job: Job) -> Terms:
        """Answers how often a job is due, and for how long it is taken."""
        return Terms(
            int(job.period_seconds * MICROSECONDS_PER_SECOND),
            int(self._lease_seconds * MICROSECONDS_PER_SECOND),
        )

    async def take(self, job: Job) -> Lease | float:
        """Takes a job; answers the lease, or how many seconds to wait where there is nothing to do.

        Raises:
            DatabaseUnavailableError: The database does not answer.
        """
        return await self._thread.run(lambda: self._take(job))

    async def keep(self, job: Job, lease: Lease, ending: Ending) -> None:
        """Renews a lease until it is cancelled, the run is over, or another server has taken the job.

        Args:
            job: The job, for whose run it is taken.
            lease: What :meth:`take` answered.
            ending: Says when the run is over, and is told when the job is lost to another server.
        """
        terms = self.terms(job)
        while True:
            await asyncio.sleep(self._lease_seconds / RENEWALS_PER_LEASE)
            if ending.is_over():
                # A run that hangs keeps nobody else from the job.
                return
            try:
                await self._thread.run(lambda: self._renew(lease, terms))
            except LeaseLostError:
                ending.lose()
                return
            except PointsmanError as error:
                # Until another server takes it over, the number still holds.
                _log.warning("a job's lease is not renewed", job=job.name, reason=str(error))

    async def finish(self, lease: Lease, *, noted: bool) -> None:
        """Notes that a job is done for its period, and gives its lease back.

        Args:
            lease: The lease.
            noted: Whether a transaction of the job has noted already that it is done.

        Raises:
            DatabaseUnavailableError: The database does not answer; the period is run again.
            LeaseLostError: Another server has taken the job.
        """
        if noted:
            await self.give_back(lease)
        else:
            await self._thread.run(lambda: self._finish(lease))

    async def give_back(self, lease: Lease) -> None:
        """Lets others take the job at once; never raises: they would wait for the end of the lease."""
        try:
            await self._thread.run(lambda: self._give_back(lease))
        except PointsmanError as error:
            _log.info("a job's lease is not given back", job=lease.job, reason=str(error))

    def close(self, seconds: float) -> None:
        """Ends the thread, waiting for it at most so long."""
        self._thread.join(seconds)

    def _take(self, job: Job) -> Lease | float:
        terms, owner = self.terms(job), self._owner()
        if owner != self._released:
            with self._database.write() as connection:
                job_leases.release(connection, owner)
            self._released = owner
        with self._database.read() as connection:
            found = job_leases.outlook(connection, job.name, terms, self._clock())
            if not found.wait_us and job.needed is not None and not job.needed(connection):
                return job.period_seconds
        if not found.wait_us:
            with self._database.write() as connection:
                lease = job_leases.take(connection, job.name, owner, terms, self._clock())
            if lease is not None:
                return lease
        # Whoever did it last has a head start, for it may have at hand what it needs again.
        head_start = 0.0
        if found.owner != owner:
            head_start = min(_HEAD_START_SECONDS, _HEAD_START_SHARE * job.period_seconds)
        wait = found.wait_us / MICROSECONDS_PER_SECOND or min(_AGAIN_SECONDS, job.period_seconds)
        return wait + head_start * self._draw()

    def _renew(self, lease: Lease, terms: Terms) -> None:
        with self._database.write() as connection:
            job_leases.renew(connection, lease, terms, self._clock())

    def _finish(self, lease: Lease) -> None:
        with self._database.write() as connection:
            job_leases.finish(connection, lease)
            job_leases.give_back(connection, lease)

    def _give_back(self, lease: Lease) -> None:
        with self._database.write() as connection:
            job_leases.give_back(connection, lease)
