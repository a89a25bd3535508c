"""Shares the tests between processes: long files first, so that no process is alone with one at the end.

Without it xdist begins with the files of most tests, and those of one long test come last.
"""

from typing import TYPE_CHECKING

import pytest
from xdist.scheduler import LoadFileScheduling

if TYPE_CHECKING:
    from xdist.remote import Producer
    from xdist.workermanage import WorkerController

LONGEST_FIRST = (
    "tests/e2e/durability/test_copied_folders.py",
    "tests/e2e/numbers/",
    "tests/e2e/lifecycle/test_drift_alerts.py",
    "tests/e2e/docs/",
    "tests/e2e/test_demo.py",
    "tests/e2e/durability/test_kill_loop.py",
    "tests/e2e/durability/",
    "tests/integration/shapes/",
    "tests/e2e/",
    "tests/integration/",
    "drift/tests/test_reports.py",
    "drift/tests/test_multivariate.py",
    "drift/tests/test_calibration.py",
    "tests/unit/control/drift/test_streams.py",
    "tests/contract/",
)
"""What begins before all else, in this order; of the same rank, the files of most tests begin."""

TOGETHER = ("tests/integration/peers/",)
"""Folders that one process runs: to start their servers of other projects twice takes longer."""

APART = ("tests/e2e/numbers/test_random_runs.py",)
"""Files whose tests take long and share nothing: any process runs each of them."""

KNOWN_AHEAD = 2
"""Tests that a process has at hand: the one that it runs and the next."""


def rank(scope: str) -> int:
    """Answers how many kinds of tests begin before those of a file or folder."""
    found = (number for number, start in enumerate(LONGEST_FIRST) if scope.startswith(start))
    return next(found, len(LONGEST_FIRST))


class LongestFirst(LoadFileScheduling):  # type: ignore[misc]
    """Gives each process files, some folders and some single tests, in the order of :data:`LONGEST_FIRST`."""

    def _split_scope(self, nodeid: str) -> str:
        file: str = super()._split_scope(nodeid)
        if file in APART:
            return nodeid
        return next((folder for folder in TOGETHER if file.startswith(folder)), file)

    def _assign_work_unit(self, node: "WorkerController") -> None:
        # The first of the least rank: within a rank the queue is in xdist's order already.
        self.workqueue.move_to_end(min(self.workqueue, key=rank), last=False)
        super()._assign_work_unit(node)

    def _reschedule(self, node: "WorkerController") -> None:
        # A process must know its next test when it runs one; what it is given beyond, no other one can do.
        if self._pending_of(self.assigned_work[node]) < KNOWN_AHEAD:
            super()._reschedule(node)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: "Producer") -> LongestFirst | None:
    return LongestFirst(config, log) if config.getoption("dist") == "loadfile" else None
