"""A baseline as bytes: a head with version and checksum, then one Arrow table.

The table has a row for each column, and then one for each slice and column. Whole numbers that may be
larger than 64 bits are texts.
"""

import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from pointsman_drift.baselines.baseline import Baseline
from pointsman_drift.baselines.plan import OrderedPlan, Plan
from pointsman_drift.baselines.sizes import check_size
from pointsman_drift.counting.counts import ColumnCounts, Counted
from pointsman_drift.errors import InvalidBaselineError

MAGIC = b"pointsman drift baseline\n"
VERSION = 1
HEAD = len(MAGIC) + 2 + hashlib.sha256().digest_size
"""Magic, version as two bytes, checksum of the rest."""
META = b"baseline"
"""Under this key the table's metadata has what is not of a column, as JSON."""

_WHOLE, _NUMBER, _TEXT = pa.int64(), pa.float64(), pa.string()
PLAN_FIELDS = {
    "type": _TEXT,
    "edges": pa.large_list(_NUMBER),
    "fine": pa.large_list(_NUMBER),
    "offset": _TEXT,
    "centre": _NUMBER,
    "spread": _NUMBER,
    "sampled": pa.bool_(),
    "categories": pa.large_list(_TEXT),
    "once": _WHOLE,
    "is_open": pa.bool_(),
}
"""Empty in rows of slices. An ordered plan has no ``categories``, an unordered one no ``edges``."""
COUNT_FIELDS = {
    "bins": pa.large_list(_WHOLE),
    **dict.fromkeys(("nulls", "nans", "below", "above"), _WHOLE),
    **dict.fromkeys(("least", "most"), _NUMBER),
    **dict.fromkeys(("low_moment", "high_moment", "moment", "square_moment"), _TEXT),
    "new": pa.large_list(_TEXT),
    "new_rows": pa.large_list(_WHOLE),
    "values": pa.large_list(_NUMBER),
}
"""``values`` is null where rows are not kept."""
BIG = ("low_moment", "high_moment", "moment", "square_moment")
SCHEMA = pa.schema({"slice": pa.int32(), "column": _TEXT, **PLAN_FIELDS, **COUNT_FIELDS})
"""``slice`` is the place of a slice in the metadata's list; null in rows of the whole."""


def encode(baseline: Baseline) -> bytes:
    """Answers a baseline as bytes.

    Raises:
        InvalidBaselineError: It is larger than one that is read.
    """
    meta = {
        "rows": baseline.rows,
        "bins": baseline.bins,
        "seed": baseline.seed,
        "slices": [{**one.to_dict(), "rows": found.rows} for one, found in baseline.slices.items()],
    }
    rows = list(_rows(baseline))
    table = pa.Table.from_pylist(rows, SCHEMA.with_metadata({META: json.dumps(meta)}))
    sink = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    with pa.ipc.new_stream(sink, table.schema, options=options) as writer:
        writer.write_table(table)
    body: bytes = sink.getvalue().to_pybytes()
    try:
        check_size(body)
    except ValueError as error:
        raise InvalidBaselineError(
            f"the baseline cannot be saved: {error}; take fewer columns with features=[...], or fewer slices"
        ) from error
    return MAGIC + VERSION.to_bytes(2, "big") + hashlib.sha256(body).digest() + body


def write_whole(path: Path, data: bytes) -> None:
    """Writes a file beside its place and moves it there once the disk has it.

    Args:
        path: Its place.
        data: What it holds.
    """
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _rows(baseline: Baseline) -> Iterator[dict[str, Any]]:
    whole = Counted(baseline.rows, baseline.counts, baseline.values)
    for name, plan in baseline.plans.items():
        yield {"column": name, **_plan(plan), **_counts(whole, name)}
    for place, found in enumerate(baseline.slices.values()):
        for name in found.counts:
            yield {"slice": place, "column": name, **_counts(found, name)}


def _plan(plan: Plan) -> dict[str, Any]:
    if isinstance(plan, OrderedPlan):
        return {
            "type": plan.type.sql,
            "edges": plan.edges,
            "fine": plan.fine,
            "offset": None if plan.offset is None else str(plan.offset),
            "centre": plan.centre,
            "spread": plan.spread,
            "sampled": plan.sampled,
        }
    return {
        "type": plan.type.sql,
        "categories": plan.categories,
        "once": plan.once,
        "is_open": plan.is_open,
    }


def _counts(found: Counted, name: str) -> dict[str, Any]:
    counts: ColumnCounts = found.counts[name]
    return {
        **{field: getattr(counts, field) for field in COUNT_FIELDS if hasattr(counts, field)},
        **{field: str(getattr(counts, field)) for field in BIG},
        "new": list(counts.new),
        "new_rows": list(counts.new.values()),
        "values": found.values.get(name),
    }
