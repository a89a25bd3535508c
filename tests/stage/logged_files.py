"""Logged predictions brought into files of the lake at once, however few they are."""

import math
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pointsman.control.drift.predictions import PredictionDesk
from pointsman.control.drift.shipping import LoggedShipping
from pointsman.control.jobs.ending import Ending
from pointsman.control.jobs.job import JobContext
from pointsman.control.lake.folder import LakeFolder
from pointsman.control.lanes import Lanes
from pointsman.domain.ports.journal import JournalName
from pointsman.store.database import Database


def shipping_to(
    lake_folder: Path,
    journal: JournalName,
    clock: Callable[[], int],
    *,
    is_sqlite: bool = True,
    enough_rows: int = 1,
) -> LoggedShipping:
    """Makes the jobs of one server. They are run by hand, so that they need no threads."""
    lanes: Lanes = SimpleNamespace(upload=None)  # type: ignore[assignment]
    return LoggedShipping(
        LakeFolder(lake_folder), journal, lanes, clock, is_sqlite=is_sqlite, enough_rows=enough_rows
    )


def ship_all(shipping: LoggedShipping, database: Database) -> None:
    """Writes files until nothing waits that is worth one."""
    while shipping.ship(by_hand(database)):
        pass


def by_hand(database: Database) -> JobContext:
    """What a run without a lease is given."""
    return JobContext("logged-predictions", database, 0, Ending(threading.Event(), math.inf, time.monotonic))


@pytest.fixture(params=["rows", "files"])
def logged_place(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Has every logged prediction be in a file before its call is answered, or none: all else is the same."""
    if request.param == "files":
        log = PredictionDesk.log

        def shipped(desk: PredictionDesk, *given: Any) -> str:
            prediction_id = log(desk, *given)
            database, files = desk._database, desk._records._logged
            clock = desk._clock
            shipping = shipping_to(files.lake_folder, files.journal, clock, is_sqlite=database.is_sqlite)
            ship_all(shipping, database)
            return prediction_id

        monkeypatch.setattr(PredictionDesk, "log", shipped)
    return str(request.param)
