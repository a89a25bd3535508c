"""Waits longer after each failure, so that what is away is not buried when it comes back."""

import threading

_DELAYS_SECONDS = (0.1, 0.2, 0.5, 1.0, 2.0)


class BackOff:
    """The delays of one loop.

    Args:
        ended: Ends every wait at once.
    """

    def __init__(self, ended: threading.Event) -> None:
        self._ended = ended
        self._failures = 0

    @property
    def first(self) -> bool:
        """Whether the failure at hand is the first of its row: the one to be told about."""
        return self._failures == 0

    def wait(self) -> None:
        """Waits after a failure."""
        delay = _DELAYS_SECONDS[min(self._failures, len(_DELAYS_SECONDS) - 1)]
        self._failures += 1
        self._ended.wait(delay)

    def reset(self) -> bool:
        """Notes a success; answers whether it ends a row of failures."""
        ended_row = self._failures > 0
        self._failures = 0
        return ended_row
