"""How programs beside a server leave processors to its calls."""

import contextlib
import os
import sys
import time
from pathlib import Path

_NICENESS = 10
_GROUP = Path("/proc/self/autogroup")
_GROUP_NICENESS = 19
"""A seventieth of a processor is left where calls want all of it: enough to show life, and to write a result
within the time for which others wait for the database."""
_TRIES, _PAUSE_SECONDS = 5, 0.11


def lower_priority() -> None:
    """Has this program take half of the processors, and of those little while calls want them.

    Niceness alone does nothing where Linux divides processors between sessions first, and only within one by
    how nice its threads are; so the session is made nice, too. What a system or container forbids is left as
    it is: slower calls are better than no result.
    """
    os.nice(_NICENESS)
    if sys.platform != "linux":
        return
    if os.getsid(0) == os.getpid():
        # Nobody else's session.
        _lower_session()
    with contextlib.suppress(OSError):
        allowed = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, allowed[: max(1, len(allowed) // 2)])


def _lower_session() -> None:
    for _ in range(_TRIES):
        try:
            _GROUP.write_text(str(_GROUP_NICENESS))
        except BlockingIOError:
            # Of the whole system one is changed in a tenth of a second.
            time.sleep(_PAUSE_SECONDS)
        except OSError:
            return
        else:
            return
