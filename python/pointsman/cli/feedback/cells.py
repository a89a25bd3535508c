"""Reads the cells of a row of feedback as pandas, Spark and spreadsheets write them."""

from __future__ import annotations

import math
import re
import time
from typing import TYPE_CHECKING, Any

from pointsman.domain import times

if TYPE_CHECKING:
    from datetime import datetime

_TRUE_AND_FALSE = {"true": 1.0, "t": 1.0, "yes": 1.0, "false": 0.0, "f": 0.0, "no": 0.0}
_DECIMAL_COMMA = re.compile(r"[+-]?\d*,\d+")
_DIGITS = re.compile(r"\s*[+-]?\d{1,400}\s*", re.ASCII)
# A whole number that shares a column with empty cells comes out of pandas as 3.0.
_WHOLE = re.compile(r"\s*(\d+)(?:\.0*)?\s*", re.ASCII)
_MAX_ROW_DIGITS = 10


def name(column: str, given: Any) -> str:
    """Reads an id or a name; a whole number of JSON is the text that it is printed as.

    Args:
        column: What the cell is of, for the message.
        given: The cell.

    Raises:
        ValueError: It is another kind of value, whose text is not what was meant, as 1e5 is for "100000".
    """
    if given is None:
        return ""
    if isinstance(given, str):
        return given
    if isinstance(given, int) and not isinstance(given, bool):
        return str(given)
    raise ValueError(f"{column}: {given!r} is no text; write it in quotes, as it was sent")


def value(given: Any) -> float:
    """Reads what was measured: a number, or true and false as 1 and 0.

    Raises:
        ValueError: It is neither, not finite, or a whole number between two doubles.
    """
    if given is None or given == "":
        raise ValueError("value: is empty; give a number")
    if isinstance(given, bool):
        return float(given)
    if isinstance(given, str):
        word = given.strip().lower()
        if word in _TRUE_AND_FALSE:
            return _TRUE_AND_FALSE[word]
        if _DECIMAL_COMMA.fullmatch(word):
            raise ValueError(
                f"value: {given!r} is not a number; write its decimals behind a point, as in 0.5"
            )
        if "_" in word:
            raise ValueError(f"value: {given!r} is not a number")
    try:
        number = float(given)
    except OverflowError:
        number = math.inf
    except (TypeError, ValueError):
        raise ValueError(f"value: {given!r} is not a number") from None
    if not math.isfinite(number):
        raise ValueError(f"value: {given!r} is not a finite number")
    if _DIGITS.fullmatch(str(given)) and int(given) != number:
        raise ValueError(f"value: {given!r} has more digits than a double holds; the nearest is {number:.0f}")
    return number


def row(given: Any) -> int:
    """Reads the row of a batch, which is 0 when it is empty.

    Raises:
        ValueError: It is not a whole number from 0.
    """
    if given is None or given == "":
        return 0
    match = None if isinstance(given, bool) else _WHOLE.fullmatch(str(given))
    if match is None or len(match[1]) > _MAX_ROW_DIGITS or int(match[1]) >= 2**31:
        raise ValueError(f"row: {given!r} is not a whole number from 0")
    return int(match[1])


def observe_time(given: Any) -> datetime | None:
    """Reads when it was observed; None when it is empty.

    Raises:
        ValueError: It is no time, names no zone, or nothing can have been observed then.
    """
    if given is None or given == "":
        return None
    try:
        time_us = times.read_time(given)
    except ValueError as error:
        raise ValueError(f"observe_time: {error}") from None
    fault = times.observation_fault(time_us, time.time_ns() // 1000)
    if fault is not None:
        raise ValueError(f"observe_time: {given!r}: {fault}")
    return times.datetime_of(time_us)
