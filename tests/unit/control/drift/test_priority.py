"""Programs beside a server leave processors to its calls."""

import json
import os
import subprocess
import sys

import pytest

_TELL = """
import json, os
from pathlib import Path
from pointsman.control.drift.priority import lower_priority
lower_priority()
group = Path("/proc/self/autogroup")
print(json.dumps({
    "nice": os.nice(0),
    "processors": len(os.sched_getaffinity(0)),
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
    expected = {"nice": os.nice(0) + 10, "processors": half}
    assert {name: found[name] for name in expected} == expected
    # Systems that divide by cgroups have no groups of sessions.
    assert found["group"] in ("19", None)
