"""A data folder that was restored from a copy, or copied to a further server, loses nothing of either."""

import json
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from tritonclient.grpc import service_pb2

from pointsman.store.database import Database
from pointsman.v1 import prediction_pb2, router_pb2
from stage.control import Control
from stage.crash.backend import RowBackend
from stage.crash.traffic import infer_bytes
from stage.oip import INFER, raw_method, receipt
from stage.postgres import Postgres
from stage.server import Server
from stage.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

READY_SECONDS = 60.0
STORE_SECONDS = 60.0
SEAL_SECONDS = "2"
"""Long enough that a copy of a running server's folder finds a segment under way."""


class Servers:
    """Servers on one database, each on a folder below one, and what they acknowledged."""

    def __init__(self, folder: Path, database_url: str) -> None:
        self.folder = folder
        self.database_url = database_url
        self.acknowledged: list[str] = []
        self._running: list[Server] = []

    def start(self, name: str) -> Server:
        """Starts a server on a folder's data, whether or not the database answers."""
        (self.folder / name).mkdir(exist_ok=True)
        settings = {"database": self.database_url, "journal__seal_after_seconds": SEAL_SECONDS}
        server = Server(self.folder / name, settings=settings)
        self._running.append(server)
        return server

    def copy(self, name: str, to: str) -> None:
        """Copies a folder's data, as a backup program does."""
        ignored = shutil.ignore_patterns("*.sock")
        shutil.copytree(self.folder / name / "data", self.folder / to / "data", ignore=ignored)

    def record(self, server: Server, count: int = 5) -> None:
        """Makes predictions and brings feedback for them; each is acknowledged."""
        with closing(Control(server.grpc)) as control:
            infer = raw_method(control.channel, INFER)
            for _ in range(count):
                answer = service_pb2.ModelInferResponse.FromString(infer(infer_bytes("r", 1), timeout=20))
                prediction_id = receipt(answer)["prediction_id"]
                request = prediction_pb2.RecordFeedbackRequest(prediction_id=prediction_id, value=1)
                assert control.predictions.RecordFeedback(request).outcome
                self.acknowledged.append(prediction_id)

    def check(self) -> None:
        """Insists that everything acknowledged gets stored, and is stored once."""
        eventually(
            lambda: self._stored() == (Counter(self.acknowledged), Counter(self.acknowledged)),
            STORE_SECONDS,
            "everything acknowledged in the database and in the lake, once",
        )

    def end(self, server: Server) -> None:
        """Ends a server, once nothing is left in its journal: what is comes at its next start."""
        self.check()
        server.end()

    def _stored(self) -> tuple[Counter[str], Counter[str]]:
        """Answers how often the feedback and the row of each prediction are stored."""
        rows: Counter[str] = Counter()
        with closing(Database(self.database_url)) as database, database.read() as connection:
            feedback = connection.exec_driver_sql("SELECT prediction_id FROM feedback").scalars().all()
            paths = connection.exec_driver_sql(
                "SELECT path, byte_count FROM lake_files"
                " WHERE kind = 'predictions' AND replace_time_us IS NULL"
            ).all()
        for path, byte_count in paths:
            places = [lake / path for lake in self.folder.glob("*/data/lake") if (lake / path).exists()]
            place = next(place for place in places if place.stat().st_size == byte_count)
            rows.update(pq.ParquetFile(place).read(columns=["prediction_id"])["prediction_id"].to_pylist())
        return Counter(feedback), rows

    def kill(self) -> None:
        for server in self._running:
            server.kill()


def control_plane(server: Server) -> dict[str, object]:
    """What ``/readyz`` says of the control plane."""
    facts: dict[str, object] = json.loads(server.get("/readyz")[1])["control_plane"]
    return facts


def wait_until_ready(server: Server) -> None:
    eventually(lambda: control_plane(server)["ready"], READY_SECONDS, "the control plane to be ready")


def journal_id(server: Server) -> str:
    return (server.data_dir / "journal" / "id").read_text().strip()


@pytest.fixture
def postgres() -> Iterator[Postgres]:
    postgres = Postgres()
    yield postgres
    postgres.close()


@pytest.fixture
def new_servers(tmp_path: Path) -> Iterator[Callable[[str], Servers]]:
    made: list[Servers] = []

    def make(database_url: str) -> Servers:
        made.append(Servers(tmp_path, database_url))
        return made[-1]

    yield make
    for servers in made:
        servers.kill()


@pytest.fixture(params=["sqlite", "postgresql"])
def servers(request: pytest.FixtureRequest, new_servers: Callable[[str], Servers], tmp_path: Path) -> Servers:
    if request.param == "postgresql":
        return new_servers(request.getfixturevalue("postgres").url)
    return new_servers(f"sqlite:///{tmp_path / 'outside.db'}")


def route(server: Server, backend: RowBackend) -> None:
    with closing(Control(server.grpc)) as control:
        control.route("r", {"a": backend.target, "b": backend.target})


def test_a_restored_folder_begins_a_journal_of_its_own_and_loses_nothing(
    servers: Servers, backend: RowBackend
) -> None:
    first = servers.start("a")
    route(first, backend)
    servers.record(first)
    servers.end(first)
    servers.copy("a", to="backup")
    later = servers.start("a")
    servers.record(later)
    servers.end(later)
    (servers.folder / "a").rename(servers.folder / "gone")
    servers.copy("backup", to="a")
    restored = servers.start("a")
    servers.record(restored)
    wait_until_ready(restored)
    servers.record(restored)
    assert journal_id(restored) != (servers.folder / "gone/data/journal/id").read_text().strip()
    assert "this data folder is a copy of one whose journal went on" in restored.log()
    servers.end(restored)
    again = servers.start("a")
    servers.record(again)
    servers.end(again)


def test_a_restored_folder_loses_nothing_that_it_acknowledged_before_the_database_answered(
    new_servers: Callable[[str], Servers], postgres: Postgres, backend: RowBackend
) -> None:
    servers = new_servers(postgres.url)
    first = servers.start("a")
    route(first, backend)
    servers.record(first)
    servers.end(first)
    servers.copy("a", to="backup")
    later = servers.start("a")
    servers.record(later)
    servers.end(later)
    (servers.folder / "a").rename(servers.folder / "gone")
    servers.copy("backup", to="a")
    postgres.stop()
    restored = servers.start("a")
    servers.record(restored)
    assert "does not answer" in str(control_plane(restored)["reason"])
    postgres.start()
    wait_until_ready(restored)
    servers.record(restored)
    servers.end(restored)


def test_a_clone_beside_its_living_original_gets_a_journal_of_its_own_and_nothing_is_lost_in_either(
    servers: Servers, backend: RowBackend
) -> None:
    original = servers.start("a")
    route(original, backend)
    servers.record(original)
    # What the original would store after the copy would tell the clone at once that it is one.
    servers.check()
    servers.copy("a", to="b")
    clone = servers.start("b")
    eventually(
        lambda: "was last held by a server that has not said that it ended" in clone.log(),
        READY_SECONDS,
        "the clone to find out whether its original lives",
    )
    for server in (clone, original):
        servers.record(server)
    wait_until_ready(clone)
    for server in (original, clone):
        servers.record(server)
    assert journal_id(clone) != journal_id(original)
    assert control_plane(original)["ready"]
    servers.end(clone)
    servers.end(original)


def test_a_clone_that_was_copied_while_its_original_stored_loses_nothing_of_either(
    servers: Servers, backend: RowBackend
) -> None:
    original = servers.start("a")
    route(original, backend)
    servers.record(original)
    servers.copy("a", to="b")
    clone = servers.start("b")
    for server in (clone, original):
        servers.record(server)
    wait_until_ready(clone)
    assert journal_id(clone) != journal_id(original)
    assert control_plane(original)["ready"]
    servers.end(clone)
    servers.end(original)


def test_a_killed_server_starts_again_at_once_under_its_id(servers: Servers, backend: RowBackend) -> None:
    first = servers.start("a")
    route(first, backend)
    servers.record(first)
    name = journal_id(first)
    # Feedback is on disk when it is acknowledged, predictions a moment later; a read waits for them.
    with closing(Control(first.grpc)) as control:
        page = control.routers.ListPredictions(router_pb2.ListPredictionsRequest(router_id="r"))
    assert {found.prediction_id for found in page.predictions} == set(servers.acknowledged)
    first.kill()
    again = servers.start("a")
    # It is ready with the first attempt; a former holder elsewhere would have been waited for.
    assert "was last held" not in again.log()
    assert journal_id(again) == name
    servers.record(again)
    servers.end(again)
