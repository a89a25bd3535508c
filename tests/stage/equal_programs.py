"""Has programs of analyses share processors with tests as equals: no calls are in a hurry beside them.

As users have them they stay out of the way of calls, and get little of a machine that is busy with tests.
"""

from contextlib import nullcontext

from pointsman.control.drift.program import running
from pointsman.dataplane import pacing

running.lower_priority = lambda: None  # type: ignore[attr-defined]
pacing.pacing = nullcontext  # type: ignore[assignment]
