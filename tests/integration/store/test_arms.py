"""What bandits learn from, in SQL: the sums of the values that stand, in whatever order they are stored."""

import dataclasses
import json
import random
import threading
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import event
from structlog.testing import capture_logs

from pointsman.control.learning.reading import read_arms, read_marks
from pointsman.control.learning.upkeep import LearningUpkeep, _keep_one
from pointsman.domain.learning import PullBucket, folded_before_us
from pointsman.domain.strategies.bandit import Algorithm, Bandit
from pointsman.store import servers
from pointsman.store.feedback import feedback_application
from pointsman.store.feedback.feedback_application import _row
from pointsman.store.learning import arm_pulls
from pointsman.store.learning.arm_pulls import OwnPulls, pulls_of
from pointsman.store.learning.arm_rewards import RewardChanges, bandit_of, rewards_of

from .feedback_model import FeedbackModel, a_value
from .rows import add_model, add_router

EPOCH = 3
MINUTE = 60_000_000
NOW = 1_700_000_000_000_000
UCB1 = Bandit(Algorithm.UCB1, epoch=EPOCH)


@pytest.fixture
def add(database):
    """Adds a bandit, and answers it."""
    add_model(database, "1")
    add_model(database, "2")
    return lambda policy=UCB1: add_router(database, policy=policy)


POSITIONS: defaultdict[tuple[int, str], int] = defaultdict(int)


def apply(database, *values, journal="a", position=None):
    """Stores a batch of a journal; answers whether bandits learn by it."""
    key = (id(database), journal)
    POSITIONS[key] = position or POSITIONS[key] + 100 * len(values)
    with database.write() as connection:
        return feedback_application.apply(connection, journal * 32, values, POSITIONS[key], 9).taught


def learnt(database, router, now_us=NOW):
    """Count, sum and sum of squares of each arm."""
    with database.read() as connection:
        arms = read_arms(connection, router.row_key, router.policy, now_us)
    return {
        name: tuple(
            round(number, 6)
            for number in (lambda sums: (sums.count, sums.total, sums.total_squares))(arm.rewards.about(0.0))
        )
        for name, arm in arms.items()
    }


def test_only_what_is_learnt_from_is_added(database, add):
    router = add()
    values = [
        a_value(1, 2.0),
        a_value(1, 2.0),
        a_value(1, 9.0),
        a_value(3, 5.0, epoch=EPOCH - 1),
        a_value(5, 5.0, metric="other"),
        a_value(7, 5.0, counted=False),
        a_value(2, -4.0),
    ]
    assert apply(database, *values)
    assert learnt(database, router) == {"lr": (1, 2, 4), "gb": (1, -4, 16)}
    assert not apply(database, a_value(1, 2.0), a_value(9, 5.0, metric="other"))
    assert not apply(database, a_value(11, 5.0), position=100)
    assert learnt(database, router) == {"lr": (1, 2, 4), "gb": (1, -4, 16)}


def test_a_correction_takes_one_value_out_and_puts_another_in(database, add):
    router = add()
    apply(database, a_value(1, 3.0), a_value(3, 10.0))
    assert apply(database, a_value(1, 5.0, corrects=True), a_value(1, 6.0, corrects=True))
    assert learnt(database, router) == {"lr": (2, 16, 136)}


def test_rates_beyond_0_and_1_are_left_out_and_come_back_with_a_correction(database, add):
    router = add(dataclasses.replace(UCB1, algorithm=Algorithm.THOMPSON_BETA))
    apply(database, a_value(1, 1.5), a_value(3, 0.5))
    assert learnt(database, router) == {"lr": (1, 0.5, 0.25)}
    apply(database, a_value(1, 1.0, corrects=True), a_value(3, 2.0, corrects=True))
    assert learnt(database, router) == {"lr": (1, 1, 1)}


@pytest.mark.parametrize("algorithm", [Algorithm.UCB1, Algorithm.THOMPSON_BETA])
def test_the_feedback_of_row_0_stands_for_a_call_and_corrections_change_nothing_of_it(
    database, add, algorithm
):
    router = add(dataclasses.replace(UCB1, algorithm=algorithm))

    def stored():
        with database.read() as connection:
            return [(one.sums.count, one.sums.calls) for one in rewards_of(connection, router.row_key, EPOCH)]

    apply(database, a_value(1, 1.0), *(a_value(1, 1.0, row=row) for row in (1, 2)), a_value(3, 1.0, row=1))
    assert stored() == [(4, 1)]
    apply(database, a_value(1, 0.5, corrects=True), a_value(1, 0.5, row=1, corrects=True))
    assert stored() == [(4, 1)]
    apply(database, a_value(5, 7.0), a_value(5, 0.0, corrects=True))
    assert stored() == [(5, 2)]
    apply(database, a_value(7, 7.0))
    assert stored()[0][1] == 3
    apply(database, a_value(7, 1.0, corrects=True))
    assert stored() == [(6, 3)]


def mean_and_variance(database, router, now_us=NOW):
    with database.read() as connection:
        sums = read_arms(connection, router.row_key, router.policy, now_us)["lr"].rewards
    mean = sums.total / sums.count
    return sums.count, sums.origin + mean, sums.total_squares / sums.count - mean**2


@pytest.mark.parametrize("half_life", [None, 10 * MINUTE])
@pytest.mark.parametrize("wrong", [1e9, -1e12])
@pytest.mark.parametrize("place", [0, 50])
def test_a_wrong_value_that_is_corrected_leaves_the_variance_of_the_others(
    database, add, half_life, wrong, place
):
    router = add(dataclasses.replace(UCB1, half_life_us=half_life))
    values = [(number, 9.0 + 2 * (number % 2)) for number in range(99)]
    values.insert(place, (99, wrong))
    for start in range(0, 100, 25):
        batch = values[start : start + 25]
        apply(database, *(a_value(2 * number + 1, value, prediction_time_us=NOW) for number, value in batch))
    # Of others, and of another time: neither is among them.
    apply(database, a_value(301, 7.0, epoch=EPOCH - 1, prediction_time_us=NOW))
    apply(database, a_value(303, 7.0, counted=False, prediction_time_us=NOW))
    apply(database, a_value(305, 7.0, metric="other", prediction_time_us=NOW))
    apply(database, a_value(306, 7.0, prediction_time_us=NOW))
    apply(database, a_value(199, 11.0, prediction_time_us=NOW, corrects=True))
    assert mean_and_variance(database, router, now_us=0) == pytest.approx((100, 10.0, 1.0))
    with database.read() as connection:
        (bucket,) = [one for one in rewards_of(connection, router.row_key, EPOCH) if one.variant == "lr"]
    assert bucket.sums.calls == 100


def test_wrong_and_right_in_one_batch_leave_the_variance_of_the_others(database, add):
    router = add()
    right = [a_value(2 * number + 3, 9.0 + 2 * (number % 2)) for number in range(99)]
    apply(database, a_value(1, 1e12), *right, a_value(1, 11.0, corrects=True))
    assert mean_and_variance(database, router) == pytest.approx((100, 10.0, 1.0))


def test_what_cannot_be_made_anew_is_said_with_the_routers_name(database, add):
    router = add(dataclasses.replace(UCB1, half_life_us=10 * MINUTE, dated_from_us=1))
    for step in range(4):
        time_us = NOW - (60 + step) * MINUTE
        apply(database, a_value(2 * step + 1, 1e9 if step == 3 else 10.0, prediction_time_us=time_us))
    with database.write() as connection:
        _keep_one(connection, router.row_key, router.policy, NOW, folds_rewards=True)
    with capture_logs() as logs:
        apply(database, a_value(7, 10.0, prediction_time_us=NOW - 63 * MINUTE, corrects=True))
    (said,) = logs
    assert (said["log_level"], said["router"], said["variant"]) == ("warning", "cancer", "lr")


def test_values_that_vary_as_much_as_one_is_corrected_by_are_not_read_again(database, add):
    add()
    apply(database, *(a_value(2 * number + 1, 1e6 * number) for number in range(20)))
    with database.write() as connection:
        statements = []
        event.listen(connection, "before_cursor_execute", lambda *given: statements.append(given[2]))
        feedback_application.apply(connection, "g" * 32, [a_value(3, 5.0, corrects=True)], 100, 9)
    assert not [one for one in statements if "sum(" in one.lower()]


def test_each_of_many_bandits_is_read_once():
    documents = [json.dumps({**UCB1.to_document(), "warm_up_pulls": number}) for number in range(5000)]
    bandit_of.cache_clear()
    for _ in range(2):
        for document in documents:
            bandit_of(document)
    assert bandit_of.cache_info().misses == len(documents)


def test_a_batch_of_other_routers_asks_no_more_than_before(database, add):
    add()
    add_router(database, "plain")
    statements = []
    with database.write() as connection:
        event.listen(connection, "before_cursor_execute", lambda *given: statements.append(given[2]))
        feedback_application.apply(connection, "b" * 32, [a_value(1, router_id="plain")], 100, 9)
    assert not [one for one in statements if "arm_" in one]


@pytest.mark.parametrize("half_life", [None, 10 * MINUTE])
def test_any_order_and_any_cut_gives_the_sums_of_the_values_that_stand(database, add, half_life):
    """Repeated, corrected, cut into batches of several journals: the sums are those of the oracle."""
    chance = random.Random(11)
    router = add(dataclasses.replace(UCB1, half_life_us=half_life))
    model = FeedbackModel()
    values = [
        a_value(
            number := chance.randrange(40),
            float(chance.randrange(-5, 6)) + 1e6,
            prediction_time_us=NOW - number * MINUTE // 4,
            corrects=chance.random() < 0.4,
        )
        for _ in range(300)
    ]
    while values:
        batch = [values.pop() for _ in range(min(len(values), chance.randrange(1, 30)))]
        for value in batch:
            model.apply(value)
        apply(database, *batch, journal=chance.choice("cd"))
    expected: defaultdict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
    width = 30_000_000
    for value in model.values.values():
        bucket = value.prediction_time_us // width * width
        weight = 1.0 if half_life is None else 2.0 ** -((NOW - bucket) / half_life)
        expected[value.variant][0] += weight
        expected[value.variant][1] += weight * (value.value - 1e6)
    with database.read() as connection:
        arms = read_arms(connection, router.row_key, router.policy, NOW)
    for name, (count, total) in expected.items():
        assert arms[name].rewards.count == pytest.approx(count)
        assert arms[name].rewards.about(1e6).total == pytest.approx(total, abs=1e-6)


def test_two_servers_that_store_at_once_lose_nothing(database, add):
    router = add()

    def store(journal, first):
        for start in range(0, 100, 10):
            batch = [a_value(first + 2 * number + 1, 100.0 + first) for number in range(start, start + 10)]
            apply(database, *batch, journal=journal)

    threads = [
        threading.Thread(target=store, args=(journal, first)) for journal, first in (("e", 0), ("f", 1000))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    squares = 100 * 100.0**2 + 100 * 1100.0**2
    assert learnt(database, router) == {"lr": (200, 100 * 100 + 100 * 1100, squares)}


def own(router, variant="lr", replica="one", pulls=1, sequence=1, bucket_time_us=NOW):
    return OwnPulls(router.row_key, EPOCH, variant, replica, bucket_time_us, pulls, sequence)


def test_of_a_starts_calls_the_higher_number_holds(database, add):
    router = add()
    with database.write() as connection:
        arm_pulls.store(connection, [own(router, pulls=5, sequence=2), own(router, replica="two", pulls=7)])
        arm_pulls.store(connection, [own(router, pulls=3, sequence=1)])
        arm_pulls.store(connection, [own(router, pulls=5, sequence=2)])
        assert pulls_of(connection, router.row_key, EPOCH) == [PullBucket("lr", NOW, 12, 12.0)]
        arm_pulls.store(connection, [own(router, pulls=9, sequence=3)])
        assert pulls_of(connection, router.row_key, EPOCH) == [PullBucket("lr", NOW, 16, 16.0)]


def test_any_change_is_seen(database, add):
    router = add()
    seen = []

    def look():
        with database.read() as connection:
            seen.append(read_marks(connection, [router.row_key])[router.row_key])

    look()
    apply(database, a_value(1, 1.0))
    look()
    apply(database, a_value(1, 2.0, corrects=True))
    look()
    with database.write() as connection:
        arm_pulls.store(connection, [own(router)])
    look()
    with database.write() as connection:
        arm_pulls.store(connection, [own(router, pulls=2, sequence=2)])
    look()
    assert len(set(seen)) == len(seen) == 5


@pytest.mark.parametrize("half_life", [None, 10 * MINUTE])
def test_upkeep_bounds_the_rows_and_changes_nothing_that_is_known(database, add, half_life):
    router = add(dataclasses.replace(UCB1, half_life_us=half_life, dated_from_us=1))
    day = 24 * 60 * MINUTE
    for step in range(60):
        time_us = NOW - step * (MINUTE if half_life else day)
        apply(database, a_value(2 * step + 1, float(step), prediction_time_us=time_us))
        with database.write() as connection:
            bucket = time_us // 30_000_000 * 30_000_000 if half_life else time_us // day * day
            arm_pulls.store(connection, [own(router, replica=f"start{step}", bucket_time_us=bucket, pulls=4)])
    before = learnt(database, router)
    with database.read() as connection:
        known = read_arms(connection, router.row_key, router.policy, NOW)
    for _ in range(2):
        with database.write() as connection:
            _keep_one(connection, router.row_key, router.policy, NOW, folds_rewards=True)
    with database.read() as connection:
        assert len(rewards_of(connection, router.row_key, EPOCH)) <= 40
        rows = connection.exec_driver_sql("SELECT count(*) FROM arm_pulls").scalar_one()
        again = read_arms(connection, router.row_key, router.policy, NOW)
    assert rows <= 40
    assert learnt(database, router)["lr"] == pytest.approx(before["lr"])
    assert again["lr"].pulls == known["lr"].pulls == 240
    assert again["lr"].weighted_pulls == pytest.approx(known["lr"].weighted_pulls)


def keep(database, now_us, begun=None):
    """Runs the job by a clock; says when it asks for a transaction that writes, and answers how often."""
    asked = []

    def transaction():
        asked.append(1)
        if begun is not None:
            begun.set()
        return database.write()

    turn: Any = SimpleNamespace(reading=database.read, transaction=transaction, is_over=lambda: False)
    lanes: Any = None
    LearningUpkeep(lanes, lambda: now_us).keep(turn)
    return len(asked)


@pytest.mark.parametrize("half_life", [None, 20 * MINUTE])
def test_the_job_writes_only_where_something_is_due(database, add, monkeypatch, half_life):
    router = add(dataclasses.replace(UCB1, half_life_us=half_life, dated_from_us=1 if half_life else 0))
    monkeypatch.setattr(servers, "clock_us", lambda connection, local_us: NOW)
    day = 24 * 60 * MINUTE
    bucket = NOW // day * day - 9 * day
    apply(database, a_value(1, 1.0, prediction_time_us=bucket))
    with database.write() as connection:
        arm_pulls.store(connection, [own(router, replica="one", bucket_time_us=bucket, pulls=4)])
    assert keep(database, NOW) == 0
    with database.write() as connection:
        later = [own(router, replica=name, bucket_time_us=bucket + day, pulls=4) for name in ("one", "two")]
        arm_pulls.store(connection, [one._replace(unasked=1) for one in later])
    assert keep(database, NOW) == 1
    assert keep(database, NOW) == 0
    with database.read() as connection:
        [together] = pulls_of(connection, router.row_key, EPOCH)
    assert together.pulls == 12
    if half_life is None:
        assert together.weighted_unasked == 2
    else:
        apply(database, a_value(3, 1.0, prediction_time_us=bucket + day))
        assert keep(database, NOW) == 2
        assert keep(database, NOW) == 0
    with database.write() as connection:
        arm_pulls.store(connection, [own(router)._replace(epoch=EPOCH - 1)])
    assert keep(database, NOW) == 1
    assert keep(database, NOW) == 0


def test_a_clock_ahead_of_the_databases_folds_nothing_that_others_write(database, add, monkeypatch):
    router = add(dataclasses.replace(UCB1, half_life_us=20 * MINUTE, dated_from_us=1))
    bucket = NOW // MINUTE * MINUTE
    with database.write() as connection:
        rows = [own(router, replica=name, bucket_time_us=bucket, pulls=4) for name in ("one", "two")]
        arm_pulls.store(connection, rows)
    monkeypatch.setattr(servers, "clock_us", lambda connection, local_us: NOW)
    keep(database, NOW + 1000 * MINUTE)
    with database.write() as connection:
        arm_pulls.store(connection, [own(router, bucket_time_us=bucket, pulls=6, sequence=2)])
        assert pulls_of(connection, router.row_key, EPOCH) == [PullBucket("lr", bucket, 10, 10.0)]


def test_folding_and_a_batch_of_feedback_wait_in_one_order(database, add, monkeypatch):
    """The batch has the bucket that is folded into, and wants an old one."""
    router = add(dataclasses.replace(UCB1, half_life_us=20 * MINUTE, dated_from_us=1))
    old = [NOW // MINUTE * MINUTE - step * MINUTE for step in (600, 601)]
    for number, time_us in enumerate(old):
        apply(database, *(a_value(2 * number + odd, 1e12, prediction_time_us=time_us) for odd in (0, 1)))
    before_us = folded_before_us(router.policy, NOW)
    monkeypatch.setattr(servers, "clock_us", lambda connection, local_us: NOW)
    with ThreadPoolExecutor() as threads, database.write() as connection:
        changes = RewardChanges({router.row_key: router.policy})
        times = {"gb": before_us - MINUTE, "lr": old[0]}
        for variant, time_us in times.items():
            number = 20 if variant == "gb" else 21
            changes.add(_row(a_value(number, 1e12 + 2, prediction_time_us=time_us), router.row_key, 9))
        first, second = sorted(changes._changes)
        for place in (first, second):
            part = RewardChanges({})
            part._changes = {place: changes._changes[place]}
            part.store(connection)
            if place is first:
                begun = threading.Event()
                folding = threads.submit(keep, database, NOW, begun)
                assert begun.wait(30), "the job asked for no transaction"
    folding.result()
    keep(database, NOW)
    with database.read() as connection:
        found = rewards_of(connection, router.row_key, EPOCH)
    assert [(one.variant, one.bucket_time_us) for one in found] == [
        (name, before_us - MINUTE) for name in ("gb", "lr")
    ]
    assert all(one.sums.origin >= 1e12 for one in found)


def test_former_epochs_go(database, add):
    router = add()
    apply(database, a_value(1, 1.0))
    with database.write() as connection:
        arm_pulls.store(connection, [own(router)])
        _keep_one(
            connection,
            router.row_key,
            dataclasses.replace(router.policy, epoch=EPOCH + 1),
            NOW,
            folds_rewards=True,
        )
        assert rewards_of(connection, router.row_key, EPOCH) == []
        assert pulls_of(connection, router.row_key, EPOCH) == []
