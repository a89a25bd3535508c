"""PostgreSQL away under load: feedback is acknowledged throughout, counted once, and routing does not notice.

``POINTSMAN_OUTAGE_SECONDS`` says how long it is away.
"""

import asyncio
import os
import statistics
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from pointsman.store.database import Database
from stage.control import Control
from stage.crash.backend import RowBackend
from stage.crash.kept import Kept, read_feedback
from stage.crash.oracle import compare_feedback
from stage.crash.steady import Steady
from stage.postgres import Postgres
from stage.server import Server
from stage.waiting import eventually_async

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]

OUTAGE_SECONDS = float(os.environ.get("POINTSMAN_OUTAGE_SECONDS", "60"))
BEFORE_SECONDS = OUTAGE_SECONDS / 2
WINDOW_SECONDS = 2.0
WARM_UP_SECONDS = 3.0
CATCH_UP_SECONDS = 60.0
MOST_SLOWER = 1.2


@pytest.fixture
def postgres() -> Iterator[Postgres]:
    postgres = Postgres()
    yield postgres
    postgres.close()


@pytest.fixture
def server(postgres: Postgres, backend: RowBackend, tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path, settings={"database": postgres.url})
    control = Control(server.grpc)
    control.route("r", {"a": backend.target, "b": backend.target})
    control.close()
    yield server
    server.kill()


async def test_an_outage_of_the_database_costs_no_feedback_and_no_time(
    server: Server, postgres: Postgres, capsys: pytest.CaptureFixture[str]
) -> None:
    steady = Steady(server.grpc, "r")
    calling = asyncio.create_task(steady.run())
    await asyncio.sleep(WARM_UP_SECONDS)
    before = await p99_of_windows(steady, BEFORE_SECONDS)
    await asyncio.to_thread(postgres.stop)
    during = await p99_of_windows(steady, OUTAGE_SECONDS)
    acknowledged = steady.told.acknowledged_count
    await asyncio.to_thread(postgres.start)
    steady.end()
    await calling
    assert not steady.failures, steady.failures[0]
    assert acknowledged > OUTAGE_SECONDS * 10

    with closing(Database(postgres.url)) as database:

        def kept() -> Kept:
            kept = Kept()
            with database.read() as connection:
                read_feedback(connection, kept)
            return kept

        everything = steady.told.acknowledged_count
        await eventually_async(lambda: len(kept().feedback) >= everything, CATCH_UP_SECONDS)
        findings = compare_feedback(steady.told, kept())
    assert not findings.problems, "\n".join(findings.problems)

    usual, slower = statistics.median(before), statistics.median(during)
    with capsys.disabled():
        print(
            f"\n{OUTAGE_SECONDS:g} s without PostgreSQL: {everything} keys of feedback, lost 0, doubled 0; "
            f"p99 {usual * 1000:.2f} ms before, {slower * 1000:.2f} ms during ({slower / usual:.2f} ×)"
        )
    assert slower <= usual * MOST_SLOWER
    server.end()


async def p99_of_windows(steady: Steady, seconds: float) -> list[float]:
    """Lets time pass; answers the 99th percentile of each window's latencies."""
    windows = []
    for _ in range(max(3, round(seconds / WINDOW_SECONDS))):
        first = len(steady.latencies)
        await asyncio.sleep(WINDOW_SECONDS)
        taken = [latency for _, latency in steady.latencies[first:]]
        windows.append(statistics.quantiles(taken, n=100)[98])
    return windows
