"""Feature rules: the first whose conditions all hold says where a call goes.

What can be wrong with rules is said by the core, which compiles them: see
:class:`pointsman.domain.ports.core.RuleChecks`.
"""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar, Self

from pointsman.domain.strategies.policy import Strategy
from pointsman.domain.strategies.weighted import Weighted
from pointsman.domain.values import JsonValue
from pointsman.domain.variants import Variant, shadows
from pointsman.domain.violations import Violations, shown

_TOLD_RULES = 5


class RuleOperator(StrEnum):
    """How a condition compares."""

    EQUALS = "equals"
    NOT_EQUALS = "not_equals"
    IN = "in"
    NOT_IN = "not_in"
    GREATER_THAN = "greater_than"
    LESS_THAN = "less_than"
    CONTAINS = "contains"
    REGEX = "regex"
    EXISTS = "exists"


@dataclass(frozen=True)
class RuleCondition:
    """A condition on a feature, or on an entry of the metadata.

    Attributes:
        feature: A feature's name, or ``metadata.<key>``.
        operator: How it compares; None when that was not said, which is wrong.
        values: With what: numbers, texts, truth values.
        numeric_text: Whether text that is written as a number counts as the number.
    """

    feature: str
    operator: RuleOperator | None
    values: tuple[JsonValue, ...] = ()
    numeric_text: bool = False

    def __eq__(self, other: object) -> bool:
        """Whether two conditions are one: the number 1 and the truth value true are not."""
        if not isinstance(other, RuleCondition):
            return NotImplemented
        return self._compared == other._compared

    def __hash__(self) -> int:
        """Fits the comparison."""
        return hash(self._compared)

    @property
    def _compared(self) -> tuple[object, ...]:
        return self.feature, self.operator, self.told_apart, self.numeric_text

    @property
    def told_apart(self) -> tuple[tuple[bool, JsonValue], ...]:
        """The values with their kinds: Python's 1 and true are equal, and a number is no truth value."""
        return tuple((type(value) is bool, value) for value in self.values)


@dataclass(frozen=True)
class FeatureRule:
    """One rule.

    Attributes:
        priority: Rules of lower numbers are tried first.
        variant: Where its calls go; empty where they are split.
        weights: How they are split, by the names of variants in alphabetical order; None where they are not.
    """

    name: str
    conditions: tuple[RuleCondition, ...]
    priority: int = 0
    variant: str = ""
    weights: tuple[tuple[str, float], ...] | None = None


@dataclass(frozen=True)
class RuleTable:
    """Whose each of the 10,000 slots of a rule that splits its calls is.

    Attributes:
        rule: The rule's name.
        names: The names of the variants that the indices stand for.
        slot_runs: Index in ``names`` and length in turn.
    """

    rule: str
    names: tuple[str, ...]
    slot_runs: tuple[int, ...]


@dataclass(frozen=True)
class FeatureRules:
    """Rules, and where calls go that none of them takes.

    Attributes:
        default_variant: The variant for these calls; empty splits them by weight.
        rule_features: Features that calls bring for the rules alone.
        tables: One for each rule that splits its calls. They follow from the rules and their history, so that
            equal rules may have others.
    """

    rules: tuple[FeatureRule, ...] = ()
    default_variant: str = ""
    rule_features: tuple[str, ...] = ()
    tables: tuple[RuleTable, ...] = dataclasses.field(default=(), compare=False)
    strategy: ClassVar[Strategy] = Strategy.FEATURE_RULES
    field: ClassVar[str] = "feature_rules"
    takes_weights: ClassVar[bool] = True
    splits_alike: ClassVar[bool] = False

    def shares(self, variants: Sequence[Variant]) -> tuple[float, ...]:
        """Answers each variant's part of the calls that no rule takes."""
        if not self.default_variant:
            return Weighted().shares(variants)
        return tuple(
            1.0 if variant.is_pickable and variant.name == self.default_variant else 0.0
            for variant in variants
        )

    def idle_fault(self, variants: Sequence[Variant]) -> str | None:
        """Says why calls that no rule takes would have nowhere to go."""
        if not self.default_variant:
            return Weighted().idle_fault(variants)
        if any(self.shares(variants)):
            return None
        return f"the default, {self.default_variant!r}, would be no enabled variant"

    def note_faults(self, found: Violations, field: str, variants: Sequence[Variant]) -> None:
        """Notes when no variant gets the calls that no rule takes, and what would lead to a shadow.

        The core checks all else.

        Args:
            found: Takes the faults.
            field: The path of the router.
            variants: The router's.
        """
        fault = None if self.default_variant else self.idle_fault(variants)
        if fault is not None:
            found.add(f"{field}.variants", fault)
        for path, name in self._to_shadows(variants):
            found.add(
                f"{field}.feature_rules{path}",
                f"{shown(name)} is a shadow, which gets copies and no calls; name another variant",
            )

    def _to_shadows(self, variants: Sequence[Variant]) -> Iterator[tuple[str, str]]:
        """Answers what names a shadow: the path below the rules, and the name."""
        names = {variant.name for variant in shadows(variants)}
        if self.default_variant in names:
            yield ".default_variant", self.default_variant
        for index, rule in enumerate(self.rules):
            if rule.variant in names:
                yield f".rules[{index}].variant", rule.variant
            for name, _ in rule.weights or ():
                if name in names:
                    yield f".rules[{index}].split.weights", name

    def words(self) -> str:
        """Names the rules with where their calls go."""
        told = [f"{rule.name} to {_target(rule)}" for rule in self.rules[:_TOLD_RULES]]
        if len(self.rules) > _TOLD_RULES:
            told.append(f"{len(self.rules) - _TOLD_RULES} more")
        if self.default_variant:
            told.append(f"default to {self.default_variant}")
        return f"rules ({', '.join(told)})"

    def to_document(self) -> Mapping[str, Any]:
        """Answers the rules with their tables."""
        return {
            "rules": [_dump_rule(rule) for rule in self.rules],
            "default_variant": self.default_variant,
            "rule_features": list(self.rule_features),
            "tables": [
                {"rule": table.rule, "names": list(table.names), "slot_runs": list(table.slot_runs)}
                for table in self.tables
            ],
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        """Reads what :meth:`to_document` answered."""
        return cls(
            rules=tuple(_load_rule(rule) for rule in document["rules"]),
            default_variant=document["default_variant"],
            rule_features=tuple(document["rule_features"]),
            tables=tuple(
                RuleTable(table["rule"], tuple(table["names"]), tuple(table["slot_runs"]))
                for table in document["tables"]
            ),
        )


def _target(rule: FeatureRule) -> str:
    if rule.weights is None:
        return rule.variant
    return " and ".join(f"{name} {weight:g}" for name, weight in rule.weights)


def _dump_rule(rule: FeatureRule) -> Mapping[str, Any]:
    return {
        "name": rule.name,
        "priority": rule.priority,
        "variant": rule.variant,
        "weights": None if rule.weights is None else dict(rule.weights),
        "conditions": [
            {
                "feature": condition.feature,
                "operator": condition.operator,
                "values": list(condition.values),
                "numeric_text": condition.numeric_text,
            }
            for condition in rule.conditions
        ],
    }


def _load_rule(document: Mapping[str, Any]) -> FeatureRule:
    weights = document["weights"]
    return FeatureRule(
        name=document["name"],
        priority=document["priority"],
        variant=document["variant"],
        weights=None if weights is None else tuple(sorted(weights.items())),
        conditions=tuple(
            RuleCondition(
                condition["feature"],
                RuleOperator(condition["operator"]),
                tuple(condition["values"]),
                condition["numeric_text"],
            )
            for condition in document["conditions"]
        ),
    )
