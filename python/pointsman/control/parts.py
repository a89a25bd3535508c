"""What the control plane consists of, put together."""

import socket
from collections.abc import Callable
from functools import partial

from pointsman.control.access.keys import ApiKeys
from pointsman.control.access.signing import SigningKeys
from pointsman.control.access.users import Users
from pointsman.control.database_watch import DatabaseWatch
from pointsman.control.definitions.applying import Definitions
from pointsman.control.definitions.backends import DefinitionBackends
from pointsman.control.drift.parts import DriftParts
from pointsman.control.folders import ControlFolders
from pointsman.control.jobs.job import WHEN_WOKEN, Job, JobContext, Scope
from pointsman.control.jobs.scheduler import Scheduler
from pointsman.control.journals.applier import Applier
from pointsman.control.journals.feedback import FeedbackDesk
from pointsman.control.journals.journal_keeper import JournalKeeper
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
from pointsman.control.router_records import RouterRecords
from pointsman.control.routing.allocation import Allocations
from pointsman.control.routing.bandit_epochs import LearningResets
from pointsman.control.routing.canaries import Canaries
from pointsman.control.routing.deployment import Deployments
from pointsman.control.routing.explaining import Explanations
from pointsman.control.routing.overrides import Overrides
from pointsman.control.routing.parts import RouterParts
from pointsman.control.routing.replays import Replays
from pointsman.control.routing.revision_upkeep import RevisionUpkeep
from pointsman.control.routing.revisions import Revisions
from pointsman.control.routing.router_reading import RouterReader
from pointsman.control.routing.routers import RouterRegistry
from pointsman.control.routing.shadows import ShadowComparisons
from pointsman.control.upkeep import Upkeep
from pointsman.control.write_ahead_log import WriteAheadLog
from pointsman.domain.ports.core import Core
from pointsman.domain.ports.replica import Replica
from pointsman.lake.engine import LakeOptions
from pointsman.lake.reader import LakeReader
from pointsman.store.database import Database

_CHANGES, _ERASURES, _ERASED = "changes", "erasures", "erased-predictions"


class ControlParts:
    """The parts of one process's control plane. Nothing runs yet and no database is asked.

    Args:
        database_url: ``sqlite:///path`` or ``postgresql://…``.
        core: What is computed without any replica.
        replica: The replica that this control plane serves.
        folders: Where its files are.
        endpoint: The ``host:port`` that answers name as the endpoint to call.
        loopback: Whether the data plane is reachable from this machine only.
        options: Limits and times.
        clock: Answers the time in UTC microseconds.

    Attributes:
        jobs: The periodic work; what is added before it starts runs beside the control plane's own.

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
        options: ControlOptions,
        clock: Callable[[], int],
    ) -> None:
        self.core = core
        self.database = Database(database_url, options.reader_threads + 4)
        self.lanes = Lanes(options.reader_threads)
        self.publisher = Publisher(
            self.database,
            replica,
            open_without_keys=loopback,
            horizon_days=options.feedback_horizon_days,
            clock=clock,
        )
        changes = Changes(self.database, self.publisher, clock)
        self.keeper = JournalKeeper(self.database, replica, options.journal_lease_seconds, clock)
        self.learning = LearningLoop(self.database, replica, clock)
        self.applier = Applier(self.database, replica, self.keeper, clock, self.learning.wake)
        self.reader = LakeReader(
            self.database,
            core,
            replica,
            folders.lake,
            folders.temporary,
            LakeOptions(memory_bytes=options.lake_query_memory_bytes),
        )
        self.lake = LakeParts(
            self.database,
            core,
            replica,
            self.keeper,
            self.applier,
            folders.lake,
            f"{socket.gethostname()}:{folders.data}",
            options,
            clock,
        )
        self.signing = SigningKeys(self.database, changes, options.feedback_horizon_days)
        refusals = self.publisher.refusals
        self.deployments = Deployments(
            self.database, changes, replica, refusals, self.lanes, options.deploy_timeout_seconds
        )
        self.uploads = Uploads(
            self.database,
            core,
            folders.models,
            options.uploads,
            clock,
        )
        self.models = ModelRegistry(
            self.database,
            changes,
            core,
            replica,
            options.probe_timeout_seconds,
            self.uploads.keep,
        )
        self.model_access = ModelAccess(changes)
        self.file_look = FileLook(replica)
        self.dry_runs = DryRuns(replica, options.probe_timeout_seconds)
        revisions = Revisions(self.database, changes, core)
        registry = RouterRegistry(changes, core)
        overrides = Overrides(self.database, changes)
        bandits = BanditWatch(self.database, core, replica, self.learning, clock)
        records = RouterRecords(
            self.database,
            replica,
            self.applier,
            self.reader,
            revisions,
            bandits,
            clock,
            options.feedback_horizon_days,
        )
        self.routers = RouterParts(
            routers=registry,
            reader=RouterReader(self.database, replica, refusals),
            allocations=Allocations(changes, core),
            canaries=Canaries(changes, registry),
            resets=LearningResets(changes, core),
            bandits=bandits,
            overrides=overrides,
            explanations=Explanations(self.database, core, replica),
            deployments=self.deployments,
            records=records,
            revisions=revisions,
            replays=Replays(self.database, core, records, self.reader, clock),
            shadows=ShadowComparisons(self.database, self.applier, self.reader, clock),
            erasure=self.lake.erasure,
            lanes=self.lanes,
            endpoint=endpoint,
        )
        self.definitions = Definitions(
            self.database,
            changes,
            DefinitionBackends(replica, refusals, self.models, self.lanes, options.deploy_timeout_seconds),
            refusals,
            self.models,
            registry,
            self.lanes,
        )
        self.drift = DriftParts(
            self.database,
            database_url,
            replica,
            self.reader.engine,
            folders.lake,
            folders.analyses,
            retention_days=options.retention_days,
            ground_truth=options.ground_truth,
            lanes=self.lanes,
            clock=clock,
            channels=options.alerts,
        )
        self.keys = ApiKeys(self.database, changes, clock)
        self.users = Users(self.database, changes)
        self.feedback = FeedbackDesk(self.database, replica, self.reader)
        self._learning_upkeep = LearningUpkeep(self.lanes, clock)
        self._sticky_tables = StickyTables(self.database, changes, core, self.lanes, clock)
        revision_upkeep = RevisionUpkeep(self.database, clock)
        self._upkeep = Upkeep(self.deployments, overrides, revision_upkeep, self.lanes, options, clock)
        self.jobs = Scheduler(
            self.database,
            lambda: self.keeper.hold.journal_id,
            options.job_lease_seconds,
            clock,
        )
        self.watch = DatabaseWatch(
            self.database,
            lambda: self.keeper.hold.journal_id,
            lambda: self.publisher.revision,
            lambda: self.lake.refused_feedback.told,
            options.poll_interval_seconds,
            on_changes=lambda: self.jobs.wake(_CHANGES),
            on_erasures=lambda: self.jobs.wake(_ERASURES),
            on_erased=lambda: self.jobs.wake(_ERASED),
        )
        self._add_jobs((options.poll_interval_seconds,))

    def _add_jobs(self, pause: tuple[float, ...]) -> None:
        """Lists all periodic work there is, but for the threads that follow the replica itself."""
        woken = partial(Job, period_seconds=WHEN_WOKEN, scope=Scope.SERVER, retry_seconds=pause)
        for job in (
            self.watch.job(),
            woken(_CHANGES, run=self._follow_changes, lane=self.lanes.write),
            woken(_ERASURES, run=self._carry_out_erasures, lane=self.lanes.erase),
            woken(_ERASED, run=self._refuse_feedback),
            self.keeper.job(),
            *self.lake.jobs(),
            *self._upkeep.jobs(),
            *WriteAheadLog(self.database).jobs(),
            self._learning_upkeep.job(),
            self._sticky_tables.job(),
            self.uploads.job(),
            self.file_look.job(),
            *self.drift.jobs(),
        ):
            self.jobs.add(job)

    def _follow_changes(self, _: JobContext) -> bool:
        self.publisher.sync()
        return False

    def _carry_out_erasures(self, _: JobContext) -> bool:
        self.lake.erasure.go_on()
        return False

    def _refuse_feedback(self, _: JobContext) -> bool:
        self.lake.refused_feedback.tell()
        return False
