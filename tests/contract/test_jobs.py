"""The scheduler at work: on a database, with a clock that the tests move."""

import asyncio
import threading
from contextlib import suppress

import pytest

from pointsman.control.jobs.job import WHEN_WOKEN, Job, JobContext, Scope
from pointsman.control.jobs.scheduler import Scheduler
from pointsman.errors import DatabaseUnavailableError, LeaseLostError
from pointsman.store import job_leases
from pointsman.store.database import Database

EAST, WEST = "e" * 32, "f" * 32
PERIOD, LEASE, SHORT_LEASE = 60.0, 15.0, 0.3
PATIENCE_SECONDS = 20
START_US = 1_000_000 * int(PERIOD) * 1_000_000


class Hour:
    """One clock for all: the elapsed time, and the time by the database."""

    def __init__(self):
        self.seconds = 0.0
        self.schedulers = []

    def elapsed(self):
        return self.seconds

    def clock(self):
        return START_US + int(self.seconds * 1_000_000)

    def advance(self, seconds):
        self.seconds += seconds
        for scheduler in self.schedulers:
            scheduler.look()


class Runs:
    """A job's runs, seen from outside: each is told to the test, and ends when the test says."""

    def __init__(self):
        self.begun: asyncio.Queue[JobContext] = asyncio.Queue()
        self.loop = asyncio.get_running_loop()
        self.go_on = threading.Semaphore(0)
        self.answers = []
        self.over = []

    def __call__(self, context):
        self.loop.call_soon_threadsafe(self.begun.put_nowait, context)
        assert self.go_on.acquire(timeout=PATIENCE_SECONDS)
        self.over.append(context.is_over())
        answer = self.answers.pop(0) if self.answers else False
        if isinstance(answer, Exception):
            raise answer
        return answer(context) if callable(answer) else answer

    async def next(self, answer=False):
        """Waits for a run to begin; lets it end with an answer, an error, or what a function answers."""
        context = await self.wait()
        self.end(answer)
        return context

    async def wait(self):
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await self.begun.get()

    def end(self, answer=False):
        self.answers.append(answer)
        self.go_on.release()


@pytest.fixture
def hour():
    return Hour()


@pytest.fixture
def database(database_url):
    database = Database(database_url)
    yield database
    database.close()


@pytest.fixture
async def new_scheduler(database, hour):
    made = []

    def make(owner=EAST, lease_seconds=LEASE):
        scheduler = Scheduler(database, lambda: owner, lease_seconds, hour.clock, hour.elapsed, lambda: 0.0)
        made.append(scheduler)
        hour.schedulers.append(scheduler)
        return scheduler

    yield make
    for scheduler in made:
        await scheduler.stop(0.1)


def a_job(run, name="probe", scope=Scope.SERVER, **fields):
    return Job(name, fields.pop("period_seconds", PERIOD), scope, run, **fields)


async def settled(scheduler, name="probe"):
    """Waits until no run of a job is under way."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while runs := [task for task in scheduler._running if task.get_name() == f"job {name}"]:
            await asyncio.wait(runs)
    return scheduler.figures()[name]


def lease(database, job="probe"):
    with database.read() as connection:
        return connection.exec_driver_sql(
            f"SELECT owner, fencing, until_us, done_time_us FROM job_leases WHERE job = '{job}'"
        ).one()


class TestServerJobs:
    """Each server runs them for itself."""

    async def test_they_run_on_time_and_say_when(self, new_scheduler, hour):
        scheduler, runs = new_scheduler(), Runs()
        scheduler.add(a_job(runs))
        scheduler.start()
        for done in (1, 2, 3):
            hour.advance(PERIOD)
            await runs.next()
            figures = await settled(scheduler)
            assert (figures.done, figures.failed, figures.done_time_us) == (done, 0, hour.clock())

    async def test_one_that_fails_is_tried_again_and_the_others_go_on(self, new_scheduler, hour):
        scheduler, bad, good = new_scheduler(), Runs(), Runs()
        scheduler.add(a_job(bad, "bad", retry_seconds=(2.0,)))
        scheduler.add(a_job(good, "good"))
        scheduler.start()
        hour.advance(PERIOD)
        await bad.next(RuntimeError("broken"))
        await good.next()
        figures = await settled(scheduler, "bad")
        assert (figures.failed_in_row, figures.error) == (1, "RuntimeError; the server's log has more")
        assert (await settled(scheduler, "good")).done == 1
        hour.advance(2)
        await bad.next(DatabaseUnavailableError("the database is away"))
        figures = await settled(scheduler, "bad")
        assert (figures.failed_in_row, figures.error) == (2, "the database is away")
        hour.advance(2)
        await bad.next()
        figures = await settled(scheduler, "bad")
        assert (figures.failed, figures.failed_in_row, figures.error) == (2, 0, "")

    async def test_one_that_says_there_is_more_goes_on_at_once(self, new_scheduler, hour):
        scheduler, runs = new_scheduler(), Runs()
        scheduler.add(a_job(runs))
        scheduler.start()
        hour.advance(PERIOD)
        for more in (True, True, False):
            await runs.next(more)
        assert (await settled(scheduler)).done == 1

    async def test_one_that_takes_too_long_has_failed_and_goes_on_later(self, new_scheduler, hour):
        scheduler, runs = new_scheduler(), Runs()
        scheduler.add(a_job(runs, deadline_seconds=30.0, retry_seconds=(5.0,)))
        scheduler.start()
        hour.advance(PERIOD)
        await runs.wait()
        hour.advance(30)
        runs.end(True)
        figures = await settled(scheduler)
        assert runs.over == [True]
        assert figures.failed == 1
        assert "'probe' was not done within 30s" in figures.error
        hour.advance(5)
        await runs.next()
        assert (await settled(scheduler)).done == 1

    async def test_one_that_hangs_holds_up_neither_the_others_nor_the_end(self, new_scheduler, hour):
        scheduler, hanging, other = new_scheduler(), Runs(), Runs()
        scheduler.add(a_job(hanging, "hanging"))
        scheduler.add(a_job(other, "other"))
        scheduler.start()
        for _ in range(2):
            hour.advance(PERIOD)
            await other.next()
            assert (await settled(scheduler, "other")).failed == 0
        await hanging.wait()
        async with asyncio.timeout(PATIENCE_SECONDS):
            await scheduler.stop(0.0)
        assert hanging.begun.empty()
        hanging.end()

    async def test_waking_runs_them_at_once_from_any_thread(self, new_scheduler):
        scheduler, runs = new_scheduler(), Runs()
        scheduler.add(a_job(runs, period_seconds=WHEN_WOKEN))
        scheduler.wake("probe")
        scheduler.start()
        await asyncio.to_thread(scheduler.wake, "probe")
        await runs.next()

    async def test_the_end_lets_the_piece_at_hand_be_finished_and_begins_no_other(self, new_scheduler, hour):
        scheduler, runs = new_scheduler(), Runs()
        scheduler.add(a_job(runs))
        scheduler.start()
        hour.advance(PERIOD)
        await runs.wait()
        stopping = asyncio.create_task(scheduler.stop(PATIENCE_SECONDS))
        await asyncio.to_thread(scheduler._stopped.wait)
        runs.end(True)
        await stopping
        assert runs.over == [True]
        assert runs.begun.empty()
        assert scheduler.figures()["probe"].done == 0

    async def test_a_name_is_taken_once(self, new_scheduler):
        scheduler = new_scheduler()
        scheduler.add(a_job(lambda context: False))
        with pytest.raises(ValueError, match="'probe'"):
            scheduler.add(a_job(lambda context: False))


class TestInstallationJobs:
    """One server runs them for all."""

    async def test_of_two_servers_one_runs_it_in_each_period(self, new_scheduler, hour, database):
        runs = Runs()
        schedulers = [new_scheduler(EAST), new_scheduler(WEST)]
        for scheduler in schedulers:
            scheduler.add(a_job(runs, scope=Scope.INSTALLATION))
            scheduler.start()
        periods, numbers = [], []
        for _ in range(4):
            hour.advance(PERIOD)
            context = await runs.next()
            periods.append(context.period)
            numbers.append(context.fencing)
            for scheduler in schedulers:
                await settled(scheduler)
            assert runs.begun.empty()
        assert numbers == [1, 2, 3, 4]
        assert periods == list(range(periods[0], periods[0] + 4))
        assert sum(scheduler.figures()["probe"].done for scheduler in schedulers) == 4

    async def test_one_that_has_nothing_to_do_is_not_taken_and_is_looked_at_again(
        self, new_scheduler, hour, database
    ):
        asked: asyncio.Queue[int] = asyncio.Queue()
        looks = [False, True]
        loop = asyncio.get_running_loop()

        def needed(connection):
            loop.call_soon_threadsafe(asked.put_nowait, connection.exec_driver_sql("SELECT 1").scalar_one())
            return looks.pop(0)

        scheduler, runs = new_scheduler(), Runs()
        scheduler.add(a_job(runs, scope=Scope.INSTALLATION, needed=needed))
        scheduler.start()
        hour.advance(PERIOD)
        async with asyncio.timeout(PATIENCE_SECONDS):
            assert await asked.get() == 1
        figures = await settled(scheduler)
        assert (figures.done, figures.failed, figures.fencing) == (0, 0, 0)
        with database.read() as connection:
            assert connection.exec_driver_sql("SELECT count(*) FROM job_leases").scalar_one() == 0
        hour.advance(PERIOD)
        assert (await runs.next()).fencing == 1
        assert (await settled(scheduler)).done == 1

    async def test_what_one_server_fails_at_another_tries(self, new_scheduler, hour, database):
        east, west = new_scheduler(EAST), new_scheduler(WEST)
        at_east, at_west = Runs(), Runs()
        east.add(a_job(at_east, scope=Scope.INSTALLATION, retry_seconds=(20.0,)))
        east.start()
        hour.advance(PERIOD)
        await at_east.next(OSError("the disk is full"))
        assert (await settled(east)).failed == 1
        assert lease(database) == (EAST, 1, 0, None)
        west.add(a_job(at_west, scope=Scope.INSTALLATION, first_seconds=0.0))
        west.start()
        assert (await at_west.next()).fencing == 2
        await settled(west)

    async def test_an_owner_that_was_paused_writes_nothing_after_another_took_over(
        self, new_scheduler, hour, database
    ):
        with database.write() as connection:
            connection.exec_driver_sql("CREATE TABLE effects (fencing BIGINT)")

        def write(context):
            with context.transaction() as connection:
                connection.exec_driver_sql(f"INSERT INTO effects VALUES ({context.fencing})")
            return False

        east, west = new_scheduler(EAST), new_scheduler(WEST)
        at_east, at_west = Runs(), Runs()
        east.add(a_job(at_east, scope=Scope.INSTALLATION))
        east.start()
        hour.advance(PERIOD)
        await at_east.wait()
        # As if its machine stood still: nothing is renewed, for the real time is a moment.
        hour.advance(LEASE)
        west.add(a_job(at_west, scope=Scope.INSTALLATION, first_seconds=0.0))
        west.start()
        await at_west.next(write)
        assert (await settled(west)).done == 1
        at_east.end(write)
        figures = await settled(east)
        assert (figures.done, figures.lost, figures.failed) == (0, 1, 0)
        with database.read() as connection:
            assert connection.exec_driver_sql("SELECT fencing FROM effects").scalars().all() == [2]
        assert lease(database)[:2] == (WEST, 2)

    async def test_an_effect_and_the_note_that_it_is_done_are_kept_together(
        self, new_scheduler, hour, database
    ):
        with database.write() as connection:
            connection.exec_driver_sql("CREATE TABLE effects (period BIGINT PRIMARY KEY)")

        def write_and_fail(context):
            with suppress(ZeroDivisionError), context.transaction(finishes=True) as connection:
                connection.exec_driver_sql(f"INSERT INTO effects VALUES ({context.period})")
                raise ZeroDivisionError
            with context.transaction(finishes=True) as connection:
                connection.exec_driver_sql(f"INSERT INTO effects VALUES ({context.period})")
            raise OSError("behind the commit, as a server that dies there")

        scheduler, runs = new_scheduler(), Runs()
        scheduler.add(a_job(runs, scope=Scope.INSTALLATION, retry_seconds=(1.0,)))
        scheduler.start()
        hour.advance(PERIOD)
        done = await runs.next(write_and_fail)
        await settled(scheduler)
        hour.advance(1)
        await settled(scheduler)
        assert runs.begun.empty(), "its period is done, whatever came afterwards"
        hour.advance(PERIOD)
        assert (await runs.next()).period == done.period + 1

    async def test_the_end_gives_an_unfinished_job_to_the_others_at_once(self, new_scheduler, hour, database):
        scheduler, runs = new_scheduler(), Runs()
        scheduler.add(a_job(runs, scope=Scope.INSTALLATION))
        scheduler.start()
        hour.advance(PERIOD)
        await runs.wait()
        stopping = asyncio.create_task(scheduler.stop(PATIENCE_SECONDS))
        await asyncio.to_thread(scheduler._stopped.wait)
        runs.end(True)
        await stopping
        assert lease(database) == (EAST, 1, 0, None)

    async def test_after_a_night_asleep_it_runs_once(self, new_scheduler, hour, database):
        scheduler, runs = new_scheduler(), Runs()
        scheduler.add(a_job(runs, scope=Scope.INSTALLATION))
        scheduler.start()
        hour.advance(PERIOD)
        before = await runs.next()
        await settled(scheduler)
        hour.advance(100 * PERIOD)
        assert (await runs.next()).period == before.period + 100
        await settled(scheduler)
        assert runs.begun.empty()

    async def test_a_run_that_takes_longer_than_its_lease_keeps_it(
        self, new_scheduler, hour, database, monkeypatch
    ):
        renewed, loop = asyncio.Event(), asyncio.get_running_loop()

        def renew(*args):
            job_leases_renew(*args)
            loop.call_soon_threadsafe(renewed.set)

        job_leases_renew = job_leases.renew
        monkeypatch.setattr(job_leases, "renew", renew)
        scheduler, runs = new_scheduler(lease_seconds=SHORT_LEASE), Runs()
        job = a_job(runs, scope=Scope.INSTALLATION)
        scheduler.add(job)
        scheduler.start()
        hour.advance(PERIOD)
        await runs.wait()
        for _ in range(3):
            hour.advance(SHORT_LEASE * 0.9)
            renewed.clear()
            async with asyncio.timeout(PATIENCE_SECONDS):
                await renewed.wait()
            # The transaction of the renewal may have been begun before the clock went on.
            assert lease(database)[2] >= hour.clock()
        runs.end()
        assert (await settled(scheduler)).done == 1
        assert lease(database)[:2] == (EAST, 1)

    async def test_an_owner_that_lost_its_lease_is_told_to_stop_while_it_computes(
        self, new_scheduler, hour, database
    ):
        scheduler, runs = new_scheduler(lease_seconds=SHORT_LEASE), Runs()
        job = a_job(runs, scope=Scope.INSTALLATION)
        scheduler.add(job)
        scheduler.start()
        hour.advance(PERIOD)
        context = await runs.wait()
        told, ending = asyncio.Event(), context._ending
        lose = ending.lose

        def lose_and_tell() -> None:
            lose()
            told.set()

        ending.lose = lose_and_tell
        hour.advance(PERIOD)
        with database.write() as connection:
            assert job_leases.take(connection, "probe", WEST, scheduler._leases.terms(job), hour.clock())
        assert not runs.over
        async with asyncio.timeout(PATIENCE_SECONDS):
            await told.wait()
        runs.end(True)
        figures = await settled(scheduler)
        assert (runs.over, figures.done, figures.failed, figures.lost) == ([True], 0, 0, 1)
        assert lease(database)[:2] == (WEST, 2)

    async def test_an_owner_that_lost_its_lease_writes_nothing_and_says_so(
        self, new_scheduler, hour, database
    ):
        scheduler, runs = new_scheduler(), Runs()
        job = a_job(runs, scope=Scope.INSTALLATION)
        scheduler.add(job)
        scheduler.start()
        hour.advance(PERIOD)
        context = await runs.wait()
        hour.advance(LEASE)
        terms = scheduler._leases.terms(job)
        with database.write() as connection:
            taken = job_leases.take(connection, "probe", WEST, terms, hour.clock())
            assert taken is not None
            assert taken.fencing == 2
        with pytest.raises(LeaseLostError), context.transaction():
            pass
        runs.end()
        assert (await settled(scheduler)).lost == 1


async def test_metrics_say_what_came_of_each_job(new_scheduler, hour):
    scheduler, runs = new_scheduler(), Runs()
    scheduler.add(a_job(runs, scope=Scope.INSTALLATION))
    scheduler.add(a_job(lambda context: False, "quiet", period_seconds=WHEN_WOKEN))
    scheduler.start()
    hour.advance(PERIOD)
    await runs.next()
    await settled(scheduler)
    lines = scheduler.metrics().splitlines()
    assert 'pointsman_job_runs_total{job="probe",outcome="done"} 1' in lines
    assert 'pointsman_job_runs_total{job="quiet",outcome="done"} 0' in lines
    assert 'pointsman_job_fencing{job="probe"} 1' in lines
    assert 'pointsman_job_running{job="probe"} 0' in lines
    assert not any('fencing{job="quiet"}' in line for line in lines)


async def test_a_server_that_comes_back_takes_at_once_what_it_held_when_it_was_killed(
    new_scheduler, database
):
    with database.write() as connection:
        terms = job_leases.Terms(int(PERIOD * 1_000_000), int(LEASE * 1_000_000))
        killed = job_leases.take(connection, "probe", EAST, terms, START_US)
    runs = Runs()
    scheduler = new_scheduler()
    scheduler.add(a_job(runs, scope=Scope.INSTALLATION, first_seconds=0.0))
    scheduler.start()
    # The clock stands still: the lease is not over.
    again = await runs.next()
    assert (killed.fencing if killed else None) == again.fencing - 1
    await settled(scheduler)
