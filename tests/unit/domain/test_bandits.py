"""Bandits: epochs, what a name stands for, words, and what a router must be like."""

import dataclasses
import json

import pytest

from pointsman.domain.metrics import MetricDefinition
from pointsman.domain.router_checks import check_router
from pointsman.domain.routers import Router, effective_shares, expected_shares
from pointsman.domain.strategies.bandit import Algorithm, Bandit, begun, continued, renewed
from pointsman.domain.strategies.catalogue import policy_of
from pointsman.domain.variants import Variant, VariantRole
from pointsman.errors import InvalidArgumentError

OLD, NEW = Variant("old", "m", "1", 0), Variant("new", "m", "2", 0)
UCB1 = Bandit(Algorithm.UCB1, metric="clicks")
STANDING = begun(UCB1, 7)


def faults(router: Router) -> dict[str, str]:
    try:
        check_router(router)
    except InvalidArgumentError as error:
        return {fault.field: fault.description for fault in error.fields}
    return {}


def a_router(policy: Bandit = UCB1, **fields: object) -> Router:
    settings: dict[str, object] = {"variants": (OLD, NEW), "sticky": False}
    return Router("r", policy=policy, **(settings | fields))  # type: ignore[arg-type]


def test_a_document_gives_everything_back() -> None:
    policy = Bandit(
        Algorithm.THOMPSON_NORMAL,
        (("prior_count", 2.0), ("prior_mean", 0.5)),
        "gain",
        0.1,
        0.02,
        3_600_000_000,
        50,
        60_000_000,
        0.0,
        epoch=4,
        former=(("gone", "m/3"),),
        dated_from_us=9,
    )
    again = policy_of(policy.strategy, json.loads(json.dumps(policy.to_document())))
    assert isinstance(again, Bandit)
    assert dataclasses.astuple(again) == dataclasses.astuple(policy)


def test_settings_and_toggles_keep_the_epoch() -> None:
    off = dataclasses.replace(NEW, enabled=False)
    after = dataclasses.replace(UCB1, warm_up_pulls=9, exploration_floor=0.2)
    assert continued(STANDING, (OLD, NEW), after, (OLD, off), 8).epoch == STANDING.epoch == 1
    assert continued(STANDING, (OLD, NEW), UCB1, (OLD, NEW, Variant("third", "m", "3", 0)), 8).epoch == 1


@pytest.mark.parametrize(
    ("after", "variants"),
    [
        (dataclasses.replace(UCB1, metric="sales"), (OLD, NEW)),
        (UCB1, (OLD, dataclasses.replace(NEW, model_version="3"))),
        (dataclasses.replace(UCB1, algorithm=Algorithm.THOMPSON_BETA), (OLD, NEW)),
    ],
)
def test_other_rewards_and_other_models_begin_an_epoch(after: Bandit, variants: tuple[Variant, ...]) -> None:
    assert continued(STANDING, (OLD, NEW), after, variants, 8).epoch == 2


def test_a_name_that_comes_back_stands_for_the_same_model_or_begins_an_epoch() -> None:
    alone = continued(STANDING, (OLD, NEW), UCB1, (OLD,), 8)
    assert (alone.epoch, alone.former) == (1, (("new", "m/2"),))
    back = continued(alone, (OLD,), UCB1, (OLD, NEW), 9)
    assert (back.epoch, back.former) == (1, ())
    other = continued(alone, (OLD,), UCB1, (OLD, dataclasses.replace(NEW, model_version="9")), 9)
    assert (other.epoch, other.former) == (2, ())


def test_another_model_of_a_shadow_keeps_what_arms_have_learnt() -> None:
    shadow = Variant("next", "m", "7", 0, role=VariantRole.SHADOW)
    later = dataclasses.replace(shadow, model_version="8")
    assert continued(STANDING, (OLD, NEW, shadow), UCB1, (OLD, NEW, later), 8).epoch == 1
    assert continued(STANDING, (OLD, NEW, shadow), UCB1, (OLD, NEW), 8).former == ()
    as_arm = dataclasses.replace(later, role=VariantRole.CANDIDATE)
    assert continued(STANDING, (OLD, NEW, shadow), UCB1, (OLD, NEW, as_arm), 8).epoch == 1


def test_an_arm_that_was_a_shadow_meanwhile_is_known_by_the_model_that_it_had() -> None:
    shadow = dataclasses.replace(NEW, role=VariantRole.SHADOW)
    meanwhile = continued(STANDING, (OLD, NEW), UCB1, (OLD, shadow), 8)
    assert (meanwhile.epoch, meanwhile.former) == (1, (("new", "m/2"),))
    assert continued(meanwhile, (OLD, shadow), UCB1, (OLD, NEW), 9).epoch == 1
    other = dataclasses.replace(NEW, model_version="9")
    assert continued(meanwhile, (OLD, shadow), UCB1, (OLD, other), 9).epoch == 2


def test_what_is_undated_counts_as_of_when_time_begins_to_tell() -> None:
    dated = dataclasses.replace(UCB1, half_life_us=60_000_000)
    assert continued(STANDING, (OLD, NEW), dated, (OLD, NEW), 50).dated_from_us == 50
    assert continued(begun(dated, 5), (OLD, NEW), dated, (OLD, NEW), 50).dated_from_us == 5
    assert (renewed(STANDING, 50).epoch, renewed(STANDING, 50).dated_from_us) == (2, 0)


def test_an_epoch_is_no_setting_but_has_a_word() -> None:
    assert renewed(STANDING, 9) == STANDING
    assert STANDING.words() == "bandit ucb1 on clicks, epoch 1"
    told = Bandit(
        exploration_floor=0.1, half_life_us=90_000_000, missing_reward=0.0, feedback_window_us=10**6
    )
    assert told.words() == (
        "bandit thompson_beta on reward, floor 0.1, half-life 90s, feedback within 1s, missing 0"
    )


def test_shares_are_even_at_first_and_no_part_of_the_definition() -> None:
    off = dataclasses.replace(OLD, enabled=False)
    assert UCB1.shares((OLD, NEW)) == (0.5, 0.5)
    assert UCB1.shares((off, NEW)) == (0.0, 1.0)
    assert UCB1.shares((off,)) == (0.0,)
    assert effective_shares(a_router()) == (0.0, 0.0)
    assert expected_shares(a_router()) == {"old": 0.0, "new": 0.0}


def test_faults_name_their_fields() -> None:
    assert faults(a_router()) == {}
    weighted = faults(a_router(variants=(OLD, dataclasses.replace(NEW, weight=3))))
    assert weighted["router.variants[1].weight"].startswith("3 would decide nothing; leave it 0")
    other = faults(a_router(metrics=(MetricDefinition("sales"),)))
    assert other["router.bandit.metric"].startswith("'clicks' is none of the router's metrics, 'sales'")
    assert list(faults(a_router(variants=(OLD,)))) == ["router.variants"]
    assert faults(a_router(variants=(OLD,), allow_single=True)) == {}


def test_only_rates_are_taken_where_the_algorithm_takes_no_other() -> None:
    assert [Bandit().takes(value) for value in (0, 1, 0.5, -0.1, 1.1)] == [True, True, True, False, False]
    assert Bandit(Algorithm.UCB1).takes(17.5)
