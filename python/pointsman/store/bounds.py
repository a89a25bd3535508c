"""How long connections to PostgreSQL wait, at most: for what they do, and for the server's own part of it."""

import time
from typing import Any

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
