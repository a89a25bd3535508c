"""When jobs run: on their grid, once at a time, later after failures, and never many at once."""

from itertools import pairwise

import pytest

from pointsman.control.jobs.job import WHEN_WOKEN, Job, Scope
from pointsman.control.jobs.timetable import Timetable


def a_job(name="sweep", period_seconds=10.0, **fields):
    fields.setdefault("scope", Scope.SERVER)
    return Job(name, period_seconds, run=lambda context: False, **fields)


class Scene:
    """A timetable whose clock a test moves; every run lasts as long as it is told."""

    def __init__(self, *jobs, draw=lambda: 0.0):
        self.now = 100.0
        self.timetable = Timetable(draw)
        for job in jobs:
            self.timetable.add(job, self.now)

    def begin(self):
        return [job.name for job in self.timetable.begin_due(self.now)]

    def run(self, seconds=0.0, **ended):
        """Begins what is due and ends it after so long; answers what it was."""
        began = self.begin()
        self.now += seconds
        for name in began:
            self.timetable.end(name, self.now, **ended)
        return began

    def next_run(self, seconds=0.0, **ended):
        """Goes on to the next time at which something is due; answers when that is."""
        self.now = max(self.now, self.timetable.next_time())
        at = self.now
        assert self.run(seconds, **ended)
        return at


def test_a_job_runs_once_in_each_period():
    scene = Scene(a_job())
    assert scene.run() == []
    assert [scene.next_run() for _ in range(3)] == [110, 120, 130]
    assert scene.run() == []


def test_runs_that_take_a_while_shift_nothing():
    scene = Scene(a_job())
    assert [scene.next_run(seconds=7) for _ in range(4)] == [110, 120, 130, 140]


def test_a_run_longer_than_its_period_leaves_out_what_it_missed():
    scene = Scene(a_job())
    assert [scene.next_run(seconds=25) for _ in range(3)] == [110, 140, 170]


def test_after_a_night_asleep_a_job_runs_once_and_then_as_before():
    scene = Scene(a_job())
    scene.next_run()
    scene.now += 8 * 3600 + 3
    assert scene.run() == ["sweep"]
    assert scene.run() == []
    assert scene.timetable.next_time() - scene.now <= 10
    assert scene.next_run() % 10 == 0


def test_a_job_is_not_begun_while_it_runs():
    scene = Scene(a_job())
    scene.now += 10
    assert scene.begin() == ["sweep"]
    scene.now += 1000
    assert scene.begin() == []
    scene.timetable.wake("sweep", scene.now)
    assert scene.begin() == []


def test_one_job_holds_up_no_other():
    scene = Scene(a_job("slow"), a_job("quick"))
    scene.now += 10
    assert scene.begin() == ["slow", "quick"]
    scene.timetable.end("quick", scene.now)
    scene.now += 10
    assert scene.begin() == ["quick"]


def test_failures_in_a_row_are_tried_again_later_and_later_and_then_at_the_same_pace():
    scene = Scene(a_job(period_seconds=3600.0, retry_seconds=(1.0, 5.0, 30.0)))
    began = [scene.next_run(failed=True) for _ in range(5)]
    assert [later - before for before, later in pairwise(began)] == [1, 5, 30, 30]
    assert scene.timetable.failures("sweep") == 5
    worked = scene.next_run()
    assert scene.timetable.failures("sweep") == 0
    assert scene.timetable.next_time() == 160 + 3600, "it is back on its grid"
    assert worked < 160 + 3600


def test_waking_runs_a_job_at_once_and_keeps_its_grid():
    scene = Scene(a_job())
    scene.now += 4
    scene.timetable.wake("sweep", scene.now)
    assert scene.run() == ["sweep"]
    assert scene.next_run() == 110


def test_what_wakes_a_job_while_it_runs_has_it_run_once_more():
    scene = Scene(a_job(period_seconds=WHEN_WOKEN))
    scene.timetable.wake("sweep", scene.now)
    assert scene.begin() == ["sweep"]
    for _ in range(3):
        scene.timetable.wake("sweep", scene.now)
    scene.timetable.end("sweep", scene.now)
    assert scene.run() == ["sweep"]
    assert scene.run() == []
    assert scene.timetable.next_time() == float("inf")


def test_waking_a_job_that_fails_does_not_shorten_its_pause():
    scene = Scene(a_job(period_seconds=WHEN_WOKEN, retry_seconds=(5.0,)))
    scene.timetable.wake("sweep", scene.now)
    scene.run(failed=True)
    scene.timetable.wake("sweep", scene.now)
    assert scene.run() == []
    assert scene.next_run() == 105


def test_another_clock_may_say_when_a_job_is_due_again():
    scene = Scene(a_job(scope=Scope.INSTALLATION))
    scene.next_run(wait_seconds=3.5)
    assert scene.timetable.next_time() == scene.now + 3.5
    scene.next_run(wait_seconds=-2.0)
    assert scene.timetable.next_time() == scene.now


def test_a_job_of_an_hour_runs_first_within_a_minute():
    scene = Scene(a_job(period_seconds=3600.0), a_job("given", period_seconds=3600.0, first_seconds=5.0))
    assert scene.next_run() == 105
    assert scene.next_run() == 160


def test_servers_that_start_together_do_not_ask_together():
    times = {Scene(a_job(), draw=lambda at=share: at).timetable.next_time() for share in (0.0, 0.5, 1.0)}
    assert len(times) == 3
    assert all(109 <= at <= 110 for at in times)


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"name": "No"}, "name: 'No'"),
        ({"name": 'x"}'}, "name: "),
        ({"period_seconds": 0.0}, "period_seconds: 0.0"),
        ({"period_seconds": float("nan")}, "period_seconds: nan"),
        ({"period_seconds": WHEN_WOKEN, "scope": Scope.INSTALLATION}, "needs a period"),
        ({"deadline_seconds": 0.0}, "deadline_seconds"),
        ({"retry_seconds": ()}, "retry_seconds"),
        ({"needed": lambda connection: True}, "needed"),
    ],
)
def test_a_job_that_cannot_be_is_refused(fields, told):
    with pytest.raises(ValueError, match=told):
        a_job(**fields)
