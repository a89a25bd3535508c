"""PostgreSQL away under load: feedback is acknowledged throughout, counted once, and routing does not notice.

``POINTSMAN_OUTAGE_SECONDS`` says how long it is away: 30 by itself, 60 in ``make torture``.
"""

import os
import statistics
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing
from itertools import chain
from pathlib import Path

import pytest

from pointsman.store.database import Database
from stage.control import Control
from stage.crash.backend import RowBackend
from stage.crash.kept import Kept, read_feedback
from stage.crash.oracle import compare_feedback
from stage.crash.steady import Outcome, SteadyProcess
from stage.postgres import Postgres
from stage.server import Server
from stage.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.alone, pytest.mark.timeout(400)]

OUTAGE_SECONDS = float(os.environ.get("POINTSMAN_OUTAGE_SECONDS", "30"))
BEFORE_SECONDS = OUTAGE_SECONDS / 2
WINDOW_SECONDS = 2.0
WARM_UP_SECONDS = 3.0
CATCH_UP_SECONDS = 60.0
LEAST_VALUES_PER_SECOND = 10
MOST_SLOWER = 1.2


@pytest.fixture
def postgres() -> Iterator[Postgres]:
    postgres = Postgres()
    yield postgres
    postgres.close()


@pytest.fixture
def server(postgres: Postgres, backend: RowBackend, tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path, settings={"database": postgres.url}, is_fork=False)
    control = Control(server.grpc)
    control.route("r", {"a": backend.target, "b": backend.target})
    control.close()
    yield server
    server.kill()


@pytest.fixture
def steady(server: Server) -> Iterator[SteadyProcess]:
    steady = SteadyProcess(server.grpc, "r")
    yield steady
    steady.close()


def test_an_outage_of_the_database_costs_no_feedback_and_no_time(
    server: Server, postgres: Postgres, steady: SteadyProcess, capsys: pytest.CaptureFixture[str]
) -> None:
    # Nothing is waited for here: these are the times that the load lasts.
    time.sleep(WARM_UP_SECONDS + BEFORE_SECONDS)
    stopped = time.monotonic()
    postgres.stop()
    gone = time.monotonic()
    time.sleep(OUTAGE_SECONDS)
    back = time.monotonic()
    postgres.start()
    outcome = steady.end()
    assert not outcome.failures, outcome.failures[0]
    keys = outcome.told.acknowledged_count
    during = sum(gone < sent.acknowledged < back for sent in chain(*outcome.told.feedback.values()))
    assert during > OUTAGE_SECONDS * LEAST_VALUES_PER_SECOND

    with closing(Database(postgres.url)) as database:

        def kept() -> Kept:
            kept = Kept()
            with database.read() as connection:
                read_feedback(connection, kept)
            return kept

        eventually(lambda: len(kept().feedback) >= keys, CATCH_UP_SECONDS, "all feedback in the database")
        findings = compare_feedback(outcome.told, kept())
    assert not findings.problems, "\n".join(findings.problems)

    usual = median_p99(outcome, stopped - BEFORE_SECONDS, stopped)
    slower = median_p99(outcome, gone, back)
    with capsys.disabled():
        print(
            f"\n{OUTAGE_SECONDS:g} s without PostgreSQL: {keys} keys of feedback, lost 0, doubled 0; "
            f"p99 {usual * 1000:.2f} ms before, {slower * 1000:.2f} ms during ({slower / usual:.2f} ×)"
        )
    assert slower <= usual * MOST_SLOWER
    server.end()


def median_p99(outcome: Outcome, begin: float, end: float) -> float:
    """The median of the 99th percentiles of short windows: a hiccup of the machine spoils only one."""
    windows: dict[int, list[float]] = defaultdict(list)
    for answered, latency in outcome.latencies:
        if begin <= answered < end:
            windows[int((answered - begin) / WINDOW_SECONDS)].append(latency)
    return statistics.median(
        statistics.quantiles(taken, n=100)[98] for taken in windows.values() if taken[1:]
    )
