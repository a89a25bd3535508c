import asyncio
import json
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pytest
from starlette.types import ASGIApp, Message

from pointsman.rest import ServerState, create_app


class Report:
    """What a replica tells of itself."""

    serving = True
    generation = 7
    restored = False
    text = "# TYPE pointsman_generation gauge\npointsman_generation 7\n# EOF\n"

    def status(self) -> str:
        return json.dumps({"serving": self.serving, "generation": self.generation, "restored": self.restored})

    def metrics(self) -> str:
        return self.text


@dataclass
class Server:
    plane: Report = field(default_factory=Report)
    draining: bool = False
    reason: str = ""
    refused: tuple[str, ...] = ()
    left_behind: list[dict[str, object]] = field(default_factory=list)

    def app(self, **options: Any) -> ASGIApp:
        return create_app(self.state(), **options)

    def state(self) -> ServerState:
        return ServerState(
            self.plane,
            is_draining=lambda: self.draining,
            control_reason=lambda: self.reason,
            refused=lambda: self.refused,
            control_metrics=lambda: "pointsman_lake_rows 3\n",
            left_behind_journals=lambda: self.left_behind,
        )


@dataclass
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


async def get(app: ASGIApp, path: str, method: str = "GET", **headers: str | None) -> Answer:
    """Sends one request straight into the application, without headers that are None."""
    sent: list[Message] = []
    lines = {"host": "127.0.0.1:8501", **{name.replace("_", "-"): value for name, value in headers.items()}}
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "scheme": "http",
        "server": ("127.0.0.1", 8501),
        "client": ("127.0.0.1", 1),
        "headers": [(name.encode(), value.encode()) for name, value in lines.items() if value is not None],
    }

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    await app(scope, receive, send)
    answered = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return Answer(sent[0]["status"], answered, b"".join(part.get("body", b"") for part in sent[1:]))


@pytest.mark.parametrize("path", ["/health", "/readyz"])
async def test_a_serving_server_is_healthy(path: str) -> None:
    answer = await get(Server().app(), path)
    assert (answer.status, answer.json()["status"], answer.json()["generation"]) == (200, "serving", 7)


async def test_a_draining_server_is_not_healthy_but_alive() -> None:
    app = Server(draining=True).app()
    health, alive = await get(app, "/health"), await get(app, "/livez")
    assert (health.status, health.json()["status"], alive.status) == (503, "draining", 200)


async def test_a_data_plane_that_does_not_serve_is_not_ready() -> None:
    server = Server()
    server.plane.serving = False
    assert (await get(server.app(), "/readyz")).status == 503


async def test_without_any_state_and_without_a_database_it_is_not_ready() -> None:
    server = Server(reason="the database does not answer")
    server.plane.generation = 0
    answer = await get(server.app(), "/readyz")
    assert answer.status == 503
    assert answer.json()["status"] == "starting"
    assert answer.json()["control_plane"] == {"ready": False, "reason": "the database does not answer"}
    server.plane.restored = True
    assert (await get(server.app(), "/readyz")).status == 200
    server.plane.restored, server.reason = False, ""
    assert (await get(server.app(), "/readyz")).status == 200


async def test_a_database_that_is_away_is_told_but_calls_still_come() -> None:
    answer = await get(Server(reason="the database does not answer").app(), "/readyz")
    assert answer.status == 200
    assert answer.json()["control_plane"] == {"ready": False, "reason": "the database does not answer"}


async def test_journals_whose_servers_are_gone_are_told() -> None:
    server = Server()
    assert "left_behind_journals" not in (await get(server.app(), "/readyz")).json()["control_plane"]
    server.left_behind = [{"journal_id": "j", "silent_seconds": 3600, "feedback_waiting_bytes": 12}]
    answer = await get(server.app(), "/readyz")
    assert answer.status == 200
    assert answer.json()["control_plane"] == {"ready": True, "left_behind_journals": server.left_behind}


async def test_metrics_come_in_the_format_that_they_say() -> None:
    server = Server()
    answer = await get(server.app(), "/metrics")
    assert answer.body.endswith(b"pointsman_generation 7\npointsman_lake_rows 3\n# EOF\n")
    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    server.plane.text = "pointsman_generation 7\n"
    assert (
        (await get(server.app(), "/metrics")).headers["content-type"].startswith("text/plain; version=0.0.4")
    )


@pytest.mark.parametrize("host", ["localhost:8501", "127.0.0.1", "[::1]:8501", "LOCALHOST"])
async def test_loopback_names_pass(host: str) -> None:
    assert (await get(Server().app(), "/livez", host=host)).status == 200


@pytest.mark.parametrize(
    "host", ["evil.example:8501", "10.0.0.5:8501", "", " ", "[::1", "localhost.evil.example"]
)
async def test_a_rebound_name_is_refused(host: str) -> None:
    answer = await get(Server().app(), "/metrics", host=host)
    assert (answer.status, answer.json()["code"]) == (403, "PERMISSION_DENIED")
    assert "allowed_hosts" in answer.json()["detail"]


@pytest.mark.parametrize("path", ["/health", "/livez", "/readyz", "/metrics"])
@pytest.mark.parametrize("loopback", [True, False])
async def test_what_names_no_host_at_all_is_answered_for_no_browser_sends_it(
    path: str, loopback: bool
) -> None:
    assert (await get(Server().app(loopback=loopback), path, host=None)).status == 200


@pytest.mark.parametrize("origin", ["http://", "http://evil.example", "null", "http://localhost:8501"])
async def test_a_page_that_names_no_host_is_refused(origin: str) -> None:
    assert (await get(Server().app(), "/livez", host=None, origin=origin)).status == 403


async def test_a_foreign_page_is_refused() -> None:
    assert (await get(Server().app(), "/livez", origin="http://evil.example")).status == 403
    own = {"host": "localhost:8501", "origin": "http://localhost:8501"}
    assert (await get(Server().app(), "/livez", **own)).status == 200
    assert (await get(Server().app(), "/livez", **own | {"origin": "http://localhost:3000"})).status == 403
    assert (await get(Server().app(), "/livez", **own | {"origin": "http://["})).status == 403
    named = Server().app(allowed_hosts=["localhost"])
    assert (await get(named, "/livez", **own | {"origin": "http://localhost:3000"})).status == 200


async def test_configured_names_pass() -> None:
    app = Server().app(allowed_hosts=["Metrics.example"])
    assert (await get(app, "/livez", host="metrics.example:8501")).status == 200


async def test_beyond_loopback_the_servers_addresses_pass_and_names_do_not() -> None:
    app = Server().app(loopback=False)
    assert (await get(app, "/livez", host="10.0.0.5:8501")).status == 200
    assert (await get(app, "/livez", host="evil.example")).status == 403


async def test_an_unknown_path_names_the_known_ones() -> None:
    answer = await get(Server().app(), "/metric")
    assert (answer.status, answer.json()["code"]) == (404, "NOT_FOUND")
    assert "/metrics" in answer.json()["detail"]


async def test_other_methods_are_refused_as_json() -> None:
    answer = await get(Server().app(), "/health", method="POST")
    assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD")
    assert answer.json()["detail"] == "POST is not answered here; GET, HEAD is"
    assert answer.json()["code"] == "UNIMPLEMENTED"


async def test_request_ids_are_kept_or_made() -> None:
    app = Server().app()
    assert (await get(app, "/livez", x_request_id="abc-1")).headers["x-request-id"] == "abc-1"
    assert len((await get(app, "/livez", x_request_id="no\tgood")).headers["x-request-id"]) == 36


async def test_parts_of_the_state_that_cannot_be_used_are_told_and_no_reason_to_stay_away() -> None:
    assert "degraded" not in (await get(Server().app(), "/readyz")).json()
    answer = await get(Server(refused=("router 'a': no such model",)).app(), "/readyz")
    assert answer.status == 200
    assert answer.json()["degraded"] == ["router 'a': no such model"]


async def test_past_the_slots_requests_are_refused_and_health_is_answered() -> None:
    server = Server()
    inside, leave = threading.Event(), threading.Event()

    def slow() -> str:
        inside.set()
        leave.wait(20)
        return "# EOF\n"

    server.plane.metrics = slow  # type: ignore[method-assign]
    app = server.app(max_requests=1)
    scraping = asyncio.create_task(get(app, "/metrics"))
    await asyncio.to_thread(inside.wait, 20)
    refused = await get(app, "/metrics")
    assert (refused.status, refused.headers["retry-after"]) == (503, "1")
    assert "http_limits.max_requests" in refused.json()["detail"]
    for path in ("/health", "/livez", "/readyz"):
        assert (await get(app, path)).status == 200
    leave.set()
    assert (await scraping).status == 200
    assert (await get(app, "/metrics")).status == 200


async def test_health_is_answered_while_every_thread_of_the_loop_is_busy() -> None:
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(1))
    leave = threading.Event()
    busy = asyncio.create_task(asyncio.to_thread(leave.wait, 20))
    try:
        answer = await asyncio.wait_for(get(Server().app(), "/readyz"), 10)
        assert answer.status == 200
    finally:
        leave.set()
        await busy
