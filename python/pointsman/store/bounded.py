"""Connections to PostgreSQL that wait for a bounded time, even for a server that hangs."""

import time
from collections.abc import Generator
from typing import Any

import psycopg

from pointsman.store.bounds import PATIENT_SECONDS, STATEMENT_SECONDS, Bounds


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
