"""How many people the rules of a model may tell."""

import pytest

from pointsman.domain.drift.alerting.rules import (
    MAX_ADDRESSES,
    AlertFigure,
    AlertRule,
    AlertTier,
    check_rules,
)
from pointsman.errors import InvalidArgumentError

A_TIER = 50


def rules_to(addresses):
    """Rules of one tier each, that tell so many addresses, and the first of them in each."""
    names = [f"n{number}@example.com" for number in range(addresses)]
    return [
        AlertRule(
            f"r{start}",
            AlertFigure.SCORE,
            "psi",
            tiers=(
                AlertTier("t", 0.1, channels=("email",), recipients=tuple(names[start : start + A_TIER])),
                AlertTier("u", 0.2, channels=("email",), recipients=(names[0],)),
            ),
        )
        for start in range(0, addresses, A_TIER)
    ]


def test_rules_of_a_model_have_no_more_recipients_than_one_event_may_have_messages():
    check_rules(rules_to(MAX_ADDRESSES), ("email",), ("psi",))
    with pytest.raises(InvalidArgumentError) as caught:
        check_rules(rules_to(MAX_ADDRESSES + 1), ("email",), ("psi",))
    ((field, words),) = [(one.field, one.description) for one in caught.value.fields]
    assert field == "rules"
    assert "201 different recipients; at most 200 are taken" in words
