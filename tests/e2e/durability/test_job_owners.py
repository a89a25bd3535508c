"""Two servers on one PostgreSQL, one killed at random moments: each periodic job has one owner, none is lost.

``POINTSMAN_TORTURE_OWNER_KILLS`` says how often, ``POINTSMAN_TORTURE_SEED`` what is drawn.
"""

import os
import random
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from pointsman.store.database import Database
from pointsman.store.migrate import migrate
from stage.job_server import JOB, LEASE_SECONDS, PERIOD_SECONDS, PLAIN_JOB, JobServer, JobServers
from stage.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1200)]

KILLS = int(os.environ.get("POINTSMAN_TORTURE_OWNER_KILLS", "5"))
SEED = int(os.environ.get("POINTSMAN_TORTURE_SEED", "4"))
LIFE_SECONDS = (0.0, 4 * PERIOD_SECONDS)
STALL_SECONDS = 5.0
"""What a machine that does other things may stand still for, besides the lease of one that was killed."""

# Every change of a lease is noted by the database itself, whatever the servers believe.
_TABLES = """
CREATE TABLE probe_runs (
    number BIGSERIAL PRIMARY KEY, owner TEXT NOT NULL, fencing BIGINT NOT NULL, period BIGINT NOT NULL,
    step TEXT NOT NULL);
CREATE TABLE lease_log (
    number BIGSERIAL PRIMARY KEY, job TEXT NOT NULL, owner TEXT NOT NULL, fencing BIGINT NOT NULL);
CREATE FUNCTION log_lease() RETURNS trigger LANGUAGE plpgsql AS $log$ BEGIN
    INSERT INTO lease_log (job, owner, fencing) VALUES (NEW.job, NEW.owner, NEW.fencing);
    RETURN NEW;
END $log$;
CREATE TRIGGER log_lease AFTER UPDATE ON job_leases FOR EACH ROW EXECUTE FUNCTION log_lease();
"""


class Site:
    """The database, and the two servers that live on it at a time."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url = url
        self.folder = folder
        self.random = random.Random(SEED)
        self.database = Database(url)
        migrate(self.database)
        with self.database.write() as connection:
            connection.exec_driver_sql(_TABLES)
        self.forks = JobServers(folder / "log")
        self.servers: list[JobServer] = []

    def start(self) -> JobServer:
        number = len(self.servers)
        journal_id = f"{self.random.getrandbits(128):032x}"
        server = self.forks.start(self.url, self.folder / str(number), journal_id, number)
        self.servers.append(server)
        return server

    def rows(self, statement: str) -> list[Any]:
        with self.database.read() as connection:
            return list(connection.exec_driver_sql(statement))

    def done(self) -> list[int]:
        """The periods that are done, in the order in which they were."""
        found = self.rows("SELECT period FROM probe_runs WHERE step = 'done' ORDER BY number")
        return [period for (period,) in found]

    def owner(self) -> str:
        """The journal of the server that last took the job."""
        return str(self.rows(f"SELECT owner FROM job_leases WHERE job = '{JOB}'")[0][0])

    def close(self) -> None:
        self.forks.close()
        self.database.close()


@pytest.fixture
def site(new_postgres: Callable[[], str], tmp_path: Path) -> Iterator[Site]:
    site = Site(new_postgres(), tmp_path)
    yield site
    site.close()


def test_each_job_has_one_owner_and_none_is_lost_while_servers_are_killed(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    living = [site.start(), site.start()]
    eventually(site.done, 30.0, "the first period is done")
    for _ in range(KILLS):
        time.sleep(site.random.uniform(*LIFE_SECONDS))
        # Mostly the owner: a server that does nothing is not missed.
        which = 0 if living[0].journal_id == site.owner() else 1
        if site.random.random() < 0.25:
            which = 1 - which
        living[which].kill()
        living[which] = site.start()
    enough = len(site.done()) + 3
    eventually(lambda: len(site.done()) >= enough, 30.0, "the job goes on")
    now_us = site.rows("SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)")[0][0]
    kept = site.rows("SELECT job, done_time_us FROM job_leases")
    for server in living:
        server.kill()

    _assert_one_owner_each(site.rows("SELECT job, owner, fencing FROM lease_log ORDER BY number"))
    runs = site.rows("SELECT 'probe', owner, fencing FROM probe_runs ORDER BY number")
    _assert_one_owner_each(runs)

    periods = site.done()
    assert len(periods) == len(set(periods)), "a period was done twice"
    assert periods == sorted(periods)
    longest = 0
    done = site.rows("SELECT period, fencing FROM probe_runs WHERE step = 'done' ORDER BY number")
    for (before, before_number), (later, later_number) in pairwise(done):
        # Each taking that came to nothing holds the job up for one lease.
        held_up_seconds = (later_number - before_number - 1) * LEASE_SECONDS
        left_out = later - before - 1
        assert left_out * PERIOD_SECONDS <= held_up_seconds + STALL_SECONDS, f"{left_out} periods were lost"
        longest = max(longest, left_out)
    # Those that are due every second, one of the control plane's own among them.
    often = {job: done_us for job, done_us in kept if job in (JOB, PLAIN_JOB, "lake-retention")}
    assert len(often) == 3
    for job, done_us in often.items():
        assert done_us is not None, job
        assert now_us - done_us < (LEASE_SECONDS + STALL_SECONDS + 2) * 1_000_000, f"{job} stands still"

    begun = site.rows("SELECT count(*) FROM probe_runs WHERE step = 'begun'")[0][0]
    interrupted, lost = begun - len(periods), periods[-1] - periods[0] + 1 - len(periods)
    if KILLS >= 50:
        assert interrupted, "no kill hit a run, so that nothing was shown"
    with capsys.disabled():
        print(
            f"\n{KILLS} kills: {len(periods)} periods done, {interrupted} runs interrupted, {lost} periods "
            f"passed over, at most {longest} in a row; {len({owner for _, owner, _ in runs})} owners"
        )


def _assert_one_owner_each(rows: list[Any]) -> None:
    """Asserts that each number of a job has one owner, and that numbers only grow."""
    numbers: dict[str, list[int]] = defaultdict(list)
    owners: dict[tuple[str, int], set[str]] = defaultdict(set)
    for job, owner, fencing in rows:
        numbers[job].append(fencing)
        owners[job, fencing].add(owner)
    assert rows
    assert [key for key, found in owners.items() if len(found) > 1] == []
    for job, found in numbers.items():
        assert found == sorted(found), f"the numbers of {job} went back"
