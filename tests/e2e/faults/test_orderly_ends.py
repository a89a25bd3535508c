"""Peers that end their connections in order, after some time or some calls, fail no call."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stage.closing_proxy import NGINX, ClosingNginx
from stage.control import Control
from stage.load import Load
from stage.recording_backend import RecordingBackend
from stage.server import Server

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(90)]

CALLS = 1_000


@pytest.mark.parametrize("age_ms", [100, 500])
def test_connections_that_age_at_the_backend_fail_no_call(
    server: Server, control: Control, router_id: str, closing: Callable[[Any], Any], age_ms: int
) -> None:
    options = (("grpc.max_connection_age_ms", age_ms), ("grpc.max_connection_age_grace_ms", 10_000))
    ageing = closing(RecordingBackend(options=options))
    control.route(router_id, {"one": ageing.target, "two": ageing.target})
    load = Load(server.grpc, router_id, connections=8, entities=50, most=CALLS)
    asyncio.run(load.run())
    assert load.failures == []
    assert len(ageing.seen) == len(load.made), "a call was processed twice"


@pytest.mark.skipif(NGINX is None, reason="needs nginx")
@pytest.mark.parametrize("most_requests", [1, 10, 100])
def test_connections_that_a_proxy_ends_after_some_calls_fail_no_call(
    server: Server,
    control: Control,
    router_id: str,
    good: RecordingBackend,
    closing: Callable[[Any], Any],
    tmp_path: Path,
    most_requests: int,
) -> None:
    nginx = closing(ClosingNginx(tmp_path, good.port, most_requests))
    control.route(router_id, {"one": nginx.target, "two": nginx.target})
    load = Load(server.grpc, router_id, connections=8, entities=50, most=CALLS)
    asyncio.run(load.run())
    assert load.failures == []
    assert len(good.seen) == len(load.made), "a call was processed twice"
