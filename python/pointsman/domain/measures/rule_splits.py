"""Whether the splits of rules work: one test for each, for their calls are not alike."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pointsman.domain.measures.statistics import Split, sample_ratio_p_value


@dataclass(frozen=True)
class RuleSplitFigures:
    """How the split of one rule was served.

    Attributes:
        rule: The rule's name; empty for the calls that no rule takes.
        units: Independent units by variant: entities where entities are randomised, else requests.
        sample_ratio_p_value: How likely shares so far from those of the rule are; None when not known.
    """

    rule: str
    units: Mapping[str, int]
    sample_ratio_p_value: float | None


def rule_split_figures(splits: Mapping[str, Sequence[Split]]) -> tuple[RuleSplitFigures, ...]:
    """Tests the splits of each rule, ordered by name; the calls that no rule takes come last.

    Args:
        splits: The splits by the rule's name, one for each set of probabilities that was in force.
    """
    return tuple(
        RuleSplitFigures(rule, _summed(splits[rule]), sample_ratio_p_value(splits[rule]))
        for rule in sorted(splits, key=lambda rule: (not rule, rule))
    )


def _summed(splits: Sequence[Split]) -> dict[str, int]:
    units: dict[str, int] = {}
    for split in splits:
        for variant, count in split.counts.items():
            units[variant] = units.get(variant, 0) + count
    return units
