"""The lake's files in the tools that people use, and the confines of our own."""

import duckdb
import pandas as pd
import polars as pl
import pytest

START_US = 1_790_035_200_000_000


def test_the_files_of_a_date_open_in_pandas_and_polars(lake):
    lake.record(START_US, START_US + 1, f_age=1.5)
    lake.ship()
    lake.record(START_US + 2, f_age=2.5)
    lake.ship()
    folder = lake.folder / "predictions" / "router=r" / "model=m" / "date=2026-09-22"
    in_pandas = pd.concat(pd.read_parquet(file, partitioning=None) for file in folder.glob("*.parquet"))
    in_polars = pl.read_parquet(folder / "*.parquet")
    assert sorted(in_pandas["f_age"]) == sorted(in_polars["f_age"]) == [1.5, 1.5, 2.5]
    assert set(in_polars["variant"]) == {"a"}


def test_queries_reach_no_file_outside_the_lake(lake, tmp_path):
    outside = tmp_path / "secret.csv"
    outside.write_text("a\n1\n")
    with lake.reader._engine.cursor() as connection:
        for query in (f"SELECT * FROM '{outside}'", f"COPY (SELECT 1) TO '{outside}'", "INSTALL httpfs"):
            with pytest.raises((duckdb.PermissionException, duckdb.Error)):
                connection.execute(query)
        with pytest.raises(duckdb.InvalidInputException, match="locked"):
            connection.execute("SET enable_external_access = true")
    assert outside.read_text() == "a\n1\n"
