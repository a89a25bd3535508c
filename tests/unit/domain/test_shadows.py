"""Shadows get copies: no strategy, rule, override or fallback leads to one, and none counts in shares."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.domain.measures.proportions import Proportion
from pointsman.domain.measures.shadows import ShadowComparison as Comparison
from pointsman.domain.measures.shadows import ShadowFigures as Figures
from pointsman.domain.measures.shadows import (
    check_max_labels,
    check_was_shadow,
    chosen_shadow,
    labels_of,
)
from pointsman.domain.models import ModelKey, Signature
from pointsman.domain.overrides import TrafficOverride
from pointsman.domain.router_checks import check_router, enabled_fault
from pointsman.domain.routers import Fallback, Router, effective_shares, expected_shares
from pointsman.domain.strategies.canary import Canary, promoted
from pointsman.domain.strategies.rules import FeatureRule, FeatureRules, RuleCondition, RuleOperator
from pointsman.domain.strategies.weighted import Weighted
from pointsman.domain.variants import Variant, VariantRole, pickable, shadows
from pointsman.errors import InvalidArgumentError, NotFoundError

SHADOW = Variant("next", "m", "3", 0, role=VariantRole.SHADOW)
ONE = Variant("one", "m", "1", 70)
TWO = Variant("two", "m", "2", 30)
CONTROL = Variant("old", "m", "1", 0, role=VariantRole.CONTROL)
CANARY = Variant("new", "m", "2", 0, role=VariantRole.CANARY)
TO = (RuleCondition("age", RuleOperator.EXISTS),)


def off(variant):
    return dataclasses.replace(variant, enabled=False)


def faults(variants, policy=None, **fields):
    """The fields that are wrong, with what is wrong."""
    router = Router("r", tuple(variants), policy or Weighted(), **fields)
    try:
        check_router(router)
    except InvalidArgumentError as error:
        return {violation.field: violation.description for violation in error.fields}
    return {}


@given(st.permutations([ONE, TWO, SHADOW]))
def test_a_shadow_has_no_share_and_takes_none_from_the_others(variants):
    router = Router("r", tuple(variants), sticky=False)
    shares = dict(zip((v.name for v in variants), effective_shares(router), strict=True))
    assert shares == {"one": 0.7, "two": 0.3, "next": 0.0}
    assert expected_shares(router) == shares
    assert faults(variants) == {}


def test_who_may_be_picked_is_who_is_enabled_and_no_shadow():
    variants = [ONE, off(TWO), SHADOW, off(SHADOW)]
    assert pickable(variants) == (ONE,)
    assert shadows(variants) == (SHADOW, off(SHADOW))


def test_a_shadow_counts_towards_the_two_that_a_router_needs_also_while_it_is_off():
    assert faults([ONE, SHADOW]) == {}
    assert faults([ONE, off(SHADOW)]) == {}
    assert "has 1 enabled" in faults([ONE])["router.variants"]


@pytest.mark.parametrize("single", [False, True])
def test_a_router_needs_a_variant_that_is_no_shadow(single):
    router = Router("r", (off(ONE), SHADOW, dataclasses.replace(SHADOW, name="other")), allow_single=single)
    assert "has 0 enabled beside its shadows" in (enabled_fault(router) or "")


def test_a_shadow_with_a_weight_is_refused_by_its_field():
    weighty = dataclasses.replace(SHADOW, weight=5)
    words = "5 would decide nothing: a shadow gets copies and no calls; leave it 0"
    for variants, policy in (([ONE, weighty], None), ([CONTROL, CANARY, weighty], Canary(5.0))):
        place = len(variants) - 1
        assert faults(variants, policy) == {f"router.variants[{place}].weight": words}


def test_weights_of_shadows_alone_send_calls_nowhere():
    assert (
        "all enabled variants (one)"
        in faults([dataclasses.replace(ONE, weight=0), SHADOW])["router.variants"]
    )


def test_a_canary_router_may_have_shadows_beside_its_two():
    variants = (CONTROL, SHADOW, CANARY)
    assert faults(variants, Canary(5.0)) == {}
    assert Canary(5.0).shares(variants) == (0.95, 0.0, 0.05)
    assert Canary(5.0).shares((off(CONTROL), SHADOW, CANARY)) == (0.0, 0.0, 1.0)
    assert promoted(variants)[1] == SHADOW


@pytest.mark.parametrize(
    ("policy", "field"),
    [
        (FeatureRules(default_variant="next"), "default_variant"),
        (FeatureRules((FeatureRule("a", TO, variant="next"),), "one"), "rules[0].variant"),
        (
            FeatureRules((FeatureRule("a", TO, weights=(("next", 1.0), ("one", 2.0))),), "one"),
            "rules[0].split.weights",
        ),
    ],
)
def test_no_rule_leads_to_a_shadow(policy, field):
    found = faults([ONE, SHADOW], policy)
    assert "'next' is a shadow" in found[f"router.feature_rules.{field}"]
    assert policy.shares((SHADOW,)) == (0.0,)


def test_an_override_to_what_becomes_a_shadow_must_be_ended_first():
    override = TrafficOverride("next", 2, "why", "ann", 1)
    assert (
        "which would be a shadow; end the override first"
        in (faults([ONE, SHADOW], traffic_override=override)["router.variants"])
    )


def test_a_fallback_to_the_control_finds_no_shadow():
    found = faults([ONE, SHADOW], fallback=Fallback.CONTROL)
    assert "control needs a variant whose role is control" in found["router.fallback"]


@pytest.mark.parametrize("share", [-0.1, 1.1, float("nan")])
def test_a_share_of_copies_is_between_none_and_all(share):
    assert "is not between 0 and 1" in faults([ONE, SHADOW], shadow_share=share)["router.shadow_share"]


def test_the_only_shadow_need_not_be_named():
    assert chosen_shadow("", ["next"], "r") == "next"
    assert chosen_shadow("former", ["next"], "r") == "former"
    with pytest.raises(InvalidArgumentError, match="variant: is empty; name one of the shadows a, b"):
        chosen_shadow("", ["a", "b"], "r")
    with pytest.raises(InvalidArgumentError, match="variant: is empty, and router 'r' has no shadow now"):
        chosen_shadow("", [], "r")


def test_what_was_never_a_shadow_is_not_compared_as_one_without_copies():
    none = Proportion(0, 0)
    empty = Comparison(Figures("", 5, 0, {}, none, none, 0), (), 0)
    check_was_shadow(empty, "next", ["next"], "r")
    check_was_shadow(dataclasses.replace(empty, shadow_only_count=1), "former", ["next"], "r")
    with pytest.raises(NotFoundError, match="'one' is no shadow of router 'r', and was none in this time"):
        check_was_shadow(empty, "one", ["next"], "r")


def test_labels_are_common_when_both_signatures_name_the_same_in_one_order():
    keys = [ModelKey("m", str(number)) for number in range(5)]
    signatures = {
        keys[0]: Signature(labels=("no", "yes")),
        keys[1]: Signature(classes=("no", "yes")),
        keys[2]: Signature(labels=("yes", "no")),
        keys[3]: Signature(),
    }
    found = labels_of([(keys[0], other) for other in keys], signatures)
    assert [one.common for one in found] == [("no", "yes"), ("no", "yes"), (), (), ()]
    assert labels_of([(keys[3], keys[3])], signatures)[0].common == ()


def test_as_many_pairs_of_labels_are_told_as_are_asked_for():
    assert (check_max_labels(0), check_max_labels(100)) == (20, 100)
    with pytest.raises(InvalidArgumentError, match="max_labels: 101 is not between 0 and 100"):
        check_max_labels(101)
