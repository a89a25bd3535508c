"""Has programs of analyses share processors with tests as equals: no calls are in a hurry beside them.

As users have them they stay out of the way of calls, and get little of a machine that is busy with tests.
"""

from contextlib import nullcontext

from pointsman.control.drift.priority import Priority
from pointsman.dataplane import pacing

Priority.lower = lambda self: None  # type: ignore[method-assign]
pacing.pacing = nullcontext  # type: ignore[assignment]
