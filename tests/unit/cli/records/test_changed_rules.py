"""Which numbers of records are ambiguous is said by the core, which decides by them."""

import pytest

from pointsman.cli.records import changed_rules
from pointsman.dataplane.core import NativeCore
from pointsman.v1 import router_pb2


@pytest.mark.parametrize(
    "number",
    [
        0.1,
        1.0,
        -0.0,
        65_519.9,
        65_520.0,
        3.4e38,
        1e300,
        -1e300,
        5e-324,
        1e-40,
        # Halfway between two of BF16, but for a bit that only a double has.
        1 + 2**-8 + 2**-40,
        1 + 3 * 2**-8 - 2**-40,
    ],
)
def test_what_smaller_types_make_of_a_rules_number_is_what_the_core_makes_of_it(number: float) -> None:
    rule = router_pb2.FeatureRule(name="large")
    condition = rule.conditions.add(feature="x", operator=router_pb2.RULE_OPERATOR_GREATER_THAN)
    condition.values.add(number_value=number)
    expected = {rounded for rounded in NativeCore.roundings(number) if rounded != number}
    assert changed_rules._roundings([rule], "x") == expected


def test_numbers_are_rounded_to_single_half_and_brain() -> None:
    assert NativeCore.roundings(0.1) == (0.10000000149011612, 0.0999755859375, 0.10009765625)
    assert NativeCore.roundings(1e300) == (float("inf"),) * 3
