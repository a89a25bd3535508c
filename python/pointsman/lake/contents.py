"""Reads the rows of a page in full."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from pointsman.domain.records.predictions import Prediction
from pointsman.lake.conditions import Conditions, Span
from pointsman.lake.file_rows import FilePlace
from pointsman.lake.keys import Key
from pointsman.lake.rows import predictions_of
from pointsman.lake.tail import TailKey
from pointsman.lake.view import View


def read_contents(view: View, conditions: Conditions, keys: Sequence[Key]) -> list[Prediction]:
    """Answers rows that :class:`~pointsman.lake.keys.KeyFinder` found, in the order of their keys.

    Args:
        view: The state in which they were found.
        conditions: By which they were found.
        keys: Which rows.

    Raises:
        PositionGoneError: The manifest has gone on.
    """
    from_files = _from_files(view, {key.file_place for key in keys if key.path})
    from_tail = _from_tail(view, conditions, [key for key in keys if not key.path])
    return [from_files[key.file_place] if key.path else from_tail[key.tail_key] for key in keys]


def _from_files(view: View, places: Collection[FilePlace]) -> dict[FilePlace, Prediction]:
    found: dict[FilePlace, Prediction] = {}
    for here, table in view.files.read(places):
        found |= zip(here, predictions_of(table), strict=True)
    return found


def _from_tail(view: View, conditions: Conditions, keys: Sequence[Key]) -> dict[TailKey, Prediction]:
    if not keys:
        return {}
    times = [key.time_us for key in keys]
    return view.tail.rows(conditions.within(Span(min(times), max(times))), {key.tail_key for key in keys})
