"""Programs beside a server leave processors to its calls."""

import json
import os
import subprocess
import sys

import pytest

_TELL = """
import json, os
from pathlib import Path
from pointsman.control.drift.priority import giving_way
with giving_way():
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    pacer = Path(f"/proc/{children[0]}/stat").read_text().rsplit(")", 1)[1].split()
group = Path("/proc/self/autogroup")
print(json.dumps({
    "nice": os.nice(0),
    "processors": len(os.sched_getaffinity(0)),
    "pacer's nice": int(pacer[16]),
    "left over": Path(f"/proc/self/task/{os.getpid()}/children").read_text().split(),
    "group": group.read_text().split()[-1] if group.exists() else None,
}))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has these")
def test_a_program_has_half_of_the_processors_and_it_and_its_session_are_nice() -> None:
    # A session of its own, as analyses have; another program's niceness must not change.
    ended = subprocess.run(
        [sys.executable, "-c", _TELL], start_new_session=True, capture_output=True, text=True, check=True
    )
    found = json.loads(ended.stdout)
    half = max(1, len(os.sched_getaffinity(0)) // 2)
    expected = {
        "nice": os.nice(0) + 10,
        "processors": half,
        # What lets it go on must come in time.
        "pacer's nice": os.nice(0),
        "left over": [],
    }
    assert {name: found[name] for name in expected} == expected
    # Systems that divide by cgroups have no groups of sessions.
    assert found["group"] in ("19", None)
