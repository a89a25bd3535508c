"""A baseline that was saved and loaded is the same to the last bit; anything else is refused."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from pointsman_drift import Baseline, InvalidBaselineError, compare, compile_baseline, load_baseline
from pointsman_drift.baselines import encoding

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
