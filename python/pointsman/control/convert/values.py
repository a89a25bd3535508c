"""``google.protobuf.Value`` and plain Python values. By hand: ``json_format`` takes ten times as long."""

import math
from collections.abc import Mapping

from google.protobuf.struct_pb2 import NULL_VALUE, ListValue, Struct, Value

from pointsman.domain.values import JsonValue

FIRST_AMBIGUOUS = 2**53
"""From this whole number on, several of them are the same JSON number, which is a double."""


def plain(value: Value) -> JsonValue:
    """Reads a value; one that is not set is None."""
    match value.WhichOneof("kind"):
        case "number_value":
            return value.number_value
        case "string_value":
            return value.string_value
        case "bool_value":
            return value.bool_value
        case "list_value":
            return [plain(item) for item in value.list_value.values]
        case "struct_value":
            return {name: plain(item) for name, item in value.struct_value.fields.items()}
        case _:
            return None


def value_of(content: JsonValue) -> Value:
    """Makes a value, with what JSON has no number for in the form in which predictions are answered.

    Whole numbers that a double may round are their digits, infinities their names, and NaN is null.
    """
    match content:
        case None:
            return Value(null_value=NULL_VALUE)
        case bool():
            return Value(bool_value=content)
        case int() if abs(content) >= FIRST_AMBIGUOUS:
            return Value(string_value=str(content))
        case float() if not math.isfinite(content):
            return _of_no_number(content)
        case int() | float():
            return Value(number_value=content)
        case str():
            return Value(string_value=content)
        case Mapping():
            return Value(struct_value=Struct(fields={name: value_of(item) for name, item in content.items()}))
        case _:
            return Value(list_value=ListValue(values=[value_of(item) for item in content]))


def _of_no_number(content: float) -> Value:
    if math.isnan(content):
        return Value(null_value=NULL_VALUE)
    return Value(string_value="Infinity" if content > 0 else "-Infinity")
