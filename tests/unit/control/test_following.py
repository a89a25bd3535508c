"""A follower asks again at once while things come, and burns no processor where nothing does."""

import threading

from pointsman.control.following import Follower

MOST_STEPS = 1000


class Ended(threading.Event):
    """The end of a follower, which comes after so many pauses; nobody waits for their time."""

    def __init__(self, most_waits):
        super().__init__()
        self.most_waits = most_waits
        self.waits = []

    def wait(self, timeout=None):
        self.waits.append(timeout)
        if len(self.waits) >= self.most_waits:
            self.set()
        return self.is_set()


def follow(step, most_waits=3):
    """Follows until the end, on this thread; answers the pauses between steps."""
    follower = Follower("test", step, waiting="it waits", going_on="it goes on", left="it is left")
    follower._ended = Ended(most_waits)
    follower._run()
    return follower._ended.waits


def test_a_step_that_finds_nothing_without_waiting_for_it_is_not_repeated_at_once():
    asked = []

    def step(timeout_seconds):
        asked.append(timeout_seconds)
        assert len(asked) < MOST_STEPS, "a journal that is closed is asked without a pause"
        return False

    waits = follow(step)
    assert len(asked) == 3
    assert all(0.01 <= seconds <= 0.1 for seconds in waits), waits


def test_what_comes_is_worked_off_without_a_pause():
    coming = [True, True, True]
    waits = follow(lambda _: bool(coming and coming.pop()), most_waits=1)
    assert coming == []
    assert len(waits) == 1, "one pause, behind the last of them"


def test_a_step_that_has_waited_for_nothing_is_repeated_at_once(monkeypatch):
    now = [0.0]
    steps = []
    monkeypatch.setattr("pointsman.control.following.time.monotonic", lambda: now[0])

    def step(timeout_seconds):
        now[0] += timeout_seconds
        steps.append(timeout_seconds)
        if len(steps) < 3:
            return False
        raise RuntimeError("the pause after a failure ends the test")

    assert len(follow(step, most_waits=1)) == 1
    assert len(steps) == 3


def test_the_end_works_off_what_is_there():
    left = [1, 2, 3]
    follower = Follower(
        "test",
        lambda _: bool(left and left.pop()),
        waiting="it waits",
        going_on="it goes on",
        left="it is left",
    )
    follower._ended.set()
    follower.start()
    follower.stop(10)
    assert left == []
