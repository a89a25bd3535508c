"""How much is decided and simulated: little by default, more where the environment says so.

``POINTSMAN_TORTURE_DECISIONS`` says how many decisions, ``POINTSMAN_TORTURE_RUNS`` how many simulated runs.
"""

import os

DECISIONS = int(os.environ.get("POINTSMAN_TORTURE_DECISIONS", "100000"))
RUNS = int(os.environ.get("POINTSMAN_TORTURE_RUNS", "0"))
"""0 leaves it to each test."""
IS_FULL = RUNS >= 100


def runs(usually: int) -> int:
    """Answers how many runs a test simulates that usually simulates so many."""
    return RUNS or usually
