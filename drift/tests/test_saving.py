"""A baseline that was saved and loaded is the same to the last bit; anything else is refused."""

import hashlib
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from pointsman_drift import Baseline, InvalidBaselineError, compare, compile_baseline, load_baseline
from pointsman_drift.baselines import encoding, sizes

ROWS = 400


def table(seed: int, shift: float) -> pa.Table:
    random = np.random.default_rng(seed)
    x = random.normal(shift, 1, ROWS)
    x[:3] = [np.inf, -np.inf, 1e300]
    return pa.table(
        {
            "x": pa.array(x, mask=random.random(ROWS) < 0.1),
            "id": pa.array([2**60 + int(one) for one in random.integers(0, 1000, ROWS)]),
            "at": pa.array(random.integers(0, 10**9, ROWS), pa.timestamp("us")),
            "c": random.choice(["a", "ä", "'", ""], ROWS),
            "many": random.integers(0, 300, ROWS).astype(str),
            "empty": pa.nulls(ROWS),
        }
    )


@pytest.fixture(scope="module")
def baseline() -> Baseline:
    return compile_baseline(table(1, 0.0), bins=7, seed=3)


@pytest.fixture(scope="module")
def data(baseline: Baseline) -> bytes:
    return baseline.to_bytes()


def test_a_loaded_baseline_gives_the_same_result(baseline: Baseline, tmp_path: Path) -> None:
    baseline.save(tmp_path / "a.baseline")
    loaded = load_baseline(tmp_path / "a.baseline")
    current = table(2, 0.3)
    assert compare(loaded, current).to_json() == compare(baseline, current).to_json()
    assert (loaded.rows, loaded.bins, loaded.seed, loaded.columns) == (ROWS, 7, 3, baseline.columns)
    assert [path.name for path in tmp_path.iterdir()] == ["a.baseline"]


def test_rows_are_kept_only_where_the_reference_kept_them() -> None:
    random = np.random.default_rng(1)
    large = compile_baseline({"x": random.normal(size=100_001)})
    assert not Baseline.from_bytes(large.to_bytes()).values
    current = {"x": random.normal(0.02, 1, 5000)}
    loaded = Baseline.from_bytes(large.to_bytes())
    assert compare(loaded, current).to_json() == compare(large, current).to_json()


def test_the_same_reference_gives_the_same_bytes(data: bytes) -> None:
    assert compile_baseline(table(1, 0.0), bins=7, seed=3).to_bytes() == data
    assert Baseline.from_bytes(data).to_bytes() == data


def test_every_flipped_byte_is_noticed(data: bytes) -> None:
    for place in [*range(encoding.HEAD), *range(encoding.HEAD, len(data), 97)]:
        damaged = bytearray(data)
        damaged[place] ^= 1
        with pytest.raises(InvalidBaselineError):
            Baseline.from_bytes(bytes(damaged))


@pytest.mark.parametrize("length", [0, 5, 25, 40, 60, 1000, -1])
def test_what_was_cut_off_is_noticed(data: bytes, length: int) -> None:
    with pytest.raises(InvalidBaselineError):
        Baseline.from_bytes(data[:length])


def test_another_version_is_told(data: bytes) -> None:
    place = len(encoding.MAGIC)
    later = data[:place] + (9).to_bytes(2, "big") + data[place + 2 :]
    with pytest.raises(InvalidBaselineError, match=r"version 9, and this library reads 1; compile .* again"):
        Baseline.from_bytes(later)


def test_other_data_are_told() -> None:
    with pytest.raises(InvalidBaselineError, match="no baseline; give what Baseline"):
        Baseline.from_bytes(b"PAR1" * 100)


def rewritten(data: bytes, change: Callable[[pa.Table], pa.Table]) -> bytes:
    """Answers a baseline with another table and its right checksum."""
    with pa.ipc.open_stream(data[encoding.HEAD :]) as reader:
        found = change(reader.read_all())
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, found.schema) as writer:
        writer.write_table(found)
    body: bytes = sink.getvalue().to_pybytes()
    return data[: len(encoding.MAGIC) + 2] + hashlib.sha256(body).digest() + body


@pytest.mark.parametrize(
    "change",
    [
        lambda found: found.drop_columns(["bins"]),
        lambda found: found.replace_schema_metadata({}),
        lambda found: found.replace_schema_metadata({encoding.META: b"{}"}),
        lambda found: found.set_column(
            found.schema.get_field_index("bins"),
            found.schema.field("bins"),
            found["bins"].take([1, 0, 2, 3, 4, 5]),
        ),
        lambda found: found.set_column(0, found.schema.field(0), pa.array([7] * found.num_rows, pa.int32())),
    ],
    ids=["a field is missing", "no metadata", "empty metadata", "counts of other bins", "no such slice"],
)
def test_what_does_not_fit_together_is_refused(data: bytes, change: Callable[[pa.Table], pa.Table]) -> None:
    assert Baseline.from_bytes(rewritten(data, lambda found: found)).to_bytes()
    with pytest.raises(InvalidBaselineError, match="cannot be read"):
        Baseline.from_bytes(rewritten(data, change))


@pytest.fixture(scope="module")
def sliced() -> bytes:
    random = np.random.default_rng(1)
    columns = {"x": random.normal(size=300), "c": random.choice(["a", "b", "b"], 300)}
    return compile_baseline(columns, slices="c").to_bytes()


X, C = 0, 1
"""Places of rows: of the whole, ``x`` and ``c``; then those of slices."""


def falling(found: list[float]) -> list[float]:
    return found[::-1]


def first_less(found: list[int]) -> list[int]:
    return [-1, *found[1:]]


def moved(found: list[int]) -> list[int]:
    return [found[0] - 1, found[1] + 1, *found[2:]]


DAMAGES: dict[str, tuple[int, str, Callable[[Any], Any], str]] = {
    "edges fall": (X, "edges", falling, "column 'x': edges do not rise"),
    "fine edges fall": (X, "fine", falling, "column 'x': fine do not rise"),
    "an edge twice": (X, "edges", lambda found: [found[0], *found], "column 'x': edges do not rise"),
    "an endless edge": (
        X,
        "fine",
        lambda found: [*found[:-1], math.inf],
        "fine do not rise, or are not finite",
    ),
    "an edge beside": (
        X,
        "edges",
        lambda found: [found[0] - 0.5, *found[1:]],
        "edges are not all among fine",
    ),
    "a missing edge": (X, "edges", lambda found: [None, *found[1:]], "a list of numbers lacks one"),
    "no spread": (X, "spread", lambda found: 0.0, "spread is 0.0"),
    "an endless spread": (X, "spread", lambda found: math.inf, "spread is inf"),
    "no centre": (X, "centre", lambda found: math.nan, "centre is nan"),
    "a count below 0": (X, "bins", first_less, "column 'x': a count is below 0"),
    "nulls below 0": (X, "nulls", lambda found: -1, "column 'x': a count is below 0"),
    "too many nulls": (X, "nulls", lambda found: 7, "counts are of 307 rows, and there are 300"),
    "counts moved": (X, "bins", moved, "column 'x': values are not those that were counted"),
    "values fall": (X, "values", falling, "values are not sorted"),
    "endless values": (X, "values", lambda found: [*found[:-1], math.inf], "not sorted, or not finite"),
    "values gone": (X, "values", lambda found: found[1:], "values are not those that were counted"),
    "least above most": (X, "least", lambda found: 1e9, "least and most are"),
    "a category twice": (C, "categories", lambda found: ["b", "b"], "column 'c': a category is there twice"),
    "a category is none": (
        C,
        "categories",
        lambda found: ["b", None],
        "column 'c': a category is there twice",
    ),
    "new rows of none": (C, "new_rows", lambda found: [0], "unseen categories have other rows"),
    "values of categories": (C, "values", lambda found: [1.0], "column 'c': values of categories"),
    "once below 0": (C, "once", lambda found: -1, "once is -1"),
    "slice counts": (2, "bins", first_less, r"column 'x' of slice c = b: a count is below 0"),
    "slice has others": (3, "column", lambda found: "x", "column 'x' is there twice"),
    "a slice before the first": (2, "slice", lambda found: -9, "range object index out of range"),
    "column twice": (C, "column", lambda found: "x", "column 'x' is there twice"),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_numbers_that_no_reference_gives_are_refused(
    sliced: bytes, damage: tuple[int, str, Callable[[Any], Any], str]
) -> None:
    place, field, change, words = damage

    def damaged(found: pa.Table) -> pa.Table:
        rows = found.to_pylist()
        rows[place][field] = change(rows[place][field])
        if field == "new_rows":
            rows[place]["new"] = ["d"]
        return pa.Table.from_pylist(rows, found.schema)

    with pytest.raises(InvalidBaselineError, match=f"cannot be read: .*{words}.*; compile"):
        Baseline.from_bytes(rewritten(sliced, damaged))


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("rows", 0, "rows are 0"),
        ("bins", 1, "bins are 1"),
        ("slices", [], "out of range"),
        ("rows", None, "'NoneType'"),
    ],
)
def test_what_is_not_of_a_column_is_checked_too(sliced: bytes, field: str, value: Any, words: str) -> None:
    def damaged(found: pa.Table) -> pa.Table:
        meta = {**json.loads(found.schema.metadata[encoding.META]), field: value}
        return found.replace_schema_metadata({encoding.META: json.dumps(meta)})

    with pytest.raises(InvalidBaselineError, match=f"cannot be read: .*{words}"):
        Baseline.from_bytes(rewritten(sliced, damaged))


def test_slices_must_be_complete(sliced: bytes) -> None:
    with pytest.raises(InvalidBaselineError, match=r"columns \['c'\] have no counts of slice"):
        Baseline.from_bytes(rewritten(sliced, lambda found: found.slice(0, found.num_rows - 1)))

    def fewer(found: pa.Table) -> pa.Table:
        meta = json.loads(found.schema.metadata[encoding.META])
        rows = [row for row in found.to_pylist() if row["slice"] != len(meta["slices"]) - 2]
        del meta["slices"][-2]
        for row in rows:
            row["slice"] = min(row["slice"], len(meta["slices"]) - 1) if row["slice"] is not None else None
        schema = found.schema.with_metadata({encoding.META: json.dumps(meta)})
        return pa.Table.from_pylist(rows, schema)

    with pytest.raises(InvalidBaselineError, match=r"slices by 'c' have \d+ of 300 rows"):
        Baseline.from_bytes(rewritten(sliced, fewer))


def test_data_that_become_large_are_refused_before_they_are(sliced: bytes) -> None:
    def padded(found: pa.Table) -> pa.Table:
        rows = found.to_pylist()
        rows[C]["categories"] = ["x" * 2**20] * 4
        return pa.Table.from_pylist(rows, found.schema)

    with pa.ipc.open_stream(sliced[encoding.HEAD :]) as reader:
        table = padded(reader.read_all())
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer:
        writer.write_table(table)
    body = sink.getvalue().to_pybytes()
    assert len(body) < 2**17
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sizes, "LARGEST", 2**22)
        with pytest.raises(ValueError, match="more than 4194304 bytes"):
            sizes.check_size(body)
        patch.setattr(sizes, "LARGEST", 2**22 + 2**18)
        sizes.check_size(body)


def test_what_is_too_large_to_be_read_is_not_saved(
    baseline: Baseline, data: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sizes, "LARGEST", len(data))
    with pytest.raises(InvalidBaselineError, match=r"cannot be saved: .*; take fewer columns"):
        baseline.to_bytes()
    with pytest.raises(InvalidBaselineError, match="cannot be read: it is of more than"):
        Baseline.from_bytes(data)


def test_a_file_that_cannot_be_written_leaves_the_old_one(
    baseline: Baseline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.baseline"
    path.write_bytes(b"old")

    def fail(descriptor: int) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(OSError, match="disk is full"):
        baseline.save(path)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
