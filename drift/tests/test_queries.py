"""Tables that are queries over Parquet files: what a manifest lists, with a choice of columns and rows."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pointsman_drift import InvalidTableError, ParquetQuery, compare, compile_baseline

X = {"x": [1.0, 2.0] * 50}


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    random = np.random.default_rng(1)
    paths = []
    for place in range(3):
        columns = {"f_x": random.normal(size=200), "f_y": random.normal(size=200), "day": np.arange(200) % 4}
        if place == 2:
            del columns["f_y"]
        paths.append(tmp_path / f"it's {place}.parquet")
        pq.write_table(pa.table(columns), paths[-1])
    return paths


def test_a_query_is_the_table_of_its_rows(files: list[Path]) -> None:
    query = ParquetQuery(files, {"x": "f_x", "double": "f_y * 2"}, "day = 1 OR day = 2")
    read = [pq.read_table(path) for path in files]
    whole = pa.concat_tables(read, promote_options="default")
    rows = whole.filter(np.isin(whole["day"].to_numpy(), [1, 2]))
    table = pa.table({"x": rows["f_x"], "double": pa.compute.multiply(rows["f_y"], 2.0)})
    current = {"x": np.linspace(-1, 1, 300), "double": np.linspace(-2, 3, 300)}
    assert table["double"].null_count == 100, "a file that lacks a column has null there"
    assert compare(query, current).to_json() == compare(table, current).to_json()
    assert compile_baseline(query).to_bytes() == compile_baseline(table).to_bytes()


def test_slices_of_a_query_go_by_its_columns(files: list[Path]) -> None:
    query = ParquetQuery(files, {"x": "f_x", "weekday": "day"})
    result = compare(query, query, slices="weekday", columns={"weekday": "categorical"})
    assert {str(one.group): one.m for one in result.groups} == {f"weekday = {day}": 150 for day in range(4)}


@pytest.mark.parametrize(
    ("columns", "where", "words"),
    [
        ({}, None, "reference has no columns"),
        ({"x": "f_z"}, None, "reference cannot be read.*f_z"),
        ({"x": "f_x"}, "f_z > 1", "reference cannot be read.*f_z"),
        ({"x": "f_x"}, "day > 100", "reference has no rows"),
    ],
)
def test_a_query_that_cannot_be_asked_is_told(
    files: list[Path], columns: dict[str, str], where: str | None, words: str
) -> None:
    with pytest.raises(InvalidTableError, match=f"(?s){words}"):
        compare(ParquetQuery(files, columns, where), X)


def test_a_query_over_files_that_are_not_there_is_told() -> None:
    with pytest.raises(InvalidTableError, match=r"no Parquet file at 'nowhere\.parquet'"):
        compare(ParquetQuery(["nowhere.parquet"], {"x": "x"}), X)
