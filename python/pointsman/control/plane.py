"""The control plane put together: store, publisher, journal, lake and the gRPC server on its socket."""

import asyncio
import contextlib
import socket
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import grpc
import structlog

from pointsman.control.access.keys import ApiKeys
from pointsman.control.access.signing import SigningKeys
from pointsman.control.database_watch import DatabaseWatch
from pointsman.control.definitions.applying import Definitions
from pointsman.control.definitions.backends import DefinitionBackends
from pointsman.control.drift.parts import DriftParts
from pointsman.control.interceptor import Gate
from pointsman.control.jobs.job import WHEN_WOKEN, Job, JobContext, Scope
from pointsman.control.jobs.scheduler import Scheduler
from pointsman.control.journals.applier import Applier
from pointsman.control.journals.feedback import FeedbackDesk
from pointsman.control.journals.journal_keeper import JournalKeeper, left_behind_facts
from pointsman.control.lake.gauges import manifest_gauges
from pointsman.control.lake.parts import LakeParts
from pointsman.control.lanes import Lanes
from pointsman.control.learning.assessing import BanditWatch
from pointsman.control.learning.loop import LearningLoop
from pointsman.control.learning.sticky_tables import StickyTables
from pointsman.control.learning.upkeep import LearningUpkeep
from pointsman.control.options import ControlOptions
from pointsman.control.publishing.changes import Changes
from pointsman.control.publishing.publisher import Publisher
from pointsman.control.registry.dry_runs import DryRuns
from pointsman.control.registry.file_faults import FileLook
from pointsman.control.registry.models import ModelRegistry
from pointsman.control.registry.permissions import ModelAccess
from pointsman.control.registry.uploads import Uploads
from pointsman.control.routing.allocation import Allocations
from pointsman.control.routing.bandit_epochs import LearningResets
from pointsman.control.routing.canaries import Canaries
from pointsman.control.routing.deployment import Deployments
from pointsman.control.routing.explaining import Explanations
from pointsman.control.routing.overrides import Overrides
from pointsman.control.routing.replays import Replays
from pointsman.control.routing.revision_upkeep import RevisionUpkeep
from pointsman.control.routing.revisions import Revisions
from pointsman.control.routing.router_reading import RouterReader
from pointsman.control.routing.routers import RouterRegistry
from pointsman.control.routing.shadows import ShadowComparisons
from pointsman.control.servicers.definitions import DefinitionServicer
from pointsman.control.servicers.drift import DriftServicer
from pointsman.control.servicers.keys import ApiKeyServicer
from pointsman.control.servicers.models import ModelServicer
from pointsman.control.servicers.predictions import PredictionServicer
from pointsman.control.servicers.routers import RouterParts, RouterServicer
from pointsman.control.upkeep import ABANDONED_AFTER_SECONDS, Upkeep
from pointsman.control.watching import RouterWatch
from pointsman.control.write_ahead_log import WriteAheadLog
from pointsman.domain.ports.core import Core
from pointsman.domain.ports.replica import Replica
from pointsman.errors import (
    DatabaseTooNewError,
    DatabaseUnavailableError,
    JournalHeldError,
    PointsmanError,
)
from pointsman.lake.engine import LakeOptions
from pointsman.lake.reader import LakeReader
from pointsman.store.database import Database
from pointsman.store.migrate import migrate
from pointsman.v1 import (
    definition_pb2_grpc,
    drift_pb2_grpc,
    key_pb2_grpc,
    model_pb2_grpc,
    prediction_pb2_grpc,
    router_pb2_grpc,
)

_log = structlog.get_logger(__name__)

_FIRST_ATTEMPT_SECONDS = 5.0
_RETRY_SECONDS = (0.5, 1.0, 2.0, 5.0)
_LEAST_GRACE_SECONDS = 1.0
_CHANGES, _ERASURES, _ERASED = "changes", "erasures", "erased-predictions"


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
        socket_path: The unix socket on which the replica brings calls; its folder must be 0700.
        lake_folder: Where the replica writes the lake.
        temporary_folder: Where queries over it put what does not fit into memory; this process's alone.
        data_dir: The data folder, with the models folder, by which answers of others name this server; None
            means that of the socket.
        endpoint: The ``host:port`` that answers name as the endpoint to call.
        loopback: Whether the data plane is reachable from this machine only. While no key exists, calls
            without a key are then the local admin's; otherwise they are refused.
        options: Limits and times.
        clock: Answers the time in UTC microseconds.

    Attributes:
        jobs: The periodic work; what is added before :meth:`start` runs beside the control plane's own.

    Raises:
        InvalidArgumentError: The database URL is of no known kind.
    """

    def __init__(
        self,
        database_url: str,
        core: Core,
        replica: Replica,
        socket_path: Path,
        lake_folder: Path,
        temporary_folder: Path,
        *,
        endpoint: str,
        loopback: bool,
        data_dir: Path | None = None,
        options: ControlOptions | None = None,
        clock: Callable[[], int] = clock_us,
    ) -> None:
        self._options = options or ControlOptions()
        self._clock = clock
        self._socket_path = socket_path
        self._database = Database(database_url, self._options.reader_threads + 4)
        self._lanes = Lanes(self._options.reader_threads)
        self._publisher = Publisher(
            self._database,
            replica,
            open_without_keys=loopback,
            horizon_days=self._options.feedback_horizon_days,
            clock=clock,
        )
        changes = Changes(self._database, self._publisher, clock)
        self._keeper = JournalKeeper(self._database, replica, self._options.journal_lease_seconds, clock)
        self._learning = LearningLoop(self._database, replica, clock)
        self._applier = Applier(self._database, replica, self._keeper, clock, self._learning.wake)
        self._reader = LakeReader(
            self._database,
            core,
            replica,
            lake_folder,
            temporary_folder,
            LakeOptions(memory_bytes=self._options.lake_query_memory_bytes),
        )
        self._lake = LakeParts(
            self._database,
            core,
            replica,
            self._keeper,
            self._applier,
            lake_folder,
            f"{socket.gethostname()}:{data_dir or socket_path.parent}",
            self._options,
            clock,
        )
        self._signing = SigningKeys(self._database, changes, self._options.feedback_horizon_days)
        refusals = self._publisher.refusals
        self._deployments = Deployments(
            self._database, changes, replica, refusals, self._lanes, self._options.deploy_timeout_seconds
        )
        self._uploads = Uploads(
            self._database,
            core,
            (data_dir or socket_path.parent) / "models",
            self._options.uploads,
            clock,
        )
        self._models = ModelRegistry(
            self._database,
            changes,
            core,
            replica,
            self._options.probe_timeout_seconds,
            self._uploads.keep,
        )
        self._model_access = ModelAccess(changes)
        self._file_look = FileLook(replica)
        self._dry_runs = DryRuns(replica, self._options.probe_timeout_seconds)
        revisions = Revisions(self._database, changes, core)
        registry = RouterRegistry(changes, core)
        overrides = Overrides(self._database, changes)
        bandits = BanditWatch(self._database, core, replica, self._learning, clock)
        watch = RouterWatch(
            self._database,
            replica,
            self._applier,
            self._reader,
            revisions,
            bandits,
            clock,
            self._options.feedback_horizon_days,
        )
        self._routers = RouterParts(
            routers=registry,
            reader=RouterReader(self._database, replica, refusals),
            allocations=Allocations(changes, core),
            canaries=Canaries(changes, registry),
            resets=LearningResets(changes, core),
            bandits=bandits,
            overrides=overrides,
            explanations=Explanations(self._database, core, replica),
            deployments=self._deployments,
            watch=watch,
            revisions=revisions,
            replays=Replays(self._database, core, watch, self._reader, clock),
            shadows=ShadowComparisons(self._database, self._applier, self._reader, clock),
            erasure=self._lake.erasure,
            lanes=self._lanes,
            endpoint=endpoint,
        )
        self._definitions = DefinitionServicer(
            Definitions(
                self._database,
                changes,
                DefinitionBackends(
                    replica, refusals, self._models, self._lanes, self._options.deploy_timeout_seconds
                ),
                refusals,
                self._models,
                self._routers.routers,
                self._lanes,
            ),
            core,
        )
        self._drift = DriftParts(
            self._database,
            database_url,
            replica,
            self._reader.engine,
            lake_folder,
            (data_dir or socket_path.parent) / "analyses",
            retention_days=self._options.retention_days,
            ground_truth=self._options.ground_truth,
            lanes=self._lanes,
            clock=clock,
            channels=self._options.alerts,
        )
        self._keys = ApiKeys(self._database, changes, clock)
        self._feedback = FeedbackDesk(self._database, replica, self._reader)
        self._revision_upkeep = RevisionUpkeep(self._database, clock)
        self._learning_upkeep = LearningUpkeep(self._lanes, clock)
        self._sticky_tables = StickyTables(self._database, changes, core, self._lanes, clock)
        self._upkeep = Upkeep(
            self._deployments, overrides, self._revision_upkeep, self._lanes, self._options, clock
        )
        self.jobs = Scheduler(
            self._database,
            lambda: self._keeper.hold.journal_id,
            self._options.job_lease_seconds,
            clock,
        )
        self._watch = DatabaseWatch(
            self._database,
            lambda: self._keeper.hold.journal_id,
            lambda: self._publisher.revision,
            lambda: self._lake.refused_feedback.told,
            self._options.poll_interval_seconds,
            on_changes=lambda: self.jobs.wake(_CHANGES),
            on_erasures=lambda: self.jobs.wake(_ERASURES),
            on_erased=lambda: self.jobs.wake(_ERASED),
        )
        self._add_jobs()
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
        return self._reason or self._watch.reason or self._keeper.reason

    @property
    def refused(self) -> list[str]:
        """What the replica cannot use of the state, in sentences."""
        return self._publisher.refusals.described()

    @property
    def degraded(self) -> list[str]:
        """What is refused, and files that are not the registered ones, in sentences; calls are answered."""
        return [*self.refused, *self._file_look.described]

    @property
    def open_access(self) -> bool:
        """Whether calls without a key are the local admin's, because no key exists yet."""
        return self._publisher.open_access

    def left_behind_journals(self) -> list[dict[str, object]]:
        """Answers what is known of journals whose servers are gone, as of the last look."""
        now_us = self._clock()
        return [left_behind_facts(journal, now_us) for journal in self._keeper.left_behind]

    def metrics(self) -> str:
        """Writes what the control plane measures in the Prometheus text format."""
        gauges = "" if self.reason else manifest_gauges(self._database)
        return gauges + self._publisher.refusals.metrics() + self.jobs.metrics()

    async def rotate_signing_key(self) -> int:
        """Signs prediction ids with a new key from now on; the old ones verify until the feedback horizon.

        Returns:
            The new key's id.

        Raises:
            FailedPreconditionError: All 256 ids are in use.
        """
        return await self._lanes.write(self._signing.rotate)

    async def start(self) -> None:
        """Starts to serve; returns within seconds even when the database does not answer.

        Calls are answered UNAVAILABLE until the database does; the data plane serves what it has meanwhile.

        Raises:
            DatabaseTooNewError: A newer release has migrated the database.
        """
        await self._serve()
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
        self._database.end_within(grace_seconds + _LEAST_GRACE_SECONDS)
        if self._server is not None:
            await self._server.stop(grace_seconds)
            self._server = None
        if self._opening is not None:
            self._opening.cancel()
            await asyncio.gather(self._opening, return_exceptions=True)
        # What waits for the lake would hold up the end, and goes on after the next start.
        self._lake.end_waits()
        await self.jobs.stop(_left(deadline))
        await asyncio.to_thread(self._lanes.close)
        await asyncio.to_thread(self._end_analyses)
        await asyncio.to_thread(self._applier.stop, _left(deadline))
        await asyncio.to_thread(self._learning.stop, _left(deadline))
        await asyncio.to_thread(self._lake.finish, deadline)
        await asyncio.to_thread(self._keeper.release)
        await asyncio.to_thread(self._reader.close)
        await asyncio.to_thread(self._database.close)

    async def _serve(self) -> None:
        options = [
            ("grpc.max_receive_message_length", self._options.max_message_bytes),
            ("grpc.max_send_message_length", self._options.max_message_bytes),
        ]
        server = grpc.aio.server(
            interceptors=[Gate(lambda: self.reason)],
            options=options,
            maximum_concurrent_rpcs=self._options.max_concurrent_calls,
        )
        models = ModelServicer(self._models, self._model_access, self._dry_runs, self._uploads, self._lanes)
        routers = RouterServicer(self._routers)
        keys = ApiKeyServicer(self._keys, self._lanes)
        predictions = PredictionServicer(self._feedback, self._lanes)
        key_pb2_grpc.add_ApiKeyServiceServicer_to_server(keys, server)  # type: ignore[no-untyped-call]
        prediction_pb2_grpc.add_PredictionServiceServicer_to_server(predictions, server)  # type: ignore[no-untyped-call]
        model_pb2_grpc.add_ModelServiceServicer_to_server(models, server)  # type: ignore[no-untyped-call]
        router_pb2_grpc.add_RouterServiceServicer_to_server(routers, server)  # type: ignore[no-untyped-call]
        drift = DriftServicer(self._drift, self._lanes)
        drift_pb2_grpc.add_DriftServiceServicer_to_server(drift, server)  # type: ignore[no-untyped-call]
        definition_pb2_grpc.add_DefinitionServiceServicer_to_server(self._definitions, server)  # type: ignore[no-untyped-call]
        with contextlib.suppress(FileNotFoundError):
            self._socket_path.unlink()
        server.add_insecure_port(f"unix:{self._socket_path}")
        await server.start()
        self._server = server

    async def _open(self, attempted: asyncio.Event) -> None:
        """Migrates the database and publishes its state; goes on until both have worked.

        Args:
            attempted: Is set after the first attempt, whatever came of it.
        """
        attempt = 0
        while True:
            try:
                await self._lanes.write(self._prepare)
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
                _log.info("control plane ready", generation=self._publisher.generation)
                break
            attempted.set()
            await asyncio.sleep(_RETRY_SECONDS[min(attempt, len(_RETRY_SECONDS) - 1)])
            attempt += 1
        self._applier.start()
        self._learning.start()
        self._lake.start()
        self.jobs.start()
        attempted.set()

    def _add_jobs(self) -> None:
        """Lists all periodic work there is, but for the threads that follow the replica itself."""
        pause = (self._options.poll_interval_seconds,)
        woken = partial(Job, period_seconds=WHEN_WOKEN, scope=Scope.SERVER, retry_seconds=pause)
        for job in (
            self._watch.job(),
            woken(_CHANGES, run=self._follow_changes, lane=self._lanes.write),
            woken(_ERASURES, run=self._carry_out_erasures, lane=self._lanes.erase),
            woken(_ERASED, run=self._refuse_feedback),
            self._keeper.job(),
            *self._lake.jobs(),
            *self._upkeep.jobs(),
            *WriteAheadLog(self._database).jobs(),
            self._learning_upkeep.job(),
            self._sticky_tables.job(),
            self._uploads.job(),
            self._file_look.job(),
            *self._drift.jobs(),
        ):
            self.jobs.add(job)

    def _follow_changes(self, _: JobContext) -> bool:
        self._publisher.sync()
        return False

    def _carry_out_erasures(self, _: JobContext) -> bool:
        self._lake.erasure.go_on()
        return False

    def _refuse_feedback(self, _: JobContext) -> bool:
        self._lake.refused_feedback.tell()
        return False

    def _end_analyses(self) -> None:
        # Without the database they are found by others, by their silence.
        with contextlib.suppress(DatabaseUnavailableError):
            self._drift.watch.stop()

    def _prepare(self) -> None:
        migrate(self._database)
        self._lake.refused_feedback.tell()
        self._lake.presence.begin()
        self._learning.begin()
        self._publisher.publish_all()
        self._signing.ensure()
        # A file belongs to this process alone; a server may be shared with one that is deploying.
        age_us = 0 if self._database.is_sqlite else int(ABANDONED_AFTER_SECONDS * 1_000_000)
        self._deployments.fail_abandoned(self._clock() - age_us + 1)
        self._keeper.take()


def _left(deadline: float) -> float:
    """Answers what is left of a grace: a moment at least, in which most of it is done."""
    return max(_LEAST_GRACE_SECONDS, deadline - time.monotonic())
