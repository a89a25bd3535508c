"""What rules read of a call, told whole: records refer to numbers that their own row has."""

from __future__ import annotations

import json
from collections.abc import Mapping

from pointsman.domain.values import JsonValue

_WHOLE = "whole"


def with_row(recorded: str, features: Mapping[str, JsonValue]) -> str:
    """Answers what rules read, with the numbers that a record refers to.

    Args:
        recorded: The JSON object of a record: names and values, and for a number of its row a list of
            the type.
        features: The features of the row, by name.

    Returns:
        The same without lists; a number that the row lacks stays as it is recorded.

    >>> with_row('{"plan": "gold", "age": ["fp64"]}', {"age": 41.5})
    '{"plan":"gold","age":{"fp64":"41.5"}}'
    """
    if "[" not in recorded:
        return recorded
    read: dict[str, JsonValue] = json.loads(recorded)
    whole = {name: _stated(value, features.get(name)) for name, value in read.items()}
    return json.dumps(whole, ensure_ascii=False, separators=(",", ":"))


def _stated(value: JsonValue, number: JsonValue) -> JsonValue:
    if not isinstance(value, list) or not isinstance(number, float | int):
        return value
    (kind,) = value
    digits = str(int(number)) if kind == _WHOLE else repr(float(number))
    return {str(kind): digits}
