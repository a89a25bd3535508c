"""Writes recorded predictions into files as they come: CSV, JSON lines, Parquet."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import re
import sys
import tempfile
from itertools import chain, islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Protocol

from pointsman.cli import printing
from pointsman.cli.context import CommandError
from pointsman.domain.batching import batched

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from pointsman.client import PredictionRecord

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
# Whole numbers of so many digits come as text; they are no formulas and keep their sign.
_LARGE_NUMBER = re.compile(r"-\d{16,}", re.ASCII)
FEATURE_PREFIX = "f_"
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
    "feedback": "s",
}


class Writer(Protocol):
    """Writes rows in one format."""

    def write(self, records: Sequence[PredictionRecord]) -> None:
        """Adds rows."""

    def close(self) -> None:
        """Writes what is left."""


def export(records: Iterable[PredictionRecord], file: str, name: str) -> int:
    """Writes records as they come.

    Args:
        records: The records.
        file: Where; ``-`` is standard output. A file appears only when all is in it.
        name: ``csv``, ``jsonl`` or ``parquet``.

    Returns:
        How many there were.

    Raises:
        CommandError: The file cannot be written.
    """
    waiting = iter(records)
    # The first rows say which features there are; it comes before the file, for it may fail.
    first = list(islice(waiting, _CHUNK_ROWS))
    with _progress() as advance, _opened(file) as output:
        writer = _WRITERS[name](output, first)
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


def feature_columns(records: Iterable[PredictionRecord]) -> dict[str, str]:
    """Answers the column of each feature that occurs, with its type; names that differ in case share none."""
    found: dict[str, str] = {}
    taken: set[str] = set()
    for record in records:
        for name, value in record.features.items():
            kind = _kind(value)
            if kind and name not in found and name.casefold() not in taken:
                found[name] = kind
                taken.add(name.casefold())
    return found


def flat(record: PredictionRecord, features: dict[str, str]) -> dict[str, Any]:
    """Answers a record as one row: features in columns of their own, what fits none as JSON.

    Args:
        record: The record.
        features: The columns of features and their types.
    """
    row: dict[str, Any] = {name: getattr(record, name, None) for name in _COLUMNS}
    row["reason"], row["randomised_by"] = record.reason.value, record.randomised_by.value
    row["features_content"] = record.features_content.value
    row["answer_content"] = record.answer_content.value
    row["eligible_variants"] = _json(
        {item.variant: item.propensity for item in record.eligible_variants} or None
    )
    row["overhead_seconds"] = record.overhead.total_seconds() if record.overhead else None
    row["backend_seconds"] = record.backend_latency.total_seconds() if record.backend_latency else None
    number = isinstance(record.prediction, (int, float)) and not isinstance(record.prediction, bool)
    row["prediction_number"] = record.prediction if number else None
    row["prediction_label"] = None if number or record.prediction is None else _text(record.prediction)
    row["probabilities"] = _json(list(record.probabilities) or None)
    row["outputs"] = _json(dict(record.outputs) or None)
    row["answer_notes"] = _json(list(record.answer_notes) or None)
    row["feedback"] = _json([printing.plain(item) for item in record.feedback] or None)
    other: dict[str, Any] = {}
    for name in features:
        row[FEATURE_PREFIX + name] = None
    for name, value in record.features.items():
        if value is not None and features.get(name) == _kind(value):
            row[FEATURE_PREFIX + name] = value
        elif value is not None:
            other[name] = value
    row["features_other"] = _json(other or None)
    return row


class _Csv:
    def __init__(self, output: IO[bytes], first: Sequence[PredictionRecord]) -> None:
        self._features = feature_columns(first)
        self._text = io.TextIOWrapper(output, encoding="utf-8", newline="", write_through=False)
        names = _names(self._features)
        self._rows = csv.DictWriter(self._text, names)
        self._rows.writeheader()

    def write(self, records: Sequence[PredictionRecord]) -> None:
        for record in records:
            row = flat(record, self._features)
            self._rows.writerow({name: _cell(value) for name, value in row.items()})
        self._text.flush()

    def close(self) -> None:
        self._text.flush()
        self._text.detach()


class _JsonLines:
    def __init__(self, output: IO[bytes], first: Sequence[PredictionRecord]) -> None:
        self._output = output

    def write(self, records: Sequence[PredictionRecord]) -> None:
        for record in records:
            line = json.dumps(printing.plain(record), ensure_ascii=False, separators=(",", ":"))
            self._output.write(line.encode() + b"\n")

    def close(self) -> None:
        self._output.flush()


class _Parquet:
    def __init__(self, output: IO[bytes], first: Sequence[PredictionRecord]) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        self._features = feature_columns(first)
        types = {
            "s": pa.string(),
            "i": pa.int64(),
            "u": pa.uint64(),
            "d": pa.float64(),
            "b": pa.bool_(),
            "t": pa.timestamp("us", tz="UTC"),
        }
        kinds = {**_COLUMNS, **{FEATURE_PREFIX + name: kind for name, kind in self._features.items()}}
        kinds["features_other"] = "s"
        self._schema = pa.schema([(name, types[kind]) for name, kind in kinds.items()])
        self._file = pq.ParquetWriter(output, self._schema, compression="zstd")
        self._waiting: list[dict[str, Any]] = []

    def write(self, records: Sequence[PredictionRecord]) -> None:
        self._waiting += [flat(record, self._features) for record in records]
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


_WRITERS: dict[str, Callable[[IO[bytes], Sequence[PredictionRecord]], Writer]] = {
    "csv": _Csv,
    "jsonl": _JsonLines,
    "parquet": _Parquet,
}


def _names(features: dict[str, str]) -> list[str]:
    return [*_COLUMNS, *(FEATURE_PREFIX + name for name in features), "features_other"]


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
    return "true" if value is True else "false" if value is False else json.dumps(printing.plain(value))


def _json(value: Any) -> str | None:
    return None if value is None else json.dumps(printing.plain(value), ensure_ascii=False)


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
