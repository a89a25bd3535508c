"""Bandits on the command line: made, changed, reset, and shown within 80 columns."""

from typing import Any

import pytest
from click.testing import CliRunner, Result
from google.protobuf.duration_pb2 import Duration

from pointsman.cli import app
from pointsman.v1 import router_pb2

VARIANTS = "--variant old=cancer:1 --variant new=cancer:2"


def run(server: Any, line: str, **options: Any) -> Result:
    return CliRunner().invoke(app, [*line.split(), "--server", server.address], **options)


@pytest.fixture
def routers(server: Any) -> Any:
    """A server with a bandit that learns by UCB1."""
    variants = [
        router_pb2.Variant(name=name, model_id="cancer", model_version=version, enabled=True)
        for name, version in (("old", "1"), ("new", "2"))
    ]
    bandit = router_pb2.Bandit(
        ucb1=router_pb2.Ucb1(alpha=0.5), metric="gain", exploration_floor=0.05, epoch=3, warm_up_pulls=9
    )
    router = router_pb2.Router(
        router_id="offers",
        strategy=router_pb2.STRATEGY_BANDIT,
        variants=variants,
        bandit=bandit,
        etag="e1",
        sticky=False,
    )
    for method in ("GetRouter", "CreateRouter", "UpdateRouter", "ResetLearning"):
        server.on(f"RouterService/{method}", router)
    return server


def created(server: Any, line: str) -> Any:
    result = run(server, f"routers create offers {VARIANTS} {line}")
    assert result.exit_code == 0, result.stderr
    (request,) = server.asked("RouterService/CreateRouter")
    return request.router


def test_a_bandit_learns_by_the_only_metric_which_is_a_rate_for_thompson_beta(routers: Any) -> None:
    router = created(routers, "--strategy bandit --metric conversion --algorithm thompson_beta")
    assert router.strategy == router_pb2.STRATEGY_BANDIT
    assert router.bandit == router_pb2.Bandit(metric="conversion", thompson_beta=router_pb2.ThompsonBeta())
    assert router.metrics == [router_pb2.MetricDefinition(name="conversion", min_value=0, max_value=1)]
    assert [one.weight for one in router.variants] == [0, 0]
    assert not router.HasField("sticky")


def test_what_a_bandit_learns_by_makes_one(routers: Any) -> None:
    line = "--algorithm epsilon_greedy --algorithm-number epsilon=0.2 --reward-metric gain --half-life 2h"
    router = created(routers, f"{line} --uniform-slice 0.1 --feedback-window 30m --missing-reward 0")
    assert router.strategy == router_pb2.STRATEGY_BANDIT
    assert router.bandit == router_pb2.Bandit(
        epsilon_greedy=router_pb2.EpsilonGreedy(epsilon=0.2),
        metric="gain",
        half_life=Duration(seconds=7200),
        uniform_slice=0.1,
        feedback_window=Duration(seconds=1800),
        missing_reward=0,
    )


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("--strategy weighted --half-life 2h", "is for strategy bandit"),
        ("--strategy bandit --percent 5", "--percent is for strategy canary"),
        ("--algorithm ucb1 --algorithm-number epsilon=1", "epsilon is no number of ucb1, which takes alpha"),
        ("--half-life soon", "'soon' is not a duration"),
        ("--missing-reward none", "is not a number"),
    ],
)
def test_what_does_not_go_together_asks_nobody(routers: Any, line: str, words: str) -> None:
    result = run(routers, f"routers create offers {VARIANTS} {line}")
    assert result.exit_code == 2
    assert words in " ".join(result.stderr.split())
    assert routers.requests == []


def test_an_update_keeps_what_the_line_does_not_say(routers: Any) -> None:
    result = run(routers, "routers update offers --half-life 1h")
    assert result.exit_code == 0, result.stderr
    (request,) = routers.asked("RouterService/UpdateRouter")
    assert list(request.update_mask.paths) == ["bandit"]
    assert request.router.bandit.half_life == Duration(seconds=3600)
    assert (request.router.bandit.ucb1.alpha, request.router.bandit.warm_up_pulls) == (0.5, 9)
    assert request.router.etag == "e1"


def test_variants_of_a_bandit_get_no_weights(routers: Any) -> None:
    line = "routers update offers --variant old=cancer:1 --variant third=cancer:3"
    assert run(routers, line).exit_code == 0
    (request,) = routers.asked("RouterService/UpdateRouter")
    assert [one.weight for one in request.router.variants] == [0, 0]


def test_learning_is_reset_when_somebody_says_so(routers: Any) -> None:
    assert run(routers, "routers reset-learning offers", input="n\n").exit_code != 0
    assert routers.requests == []
    done = run(routers, "routers reset-learning offers --yes --reason redone")
    assert (done.exit_code, done.stdout) == (0, "offers begins anew, in epoch 3\n")
    (request,) = routers.asked("RouterService/ResetLearning")
    assert request.reason == "redone"


def test_a_bandit_is_told_in_a_line(routers: Any) -> None:
    told = run(routers, "routers get offers").stdout
    assert "ucb1 by gain, epoch 3, floor 5%, warm-up 9 calls" in " ".join(told.split())


def test_arms_are_a_table_of_80_columns(routers: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    arms = [
        router_pb2.ArmMetrics(
            variant=name,
            mean=mean,
            mean_low=mean - 0.0123456,
            mean_high=mean + 0.0123456,
            share=share,
            best_probability=share,
            reward_count=12345.678,
            pulls=1234567,
        )
        for name, mean, share in (("old", 0.123456789, 0.0251), ("new", 0.523456789, 0.9749))
    ]
    bandit = router_pb2.BanditMetrics(
        epoch=3,
        algorithm="ucb1",
        metric="gain",
        regret=1234.5678,
        arms=[*arms, router_pb2.ArmMetrics(variant="off")],
    )
    total = router_pb2.VariantMetrics()
    figures = [router_pb2.VariantMetrics(variant=arm.variant) for arm in arms]
    routers.on(
        "RouterService/GetRouterMetrics",
        router_pb2.RouterMetrics(router_id="offers", variants=figures, total=total, bandit=bandit, live=True),
    )
    shown = run(routers, "routers metrics offers --live").stdout
    assert "learnt by ucb1 from gain, epoch 3, by now" in shown
    assert "expected regret so far: 1235 of gain" in shown
    lines = shown[shown.index("ARM") :].splitlines()
    assert all(len(line) <= 80 for line in lines), shown
    assert "…" not in shown
    assert lines[1].split()[:4] == ["old", "2.5%", "2.5%", "0.1235"]
    assert '"regret": 1234.5678' in run(routers, "-o json routers metrics offers").stdout


def test_a_sticky_bandit_says_its_pace_and_0_takes_it_back(routers: Any) -> None:
    router = created(routers, "--strategy bandit --sticky --sticky-update-interval 2h --metric conversion")
    assert (router.sticky, router.bandit.sticky_update_interval) == (True, Duration(seconds=7200))
    result = run(routers, "routers update offers --sticky-update-interval 0s")
    assert result.exit_code == 0, result.stderr
    (request,) = routers.asked("RouterService/UpdateRouter")
    assert not request.router.bandit.HasField("sticky_update_interval")


def test_metrics_tell_how_many_entities_moved(routers: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    arms = [
        router_pb2.ArmMetrics(
            variant=name,
            share=share,
            slot_share=slots,
            best_probability=share,
            mean=share,
            mean_low=share - 0.0123456,
            mean_high=share + 0.0123456,
            reward_count=12345.678,
            pulls=1234567,
        )
        for name, share, slots in (("old", 0.0251, 0.5123), ("new", 0.9749, 0.4877))
    ]
    sticky = router_pb2.StickyMetrics()

    def shown() -> str:
        bandit = router_pb2.BanditMetrics(epoch=3, algorithm="ucb1", metric="gain", arms=arms, sticky=sticky)
        figures = [router_pb2.VariantMetrics(variant=arm.variant) for arm in arms]
        found = router_pb2.RouterMetrics(
            router_id="offers", variants=figures, total=router_pb2.VariantMetrics(), bandit=bandit, live=True
        )
        routers.on("RouterService/GetRouterMetrics", found)
        return run(routers, "routers metrics offers --live").stdout

    still = shown()
    table = still[still.index("ARM") :].splitlines()
    assert table[0].split()[:3] == ["ARM", "ENTITIES", "OTHERS"]
    assert table[1].split()[:3] == ["old", "51.2%", "2.5%"]
    assert all(len(line) <= 80 for line in table), still
    assert "no entity has moved in this epoch" in still
    sticky.update_time.FromSeconds(1_700_000_000)
    sticky.moved_slots, sticky.moved_share, sticky.epoch_moved_slots = 120, 0.012, 450
    told = " ".join(shown().split())
    assert "1.2% of entities moved at 2023-11-1" in told
    assert "450 slots in this epoch" in told
