"""What the drift service works with, put together."""

from collections.abc import Callable
from pathlib import Path

from pointsman.control.drift.alert_settings import AlertDesk
from pointsman.control.drift.alerting.channels import Messenger
from pointsman.control.drift.alerting.delivering import AlertDelivery
from pointsman.control.drift.alerting.desk import AlertRuleDesk
from pointsman.control.drift.analyses import Analyses
from pointsman.control.drift.baselines import Baselines
from pointsman.control.drift.history import PerformanceDesk
from pointsman.control.drift.local_runner import LocalRunner
from pointsman.control.drift.predictions import PredictionDesk
from pointsman.control.drift.reports import Reports
from pointsman.control.drift.schedule import AnalysisSchedule
from pointsman.control.drift.shipping import LoggedShipping
from pointsman.control.drift.starting import AnalysisStarter
from pointsman.control.drift.truth_uploads import TruthUploads
from pointsman.control.drift.upkeep import DriftUpkeep
from pointsman.control.drift.watching import AnalysisWatch
from pointsman.control.drift.windowed_baselines import WindowBaselines
from pointsman.control.jobs.job import Job
from pointsman.control.lake.folder import LakeFolder
from pointsman.control.lanes import Lanes
from pointsman.domain.drift.alerting.channels import AlertChannels
from pointsman.domain.drift.truth_uploads import TruthUploadLimits
from pointsman.domain.ports.analysing import AnalysisRunner
from pointsman.domain.ports.journal import JournalTail
from pointsman.lake.engine import Engine
from pointsman.lake.models.records import ModelRecords
from pointsman.lake.models.snapshot import ModelSnapshots
from pointsman.lake.models.truth_matches import TruthMatches
from pointsman.store.database import Database


class DriftParts:
    """The parts of the drift service.

    Args:
        database: Where everything is kept.
        database_url: The same, for programs of analyses.
        journal: What is in no file of the lake yet.
        engine: Where the lake is queried.
        lake_folder: The lake's folder.
        work_folder: Where programs of analyses have folders; this process's alone.
        retention_days: How long logged predictions and outcomes are kept.
        ground_truth: What uploads of outcomes may take up.
        lanes: The threads for periodic work.
        clock: Answers the time in UTC microseconds.
        channels: Where alerts go.
        runner: Where programs of analyses run; None for processes of this machine.
    """

    def __init__(
        self,
        database: Database,
        database_url: str,
        journal: JournalTail,
        engine: Engine,
        lake_folder: Path,
        work_folder: Path,
        *,
        retention_days: int,
        ground_truth: TruthUploadLimits,
        lanes: Lanes,
        clock: Callable[[], int],
        channels: AlertChannels,
        runner: AnalysisRunner | None = None,
    ) -> None:
        snapshots = ModelSnapshots(database, journal, lake_folder)
        self._runner = runner or LocalRunner()
        self._upkeep = DriftUpkeep(retention_days, lanes, clock)
        folder = LakeFolder(lake_folder)
        self.shipping = LoggedShipping(folder, journal, lanes, clock, is_sqlite=database.is_sqlite)
        records = ModelRecords(database, snapshots, engine)
        self.predictions = PredictionDesk(database, records, clock)
        self.performance = PerformanceDesk(database, records, clock)
        matches = TruthMatches(database, snapshots, engine)
        self.truth_uploads = TruthUploads(database, matches, ground_truth, clock)
        self.baselines = Baselines(database, clock)
        self.window_baselines = WindowBaselines(database, records, self.baselines, clock)
        self.analyses = Analyses(database, clock)
        self.reports = Reports(self.analyses, self.performance)
        self.alerts = AlertDesk(database, clock)
        messenger = Messenger(channels, clock)
        self.alert_rules = AlertRuleDesk(database, messenger.names, clock)
        self._delivery = AlertDelivery(messenger, clock)
        starter = AnalysisStarter(snapshots, self._runner, database_url, work_folder)
        self.watch = AnalysisWatch(database, starter, self._runner, clock)
        self._schedule = AnalysisSchedule(self.watch, clock)

    def jobs(self) -> list[Job]:
        """Answers the periodic work."""
        upkeep = [*self.shipping.jobs(), *self._upkeep.jobs()]
        return [self.watch.job(), self._schedule.job(), *upkeep, self._delivery.job()]
