"""How programs beside a server leave processors to its calls, and get some of them all the same."""

import contextlib
import os
import sys
import time
from pathlib import Path

_NICENESS = 10
_GROUP = Path("/proc/self/autogroup")
_GROUP_NICENESS = (19, 10, 5)
"""Of a session, in steps. Beside four programs that want both of two processors the first one leaves it a
hundredth of one, the second a twentieth and the third a seventh."""
_LEAST_SHARE = 0.1
_JUDGED_AFTER_SECONDS = 10.0
_SCHEDULED = Path("/proc/self/schedstat")
_TRIES, _PAUSE_SECONDS = 5, 0.11


class Priority:
    """What the main thread of a program gets of the processors beside calls."""

    def __init__(self) -> None:
        self._left = list(_GROUP_NICENESS)
        self._before: tuple[float, float] | None = None

    def lower(self) -> None:
        """Has this program take half of the processors, and of those little while calls want them.

        Niceness alone does nothing where Linux divides processors between sessions first, and only within one
        by how nice its threads are; so the session is made nice, too. What a system or container forbids is
        left as it is: slower calls are better than no result.
        """
        os.nice(_NICENESS)
        if sys.platform != "linux":
            return
        self._next_step()
        with contextlib.suppress(OSError):
            allowed = sorted(os.sched_getaffinity(0))
            os.sched_setaffinity(0, allowed[: max(1, len(allowed) // 2)])

    def look(self) -> None:
        """Makes the session less nice where the thread waits for a processor nearly always.

        On a machine that is busy for hours it would have nothing by the end of an analysis's time. Does
        nothing before it was made nice.
        """
        now = _scheduled()
        if now is None or self._before is None or not self._left:
            return
        ran, waited = now[0] - self._before[0], now[1] - self._before[1]
        # Time in which it wants no processor tells nothing.
        if ran + waited < _JUDGED_AFTER_SECONDS:
            return
        if ran < _LEAST_SHARE * (ran + waited):
            self._next_step()
        else:
            self._before = now

    def _next_step(self) -> None:
        niceness = self._left.pop(0)
        # Nobody else's session.
        if os.getsid(0) == os.getpid():
            _set_session(niceness)
        self._before = _scheduled()


def _set_session(niceness: int) -> None:
    for _ in range(_TRIES):
        try:
            _GROUP.write_text(str(niceness))
        except BlockingIOError:
            # Of the whole system one is changed in a tenth of a second.
            time.sleep(_PAUSE_SECONDS)
        except OSError:
            return
        else:
            return


def _scheduled() -> tuple[float, float] | None:
    """Answers for how many seconds the main thread had a processor, and waited for one; none if not told."""
    try:
        ran, waited, *_ = _SCHEDULED.read_text().split()
        return int(ran) / 1e9, int(waited) / 1e9
    except (OSError, ValueError):
        return None
