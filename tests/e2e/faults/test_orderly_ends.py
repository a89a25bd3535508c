"""A backend that ends its connections in order, as servers with a connection age do, fails no call."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from stage.control import Control
from stage.load import Load
from stage.recording_backend import RecordingBackend
from stage.server import Server

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(90)]

CALLS = 2_000


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
