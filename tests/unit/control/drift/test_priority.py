"""Programs beside a server leave processors to its calls."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pointsman.control.drift import priority
from pointsman.control.drift.priority import Priority

linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has these")

_TELL = """
import json, os
from pathlib import Path
from pointsman.control.drift.priority import Priority
Priority().lower()
group = Path("/proc/self/autogroup")
print(json.dumps({
    "nice": os.nice(0),
    "processors": len(os.sched_getaffinity(0)),
    "group": group.read_text().split()[-1] if group.exists() else None,
}))
"""


@linux
def test_a_program_has_half_of_the_processors_and_it_and_its_session_are_nice() -> None:
    # A session of its own, as analyses have; another program's niceness must not change.
    ended = subprocess.run(
        [sys.executable, "-c", _TELL], start_new_session=True, capture_output=True, text=True, check=True
    )
    found = json.loads(ended.stdout)
    half = max(1, len(os.sched_getaffinity(0)) // 2)
    expected = {"nice": os.nice(0) + 10, "processors": half}
    assert {name: found[name] for name in expected} == expected
    # Systems that divide by cgroups have no groups of sessions.
    assert found["group"] in ("19", None)


class Scheduler:
    """What Linux says of a thread, and how nice a session it was told."""

    def __init__(self, folder: Path) -> None:
        self.session = folder / "autogroup"
        self.told = folder / "schedstat"
        self.ran = self.waited = 0.0
        self.passes(0, 0)

    def passes(self, ran: float, waited: float) -> None:
        self.ran, self.waited = self.ran + ran, self.waited + waited
        self.told.write_text(f"{self.ran * 1e9:.0f} {self.waited * 1e9:.0f} 7\n")

    @property
    def niceness(self) -> int:
        return int(self.session.read_text())


@pytest.fixture
def scheduler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scheduler:
    """One of files: this process stays as nice as it is."""
    made = Scheduler(tmp_path)
    monkeypatch.setattr(priority, "_GROUP", made.session)
    monkeypatch.setattr(priority, "_SCHEDULED", made.told)
    monkeypatch.setattr(os, "nice", lambda _: 0)
    monkeypatch.setattr(os, "sched_setaffinity", lambda *_: None)
    monkeypatch.setattr(os, "getsid", lambda _: os.getpid())
    return made


@linux
def test_a_program_that_waits_for_a_processor_nearly_always_becomes_less_nice_by_steps(
    scheduler: Scheduler,
) -> None:
    lowered = Priority()
    lowered.lower()
    seen = []
    for _ in range(4):
        scheduler.passes(0.5, 9.6)
        lowered.look()
        seen.append(scheduler.niceness)
    assert seen == [10, 5, 5, 5]


@linux
def test_one_that_has_its_share_or_wants_no_processor_stays_nice(scheduler: Scheduler) -> None:
    lowered = Priority()
    scheduler.passes(0.5, 60)
    lowered.look()
    lowered.lower()
    assert scheduler.niceness == 19, "nothing from before it was made nice counts"
    scheduler.passes(0.1, 9)
    lowered.look()
    scheduler.passes(1, 0)
    lowered.look()
    assert scheduler.niceness == 19, "1.1 of 10.1 seconds is a tenth"
    scheduler.passes(0.5, 9.4)
    lowered.look()
    assert scheduler.niceness == 19, "less than ten seconds tell nothing"
    scheduler.passes(0, 0.2)
    lowered.look()
    assert scheduler.niceness == 10, "the seconds since it was judged last count"


@linux
@pytest.mark.parametrize("said", ["", "no numbers here", "1"])
def test_a_system_that_says_nothing_of_it_changes_nothing(scheduler: Scheduler, said: str) -> None:
    lowered = Priority()
    lowered.lower()
    scheduler.told.write_text(said)
    lowered.look()
    assert scheduler.niceness == 19
