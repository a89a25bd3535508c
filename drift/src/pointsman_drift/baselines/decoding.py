"""From bytes to a baseline: whatever is not what ``encoding`` writes is refused."""

import hashlib
import json
from typing import Any

import numpy as np
import pyarrow as pa

from pointsman_drift.baselines.baseline import Baseline
from pointsman_drift.baselines.checking import check_baseline
from pointsman_drift.baselines.encoding import BIG, COUNT_FIELDS, HEAD, MAGIC, META, SCHEMA, VERSION
from pointsman_drift.baselines.plan import OrderedPlan, Plan, UnorderedPlan
from pointsman_drift.baselines.sizes import check_size
from pointsman_drift.counting.counts import ColumnCounts, Counted, most_unnamed
from pointsman_drift.counting.groups import Slice
from pointsman_drift.errors import DriftError, InvalidBaselineError
from pointsman_drift.tables.families import column_type


def decode(data: bytes) -> Baseline:
    """Answers the baseline of bytes.

    Raises:
        InvalidBaselineError: It is no baseline, is damaged, or is of another version.
    """
    head, body = data[:HEAD], data[HEAD:]
    if not head.startswith(MAGIC):
        raise InvalidBaselineError("the data is no baseline; give what Baseline.save or to_bytes wrote")
    version = int.from_bytes(head[len(MAGIC) : len(MAGIC) + 2], "big")
    if len(head) == HEAD and version != VERSION:
        raise InvalidBaselineError(
            f"the baseline is of version {version}, and this library reads {VERSION}; compile the reference "
            "again, or use the library that wrote it"
        )
    if hashlib.sha256(body).digest() != head[len(MAGIC) + 2 :]:
        raise InvalidBaselineError(
            "the baseline is damaged: its checksum differs; compile the reference again"
        )
    try:
        check_size(body)
        with pa.ipc.open_stream(body) as reader:
            table = reader.read_all()
        table.validate(full=True)
        baseline = _read(table)
        check_baseline(baseline)
        return baseline
    except (
        pa.ArrowException,
        DriftError,
        ValueError,
        OSError,
        LookupError,
        TypeError,
        AttributeError,
    ) as error:
        raise InvalidBaselineError(
            f"the baseline cannot be read: {error}; compile the reference again"
        ) from error


def _read(table: pa.Table) -> Baseline:
    if not table.schema.equals(SCHEMA):
        raise ValueError(f"columns {table.schema.names} are not {SCHEMA.names}")
    meta = json.loads(table.schema.metadata[META])
    slices = [
        (Slice(one["column"], one["value"], one["isRest"]), Counted(one["rows"], {}, {}))
        for one in meta["slices"]
    ]
    plans: dict[str, Plan] = {}
    found = [Counted(meta["rows"], {}, {}), *(counted for _, counted in slices)]
    for place in range(table.num_rows):
        row = {name: table.column(name)[place] for name in table.column_names}
        name = row["column"].as_py()
        number = row["slice"].as_py()
        into = found[0 if number is None else range(1, len(found))[number]]
        if name is None or name in into.counts:
            raise ValueError(f"column {name!r} is there twice, or has no name")
        if number is None:
            plans[name] = _plan(row)
        counts = _counts(row)
        if len(counts.bins) != plans[name].size:
            raise ValueError(f"column {name!r} has {len(counts.bins)} counts of {plans[name].size} bins")
        into.counts[name] = counts  # type: ignore[index]
        if row["values"].is_valid:
            into.values[name] = _array(row["values"], np.float64)  # type: ignore[index]
    whole = found[0]
    if len({one for one, _ in slices}) < len(slices):
        raise ValueError("a slice is there twice")
    return Baseline(whole.rows, meta["bins"], meta["seed"], plans, whole.counts, whole.values, dict(slices))


def _plan(row: dict[str, Any]) -> Plan:
    name = row["column"].as_py()
    type_ = column_type(name, row["type"].as_py())
    if row["edges"].is_valid:
        offset = row["offset"].as_py()
        return OrderedPlan(
            name,
            type_,
            _array(row["edges"], np.float64),
            _array(row["fine"], np.float64),
            None if offset is None else int(offset),
            row["centre"].as_py(),
            row["spread"].as_py(),
            row["sampled"].as_py(),
        )
    return UnorderedPlan(
        name, type_, tuple(row["categories"].as_py()), row["once"].as_py(), row["is_open"].as_py()
    )


def _counts(row: dict[str, Any]) -> ColumnCounts:
    plain = [field for field in COUNT_FIELDS if field not in (*BIG, "bins", "new", "new_rows", "values")]
    bins = _array(row["bins"], np.int64)
    new = dict(zip(row["new"].as_py(), row["new_rows"].as_py(), strict=True))
    if len(new) < len(row["new"].as_py()):
        raise ValueError("an unseen category is there twice")
    return ColumnCounts(
        bins,
        **{field: row[field].as_py() for field in plain},
        **{field: int(row[field].as_py()) for field in BIG},
        new=new,
        most_unnamed=most_unnamed(bins, new),
    )


def _array(scalar: Any, kind: Any) -> Any:
    if scalar.values.null_count:
        raise ValueError("a list of numbers lacks one")
    return scalar.values.to_numpy(zero_copy_only=False).astype(kind)
