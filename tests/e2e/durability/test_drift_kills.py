"""Kills a server amid uploads of outcomes, and programs of analyses: nothing is lost, and nothing half there.

``POINTSMAN_TORTURE_DRIFT_KILLS`` says how often each, ``POINTSMAN_TORTURE_SEED`` what is drawn.
"""

import contextlib
import http.client
import io
import os
import random
import signal
import sqlite3
import threading
import time
import urllib.error
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from pointsman.client import Client
from stage.drift_client import call, log_prediction, outcomes, upload
from stage.server import Server
from stage.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(2400)]

KILLS = int(os.environ.get("POINTSMAN_TORTURE_DRIFT_KILLS", "4"))
SEED = int(os.environ.get("POINTSMAN_TORTURE_SEED", "14"))
ROWS = 12_000
PROGRAM = "pointsman.control.drift.program"
MODEL = "credit"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def entity(number: int, row: int) -> str:
    """Long, so that a file takes many parts."""
    return f"upload-{number}-row-{row}-" + "x" * 200


def probes(number: int) -> list[str]:
    """Entities whose outcomes tell whether all of a file is there: of its first part, and of later ones."""
    return [entity(number, row) for row in (0, ROWS // 2, ROWS - 1)]


def content_of(number: int) -> bytes:
    lines = [f"{entity(number, row)},approved,2026-06-01T12:00:00Z" for row in range(ROWS)]
    return "\n".join(["entity_id,actual_outcome,outcome_timestamp", *lines]).encode()


class Watch:
    """Looks all the while whether any upload is half there."""

    def __init__(self) -> None:
        self.looks = 0
        self.halves: list[dict[str, str | None]] = []
        self.numbers: list[int] = []

    def look(self, server: Server) -> None:
        found = outcomes(server, MODEL)
        self.looks += 1
        for number in list(self.numbers):
            seen = {name: found.get(name) for name in probes(number)}
            if len(set(seen.values())) > 1:
                self.halves.append(seen)


def sent_by_http(server: Server, number: int) -> Any:
    """Uploads in one request, and again from the beginning as often as that breaks."""
    until = time.monotonic() + 60
    while True:
        try:
            return upload(server, MODEL, content_of(number))
        except (urllib.error.URLError, http.client.HTTPException, ConnectionError):
            assert time.monotonic() < until, "the server is not back"
            time.sleep(0.1)


def sent_by_client(server: Server, number: int) -> Any:
    """Uploads by the client, which goes on where the upload stood."""
    with Client(server.grpc) as client:
        report = client.drift.upload_ground_truth_file(MODEL, io.BytesIO(content_of(number)))
    assert report.is_complete, report
    return {"inserted": report.inserted, "repeated": report.repeated, "rowCount": report.row_count}


def test_an_upload_is_whole_or_not_there_while_its_server_is_killed(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    draw, watch = random.Random(SEED), Watch()
    server = Server(folder)
    grpc, http = server.grpc, server.http
    call(server, "POST", f"models/{MODEL}/versions", {"version": "1"})
    started = time.monotonic()
    sent_by_http(server, 0)
    usual_seconds = time.monotonic() - started
    interrupted = 0
    with ThreadPoolExecutor(1) as senders:
        for number in range(1, KILLS + 1):
            for name in probes(number):
                log_prediction(server, MODEL, entityId=name)
            watch.numbers.append(number)
            send: Callable[[Server, int], Any] = draw.choice([sent_by_http, sent_by_client])
            sending = senders.submit(send, server, number)
            ends = time.monotonic() + draw.uniform(0, 1.2 * usual_seconds)
            while (left := ends - time.monotonic()) > 0:
                watch.look(server)
                time.sleep(min(left, 0.02))
            interrupted += not sending.done()
            server.kill()
            server = Server(folder, grpc=grpc, http=http)
            watch.look(server)
            report = sending.result(120)
            assert report["rowCount"] == ROWS
            assert report["inserted"] + report["repeated"] == ROWS, report
            watch.look(server)
            seen = outcomes(server, MODEL)
            assert [seen[name] for name in probes(number)] == ["approved"] * 3
    server.end()
    assert not watch.halves, watch.halves[:3]
    with contextlib.closing(sqlite3.connect(server.data_dir / "pointsman.db")) as database:
        counted = dict(
            database.execute(
                "SELECT substr(t.entity_id, 1, instr(t.entity_id, '-row') - 1), count(DISTINCT t.entity_id)"
                " FROM drift_truths AS t LEFT JOIN drift_truth_uploads AS u ON u.row_key = t.upload_key"
                " WHERE t.upload_key = 0 OR u.place IS NOT NULL GROUP BY 1"
            ).fetchall()
        )
    assert counted == {f"upload-{number}": ROWS for number in range(KILLS + 1)}
    if KILLS >= 20:
        assert interrupted >= KILLS / 4, "most uploads were over when their server was killed"
    with capsys.disabled():
        print(
            f"\n{KILLS} kills of servers, {interrupted} amid an upload; {watch.looks} looks, none half there"
        )


def programs(server: Server) -> list[int]:
    """The processes of analyses that a server has started."""
    found = []
    for place in Path("/proc").iterdir():
        if not place.name.isdecimal():
            continue
        with contextlib.suppress(OSError):
            status = (place / "stat").read_text().rpartition(")")[2].split()
            is_child = int(status[1]) == server.process.pid and status[0] != "Z"
            if is_child and PROGRAM in (place / "cmdline").read_text():
                found.append(int(place.name))
    return found


@contextlib.contextmanager
def killing(server: Server, after_seconds: float) -> Iterator[list[int]]:
    """Kills the first program of an analysis so long after it began; answers it."""
    killed: list[int] = []
    is_over = threading.Event()

    def kill() -> None:
        while not (begun := programs(server)):
            if is_over.wait(0.002):
                return
        is_over.wait(after_seconds)
        if begun[0] in programs(server):
            with contextlib.suppress(ProcessLookupError):
                os.kill(begun[0], signal.SIGKILL)
                killed.append(begun[0])

    thread = threading.Thread(target=kill)
    thread.start()
    try:
        yield killed
    finally:
        is_over.set()
        thread.join()


def test_an_analysis_whose_program_is_killed_is_tried_again_and_has_one_result(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    draw = random.Random(SEED)
    server = Server(folder)
    call(server, "POST", f"models/{MODEL}/versions", {"version": "1"})
    ages = [draw.gauss(40, 10) for _ in range(60)]
    baseline = {"modelId": MODEL, "version": "v1", "featureData": {"age": ages}}
    call(server, "POST", "drift/baselines", baseline)
    for age in ages[:40]:
        log_prediction(server, MODEL, features={"age": age})

    def analysed() -> dict[str, Any]:
        job: dict[str, Any] = call(server, "POST", "drift/analyze", {"modelId": MODEL})
        path = f"drift/analyze/{job['jobId']}/status?modelId={MODEL}"

        def ended() -> bool:
            job.update(call(server, "GET", path))
            return bool(job["status"] != "running")

        eventually(ended, 90.0, "the analysis ends")
        return job

    started = time.monotonic()
    assert analysed()["status"] == "succeeded"
    usual_seconds = time.monotonic() - started
    attempts: list[int] = []
    for _ in range(KILLS):
        with killing(server, draw.uniform(0, usual_seconds)):
            job = analysed()
        assert job["status"] == "succeeded", job
        attempts.append(job["attempt"])
        latest = call(server, "GET", f"drift/results/latest?modelId={MODEL}")
        assert latest["resultId"] == job["resultId"]
    results = call(server, "GET", f"drift/results?modelId={MODEL}&limit=1000")["results"]
    assert len(results) == KILLS + 1
    assert set(attempts) <= {1, 2}
    server.end()
    again = attempts.count(2)
    if KILLS >= 20:
        assert again >= KILLS / 4, "most analyses were over when their program was killed"
    with capsys.disabled():
        print(f"\n{KILLS} kills of programs, {again} analyses begun again; one result each")
