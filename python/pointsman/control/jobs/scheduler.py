"""Runs periodic jobs: each on time, once at a time, and none in the way of another."""

import asyncio
import math
import random
import threading
import time
from collections.abc import Callable
from functools import partial

import structlog

from pointsman.control.jobs.ending import Ending
from pointsman.control.jobs.figures import JobFigures, written
from pointsman.control.jobs.job import Job, JobContext, Scope
from pointsman.control.jobs.leases import Leases
from pointsman.control.jobs.threads import JobThread
from pointsman.control.jobs.timetable import Timetable
from pointsman.domain.values import MICROSECONDS_PER_SECOND
from pointsman.errors import DeadlineExceededError, LeaseLostError, PointsmanError
from pointsman.store.database import Database
from pointsman.store.job_leases import Lease

_log = structlog.get_logger(__name__)

_LONGEST_SLEEP_SECONDS = 5.0
"""Timers stand still while the machine sleeps; what became due meanwhile is found within that."""
_CANCEL_SECONDS = 1.0


def elapsed_seconds() -> float:
    """Answers the seconds of a clock that only goes on, through the machine's sleep where it tells."""
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if clock is None else time.clock_gettime(clock)


class Scheduler:
    """Runs jobs in the background, on the event loop that starts it.

    A job that fails is tried again, with longer and longer pauses; the others do not notice. Everything but
    :meth:`wake` and the figures is to be used from the event loop.

    Args:
        database: Where leases are, and what jobs write.
        owner: Answers this server's journal.
        lease_seconds: Others leave an installation's job alone for so long after its owner last showed life.
        clock: Answers the time in UTC microseconds.
        elapsed: Answers the seconds of a clock that only goes on.
        draw: Answers a number from 0 to 1, for jitter.
    """

    def __init__(
        self,
        database: Database,
        owner: Callable[[], str],
        lease_seconds: float,
        clock: Callable[[], int],
        elapsed: Callable[[], float] = elapsed_seconds,
        draw: Callable[[], float] = random.random,
    ) -> None:
        self._database = database
        self._clock = clock
        self._elapsed = elapsed
        self._leases = Leases(database, owner, lease_seconds, clock, draw)
        self._timetable = Timetable(draw)
        self._jobs: dict[str, Job] = {}
        self._figures: dict[str, JobFigures] = {}
        self._threads: dict[str, JobThread] = {}
        self._stopped = threading.Event()
        self._changed = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._round: asyncio.Task[None] | None = None
        self._running: set[asyncio.Task[None]] = set()

    def add(self, job: Job) -> None:
        """Takes a job; it runs from the start on.

        Raises:
            ValueError: There is one of this name.
        """
        if job.name in self._jobs:
            raise ValueError(f"name: there is a job {job.name!r} already")
        self._jobs[job.name] = job
        self._figures[job.name] = JobFigures(job.name, job.scope)
        self._threads[job.name] = JobThread(job.name)
        if self._loop is not None:
            self._timetable.add(job, self._elapsed())
            self._changed.set()

    def start(self) -> None:
        """Begins in the background."""
        self._loop = asyncio.get_running_loop()
        for job in self._jobs.values():
            self._timetable.add(job, self._elapsed())
        self._round = self._loop.create_task(self._go_round())

    def wake(self, name: str) -> None:
        """Has a job run now, or once more when it runs just now; from any thread, at any time."""
        loop = self._loop
        if loop is not None and not self._stopped.is_set():
            loop.call_soon_threadsafe(self._wake, name)

    def look(self) -> None:
        """Looks at the clock again at once."""
        self._changed.set()

    def job(self, name: str) -> Job:
        """Answers a job by its name."""
        return self._jobs[name]

    def figures(self) -> dict[str, JobFigures]:
        """Answers what is known of each job's runs, by its name."""
        return dict(self._figures)

    def metrics(self) -> str:
        """Writes what is known of each job's runs in the OpenMetrics text format."""
        return written(self._figures.values())

    async def stop(self, grace_seconds: float) -> None:
        """Begins no more runs and lets the pieces at hand be finished, as far as the grace allows.

        What hangs is left behind: its thread ends with the process, and its lease by itself.
        """
        deadline = self._elapsed() + grace_seconds
        self._stopped.set()
        if self._round is not None:
            self._round.cancel()
            await asyncio.gather(self._round, return_exceptions=True)
            self._round = None
        if self._running:
            await asyncio.wait(self._running, timeout=max(0.0, grace_seconds))
        left = set(self._running)
        for task in left:
            task.cancel()
        if left:
            await asyncio.wait(left, timeout=_CANCEL_SECONDS)
        for thread in self._threads.values():
            thread.close()
        await asyncio.to_thread(self._leases.close, max(_CANCEL_SECONDS, deadline - self._elapsed()))

    def _wake(self, name: str) -> None:
        self._timetable.wake(name, self._elapsed())
        self._changed.set()

    async def _go_round(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            self._changed.clear()
            for job in self._timetable.begin_due(self._elapsed()):
                task = loop.create_task(self._run(job), name=f"job {job.name}")
                self._running.add(task)
                task.add_done_callback(self._running.discard)
            seconds = max(0.0, self._timetable.next_time() - self._elapsed())
            timer = loop.call_later(min(seconds, _LONGEST_SLEEP_SECONDS), self._changed.set)
            await self._changed.wait()
            timer.cancel()

    async def _run(self, job: Job) -> None:
        """Runs a job once and says in the timetable what came of it, whatever that is."""
        figures = self._figures[job.name]
        begin = self._elapsed()
        ending = Ending(self._stopped, begin + job.deadline_seconds, self._elapsed)
        wait_seconds: float | None = None
        failed = False
        try:
            if job.scope is Scope.INSTALLATION:
                wait_seconds = await self._run_leased(job, ending)
            else:
                period = 0 if math.isinf(job.period_seconds) else math.floor(begin / job.period_seconds)
                if await self._run_steps(job, JobContext(job.name, self._database, period, ending), ending):
                    self._note_done(figures, begin)
        except LeaseLostError as error:
            figures.lost += 1
            wait_seconds = 0.0
            _log.info("a job was taken over by another server", job=job.name, reason=str(error))
        except PointsmanError as error:
            failed = True
            self._note_failure(figures, str(error))
        except Exception as error:  # noqa: BLE001 - the next run may work, and the other jobs must go on
            failed = True
            self._note_failure(figures, f"{type(error).__name__}; the server's log has more", error)
        finally:
            figures.running = False
            self._timetable.end(job.name, self._elapsed(), failed=failed, wait_seconds=wait_seconds)
            self._changed.set()

    async def _run_leased(self, job: Job, ending: Ending) -> float:
        """Runs an installation's job if it is due and free; answers when it may be again, in seconds."""
        found = await self._leases.take(job)
        if not isinstance(found, Lease):
            return found
        begin, terms = self._elapsed(), self._leases.terms(job)
        self._figures[job.name].fencing = found.fencing
        context = JobContext(job.name, self._database, terms.period_of(found.begin_us), ending, found)
        keeping = asyncio.create_task(self._leases.keep(job, found, ending))
        try:
            if await self._run_steps(job, context, ending):
                await self._leases.finish(found, noted=context.is_finished)
                self._note_done(self._figures[job.name], begin)
                left_seconds = terms.left_us(found.begin_us) / MICROSECONDS_PER_SECOND
                return left_seconds - (self._elapsed() - begin)
        except BaseException:
            await self._leases.give_back(found)
            raise
        finally:
            keeping.cancel()
        await self._leases.give_back(found)
        return 0.0

    async def _run_steps(self, job: Job, context: JobContext, ending: Ending) -> bool:
        """Runs a job piece by piece; answers whether it is done, which it is not when the server ends.

        Raises:
            DeadlineExceededError: Its time was up first.
            LeaseLostError: Another server has taken the job over, and the job has stopped for it.
        """
        self._figures[job.name].running = True
        lane = job.lane or self._threads[job.name].run
        while await lane(partial(_step, job, context)):
            if not ending.is_over():
                continue
            if ending.is_lost:
                raise LeaseLostError(
                    f"the job {job.name!r} was taken over by another server while it ran here"
                )
            if ending.is_late and not self._stopped.is_set():
                raise DeadlineExceededError(
                    f"the job {job.name!r} was not done within {job.deadline_seconds:g}s; it goes on later"
                )
            return False
        return True

    def _note_done(self, figures: JobFigures, begin: float) -> None:
        if figures.failed_in_row:
            _log.info("a job works again", job=figures.name)
        figures.done += 1
        figures.duration_seconds = self._elapsed() - begin
        figures.done_time_us, figures.failed_in_row, figures.error = self._clock(), 0, ""

    def _note_failure(self, figures: JobFigures, told: str, error: Exception | None = None) -> None:
        figures.failed += 1
        figures.failed_in_row += 1
        figures.error = told
        if figures.failed_in_row > 1:
            # It was said; that it goes on is in the metrics.
            return
        _log.warning("a job failed and is tried again", job=figures.name, reason=told, exc_info=error)


def _step(job: Job, context: JobContext) -> bool:
    return not context.is_finished and bool(job.run(context)) and not context.is_finished
