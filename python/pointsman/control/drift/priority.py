"""How programs beside a server leave processors to its calls."""

import contextlib
import os
import sys
from pathlib import Path

_NICENESS = 10
_GROUP = Path("/proc/self/autogroup")
_GROUP_NICENESS = 19


def lower_priority() -> None:
    """Has this program take half of the processors, and of those what is left over.

    Niceness alone does little. Linux divides processors between sessions first, and only within one by how
    nice its threads are; so the session is made nice, too. And a thread that is merely nice runs to the end
    of its slice of time before one that a call wakes gets its turn; an idle one is put aside. What a system
    or container forbids is left as it is: slower calls are better than no result.
    """
    os.nice(_NICENESS)
    if sys.platform != "linux":
        return
    if os.getsid(0) == os.getpid():
        # Nobody else's session.
        with contextlib.suppress(OSError):
            _GROUP.write_text(str(_GROUP_NICENESS))
    with contextlib.suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    with contextlib.suppress(OSError):
        allowed = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, allowed[: max(1, len(allowed) // 2)])
