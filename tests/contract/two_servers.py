"""Two control planes on one PostgreSQL server."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc
import pytest

from pointsman.v1 import router_pb2

from .conftest import Bench, Clock, start_plane
from .fake_journal import FakeJournal
from .fake_replica import FakeReplica


async def open_bench(
    folder: Path, url: str, journal: FakeJournal | None = None, **settings: Any
) -> AsyncIterator[Bench]:
    journal = journal or FakeJournal(folder / "lake", journal_id=uuid.uuid4().hex)
    clock = Clock()
    replica = FakeReplica(journal=journal, clock=clock)
    plane = start_plane(folder, replica, url, clock=clock, **settings)
    await plane.start()
    assert plane.ready, plane.reason
    socket_path = folder / "control.sock"
    async with grpc.aio.insecure_channel(f"unix:{socket_path}") as channel:
        yield Bench(plane, replica, channel, clock, url, socket_path)
    replica.stop(0)
    await plane.stop(1)


@pytest.fixture
def url(migrated_postgres):
    return migrated_postgres()


@pytest.fixture
async def east(tmp_path_factory, url):
    async for bench in open_bench(tmp_path_factory.mktemp("east"), url):
        yield bench


@pytest.fixture
async def west(tmp_path_factory, url, east):
    async for bench in open_bench(tmp_path_factory.mktemp("west"), url):
        yield bench


@pytest.fixture
async def shared(east, west):
    """A running router that both know."""
    await east.local.register(version="1")
    await east.local.register(version="2")
    await east.local.create()
    await east.local.deploy()
    return "cancer"


async def in_step(east, west):
    """Waits until both data planes have the newest generation."""
    newest = max(east.replica.generation, west.replica.generation)
    for bench in (east, west):
        replica = bench.replica
        await asyncio.to_thread(replica.wait_for, lambda d=replica: d.generation >= newest)


def weigh(bench, weight, **fields):
    return bench.local.routers.UpdateVariantWeight(
        router_pb2.UpdateVariantWeightRequest(router_id="cancer", variant="lr", weight=weight, **fields)
    )
