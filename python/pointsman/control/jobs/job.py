"""What a periodic job is, and what a run of it is given."""

import math
import re
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum

from sqlalchemy import Connection

from pointsman.control.jobs.ending import Ending
from pointsman.store import job_leases
from pointsman.store.database import Database
from pointsman.store.job_leases import Lease

_NAME = re.compile(r"[a-z][a-z0-9-]{0,63}")
WHEN_WOKEN = math.inf
"""The period of a job that runs only when something wakes it."""


class Scope(Enum):
    """Whose work a job is."""

    SERVER = "server"
    """Each server's: its own journal, files and data plane."""

    INSTALLATION = "installation"
    """That of one server for all on the database: under a lease, each transaction fenced."""


class JobContext:
    """What a run of a job is given.

    Args:
        job: The job's name.
        database: Where it writes.
        period: The number of the period that it runs for: for an installation's job counted from the epoch,
            by the database's clock; for a server's job by a clock that only goes on.
        ending: Says when to stop.
        lease: The lease of an installation's job; None for a server's.
    """

    def __init__(
        self, job: str, database: Database, period: int, ending: Ending, lease: Lease | None = None
    ) -> None:
        self.job = job
        self.period = period
        self._database = database
        self._ending = ending
        self._lease = lease
        self._finished = False

    @property
    def fencing(self) -> int:
        """The number of this run alone of an installation's job; later ones exceed it. 0 for a server's."""
        return 0 if self._lease is None else self._lease.fencing

    @property
    def is_finished(self) -> bool:
        """Whether a committed transaction says that the job is done for this period."""
        return self._finished

    def is_over(self) -> bool:
        """Whether to stop after the piece at hand: the server ends, time is up, or another has taken over."""
        return self._ending.is_over()

    def wait(self, seconds: float) -> bool:
        """Waits, but no longer than the run may go on; answers whether it is over."""
        return self._ending.wait(seconds)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Opens a transaction that reads alone, to see whether there is anything to write.

        Raises:
            DatabaseUnavailableError: The database does not answer.
        """
        with self._database.read() as connection:
            yield connection

    @contextmanager
    def transaction(self, *, finishes: bool = False) -> Iterator[Connection]:
        """Opens a transaction that is committed only while no other server has taken the job over.

        Args:
            finishes: Whether the job is done for this period with it. The effect and the note of it are
                committed together then, so that the effect comes about once in each period; without it, a
                server that dies between the two leaves the next one to run the period again.

        Raises:
            DatabaseUnavailableError: The database does not answer.
            LeaseLostError: Another server has taken over; nothing is kept.
        """
        with self._database.write() as connection:
            self.fence(connection)
            yield connection
            if finishes and self._lease is not None:
                job_leases.finish(connection, self._lease)
        self._finished = self._finished or finishes

    def fence(self, connection: Connection) -> None:
        """Does the same for a transaction that was opened elsewhere, as for a change of the routing state.

        To be called before the first write.

        Raises:
            LeaseLostError: Another server has taken over; the transaction must be rolled back.
        """
        if self._lease is not None:
            job_leases.check(connection, self._lease)


Step = Callable[[JobContext], bool]
Lane = Callable[[Callable[[], bool]], Awaitable[bool]]


@dataclass(frozen=True)
class Job:
    """A piece of periodic work.

    Attributes:
        name: Its name in metrics, logs and the lease table.
        period_seconds: It runs once in each period; ``WHEN_WOKEN`` when only waking it makes it run.
        scope: Whose work it is.
        run: Does a bounded piece of it and answers whether there may be more; it is called again then, with
            other work of its lane in between. One that stops early because it is over answers True.
        lane: Where it runs; None for a thread of its own.
        deadline_seconds: How long a run may go on; then it counts as failed, and others may take it over.
        retry_seconds: How long to wait after the first failure, the second in a row, and so on.
        first_seconds: How long after the start it runs first; None for a period, but a minute at most.
        needed: Answers in a reading transaction whether an installation's job has anything to do. When it has
            not, it is looked at again a period later, and nothing is written; None for one that always has.
    """

    name: str
    period_seconds: float
    scope: Scope
    run: Step
    lane: Lane | None = None
    deadline_seconds: float = 300.0
    retry_seconds: tuple[float, ...] = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0)
    first_seconds: float | None = None
    needed: Callable[[Connection], bool] | None = None

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError(
                f"name: {self.name!r} is no name of a job; use small letters, digits and -, at most 64"
            )
        if not self.period_seconds > 0:
            raise ValueError(f"period_seconds: {self.period_seconds} is not above 0 (job {self.name})")
        if self.scope is Scope.INSTALLATION and math.isinf(self.period_seconds):
            raise ValueError(f"period_seconds: an installation's job needs a period (job {self.name})")
        if self.scope is Scope.SERVER and self.needed is not None:
            raise ValueError(f"needed: only an installation's job is asked (job {self.name})")
        if not self.deadline_seconds > 0 or not self.retry_seconds:
            raise ValueError(f"deadline_seconds, retry_seconds: must be above 0 and given (job {self.name})")
