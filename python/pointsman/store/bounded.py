"""Connections to PostgreSQL that wait for a bounded time, even for a server that hangs."""

import time
from collections.abc import Generator
from typing import Any

import psycopg

STATEMENT_SECONDS = 15.0
"""What one statement, commit or rollback may take; ours take milliseconds, sums over windows seconds."""
PATIENT_SECONDS = 1800.0
"""The same for a migration, which may write a large table anew."""
CONNECT_SECONDS = 5
_SERVER_SECONDS = 60
"""The server's own limit: for statements of a client that is gone."""
_IDLE_SECONDS = 120
_KEEPALIVE = {"keepalives": 1, "keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3}
_UNACKNOWLEDGED_MILLISECONDS = 15_000


class Bounds:
    """How long the connections of a database wait. Safe to use from several threads."""

    def __init__(self) -> None:
        self._end: float | None = None

    def end_within(self, seconds: float) -> None:
        """Lets nothing wait longer than that from now on, whatever it is in."""
        self._end = time.monotonic() + seconds

    @property
    def is_over(self) -> bool:
        """Whether that time is over."""
        return self._end is not None and time.monotonic() > self._end

    def deadline(self, seconds: float) -> float:
        """Answers the monotonic time until which a wait that begins now may take so long."""
        deadline = time.monotonic() + seconds
        return deadline if self._end is None else min(deadline, self._end)


class BoundedConnection(psycopg.Connection[Any]):
    """A connection of which every wait for the server ends."""

    bounds = Bounds()
    statement_seconds = STATEMENT_SECONDS

    def wait(self, gen: Any, *rest: Any, **more: Any) -> Any:
        """Waits for what the server answers.

        Args:
            gen: psycopg's generator, which yields what it waits for and returns the answer.
            *rest: What else psycopg gives, passed on.
            **more: The same by name.

        Returns:
            What the generator returns.

        Raises:
            psycopg.OperationalError: It answered nothing in time; the connection is closed.
        """
        try:
            return super().wait(self._bounded(gen), *rest, **more)
        except _HungError as error:
            # Nobody knows what the server has done of it, so that the connection is of no use any more.
            self.close()
            raise psycopg.OperationalError(str(error)) from None

    def _bounded(self, gen: Generator[Any, Any, Any]) -> Generator[Any, Any, Any]:
        """Goes through what waits, looking at the clock whenever the wait pauses."""
        begun = time.monotonic()
        try:
            state = next(gen)
            while True:
                ready = yield state
                # Asked anew each time: the end may have been set meanwhile.
                if not ready and time.monotonic() > min(
                    begun + self.statement_seconds, self.bounds.deadline(PATIENT_SECONDS)
                ):
                    raise _HungError(f"no answer within {time.monotonic() - begun:.0f}s")
                state = gen.send(ready)
        except StopIteration as done:
            return done.value


class _HungError(Exception):
    """The server did not answer in time."""


def server_settings(options: str) -> dict[str, Any]:
    """Answers what connections are made with.

    Args:
        options: The options of the server's command line that the URL asks for, which win.
    """
    limits = (
        f"-c statement_timeout={_SERVER_SECONDS}s -c idle_in_transaction_session_timeout={_IDLE_SECONDS}s"
    )
    return {
        "connect_timeout": CONNECT_SECONDS,
        "tcp_user_timeout": _UNACKNOWLEDGED_MILLISECONDS,
        **_KEEPALIVE,
        "options": f"{limits} {options}".strip(),
    }
