"""How programs beside a server leave processors to its calls."""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pointsman.control.drift import pacer

_NICENESS = 10
_GROUP = Path("/proc/self/autogroup")
_GROUP_NICENESS = 19
"""A seventieth of a processor is left where calls want all of it: enough to show life, and to write a result
within the time for which others wait for the database."""
_TRIES, _PAUSE_SECONDS = 5, 0.11
_END_SECONDS = 5.0


@contextmanager
def giving_way() -> Iterator[None]:
    """Has this program take half of the processors, and little of those while calls want them.

    It keeps its low priority afterwards, for good; inside it rests by turns, too, while others are busy. What
    a system or container forbids is left as it is: slower calls are better than no result.
    """
    with _paced() if sys.platform == "linux" else contextlib.nullcontext():
        lower_priority()
        yield


def lower_priority() -> None:
    """Lowers the priority of this program, and of its session where that is its own.

    Niceness alone does nothing where Linux divides processors between sessions first, and only within one by
    how nice its threads are; so the session is made nice, too.
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


@contextmanager
def _paced() -> Iterator[None]:
    """Starts the pacer while priorities are what they were, in a session of its own: it must come in time."""
    try:
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", pacer.__file__, str(os.getpid())],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError:
        yield
        return
    try:
        yield
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_END_SECONDS)


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
