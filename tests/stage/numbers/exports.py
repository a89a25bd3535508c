"""Exports predictions by the command, and holds every cell of the files against the client's log."""

import csv
import io
import json
import os
import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow.parquet as pq
from click.testing import CliRunner

from pointsman.cli import app
from pointsman.v1 import prediction_pb2

from .client import Client
from .client_log import Row, Value
from .latencies import nanoseconds_of
from .windows import some_window
from .world import FEATURES, VARIANTS

FORMATS = ("csv", "jsonl", "parquet")
ZONES = ("Asia/Kolkata", "America/St_Johns", "UTC")
TEXTS = (
    *("prediction_id", "router_id", "variant", "model_id", "model_version", "reason", "randomised_by"),
    *("entity_id", "experiment_id", "request_id", "trace_id", "features_content", "answer_content"),
    *("prediction_label", "decided_variant", "rule"),
)
WHOLE_NUMBERS = (
    *("row", "row_count", "generation", "router_generation", "allocation_version", "epoch", "draw", "slot"),
    "status_code",
)
NUMBERS = ("propensity", "overhead_seconds", "backend_seconds", "prediction_number", "confidence")
OBJECTS = ("eligible_variants", "probabilities", "outputs", "answer_notes", "feedback", "features_other")
MICROSECOND_NS = 1000


class Exports:
    """Exports the recorded predictions of a router. Its lists must have been checked before.

    Args:
        client: Whose log they are held against.
        drawn: What formats, filters and zones are drawn from.
    """

    def __init__(self, client: Client, drawn: random.Random) -> None:
        self._client = client
        self._drawn = drawn
        self._log = client.log

    def check(self, folder: Path) -> None:
        """Insists that a file holds what its filters admit, and that a second one is the same.

        Args:
            folder: Where files may be written.
        """
        kind = self._drawn.choice(FORMATS)
        zone = self._drawn.choice(ZONES)
        arguments, warnings, admits = self._some_filter(zone)
        files = [folder / f"{number}.{kind}" for number in range(2)]
        for file in files:
            said = self._run(zone, str(file), arguments)
            for warning in warnings:
                assert warning in said, f"{arguments}: {warning!r} was not said, but {said!r}"
        first, second = (file.read_bytes() for file in files)
        what = f"{self._client.router_id} exported as {kind} with {arguments} in {zone}"
        assert first == second, f"{what}: two exports of the same records differ"
        rows = [row for row in self._log.rows() if admits(row)]
        self._compare(list(READERS[kind](first)), rows, what, is_sparse=kind == "jsonl")
        self._client.see(f"export as {kind}", when=bool(rows))

    def _run(self, zone: str, file: str, arguments: Sequence[str]) -> str:
        address = self._client.world.server.grpc
        line = ["predictions", "export", self._client.router_id, file, "--server", address, *arguments]
        with local_zone(zone):
            done = CliRunner().invoke(app, line)
        assert done.exit_code == 0, f"{line}: {done.exit_code} and {done.output}"
        return done.stderr

    def _some_filter(self, zone: str) -> tuple[list[str], list[str], Callable[[Row], bool]]:
        """Draws filters; answers them as options, what must be said of them, and what they admit."""
        kind = self._drawn.choice(("none", "variant", "zone said", "zone not said"))
        self._client.see(f"export with a time, {kind}", when=kind.startswith("zone"))
        if kind == "variant":
            variant = self._drawn.choice(VARIANTS)
            return ["--variant", variant], [], lambda row: row[0].variant == variant
        if not kind.startswith("zone"):
            return [], [], lambda _: True
        start_us, end_us = some_window(self._log, self._drawn)
        arguments, warnings = [], []
        for option, time_us in (("--since", start_us), ("--before", end_us)):
            local = _time_of(time_us).astimezone(ZoneInfo(zone))
            text = local.isoformat(timespec="microseconds")
            if kind == "zone not said":
                text = text[: len("2026-11-30T12:00:00.000000")]
                offset = local.isoformat()[-6:]
                warnings.append(
                    f"{option}: {text} names no zone and is taken as local time "
                    f"({local.tzname()}, UTC{offset})"
                )
            arguments += [option, text]
        return arguments, warnings, lambda row: start_us <= row[0].time_us < end_us

    def _compare(
        self, found: Sequence[dict[str, Any]], rows: Sequence[Row], what: str, *, is_sparse: bool
    ) -> None:
        by_key = {(row["prediction_id"], row["row"]): row for row in found}
        assert len(by_key) == len(found), f"{what}: a row is there twice"
        expected_keys = {(call.prediction_id, number) for call, number in rows}
        assert set(by_key) == expected_keys, f"{what}: {set(by_key) ^ expected_keys} are too many or too few"
        times = [row["time"] for row in found]
        assert times == sorted(times, reverse=True), f"{what}: not the newest first"
        values = self._log.values_by_call()
        metrics = sorted(
            {
                value.metric
                for call, number in rows
                for value in values.get(call.prediction_id, ())
                if value.row == number
            }
        )
        for call, number in rows:
            its = [value for value in values.get(call.prediction_id, ()) if value.row == number]
            expected = self._cells(self._log.told[call.prediction_id, number], its)
            names = [value.metric for value in its] if is_sparse else metrics
            by_metric = {value.metric: value.value for value in its}
            expected |= {f"feedback_{metric}": by_metric.get(metric) for metric in names}
            if is_sparse:
                del expected["features_other"]
            told = by_key[call.prediction_id, number]
            told["feedback"] = [(one["row"], one["metric"], one["value"]) for one in told["feedback"] or ()]
            assert set(told) == set(expected), f"{what}: {set(told) ^ set(expected)} are no columns, or lack"
            wrong = {name: (told[name], expected[name]) for name in told if told[name] != expected[name]}
            assert not wrong, f"{what}: told and expected differ in {wrong}"

    def _cells(self, told: prediction_pb2.PredictionRecord, values: Sequence[Value]) -> dict[str, Any]:
        """Answers a row's cells, from what lists told and the log has agreed with."""
        names = {field.name for field in told.DESCRIPTOR.fields}
        cells: dict[str, Any] = {
            name: getattr(told, name) or None for name in TEXTS if name in names and name not in ENUMS
        }
        for name, (enum, prefix) in ENUMS.items():
            cells[name] = enum.Name(getattr(told, name)).removeprefix(prefix).lower()
        cells |= {name: getattr(told, name) for name in WHOLE_NUMBERS}
        for name in ("draw", "slot", "confidence"):
            cells[name] = getattr(told, name) if told.HasField(name) else None
        has_answer = told.HasField("prediction")
        cells |= {
            "time": told.time.ToMicroseconds(),
            "propensity": told.propensity,
            "replayable": told.replayable,
            # The command knows durations to the microsecond.
            "overhead_seconds": nanoseconds_of(told.overhead) // MICROSECOND_NS / 1e6,
            "backend_seconds": nanoseconds_of(told.backend_latency) // MICROSECOND_NS / 1e6,
            "prediction_number": told.prediction.number_value if has_answer else None,
            "prediction_label": None,
            "probabilities": None,
            "outputs": None,
            "answer_notes": list(told.answer_notes) or None,
            "eligible_variants": {one.variant: one.propensity for one in told.eligible_variants} or None,
            "feedback": [(value.row, value.metric, value.value) for value in values],
            "features_other": None,
        }
        return cells | {f"f_{name}": told.features[name].number_value for name in FEATURES}


ENUMS: dict[str, tuple[Any, str]] = {
    "reason": (prediction_pb2.DecisionReason, "DECISION_REASON_"),
    "randomised_by": (prediction_pb2.RandomisedBy, "RANDOMISED_BY_"),
    "features_content": (prediction_pb2.RecordedContent, "RECORDED_CONTENT_"),
    "answer_content": (prediction_pb2.RecordedContent, "RECORDED_CONTENT_"),
}


@contextmanager
def local_zone(name: str) -> Iterator[None]:
    """Is in a time zone."""
    before = os.environ.get("TZ")
    os.environ["TZ"] = name
    time.tzset()
    try:
        yield
    finally:
        if before is None:
            del os.environ["TZ"]
        else:
            os.environ["TZ"] = before
        time.tzset()


def _time_of(time_us: int) -> datetime:
    seconds, micros = divmod(time_us, 1_000_000)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=micros)


def _us_of(moment: datetime) -> int:
    return round((moment - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(microseconds=1))


def _read_csv(content: bytes) -> Iterator[dict[str, Any]]:
    for row in csv.DictReader(io.StringIO(content.decode())):
        yield {name: _parsed(name, text) for name, text in row.items()}


def _parsed(name: str, text: str) -> Any:
    """Reads a cell of CSV; an empty one is nothing."""
    if not text:
        return None
    if name in WHOLE_NUMBERS:
        return int(text)
    if name in OBJECTS:
        return json.loads(text)
    if name == "replayable":
        return {"true": True, "false": False}[text]
    if name == "time":
        return _us_of(datetime.fromisoformat(text))
    return text if name in TEXTS else float(text)


def _read_json_lines(content: bytes) -> Iterator[dict[str, Any]]:
    for line in content.splitlines():
        row: dict[str, Any] = json.loads(line)
        texts = {name: value or None for name, value in row.items() if name in TEXTS}
        yield row | texts | {"time": _us_of(datetime.fromisoformat(row["time"]))}


def _read_parquet(content: bytes) -> Iterator[dict[str, Any]]:
    for row in pq.read_table(io.BytesIO(content)).to_pylist():
        objects = {name: row[name] and json.loads(row[name]) for name in OBJECTS}
        texts = {name: row[name] or None for name in TEXTS}
        yield row | objects | texts | {"time": _us_of(row["time"])}


READERS: dict[str, Callable[[bytes], Iterator[dict[str, Any]]]] = {
    "csv": _read_csv,
    "jsonl": _read_json_lines,
    "parquet": _read_parquet,
}
