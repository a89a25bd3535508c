"""Two servers on one PostgreSQL: what one erases is in no row of a table, and in no file of either."""

from collections.abc import Callable, Iterator
from pathlib import Path

import grpc
import pytest
import sqlalchemy

from pointsman.v1 import prediction_pb2, router_pb2
from stage.control import Control
from stage.file_contents import holding
from stage.oip import infer, infer_request, receipt
from stage.recording_backend import RecordingBackend
from stage.server import Server
from stage.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

ENTITY, OTHER = "Wilhelmina-of-Orange-4711", "somebody-else-0815"
CALLS = 6
PATIENCE_SECONDS = 60.0


class Pair:
    """Two servers that share a database, called for two entities alike."""

    def __init__(self, url: str, folder: Path, target: str) -> None:
        self.url = url
        self.servers = []
        for name in ("east", "west"):
            (folder / name).mkdir()
            self.servers.append(Server(folder / name, settings={"database": url}))
        self.controls = [Control(server.grpc) for server in self.servers]
        self.controls[0].route("r", {"a": target, "b": target})
        self.ids: dict[str, list[str]] = {ENTITY: [], OTHER: []}
        for control in self.controls:
            eventually(lambda control=control: self._call(control, OTHER), what="the router on both servers")  # type: ignore[misc]
            for entity in (ENTITY, OTHER) * CALLS:
                assert self._call(control, entity)

    def _call(self, control: Control, entity: str) -> bool:
        try:
            answer = infer(control.channel, infer_request("r"), metadata=(("pointsman-entity-id", entity),))
        except grpc.RpcError as error:
            if error.code() is not grpc.StatusCode.NOT_FOUND:
                raise
            return False
        self.ids[entity].append(receipt(answer)["prediction_id"])
        return True

    def rows_with(self, texts: set[str]) -> dict[str, list[str]]:
        """Answers which tables hold any of some texts, as text or as bytes, and which of them."""
        engine = sqlalchemy.create_engine(self.url.replace("postgresql:", "postgresql+psycopg:"))
        found: dict[str, list[str]] = {}
        with engine.connect() as connection:
            for table in sqlalchemy.inspect(connection).get_table_names():
                rows = connection.exec_driver_sql(f'SELECT CAST(one AS TEXT) FROM "{table}" AS one').scalars()
                content = "\n".join(rows)
                if here := sorted(
                    text for text in texts if text in content or text.encode().hex() in content
                ):
                    found[table] = here
        engine.dispose()
        return found

    def close(self) -> None:
        for control in self.controls:
            control.close()
        for server in self.servers:
            server.kill()


@pytest.fixture
def pair(new_postgres: Callable[[], str], tmp_path: Path) -> Iterator[Pair]:
    backend = RecordingBackend()
    pair = Pair(new_postgres(), tmp_path, backend.target)
    yield pair
    pair.close()
    backend.close()


def feed_back(control: Control, prediction_id: str) -> grpc.StatusCode:
    request = prediction_pb2.RecordFeedbackRequest(
        prediction_id=prediction_id, value=1, wait=prediction_pb2.FEEDBACK_WAIT_APPLIED
    )
    try:
        control.predictions.RecordFeedback(request)
    except grpc.RpcError as error:
        code: grpc.StatusCode = error.code()
        return code
    return grpc.StatusCode.OK


def test_what_one_erases_is_nowhere_and_takes_no_feedback_on_either(pair: Pair) -> None:
    erased, kept = pair.ids[ENTITY], pair.ids[OTHER]
    gone = {ENTITY, *erased}
    for control, prediction_id in zip(pair.controls, (erased[0], erased[-1]), strict=True):
        assert feed_back(control, prediction_id) is grpc.StatusCode.OK
    assert pair.rows_with(gone), "the test looks in the wrong place"
    assert all(holding(server.data_dir, {ENTITY}) for server in pair.servers)

    def is_done() -> bool:
        request = router_pb2.EraseEntityRequest(router_id="r", entity_id=ENTITY)
        return not pair.controls[0].routers.EraseEntity(request).pending

    eventually(is_done, PATIENCE_SECONDS, "an erasure on both servers")
    refused = grpc.StatusCode.FAILED_PRECONDITION
    for control in pair.controls:
        # Also for those of the other server, and for one that had feedback.
        for prediction_id in (erased[0], erased[CALLS], erased[-1]):
            eventually(
                lambda of=control, its=prediction_id: feed_back(of, its) is refused,  # type: ignore[misc]
                what="that feedback for an erased prediction is refused",
            )
        assert feed_back(control, kept[0]) is grpc.StatusCode.OK
    assert not pair.rows_with(gone)
    listed = router_pb2.ListPredictionsRequest(router_id="r", page_size=100)
    told = pair.controls[1].routers.ListPredictions(listed)
    assert {one.prediction_id for one in told.predictions} <= set(kept)
    for server in pair.servers:
        server.end()
        assert not holding(server.data_dir, gone)
    assert not pair.rows_with(gone)
