"""Feature rules as messages."""

import dataclasses
import hashlib

from pointsman.control.convert.enums import EnumMap
from pointsman.control.convert.values import plain, value_of
from pointsman.domain.routers import SALT_BYTES, Router, SlotTable
from pointsman.domain.strategies.policy import Policy
from pointsman.domain.strategies.rule_warnings import rule_warnings
from pointsman.domain.strategies.rules import (
    FeatureRule,
    FeatureRules,
    RuleCondition,
    RuleOperator,
    RuleTable,
)
from pointsman.v1 import router_pb2, snapshot_pb2

RULE_OPERATOR = EnumMap(RuleOperator, router_pb2.RuleOperator, "RULE_OPERATOR_")


def read(message: router_pb2.Router, path: str) -> FeatureRules:
    """Reads the rules of a router.

    Raises:
        InvalidArgumentError: An operator is none that there is.
    """
    rules = message.feature_rules
    return FeatureRules(
        rules=tuple(
            _rule_from(rule, f"{path}.feature_rules.rules[{index}]") for index, rule in enumerate(rules.rules)
        ),
        default_variant=rules.default_variant,
        rule_features=tuple(rules.rule_features),
    )


def write(message: router_pb2.Router, policy: FeatureRules) -> None:
    """Writes the rules of a router into its message, with what is odd about them."""
    rules = message.feature_rules
    rules.SetInParent()
    rules.rules.extend(_rule_to(rule) for rule in policy.rules)
    rules.default_variant = policy.default_variant
    rules.rule_features.extend(policy.rule_features)
    rules.warnings.extend(rule_warnings(policy.rules))


def publish_tables(message: snapshot_pb2.RouterSnapshot, router: Router) -> None:
    """Writes the tables of a router's rules into its snapshot; routers without rules have none."""
    if not isinstance(router.policy, FeatureRules):
        return
    names = tuple(variant.name for variant in router.variants)
    for table in router.policy.tables:
        message.rule_tables.add(
            rule=table.rule,
            salt=hashlib.sha256(router.salt + b"\0rule\0" + table.rule.encode()).digest()[:SALT_BYTES],
            slot_runs=SlotTable(table.names, table.slot_runs).runs_for(names),
        )


def with_published_tables(policy: Policy, message: snapshot_pb2.RouterSnapshot) -> Policy:
    """Answers a policy with the tables that were published with it, where it is one of rules."""
    if not isinstance(policy, FeatureRules):
        return policy
    names = tuple(variant.name for variant in message.variants)
    tables = tuple(RuleTable(table.rule, names, tuple(table.slot_runs)) for table in message.rule_tables)
    return dataclasses.replace(policy, tables=tables)


def _rule_from(message: router_pb2.FeatureRule, path: str) -> FeatureRule:
    is_split = message.WhichOneof("target") == "split"
    return FeatureRule(
        name=message.name,
        priority=message.priority,
        variant="" if is_split else message.variant,
        weights=tuple(sorted(message.split.weights.items())) if is_split else None,
        conditions=tuple(
            RuleCondition(
                condition.feature,
                RULE_OPERATOR.word(condition.operator, f"{path}.conditions[{index}].operator"),
                tuple(plain(value) for value in condition.values),
                condition.numeric_text,
            )
            for index, condition in enumerate(message.conditions)
        ),
    )


def _rule_to(rule: FeatureRule) -> router_pb2.FeatureRule:
    message = router_pb2.FeatureRule(
        name=rule.name,
        priority=rule.priority,
        conditions=[
            router_pb2.RuleCondition(
                feature=condition.feature,
                operator=(
                    router_pb2.RULE_OPERATOR_UNSPECIFIED
                    if condition.operator is None
                    else RULE_OPERATOR.number(condition.operator)
                ),
                values=[value_of(value) for value in condition.values],
                numeric_text=condition.numeric_text,
            )
            for condition in rule.conditions
        ],
    )
    if rule.weights is not None:
        message.split.SetInParent()
        for name, weight in rule.weights:
            message.split.weights[name] = weight
    elif rule.variant:
        message.variant = rule.variant
    return message
