"""Servers as far as their journals go, on data folders that are copied, killed and served again."""

import itertools
import uuid
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq

from integration.store.rows import add_model, add_router
from pointsman.control.journals.applier import Applier
from pointsman.control.journals.journal_keeper import JournalKeeper
from pointsman.control.journals.registration import FileRegistration
from pointsman.domain.records.lake import LakeKind
from pointsman.errors import JournalHeldError
from pointsman.store.database import Database
from pointsman.store.migrate import migrate
from pointsman.store.recording import lake_files
from pointsman.v1 import record_pb2
from stage.lake import a_row
from stage.migrated import write_migrated

from .fake_journal import FakeJournal
from .fake_replica import FakeReplica

LEASE_SECONDS = 15.0
LOOK_SECONDS = 5.0
APPLIED = 1


class Machine:
    """The time, a database, and the numbers of what is recorded."""

    def __init__(self, url, folder):
        if url.startswith("sqlite:///"):
            write_migrated(Path(url.removeprefix("sqlite:///")))
        self.database = Database(url)
        migrate(self.database)
        for version in ("1", "2"):
            add_model(self.database, version)
        add_router(self.database, "cancer")
        self.folder = folder
        self.seconds = 1000.0
        self.numbers = itertools.count(1)
        self.lakes = {}

    def clock(self):
        return int(self.seconds * 1_000_000)

    def feedback(self):
        """The numbers of the feedback that is stored."""
        with self.database.read() as connection:
            found = connection.exec_driver_sql("SELECT value FROM feedback ORDER BY value")
            return [int(value) for (value,) in found]

    def predictions(self):
        """The numbers of the predictions that are in the manifest's files, as often as they are."""
        with self.database.read() as connection:
            files = lake_files.present(connection, LakeKind.PREDICTIONS)
        numbers = []
        for file in files:
            place = self.lakes[file.path] / file.path
            table = pq.ParquetFile(place).read(columns=["request_id"])
            assert table.num_rows == file.row_count
            numbers += [int(one.removeprefix("request-")) for one in table["request_id"].to_pylist()]
        return sorted(numbers)


class Server:
    """A server on a data folder, as far as its journal goes; nothing runs by itself."""

    def __init__(self, machine, journal=None, place=""):
        self.machine = machine
        lake = machine.folder / uuid.uuid4().hex
        if journal is None:
            journal = FakeJournal(lake, journal_id=uuid.uuid4().hex, place=place)
        else:
            journal = journal.copy(place)
            journal.lake_folder = lake
        lake.mkdir()
        self.journal = journal
        self.replica = FakeReplica(journal=journal)
        database, clock = machine.database, machine.clock
        self.keeper = JournalKeeper(
            database, self.replica, LEASE_SECONDS, clock, lambda: self.machine.seconds
        )
        self.applier = Applier(database, self.replica, self.keeper, clock)
        self.registration = FileRegistration(database, self.replica, self.keeper, clock, lambda folders: None)

    def record(self, count=1):
        """Takes feedback and predictions and acknowledges them; answers their numbers."""
        numbers = [next(self.machine.numbers) for _ in range(count)]
        for number in numbers:
            self.journal.bring(
                record_pb2.FeedbackEntry(
                    prediction_id=f"p{number}",
                    metric="reward",
                    value=number,
                    observe_time_us=7,
                    router_id="cancer",
                    variant="lr",
                    propensity=0.5,
                    prediction_time_us=10,
                    counted=True,
                )
            )
            self.journal.predict(a_row(1_700_000_000_000_000 + number, number, router_id="cancer"))
        return numbers

    def take(self, *, waits=True):
        """Meets the database for the first time; waits as long as it must for a former holder."""
        for _ in range(20):
            try:
                self.keeper.take()
            except JournalHeldError:
                if not waits:
                    raise
                self.machine.seconds += LOOK_SECONDS
            else:
                return self
        raise AssertionError("it never became clear who holds the journal")

    def store_feedback(self):
        self.applier.apply_now()

    def store_predictions(self):
        self.journal.seal_predictions()
        for _ in range(3):
            self.registration._step(0.0)
            with self.machine.database.read() as connection:
                for path in lake_files.all_paths(connection):
                    self.machine.lakes.setdefault(path, self.journal.lake_folder)

    def store(self):
        """Stores what the journal has."""
        self.store_feedback()
        self.store_predictions()

    def end(self):
        """Stores what the journal has and says that it ends."""
        self.store()
        self.keeper.release()
        return self


def assert_stored_once(machine, numbers, *servers):
    assert machine.predictions() == sorted(numbers)
    assert machine.feedback() == sorted(numbers)
    for server in servers:
        outcomes = Counter(server.journal.outcomes.values())
        assert set(outcomes) <= {APPLIED}, "applied more than once"
