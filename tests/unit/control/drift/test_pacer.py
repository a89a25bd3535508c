"""A program rests by turns beside others that are busy, and is never left standing."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from tests.stage.waiting import eventually

from pointsman.control.drift import pacer
from pointsman.control.drift.pacer import Used

LONG = pacer.FREE_SECONDS * os.sysconf("SC_CLK_TCK")


@dataclass
class Hand:
    """A clock that goes on by what is slept, and the signals that were sent, with their times."""

    looks: Iterator[Used]
    ends: float
    now: float = 0.0
    sent: list[tuple[float, signal.Signals]] = field(default_factory=list)

    def pace(self) -> None:
        """Paces until the program has ended."""
        pacer.pace(
            lambda: self.now >= self.ends,
            lambda: next(self.looks),
            lambda name: self.sent.append((self.now, name)),
            lambda: self.now,
            self._sleep,
        )

    def stood_seconds(self) -> float:
        """How long the program stood."""
        return sum(
            after - before
            for (before, name), (after, _) in zip(self.sent, self.sent[1:], strict=False)
            if name is signal.SIGSTOP
        )

    def _sleep(self, seconds: float) -> None:
        self.now += seconds


def _looks(program: float, others: float) -> Iterator[Used]:
    """Looks at a machine of 100 ticks a look, of which others use a share."""
    for number in range(10_000):
        yield Used(program, number * others * 100, number * 100)


def test_beside_others_it_stands_every_other_turn_and_goes_on_at_the_end() -> None:
    hand = Hand(_looks(LONG, others=0.4), ends=pacer.LOOK_SECONDS * 5)
    hand.pace()
    assert hand.stood_seconds() == pytest.approx(pacer.LOOK_SECONDS * 4 / 2, rel=0.02)
    turns = [after - before for (before, _), (after, _) in zip(hand.sent, hand.sent[1:], strict=False)]
    assert max(turns) == pytest.approx(pacer.TURN_SECONDS)
    assert hand.sent[-1][1] is signal.SIGCONT


@pytest.mark.parametrize(
    ("program", "others"),
    [pytest.param(LONG, 0.04, id="alone"), pytest.param(LONG - 1, 0.9, id="short")],
)
def test_alone_or_not_long_yet_it_is_never_stopped(program: float, others: float) -> None:
    hand = Hand(_looks(program, others), ends=pacer.LOOK_SECONDS * 5)
    hand.pace()
    assert {name for _, name in hand.sent} == {signal.SIGCONT}


def test_what_cannot_be_looked_at_any_more_lets_it_go_on() -> None:
    hand = Hand(iter([Used(LONG, 0, 0), Used(LONG, 90, 100)]), ends=10.0)
    with pytest.raises(StopIteration):
        hand.pace()
    assert hand.sent[-1][1] is signal.SIGCONT


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what others use")
def test_processors_divide_into_the_programs_and_the_others() -> None:
    used = pacer.used_beside(os.getpid())
    own = sum(os.times()[:2]) * os.sysconf("SC_CLK_TCK")
    assert used.by_program == pytest.approx(own, abs=10), "what /proc says is what the system's clock says"
    assert 0 < used.by_others < used.of_all


_STARTED = """
import subprocess, sys
pacer = subprocess.Popen([sys.executable, "-I", "-S", "-c", sys.argv[1], sys.argv[2]], start_new_session=True)
print(pacer.pid, flush=True)
sys.stdin.read()
"""
_EAGER = """
import os, runpy, sys
sys.argv = [sys.argv[1], str(os.getppid())]
module = runpy.run_path(sys.argv[0])
module["pace"].__globals__["shall_rest"] = lambda *_: True
sys.exit(module["main"]())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="states are read where Linux tells them")
@pytest.mark.parametrize(
    "ends", [signal.SIGTERM, signal.SIGKILL], ids=["it is ended", "the program is killed"]
)
def test_a_real_program_is_stopped_and_neither_left_standing_nor_outlived(ends: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _STARTED, _EAGER, pacer.__file__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as program:
        assert program.stdout is not None
        pid = int(program.stdout.readline())
        eventually(lambda: _state(program.pid) == "T", what="the program stands")
        os.kill(pid if ends is signal.SIGTERM else program.pid, ends)
        eventually(lambda: _state(pid) in ("Z", ""), what="the pacer is gone")
        if ends is signal.SIGTERM:
            eventually(lambda: _state(program.pid) == "S", what="the program goes on")


def _state(pid: int) -> str:
    """Answers the letter of a process's state; nothing of one that is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return ""
