"""Leases of periodic work: one owner at a time, numbers that only grow, nothing written by a former owner."""

import contextlib
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy
from sqlalchemy.exc import IntegrityError

from pointsman.errors import LeaseLostError
from pointsman.store import job_leases
from pointsman.store.job_leases import Lease, Outlook, Terms

EAST, WEST = "e" * 32, "f" * 32
SECOND_US = 1_000_000
TERMS = Terms(period_us=60 * SECOND_US, lease_us=15 * SECOND_US)


class Clock:
    """The database's clock, which these tests set."""

    def __init__(self):
        self.now_us = 1_000_000 * TERMS.period_us

    def __call__(self, connection, local_us):
        return self.now_us

    def advance(self, seconds):
        self.now_us += int(seconds * SECOND_US)


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(job_leases, "clock_us", clock)
    return clock


@pytest.fixture
def take(database):
    def take(owner=EAST, job="drift", terms=TERMS):
        with database.write() as connection:
            return job_leases.take(connection, job, owner, terms, 0)

    return take


@pytest.fixture
def outlook(database):
    def outlook(job="drift"):
        with database.read() as connection:
            return job_leases.outlook(connection, job, TERMS, 0)

    return outlook


def finish(database, lease):
    with database.write() as connection:
        job_leases.finish(connection, lease)
        job_leases.give_back(connection, lease)


def rows(database):
    with database.read() as connection:
        return connection.exec_driver_sql("SELECT count(*) FROM effects").scalar_one()


@pytest.fixture
def effects(database):
    with database.write() as connection:
        connection.exec_driver_sql("CREATE TABLE effects (number BIGINT)")


def test_a_job_that_nobody_has_is_taken_and_others_wait_for_the_end_of_its_lease(take, outlook, clock):
    assert outlook() == Outlook(0, "")
    assert take() == Lease("drift", EAST, 1, clock.now_us)
    assert take(WEST) is None
    assert take(EAST) is None, "not even its owner takes it twice"
    clock.advance(5)
    assert outlook() == Outlook(10 * SECOND_US, EAST)


def test_jobs_are_taken_independently(take, clock):
    assert take().fencing == take(WEST, "ramps").fencing == 1


def test_what_is_done_is_due_again_in_the_next_period_whoever_asks(database, take, outlook, clock):
    clock.advance(20)
    finish(database, take())
    for owner in (EAST, WEST):
        assert take(owner) is None
    assert outlook() == Outlook(40 * SECOND_US, EAST)
    clock.advance(40)
    assert take(WEST).fencing == 2


def test_what_is_given_back_undone_is_taken_at_once(database, take, clock):
    lease = take()
    with database.write() as connection:
        job_leases.give_back(connection, lease)
    assert take(WEST).fencing == 2


def test_a_lease_that_is_not_renewed_goes_to_another_and_one_that_is_does_not(database, take, clock):
    lease = take()
    clock.advance(14)
    with database.write() as connection:
        job_leases.renew(connection, lease, TERMS, 0)
    clock.advance(14)
    assert take(WEST) is None
    clock.advance(1)
    stolen = take(WEST)
    assert (stolen.owner, stolen.fencing) == (WEST, 2)


@pytest.mark.parametrize(
    "late",
    [
        job_leases.check,
        job_leases.finish,
        lambda connection, lease: job_leases.renew(connection, lease, TERMS, 0),
    ],
)
def test_a_former_owner_writes_nothing(database, take, clock, effects, late):
    lease = take()
    clock.advance(15)
    take(WEST)

    def write_late():
        with database.write() as writing:
            writing.exec_driver_sql("INSERT INTO effects VALUES (1)")
            late(writing, lease)

    with pytest.raises(LeaseLostError, match=r"'drift'.*number 2, this one had 1"):
        write_late()
    assert rows(database) == 0


def test_a_former_owner_gives_back_nothing_of_the_next_one(database, take, outlook, clock):
    lease = take()
    clock.advance(15)
    take(WEST)
    with database.write() as connection:
        job_leases.give_back(connection, lease)
    assert outlook().wait_us == 15 * SECOND_US


def test_a_lease_that_is_over_and_that_nobody_took_over_still_writes(database, take, clock, effects):
    lease = take()
    clock.advance(3600)
    with database.write() as connection:
        job_leases.check(connection, lease)
        connection.exec_driver_sql("INSERT INTO effects VALUES (1)")
    assert rows(database) == 1


def test_nobody_takes_over_while_the_owner_writes(database, take, clock, effects):
    """Whatever the lease says: the writer commits under its number, or the taker waits for the next look."""
    lease = take()
    clock.advance(15)
    checked, committed = threading.Event(), threading.Event()

    def take_meanwhile():
        assert checked.wait(10)
        # A file lets no second writer in; a server is asked while the transaction is open.
        if not database.is_sqlite:
            assert take(WEST) is None
            committed.set()
        assert committed.wait(10)
        return take(WEST)

    with ThreadPoolExecutor(1) as threads:
        taking = threads.submit(take_meanwhile)
        with database.write() as connection:
            job_leases.check(connection, lease)
            connection.exec_driver_sql("INSERT INTO effects VALUES (1)")
            checked.set()
            if not database.is_sqlite:
                assert committed.wait(10)
        committed.set()
        # The server may have been asked again before the commit.
        taken = taking.result(10) or take(WEST)
    assert taken.fencing == 2
    assert rows(database) == 1


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_renewing_does_not_wait_for_a_transaction_of_the_same_run(database, take, clock):
    """A file has one writer at a time, so that there it waits its turn."""
    lease = take()
    with database.write() as writing, database.write() as renewing:
        job_leases.check(writing, lease)
        renewing.exec_driver_sql("SET LOCAL lock_timeout = '2s'")
        job_leases.renew(renewing, lease, TERMS, 0)


def test_of_many_who_try_at_once_one_takes_it(database, take, clock):
    clock.advance(1)
    begin = threading.Barrier(8)

    def try_it(number):
        begin.wait(10)
        return take(f"{number:032x}")

    with ThreadPoolExecutor(8) as threads:
        for period in range(1, 6):
            leases = [lease for lease in threads.map(try_it, range(1, 9)) if lease is not None]
            # Each may have found another at it, who then found the same.
            leases = leases or [take()]
            assert [lease.fencing for lease in leases] == [period]
            finish(database, leases[0])
            clock.advance(60)


def test_a_clock_that_is_set_back_holds_up_nobody(database, take, clock):
    finish(database, take())
    clock.advance(-400 * 86_400)
    lease = take(WEST)
    assert lease.fencing == 2, "what was done in the future is not done now"
    clock.advance(-86_400)
    assert take(EAST).fencing == 3, "a lease that ends in a day was written before the clock was set back"


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_the_clock_of_the_database_decides_not_that_of_a_server(database):
    with database.write() as connection:
        taken = job_leases.take(connection, "drift", EAST, TERMS, 0)
        assert taken is not None
        assert taken.fencing == 1
    with database.write() as connection:
        # By the clock of this server, a century has passed.
        assert job_leases.take(connection, "drift", WEST, TERMS, 10**17) is None


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE job_leases SET fencing = 1",
        f"UPDATE job_leases SET owner = '{WEST}'",
        "DELETE FROM job_leases",
        "UPDATE job_leases SET owner = ''",
        "UPDATE job_leases SET until_us = -1",
        "UPDATE job_leases SET done_time_us = -1",
        "INSERT INTO job_leases VALUES ('', '', 0, 0, NULL)",
        "INSERT INTO job_leases VALUES ('other', '', 5, 0, NULL)",
        "INSERT INTO job_leases VALUES ('other', '', -1, 0, NULL)",
        "INSERT INTO job_leases VALUES ('drift', '', 0, 0, NULL)",
    ],
)
def test_the_database_itself_refuses(database, take, clock, statement):
    finish(database, take())
    clock.advance(60)
    assert take().fencing == 2
    with pytest.raises(IntegrityError), database.write() as connection:
        connection.execute(sqlalchemy.text(statement))


def test_a_transaction_that_fails_leaves_the_job_as_it_was(database, take, clock):
    with contextlib.suppress(RuntimeError), database.write() as connection:
        taken = job_leases.take(connection, "drift", EAST, TERMS, 0)
        assert taken is not None
        assert taken.fencing == 1
        raise RuntimeError
    assert take(WEST).fencing == 1


def test_a_server_that_starts_again_frees_what_its_former_run_held_and_nothing_else(
    database, clock, take, outlook
):
    former, others = take(EAST), take(WEST, job="upkeep")
    assert (former.fencing, outlook().wait_us, outlook("upkeep").wait_us) == (
        1,
        TERMS.lease_us,
        TERMS.lease_us,
    )
    with database.write() as connection:
        job_leases.release(connection, EAST)
    assert (outlook().wait_us, outlook("upkeep").wait_us) == (0, TERMS.lease_us)
    again = take(EAST)
    assert again.fencing == former.fencing + 1
    # What is left of the former run writes nothing any more.
    with pytest.raises(LeaseLostError), database.write() as connection:
        job_leases.check(connection, former)
    assert others.owner == WEST
