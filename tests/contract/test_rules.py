"""Rules: checked with every field, published with their tables, changed, given back and explained."""

from typing import Any

import grpc
import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.json_format import ParseDict

from pointsman.v1 import definition_pb2, model_pb2, router_pb2

from .conftest import a_variant

LARGE: dict[str, Any] = {
    "name": "large",
    "conditions": [{"feature": "radius", "operator": "RULE_OPERATOR_GREATER_THAN", "values": [20]}],
    "variant": "gb",
}
SPLIT: dict[str, Any] = {
    "name": "split",
    "conditions": [{"feature": "metadata.team", "operator": "RULE_OPERATOR_IN", "values": ["a", "b"]}],
    "split": {"weights": {"lr": 75, "gb": 25}},
}
SIGNATURE = model_pb2.Signature(
    inputs=[model_pb2.TensorSpec(name="x", datatype="FP32", shape=[-1, 2], features=["radius", "texture"])]
)


def rules(*given, **fields):
    fields.setdefault("default_variant", "lr")
    return ParseDict({"rules": list(given), **fields}, router_pb2.FeatureRules())


async def create(user, *given, strategy=router_pb2.STRATEGY_FEATURE_RULES, variants=None, **fields):
    more = {} if variants is None else {"variants": variants}
    return await user.create("triage", strategy=strategy, feature_rules=rules(*given, **fields), **more)


async def update(user, *given, **fields):
    wanted = router_pb2.Router(router_id="triage", feature_rules=rules(*given, **fields))
    return await user.routers.UpdateRouter(
        router_pb2.UpdateRouterRequest(router=wanted, update_mask=FieldMask(paths=["feature_rules"]))
    )


async def explain(user, features=None, metadata=None, entity_id=""):
    request = {"routerId": "triage", "features": features or {}, "metadata": metadata or {}}
    message = ParseDict(request, router_pb2.ExplainRoutingRequest())
    message.entity_id = entity_id
    return await user.routers.ExplainRouting(message)


def table(bench, rule):
    published = bench.replica.routers["triage"]
    (found,) = [one for one in published.rule_tables if one.rule == rule]
    return found


def counts(runs):
    totals: dict[int, int] = {}
    for index, length in zip(runs[::2], runs[1::2], strict=True):
        totals[index] = totals.get(index, 0) + length
    return totals


async def test_rules_are_stored_and_published_as_they_are_written(bench, cancer):
    created = await create(cancer, LARGE, SPLIT)
    assert created.feature_rules == rules(LARGE, SPLIT)
    assert (await cancer.get("triage")).feature_rules == created.feature_rules
    published = bench.replica.routers["triage"]
    assert published.strategy == router_pb2.STRATEGY_FEATURE_RULES
    assert published.settings.feature_rules.rules == created.feature_rules.rules
    assert [variant.effective_share for variant in created.variants] == [1.0, 0.0]
    split = table(bench, "split")
    assert len(split.salt) == 16
    assert split.salt != published.salt
    assert counts(split.slot_runs) == {0: 7500, 1: 2500}


@pytest.mark.parametrize(("number", "boolean"), [(1, True), (0, False)])
async def test_a_number_that_becomes_a_truth_value_is_a_change(bench, cancer, number, boolean):
    equals = {"feature": "vip", "operator": "RULE_OPERATOR_EQUALS"}
    rule = {"name": "vip", "variant": "gb"}
    created = await create(cancer, {**rule, "conditions": [{**equals, "values": [number]}]})
    wanted = {**rule, "conditions": [{**equals, "values": [boolean]}]}
    changed = await update(cancer, wanted)
    assert changed.feature_rules == rules(wanted)
    assert changed.etag != created.etag
    assert bench.replica.routers["triage"].settings.feature_rules.rules == changed.feature_rules.rules
    back = router_pb2.Router()
    back.CopyFrom(created)
    back.status = router_pb2.ROUTER_STATUS_UNSPECIFIED
    request = definition_pb2.ApplyDefinitionsRequest(definitions=[definition_pb2.Definition(router=back)])
    (change,) = (await cancer.definitions.ApplyDefinitions(request)).changes
    assert change.outcome == definition_pb2.DEFINITION_OUTCOME_CHANGED
    assert (await cancer.get("triage")).feature_rules == created.feature_rules


def without(rule, **changes):
    return {**rule, **changes}


def conditioned(**changes):
    return without(LARGE, conditions=[{**LARGE["conditions"][0], **changes}])


@pytest.mark.parametrize(
    ("given", "field", "words"),
    [
        ([conditioned(operator=99)], "rules[0].conditions[0].operator", "99 is none of RULE_OPERATOR_EQUALS"),
        ([conditioned(operator=0)], "rules[0].conditions[0].operator", "is not set; use one of equals"),
        ([conditioned(values=["a"])], "rules[0].conditions[0].values[0]", '"a" is no number'),
        (
            [conditioned(operator="RULE_OPERATOR_REGEX", values=["("])],
            "rules[0].conditions[0].values[0]",
            '"(" is no regular expression',
        ),
        (
            [conditioned(operator="RULE_OPERATOR_REGEX", values=["(a{1000}){1000}"])],
            "rules[0].conditions[0].values[0]",
            "takes more than 256 KiB",
        ),
        ([conditioned(values=[2**53])], "rules[0].conditions[0].values[0]", "may have been rounded"),
        ([without(LARGE, variant="none")], "rules[0].variant", '"none" is no variant of the router'),
        ([without(LARGE, conditions=[])], "rules[0].conditions", "is empty"),
        ([LARGE, LARGE], "rules[1].name", '"large" is also the name of rules[0]'),
        ([without(SPLIT, split={"weights": {"lr": -1, "gb": 1}})], "rules[0].split.weights[lr]", "-1 is not"),
    ],
)
async def test_what_is_wrong_with_rules_is_refused_with_its_field(cancer, failing, given, field, words):
    failure = await failing(create(cancer, *given))
    assert failure.code is grpc.StatusCode.INVALID_ARGUMENT
    assert words in failure.fields[f"router.feature_rules.{field}"], failure.fields


async def test_a_feature_that_no_signature_takes_must_be_said_to_be_for_the_rules_alone(bench, failing):
    ann = bench.user("ann")
    for version in ("1", "2"):
        await ann.register("cancer", version, signature=SIGNATURE)
    misspelt = conditioned(feature="raduis")
    failure = await failing(create(ann, misspelt))
    field = "router.feature_rules.rules[0].conditions[0].feature"
    assert '"raduis" is no feature of any variant\'s signature' in failure.fields[field]
    created = await create(ann, LARGE, without(misspelt, name="plan"), rule_features=["raduis"])
    assert created.feature_rules.rule_features == ["raduis"]


async def test_a_changed_split_moves_the_fewest_and_a_rollback_gives_it_back(bench, cancer):
    await create(cancer, LARGE, SPLIT)
    before = list(table(bench, "split").slot_runs)
    salt = table(bench, "split").salt
    await update(cancer, without(SPLIT, split={"weights": {"lr": 50, "gb": 50}}), LARGE)
    after = table(bench, "split")
    assert after.salt == salt
    assert counts(after.slot_runs) == {0: 5000, 1: 5000}
    assert moved(before, after.slot_runs) == 2500
    renamed = router_pb2.UpdateRouterRequest(
        router=router_pb2.Router(router_id="triage", description="spring"),
        update_mask=FieldMask(paths=["description"]),
    )
    await cancer.routers.UpdateRouter(renamed)
    assert table(bench, "split") == after
    await cancer.routers.RollbackRouter(router_pb2.RollbackRouterRequest(router_id="triage", revision=1))
    assert (await cancer.get("triage")).feature_rules == rules(LARGE, SPLIT)
    assert list(table(bench, "split").slot_runs) == before


def moved(before, after):
    owners = [
        [index for index, length in zip(runs[::2], runs[1::2], strict=True) for _ in range(length)]
        for runs in (before, after)
    ]
    return sum(one != other for one, other in zip(*owners, strict=True))


async def test_a_variant_that_rules_need_stays_enabled(bench, cancer, failing):
    third = [a_variant("lr", "1", 50), a_variant("gb", "2", 50), a_variant("rest", "2", 50)]
    await create(cancer, LARGE, SPLIT, variants=third)
    toggle = router_pb2.ToggleVariantRequest(router_id="triage", variant="gb", enabled=False)
    failure = await failing(cancer.routers.ToggleVariant(toggle))
    assert failure.code is grpc.StatusCode.FAILED_PRECONDITION
    assert failure.reason == "RULES_NEED_VARIANT"
    await update(cancer, SPLIT)
    await cancer.routers.ToggleVariant(toggle)
    assert counts(table(bench, "split").slot_runs) == {0: 10_000}


async def test_rules_that_no_call_can_meet_are_told(cancer):
    larger = without(conditioned(values=[30]), name="larger")
    other = without(LARGE, name="other", variant="lr")
    created = await create(cancer, LARGE, larger, other, without(LARGE, name="again"))
    assert list(created.feature_rules.warnings) == [
        "rule larger meets no call: rule large takes all of them before",
        "rule other contradicts rule large, which asks the same and is tried before it: it meets no call",
        "rule again repeats rule large, which is tried before it; leave one out",
    ]


async def test_explaining_tells_the_rule_the_misses_and_the_propensities(cancer, failing):
    await create(cancer, LARGE, SPLIT)
    large = await explain(cancer, {"radius": 25})
    assert (large.rule, large.variant, large.reason) == ("large", "gb", router_pb2_reason("RULE"))
    assert {one.variant: one.propensity for one in large.propensities} == {"lr": 0.0, "gb": 1.0}
    split = await explain(cancer, {"radius": 5}, {"team": "a"})
    assert (split.rule, split.variant) == ("split", "")
    assert {one.variant: one.propensity for one in split.propensities} == {"lr": 0.75, "gb": 0.25}
    (miss,) = split.misses
    assert (miss.rule, miss.condition, miss.feature) == ("large", 0, "radius")
    assert miss.reason == router_pb2.RULE_MISS_REASON_DIFFERS
    assert miss.value.number_value == 5.0
    sticky = await explain(cancer, {"radius": 5}, {"team": "a"}, entity_id="ann")
    assert sticky.variant in ("lr", "gb")
    assert sticky.HasField("slot")
    none = await explain(cancer, {"radius": "big"})
    assert (none.rule, none.variant, none.reason) == ("", "lr", router_pb2_reason("DEFAULT"))
    assert [one.reason for one in none.misses] == [
        router_pb2.RULE_MISS_REASON_KIND,
        router_pb2.RULE_MISS_REASON_MISSING,
    ]
    request = router_pb2.ExplainRoutingRequest(router_id="absent")
    failure = await failing(cancer.routers.ExplainRouting(request))
    assert failure.code is grpc.StatusCode.NOT_FOUND


def router_pb2_reason(word):
    from pointsman.v1 import prediction_pb2

    return prediction_pb2.DecisionReason.Value(f"DECISION_REASON_{word}")


async def test_definitions_apply_rules_and_find_nothing_to_change_afterwards(cancer):
    router = router_pb2.Router(
        router_id="triage",
        strategy=router_pb2.STRATEGY_FEATURE_RULES,
        variants=[a_variant("lr", "1", 50), a_variant("gb", "2", 50)],
        feature_rules=rules(LARGE, SPLIT),
    )
    request = definition_pb2.ApplyDefinitionsRequest(definitions=[definition_pb2.Definition(router=router)])
    first = await cancer.definitions.ApplyDefinitions(request)
    assert [change.outcome for change in first.changes] == [definition_pb2.DEFINITION_OUTCOME_CREATED]
    again = await cancer.definitions.ApplyDefinitions(request)
    assert [change.outcome for change in again.changes] == [definition_pb2.DEFINITION_OUTCOME_UNCHANGED]


async def test_weights_are_set_where_calls_that_no_rule_takes_go_by_them_and_else_refused(cancer, failing):
    await create(cancer, LARGE, default_variant="")

    def weigh():
        request = router_pb2.UpdateVariantWeightRequest(router_id="triage", variant="lr", weight=10)
        return cancer.routers.UpdateVariantWeight(request)

    moved = await weigh()
    assert {one.name: one.effective_share for one in moved.variants}["lr"] < 0.5
    assert moved.moved_slots > 0
    await update(cancer, LARGE, default_variant="lr")
    failure = await failing(weigh())
    assert (failure.code, failure.reason) == (
        grpc.StatusCode.FAILED_PRECONDITION,
        "STRATEGY_TAKES_NO_WEIGHTS",
    )
    assert "weight: it would decide nothing" in failure.message
    assert "leave its default_variant empty" in failure.message
