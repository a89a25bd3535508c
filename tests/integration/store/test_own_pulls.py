"""Calls on their way into SQL: each once, also where nobody knows whether a write was stored."""

import pytest

from pointsman.control.learning.own_pulls import PullCounts, Served
from pointsman.domain.strategies.bandit import Bandit
from pointsman.store.learning import arm_pulls
from pointsman.store.learning.arm_pulls import pulls_of
from pointsman.v1 import learning_pb2

from .rows import add_model, add_router

SECOND = 1_000_000
MINUTE = 60 * SECOND
NOW = 1_700_000_000 * SECOND
POLICY = Bandit(half_life_us=20 * MINUTE, epoch=1)
"""Buckets of a minute."""


class Bench:
    """A server whose writes may be stored and their answers lost, or be lost themselves."""

    def __init__(self, database):
        add_model(database, "1")
        add_model(database, "2")
        self.database = database
        self.router = add_router(database, policy=POLICY)
        self.counts = PullCounts("start")
        self.stored = True
        self.answered = True

    def write(self, rows):
        if self.stored:
            with self.database.write() as connection:
                arm_pulls.store(connection, rows)
        if not self.answered:
            raise ConnectionError("lost")

    def look(self, now_us, *, unasked=0, **pulls):
        arms = [
            learning_pb2.ArmState(variant=name, pulls=count, unasked_pulls=unasked)
            for name, count in pulls.items()
        ]
        served = [Served(self.router.row_key, POLICY, learning_pb2.BanditState(arms=arms))]
        self.counts.forget_others(served)
        self.counts.store(served, now_us, self.write)

    def known(self):
        """Calls of each arm in each bucket, in minutes from now."""
        with self.database.read() as connection:
            return {
                (one.variant, (one.bucket_time_us - NOW // MINUTE * MINUTE) // MINUTE): one.pulls
                for one in pulls_of(connection, self.router.row_key, 1)
            }

    def known_unasked(self):
        """All calls that arms were not asked, by arm."""
        found: dict[str, float] = {}
        with self.database.read() as connection:
            for one in pulls_of(connection, self.router.row_key, 1):
                found[one.variant] = found.get(one.variant, 0) + one.weighted_unasked
        return found


@pytest.fixture
def bench(database):
    return Bench(database)


@pytest.mark.parametrize("stored", [True, False])
@pytest.mark.parametrize("later", [0, 1])
def test_a_write_whose_answer_was_lost_counts_once(bench, stored, later):
    bench.look(NOW, lr=3, gb=1)
    bench.stored, bench.answered = stored, False
    for pulls in (5, 6):
        with pytest.raises(ConnectionError):
            bench.look(NOW, lr=pulls, gb=1)
    bench.stored = bench.answered = True
    bench.look(NOW + later * MINUTE, lr=9, gb=4)
    if later:
        assert bench.known() == {("lr", 0): 5, ("lr", 1): 4, ("gb", 0): 1, ("gb", 1): 3}
    else:
        assert bench.known() == {("lr", 0): 9, ("gb", 0): 4}
    assert bench.counts.of(bench.router.row_key, 1) == {"lr": 9, "gb": 4}
    assert bench.counts.of(bench.router.row_key, 2) == {}
    bench.look(NOW + later * MINUTE, lr=10, gb=4)
    assert sum(bench.known().values()) == 14


@pytest.mark.parametrize("stored", [True, False])
@pytest.mark.parametrize("later", [0, 1])
def test_calls_that_an_arm_was_not_asked_count_once_too(bench, stored, later):
    bench.look(NOW, lr=3, unasked=1)
    bench.stored, bench.answered = stored, False
    with pytest.raises(ConnectionError):
        bench.look(NOW, lr=5, unasked=2)
    bench.stored = bench.answered = True
    # That they were not asked turns out after they were counted.
    bench.look(NOW + later * MINUTE, lr=5, unasked=4)
    assert bench.known_unasked() == {"lr": 4}
    assert sum(bench.known().values()) == 5
    bench.look(NOW + later * MINUTE, lr=1, unasked=1)  # begun anew
    assert bench.known_unasked() == {"lr": 5}
    assert sum(bench.known().values()) == 6


def test_a_look_at_one_router_sends_nothing_of_another_that_waits(bench):
    """What waited for long may have been folded meanwhile, and only the look at its own router sees that."""
    bench.answered = bench.stored = False
    with pytest.raises(ConnectionError):
        bench.look(NOW, lr=5)
    bench.counts.store([], NOW + 600 * MINUTE, bench.write)
    bench.answered = bench.stored = True
    bench.look(NOW + MINUTE, lr=6)
    assert bench.known() == {("lr", 0): 5, ("lr", 1): 1}


def test_a_write_that_waited_until_its_bucket_may_be_folded_is_let_go(bench):
    bench.look(NOW, lr=3)
    bench.answered = False
    with pytest.raises(ConnectionError):
        bench.look(NOW + MINUTE, lr=5)
    with bench.database.write() as connection:  # as folding does
        connection.exec_driver_sql("DELETE FROM arm_pulls WHERE bucket_time_us > 0")
    bench.answered = True
    bench.look(NOW + 60 * MINUTE, lr=9)
    assert bench.known() == {("lr", 60): 4}


def test_what_is_served_no_more_holds_up_nothing(bench):
    bench.answered = bench.stored = False
    with pytest.raises(ConnectionError):
        bench.look(NOW, lr=5)
    bench.counts.forget_others([])
    bench.counts.store([], NOW, bench.write)
