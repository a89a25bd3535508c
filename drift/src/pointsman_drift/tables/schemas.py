"""Whether Parquet files are one table: they have the same columns, each with values of one family."""

from collections.abc import Collection, Iterator, Sequence

import pyarrow as pa
import pyarrow.parquet as pq

from pointsman_drift.errors import InvalidTableError
from pointsman_drift.tables.families import Family


def parquet_names(files: Sequence[str], side: str, wanted: Collection[str] | None) -> list[str]:
    """Answers the columns' names, in the order in which files matched by name have them.

    Args:
        files: Paths, at least one.
        side: ``reference`` or ``current``, for what is said about them.
        wanted: Names of the columns that are read; None for all.

    Raises:
        InvalidTableError: A file is none, lacks a column that another has, or has it with other values.
    """
    schemas = [_schema(file) for file in files]
    names = list(dict.fromkeys(name for schema in schemas for name in schema.names))
    first = schemas[0]
    if len(schemas) == 1 or all(schema.equals(first) for schema in schemas):
        # A name that is there twice is told by who opens them.
        return list(first.names)
    if len({name.casefold() for name in names}) < len(names):
        _refuse_other_order(files, schemas, side)
    for name in names if wanted is None else [name for name in names if name in wanted]:
        for file, schema in zip(files, schemas, strict=True):
            if name not in schema.names:
                raise InvalidTableError(
                    f"column {name!r}: file {file!r} of the {side} lacks it; add it, or compare others with "
                    "features=[...]"
                )
        _refuse_mixed(name, [schema.field(name).type for schema in schemas], side)
    return names


def _schema(file: str) -> pa.Schema:
    try:
        return pq.read_schema(file)
    except (pa.ArrowException, OSError) as error:
        raise InvalidTableError(f"{file!r} is no Parquet file: {error}") from error


def _refuse_other_order(files: Sequence[str], schemas: Sequence[pa.Schema], side: str) -> None:
    """Refuses names that differ by case alone in another order, for files are matched without case."""
    for file, schema in zip(files, schemas, strict=True):
        if schema.names != schemas[0].names:
            raise InvalidTableError(
                f"the {side} has columns whose names differ by case alone, and file {file!r} has not those "
                f"of {files[0]!r} in the same order; rename them, or write all files alike"
            )


def _refuse_mixed(name: str, types: Sequence[pa.DataType], side: str) -> None:
    found = sorted(set(_families(types)))
    if len(found) > 1:
        raise InvalidTableError(
            f"column {name!r}: files of the {side} have it as {' and as '.join(found)}; "
            "write all with one type"
        )


def _families(types: Sequence[pa.DataType]) -> Iterator[str]:
    """Answers what values of each type are; those of one family are read as their widest type."""
    for given in types:
        type_ = given.value_type if pa.types.is_dictionary(given) else given
        if pa.types.is_null(type_):
            continue
        if pa.types.is_float32(type_) or pa.types.is_float16(type_):
            # Others would be rounded to it, or the same number would be another in double precision.
            yield "number in single precision"
        elif pa.types.is_integer(type_) or pa.types.is_floating(type_) or pa.types.is_decimal(type_):
            yield Family.NUMBER
        elif pa.types.is_string(type_) or pa.types.is_large_string(type_):
            yield Family.TEXT
        elif pa.types.is_timestamp(type_):
            yield Family.CIVIL if type_.tz is None else Family.INSTANT
        elif pa.types.is_date(type_):
            yield Family.CIVIL
        elif pa.types.is_time(type_):
            yield Family.CLOCK
        else:
            yield str(type_)
