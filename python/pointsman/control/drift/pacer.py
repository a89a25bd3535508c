"""Has a program rest every other half of a millisecond while others want processors.

However nice a program is, a processor that it fills is a busy one, and Linux moves a waiting thread to a
processor only when that falls idle: threads that serve calls would queue behind each other beside it. So it
must let go of its processor often, all its threads at once, and in the midst of what its libraries do.

It is a program of its own, for what stands still cannot let itself go on. It is started as a file, and of the
standard library alone, for it starts with every analysis.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

TURN_SECONDS = 0.0005
"""What queues beside the program waits for no longer."""
LOOK_SECONDS = 0.25
"""Ticks of a hundredth of a second tell shares of such a time well enough."""
FREE_SECONDS = 5.0
"""Of processor time: what a short analysis needs, imports and all, is not worth making it longer."""
BUSY_SHARE = 0.05
"""A server without calls uses less of a machine of two processors."""
_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
_PROCESSORS = Path("/proc/stat")
_IDLE_FIELDS = slice(3, 5)
_COUNTED_FIELDS = slice(0, 8)
_OWN_FIELDS = slice(11, 13)


@dataclass(frozen=True)
class Used:
    """Processor time since some beginning, in ticks.

    Attributes:
        by_program: By the program.
        by_others: By all but it and this one.
        of_all: What there was of it.
    """

    by_program: float
    by_others: float
    of_all: float


def used_beside(pid: int) -> Used:
    """Answers what the machine's processors did beside a program.

    Args:
        pid: The program.

    Raises:
        OSError: The program is gone, or the system does not say.
        ValueError: What it says is not understood.
    """
    fields = [int(word) for word in _PROCESSORS.read_text().split("\n", 1)[0].split()[1:]][_COUNTED_FIELDS]
    # The name in parentheses may hold anything.
    program = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    own = sum(int(word) for word in program[_OWN_FIELDS])
    here = time.process_time() * _TICKS_PER_SECOND
    return Used(own, sum(fields) - sum(fields[_IDLE_FIELDS]) - own - here, sum(fields))


def shall_rest(before: Used, now: Used) -> bool:
    """Answers whether a program shall rest by turns: it has run for long, and others use processors, too.

    Args:
        before: What was used at one time.
        now: What was used a while later.
    """
    is_long = now.by_program >= FREE_SECONDS * _TICKS_PER_SECOND
    return is_long and now.by_others - before.by_others > BUSY_SHARE * (now.of_all - before.of_all)


def pace(
    has_ended: Callable[[], bool],
    look: Callable[[], Used],
    send: Callable[[signal.Signals], object],
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], object] = time.sleep,
) -> None:
    """Stops a program and lets it go on, by turns, for as long as it shall rest; lets it go on at the end.

    Args:
        has_ended: Whether the program is gone.
        look: Answers what was used beside it.
        send: Sends it a signal.
        clock: Answers the time in seconds.
        sleep: Waits so many seconds.
    """
    before = look()
    is_resting = False
    try:
        while not has_ended():
            if is_resting:
                ends = clock() + LOOK_SECONDS
                while clock() < ends and not has_ended():
                    send(signal.SIGSTOP)
                    sleep(TURN_SECONDS)
                    send(signal.SIGCONT)
                    sleep(TURN_SECONDS)
            else:
                sleep(LOOK_SECONDS)
            now = look()
            is_resting, before = shall_rest(before, now), now
    finally:
        send(signal.SIGCONT)


def main() -> int:
    """Paces the program that started this one, until that ends or ends this."""
    # Ends by way of what lets the program go on.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    pid = int(sys.argv[1])

    def has_ended() -> bool:
        # Whoever's child this is then, the number may be another program's.
        return os.getppid() != pid

    def send(name: signal.Signals) -> None:
        if not has_ended():
            os.kill(pid, name)

    pace(has_ended, lambda: used_beside(pid), send)
    return 0


if __name__ == "__main__":
    sys.exit(main())
