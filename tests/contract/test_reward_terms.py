"""Rewards that are sums: said, checked by their paths, told, and kept while they are of the same things."""

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration

from pointsman.v1 import router_pb2

from .conftest import a_variant
from .test_bandits import create, learn, metrics, reward, told, update

BOUGHT = router_pb2.RewardTerm(metric="bought", weight=1)
RATED = router_pb2.RewardTerm(metric="rated", weight=0.5)
LATENCY = router_pb2.RewardTerm(cost=router_pb2.COST_LATENCY, weight=-0.2)
ERROR = router_pb2.RewardTerm(cost=router_pb2.COST_ERROR, weight=-1)
MANY = [f"m{number}" for number in range(9)]
METRICS = tuple(router_pb2.MetricDefinition(name=name) for name in ("bought", "rated", *MANY))


def a_sum(*terms, **fields):
    fields.setdefault("thompson_normal", router_pb2.ThompsonNormal())
    return router_pb2.Bandit(reward_terms=terms, **fields)


@pytest.mark.parametrize(
    ("bandit", "path", "words"),
    [
        (a_sum(BOUGHT, metric="bought"), "metric", "are another"),
        (
            a_sum(BOUGHT, missing_reward=1, feedback_window=Duration(seconds=9)),
            "missing_reward",
            "missing in",
        ),
        (router_pb2.Bandit(reward_terms=[BOUGHT]), "reward_terms", "use thompson_normal, ucb1 or epsilon"),
        (a_sum(LATENCY), "reward_terms", "latency alone"),
        (a_sum(router_pb2.RewardTerm(metric="gain", weight=1)), "reward_terms[0].metric", "none of the"),
        (a_sum(BOUGHT, RATED, BOUGHT), "reward_terms[2].metric", "of an earlier term"),
        (
            a_sum(BOUGHT, router_pb2.RewardTerm(weight=1)),
            "reward_terms[1].metric",
            "name a metric, or the cost",
        ),
        (a_sum(router_pb2.RewardTerm(metric="bought")), "reward_terms[0].weight", "0 is not a number from"),
        (
            a_sum(router_pb2.RewardTerm(metric="bought", weight=1, missing=0)),
            "reward_terms[0].missing",
            "feedback_window",
        ),
        (
            a_sum(BOUGHT, router_pb2.RewardTerm(cost=router_pb2.COST_ERROR, weight=1, missing=0)),
            "reward_terms[1].missing",
            "leave it out",
        ),
        (
            a_sum(*(router_pb2.RewardTerm(metric=name, weight=1) for name in MANY)),
            "reward_terms",
            "at most 8",
        ),
    ],
)
async def test_what_is_no_sum_is_refused_with_its_path(cancer, failing, bandit, path, words):
    failure = await failing(create(cancer, bandit, metrics=METRICS))
    assert failure.code is grpc.StatusCode.INVALID_ARGUMENT
    assert words in failure.fields[f"router.bandit.{path}"]


async def test_each_metric_is_learnt_by_itself_and_other_weights_keep_what_was_learnt(bench, cancer):
    made = await create(cancer, a_sum(BOUGHT, RATED), metrics=METRICS)
    assert list(made.bandit.reward_terms) == [BOUGHT, RATED]
    assert (made.bandit.metric, made.bandit.epoch) == ("", 1)
    for value in (1, 0):
        first = await reward(bench, "old", value, metric="bought")
    learn(bench)
    assert told(bench)["old"] == (0, 0, 0)
    await reward(bench, "old", 4, metric="rated", prediction_id=first)
    learn(bench)
    assert told(bench)["old"] == (0, 1, 2.5)

    found = (await metrics(cancer)).bandit
    assert (found.metric, list(found.reward_terms)) == ("", [BOUGHT, RATED])
    old, new = found.arms
    assert [(term.count, term.mean, term.contribution) for term in old.terms] == [(2, 0.5, 0.5), (1, 4, 2)]
    assert [term.HasField("mean") for term in new.terms] == []

    dearer = router_pb2.RewardTerm(metric="rated", weight=2)
    changed = await update(cancer, "bandit", bandit=a_sum(dearer, BOUGHT))
    assert changed.bandit.epoch == 1
    learn(bench)
    assert told(bench)["old"] == (0, 1, 8.5)
    changed = await update(cancer, "bandit", bandit=a_sum(BOUGHT, RATED, ERROR))
    assert changed.bandit.epoch == 2


async def test_less_of_a_metric_is_no_better_in_a_sum(bench, cancer):
    direction = router_pb2.METRIC_DIRECTION_MINIMISE
    declared = [router_pb2.MetricDefinition(name="bought", direction=direction)]
    variants = (a_variant("old", "1", 0), a_variant("new", "2", 0))
    await create(cancer, a_sum(BOUGHT, exploration_floor=0), variants, declared)
    for _ in range(20):
        await reward(bench, "old", 1, metric="bought")
        await reward(bench, "new", 0, metric="bought")
    learn(bench)
    old, new = (await metrics(cancer)).bandit.arms
    assert old.best_probability > 0.99 > 0.01 > new.best_probability
