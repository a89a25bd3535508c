"""What is odd about rules that are right: those that no call can meet, repeat another, or contradict one."""

from collections.abc import Iterator, Sequence

from pointsman.domain.strategies.rules import FeatureRule, RuleCondition, RuleOperator

_AMONG = (RuleOperator.EQUALS, RuleOperator.IN)
_NUMBERS = (int, float)


def rule_warnings(rules: Sequence[FeatureRule]) -> tuple[str, ...]:
    """Says which rules no call can meet because an earlier one takes all that they would.

    Only what follows from two rules alone is found; several earlier rules together may still take everything.

    Args:
        rules: The rules as they are written.
    """
    tried = sorted(rules, key=lambda rule: rule.priority)
    return tuple(_warnings(tried))


def _warnings(tried: Sequence[FeatureRule]) -> Iterator[str]:
    for place, rule in enumerate(tried):
        earlier = next((one for one in tried[:place] if _takes_all_of(one, rule)), None)
        if earlier is None:
            continue
        same_calls = _takes_all_of(rule, earlier)
        if not same_calls:
            yield f"rule {rule.name} meets no call: rule {earlier.name} takes all of them before"
        elif (rule.variant, rule.weights) == (earlier.variant, earlier.weights):
            yield f"rule {rule.name} repeats rule {earlier.name}, which is tried before it; leave one out"
        else:
            yield (
                f"rule {rule.name} contradicts rule {earlier.name}, which asks the same and is tried before "
                "it: it meets no call"
            )


def _takes_all_of(rule: FeatureRule, other: FeatureRule) -> bool:
    """Whether every call that the other rule takes meets a rule's conditions, for each follows from one."""
    return all(any(_implies(given, wanted) for given in other.conditions) for wanted in rule.conditions)


def _implies(given: RuleCondition, wanted: RuleCondition) -> bool:
    """Whether a condition cannot hold without another one."""
    if given == wanted:
        return True
    if given.feature != wanted.feature:
        return False
    if wanted.operator is RuleOperator.EXISTS:
        return True
    if given.numeric_text != wanted.numeric_text:
        return False
    if wanted.operator in _AMONG and given.operator in _AMONG:
        return all(value in wanted.told_apart for value in given.told_apart)
    if wanted.operator is not given.operator or len(given.values) != 1 or len(wanted.values) != 1:
        return False
    one, other = given.values[0], wanted.values[0]
    if not isinstance(one, _NUMBERS) or not isinstance(other, _NUMBERS):
        return False
    if given.operator is RuleOperator.GREATER_THAN:
        return one >= other
    return given.operator is RuleOperator.LESS_THAN and one <= other
