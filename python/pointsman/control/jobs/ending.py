"""When a run of a job has to stop."""

import threading
from collections.abc import Callable


class Ending:
    """Says to a run that it is over. Safe to use from several threads.

    A thread cannot be stopped from outside, so a run looks here between two pieces.

    Args:
        stopped: Is set when the server ends.
        deadline: When the run's time is up, by the clock.
        elapsed: The clock, in seconds.
    """

    def __init__(self, stopped: threading.Event, deadline: float, elapsed: Callable[[], float]) -> None:
        self._stopped = stopped
        self._deadline = deadline
        self._elapsed = elapsed
        self._lost = False

    @property
    def is_late(self) -> bool:
        """Whether the run's time is up."""
        return self._elapsed() >= self._deadline

    @property
    def is_lost(self) -> bool:
        """Whether another server has taken the job over."""
        return self._lost

    def is_over(self) -> bool:
        """Whether the run has to stop, for whatever reason."""
        return self._lost or self._stopped.is_set() or self.is_late

    def lose(self) -> None:
        """Notes that another server has taken the job over."""
        self._lost = True

    def wait(self, seconds: float) -> bool:
        """Waits until the server ends or the time is up, at most so long; answers whether it is over."""
        self._stopped.wait(max(0.0, min(seconds, self._deadline - self._elapsed())))
        return self.is_over()
