"""Who runs a periodic job that one server does for all: a lease by the database's clock, a fencing number.

A lease is held while a run lasts, not in between: an idle server writes nothing, and one that ends between
two runs holds up nobody. The lease only says when others may try. That nothing is written by two owners rests
on the fencing number alone: each taking raises it, and each transaction of a run checks it (:func:`check`)
under a lock that no taker passes. So a clock that goes wrong costs time and never a wrong row.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, select, update
from sqlalchemy.dialects import postgresql, sqlite

from pointsman.errors import LeaseLostError
from pointsman.store.schema import job_leases
from pointsman.store.servers import clock_us

Fence = Callable[[Connection], None]
"""Raises in a transaction that must not be committed, because another server has taken the job over."""

_COLUMNS = job_leases.c


def unfenced(_: Connection) -> None:
    """Is the fence of what is done by no job."""


@dataclass(frozen=True)
class Lease:
    """A job that this server has taken.

    Attributes:
        job: The job's name.
        owner: The journal of the server that took it.
        fencing: The number of this taking; no other one of the job has it.
        begin_us: When it was taken, by the database's clock.
    """

    job: str
    owner: str
    fencing: int
    begin_us: int


@dataclass(frozen=True)
class Terms:
    """How often a job is due, and for how long it is taken.

    Attributes:
        period_us: It is due once in each period; all servers count periods from the epoch.
        lease_us: Others leave it alone for so long after it was taken or renewed.
    """

    period_us: int
    lease_us: int

    def period_of(self, time_us: int) -> int:
        """Answers the number of the period that a time is in."""
        return time_us // self.period_us

    def left_us(self, time_us: int) -> int:
        """Answers what is left of the period that a time is in."""
        return self.period_us - time_us % self.period_us


@dataclass(frozen=True)
class Outlook:
    """When there is something to do about a job.

    Attributes:
        wait_us: How long to wait; 0 when it is due and nobody runs it.
        owner: The journal of the server that last took it; empty for none.
    """

    wait_us: int
    owner: str


def outlook(connection: Connection, job: str, terms: Terms, local_us: int) -> Outlook:
    """Answers when to try to take a job; writes nothing.

    Args:
        connection: A transaction.
        job: The job's name.
        terms: How often it is due.
        local_us: The time by this machine's clock, for a database without one.
    """
    row = connection.execute(select(job_leases).where(_COLUMNS.job == job)).one_or_none()
    if row is None:
        return Outlook(0, "")
    return Outlook(_wait_us(row, terms, clock_us(connection, local_us)), row.owner)


def take(connection: Connection, job: str, owner: str, terms: Terms, local_us: int) -> Lease | None:
    """Takes a job that is due and that nobody runs.

    Args:
        connection: A writing transaction.
        job: The job's name.
        owner: This server's journal.
        terms: How often it is due, and for how long it is taken.
        local_us: The time by this machine's clock, for a database without one.

    Returns:
        The lease; None when it is done in this period, or another server has it.
    """
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    nothing = dialect.insert(job_leases).values(job=job, owner="", fencing=0, until_us=0)
    connection.execute(nothing.on_conflict_do_nothing(index_elements=[_COLUMNS.job]))
    # Whoever writes under the present number, or takes the job, at this moment is not waited for.
    free = select(job_leases).where(_COLUMNS.job == job).with_for_update(skip_locked=True)
    row = connection.execute(free).one_or_none()
    if row is None:
        return None
    now_us = clock_us(connection, local_us)
    if _wait_us(row, terms, now_us):
        return None
    lease = Lease(job, owner, row.fencing + 1, now_us)
    values = {"owner": owner, "fencing": lease.fencing, "until_us": now_us + terms.lease_us}
    connection.execute(update(job_leases).where(_COLUMNS.job == job).values(values))
    return lease


def check(connection: Connection, lease: Lease) -> None:
    """Sees to it that nobody else has taken the job, and that nobody does before the transaction ends.

    To be called in every transaction that writes what the job brings about, before it is committed. A lease
    that is over and that nobody took over still holds.

    Raises:
        LeaseLostError: Another server has taken it; the transaction must be rolled back.
    """
    # Renewing goes on beside it; taking over does not.
    held = (
        select(_COLUMNS.fencing).where(_COLUMNS.job == lease.job).with_for_update(read=True, key_share=True)
    )
    fencing = connection.execute(held).scalar_one_or_none()
    if fencing != lease.fencing:
        raise _lost(lease, fencing)


def renew(connection: Connection, lease: Lease, terms: Terms, local_us: int) -> None:
    """Keeps others from taking the job for the length of another lease.

    Args:
        connection: A writing transaction.
        lease: The lease.
        terms: For how long it is taken, from now on.
        local_us: The time by this machine's clock, for a database without one.

    Raises:
        LeaseLostError: Another server has taken it.
    """
    _change(connection, lease, {"until_us": clock_us(connection, local_us) + terms.lease_us})


def finish(connection: Connection, lease: Lease) -> None:
    """Notes that the job is done for the period in which it was taken.

    In the transaction of the job's last effect it makes that effect one for each period, whatever dies when.

    Raises:
        LeaseLostError: Another server has taken it; the transaction must be rolled back.
    """
    _change(connection, lease, {"done_time_us": lease.begin_us})


def give_back(connection: Connection, lease: Lease) -> None:
    """Lets others take the job at once, if it is still this server's."""
    this = (_COLUMNS.job == lease.job, _COLUMNS.fencing == lease.fencing)
    connection.execute(update(job_leases).where(*this).values(until_us=0))


def release(connection: Connection, owner: str) -> None:
    """Lets the jobs be taken that a former run of this server held when it ended, which does them no more.

    What it might still write is kept out by the fencing number, as whenever a job is taken over.

    Args:
        connection: A writing transaction.
        owner: This server's journal, which no other process has while this one runs.
    """
    held = select(_COLUMNS.job).where(_COLUMNS.owner == owner, _COLUMNS.until_us > 0)
    if connection.execute(held).first() is not None:
        former = (_COLUMNS.owner == owner, _COLUMNS.until_us > 0)
        connection.execute(update(job_leases).where(*former).values(until_us=0))


def _change(connection: Connection, lease: Lease, values: dict[str, int]) -> None:
    this = (_COLUMNS.job == lease.job, _COLUMNS.fencing == lease.fencing)
    if connection.execute(update(job_leases).where(*this).values(values)).rowcount != 1:
        present = select(_COLUMNS.fencing).where(_COLUMNS.job == lease.job)
        raise _lost(lease, connection.execute(present).scalar_one_or_none())


def _wait_us(row: Row[Any], terms: Terms, now_us: int) -> int:
    """Answers how long nobody may take a job; 0 when it is due and free."""
    done_us = row.done_time_us
    # Not "earlier than": of a clock that was set back, what was done in its future is not done now.
    if done_us is not None and terms.period_of(done_us) == terms.period_of(now_us):
        return terms.left_us(now_us)
    # Nobody takes it for longer than a lease; what is further away was written before the clock was set back.
    # Twice, for servers that were told different lengths.
    if now_us < row.until_us <= now_us + 2 * terms.lease_us:
        return int(row.until_us) - now_us
    return 0


def _lost(lease: Lease, fencing: int | None) -> LeaseLostError:
    return LeaseLostError(
        f"the job {lease.job!r} was taken over by another server (fencing number {fencing}, this one had "
        f"{lease.fencing}); nothing of this run is written any more",
        metadata={"job": lease.job, "fencing": str(lease.fencing)},
    )
