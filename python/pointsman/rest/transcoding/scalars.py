"""Single values: from JSON or text to what a field holds, and back."""

from __future__ import annotations

import base64
import binascii
import math
import re
import struct
from typing import Any

from google.protobuf.descriptor import FieldDescriptor

from pointsman.rest.problems import FieldError
from pointsman.rest.transcoding.names import numbers_of, word_by_number, words_of

F = FieldDescriptor
INTEGERS = {
    F.TYPE_INT32: (-(2**31), 2**31 - 1),
    F.TYPE_SINT32: (-(2**31), 2**31 - 1),
    F.TYPE_SFIXED32: (-(2**31), 2**31 - 1),
    F.TYPE_UINT32: (0, 2**32 - 1),
    F.TYPE_FIXED32: (0, 2**32 - 1),
    F.TYPE_INT64: (-(2**63), 2**63 - 1),
    F.TYPE_SINT64: (-(2**63), 2**63 - 1),
    F.TYPE_SFIXED64: (-(2**63), 2**63 - 1),
    F.TYPE_UINT64: (0, 2**64 - 1),
    F.TYPE_FIXED64: (0, 2**64 - 1),
}
"""The least and the greatest number of each integer type."""

EXACT = 2**53
"""From here on readers of JSON that hold numbers as doubles round whole ones."""

NOT_FINITE = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
"""Numbers that JSON has no number for, by the texts that stand for them."""

_INTEGER_TEXT = re.compile(r"-?[0-9]{1,20}")
_NUMBER_TEXT = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")


def kind_of(value: Any) -> str:
    """Answers what JSON calls a value."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, str):
        return "text"
    return "an array" if isinstance(value, list) else "an object"


def read_scalar(field: FieldDescriptor, value: Any, path: str) -> Any:
    """Reads a value of JSON as a field of a type that is no message.

    Args:
        field: The field, or the one that a list or a map has values like.
        value: The value.
        path: Where it stands.

    Returns:
        What the field holds.

    Raises:
        FieldError: It is of another type or out of range.
    """
    if field.type in INTEGERS:
        return _integer(field, value, path)
    if field.type in (F.TYPE_DOUBLE, F.TYPE_FLOAT):
        return _number(field, value, path)
    if field.type == F.TYPE_BOOL:
        if not isinstance(value, bool):
            raise FieldError(path, f"is {kind_of(value)}; write true or false")
        return value
    if not isinstance(value, str):
        raise FieldError(path, f"is {kind_of(value)}; write text")
    if field.type == F.TYPE_ENUM:
        return _word(field, value, path)
    return _bytes(value, path) if field.type == F.TYPE_BYTES else check_text(value, path)


def read_text(field: FieldDescriptor, text: str, path: str) -> Any:
    """Reads a part of a path or a query as a field of a type that is no message; see `read_scalar`.

    Args:
        field: The field.
        text: What stands there, decoded.
        path: Its name, as it was sent.
    """
    if field.type in (F.TYPE_DOUBLE, F.TYPE_FLOAT) and text not in NOT_FINITE:
        if not _NUMBER_TEXT.fullmatch(text):
            raise FieldError(path, f"{text[:100]!r} is no number")
        return _number(field, float(text), path)
    if field.type == F.TYPE_BOOL:
        if text not in ("true", "false"):
            raise FieldError(path, f"{text[:100]!r} is neither true nor false")
        return text == "true"
    return read_scalar(field, text, path)


def write_scalar(field: FieldDescriptor, value: Any) -> Any:
    """Writes what a field of a type that is no message holds as a value of JSON."""
    if field.type in INTEGERS:
        return value if -EXACT < value < EXACT else str(value)
    if field.type == F.TYPE_DOUBLE:
        return write_number(value)
    if field.type == F.TYPE_FLOAT:
        return write_number(shortest(value))
    if field.type == F.TYPE_ENUM:
        # A number that this release has no word for comes from a newer one.
        return word_by_number(field.enum_type).get(value, value)
    return base64.b64encode(value).decode() if field.type == F.TYPE_BYTES else value


def write_number(value: float) -> float | int | str:
    """Writes a number: whole ones without a fraction, those that JSON has not as text."""
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    is_whole = value.is_integer() and abs(value) < EXACT and not (value == 0 and math.copysign(1, value) < 0)
    return int(value) if is_whole else value


def shortest(value: float) -> float:
    """Answers the shortest decimal that is the same number in 32 bits."""
    if not math.isfinite(value):
        return value
    for digits in range(6, 9):
        text = float(f"{value:.{digits}g}")
        try:
            if struct.unpack("f", struct.pack("f", text))[0] == value:
                return text
        except OverflowError:
            continue
    return float(f"{value:.9g}")


def check_text(text: str, path: str) -> str:
    """Answers a text that UTF-8 can hold.

    Raises:
        FieldError: It has half of a surrogate pair.
    """
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise FieldError(path, "has half of a surrogate pair, which is no character; write both") from error
    return text


def check_exact(value: int, path: str) -> int:
    """Answers a whole number that every reader of JSON holds.

    Raises:
        FieldError: It is so great that some round it, so that it may not be what was meant.
    """
    if not -EXACT < value < EXACT:
        raise FieldError(
            path, f"{_short(value)} is beyond 2^53, where numbers in JSON are rounded; write it as text"
        )
    return value


def _integer(field: FieldDescriptor, value: Any, path: str) -> int:
    if isinstance(value, str):
        if not _INTEGER_TEXT.fullmatch(value):
            raise FieldError(path, f"{value[:100]!r} is no whole number")
        number = int(value)
    elif isinstance(value, bool) or not isinstance(value, int | float):
        raise FieldError(path, f"is {kind_of(value)}; write a whole number")
    elif isinstance(value, float) and not value.is_integer():
        raise FieldError(path, f"{value} is no whole number")
    else:
        number = check_exact(int(value), path)
    least, greatest = INTEGERS[field.type]
    if not least <= number <= greatest:
        raise FieldError(path, f"{number} is out of range; {least} to {greatest} are in it")
    return number


def _number(field: FieldDescriptor, value: Any, path: str) -> float:
    if isinstance(value, str) and value in NOT_FINITE:
        return NOT_FINITE[value]
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise FieldError(path, f"is {kind_of(value)}; write a number")
    number = read_double(value, path)
    if field.type == F.TYPE_FLOAT:
        try:
            struct.pack("f", number)
        except OverflowError as error:
            raise FieldError(path, f"{number} is beyond what 32 bits hold") from error
    return number


def read_double(value: float, path: str) -> float:
    """Answers a number of JSON as a double.

    Raises:
        FieldError: It is a whole number that may have been rounded, or beyond the greatest double.
    """
    if isinstance(value, int):
        return float(check_exact(value, path))
    if math.isinf(value):
        raise FieldError(path, "is beyond the greatest number, 1.8e308")
    return value


def _word(field: FieldDescriptor, value: str, path: str) -> int:
    number = numbers_of(field.enum_type).get(value)
    if number is None:
        words = ", ".join(word for word, number in words_of(field.enum_type).items() if number)
        raise FieldError(path, f"{value[:100]!r} is none of {words}")
    return number


def _bytes(value: str, path: str) -> bytes:
    plain = value.translate(str.maketrans("-_", "+/")).rstrip("=")
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError) as error:
        raise FieldError(path, "is not base64") from error


def _short(value: int) -> str:
    return str(value) if value.bit_length() < 256 else f"a number of {value.bit_length()} bits"
