"""One scan counts everything; other engines count the same, and parts add up."""

import sqlite3

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from pointsman_drift import Baseline, compile_baseline
from pointsman_drift.baselines.plan import OrderedPlan
from pointsman_drift.counting.counts import ColumnCounts
from pointsman_drift.counting.portable import INFINITE_ABOVE, INFINITE_BELOW, NULL, counting_sql
from pointsman_drift.counting.scan import scan
from pointsman_drift.tables.sources import open_source

ROWS = 3000


@pytest.fixture(scope="module")
def current() -> pa.Table:
    random = np.random.default_rng(2)
    x = random.normal(0.5, 2, ROWS)
    x[:5] = [np.inf, -np.inf, 0.0, -0.0, 1e300]
    names = random.choice(["a", "b", "it's", "new", "newer"], ROWS)
    return pa.table(
        {
            "x": pa.array(x, mask=random.random(ROWS) < 0.1),
            "c": pa.array(names, mask=random.random(ROWS) < 0.1),
            "day": random.choice(["mon", "tue"], ROWS),
            "plan": random.choice(["free", "paid"], ROWS),
        }
    )


@pytest.fixture(scope="module")
def baseline() -> Baseline:
    random = np.random.default_rng(1)
    x = np.where(random.random(ROWS) < 0.3, 0.0, random.normal(size=ROWS))
    return compile_baseline({"x": x, "c": random.choice(["a", "b", "it's"], ROWS)})


def counted(
    baseline: Baseline, table: pa.Table, by: tuple[str, ...] = ()
) -> dict[tuple[str | None, ...], dict[str, ColumnCounts]]:
    with duckdb.connect() as connection:
        source = open_source(connection, table, "current")
        return scan(connection, source, baseline.plans, [f"s.{source.places[name]}" for name in by])


def test_every_row_is_counted_once_in_its_bin(baseline: Baseline, current: pa.Table) -> None:
    (columns,) = counted(baseline, current).values()
    x = columns["x"]
    values = current["x"].drop_null().to_numpy()
    finite = np.sort(values[np.isfinite(values)])
    plan = baseline.plans["x"]
    assert isinstance(plan, OrderedPlan)
    assert (
        x.bins.tolist()
        == np.bincount(np.searchsorted(plan.fine, finite, "right"), minlength=plan.size).tolist()
    )
    assert (x.rows, x.missing, x.below, x.above) == (ROWS, current["x"].null_count, 1, 1)
    assert (x.least, x.most) == (finite[0], finite[-1])
    assert columns["c"].new == {name: current["c"].to_pylist().count(name) for name in ("new", "newer")}


@pytest.mark.parametrize("engine", ["sqlite", "duckdb"])
def test_other_engines_count_the_same(baseline: Baseline, current: pa.Table, engine: str) -> None:
    wanted: dict[tuple[str | None, ...], int] = {}
    for group, columns in counted(baseline, current, ("day", "plan")).items():
        for name, counts in columns.items():
            special = {NULL: counts.missing, INFINITE_BELOW: counts.below, INFINITE_ABOVE: counts.above}
            for bin_, n in [*enumerate(counts.bins.tolist()), *special.items()]:
                if n:
                    wanted[(name, *group, str(bin_))] = n
    query = counting_sql("t", list(baseline.plans.values()), "day", "plan")
    if engine == "sqlite":
        connection = sqlite3.connect(":memory:")
        connection.execute("CREATE TABLE t (x REAL, c TEXT, day TEXT, plan TEXT)")
        rows = [tuple(row.values()) for row in current.to_pylist()]
        connection.executemany("INSERT INTO t VALUES (?, ?, ?, ?)", rows)
        found = connection.execute(query).fetchall()
        connection.close()
    else:
        with duckdb.connect() as other:
            other.register("t", current)
            found = other.execute(query).fetchall()
    assert {(*row[:3], str(row[3])): row[4] for row in found} == wanted


@pytest.mark.parametrize("by", [("day",), ("plan", "day")])
def test_windows_and_slices_add_up_to_the_whole(
    baseline: Baseline, current: pa.Table, by: tuple[str, ...]
) -> None:
    (whole,) = counted(baseline, current).values()
    groups = list(counted(baseline, current, by).values())
    assert len(groups) == 2 ** len(by)
    for order in (groups, groups[::-1]):
        for name, wanted in whole.items():
            merged = order[0][name]
            for group in order[1:]:
                merged = merged.merged(group[name])
            found = {key: value for key, value in vars(merged).items() if key != "bins"}
            assert found == {key: value for key, value in vars(wanted).items() if key != "bins"}
            assert merged.bins.tolist() == wanted.bins.tolist()
