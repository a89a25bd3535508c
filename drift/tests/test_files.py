"""Tables of several Parquet files: what their schemas differ in is read rightly or refused."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pointsman_drift import InvalidTableError, ParquetQuery, Status, compare, compile_baseline


def write(path: Path, columns: dict[str, Any]) -> Path:
    """Answers a file's path after writing it."""
    path.parent.mkdir(exist_ok=True)
    pq.write_table(pa.table(columns), path)
    return path


def test_files_of_two_types_are_read_by_the_wider_one(tmp_path: Path) -> None:
    write(tmp_path / "0.parquet", {"x": pa.array([1, 2] * 50, pa.int32())})
    write(tmp_path / "1.parquet", {"x": pa.array([1.6, 2.4] * 50)})
    baseline = compile_baseline(tmp_path)
    assert sorted(set(baseline.values["x"].tolist())) == [1.0, 1.6, 2.0, 2.4]
    assert compare(tmp_path, {"x": [1.0, 2.0, 1.6, 2.4] * 50}).figure("x", "ks_test").value == 0.0


def test_columns_are_matched_by_name_in_whatever_order_files_have_them(tmp_path: Path) -> None:
    write(tmp_path / "0.parquet", {"x": [1.0] * 50, "y": [2.0] * 50})
    write(tmp_path / "1.parquet", {"y": [2.0] * 50, "x": [1.0] * 50})
    assert compare(tmp_path, {"x": [1.0] * 100, "y": [2.0] * 100}).status is Status.OK


@pytest.mark.parametrize("lacking", [0, 1])
def test_a_file_that_lacks_a_column_is_refused_by_name(tmp_path: Path, lacking: int) -> None:
    for place in (0, 1):
        columns = {"x": [1.0] * 50} | ({} if place == lacking else {"y": [2.0] * 50})
        write(tmp_path / f"{place}.parquet", columns)
    with pytest.raises(
        InvalidTableError, match=rf"'y': file '.*{lacking}\.parquet' of the reference lacks it"
    ):
        compile_baseline(tmp_path)
    assert compile_baseline(tmp_path, features=["x"]).counts["x"].values == 100


def test_folders_named_by_values_add_no_columns(tmp_path: Path) -> None:
    for day in ("2026-01-01", "2026-01-02"):
        write(tmp_path / f"day={day}" / "a.parquet", {"x": [1.0, 2.0] * 50})
    assert compile_baseline(tmp_path).columns == ("x",)
    assert compare(tmp_path, {"x": [1.0, 2.0] * 50}).status is Status.OK
    query = ParquetQuery([tmp_path], {"x": "x"}, "day = '2026-01-01'")
    with pytest.raises(InvalidTableError, match=r"(?s)reference cannot be read.*day"):
        compile_baseline(query)


@pytest.mark.parametrize(
    ("first", "second", "words"),
    [
        (pa.array([1]), pa.array(["a"]), "number and as text"),
        (pa.array([1]), pa.array([True]), "bool and as number"),
        (pa.array([1.5], pa.float32()), pa.array([2**60]), "number and as number in single precision"),
        (
            pa.array([0], pa.timestamp("us")),
            pa.array([0], pa.timestamp("us", "UTC")),
            "without time zone and as timestamp with time zone",
        ),
    ],
)
def test_files_whose_values_are_of_two_families_are_refused(
    tmp_path: Path, first: pa.Array, second: pa.Array, words: str
) -> None:
    write(tmp_path / "0.parquet", {"x": first, "y": [1]})
    write(tmp_path / "1.parquet", {"x": second, "y": [1]})
    with pytest.raises(InvalidTableError, match=f"'x': files of the reference have it as .*{words}; write"):
        compile_baseline(tmp_path)
    assert compile_baseline(tmp_path, features=["y"]).rows == 2


def test_files_without_values_and_with_dictionaries_are_read(tmp_path: Path) -> None:
    write(tmp_path / "0.parquet", {"c": pa.nulls(50)})
    write(tmp_path / "1.parquet", {"c": ["a"] * 50})
    write(tmp_path / "2.parquet", {"c": pa.array(["b"] * 50).dictionary_encode()})
    counts = compile_baseline(tmp_path).counts["c"]
    assert (counts.nulls, counts.values) == (50, 100)


def test_names_that_differ_by_case_in_another_order_are_refused(tmp_path: Path) -> None:
    files = [
        write(tmp_path / "0.parquet", {"a": [1.0] * 50, "A": [2.0] * 50}),
        write(tmp_path / "1.parquet", {"A": [2.0] * 50, "a": [1.0] * 50}),
    ]
    with pytest.raises(InvalidTableError, match=r"differ by case alone, and file '.*1\.parquet'"):
        compile_baseline(files)
    baseline = compile_baseline([files[0], files[0]])
    assert [set(baseline.values[name]) for name in ("a", "A")] == [{1.0}, {2.0}]
