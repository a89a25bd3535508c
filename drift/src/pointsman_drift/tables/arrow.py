"""What lies in memory, as an Arrow table that shares its memory where it can."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.dataset as ds

from pointsman_drift.errors import InvalidTableError

_ACCEPTED = (
    "a pandas or Polars DataFrame, an Arrow table, a mapping of names to lists, or paths of Parquet files"
)


def arrow_table(data: Any, side: str, features: Sequence[str] | None) -> tuple[Any, list[str]]:
    """Answers what DuckDB can read, and the columns' names in order.

    Args:
        data: A table in memory, or an Arrow dataset.
        side: ``reference`` or ``current``.
        features: Of pandas and mappings only these are converted; None for all.

    Raises:
        InvalidTableError: It is no table, or a column cannot be converted.
    """
    if isinstance(data, pa.RecordBatch):
        data = pa.Table.from_batches([data])
    if isinstance(data, pa.Table):
        places = [place for place, name in enumerate(data.column_names) if _is_taken(name, features)]
        table = data.select(places)
        return _readable(table, side), list(table.column_names)
    if isinstance(data, ds.Dataset):
        return data, list(data.schema.names)
    if isinstance(data, Mapping):
        return _of_columns([(name, data[name]) for name in data], side, features)
    module = type(data).__module__.partition(".")[0]
    if module == "pandas" and hasattr(data, "columns"):
        columns = [(name, data.iloc[:, place]) for place, name in enumerate(data.columns)]
        return _of_columns(columns, side, features)
    if module == "polars" and type(data).__name__ == "DataFrame":
        names = [name for name in data.columns if _is_taken(name, features)]
        arrays = [_of_polars(name, data.get_column(name), side) for name in names]
        return _readable(pa.Table.from_arrays(arrays, names), side), names
    if module == "polars" and type(data).__name__ == "LazyFrame":
        raise InvalidTableError(f"the {side} is a LazyFrame; call .collect() first, or give the files' paths")
    raise InvalidTableError(f"the {side} is a {type(data).__name__}; give {_ACCEPTED}")


def _of_columns(
    columns: Sequence[tuple[Any, Any]], side: str, features: Sequence[str] | None
) -> tuple[pa.Table, list[str]]:
    names = [str(name) for name, _ in columns]
    taken = [
        (name, values) for name, (_, values) in zip(names, columns, strict=True) if _is_taken(name, features)
    ]
    arrays = [_array(name, values, side) for name, values in taken]
    for (name, _), array in zip(taken, arrays, strict=True):
        if len(array) != len(arrays[0]):
            raise InvalidTableError(
                f"column {name!r}: the {side} has {len(array)} values of it and {len(arrays[0])} of "
                f"{taken[0][0]!r}; columns must be equally long (None where a value is missing)"
            )
    names = [name for name, _ in taken]
    return _readable(pa.Table.from_arrays(arrays, names), side), names


def _is_taken(name: str, features: Sequence[str] | None) -> bool:
    return features is None or name in features


def _readable(table: pa.Table, side: str) -> pa.Table:
    """Answers the table with types that DuckDB has, or refuses it."""
    for place, field in enumerate(table.schema):
        if pa.types.is_float16(field.type):
            single = table.column(place).cast(pa.float32())
            table = table.set_column(place, field.name, single)
        elif pa.types.is_decimal256(field.type):
            raise InvalidTableError(
                f"column {field.name!r}: the {side} has {field.type}; cast it to decimal128 or to double"
            )
    return table


def _of_polars(name: str, series: Any, side: str) -> Any:
    try:
        return series.to_arrow()
    except (pa.ArrowException, NotImplementedError) as error:
        raise InvalidTableError(
            f"column {name!r}: the {side} has {series.dtype}, which Arrow lacks ({error}); cast it"
        ) from error


def _array(name: str, values: Any, side: str) -> Any:
    if isinstance(values, str | bytes) or not hasattr(values, "__len__"):
        raise InvalidTableError(
            f"column {name!r}: the {side} has a {type(values).__name__}; give a list of values"
        )
    if isinstance(values, np.ndarray) and values.ndim != 1:
        raise InvalidTableError(
            f"column {name!r}: the {side} has {values.ndim} dimensions; give one value a row"
        )
    try:
        # Of pandas and plain lists NaN is what is missing, as None is.
        return pa.array(values, from_pandas=True)
    except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:
        raise InvalidTableError(
            f"column {name!r}: the {side} has values of no one type ({error}); convert them to one, "
            "for example with astype(str)"
        ) from error
