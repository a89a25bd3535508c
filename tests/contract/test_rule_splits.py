"""The split of each rule is tested by itself, from files and from what is in none."""

from typing import Any

import pytest

from pointsman.v1 import router_pb2

from .conftest import a_variant

A, B = a_variant("a", "1", 70), a_variant("b", "2", 30)
OF_RULE = {"eligible_variants": ["a", "b"], "eligible_propensities": [0.5, 0.5]}
OF_REST = {"eligible_variants": ["a", "b"], "eligible_propensities": [0.7, 0.3]}


@pytest.fixture
async def ruled(bench, cancer):
    """A router ``triage`` whose rule splits its calls evenly, as does none the rest."""
    rule = router_pb2.FeatureRule(name="large")
    condition = rule.conditions.add(feature="x", operator=router_pb2.RULE_OPERATOR_GREATER_THAN)
    condition.values.add().number_value = 1
    rule.split.weights.update({"a": 50, "b": 50})
    rules = router_pb2.FeatureRules(rules=[rule], rule_features=["x"])
    await cancer.create(
        "triage", strategy=router_pb2.STRATEGY_FEATURE_RULES, feature_rules=rules, variants=[A, B]
    )
    return cancer


async def splits(user: Any) -> dict[str, Any]:
    found = await user.routers.GetRouterMetrics(router_pb2.GetRouterMetricsRequest(router_id="triage"))
    assert not found.HasField("sample_ratio_p_value"), "calls of different rules are not alike"
    return {split.rule: split for split in found.rule_splits}


def call(bench: Any, number: int, variant: str, rule: str, **fields: Any) -> None:
    reason = "rule" if rule else "default"
    given = {
        **(OF_RULE if rule else OF_REST),
        "rule": rule or None,
        "reason": reason,
        "randomised_by": "entity",
    }
    bench.replica.predict("triage", variant, **(given | {"entity_id": f"e{number}"} | fields))


async def test_each_rule_has_its_own_test(bench, ruled):
    for number in range(200):
        call(bench, number, "a" if number % 2 else "b", "large")
        # An entity that calls again is one unit, and so is one that goes with its generation.
        call(bench, number, "a" if number % 2 else "b", "large", router_generation=900)
        # Without a rule seven of ten should get a, and all do.
        call(bench, number, "a", "")
        # What one variant gets without a draw is no split.
        call(bench, number, "b", "other", randomised_by="nothing", eligible_variants=["b"])
    found = await splits(ruled)
    assert list(found) == ["large", ""]
    assert (found["large"].unit_count, dict(found["large"].variant_unit_counts)) == (
        200,
        {"a": 100, "b": 100},
    )
    assert found["large"].sample_ratio_p_value == pytest.approx(1.0)
    assert found[""].unit_count == 200
    assert found[""].sample_ratio_p_value < 1e-6


async def test_calls_without_entities_are_units_and_few_are_not_judged(bench, ruled):
    for number in range(40):
        call(bench, number, "a" if number % 2 else "b", "large", randomised_by="request", entity_id=None)
    call(bench, 1, "a", "")
    found = await splits(ruled)
    assert found["large"].unit_count == 40
    assert found["large"].sample_ratio_p_value == pytest.approx(1.0)
    assert not found[""].HasField("sample_ratio_p_value")


@pytest.mark.parametrize("randomised_by", ["entity", "request"])
async def test_an_outage_that_a_fallback_bridges_is_no_broken_split(bench, ruled, randomised_by):
    """What was decided is counted; who named a variant, or was sent to one by an operator, was not drawn."""
    drawn = {"randomised_by": randomised_by}
    for number in range(200):
        if number % 2:
            call(bench, number, "a", "large", **drawn)
        else:
            call(bench, number, "a", "large", reason="fallback", decided_variant="b", **drawn)
        for reason in ("pin", "override"):
            call(bench, number + 1_000, "a", "large", reason=reason, randomised_by="nothing")
    found = await splits(ruled)
    assert dict(found["large"].variant_unit_counts) == {"a": 100, "b": 100}
    assert found["large"].sample_ratio_p_value == pytest.approx(1.0)


@pytest.mark.parametrize("randomised_by", ["entity", "request"])
async def test_a_split_without_rules_is_tested_by_what_was_decided_too(bench, cancer, randomised_by):
    await cancer.create("halves", variants=[a_variant("a", "1", 50), a_variant("b", "2", 50)])
    for number in range(200):
        drawn = {**OF_RULE, "randomised_by": randomised_by, "entity_id": f"e{number}", "reason": "slot"}
        if number % 2:
            drawn |= {"reason": "fallback", "decided_variant": "b"}
        bench.replica.predict("halves", "a", **drawn)
        for reason in ("pin", "override"):
            apart = {"reason": reason, "randomised_by": "nothing", "entity_id": f"f{number}"}
            bench.replica.predict("halves", "a", **apart)
    request = router_pb2.GetRouterMetricsRequest(router_id="halves")
    found = await cancer.routers.GetRouterMetrics(request)
    assert found.sample_ratio_p_value == pytest.approx(1.0)


async def test_another_router_has_none(bench, cancer):
    bench.replica.predict("cancer", "lr")
    found = await cancer.routers.GetRouterMetrics(router_pb2.GetRouterMetricsRequest(router_id="cancer"))
    assert not found.rule_splits
