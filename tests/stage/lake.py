"""A synthetic lake: files of format version 1, and Arrow streams as the data plane answers them."""

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import xxhash

from pointsman.v1 import record_pb2

JOURNAL_ID = "0123456789abcdef0123456789abcdef"
ROW_GROUP_ROWS = 100_000
DAY_US = 86_400_000_000

# Fields in the lake's order; nullable ones as the format says.
FIELDS: dict[str, pa.DataType] = {
    "prediction_id": pa.string(),
    "row": pa.int32(),
    "row_count": pa.int32(),
    "time_us": pa.int64(),
    "router_id": pa.string(),
    "variant": pa.string(),
    "model_id": pa.string(),
    "model_version": pa.string(),
    "reason": pa.string(),
    "randomised_by": pa.string(),
    "propensity": pa.float64(),
    "generation": pa.int64(),
    "router_generation": pa.int64(),
    "router_incarnation": pa.int64(),
    "allocation_version": pa.int64(),
    "epoch": pa.int64(),
    "draw": pa.uint64(),
    "slot": pa.int32(),
    "eligible_variants": pa.list_(pa.string()),
    "eligible_propensities": pa.list_(pa.float64()),
    "entity_id": pa.string(),
    "entity_hash": pa.int64(),
    "experiment_id": pa.string(),
    "request_id": pa.string(),
    "trace_id": pa.string(),
    "status_code": pa.int32(),
    "overhead_ns": pa.int64(),
    "backend_ns": pa.int64(),
    "replayable": pa.bool_(),
    "features_content": pa.string(),
    "answer_content": pa.string(),
    "decided_variant": pa.string(),
    "rule": pa.string(),
    "rule_inputs": pa.string(),
    "prediction_label": pa.string(),
    "prediction_number": pa.float64(),
    "prediction_values": pa.string(),
    "probabilities": pa.list_(pa.float64()),
    "confidence": pa.float64(),
    "outputs": pa.string(),
    "features_other": pa.map_(pa.string(), pa.string()),
}

_ALPHABET = np.frombuffer(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", dtype=np.uint8)


@dataclass(frozen=True)
class WrittenFile:
    """A file of the lake, as the manifest names it."""

    path: str
    router_id: str
    model_id: str
    date: str
    start_position: int
    end_position: int
    row_count: int
    byte_count: int
    min_time_us: int
    max_time_us: int
    router_incarnation: int = 0
    journal_id: str = JOURNAL_ID


def entity_hash(entity_id: str) -> int:
    """The recorded entity's hash, signed."""
    value = xxhash.xxh3_64_intdigest(entity_id.encode())
    return value - (1 << 64) if value >= 1 << 63 else value


def uuid_of(time_us: int, number: int) -> bytes:
    """A UUID of version 7 whose time is exact to the microsecond."""
    milliseconds, micros = divmod(time_us, 1000)
    high = milliseconds << 16 | 0x7000 | micros * 4096 // 1000
    low = number & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000
    return high.to_bytes(8, "big") + low.to_bytes(8, "big")


def prediction_id(time_us: int, number: int, router_id: str = "r", variant: str = "a") -> str:
    """An id as the data plane makes them, signed by nobody."""
    names = b"".join(bytes([len(name)]) + name.encode() for name in (router_id, variant))
    content = bytes([1, 0]) + uuid_of(time_us, number) + names + bytes(18)
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def a_row(time_us: int, number: int, **fields: Any) -> dict[str, Any]:
    """One row of the lake; what is not said is as a plain call of a router of two variants."""
    variant = fields.get("variant", "a")
    row: dict[str, Any] = {
        "prediction_id": prediction_id(time_us, number, fields.get("router_id", "r"), variant),
        "row": 0,
        "row_count": 1,
        "time_us": time_us,
        "router_id": "r",
        "variant": variant,
        "model_id": "m",
        "model_version": "1",
        "reason": "slot",
        "randomised_by": "entity",
        "propensity": 0.5,
        "generation": 7,
        "router_generation": 5,
        "allocation_version": 0,
        "epoch": 0,
        "draw": 2**63 + number,
        "slot": number % 10_000,
        "eligible_variants": ["a", "b"],
        "eligible_propensities": [0.5, 0.5],
        "entity_id": None,
        "experiment_id": None,
        "request_id": f"request-{number}",
        "trace_id": None,
        "status_code": 0,
        "overhead_ns": 40_000,
        "backend_ns": 1_000_000,
        "replayable": True,
        "features_content": "all",
        "answer_content": "all",
        "decided_variant": None,
        "rule": None,
        "rule_inputs": None,
    }
    row |= fields
    if row.get("entity_id") is not None:
        row.setdefault("entity_hash", entity_hash(row["entity_id"]))
    return row


def table_of(rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    """A table of rows; columns that begin with ``f_`` get the type of their first value."""
    features: dict[str, pa.DataType] = {}
    for row in rows:
        for name, value in row.items():
            if name.startswith("f_") and value is not None:
                kind = (
                    pa.bool_() if isinstance(value, bool) else pa.string() if isinstance(value, str) else None
                )
                features.setdefault(name, kind or pa.float64())
    ordered = sorted(rows, key=lambda row: row["time_us"])
    names = list(FIELDS)
    names[-1:-1] = features
    return pa.table(
        {name: pa.array([row.get(name) for row in ordered], {**FIELDS, **features}[name]) for name in names}
    )


def shadow_of(row: Mapping[str, Any], **fields: Any) -> dict[str, Any]:
    """A shadow's answer to a copy of a call, whose row this is; what is not said is as the call's."""
    features = {name for name in row if name.startswith("f_")} | {"features_other"}
    copy: dict[str, Any] = {
        "variant": "shadow",
        "reason": "shadow",
        "randomised_by": "nothing",
        "propensity": 0.0,
        "draw": None,
        "slot": None,
        "eligible_variants": [],
        "eligible_propensities": [],
        "features_content": "none",
    }
    return {name: value for name, value in row.items() if name not in features} | copy | fields


def is_of_kind(row: Mapping[str, Any], asked: record_pb2.TailQuery) -> bool:
    """Whether a row is a shadow's answer where those are asked for, and a prediction where they are not."""
    return bool((row["reason"] == "shadow") == asked.shadows)


def is_of_incarnation(row: dict[str, Any], asked: record_pb2.TailQuery) -> bool:
    """Whether a row is of the router that is asked for, and not of another one of the same id."""
    if row.get("router_incarnation") and asked.router_incarnation:
        return bool(row["router_incarnation"] == asked.router_incarnation)
    return bool(row["time_us"] >= asked.nameless_from_us)


def stream_of(table: pa.Table) -> bytes:
    """A table as an Arrow IPC stream."""
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()


def write_file(
    lake: Path,
    table: pa.Table,
    start_position: int,
    end_position: int,
    *,
    compacted: bool = False,
    journal_id: str = JOURNAL_ID,
) -> WrittenFile:
    """Writes a table of one router, model and day as a file of the lake: predictions, or shadows' answers."""
    times = table.column("time_us").to_numpy()
    router_id = table.column("router_id")[0].as_py()
    model_id = table.column("model_id")[0].as_py()
    date = datetime.fromtimestamp(int(times.min()) // 1_000_000, UTC).date().isoformat()
    kind = "shadows" if table.column("reason")[0].as_py() == "shadow" else "predictions"
    folder = f"{kind}/router={router_id}/model={model_id}/date={date}"
    incarnation = table.column("router_incarnation")[0].as_py() or 0
    name = f"{journal_id[:8]}-{start_position:020}" + (f"-r{incarnation:x}" if incarnation else "")
    if compacted:
        name += f"-{end_position:020}"
    path = f"{folder}/{name}.parquet"
    (lake / folder).mkdir(parents=True, exist_ok=True)
    schema = table.schema.with_metadata({"pointsman.lake_version": "1"})
    pq.write_table(
        table.cast(schema),
        lake / path,
        row_group_size=ROW_GROUP_ROWS,
        compression="zstd",
        compression_level=1,
        # Small pages let a reader of single rows pass over the others without inflating them.
        max_rows_per_page=4096,
        write_batch_size=1024,
        dictionary_pagesize_limit=65_536,
    )
    return WrittenFile(
        path=path,
        router_id=router_id,
        model_id=model_id,
        date=date,
        start_position=start_position,
        end_position=end_position,
        row_count=table.num_rows,
        byte_count=(lake / path).stat().st_size,
        min_time_us=int(times.min()),
        max_time_us=int(times.max()),
        router_incarnation=incarnation,
        journal_id=journal_id,
    )


def bulk_table(
    first_number: int,
    row_count: int,
    start_us: int,
    step_us: float,
    *,
    entities: int = 100_000,
    features: int = 10,
    seed: int = 0,
) -> pa.Table:
    """A large table of one router with three variants, its rows spread evenly over time."""
    random = np.random.default_rng([seed, first_number])
    times = start_us + (np.arange(row_count) * step_us).astype(np.int64)
    unit = random.integers(0, entities, row_count)
    hashes = np.array([entity_hash(f"user-{number}") for number in range(entities)], dtype=np.int64)
    picked = (hashes[unit].view(np.uint64) % np.uint64(100)).astype(np.int64)
    variant = np.where(picked < 50, 0, np.where(picked < 80, 1, 2))
    status = np.where(random.random(row_count) < 0.002, 14, 0).astype(np.int32)
    names = pa.array(["a", "b", "c"])
    words = lambda word: pa.array([word]).take(pa.array(np.zeros(row_count, dtype=np.int8)))  # noqa: E731
    shares = pa.array([[0.5, 0.3, 0.2]], pa.list_(pa.float64()))
    zeros = pa.array(np.zeros(row_count, dtype=np.int8))
    label = random.integers(0, 2, row_count)
    probability = random.random(row_count)
    columns: dict[str, Any] = {
        "prediction_id": _bulk_ids(times, random.integers(0, 2**62, row_count), variant),
        "row": np.zeros(row_count, dtype=np.int32),
        "row_count": np.ones(row_count, dtype=np.int32),
        "time_us": times,
        "router_id": words("r"),
        "variant": names.take(pa.array(variant)),
        "model_id": words("m"),
        "model_version": pa.array(["1", "2", "3"]).take(pa.array(variant)),
        "reason": words("slot"),
        "randomised_by": words("entity"),
        "propensity": np.array([0.5, 0.3, 0.2])[variant],
        "generation": np.full(row_count, 7),
        "router_incarnation": pa.nulls(row_count, pa.int64()),
        "router_generation": 5 + (first_number + np.arange(row_count)) // 1_000_000,
        "allocation_version": np.zeros(row_count, dtype=np.int64),
        "epoch": np.zeros(row_count, dtype=np.int64),
        "draw": random.integers(0, 2**64, row_count, dtype=np.uint64),
        "slot": random.integers(0, 10_000, row_count).astype(np.int32),
        "eligible_variants": pa.array([["a", "b", "c"]]).take(zeros),
        "eligible_propensities": shares.take(zeros),
        "entity_id": pa.array([f"user-{number}" for number in range(entities)]).take(pa.array(unit)),
        "entity_hash": hashes[unit],
        "experiment_id": pa.nulls(row_count, pa.string()),
        "request_id": pa.array(random.integers(0, 2**62, row_count)).cast(pa.string()),
        "trace_id": pa.nulls(row_count, pa.string()),
        "status_code": status,
        "overhead_ns": (random.lognormal(11, 0.5, row_count)).astype(np.int64),
        "backend_ns": (random.lognormal(14, 0.8, row_count)).astype(np.int64),
        "replayable": np.ones(row_count, dtype=bool),
        "features_content": words("all"),
        "answer_content": words("all"),
        "decided_variant": pa.nulls(row_count, pa.string()),
        "rule": pa.nulls(row_count, pa.string()),
        "rule_inputs": pa.nulls(row_count, pa.string()),
        "prediction_label": pa.array(["benign", "malignant"]).take(pa.array(label)),
        "prediction_number": pa.nulls(row_count, pa.float64()),
        "prediction_values": pa.nulls(row_count, pa.string()),
        "probabilities": pa.ListArray.from_arrays(
            pa.array(np.arange(0, 2 * row_count + 1, 2, dtype=np.int32)),
            pa.array(np.column_stack([probability, 1 - probability]).ravel()),
        ),
        "confidence": np.maximum(probability, 1 - probability),
        "outputs": pa.nulls(row_count, pa.string()),
    }
    for number in range(features):
        columns[f"f_feature {number}"] = random.normal(size=row_count).round(3)
    columns["features_other"] = pa.nulls(row_count, FIELDS["features_other"])
    return pa.table(
        {
            name: pa.array(values, FIELDS.get(name)) if isinstance(values, np.ndarray) else values
            for name, values in columns.items()
        }
    )


def _bulk_ids(times: np.ndarray, low: np.ndarray, variant: np.ndarray) -> pa.Array:
    count = len(times)
    content = np.zeros((count, 42), dtype=np.uint8)
    content[:, 0] = 1
    milliseconds, micros = np.divmod(times, 1000)
    high = (milliseconds << 16 | 0x7000 | micros * 4096 // 1000).astype(">u8")
    content[:, 2:10] = high.view(np.uint8).reshape(count, 8)
    tail = (low.astype(np.uint64) | np.uint64(1 << 63)).astype(">u8")
    content[:, 10:18] = tail.view(np.uint8).reshape(count, 8)
    content[:, 18:20] = (1, ord("r"))
    content[:, 20] = 1
    content[:, 21] = variant + ord("a")
    content[:, 34:42] = tail.view(np.uint8).reshape(count, 8)[:, ::-1]
    triples = content.reshape(count, 14, 3).astype(np.uint32)
    joined = triples[:, :, 0] << 16 | triples[:, :, 1] << 8 | triples[:, :, 2]
    sixes = np.stack([joined >> 18, joined >> 12 & 63, joined >> 6 & 63, joined & 63], axis=2)
    text = _ALPHABET[sixes.reshape(count, 56)]
    offsets = np.arange(0, count * 56 + 1, 56, dtype=np.int32)
    return pa.StringArray.from_buffers(count, pa.py_buffer(offsets.tobytes()), pa.py_buffer(text.tobytes()))
