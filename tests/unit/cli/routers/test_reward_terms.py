"""Rewards that are sums on the command line: said term by term, told as people write them."""

from typing import Any

import pytest
from click.testing import CliRunner, Result
from google.protobuf.duration_pb2 import Duration

from pointsman.cli import app
from pointsman.v1 import router_pb2

VARIANTS = ["--variant", "old=cancer:1", "--variant", "new=cancer:2"]
TERMS = [
    router_pb2.RewardTerm(metric="conversion", weight=1, missing=0),
    router_pb2.RewardTerm(cost=router_pb2.COST_LATENCY, weight=-0.2),
    router_pb2.RewardTerm(cost=router_pb2.COST_ERROR, weight=-1),
]
SAID = ["--reward", "conversion=0", "--reward", "-0.2*@latency", "--reward", "-1*@error"]
WORDS = "conversion - 0.2 × latency (s) - error"


def run(server: Any, *line: str) -> Result:
    return CliRunner().invoke(app, [*line, "--server", server.address])


@pytest.fixture
def routers(server: Any) -> Any:
    """A server with a bandit whose reward is a sum."""
    names = (("old", "1"), ("new", "2"))
    router = router_pb2.Router(
        router_id="offers",
        strategy=router_pb2.STRATEGY_BANDIT,
        variants=[router_pb2.Variant(name=name, model_id="cancer", model_version=v) for name, v in names],
        bandit=router_pb2.Bandit(thompson_normal=router_pb2.ThompsonNormal(), reward_terms=TERMS, epoch=3),
        etag="e1",
        sticky=False,
    )
    for method in ("GetRouter", "CreateRouter", "UpdateRouter"):
        server.on(f"RouterService/{method}", router)
    return server


def test_terms_make_a_bandit_that_takes_any_number(routers: Any) -> None:
    line = ["--metric", "conversion", *SAID, "--feedback-window", "30m"]
    result = run(routers, "routers", "create", "offers", *VARIANTS, *line)
    assert result.exit_code == 0, result.stderr
    (request,) = routers.asked("RouterService/CreateRouter")
    assert request.router.strategy == router_pb2.STRATEGY_BANDIT
    assert request.router.bandit == router_pb2.Bandit(
        thompson_normal=router_pb2.ThompsonNormal(),
        reward_terms=TERMS,
        feedback_window=Duration(seconds=1800),
    )
    assert request.router.metrics == [router_pb2.MetricDefinition(name="conversion")]


def test_one_metric_takes_the_place_of_a_sum_and_other_settings_leave_it(routers: Any) -> None:
    assert run(routers, "routers", "update", "offers", "--warm-up-pulls", "9").exit_code == 0
    assert run(routers, "routers", "update", "offers", "--reward-metric", "gain").exit_code == 0
    assert run(routers, "routers", "update", "offers", "--reward", "2*gain").exit_code == 0
    first, second, third = (one.router.bandit for one in routers.asked("RouterService/UpdateRouter"))
    assert (list(first.reward_terms), first.metric) == (TERMS, "")
    assert (list(second.reward_terms), second.metric) == ([], "gain")
    assert list(third.reward_terms) == [router_pb2.RewardTerm(metric="gain", weight=2)]


@pytest.mark.parametrize(
    ("term", "words"),
    [
        ("@cost", "@cost is no cost of calls; there are @error and @latency"),
        ("@error=0", "known of every call"),
        ("x*gain", "'x' is no number"),
        ("gain=none", "'none' is no number"),
        ("-gain", "write WEIGHT*METRIC"),
        ("2*", "write WEIGHT*METRIC"),
    ],
)
def test_a_term_of_another_form_asks_nobody(routers: Any, term: str, words: str) -> None:
    result = run(routers, "routers", "create", "offers", *VARIANTS, "--reward", term)
    assert result.exit_code == 2
    assert words in " ".join(result.stderr.split())
    assert routers.requests == []


def test_a_line_names_one_metric_or_terms(routers: Any) -> None:
    line = ["--reward", "gain", "--reward-metric", "gain"]
    result = run(routers, "routers", "create", "offers", *VARIANTS, *line)
    assert result.exit_code == 2
    assert "leave one out" in " ".join(result.stderr.split())


def test_a_reward_is_told_as_people_write_it(routers: Any) -> None:
    told = " ".join(run(routers, "routers", "get", "offers").stdout.split())
    assert f"thompson_normal by {WORDS}, epoch 3" in told
    assert "missing conversion counts 0" in told


def test_metrics_tell_what_each_term_adds(routers: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    terms = [
        router_pb2.TermMetrics(mean=0.25, count=120, contribution=0.25),
        router_pb2.TermMetrics(mean=0.5, count=130, contribution=-0.1),
        router_pb2.TermMetrics(),
    ]
    arms = [
        router_pb2.ArmMetrics(variant="old", reward_count=120, terms=terms),
        router_pb2.ArmMetrics(variant="new"),
    ]
    bandit = router_pb2.BanditMetrics(
        epoch=3, algorithm="thompson_normal", reward_terms=TERMS, arms=arms, regret=1
    )
    found = router_pb2.RouterMetrics(
        router_id="offers",
        variants=[router_pb2.VariantMetrics(variant=arm.variant) for arm in arms],
        total=router_pb2.VariantMetrics(),
        bandit=bandit,
        live=True,
    )
    routers.on("RouterService/GetRouterMetrics", found)
    shown = run(routers, "routers", "metrics", "offers", "--live").stdout
    assert f"learnt by thompson_normal from {WORDS}, epoch 3" in shown
    assert "old: conversion +0.25 (120), latency (s) -0.1 (130), error – (0)" in shown
    assert "new:" not in shown
    told = run(routers, "-o", "json", "routers", "metrics", "offers").stdout
    assert '"contribution": -0.1' in told
