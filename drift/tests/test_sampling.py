"""Samples of rows: the same whatever the order of rows is, and fair to rows that are many times there."""

from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pointsman_drift import InvalidOptionError, InvalidTableError
from pointsman_drift.tables.sampling import sample_rows
from pointsman_drift.tables.sources import open_source

ROWS = 5000


def table() -> pa.Table:
    random = np.random.default_rng(1)
    x = random.normal(size=ROWS)
    x[:10] = np.nan
    names = random.choice(["a", "b", "c"], ROWS)
    return pa.table(
        {"x": pa.array(x, mask=random.random(ROWS) < 0.1), "c": pa.array(names).dictionary_encode()}
    )


def sampled(data: Any, size: int, seed: int = 1, columns: tuple[str, ...] = ("x", "c")) -> pa.Table:
    with duckdb.connect() as connection:
        return sample_rows(connection, open_source(connection, data, "current"), columns, size, seed)


def texts(found: pa.Table) -> list[str]:
    return [str(row) for row in found.to_pylist()]


def test_the_order_of_rows_and_files_changes_nothing(tmp_path: Path) -> None:
    rows, wanted = table(), texts(sampled(table(), 300))
    assert len(wanted) == 300
    order = np.random.default_rng(2).permutation(ROWS)
    assert texts(sampled(rows.take(order), 300)) == wanted
    for part, start in enumerate(range(0, ROWS, 1700)):
        pq.write_table(rows.take(order)[start : start + 1700], tmp_path / f"{9 - part}.parquet")
    assert texts(sampled(tmp_path, 300)) == wanted


def test_the_seed_decides() -> None:
    first, again, other = (texts(sampled(table(), 300, seed)) for seed in (1, 1, 2))
    assert first == again
    assert len(set(first) & set(other)) < 100


def test_draws_of_two_seeds_do_not_depend_on_each_other() -> None:
    rows = {"x": np.arange(ROWS)}
    for size in (500, 2500):
        first, second = (set(sampled(rows, size, seed, ("x",))["x"].to_pylist()) for seed in (1, 2))
        share = size / ROWS
        # Five standard deviations of the hypergeometric number of rows that both have.
        spread = 5 * share * (1 - share) * ROWS**0.5
        assert len(first & second) == pytest.approx(size * share, abs=spread), size


def test_every_row_is_drawn_at_most_as_often_as_it_is_there() -> None:
    rows = texts(table())
    for size in (1, 4000, ROWS - 1, ROWS, ROWS + 1):
        found = texts(sampled(table(), size))
        assert len(found) == min(size, ROWS)
        assert all(found.count(one) <= rows.count(one) for one in set(found[:50]))


def test_rows_that_are_many_times_there_are_drawn_by_their_share() -> None:
    random = np.random.default_rng(3)
    mixed = {"x": np.where(random.random(20_000) < 0.3, 7.0, random.normal(size=20_000))}
    shares = [np.mean(sampled(mixed, 1000, seed, ("x",))["x"].to_numpy() == 7.0) for seed in range(20)]
    assert np.mean(shares) == pytest.approx(0.3, abs=0.01)
    assert np.std(shares) == pytest.approx((0.3 * 0.7 / 1000) ** 0.5, rel=0.6), (
        "as of a fair draw, not all or none"
    )


def test_columns_come_by_name_and_only_those_asked_for() -> None:
    found = sampled(table(), 10, columns=("c",))
    assert found.column_names == ["c"]


@pytest.mark.parametrize(
    ("columns", "size", "words"),
    [((), 10, "columns: the list is empty"), (("x",), 0, "size: 0 is not"), (("x",), 10**7, "1000000")],
)
def test_what_means_nothing_is_refused(columns: tuple[str, ...], size: int, words: str) -> None:
    with pytest.raises(InvalidOptionError, match=words):
        sampled(table(), size, columns=columns)


def test_an_absent_column_is_told() -> None:
    with pytest.raises(InvalidTableError, match="'y': the current lacks it"):
        sampled(table(), 10, columns=("y",))
