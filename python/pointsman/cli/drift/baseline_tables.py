"""Reads tables of training data, Parquet or CSV, into the columns of a baseline."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pointsman.cli.line.context import CommandError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa

DELIMITERS = {".csv": ",", ".tsv": "\t"}
_WORDS = {",": "commas", "\t": "tabs"}
_OTHER_DELIMITER = re.compile(r"[,;\t|]")
_LEADING_ZERO = re.compile(r"\s*[+-]?0[0-9]")


def columns_of(file: str, ending: str) -> dict[str, list[Any]]:
    """Reads a table.

    Args:
        file: The file.
        ending: ``.parquet``, ``.csv`` or ``.tsv``: how it is written.

    Returns:
        By column its values; None where a cell is empty. Of CSV a column is text where one of its cells is
        none of a number, true and false, or a number with a zero before it, as postal codes have.

    Raises:
        CommandError: It cannot be read, two columns have the same name, or one holds what no feature is.
    """
    try:
        if ending in DELIMITERS:
            table = _csv_table(file, DELIMITERS[ending])
        else:
            import pyarrow.parquet as pq

            if Path(file).is_file():
                _refuse_namesakes(file, pq.read_schema(file).names)
            table = pq.read_table(file)
    except (OSError, ValueError) as error:
        raise CommandError(f"{file}: cannot be read: {error}") from error
    for field in table.schema:
        _refuse_unsent(file, field)
    return {name: _cells(table.column(name)) for name in table.column_names}


def _csv_table(file: str, delimiter: str) -> pa.Table:
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    coded = _coded_columns(file, delimiter)
    return arrow_csv.read_csv(
        file,
        parse_options=arrow_csv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
        convert_options=arrow_csv.ConvertOptions(column_types=dict.fromkeys(coded, pa.string())),
    )


def _coded_columns(file: str, delimiter: str) -> set[str]:
    """Answers the columns of which a cell is digits behind a zero: a code, that as a number would lose it.

    It is strict, which Arrow is not: to Arrow a quote that is not closed holds all rows behind it.
    """
    with Path(file).open(encoding="utf-8-sig", newline="") as text:
        reader = csv.reader(text, delimiter=delimiter, strict=True)
        names: list[str] = []
        coded: set[int] = set()
        while True:
            line = reader.line_num + 1
            try:
                cells = next(reader)
            except StopIteration:
                return {names[place] for place in coded}
            except csv.Error as error:
                raise CommandError(
                    f"{file}: line {line}: the row that begins here is not CSV: {error}"
                ) from None
            if not names:
                names = cells
                _check_heading(file, names, delimiter)
            elif cells and len(cells) != len(names):
                raise CommandError(
                    f"{file}: line {line}: has {len(cells)} cells, and the first line {len(names)}"
                )
            else:
                coded.update(place for place, cell in enumerate(cells) if _LEADING_ZERO.match(cell))


def _check_heading(file: str, names: Sequence[str], delimiter: str) -> None:
    if len(names) == 1 and (found := _OTHER_DELIMITER.search(names[0])):
        raise CommandError(
            f"{file}: the first line, {names[0][:80]!r}, names one column and holds {found[0]!r}; cells of "
            f"this file are parted by {_WORDS[delimiter]}, by its ending: .csv by commas, .tsv by tabs"
        )
    _refuse_namesakes(file, names)


def _refuse_namesakes(file: str, names: Sequence[str]) -> None:
    for name in names:
        if names.count(name) > 1:
            raise CommandError(
                f"{file}: {names.count(name)} columns are called {name!r}; rename or leave out"
            )


def _refuse_unsent(file: str, field: pa.Field) -> None:
    if _is_sent(field.type):
        return
    raise CommandError(
        f"{file}: column {field.name!r} is of type {field.type}; features are numbers, text, or true and "
        "false. Leave the column out, or write it as such: a time as a number of days, a decimal as a double."
    )


def _is_sent(kind: pa.DataType) -> bool:
    """Whether values of a type of Arrow are what features are."""
    from pyarrow import types

    if types.is_dictionary(kind) or types.is_list(kind) or types.is_large_list(kind):
        return _is_sent(kind.value_type)
    wanted = (
        types.is_integer,
        types.is_floating,
        types.is_boolean,
        types.is_string,
        types.is_large_string,
        types.is_string_view,
        types.is_null,
    )
    return any(is_one(kind) for is_one in wanted)


def _cells(column: pa.ChunkedArray) -> list[Any]:
    return [None if cell == "" else cell for cell in column.to_pylist()]
