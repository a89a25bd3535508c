"""An analysis whose program is not there yet has not crashed, however long it takes to start it."""

import math
import threading
import time
from typing import Any

import pytest

from pointsman.control.drift import pulse
from pointsman.control.drift.watching import LOST_SECONDS, AnalysisWatch
from pointsman.control.jobs.ending import Ending
from pointsman.control.jobs.job import JobContext
from pointsman.domain.drift.analyses import Analysis, AnalysisStatus
from pointsman.domain.drift.baselines import Baseline, BaselineData
from pointsman.domain.models import Task
from pointsman.domain.ports.analysing import RunState
from pointsman.store import models, servers
from pointsman.store.drift import analyses, baselines
from stage.waiting import eventually

from .rows import add_model

BEGIN_US = 20_000 * 86_400_000_000
LOST_US = int(LOST_SECONDS * 1_000_000)


class Elsewhere:
    """A runner of a server that knows no program."""

    def state(self, start):
        return RunState.UNKNOWN

    def known(self):
        return []

    def last_words(self, start):
        return ""


class Starter:
    """Notes what it is to start; preparing takes as long as the test says."""

    def __init__(self):
        self.started = []
        self.may_end = threading.Event()
        self.may_end.set()

    def start(self, analysis):
        self.started.append(analysis.attempt)
        assert self.may_end.wait(60), "the test never let the preparation end"

    def forget(self, start):
        pass

    def left_over(self):
        return []


class Clock:
    now_us = BEGIN_US

    def __call__(self):
        return self.now_us


@pytest.fixture
def clock(monkeypatch):
    monkeypatch.setattr(servers, "clock_us", lambda connection, local_us: local_us)
    monkeypatch.setattr(pulse, "EVERY_SECONDS", 0.01)
    return Clock()


@pytest.fixture
def begun(database, clock):
    """An analysis that was asked for, and that nobody has started."""
    add_model(database)
    with database.write() as connection:
        model = models.find(connection, "cancer")
        assert model is not None
        model_key = model.row_key
        baseline = Baseline("", "cancer", "v1", True, 1, Task.UNSPECIFIED, (), 1)
        baselines.add(connection, model_key, baseline, BaselineData(features={"age": [1.0]}))
        active = baselines.active(connection, "cancer", model_key)
        assert active is not None
        asked = Analysis(
            job_id="",
            model_id="cancer",
            model_key=model_key,
            baseline_key=active.row_key,
            status=AnalysisStatus.RUNNING,
            window_start_us=1,
            window_end_us=2,
            start_time_us=clock(),
            deadline_us=clock() + 3_600_000_000,
            seen_us=clock(),
        )
        return analyses.find(connection, analyses.add(connection, asked))


@pytest.fixture
def server(database, clock):
    """Answers a watch of a server, and what it starts."""

    def make():
        starter: Any = Starter()
        runner: Any = Elsewhere()
        return AnalysisWatch(database, starter, runner, clock), starter

    return make


def look(watch, database):
    ending = Ending(threading.Event(), math.inf, time.monotonic)
    watch.look(JobContext("drift-analyses", database, 0, ending))


def state_of(database, begun):
    with database.read() as connection:
        return analyses.find(connection, begun.job_id)


def test_one_that_is_prepared_for_long_shows_life_and_is_not_started_again(database, clock, begun, server):
    (east, preparing), (west, idle) = server(), server()
    preparing.may_end.clear()
    thread = threading.Thread(target=east.begin, args=(begun,))
    thread.start()
    try:
        for _ in range(5):
            clock.now_us += LOST_US - 1
            now_us = clock()
            eventually(lambda: state_of(database, begun).seen_us == now_us, what="a sign of life")  # noqa: B023
            look(west, database)
    finally:
        preparing.may_end.set()
        thread.join()
    found = state_of(database, begun)
    assert (found.status, found.attempt, found.crashes) == (AnalysisStatus.RUNNING, 1, 0)
    assert (preparing.started, idle.started) == ([1], [])


def test_one_whose_turn_to_start_never_came_is_started_elsewhere_and_counts_as_no_crash(
    database, clock, begun, server
):
    (east, late), (west, other) = server(), server()
    clock.now_us += LOST_US + 1
    look(west, database)
    found = state_of(database, begun)
    assert (found.attempt, found.crashes, other.started) == (2, 0, [2])
    east.begin(begun)
    assert late.started == [], "the start was no longer wanted when its turn came"
    assert state_of(database, begun) == found


def test_one_that_showed_life_and_shows_none_any_more_has_crashed_and_fails_the_second_time(
    database, clock, begun, server
):
    (east, _), (west, other) = server(), server()
    clock.now_us += 1
    east.begin(begun)
    clock.now_us += LOST_US + 1
    look(west, database)
    found = state_of(database, begun)
    assert (found.attempt, found.crashes, other.started) == (2, 1, [2])
    clock.now_us += LOST_US + 1
    look(west, database)
    found = state_of(database, begun)
    assert found.status is AnalysisStatus.FAILED
    assert "ended 2 times without a result (its program shows no life any more)" in found.error


def test_one_that_was_cancelled_before_its_turn_is_not_started(database, clock, begun, server):
    east, starter = server()
    with database.write() as connection:
        assert analyses.end(connection, begun, AnalysisStatus.CANCELLED, clock() + 1)
    east.begin(begun)
    assert starter.started == []
