"""Kills programs of analyses whose detectors go on from one to the next: each row is shown once all the same.

``POINTSMAN_TORTURE_DRIFT_KILLS`` says how often, ``POINTSMAN_TORTURE_SEED`` what is drawn.
"""

import contextlib
import os
import random
import signal
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pointsman_drift import scale_of, watch
from stage.drift_client import call, log_prediction
from stage.drift_streams import changing
from stage.server import Server
from stage.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(2400)]

KILLS = int(os.environ.get("POINTSMAN_TORTURE_DRIFT_KILLS", "4"))
SEED = int(os.environ.get("POINTSMAN_TORTURE_SEED", "14"))
ROWS_EACH = 100
PROGRAM = "pointsman.control.drift.program"
MODEL = "credit"
REFERENCE = changing(2, [0.0], 200)


def program_of(server: Server) -> int | None:
    """Answers the process of the analysis that a server has started."""
    for place in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError):
            parent = int((place / "stat").read_text().rpartition(")")[2].split()[1])
            if parent == server.process.pid and PROGRAM in (place / "cmdline").read_text():
                return int(place.name)
    return None


@contextlib.contextmanager
def killing(server: Server, after_seconds: float) -> Iterator[None]:
    """Kills the first program of an analysis so long after it began."""
    is_over = threading.Event()

    def kill() -> None:
        while (program := program_of(server)) is None:
            if is_over.wait(0.002):
                return
        is_over.wait(after_seconds)
        if program_of(server) == program:
            with contextlib.suppress(ProcessLookupError):
                os.kill(program, signal.SIGKILL)

    thread = threading.Thread(target=kill)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


def analysed(server: Server, end: datetime) -> tuple[dict[str, Any], dict[str, Any]]:
    """Analyses the day before a time; answers the job, and the figure of the detector."""
    asked = {"modelId": MODEL, "windowDays": 1, "windowEnd": end.isoformat()}
    job: dict[str, Any] = call(server, "POST", "drift/analyze", asked)

    def ended() -> bool:
        job.update(call(server, "GET", f"drift/analyze/{job['jobId']}/status?modelId={MODEL}"))
        return bool(job["status"] != "running")

    eventually(ended, 120.0, "the analysis ends")
    assert job["status"] == "succeeded", job
    latest = call(server, "GET", f"drift/results/latest?modelId={MODEL}")
    assert latest["resultId"] == job["resultId"]
    return job, latest["features"]["age"]["adwin"]


def test_detections_are_those_of_one_run_while_programs_are_killed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    draw = random.Random(SEED)
    values = changing(SEED, [3.0 * (number % 2) for number in range(KILLS + 1)], ROWS_EACH)
    begin = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=20)
    times = [begin + timedelta(seconds=number) for number in range(len(values))]
    server = Server(tmp_path)
    call(server, "POST", f"models/{MODEL}/versions", {"version": "1"})
    baseline = {"modelId": MODEL, "version": "v1", "featureData": {"age": REFERENCE}}
    call(server, "POST", "drift/baselines", baseline)
    enabled = ["missing_values", "adwin"]
    call(server, "PUT", "drift/alerts", {"modelId": MODEL, "algorithms": {"enabled": enabled}})
    for at, value in zip(times, values, strict=True):
        log_prediction(server, MODEL, features={"age": value}, timestamp=at.isoformat())

    started = time.monotonic()
    _, figure = analysed(server, times[ROWS_EACH - 1] + timedelta(seconds=1))
    usual_seconds = time.monotonic() - started
    figures, attempts = [figure], []
    for count in range(2, KILLS + 2):
        with killing(server, draw.uniform(0, usual_seconds)):
            job, figure = analysed(server, times[count * ROWS_EACH - 1] + timedelta(seconds=1))
        attempts.append(job["attempt"])
        figures.append(figure)
    server.end()

    scale = scale_of(REFERENCE)
    assert scale is not None
    places = watch("adwin", scale.of(np.array(values))).detections
    wanted = [times[place].isoformat().replace("+00:00", "Z") for place in places]
    assert wanted, "values change"
    assert [at for one in figures for at in one["details"]["changes"]] == wanted
    assert [one["m"] for one in figures] == [ROWS_EACH] * (KILLS + 1)
    assert [one["n"] for one in figures] == [ROWS_EACH * count for count in range(1, KILLS + 2)]
    assert set(attempts) <= {1, 2}
    again = attempts.count(2)
    if KILLS >= 20:
        assert again >= KILLS / 4, "most analyses were over when their program was killed"
    with capsys.disabled():
        print(
            f"\n{KILLS} kills of programs, {again} analyses begun again; {len(wanted)} changes seen once each"
        )
