"""Files of outcomes, read part by part: where each row stands, and what is wrong with it.

A part is any piece of a file from where the one before was read to. Only whole rows of it are read, and the
rest comes again with the next part, so that nothing of a row is ever kept between the two.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, NamedTuple

from pointsman.domain import times
from pointsman.domain.violations import shown

MAX_ROW_BYTES = 65_536
"""A row that is longer is none: a quote was not closed, or the lines do not end as they should."""
ENTITY, OUTCOME, TIME = "entity_id", "actual_outcome", "outcome_timestamp"
COLUMNS = (ENTITY, OUTCOME, TIME)
_REQUIRED = (ENTITY, OUTCOME)
_NAMES = {name: name for name in COLUMNS} | {
    "entityId": ENTITY,
    "actualOutcome": OUTCOME,
    "outcomeTimestamp": TIME,
}
_OTHER_DELIMITER = re.compile(r"[,;\t|]")
_MARK = "\ufeff"


class TruthFormat(StrEnum):
    """How a file is written."""

    CSV = "csv"
    TSV = "tsv"
    JSON_LINES = "json_lines"


@dataclass(frozen=True)
class FilePlace:
    """How far a file is read.

    Attributes:
        byte: Bytes before the place.
        line: Lines before it.
        columns: Of a table what each of its columns is; none before its first line is read.
    """

    byte: int = 0
    line: int = 0
    columns: tuple[str, ...] = ()


@dataclass(frozen=True)
class RowFault:
    """What is wrong with a row.

    Attributes:
        line: The line where it begins, from 1.
        field: The column; empty for the whole row.
        description: What is wrong with it.
    """

    line: int
    field: str
    description: str

    @property
    def path(self) -> str:
        """The row and the column, as errors name fields."""
        return f"lines[{self.line}]" + (f".{self.field}" if self.field else "")


class FileRow(NamedTuple):
    """A row as it stands in the file.

    Attributes:
        line: The line where it begins, from 1.
        time_us: When it was observed, in UTC microseconds; None where it is not said.
    """

    line: int
    entity_id: str
    outcome: Any
    time_us: int | None


@dataclass
class FilePart:
    """What a part of a file says.

    Attributes:
        place: Behind the last row that was read.
        rows: The rows that can be read.
        faults: What is wrong with others.
        is_hopeless: Whether nothing behind this place can be read.
    """

    place: FilePlace
    rows: list[FileRow] = field(default_factory=list)
    faults: list[RowFault] = field(default_factory=list)
    is_hopeless: bool = False


def read_part(
    kind: TruthFormat,
    place: FilePlace,
    chunk: bytes,
    *,
    is_last: bool,
    max_row_bytes: int = MAX_ROW_BYTES,
) -> FilePart:
    """Reads the whole rows of a part.

    Args:
        kind: How the file is written.
        place: Where the part begins.
        chunk: The bytes from there on.
        is_last: Whether the file ends with them.
        max_row_bytes: A row that is longer is none.

    Returns:
        The rows, what is wrong with others, and where the next part begins.
    """
    end = len(chunk) if is_last else chunk.rfind(b"\n") + 1
    part = FilePart(place)
    whole, mark_bytes = chunk[:end], 0
    if place.byte == 0:
        if chunk[:2] in (b"\xff\xfe", b"\xfe\xff"):
            return _hopeless(part, place.line, "the file is UTF-16; save it as UTF-8")
        if whole.startswith(_MARK.encode()):
            mark_bytes = len(_MARK.encode())
    try:
        text, is_utf8 = whole[mark_bytes:].decode(), True
    except UnicodeDecodeError:
        text, is_utf8 = whole[mark_bytes:].decode(errors="surrogateescape"), False
    if kind is TruthFormat.JSON_LINES:
        line_count, used = _read_json(part, text, place.line), None
    else:
        line_count, used = _read_table(part, kind, text, place, is_utf8=is_utf8)
    if part.is_hopeless:
        return part
    if used is not None and is_last:
        return _hopeless(part, place.line + line_count, "has a quote that is not closed before the file ends")
    taken = end if used is None else used + mark_bytes
    if len(chunk) - taken >= max_row_bytes:
        return _hopeless(
            part,
            place.line + line_count,
            f"is longer than {max_row_bytes} bytes, or has a quote that is not closed; lines end with a "
            "line feed",
        )
    part.place = replace(part.place, byte=place.byte + taken, line=place.line + line_count)
    return part


def missing_columns(kind: TruthFormat, place: FilePlace) -> RowFault | None:
    """Says what a file lacks that has ended here: its first line; None where that is there."""
    if kind is TruthFormat.JSON_LINES or place.columns:
        return None
    return RowFault(1, "", f"the file is empty; its first line names the columns {', '.join(COLUMNS)}")


def _hopeless(part: FilePart, line_count: int, description: str) -> FilePart:
    part.faults.append(RowFault(line_count + 1, "", description))
    part.is_hopeless = True
    return part


def _read_table(
    part: FilePart, kind: TruthFormat, text: str, place: FilePlace, *, is_utf8: bool
) -> tuple[int, int | None]:
    """Reads rows of cells; answers how many lines, and how many bytes where the last row is broken off."""
    delimiter = "\t" if kind is TruthFormat.TSV else ","
    reader = csv.reader(io.StringIO(text, newline="\n"), delimiter=delimiter, strict=True)
    read_row = _row_reader(place.columns)
    while True:
        before = reader.line_num
        line = place.line + before + 1
        try:
            cells = next(reader)
        except StopIteration:
            return before, None
        except csv.Error as error:
            if "end of data" in str(error):
                return before, _bytes_of_lines(text, before)
            if "field larger" in str(error):
                _hopeless(part, line - 1, f"is longer than {MAX_ROW_BYTES} bytes: a quote is not closed")
                return before, None
            part.faults.append(RowFault(line, "", _table_fault(error)))
            continue
        if not cells:
            continue
        if not is_utf8 and (fault := _broken_text(line, part.place.columns, cells)):
            part.faults.append(fault)
        elif part.place.columns:
            _keep(part, line, read_row, cells)
        elif faults := _columns_faults(line, cells, delimiter):
            part.faults += faults
            part.is_hopeless = True
            return before, None
        else:
            part.place = replace(part.place, columns=tuple(_NAMES[name] for name in cells))
            read_row = _row_reader(part.place.columns)


def _row_reader(columns: Sequence[str]) -> Callable[[int, Sequence[str]], FileRow]:
    """Answers what makes a row of cells; it raises `_FaultError`."""
    width = len(columns)
    entity, outcome = (columns.index(name) if name in columns else 0 for name in _REQUIRED)
    time = columns.index(TIME) if TIME in columns else -1

    def read(line: int, cells: Sequence[str]) -> FileRow:
        if len(cells) != width:
            raise _FaultError("", f"has {len(cells)} cells, and the first line {width}")
        return FileRow(line, cells[entity], cells[outcome], _time(cells[time] if time >= 0 else None))

    return read


def _columns_faults(line: int, cells: Sequence[str], delimiter: str) -> list[RowFault]:
    """Says what is wrong with the names of columns."""
    named = ", ".join(COLUMNS)
    if len(cells) == 1 and cells[0] not in _NAMES and (found := _OTHER_DELIMITER.search(cells[0])):
        told = (
            f"{shown(cells[0])} is one cell: {found[0]!r} stands between the names, and {delimiter!r} is to"
        )
        return [RowFault(line, "", f"{told}; name the columns {named}")]
    faults = [
        RowFault(line, _named(name), f"is no column of outcomes; the columns are {named}")
        for name in cells
        if name not in _NAMES
    ]
    names = [_NAMES.get(name, "") for name in cells]
    faults += [
        RowFault(line, name, "stands there twice; leave one out") for name in COLUMNS if names.count(name) > 1
    ]
    faults += [RowFault(line, name, "is missing; it is required") for name in _REQUIRED if name not in names]
    return faults


def _read_json(part: FilePart, text: str, lines_before: int) -> int:
    """Reads objects, one a line; answers how many lines."""
    line = lines_before
    for line, written in enumerate(io.StringIO(text, newline="\n"), lines_before + 1):
        if written.strip():
            _keep(part, line, _json_row, written)
    return line - lines_before


def _json_row(line: int, written: str) -> FileRow:
    try:
        found = json.loads(written, object_pairs_hook=_object, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        raise _FaultError("", f"is no JSON: {error.msg} at character {error.colno}") from error
    except RecursionError as error:
        raise _FaultError("", "has too many lists and objects in one another") from error
    except ValueError as error:
        raise _FaultError("", f"is no JSON: {error}") from error
    if not isinstance(found, dict):
        raise _FaultError("", "is no object; write one with the names " + ", ".join(COLUMNS))
    entity_id = found.get(ENTITY)
    if isinstance(entity_id, int) and not isinstance(entity_id, bool):
        entity_id = str(entity_id)
    if entity_id is None:
        entity_id = ""
    if not isinstance(entity_id, str):
        raise _FaultError(ENTITY, "is no text")
    outcome = found.get(OUTCOME)
    for name, value in ((ENTITY, entity_id), (OUTCOME, outcome)):
        if isinstance(value, str) and not _is_text(value):
            raise _FaultError(name, "is not UTF-8; save the file as UTF-8")
    if isinstance(outcome, int) and not isinstance(outcome, bool):
        outcome = _exact(outcome)
    return FileRow(line, entity_id, outcome, _time(found.get(TIME)))


def _exact(number: int) -> float:
    if abs(number) >= 2**53:
        raise _FaultError(OUTCOME, "is a whole number from 2^53 on, which may be rounded; write it as text")
    return float(number)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for given, value in pairs:
        name = _NAMES.get(given, given)
        if name in found:
            raise _FaultError(_named(name), "stands there twice; leave one out")
        found[name] = value
    for name in found:
        if name not in COLUMNS:
            raise _FaultError(_named(name), f"is not known; the names are {', '.join(COLUMNS)}")
    return found


def _refuse_constant(text: str) -> float:
    raise ValueError(f"{text} is no number of JSON")


def _time(given: object) -> int | None:
    if given is None or given == "":
        return None
    if isinstance(given, bool) or not isinstance(given, (str, int, float)):
        raise _FaultError(TIME, "is neither a text nor a number")
    try:
        return times.read_time(given)
    except ValueError as error:
        raise _FaultError(TIME, str(error)) from error


class _FaultError(Exception):
    """A row cannot be read.

    Args:
        field: The column; empty for the whole row.
        description: What is wrong with it.
    """

    def __init__(self, field: str, description: str) -> None:
        super().__init__(description)
        self.field = field
        self.description = description


def _keep(part: FilePart, line: int, read: Callable[[int, Any], FileRow], content: Any) -> None:
    try:
        part.rows.append(read(line, content))
    except _FaultError as fault:
        part.faults.append(RowFault(line, fault.field, fault.description))


def _table_fault(error: csv.Error) -> str:
    if "new-line" in str(error):
        return "has a carriage return inside; end lines with a line feed, and put cells with one in quotes"
    return f"is no CSV: {error}"


def _broken_text(line: int, columns: Sequence[str], cells: Sequence[str]) -> RowFault | None:
    for place, cell in enumerate(cells):
        if not _is_text(cell):
            name = columns[place] if place < len(columns) else ""
            return RowFault(line, name, "is not UTF-8; save the file as UTF-8")
    return None


def _named(name: str) -> str:
    """Answers a name as faults have it; a key of JSON can hold half of a pair of surrogates."""
    return name[:64].encode(errors="backslashreplace").decode()


def _is_text(value: str) -> bool:
    if value.isascii():
        return True
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _bytes_of_lines(text: str, count: int) -> int:
    """Answers how many bytes the first lines of a text have."""
    end = 0
    for _ in range(count):
        end = text.index("\n", end) + 1
    return len(text[:end].encode(errors="surrogateescape"))
