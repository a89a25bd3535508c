"""One scan counts everything; other engines count the same, and parts add up."""

import functools
import sqlite3

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman_drift import Baseline, compile_baseline
from pointsman_drift.baselines.plan import OrderedPlan
from pointsman_drift.counting.counts import ColumnCounts, Counted
from pointsman_drift.counting.groups import WHOLE, Division, Divisions, Group
from pointsman_drift.counting.lookup import Lookup
from pointsman_drift.counting.portable import INFINITE_ABOVE, INFINITE_BELOW, NULL, counting_sql
from pointsman_drift.counting.scan import scan
from pointsman_drift.counting.sums import power_sums
from pointsman_drift.tables.sources import Source, open_source

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
    baseline: Baseline, table: pa.Table, windows: str | None = None, slices: tuple[str, ...] = ()
) -> dict[Group, Counted]:
    def division(connection: duckdb.DuckDBPyConnection, source: Source, name: str) -> Division:
        text = f"CAST({source.places[name]} AS VARCHAR)"
        values = connection.sql(f"SELECT DISTINCT {text} FROM {source.relation} ORDER BY 1 LIMIT 50")
        return Division(
            name, f"CAST(s.{source.places[name]} AS VARCHAR)", tuple(row[0] for row in values.fetchall())
        )

    with duckdb.connect() as connection:
        source = open_source(connection, table, "current")
        divisions = Divisions(
            None if windows is None else division(connection, source, windows),
            tuple(division(connection, source, name) for name in slices),
        )
        return scan(connection, source, baseline.plans, divisions)


def test_every_row_is_counted_once_in_its_bin(baseline: Baseline, current: pa.Table) -> None:
    columns = counted(baseline, current)[WHOLE].counts
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
    for group, found in counted(baseline, current, "day", ("plan",)).items():
        if group.window is None or group.slice is None:
            continue
        for name, counts in found.counts.items():
            special = {NULL: counts.missing, INFINITE_BELOW: counts.below, INFINITE_ABOVE: counts.above}
            for bin_, n in [*enumerate(counts.bins.tolist()), *special.items()]:
                if n:
                    wanted[(name, group.window, group.slice.value, str(bin_))] = n
    query = counting_sql("t", list(baseline.plans.values()), "day", "plan")
    if engine == "sqlite":
        connection = sqlite3.connect(":memory:")
        connection.execute("CREATE TABLE t (x REAL, c TEXT, day TEXT, plan TEXT)")
        values = [tuple(row.values()) for row in current.to_pylist()]
        connection.executemany("INSERT INTO t VALUES (?, ?, ?, ?)", values)
        rows = connection.execute(query).fetchall()
        connection.close()
    else:
        with duckdb.connect() as other:
            other.register("t", current)
            rows = other.execute(query).fetchall()
    assert {(*row[:3], str(row[3])): row[4] for row in rows} == wanted


@pytest.mark.parametrize("by", ["windows", "slices", "slices in windows"])
def test_windows_and_slices_add_up_to_the_whole(baseline: Baseline, current: pa.Table, by: str) -> None:
    found = counted(baseline, current, "day", ("plan", "x"))
    parts = {
        "windows": [group for group in found if group.window and not group.slice],
        "slices": [
            group for group in found if not group.window and group.slice and group.slice.column == "plan"
        ],
        "slices in windows": [
            group for group in found if group.window and group.slice and group.slice.column == "x"
        ],
    }[by]
    assert len([group for group in parts if found[group].rows]) > 1
    assert sum(found[group].rows for group in parts) == ROWS
    for order in (parts, parts[::-1]):
        for name, wanted in found[WHOLE].counts.items():
            merged = functools.reduce(ColumnCounts.merged, [found[group].counts[name] for group in order])
            assert vars(merged) == {**vars(wanted), "bins": merged.bins}
            assert merged.bins.tolist() == wanted.bins.tolist()


def test_batches_add_up_whatever_their_size(
    baseline: Baseline, current: pa.Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = counted(baseline, current)[WHOLE].counts
    monkeypatch.setattr("pointsman_drift.counting.scan.batch_rows", lambda columns: 2048)
    monkeypatch.setattr("pointsman_drift.counting.scan.EXACT_ROWS", 10)
    monkeypatch.setattr("pointsman_drift.counting.scan.processors", lambda: 2)
    for name, found in counted(baseline, current)[WHOLE].counts.items():
        assert vars(found) == {**vars(wanted[name]), "bins": found.bins}
        assert found.bins.tolist() == wanted[name].bins.tolist()


@given(st.lists(st.integers(-(2**48), 2**48), min_size=1, max_size=200))
def test_sums_of_powers_are_exact(quanta: list[int]) -> None:
    middle = len(quanta) // 2
    starts = np.array([0, middle] if middle else [0])
    runs = [quanta[:middle], quanta[middle:]] if middle else [quanta]
    found = power_sums(np.array(quanta, np.int64), starts)
    assert found == ([sum(run) for run in runs], [sum(one * one for one in run) for run in runs])


def test_sums_of_powers_are_exact_of_as_many_as_are_added_at_once() -> None:
    for one in (2**48, -(2**48), 2**24 - 1, -(2**24)):
        found = power_sums(np.full(2**14, one), np.array([0]))
        assert found == ([2**14 * one], [2**14 * one * one])


@pytest.mark.parametrize("name", ["normal", "skewed", "zeros", "few", "two", "one", "tiny", "huge", "far"])
def test_the_bin_of_a_value_is_that_of_a_search(name: str) -> None:
    random = np.random.default_rng(3)
    reference = {
        "normal": random.normal(size=5000),
        "skewed": random.lognormal(0, 4, 30_000),
        "zeros": np.where(random.random(5000) < 0.7, 0.0, random.lognormal(0, 1, 5000)),
        "few": random.poisson(2, 5000).astype(float),
        "two": random.choice([0.0, 1e-300], 5000),
        "one": np.full(5000, 7.0),
        "tiny": random.normal(size=5000) * 5e-324,
        "huge": random.normal(size=5000) * 1e307,
        "far": random.normal(1e15, 1, 5000),
    }[name]
    plan = compile_baseline({"x": reference}).plans["x"]
    assert isinstance(plan, OrderedPlan)
    values = np.r_[
        reference,
        np.nextafter(plan.fine, -np.inf),
        plan.fine,
        np.nextafter(plan.fine, np.inf),
        -0.0,
        1e308,
        -1e308,
    ]
    values = values[np.isfinite(values)]
    lookup = Lookup(plan)
    found = lookup.bins(values, lookup.quanta(values, is_far=True), is_far=True)
    assert found.tolist() == np.searchsorted(plan.fine, values, "right").tolist()
