"""Reads tables: DataFrames of pandas and Polars, Series of pandas, lists of dicts. Neither library is needed.

Values are taken column by column, as Python's own: a whole number stays one, whatever stands beside it.
"""

from __future__ import annotations

import dataclasses
import numbers
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pointsman.client._types import FeedbackValue

if TYPE_CHECKING:
    from collections.abc import Iterable

_METRIC = "reward"
"""What feedback measured that nobody names."""
_FEEDBACK_COLUMNS = tuple(attribute.name for attribute in dataclasses.fields(FeedbackValue))


@dataclass(frozen=True)
class TableRow:
    """One row of a table."""

    label: Any
    """The label of the row in a pandas index; elsewhere its number, from 0."""
    values: Mapping[str, Any]
    """By column; what pandas calls missing is None."""


class Table:
    """The rows of a table; they can be gone through more than once.

    Args:
        given: A DataFrame of pandas or Polars, or dicts.

    Raises:
        TypeError: It is something else, or a column's name is no string.
        ValueError: Two columns have the same name.
    """

    def __init__(self, given: Any) -> None:
        self._given = given
        self.columns: tuple[str, ...] | None = None
        """The names of the columns; None where each row has its own."""
        if _is_pandas_frame(given) or _is_polars_frame(given):
            self.columns = _names(given.columns)
        elif isinstance(given, (str, bytes, Mapping)) or not hasattr(given, "__iter__"):
            raise TypeError(
                f"rows: {type(given).__name__} is no table; give a DataFrame of pandas or Polars"
                " (a LazyFrame collected), or a list of dicts"
            )
        elif not isinstance(given, Sequence):
            self._given = list(given)

    def __len__(self) -> int:
        return len(self._given)

    def __iter__(self) -> Iterator[TableRow]:
        if self.columns is None:
            for place, values in enumerate(self._given):
                if not isinstance(values, Mapping):
                    raise TypeError(
                        f"rows[{place}]: {values!r} is a {type(values).__name__}; it takes a dict"
                    )
                yield TableRow(place, values)
        elif _is_polars_frame(self._given):
            for place, cells in enumerate(self._given.iter_rows()):
                yield TableRow(place, dict(zip(self.columns, cells, strict=True)))
        else:
            missing = _pandas_missing()
            rows = self._given.itertuples(index=False, name=None)
            for label, cells in zip(self._given.index, rows, strict=True):
                values = (None if _is_missing(cell, missing) else cell for cell in cells)
                yield TableRow(label, dict(zip(self.columns, values, strict=True)))


def entity_of(row: TableRow, column: str) -> tuple[str, Mapping[str, Any]]:
    """Takes the entity out of a row.

    Args:
        row: The row.
        column: The column that names the entity; empty for none.

    Returns:
        The entity's id and the other values.

    Raises:
        TypeError: It is neither text nor a whole number.
        ValueError: The row names none.
    """
    if not column:
        return "", row.values
    if column not in row.values or row.values[column] is None:
        raise ValueError(f"{column!r}: it names no entity; leave such rows out, or give '' for none")
    rest = {name: value for name, value in row.values.items() if name != column}
    value = row.values[column]
    if isinstance(value, str):
        return str(value), rest
    if not isinstance(value, bool) and isinstance(value, numbers.Integral):
        return str(int(value)), rest
    raise TypeError(
        f"{column!r}: {value!r} is of type {type(value).__name__}; an entity is text or a whole number"
    )


def cells_of(values: Iterable[Any]) -> Iterator[Any]:
    """Answers the values of a column, each as Python's own.

    Args:
        values: A list, an array, or a column of pandas or Polars.

    Returns:
        The values; None for pandas' NA and NaT, and of what is pandas' own for NaN, too.
    """
    # Times of numpy would become bare numbers.
    is_time = getattr(getattr(values, "dtype", None), "kind", "") in ("M", "m")
    listed = values.tolist() if hasattr(values, "tolist") and not is_time else values
    if "pandas" not in sys.modules:
        yield from listed
        return
    missing = _pandas_missing()
    if type(values).__module__.partition(".")[0] == "pandas":
        yield from (None if _is_missing(cell, missing) else cell for cell in listed)
    else:
        yield from (None if any(cell is nothing for nothing in missing) else cell for cell in listed)


def feedback_values(given: Any, metric: str | None) -> list[FeedbackValue]:
    """Makes values of feedback of what a caller has.

    Args:
        given: Values of feedback; or a pandas Series of values by prediction id; or a table with the columns
            ``value`` and some of the other fields of ``FeedbackValue``.
        metric: What those measured that do not say it; None means ``reward``.

    Returns:
        The values, in their order.

    Raises:
        TypeError: A column or an id is of another type.
        ValueError: A column is unknown, a value is missing, or a time names no zone.
    """
    if _is_pandas_series(given):
        missing = _pandas_missing()
        pairs = zip(given.index, given, strict=True)
        rows: Iterable[dict[str, Any]] = (
            {
                "prediction_id": _text("the Series' index", name),
                "value": None if _is_missing(value, missing) else value,
            }
            for name, value in pairs
        )
    elif hasattr(given, "to_frame") and not hasattr(given, "columns"):
        raise TypeError(
            f"values: {type(given).__name__} says no prediction ids; give a DataFrame with the columns"
            " prediction_id and value"
        )
    elif isinstance(given, (str, Mapping)):
        raise TypeError(f"values: {type(given).__name__} is no list of feedback")
    else:
        if not (_is_pandas_frame(given) or _is_polars_frame(given)):
            given = list(given)
            if all(isinstance(value, FeedbackValue) for value in given):
                return [_with_metric(value, metric) for value in given]
        rows = (dict(row.values) for row in Table(given))
    return [_feedback_value(place, row, metric) for place, row in enumerate(rows)]


def _feedback_value(place: int, row: dict[str, Any], metric: str | None) -> FeedbackValue:
    where = f"values[{place}]"
    if unknown := [name for name in row if name not in _FEEDBACK_COLUMNS]:
        raise ValueError(
            f"{where}: {unknown[0]!r} is no column of feedback; those are {', '.join(_FEEDBACK_COLUMNS)}"
        )
    told = {name: value for name, value in row.items() if value is not None}
    if _is_missing(told.get("value"), ()):
        raise ValueError(f"{where}: value: it is missing; leave rows without feedback out")
    if isinstance(number := told.get("row"), float) and number.is_integer():
        told["row"] = int(number)  # what pandas makes of whole numbers with gaps
    time = told.get("observe_time")
    if isinstance(time, datetime) and time.tzinfo is None:
        raise ValueError(f"{where}: observe_time: {time} names no zone; give it one, for example UTC")
    return _with_metric(FeedbackValue(**told), metric)


def _with_metric(value: FeedbackValue, metric: str | None) -> FeedbackValue:
    """Answers a value with what it measured: as it says itself, or as is said of all."""
    return value if value.metric else dataclasses.replace(value, metric=metric or _METRIC)


def _names(columns: Iterable[Any]) -> tuple[str, ...]:
    names = tuple(_text("the columns", name) for name in columns)
    if len(set(names)) < len(names):
        twice = next(name for place, name in enumerate(names) if name in names[:place])
        raise ValueError(f"rows: two columns are called {twice!r}")
    return names


def _text(where: str, name: Any) -> str:
    if not isinstance(name, str):
        raise TypeError(f"{where}: {name!r} is of type {type(name).__name__}; a name is a string")
    return str(name)


def _is_pandas_frame(given: Any) -> bool:
    return hasattr(given, "itertuples") and hasattr(given, "columns")


def _is_pandas_series(given: Any) -> bool:
    return hasattr(given, "iloc") and hasattr(given, "index") and not hasattr(given, "columns")


def _is_polars_frame(given: Any) -> bool:
    return hasattr(given, "iter_rows") and hasattr(given, "columns")


def _pandas_missing() -> tuple[Any, ...]:
    """Answers what stands for nothing in pandas, which is loaded when a caller has something of it."""
    pandas = sys.modules["pandas"]
    return (pandas.NA, pandas.NaT)


def _is_missing(value: Any, missing: tuple[Any, ...]) -> bool:
    if value is None or any(value is nothing for nothing in missing):
        return True
    return isinstance(value, numbers.Real) and bool(value != value)
