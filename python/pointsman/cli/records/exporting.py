"""Writes recorded predictions into files as they come: CSV, JSON lines, Parquet.

A thing has one name in all three. What is a list or an object is JSON in a cell of CSV and Parquet, and is
itself in JSON lines.
"""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import re
import sys
import tempfile
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Protocol

from pointsman.cli.line.context import CommandError
from pointsman.cli.output import printing
from pointsman.domain.batching import batched

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from pointsman.client import PredictionRecord

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
# Whole numbers of so many digits come as text; they are no formulas and keep their sign.
_LARGE_NUMBER = re.compile(r"-\d{16,}", re.ASCII)
FEATURE_PREFIX = "f_"
FEEDBACK_PREFIX = "feedback_"
_CHUNK_ROWS = 1000
_ROW_GROUP_ROWS = 20_000

# Name, and the type in Parquet: s text, i integer, u unsigned, d number, b yes or no, t time.
_COLUMNS = {
    "prediction_id": "s",
    "row": "i",
    "row_count": "i",
    "time": "t",
    "router_id": "s",
    "variant": "s",
    "model_id": "s",
    "model_version": "s",
    "reason": "s",
    "randomised_by": "s",
    "propensity": "d",
    "eligible_variants": "s",
    "generation": "i",
    "router_generation": "i",
    "allocation_version": "i",
    "epoch": "i",
    "draw": "u",
    "slot": "i",
    "entity_id": "s",
    "experiment_id": "s",
    "request_id": "s",
    "trace_id": "s",
    "status_code": "i",
    "overhead_seconds": "d",
    "backend_seconds": "d",
    "replayable": "b",
    "features_content": "s",
    "answer_content": "s",
    "prediction_label": "s",
    "prediction_number": "d",
    "probabilities": "s",
    "confidence": "d",
    "outputs": "s",
    "answer_notes": "s",
    "decided_variant": "s",
    "rule": "s",
    "feedback": "s",
}


@dataclass(frozen=True)
class Order:
    """In which order columns of features and feedback come; those that it does not name come after."""

    features: Sequence[str] = ()
    metrics: Sequence[str] = ()


@dataclass(frozen=True)
class Columns:
    """The columns that records bring along."""

    features: dict[str, str]
    """The features with the types of their columns, in order."""
    metrics: Sequence[str]
    """The metrics of feedback, in order."""

    def kinds(self) -> dict[str, str]:
        """Answers the types of all columns by name, in order."""
        return {
            **_COLUMNS,
            **{FEEDBACK_PREFIX + name: "d" for name in self.metrics},
            **{FEATURE_PREFIX + name: kind for name, kind in self.features.items()},
            "features_other": "s",
        }


_ANY_ORDER = Order()


class Writer(Protocol):
    """Writes rows in one format."""

    def write(self, records: Sequence[PredictionRecord]) -> None:
        """Adds rows."""

    def close(self) -> None:
        """Writes what is left."""


def export(records: Iterable[PredictionRecord], file: str, name: str, order: Order = _ANY_ORDER) -> int:
    """Writes records as they come.

    Args:
        records: The records.
        file: Where; ``-`` is standard output. A file appears only when all is in it.
        name: ``csv``, ``jsonl`` or ``parquet``.
        order: In which order columns come.

    Returns:
        How many there were.

    Raises:
        CommandError: The file cannot be written.
    """
    waiting = iter(records)
    # The first rows say which features there are; it comes before the file, for it may fail.
    first = list(islice(waiting, _CHUNK_ROWS))
    with _progress() as advance, _opened(file) as output:
        writer = _WRITERS[name](output, first, order)
        count = 0
        for chunk in chain([first], batched(waiting, _CHUNK_ROWS)):
            writer.write(chunk)
            count += len(chunk)
            advance(len(chunk))
        writer.close()
    return count


def neutral(text: str) -> str:
    """Answers text that no spreadsheet takes for a formula."""
    is_harmless = not text.startswith(FORMULA_STARTS) or _LARGE_NUMBER.fullmatch(text)
    return text if is_harmless else f"'{text}"


def columns_of(records: Iterable[PredictionRecord], order: Order = _ANY_ORDER) -> Columns:
    """Answers the columns of records; of names that differ in case only, the first has one.

    Args:
        records: The records that are looked at.
        order: In which order the columns come.
    """
    features: dict[str, str] = {}
    metrics: dict[str, None] = dict.fromkeys(order.metrics)
    for record in records:
        for name, value in record.features.items():
            if kind := _kind(value):
                features.setdefault(name, kind)
        metrics.update(dict.fromkeys(item.metric for item in record.feedback))
    listed = _distinct(_sorted(features, order.features))
    return Columns({name: features[name] for name in listed}, _distinct(_sorted(metrics, order.metrics)))


def facts(record: PredictionRecord) -> dict[str, Any]:
    """Answers a record by the names of columns, without its features; lists and objects are themselves."""
    row: dict[str, Any] = {name: getattr(record, name, None) for name in _COLUMNS}
    row["reason"], row["randomised_by"] = record.reason.value, record.randomised_by.value
    row["features_content"] = record.features_content.value
    row["answer_content"] = record.answer_content.value
    row["eligible_variants"] = {item.variant: item.propensity for item in record.eligible_variants} or None
    row["overhead_seconds"] = record.overhead.total_seconds() if record.overhead else None
    row["backend_seconds"] = record.backend_latency.total_seconds() if record.backend_latency else None
    number = isinstance(record.prediction, (int, float)) and not isinstance(record.prediction, bool)
    row["prediction_number"] = record.prediction if number else None
    row["prediction_label"] = None if number or record.prediction is None else _text(record.prediction)
    row["probabilities"] = list(record.probabilities) or None
    row["outputs"] = dict(record.outputs) or None
    row["answer_notes"] = list(record.answer_notes) or None
    row["feedback"] = [printing.plain(item) for item in record.feedback] or None
    return row


def flat(record: PredictionRecord, columns: Columns) -> dict[str, Any]:
    """Answers a record as one row of cells: lists and objects, and features that fit no column, as JSON.

    Args:
        record: The record.
        columns: The columns that rows have.
    """
    row = {
        name: _json(value) if isinstance(value, (dict, list)) else value
        for name, value in facts(record).items()
    }
    values = {item.metric: item.value for item in record.feedback}
    row.update({FEEDBACK_PREFIX + name: values.get(name) for name in columns.metrics})
    fitting = {
        name: value for name, value in record.features.items() if columns.features.get(name) == _kind(value)
    }
    row.update({FEATURE_PREFIX + name: fitting.get(name) for name in columns.features})
    other = {
        name: value for name, value in record.features.items() if value is not None and name not in fitting
    }
    row["features_other"] = _json(other or None)
    return row


def line_of(record: PredictionRecord, order: Order = _ANY_ORDER) -> dict[str, Any]:
    """Answers a record as an object of JSON, with every feature and metric of its own under a column's name.

    Args:
        record: The record.
        order: In which order features and metrics come.
    """
    values = {item.metric: item.value for item in record.feedback}
    return {
        **facts(record),
        **{FEEDBACK_PREFIX + name: values[name] for name in _sorted(values, order.metrics)},
        **{FEATURE_PREFIX + name: record.features[name] for name in _sorted(record.features, order.features)},
    }


class _Csv:
    def __init__(self, output: IO[bytes], first: Sequence[PredictionRecord], order: Order) -> None:
        self._columns = columns_of(first, order)
        self._text = io.TextIOWrapper(output, encoding="utf-8", newline="", write_through=False)
        self._rows = csv.DictWriter(self._text, list(self._columns.kinds()))
        self._rows.writeheader()

    def write(self, records: Sequence[PredictionRecord]) -> None:
        for record in records:
            row = flat(record, self._columns)
            self._rows.writerow({name: _cell(value) for name, value in row.items()})
        self._text.flush()

    def close(self) -> None:
        self._text.flush()
        self._text.detach()


class _JsonLines:
    def __init__(self, output: IO[bytes], _: Sequence[PredictionRecord], order: Order) -> None:
        self._output = output
        self._order = order

    def write(self, records: Sequence[PredictionRecord]) -> None:
        for record in records:
            told = printing.plain(line_of(record, self._order))
            line = json.dumps(told, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
            self._output.write(line.encode() + b"\n")

    def close(self) -> None:
        self._output.flush()


class _Parquet:
    def __init__(self, output: IO[bytes], first: Sequence[PredictionRecord], order: Order) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        self._columns = columns_of(first, order)
        types = {
            "s": pa.string(),
            "i": pa.int64(),
            "u": pa.uint64(),
            "d": pa.float64(),
            "b": pa.bool_(),
            "t": pa.timestamp("us", tz="UTC"),
        }
        self._schema = pa.schema([(name, types[kind]) for name, kind in self._columns.kinds().items()])
        self._file = pq.ParquetWriter(output, self._schema, compression="zstd")
        self._waiting: list[dict[str, Any]] = []

    def write(self, records: Sequence[PredictionRecord]) -> None:
        self._waiting += [flat(record, self._columns) for record in records]
        if len(self._waiting) >= _ROW_GROUP_ROWS:
            self._flush()

    def close(self) -> None:
        self._flush()
        self._file.close()

    def _flush(self) -> None:
        import pyarrow as pa

        if self._waiting:
            self._file.write_table(pa.Table.from_pylist(self._waiting, schema=self._schema))
            self._waiting = []


_WRITERS: dict[str, Callable[[IO[bytes], Sequence[PredictionRecord], Order], Writer]] = {
    "csv": _Csv,
    "jsonl": _JsonLines,
    "parquet": _Parquet,
}


def _sorted(names: Iterable[str], order: Sequence[str]) -> list[str]:
    """Sorts names: those of an order as it has them, then the others, x_2 before x_10."""
    places = {name: place for place, name in enumerate(order)}
    return sorted(names, key=lambda name: (places.get(name, len(places)), _natural(name), name))


def _natural(name: str) -> list[tuple[int, str]]:
    return [
        (int(part), "") if part.isdecimal() else (-1, part)
        for part in re.split(r"(\d{1,18})", name, flags=re.ASCII)
    ]


def _distinct(names: Iterable[str]) -> list[str]:
    """Leaves out names that differ from an earlier one in case only: readers take them for the same."""
    found: dict[str, str] = {}
    for name in names:
        found.setdefault(name.casefold(), name)
    return list(found.values())


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "b"
    if isinstance(value, (int, float)):
        return "d"
    return "s" if isinstance(value, str) else ""


def _cell(value: Any) -> Any:
    if isinstance(value, str):
        return neutral(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    plain = printing.plain(value)
    return "" if plain is None else plain


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return "true" if value is True else "false" if value is False else printing.compact(value)


def _json(value: Any) -> str | None:
    return None if value is None else printing.compact(value)


@contextlib.contextmanager
def _opened(file: str) -> Iterator[IO[bytes]]:
    """Opens a file that takes its name when the context ends well; ``-`` is standard output."""
    if file == "-":
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    path = Path(file)
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".partial", dir=path.parent)
    except OSError as error:
        raise _unwritable(file, error) from error
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as output:
            yield output
            output.flush()
            os.fsync(output.fileno())
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)
        temporary.replace(path)
    except OSError as error:
        raise _unwritable(file, error) from error
    finally:
        temporary.unlink(missing_ok=True)


def _unwritable(file: str, error: OSError) -> CommandError:
    reason = (error.strerror or str(error)).lower()
    return CommandError(f"{file}: cannot be written ({reason}); name another file")


@contextlib.contextmanager
def _progress() -> Iterator[Any]:
    """Shows on a terminal how many rows are written; answers the function that adds some."""
    with printing.progress("exporting", "predictions", None) as advance:
        yield advance
