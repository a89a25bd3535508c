"""Reads rows of feedback from CSV or JSON lines; a row that makes no sense carries its reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

from pointsman.cli.feedback import cells as feedback_cells
from pointsman.cli.feedback.csv_lines import csv_lines
from pointsman.cli.line.arguments import NotJsonError, read_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pointsman.client import FeedbackValue


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
        UnreadRestError: A CSV file cannot be read from a row on.
    """
    for line, fields in csv_lines(text) if kind == "csv" else _json_lines(text):
        if isinstance(fields, str):
            yield Row(line, "", metric, None, fields)
            continue
        prediction_id, named = "", metric
        try:
            prediction_id = feedback_cells.name("prediction_id", fields.get("prediction_id"))
            named = feedback_cells.name("metric", fields.get("metric")) or metric
            yield Row(line, prediction_id, named, _value(fields, prediction_id, named, router_id))
        except ValueError as error:
            yield Row(line, prediction_id, named, None, str(error))


def _value(fields: Mapping[str, Any], prediction_id: str, metric: str, router_id: str) -> FeedbackValue:
    from pointsman.client import FeedbackValue

    entity_id = feedback_cells.name("entity_id", fields.get("entity_id"))
    if not prediction_id and not entity_id:
        raise ValueError("prediction_id: is empty; give it, or entity_id and router_id")
    if prediction_id:
        # With the prediction known, whom it was for is of no matter.
        entity_id = router_id = ""
    else:
        router_id = feedback_cells.name("router_id", fields.get("router_id")) or router_id
        if not router_id:
            raise ValueError("router_id: is empty; a row with entity_id needs it, in the file or as --router")
    return FeedbackValue(
        value=feedback_cells.value(fields.get("value")),
        prediction_id=prediction_id,
        metric=metric,
        row=feedback_cells.row(fields.get("row")),
        observe_time=feedback_cells.observe_time(fields.get("observe_time")),
        router_id=router_id,
        entity_id=entity_id,
    )


def _json_lines(text: IO[str]) -> Iterator[tuple[int, dict[str, Any] | str]]:
    for line, content in enumerate(text, start=1):
        if not content.strip():
            continue
        try:
            fields = read_json(content)
        except NotJsonError as error:
            yield line, str(error)
            continue
        if isinstance(fields, dict):
            yield line, fields
        else:
            yield line, 'is no JSON object such as {"prediction_id": "…", "value": 1}'
