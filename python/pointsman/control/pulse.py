"""Sees whether the database answers at all: one that hangs refuses nothing, and nothing else would tell."""

import asyncio
import contextlib
import time
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import text

from pointsman.errors import DatabaseUnavailableError
from pointsman.store.database import Database

LATE_SECONDS = 3.0
"""An answer to nothing that takes so long is as good as none."""


class Pulse:
    """Asks the database for nothing, over and over, on a thread that nothing else waits for.

    Args:
        database: The database.
        interval_seconds: How often.
    """

    def __init__(self, database: Database, interval_seconds: float) -> None:
        self._database = database
        self._interval_seconds = interval_seconds
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="pointsman-pulse")
        self._asked: float | None = None
        self._failure = ""

    @property
    def reason(self) -> str:
        """Why the database is as good as away, in words; empty when it answers."""
        asked = self._asked
        late_seconds = 0.0 if asked is None else time.monotonic() - asked
        if late_seconds < LATE_SECONDS:
            return self._failure
        return (
            f"the database {self._database.shown_url} does not answer (nothing for {late_seconds:.0f}s); "
            "routing goes on, changes and reads are possible again when it is back"
        )

    async def run(self) -> None:
        """Goes on until it is cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            self._asked = time.monotonic()
            try:
                await loop.run_in_executor(self._thread, self._ask)
                self._failure = ""
            except DatabaseUnavailableError as error:
                self._failure = str(error)
            finally:
                self._asked = None
            await asyncio.sleep(self._interval_seconds)

    def close(self) -> None:
        """Ends the thread, which waits for nothing that has no end."""
        with contextlib.suppress(RuntimeError):
            self._thread.shutdown(wait=False, cancel_futures=True)

    def _ask(self) -> None:
        with self._database.read() as connection:
            connection.execute(text("SELECT 1"))
