"""Numbers that records refer to come from the features of their row."""

import json
import math

from pointsman.domain.values import JsonValue
from pointsman.lake.rule_inputs import with_row

RECORDED = '{"plan":"a [list]","age":["fp64"],"size":["fp32"],"count":["whole"],"far":["fp64"],"gone":null}'


def test_numbers_of_the_row_are_told_with_their_type_and_all_their_digits() -> None:
    row: dict[str, JsonValue] = {
        "age": 0.1,
        "size": 0.10000000149011612,
        "count": 7.0,
        "far": -math.inf,
        "plan": "free",
    }
    assert json.loads(with_row(RECORDED, row)) == {
        "plan": "a [list]",
        "age": {"fp64": "0.1"},
        "size": {"fp32": "0.10000000149011612"},
        "count": {"whole": "7"},
        "far": {"fp64": "-inf"},
        "gone": None,
    }


def test_what_the_row_lacks_stays_a_reference() -> None:
    assert json.loads(with_row(RECORDED, {"age": "old"}))["age"] == ["fp64"]


def test_what_refers_to_nothing_stays_to_the_letter() -> None:
    assert with_row('{ "x" : null }', {"x": 1.0}) == '{ "x" : null }'
    assert with_row("", {}) == ""
