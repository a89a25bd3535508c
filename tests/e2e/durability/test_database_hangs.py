"""PostgreSQL stopped with SIGSTOP: it answers nothing. The server says so, serves, and ends."""

import json
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest

from pointsman.v1 import router_pb2
from stage.control import Control
from stage.crash.backend import RowBackend
from stage.postgres import Postgres
from stage.server import Server
from stage.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

SEEN_SECONDS = 10.0
END_SECONDS = 15.0


@pytest.fixture
def postgres() -> Iterator[Postgres]:
    postgres = Postgres()
    yield postgres
    postgres.close()


def control_plane(server: Server) -> dict[str, object]:
    status, body = server.get("/readyz")
    return {"status": status, **json.loads(body)["control_plane"]}


def test_a_database_that_hangs_is_said_and_the_server_goes_on_and_ends(
    postgres: Postgres, backend: RowBackend, tmp_path: Path
) -> None:
    server = Server(tmp_path, settings={"database": postgres.url})
    try:
        control = Control(server.grpc)
        control.route("r", {"a": backend.target, "b": backend.target})
        assert control_plane(server) == {"status": 200, "ready": True}
        postgres.hang()
        eventually(
            lambda: not control_plane(server)["ready"], SEEN_SECONDS, "that the database hangs is said"
        )
        said = control_plane(server)
        assert said["status"] == 200, "calls are answered from the state in memory"
        assert "does not answer" in str(said["reason"])
        with pytest.raises(grpc.RpcError) as caught:
            control.routers.GetRouter(router_pb2.GetRouterRequest(router_id="r"), timeout=SEEN_SECONDS)
        assert caught.value.code() is grpc.StatusCode.UNAVAILABLE, "refused, before the client gives up"
        postgres.go_on()
        eventually(lambda: bool(control_plane(server)["ready"]), 60.0, "the database is back")
        control.routers.GetRouter(router_pb2.GetRouterRequest(router_id="r"), timeout=30)
        control.close()
        postgres.hang()
        server.terminate()
        assert server.wait(END_SECONDS) == 0
    finally:
        server.kill()


def test_a_new_server_on_a_database_that_hangs_is_not_ready_and_begins_when_it_answers(
    postgres: Postgres, tmp_path: Path
) -> None:
    postgres.hang()
    server = Server(tmp_path, settings={"database": postgres.url})
    try:
        said = control_plane(server)
        assert (said["status"], said["ready"]) == (503, False)
        eventually(
            lambda: "does not answer" in str(control_plane(server)["reason"]), 30.0, "the reason is said"
        )
        postgres.go_on()
        eventually(lambda: control_plane(server) == {"status": 200, "ready": True}, 60.0, "it begins")
        server.end()
    finally:
        server.kill()


def test_a_password_in_the_query_is_in_no_answer_and_no_log(postgres: Postgres, tmp_path: Path) -> None:
    postgres.stop()
    url = f"{postgres.url}&password=not-to-be-seen&sslpassword=nor-this"
    server = Server(tmp_path, settings={"database": url})
    try:
        said = control_plane(server)
        assert (said["status"], said["ready"]) == (503, False)
        eventually(
            lambda: "does not answer" in str(control_plane(server)["reason"]), 30.0, "the reason is said"
        )
        told = str(control_plane(server)) + server.get("/metrics")[1]
        server.end()
        for secret in ("not-to-be-seen", "nor-this"):
            assert secret not in told + server.log()
    finally:
        server.kill()
