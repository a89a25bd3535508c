"""Rules survive their document and their message, and what cannot be met is told."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.control.convert.strategies import rules as messages
from pointsman.domain.strategies.rule_warnings import rule_warnings
from pointsman.domain.strategies.rules import (
    FeatureRule,
    FeatureRules,
    RuleCondition,
    RuleOperator,
    RuleTable,
)
from pointsman.domain.variants import Variant
from pointsman.v1 import router_pb2

names = st.text("abcdefghij", min_size=1, max_size=6)
values = st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8)
conditions = st.builds(
    RuleCondition,
    feature=names,
    operator=st.sampled_from(RuleOperator),
    values=st.lists(values, max_size=3).map(tuple),
    numeric_text=st.booleans(),
)
weights = st.dictionaries(names, st.floats(0, 100), min_size=1, max_size=3)
targets = st.one_of(
    st.builds(lambda variant: {"variant": variant}, names),
    st.builds(lambda found: {"weights": tuple(sorted(found.items()))}, weights),
)
rule = st.builds(
    lambda target, **fields: FeatureRule(**fields, **target),
    targets,
    name=names,
    priority=st.integers(-(2**31), 2**31 - 1),
    conditions=st.lists(conditions, max_size=3).map(tuple),
)
tables = st.builds(
    RuleTable,
    rule=names,
    names=st.lists(names, max_size=2).map(tuple),
    slot_runs=st.lists(st.integers(0, 9), max_size=4).map(tuple),
)
policies = st.builds(
    FeatureRules,
    rules=st.lists(rule, max_size=3).map(tuple),
    default_variant=names | st.just(""),
    rule_features=st.lists(names, max_size=2).map(tuple),
    tables=st.lists(tables, max_size=2).map(tuple),
)


@given(policies)
def test_a_document_gives_back_rules_and_tables(policy: FeatureRules) -> None:
    read = FeatureRules.from_document(json.loads(json.dumps(policy.to_document())))
    assert (read, read.tables) == (policy, policy.tables)


@given(policies)
def test_a_message_gives_back_the_rules(policy: FeatureRules) -> None:
    message = router_pb2.Router()
    messages.write(message, policy)
    assert messages.read(message, "router") == policy


def test_equal_rules_are_equal_whatever_their_tables() -> None:
    assert FeatureRules(tables=(RuleTable("a", ("b",), (0, 10_000)),)) == FeatureRules()


def test_calls_that_no_rule_takes_go_to_the_default_or_by_weight() -> None:
    variants = (
        Variant("a", "m", "1", 30),
        Variant("b", "m", "2", 10),
        Variant("c", "m", "3", 60, enabled=False),
    )
    assert FeatureRules().shares(variants) == (0.75, 0.25, 0.0)
    assert FeatureRules(default_variant="b").shares(variants) == (0.0, 1.0, 0.0)
    assert FeatureRules(default_variant="b").idle_fault(variants) is None
    assert FeatureRules(default_variant="c").idle_fault(variants) is not None


def condition(operator: RuleOperator, *given: object, feature: str = "x", **fields: bool) -> RuleCondition:
    return RuleCondition(feature, operator, given, **fields)  # type: ignore[arg-type]


def above(number: float) -> RuleCondition:
    return condition(RuleOperator.GREATER_THAN, number)


OTHER = condition(RuleOperator.EXISTS, feature="y")


@pytest.mark.parametrize(
    ("earlier", "later", "is_met"),
    [
        ([above(20)], [above(30)], False),
        ([above(30)], [above(20)], True),
        ([above(20)], [above(30), OTHER], False),
        ([above(20), OTHER], [above(30)], True),
        ([condition(RuleOperator.LESS_THAN, 5)], [condition(RuleOperator.LESS_THAN, 3)], False),
        ([condition(RuleOperator.EXISTS)], [condition(RuleOperator.REGEX, "a")], False),
        ([condition(RuleOperator.IN, 1, 2)], [condition(RuleOperator.EQUALS, 2)], False),
        ([condition(RuleOperator.IN, 1, 2)], [condition(RuleOperator.EQUALS, True)], True),
        ([condition(RuleOperator.IN, 1, 2)], [condition(RuleOperator.IN, 2, 3)], True),
        ([above(20)], [condition(RuleOperator.GREATER_THAN, "30", numeric_text=True)], True),
    ],
)
def test_a_rule_that_an_earlier_one_leaves_nothing_is_told(
    earlier: list[RuleCondition], later: list[RuleCondition], is_met: bool
) -> None:
    found = rule_warnings(
        [FeatureRule("one", tuple(earlier), variant="a"), FeatureRule("two", tuple(later), variant="b")]
    )
    assert bool(found) is not is_met


def test_priority_says_which_is_earlier() -> None:
    one = FeatureRule("one", (above(20),), priority=2, variant="a")
    two = FeatureRule("two", (above(30),), priority=1, variant="b")
    assert rule_warnings([one, two]) == ()
