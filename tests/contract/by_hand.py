"""Runs periodic jobs of a control plane by hand, without a lease."""

import math
import threading
import time

from pointsman.control.jobs.ending import Ending
from pointsman.control.jobs.job import JobContext
from pointsman.control.plane import ControlPlane

LAKE_JOBS = ("feedback-export", "lake-compaction", "lake-retention", "lake-files", "lake-orphans")


def run_once(plane: ControlPlane, name: str) -> bool:
    """Runs a job once, in this thread; answers whether it says that there is more."""
    ending = Ending(threading.Event(), math.inf, time.monotonic)
    return plane.jobs.job(name).run(JobContext(name, plane.parts.database, 0, ending))


def run_all(plane: ControlPlane, *names: str) -> None:
    """Runs jobs one after the other, each until it is done."""
    for name in names:
        while run_once(plane, name):
            pass
