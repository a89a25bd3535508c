"""Kills a server amid uploads of outcomes, and programs of analyses: nothing is lost, and nothing half there.

``POINTSMAN_TORTURE_DRIFT_KILLS`` says how often each, ``POINTSMAN_TORTURE_SEED`` what is drawn.
"""

import contextlib
import http.client
import io
import os
import random
import sqlite3
import time
import urllib.error
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pointsman.client import Client
from pointsman.control.drift.watching import MAX_CRASHES
from stage.drift_client import call, log_prediction, outcomes, upload
from stage.programs import Program, Programs
from stage.server import Server
from stage.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(2400)]

KILLS = int(os.environ.get("POINTSMAN_TORTURE_DRIFT_KILLS", "3"))
SEED = int(os.environ.get("POINTSMAN_TORTURE_SEED", "14"))
ROWS = 12_000
MODEL = "credit"
_LOOK_SECONDS = 0.2


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

    def send() -> Any:
        with contextlib.suppress(urllib.error.URLError, http.client.HTTPException, ConnectionError):
            return upload(server, MODEL, content_of(number))
        return None

    return eventually(send, 60, f"upload {number} to a server that is back")


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


@dataclass(frozen=True)
class Comparison:
    """What an analysis compares: little, or what takes about as long as the start of its program."""

    rows: int
    features: int
    algorithms: tuple[str, ...]


LITTLE = Comparison(60, 2, ("psi", "ks_test"))
MUCH = Comparison(4_000, 15, ("psi", "ks_test", "wasserstein", "domain_classifier", "pca_reconstruction"))


def prepare(server: Server, draw: random.Random, comparison: Comparison) -> None:
    """Gives a model a baseline and predictions to compare with it."""
    names = [f"feature_{number}" for number in range(comparison.features)]
    rows = [[draw.gauss(40, 10) for _ in names] for _ in range(comparison.rows)]
    columns = {name: list(values) for name, values in zip(names, zip(*rows, strict=True), strict=True)}
    call(server, "POST", f"models/{MODEL}/versions", {"version": "1"})
    call(server, "POST", "drift/baselines", {"modelId": MODEL, "version": "v1", "featureData": columns})
    enabled = {"modelId": MODEL, "algorithms": {"enabled": list(comparison.algorithms)}}
    call(server, "PUT", "drift/alerts", enabled)
    with ThreadPoolExecutor(8) as callers:

        def log(row: list[float]) -> None:
            log_prediction(server, MODEL, features=dict(zip(names, row, strict=True)))

        list(callers.map(log, rows))


class Observed:
    """An analysis that is asked for, and what anybody sees meanwhile."""

    def __init__(self, server: Server, asked: Future[Any], comparison: Comparison) -> None:
        self._server = server
        self._asked = asked
        self._features = comparison.features
        self.job: dict[str, Any] = {"status": "running"}
        self._looked = 0.0

    def is_over(self) -> bool:
        """Looks at it, and now and then at the newest result, which is whole at all times."""
        if not self._asked.done():
            return False
        identity = self._asked.result()["jobId"]
        self.job = call(self._server, "GET", f"drift/analyze/{identity}/status?modelId={MODEL}")
        if time.monotonic() - self._looked > _LOOK_SECONDS:
            self._look_at_latest()
        return bool(self.job["status"] != "running")

    def _look_at_latest(self) -> None:
        self._looked = time.monotonic()
        try:
            latest = call(self._server, "GET", f"drift/results/latest?modelId={MODEL}")
        except urllib.error.HTTPError as error:
            if error.code != http.HTTPStatus.NOT_FOUND:
                raise
        else:
            named = [name for name in latest["features"] if name.startswith("feature_")]
            assert len(named) == self._features, f"half a result: {latest}"

    def ended(self) -> dict[str, Any]:
        """Waits for its end."""
        eventually(self.is_over, 300.0, "the end of the analysis")
        return self.job


class Killer:
    """Kills programs of analyses at random moments of their lives.

    Args:
        server: Whose programs.
        draw: Draws the moments.

    Attributes:
        life_seconds: From the birth of a program to its result, as the last one that was left alone had it.
        missed: Programs that ended before their moment came.
    """

    def __init__(self, server: Server, draw: random.Random) -> None:
        self._programs = Programs(server)
        self._shares = self._drawn(draw)
        self.life_seconds = 0.0
        self.missed = 0

    def _drawn(self, draw: random.Random) -> Iterator[float]:
        """Shares of a life: of none yet known its birth, then some of each part, in random order."""
        yield 0.0
        while True:
            parts = [(part + draw.random()) / KILLS for part in range(KILLS)]
            draw.shuffle(parts)
            yield from parts

    def kill(self, observed: Observed, wanted: int) -> int:
        """Kills the first programs of an analysis, lets the next one be; answers how many it killed."""
        killed = 0
        while killed < MAX_CRASHES and (program := self._next(observed)) is not None:
            with contextlib.closing(program):
                if killed < wanted and program.killed_at(next(self._shares) * self.life_seconds):
                    killed += 1
                    continue
                self.missed += killed < wanted
                observed.ended()
                self.life_seconds = program.age_seconds()
                break
        return killed

    def _next(self, observed: Observed) -> Program | None:
        """Waits for the next program of an analysis; answers None where that is over instead."""
        found = eventually(lambda: self._programs.new() or observed.is_over(), 60.0, "a program, or the end")
        return found if isinstance(found, Program) else None


def crashes_of(job: dict[str, Any]) -> int:
    """How many programs of an analysis ended without a result."""
    has_result: bool = job["status"] == "succeeded"
    return int(job["attempt"]) - has_result


def test_an_analysis_whose_program_is_killed_is_tried_again_or_fails_and_has_one_result_at_most(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    draw = random.Random(SEED)
    comparison = MUCH if KILLS >= 20 else LITTLE
    server = Server(folder)
    prepare(server, draw, comparison)
    killer = Killer(server, draw)
    killed = lost = 0
    jobs: list[dict[str, Any]] = []
    with ThreadPoolExecutor(1) as callers:
        while killed < KILLS:
            asked = callers.submit(call, server, "POST", "drift/analyze", {"modelId": MODEL})
            observed = Observed(server, asked, comparison)
            # By turns its first program is killed, and the second one, too.
            kills = killer.kill(observed, min(1 + len(jobs) % MAX_CRASHES, KILLS - killed))
            job, crashes = observed.ended(), crashes_of(observed.job)
            assert crashes <= kills, f"{kills} programs were killed, and more ended without a result: {job}"
            if crashes == MAX_CRASHES:
                assert job["status"] == "failed", job
                assert f"ended {MAX_CRASHES} times without a result (signal 9" in job["error"], job
                assert not job.get("resultId"), job
            else:
                # A program that is killed after it has stored its result has done its work.
                assert job["status"] == "succeeded", job
                latest = call(server, "GET", f"drift/results/latest?modelId={MODEL}")
                assert latest["resultId"] == job["resultId"]
            killed, lost = killed + kills, lost + crashes
            jobs.append(job)
            assert killer.missed <= KILLS, f"{killer.missed} programs ended before they were killed"
    succeeded = [job["resultId"] for job in jobs if job["status"] == "succeeded"]
    results = call(server, "GET", f"drift/results?modelId={MODEL}&limit=1000")["results"]
    assert [one["resultId"] for one in results] == succeeded[::-1]
    work = server.data_dir / "analyses"
    eventually(lambda: not list(work.iterdir()), 30.0, "the removal of what killed programs left behind")
    server.end()
    with contextlib.closing(sqlite3.connect(server.data_dir / "pointsman.db")) as database:
        stored = database.execute(
            "SELECT a.status, count(*), count(DISTINCT r.row_key) FROM drift_analyses AS a"
            " LEFT JOIN drift_results AS r ON r.analysis_key = a.row_key GROUP BY 1 ORDER BY 1"
        ).fetchall()
    failed = len(jobs) - len(succeeded)
    wanted_rows = [("failed", failed, 0), ("succeeded", len(succeeded), len(succeeded))]
    assert stored == [row for row in wanted_rows if row[1]]
    least = 0.75 if KILLS >= 20 else 0.5
    assert lost >= least * KILLS, f"{killed - lost} of {killed} programs had stored their result when killed"
    with capsys.disabled():
        print(
            f"\n{killed} kills of programs that ran, {lost} before they had stored a result; {killer.missed} "
            f"ended before their moment. {len(succeeded)} analyses with one result each, {failed} failed "
            f"after {MAX_CRASHES} kills. A life: {killer.life_seconds:.1f} s"
        )
