"""A model is analysed by itself, once in each period, whatever happened in between."""

import math
import threading
import time
from dataclasses import replace

import pytest
from sqlalchemy import func, select

from pointsman.control.drift.schedule import AnalysisSchedule
from pointsman.control.jobs.ending import Ending
from pointsman.control.jobs.job import JobContext
from pointsman.domain.drift.alerts import Frequency
from pointsman.domain.drift.analyses import AnalysisStatus
from pointsman.store import servers
from pointsman.store.database import Database
from pointsman.store.drift import alert_settings, analyses
from pointsman.store.schema import drift_alert_settings
from pointsman.v1 import drift_pb2

from .drift_by_hand import a_baseline, features_of

HOUR_US = 3_600_000_000
MONDAY_US = 1_767_571_200_000_000
"""2026-01-05T00:00:00Z."""


class Starts:
    """Takes what is to be started, and starts nothing."""

    def __init__(self):
        self.begun = []
        self.fails_for = ""

    def begin(self, analysis):
        if analysis.model_id == self.fails_for:
            raise OSError("no space left on device")
        self.begun.append(analysis)


@pytest.fixture
def starts():
    return Starts()


@pytest.fixture
async def scheduled(bench, cancer, starts):
    """A model that is analysed every hour; answers what looks at it at a time."""
    # In the middle of an hour, so that none ends while the test runs.
    bench.clock.offset_us = HOUR_US // 2 - bench.clock() % HOUR_US
    await cancer.drift.CreateBaseline(a_baseline(features_of(1, 40)))
    await cancer.drift.UpdateAlertConfig(
        drift_pb2.UpdateAlertConfigRequest(
            model_id="cancer",
            schedule=drift_pb2.ScheduleSettings(
                enabled=True, frequency=drift_pb2.ANALYSIS_FREQUENCY_HOURLY, time_window_days=2
            ),
        )
    )
    database = Database(bench.database_url)
    now_us = bench.clock() // HOUR_US * HOUR_US

    def look(hours):
        clock = lambda: now_us + int(hours * HOUR_US)  # noqa: E731
        # The server's own look finds what this one leaves: nothing that is due.
        bench.clock.offset_us += clock() - bench.clock()
        schedule = AnalysisSchedule(starts, clock)
        schedule.look(
            JobContext("drift-schedule", database, 0, Ending(threading.Event(), math.inf, time.monotonic))
        )
        begun, starts.begun = starts.begun, []
        with database.write() as connection:
            for one in analyses.running(connection):
                analyses.end(connection, one, AnalysisStatus.CANCELLED, clock())
        return begun

    yield look
    database.close()


async def test_it_is_begun_once_in_each_period(scheduled):
    assert scheduled(0.99) == []
    (begun,) = scheduled(1.01)
    assert begun.window_end_us - begun.window_start_us == 48 * HOUR_US
    assert scheduled(1.5) == []
    assert len(scheduled(2.0)) == 1


async def test_after_downtime_it_is_begun_once(scheduled):
    assert len(scheduled(50.0)) == 1
    assert scheduled(50.5) == []


async def test_after_a_clock_that_was_years_ahead_it_goes_on_when_that_is_put_right(scheduled):
    assert len(scheduled(40_000.0)) == 1
    assert len(scheduled(1.5)) == 1
    assert scheduled(1.6) == []
    assert len(scheduled(2.5)) == 1


async def test_periods_are_by_the_clock_that_all_servers_share(scheduled, bench, monkeypatch):
    hour_us = bench.clock() // HOUR_US * HOUR_US
    shared = [hour_us + HOUR_US]
    monkeypatch.setattr(servers, "clock_us", lambda connection, local_us: shared[0])
    (begun,) = scheduled(7.0)
    assert begun.window_end_us == begun.start_time_us == shared[0]
    assert scheduled(0.5) == [], "a server whose clock is behind begins the hour again"
    shared[:] = [hour_us + 2 * HOUR_US]
    assert len(scheduled(0.5)) == 1


async def test_a_schedule_that_is_switched_off_begins_nothing(scheduled, cancer):
    await cancer.drift.UpdateAlertConfig(
        drift_pb2.UpdateAlertConfigRequest(
            model_id="cancer", schedule=drift_pb2.ScheduleSettings(enabled=False)
        )
    )
    assert scheduled(5.0) == []


async def test_other_changes_of_settings_leave_the_schedule_where_it_was(scheduled, cancer):
    assert len(scheduled(1.0)) == 1
    await cancer.drift.UpdateAlertConfig(
        drift_pb2.UpdateAlertConfigRequest(model_id="cancer", min_baseline_sample_size=20)
    )
    assert scheduled(1.5) == []
    assert len(scheduled(2.5)) == 1


@pytest.mark.parametrize(
    ("frequency", "ends_us"),
    [
        (Frequency.HOURLY, HOUR_US),
        (Frequency.DAILY, 24 * HOUR_US),
        (Frequency.WEEKLY, 168 * HOUR_US),
    ],
)
def test_periods_are_those_of_utc_and_weeks_begin_on_monday(frequency, ends_us):
    first = frequency.period_of(MONDAY_US)
    assert frequency.period_of(MONDAY_US - 1) == first - 1
    assert frequency.period_of(MONDAY_US + ends_us - 1) == first
    assert frequency.period_of(MONDAY_US + ends_us) == first + 1


@pytest.fixture
async def second(scheduled, cancer):
    """A model behind the first one, with the same schedule."""
    await cancer.register("zebra", "1", backend=None)
    await cancer.drift.CreateBaseline(a_baseline(features_of(1, 40), model_id="zebra"))
    await cancer.drift.UpdateAlertConfig(
        drift_pb2.UpdateAlertConfigRequest(
            model_id="zebra",
            schedule=drift_pb2.ScheduleSettings(
                enabled=True, frequency=drift_pb2.ANALYSIS_FREQUENCY_HOURLY, time_window_days=2
            ),
        )
    )
    return "zebra"


async def test_a_model_whose_program_cannot_be_started_does_not_hold_up_those_behind_it(
    scheduled, second, starts
):
    starts.fails_for = "cancer"
    assert [one.model_id for one in scheduled(1.0)] == [second]


async def test_a_model_whose_window_the_database_refuses_does_not_hold_up_those_behind_it(
    scheduled, second, bench
):
    database = Database(bench.database_url)
    with database.write() as connection:
        table = drift_alert_settings
        first = connection.execute(select(func.min(table.c.model_key))).scalar_one()
        settings = alert_settings.of_model(connection, first)
        # No setting can be so any more.
        alert_settings.save(connection, first, replace(settings, time_window_days=1e-12), 1)
    database.close()
    assert [one.model_id for one in scheduled(1.0)] == [second]
