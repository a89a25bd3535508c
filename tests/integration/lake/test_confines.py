"""The confines of the queries that the server makes."""

import duckdb
import pytest


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
