"""Rewards that are sums, in SQL: each metric by itself, and what calls cost, through whatever happens."""

import dataclasses

import pytest
import sqlalchemy
from alembic import command

from pointsman.control.learning.own_pulls import PullCounts, Served
from pointsman.control.learning.reading import read_arms
from pointsman.control.learning.upkeep import _due, _keep_one, _make_room
from pointsman.domain.reward_sums import CostSums
from pointsman.domain.strategies.bandit import Algorithm, Bandit
from pointsman.domain.strategies.reward_terms import Cost, RewardTerm
from pointsman.store.feedback import feedback_application
from pointsman.store.learning import arm_pulls
from pointsman.store.learning.arm_rewards import rewards_of
from pointsman.store.migrate import _config, migrate
from pointsman.v1 import learning_pb2

from .feedback_model import a_value
from .rows import add_model, add_router

EPOCH = 3
MINUTE = 60_000_000
NOW = 1_700_000_000_000_000
SUM = Bandit(
    Algorithm.UCB1,
    metric="",
    terms=(RewardTerm(1.0, "bought"), RewardTerm(0.5, "rated"), RewardTerm(-2.0, cost=Cost.LATENCY)),
    epoch=EPOCH,
)
METRICS = dataclasses.replace(SUM, terms=SUM.terms[:2])


@pytest.fixture
def add(database):
    """Adds a bandit, and answers it."""
    add_model(database, "1")
    add_model(database, "2")
    return lambda policy=METRICS: add_router(database, policy=policy)


def apply(database, position, *values, journal="a"):
    with database.write() as connection:
        return feedback_application.apply(connection, journal * 32, values, position, 9).taught


def known(database, router, now_us=NOW):
    """Count and mean of the reward of arm lr, and of each of its terms."""
    with database.read() as connection:
        arm = read_arms(connection, router.row_key, router.policy, now_us)["lr"]
    each = (arm.rewards, *(one.sums for one in arm.terms))
    return [(round(sums.count, 6), round(sums.mean, 6)) for sums in each]


def test_two_metrics_come_late_repeated_and_corrected_and_each_counts_for_itself(database, add):
    router = add()
    assert apply(database, 100, a_value(1, 1.0, metric="bought"), a_value(3, 0.0, metric="bought"))
    assert known(database, router) == [(0, 0), (2, 0.5), (0, 0)]
    late = [a_value(1, 4.0, metric="rated"), a_value(1, 1.0, metric="bought")]
    assert apply(database, 200, *late, a_value(5, 9.0, metric="other"))
    assert known(database, router) == [(1, 2.5), (2, 0.5), (1, 4.0)]
    assert not apply(database, 200, *late)
    assert not apply(database, 300, *late)
    apply(
        database,
        400,
        a_value(3, 1.0, metric="bought", corrects=True),
        a_value(1, 2.0, metric="rated", corrects=True),
        a_value(7, 4.0, metric="rated"),
    )
    assert known(database, router) == [(2, 2.5), (2, 1.0), (2, 3.0)]


def test_a_wrong_value_of_one_metric_leaves_the_sums_of_the_other(database, add):
    router = add()
    values = [a_value(2 * number + 1, 9.0 + 2 * (number % 2), metric="rated") for number in range(50)]
    apply(database, 100, *values, a_value(1, 1.0, metric="bought"))
    apply(database, 200, a_value(201, 1e12, metric="rated"))
    apply(database, 300, a_value(201, 10.0, metric="rated", corrects=True))
    with database.read() as connection:
        found = {one.metric: one.sums for one in rewards_of(connection, router.row_key, EPOCH)}
    assert found["rated"].squared_deviations == pytest.approx(50.0)
    assert (found["bought"].count, found["bought"].mean) == (1, 1.0)


def test_buckets_that_are_put_together_keep_the_metrics_apart(database, add):
    router = add(dataclasses.replace(METRICS, half_life_us=10 * MINUTE, dated_from_us=1))
    for step in range(4):
        time_us = NOW - (60 + step) * MINUTE
        values = [
            a_value(2 * step + 1, value, metric=metric, prediction_time_us=time_us)
            for metric, value in (("bought", 1.0), ("rated", float(step)))
        ]
        apply(database, 100 * (step + 1), *values)
    before = known(database, router)
    with database.read() as connection:
        assert _due(connection, router.row_key, router.policy, NOW).folds_rewards
    with database.write() as connection:
        _make_room(connection, router.row_key, router.policy, NOW)
    with database.write() as connection:
        _keep_one(connection, router.row_key, router.policy, NOW, folds_rewards=True)
    with database.read() as connection:
        rows = rewards_of(connection, router.row_key, EPOCH)
        assert not _due(connection, router.row_key, router.policy, NOW).any
    assert [one.metric for one in rows] == ["bought", "rated"]
    assert known(database, router) == before


class Server:
    """What a start of a server stores of its replica's calls."""

    def __init__(self, database, router, name):
        self.database, self.router = database, router
        self.counts = PullCounts(name)

    def look(self, pulls, costs, now_us=NOW):
        arm = learning_pb2.ArmState(
            variant="lr",
            pulls=pulls,
            ended_pulls=int(costs.calls),
            failed_pulls=int(costs.failures),
            seconds=costs.seconds,
            squared_seconds=costs.squares,
        )
        state = learning_pb2.BanditState(arms=[arm])
        self.counts.store([Served(self.router.row_key, self.router.policy, state)], now_us, self.write)

    def write(self, rows):
        with self.database.write() as connection:
            arm_pulls.store(connection, rows)


def stored(database, router):
    with database.read() as connection:
        found = arm_pulls.pulls_of(connection, router.row_key, EPOCH)
    return [(one.pulls, *(round(cost, 9) for cost in one.costs)) for one in found]


def test_costs_of_several_starts_and_buckets_add_up_and_are_put_together(database, add):
    router = add(dataclasses.replace(SUM, half_life_us=20 * MINUTE, dated_from_us=1))
    first, second = Server(database, router, "first"), Server(database, router, "second")
    first.look(2, CostSums(1, 0, 0.5, 0.25))
    first.look(2, CostSums(2, 1, 1.5, 1.25))
    # The same said again changes nothing; a call may end after its bucket.
    first.look(2, CostSums(2, 1, 1.5, 1.25))
    second.look(1, CostSums(1, 0, 2.0, 4.0))
    assert stored(database, router) == [(3, 3, 1, 3.5, 5.25)]
    first.look(2, CostSums(3, 1, 1.75, 1.3125), NOW + MINUTE)
    assert stored(database, router) == [(3, 3, 1, 3.5, 5.25), (0, 1, 0, 0.25, 0.0625)]
    later = NOW + 200 * MINUTE
    with database.read() as connection:
        before = read_arms(connection, router.row_key, router.policy, later)["lr"].terms[2].sums
    with database.write() as connection:
        _keep_one(connection, router.row_key, router.policy, later, folds_rewards=False)
    with database.read() as connection:
        after = read_arms(connection, router.row_key, router.policy, later)["lr"].terms[2].sums
    assert len(stored(database, router)) == 1
    assert (after.count, after.mean, after.squared_deviations) == pytest.approx(
        (before.count, before.mean, before.squared_deviations)
    )


def test_what_was_learnt_before_is_of_the_bandits_metric_and_sums_go_back_to_no_release_without_them(
    database, add
):
    one = add_router(database, "one", policy=Bandit(Algorithm.UCB1, metric="gain", epoch=EPOCH))
    summed = add(METRICS)
    apply(database, 100, a_value(1, 5.0, router_id="one", metric="gain"), a_value(1, 1.0, metric="bought"))
    with database.write() as connection, pytest.raises(RuntimeError, match="bandits cancer are sums"):
        command.downgrade(_config(connection), "0017")
    with database.write() as connection:
        connection.execute(
            sqlalchemy.text("UPDATE routers SET delete_time_us = 1 WHERE router_id = 'cancer'")
        )
        command.downgrade(_config(connection), "0017")
        counts = sqlalchemy.text("SELECT router_key, count, sum + count * origin FROM arm_rewards")
        assert [tuple(row) for row in connection.execute(counts)] == [(one.row_key, 1, 5)]
    migrate(database)
    with database.read() as connection:
        (row,) = rewards_of(connection, one.row_key, EPOCH)
        assert (row.metric, row.sums.count, row.sums.mean) == ("gain", 1, 5)
        assert rewards_of(connection, summed.row_key, EPOCH) == []
