"""Reads rows of feedback from CSV or JSON lines; a row that makes no sense carries its reason."""

from __future__ import annotations

import csv
import json
import math
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import IO, TYPE_CHECKING, Any

from pointsman.cli.context import CommandError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pointsman.client import FeedbackValue

KNOWN = ("prediction_id", "row", "metric", "value", "observe_time", "router_id", "entity_id")


@dataclass(frozen=True)
class Row:
    """A row of a file.

    Attributes:
        line: Its line, from 1.
        value: What to record; None when it makes no sense.
        error: Why it makes none.
    """

    line: int
    prediction_id: str
    metric: str
    value: FeedbackValue | None
    error: str = ""


def rows_of(text: IO[str], kind: str, metric: str, router_id: str) -> Iterator[Row]:
    """Reads rows.

    Args:
        text: The file.
        kind: ``csv`` or ``jsonl``.
        metric: The metric of rows that name none.
        router_id: The router of rows with an entity that name none.

    Raises:
        CommandError: A CSV file has no usable heading.
    """
    for line, fields in _csv(text) if kind == "csv" else _json_lines(text):
        if isinstance(fields, str):
            yield Row(line, "", metric, None, fields)
            continue
        prediction_id = str(fields.get("prediction_id") or "")
        named = str(fields.get("metric") or metric)
        try:
            yield Row(line, prediction_id, named, _value(fields, prediction_id, named, router_id))
        except ValueError as error:
            yield Row(line, prediction_id, named, None, str(error))


def _value(fields: Mapping[str, Any], prediction_id: str, metric: str, router_id: str) -> FeedbackValue:
    from pointsman.client import FeedbackValue

    entity_id = str(fields.get("entity_id") or "")
    if not prediction_id and not entity_id:
        raise ValueError("prediction_id: is empty; give it, or entity_id and router_id")
    if prediction_id:
        # With the prediction known, whom it was for is of no matter.
        entity_id = router_id = ""
    else:
        router_id = str(fields.get("router_id") or router_id)
        if not router_id:
            raise ValueError("router_id: is empty; a row with entity_id needs it, in the file or as --router")
    return FeedbackValue(
        value=_number(fields.get("value")),
        prediction_id=prediction_id,
        metric=metric,
        row=_row(fields.get("row")),
        observe_time=_time(fields.get("observe_time")),
        router_id=router_id,
        entity_id=entity_id,
    )


def _number(given: Any) -> float:
    if given is None or given == "":
        raise ValueError("value: is empty; give a number")
    if isinstance(given, bool):
        return float(given)
    try:
        value = float(given)
    except (TypeError, ValueError):
        raise ValueError(f"value: {given!r} is not a number") from None
    if not math.isfinite(value):
        raise ValueError(f"value: {given!r} is not a finite number")
    return value


def _row(given: Any) -> int:
    if given is None or given == "":
        return 0
    try:
        row = int(given)
    except (TypeError, ValueError):
        row = -1
    if not 0 <= row < 2**31 or (isinstance(given, float) and given != row):
        raise ValueError(f"row: {given!r} is not a whole number from 0")
    return row


def _time(given: Any) -> datetime | None:
    """Reads a time in ISO 8601, local when it names no zone, or seconds since 1970."""
    if given is None or given == "":
        return None
    try:
        if isinstance(given, (int, float)) and not isinstance(given, bool):
            return datetime.fromtimestamp(given, UTC)
        return datetime.fromisoformat(str(given)).astimezone()
    except (ValueError, OverflowError, OSError):
        raise ValueError(
            f"observe_time: {given!r} is not a time such as 2026-11-22T10:30:00Z, or seconds since 1970"
        ) from None


def _csv(text: IO[str]) -> Iterator[tuple[int, dict[str, Any] | str]]:
    reader = csv.DictReader(text, restkey="", restval="")
    names = [name.strip() for name in reader.fieldnames or ()]
    if not names:
        return
    reader.fieldnames = names
    if "value" not in names or not {"prediction_id", "entity_id"} & set(names):
        raise CommandError(
            f"the first line names the columns {', '.join(names)}; it must name value, and prediction_id or "
            f"entity_id. Known are {', '.join(KNOWN)}."
        )
    while True:
        line = reader.line_num + 1
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield line, f"is not CSV: {error}"
            continue
        if fields.pop("", None):
            yield line, f"has more cells than the {len(names)} columns"
        else:
            yield line, fields


def _json_lines(text: IO[str]) -> Iterator[tuple[int, dict[str, Any] | str]]:
    for line, content in enumerate(text, start=1):
        if not content.strip():
            continue
        try:
            fields = json.loads(content)
        except ValueError as error:
            yield line, f"is not JSON: {error}"
            continue
        if isinstance(fields, dict):
            yield line, fields
        else:
            yield line, 'is no JSON object such as {"prediction_id": "…", "value": 1}'
