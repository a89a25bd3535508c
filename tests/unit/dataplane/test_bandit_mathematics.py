"""What the core says of bandits: which settings are wrong, and what is to be believed of the arms."""

import pytest

from pointsman.dataplane.core import NativeCore
from pointsman.errors import InvalidRequestError
from pointsman.v1 import learning_pb2, router_pb2


def router(bandit: router_pb2.Bandit, *names: str, off: tuple[str, ...] = ()) -> router_pb2.Router:
    variants = [
        router_pb2.Variant(name=name, model_id="m", model_version="1", enabled=name not in off)
        for name in names or ("a", "b")
    ]
    metric = router_pb2.MetricDefinition(name="reward", type=router_pb2.METRIC_TYPE_BINARY)
    return router_pb2.Router(router_id="r", variants=variants, metrics=[metric], bandit=bandit)


def faults(described: router_pb2.Router) -> list[str]:
    return [fault.field for fault in NativeCore.bandit_faults(described.SerializeToString())]


def arm(name: str, pulls: int, rewards: float) -> learning_pb2.ArmTotals:
    return learning_pb2.ArmTotals(
        variant=name, pulls=pulls, weighted_pulls=pulls, count=pulls, sum=rewards, sum_of_squares=rewards
    )


def assess(described: router_pb2.Router, *arms: learning_pb2.ArmTotals) -> learning_pb2.BanditAssessment:
    totals = learning_pb2.RouterTotals(router_id="r", arms=arms)
    answer = NativeCore.assess_bandit(described.SerializeToString(), totals.SerializeToString())
    return learning_pb2.BanditAssessment.FromString(answer)


def test_a_bandit_of_defaults_and_a_router_that_is_none_have_no_faults() -> None:
    assert faults(router(router_pb2.Bandit())) == []
    assert faults(router_pb2.Router(router_id="r")) == []


def test_every_wrong_setting_is_told_by_its_path() -> None:
    bandit = router_pb2.Bandit(
        thompson_normal=router_pb2.ThompsonNormal(prior_count=0, prior_variance_shape=0.5),
        metric="no metric",
        exploration_floor=1.5,
        uniform_slice=-0.5,
        warm_up_pulls=-1,
        missing_reward=float("nan"),
    )
    bandit.half_life.FromMilliseconds(500)
    assert sorted(faults(router(bandit))) == [
        "bandit.exploration_floor",
        "bandit.feedback_window",
        "bandit.half_life",
        "bandit.metric",
        "bandit.missing_reward",
        "bandit.thompson_normal.prior_count",
        "bandit.thompson_normal.prior_variance_shape",
        "bandit.uniform_slice",
        "bandit.warm_up_pulls",
    ]


@pytest.mark.parametrize(
    ("metric", "is_rate"),
    [
        (router_pb2.MetricDefinition(name="m", type=router_pb2.METRIC_TYPE_BINARY), True),
        (router_pb2.MetricDefinition(name="m", min_value=0, max_value=1), True),
        (router_pb2.MetricDefinition(name="m", min_value=0), False),
        (router_pb2.MetricDefinition(name="m", min_value=-1, max_value=1), False),
        (router_pb2.MetricDefinition(name="other", type=router_pb2.METRIC_TYPE_BINARY), False),
    ],
)
def test_thompson_beta_learns_by_rates_alone(metric: router_pb2.MetricDefinition, is_rate: bool) -> None:
    described = router(router_pb2.Bandit(metric="m"))
    del described.metrics[:]
    described.metrics.append(metric)
    assert faults(described) == ([] if is_rate else ["bandit.metric"])
    described.bandit.ucb1.SetInParent()
    assert faults(described) == []


def test_arms_are_told_of_in_the_order_of_the_totals() -> None:
    told = assess(
        router(router_pb2.Bandit(exploration_floor=0.1)), arm("b", 1000, 900.0), arm("a", 1000, 100.0)
    )
    best, worst = told.arms
    assert best.mean == pytest.approx(901 / 1002)
    assert best.lower < best.mean < best.upper
    assert (best.best_probability, worst.best_probability) == pytest.approx((1.0, 0.0))
    assert (best.share, worst.share) == pytest.approx((0.95, 0.05))
    assert told.regret == pytest.approx(1000 * 800 / 1002, rel=1e-4)


def test_unknown_arms_compete_and_variants_that_are_off_do_not() -> None:
    described = router(router_pb2.Bandit(exploration_floor=0), "a", "b", "off", off=("off",))
    told = assess(described, arm("off", 1000, 999.0), arm("a", 10, 5.0))
    assert (told.arms[0].share, told.arms[0].best_probability) == (0, 0)
    assert told.arms[0].mean > 0.99
    assert 0.3 < told.arms[1].share < 0.7


def test_less_is_better_where_the_metric_says_so() -> None:
    described = router(router_pb2.Bandit(exploration_floor=0))
    described.metrics[0].direction = router_pb2.METRIC_DIRECTION_MINIMISE
    told = assess(described, arm("a", 100, 90.0), arm("b", 100, 10.0))
    assert [one.share for one in told.arms] == pytest.approx([0.0, 1.0])


def test_what_cannot_be_weighed_is_refused() -> None:
    with pytest.raises(InvalidRequestError, match="bandit: is not set"):
        assess(router_pb2.Router(router_id="r"))
    with pytest.raises(InvalidRequestError, match="sum"):
        assess(router(router_pb2.Bandit()), arm("a", 10, 11.0))
    with pytest.raises(InvalidRequestError, match="there already"):
        assess(router(router_pb2.Bandit()), arm("a", 10, 1.0), arm("a", 10, 1.0))
