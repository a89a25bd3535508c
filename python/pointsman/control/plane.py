"""The control plane's life: it opens the database, serves calls, runs periodic work, and ends in order."""

import asyncio
import contextlib
import time
from collections.abc import Callable

import grpc
import structlog

from pointsman.control.folders import ControlFolders
from pointsman.control.journals.journal_keeper import left_behind_facts
from pointsman.control.lake.gauges import manifest_gauges
from pointsman.control.options import ControlOptions
from pointsman.control.parts import ControlParts
from pointsman.control.server import make_server
from pointsman.control.upkeep import ABANDONED_AFTER_SECONDS
from pointsman.domain.ports.core import Core
from pointsman.domain.ports.replica import Replica
from pointsman.errors import (
    DatabaseTooNewError,
    DatabaseUnavailableError,
    JournalHeldError,
    PointsmanError,
)
from pointsman.store.migrate import migrate

_log = structlog.get_logger(__name__)

_FIRST_ATTEMPT_SECONDS = 5.0
_RETRY_SECONDS = (0.5, 1.0, 2.0, 5.0)
_LEAST_GRACE_SECONDS = 1.0


def clock_us() -> int:
    """Answers the time in UTC microseconds."""
    return time.time_ns() // 1000


class ControlPlane:
    """The control plane of one process.

    Args:
        database_url: ``sqlite:///path`` or ``postgresql://…``.
        core: What is computed without any replica.
        replica: The replica that this control plane serves: it publishes there, and reads there what the
            replica counted and recorded.
        folders: Where its files are.
        endpoint: The ``host:port`` that answers name as the endpoint to call.
        loopback: Whether the data plane is reachable from this machine only. While no key exists, calls
            without a key are then the local admin's; otherwise they are refused.
        options: Limits and times.
        clock: Answers the time in UTC microseconds.

    Attributes:
        parts: What it consists of.
        jobs: The periodic work; what is added before :meth:`start` runs beside the control plane's own.

    Raises:
        InvalidArgumentError: The database URL is of no known kind.
    """

    def __init__(
        self,
        database_url: str,
        core: Core,
        replica: Replica,
        folders: ControlFolders,
        *,
        endpoint: str,
        loopback: bool,
        options: ControlOptions | None = None,
        clock: Callable[[], int] = clock_us,
    ) -> None:
        self._options = options or ControlOptions()
        self._clock = clock
        self._socket_path = folders.socket_path
        self.parts = ControlParts(
            database_url,
            core,
            replica,
            folders,
            endpoint=endpoint,
            loopback=loopback,
            options=self._options,
            clock=clock,
        )
        self.jobs = self.parts.jobs
        self._server: grpc.aio.Server | None = None
        self._too_new: DatabaseTooNewError | None = None
        self._opening: asyncio.Task[None] | None = None
        self._reason = "the control plane is starting; try again in a moment"

    @property
    def ready(self) -> bool:
        """Whether the database is migrated and the replica has its state."""
        return not self.reason

    @property
    def reason(self) -> str:
        """Why it is not ready, in words; empty when it is."""
        return self._reason or self.parts.watch.reason or self.parts.keeper.reason

    @property
    def refused(self) -> list[str]:
        """What the replica cannot use of the state, in sentences."""
        return self.parts.publisher.refusals.described()

    @property
    def degraded(self) -> list[str]:
        """What is refused, and files that are not the registered ones, in sentences; calls are answered."""
        return [*self.refused, *self.parts.file_look.described]

    @property
    def open_access(self) -> bool:
        """Whether calls without a key are the local admin's, because no key exists yet."""
        return self.parts.publisher.open_access

    def left_behind_journals(self) -> list[dict[str, object]]:
        """Answers what is known of journals whose servers are gone, as of the last look."""
        now_us = self._clock()
        return [left_behind_facts(journal, now_us) for journal in self.parts.keeper.left_behind]

    def metrics(self) -> str:
        """Writes what the control plane measures in the Prometheus text format."""
        gauges = "" if self.reason else manifest_gauges(self.parts.database)
        return gauges + self.parts.publisher.refusals.metrics() + self.jobs.metrics()

    async def rotate_signing_key(self) -> int:
        """Signs prediction ids with a new key from now on; the old ones verify until the feedback horizon.

        Returns:
            The new key's id.

        Raises:
            FailedPreconditionError: All 256 ids are in use.
        """
        return await self.parts.lanes.write(self.parts.signing.rotate)

    async def start(self) -> None:
        """Starts to serve; returns within seconds even when the database does not answer.

        Calls are answered UNAVAILABLE until the database does; the data plane serves what it has meanwhile.

        Raises:
            DatabaseTooNewError: A newer release has migrated the database.
        """
        server = make_server(self.parts, self._socket_path, self._options, lambda: self.reason)
        await server.start()
        self._server = server
        attempted = asyncio.Event()
        self._opening = asyncio.create_task(self._open(attempted))
        # Goes on in the background when the database takes longer than that to answer or to refuse.
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(attempted.wait(), _FIRST_ATTEMPT_SECONDS)
        if self._too_new is not None:
            await self.stop(0)
            raise self._too_new

    async def stop(self, grace_seconds: float) -> None:
        """Finishes the calls in progress within the grace, stores what the journal has and closes.

        The data plane must have drained, so that nothing more comes into the journal.
        """
        deadline = time.monotonic() + grace_seconds
        # A database that hangs holds up the end no longer than one that answers.
        self.parts.database.end_within(grace_seconds + _LEAST_GRACE_SECONDS)
        if self._server is not None:
            await self._server.stop(grace_seconds)
            self._server = None
        if self._opening is not None:
            self._opening.cancel()
            await asyncio.gather(self._opening, return_exceptions=True)
        # What waits for the lake would hold up the end, and goes on after the next start.
        self.parts.lake.end_waits()
        await self.jobs.stop(_left(deadline))
        await asyncio.to_thread(self.parts.lanes.close)
        await asyncio.to_thread(self._end_analyses)
        await asyncio.to_thread(self.parts.applier.stop, _left(deadline))
        await asyncio.to_thread(self.parts.learning.stop, _left(deadline))
        await asyncio.to_thread(self.parts.lake.finish, deadline)
        await asyncio.to_thread(self.parts.keeper.release)
        await asyncio.to_thread(self.parts.reader.close)
        await asyncio.to_thread(self.parts.database.close)

    async def _open(self, attempted: asyncio.Event) -> None:
        """Migrates the database and publishes its state; goes on until both have worked.

        Args:
            attempted: Is set after the first attempt, whatever came of it.
        """
        attempt = 0
        while True:
            try:
                await self.parts.lanes.write(self._prepare)
            except DatabaseTooNewError as error:
                self._reason = str(error)
                self._too_new = error
                _log.error("the database is too new", reason=str(error))
                attempted.set()
                return
            except DatabaseUnavailableError as error:
                self._reason = str(error)
                _log.warning("waiting for the database", reason=str(error))
            except JournalHeldError as error:
                self._reason = str(error)
                _log.info("waiting for the journal's former holder", reason=str(error))
            except PointsmanError as error:
                self._reason = f"the control plane cannot start: {error}"
                _log.error("cannot publish", reason=str(error))
            except Exception:  # noqa: BLE001 - whatever it is, attempts must not end unseen
                self._reason = "the control plane cannot start; the server's log says why"
                _log.exception("cannot start")
            else:
                self._reason = ""
                _log.info("control plane ready", generation=self.parts.publisher.generation)
                break
            attempted.set()
            await asyncio.sleep(_RETRY_SECONDS[min(attempt, len(_RETRY_SECONDS) - 1)])
            attempt += 1
        self.parts.applier.start()
        self.parts.learning.start()
        self.parts.lake.start()
        self.jobs.start()
        attempted.set()

    def _end_analyses(self) -> None:
        # Without the database they are found by others, by their silence.
        with contextlib.suppress(DatabaseUnavailableError):
            self.parts.drift.watch.stop()

    def _prepare(self) -> None:
        migrate(self.parts.database)
        self.parts.lake.refused_feedback.tell()
        self.parts.lake.presence.begin()
        self.parts.learning.begin()
        self.parts.publisher.publish_all()
        self.parts.signing.ensure()
        # A file belongs to this process alone; a server may be shared with one that is deploying.
        age_us = 0 if self.parts.database.is_sqlite else int(ABANDONED_AFTER_SECONDS * 1_000_000)
        self.parts.deployments.fail_abandoned(self._clock() - age_us + 1)
        self.parts.keeper.take()


def _left(deadline: float) -> float:
    """Answers what is left of a grace: a moment at least, in which most of it is done."""
    return max(_LEAST_GRACE_SECONDS, deadline - time.monotonic())
