"""Columns of every type, and those with nothing to compare: each has a stated outcome, never NaN."""

import datetime as dt
import json
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pointsman_drift import Result, Status, compare, compile_baseline
from pointsman_drift.baselines.plan import UnorderedPlan
from pointsman_drift.multivariate.sample import draw_sample
from pointsman_drift.opening import connect
from pointsman_drift.tables.sources import open_source

DAY = dt.datetime(2026, 1, 1)


def checked(result: Result) -> Result:
    """Passes a result on whose figures are all numbers."""
    json.dumps(result.to_dict(), allow_nan=False)
    return result


COLUMNS: dict[str, tuple[Any, Any]] = {
    "whole": (pa.array(range(100)), pa.array(range(50, 150))),
    "wide": (
        pa.array([2**60 + i for i in range(100)]),
        pa.array([2**60 + i for i in range(50, 150)]),
    ),
    "unsigned": (
        pa.array([2**64 - 1000 + i for i in range(100)], pa.uint64()),
        pa.array([2**64 - 1000 + i for i in range(50, 150)], pa.uint64()),
    ),
    "single": (pa.array(np.arange(100, dtype=np.float32)), pa.array(np.arange(50, 150, dtype=np.float32))),
    "half": (pa.array(np.arange(100, dtype=np.float16)), pa.array(np.arange(50, 150, dtype=np.float16))),
    "decimal": (
        pa.array([Decimal(i) / 100 for i in range(100)], pa.decimal128(10, 2)),
        pa.array([Decimal(i) / 100 for i in range(50, 150)], pa.decimal128(10, 2)),
    ),
    "wide decimal": (
        pa.array([Decimal(10**25 + i) for i in range(100)], pa.decimal128(38, 2)),
        pa.array([Decimal(10**25 + i) for i in range(50, 150)], pa.decimal128(38, 2)),
    ),
    "boolean": (pa.array([True, False] * 50), pa.array([True] * 90 + [False] * 10)),
    "date": (
        pa.array([(DAY + dt.timedelta(i)).date() for i in range(100)]),
        pa.array([(DAY + dt.timedelta(i)).date() for i in range(50, 150)]),
    ),
    "timestamp": (
        pa.array([DAY + dt.timedelta(i) for i in range(100)]),
        pa.array([DAY + dt.timedelta(i) for i in range(50, 150)]),
    ),
    "instant": (
        pa.array([DAY + dt.timedelta(i) for i in range(100)], pa.timestamp("us", "UTC")),
        pa.array([DAY + dt.timedelta(i) for i in range(50, 150)], pa.timestamp("us", "UTC")),
    ),
    "nanoseconds": (
        pa.array([DAY + dt.timedelta(i) for i in range(100)], pa.timestamp("ns")),
        pa.array([DAY + dt.timedelta(i) for i in range(50, 150)], pa.timestamp("ns")),
    ),
    "clock": (
        pa.array([dt.time(i // 10, i % 10) for i in range(100)]),
        pa.array([dt.time(i // 10, i % 10) for i in range(50, 150)]),
    ),
    "duration": (
        pa.array([dt.timedelta(seconds=i) for i in range(100)]),
        pa.array([dt.timedelta(seconds=i) for i in range(50, 150)]),
    ),
    "text": (pa.array(["a", "b"] * 50), pa.array(["a"] * 90 + ["b"] * 10)),
    "dictionary": (
        pa.array(["a", "b"] * 50).dictionary_encode(),
        pa.array(["a"] * 90 + ["b"] * 10).dictionary_encode(),
    ),
}
MOVED = ("boolean", "text", "dictionary")


@pytest.fixture(scope="module")
def moved() -> Result:
    sides = [pa.table({name: pair[side] for name, pair in COLUMNS.items()}) for side in (0, 1)]
    return checked(compare(*sides))


@pytest.mark.parametrize("name", COLUMNS)
def test_a_column_of_any_type_that_moved_is_found(moved: Result, name: str) -> None:
    assert moved.features[name] is Status.ALERT
    if name not in MOVED:
        assert moved.figure(name, "ks_test").value == 0.5
        assert moved.figure(name, "wasserstein").score == pytest.approx(50 / (49.5 / 1.349), rel=0.01)
    else:
        assert moved.figure(name, "chi_square").p_value < 1e-6  # type: ignore[operator]


def test_columns_of_any_type_are_ok_beside_themselves() -> None:
    table = pa.table({name: pair[0] for name, pair in COLUMNS.items()})
    result = checked(compare(table, table))
    assert result.status is Status.OK
    assert len(result.features) == len(COLUMNS)


def test_numbers_are_told_apart_where_doubles_end() -> None:
    before, after = ([2**60 + offset + i for i in range(100)] for offset in (0, 100))
    result = checked(compare({"id": before}, {"id": after}))
    assert result.figure("id", "ks_test").value == 1.0


@pytest.mark.parametrize(
    ("before", "after", "status"),
    [
        pytest.param([5.0] * 100, [5.0] * 100, Status.OK, id="constant"),
        pytest.param([5.0] * 100, [6.0] * 100, Status.ALERT, id="another constant"),
        pytest.param([0.0] * 100, [-0.0] * 100, Status.OK, id="zero is minus zero"),
        pytest.param([None] * 100, [None] * 100, Status.OK, id="all null"),
        pytest.param([None] * 100, [1.0] * 100, Status.ALERT, id="values come"),
        pytest.param([None] * 100, ["a"] * 100, Status.ALERT, id="texts come"),
        pytest.param([1.0, 2.0] * 50, [None] * 100, Status.ALERT, id="values go"),
        pytest.param([1.0, 2.0] * 50, [1.0, 2.0] * 48 + [np.nan] * 4, Status.OK, id="a few missing"),
        pytest.param([1.0, 2.0] * 50, [np.inf] * 100, Status.ALERT, id="all infinite"),
        pytest.param([np.inf, -np.inf] * 50, [np.inf, -np.inf] * 50, Status.OK, id="always infinite"),
        pytest.param([1e308, -1e308] * 50, [1e308, -1e308] * 50, Status.OK, id="largest"),
        pytest.param([5e-324, 0.0] * 50, [5e-324, 0.0] * 50, Status.OK, id="smallest"),
        pytest.param(["a", "b"] * 50, ["a", "b", "c", "c"] * 25, Status.ALERT, id="a new category"),
        pytest.param([""] * 100, ["", None] * 50, Status.ALERT, id="empty text is no null"),
    ],
)
def test_columns_with_little_in_them_have_a_stated_outcome(before: Any, after: Any, status: Status) -> None:
    result = checked(compare({"x": before}, {"x": after}))
    assert result.status is status
    assert not result.insufficient_data


def test_nan_and_null_are_missing_in_every_form() -> None:
    values = [1.0, 2.0, None, float("nan")] * 25
    arrow = pa.table({"x": pa.array(values)})
    for other in (pd.DataFrame({"x": values}), pl.DataFrame({"x": values}, strict=False), {"x": values}):
        result = checked(compare(arrow, other))
        figure = result.figure("x", "missing_values")
        assert (figure.details["referenceShare"], figure.details["currentShare"]) == (0.5, 0.5)
        assert result.figure("x", "psi").value == 0.0


def test_infinities_are_counted_apart() -> None:
    before = pa.table({"x": pa.array([1.0, 2.0, 3.0, 4.0] * 50)})
    after = pa.table({"x": pa.array([1.0, 2.0, 3.0, float("inf")] * 50)})
    result = checked(compare(before, after))
    assert result.figure("x", "missing_values").value == 0.0
    assert result.figure("x", "psi").status is Status.ALERT
    assert result.figure("x", "ks_test").m == 150


def test_one_row_is_not_judged() -> None:
    result = compare({"x": [1.0] * 100}, {"x": [9.0]})
    (left,) = result.insufficient_data
    assert (left.feature, left.n, left.m) == ("x", 100, 1)
    assert result.status is Status.WARNING, "nobody looked, so nobody can say ok"
    assert result.to_dict()["insufficientData"][0]["feature"] == "x"


def test_few_values_among_many_nulls_are_judged_by_what_there_is() -> None:
    values = [1.0] * 20 + [None] * 80
    result = checked(compare({"x": values}, {"x": values}))
    assert {one.algorithm for one in result.not_measured} == {"ks_test", "wasserstein"}
    assert result.status is Status.OK
    alone = compare({"x": values}, {"x": values}, algorithms=["ks_test"])
    assert [one.feature for one in alone.insufficient_data] == ["x"]


def test_a_new_category_is_told_from_a_rare_one() -> None:
    before = {"c": [f"c{i % 150}" for i in range(15_000)]}
    rare = compare(before, {"c": ["c149"] * 100})
    assert rare.figure("c", "unseen_categories").value == 0.0
    new = compare(before, {"c": ["c1"] * 90 + ["new"] * 10})
    assert new.figure("c", "unseen_categories").value == 0.1
    assert new.figure("c", "unseen_categories").status is Status.ALERT


def test_more_categories_than_are_kept_are_not_called_unseen() -> None:
    before = {"c": [f"id{i}" for i in range(10_001)]}
    result = checked(compare(before, {"c": [f"other{i}" for i in range(1000)]}, columns={"c": "categorical"}))
    (lacking,) = result.not_measured
    assert lacking.algorithm == "unseen_categories"


def test_categories_of_numbers_read_the_same_whatever_type_holds_them() -> None:
    before = {"x": [1, 2, 3] * 50}
    after = pd.DataFrame({"x": [1.0, 2.0, 3.0, None] * 50})
    result = checked(compare(before, after, columns={"x": "categorical"}, algorithms=["unseen_categories"]))
    assert result.figure("x", "unseen_categories").value == 0.0


@pytest.mark.parametrize("size", [1000, 120_000], ids=["rows", "bins"])
@pytest.mark.parametrize("types", [(pa.float32(), pa.float64()), (pa.float64(), pa.float32())], ids=str)
def test_the_same_numbers_in_single_and_double_precision_are_no_drift(size: int, types: Any) -> None:
    random = np.random.default_rng(5)
    drawn = np.where(
        random.random(size) < 0.7, random.choice([0.1, 0.3, 1.7], size), random.normal(size=size)
    )
    numbers = [float(f"{one:.4g}") for one in drawn]
    sides = [pa.table({"x": pa.array(numbers, type_)}) for type_ in types]
    result = checked(compare(*sides))
    assert result.status is Status.OK
    assert [result.figure("x", name).value for name in ("psi", "ks_test")] == [0.0, 0.0]


def test_the_same_decimals_in_single_precision_are_no_drift() -> None:
    numbers = ["0.10", "0.30", "1.70", "1.70"] * 50
    before = pa.table({"x": pa.array([Decimal(one) for one in numbers], pa.decimal128(10, 2))})
    after = pa.table({"x": pa.array([float(one) for one in numbers], pa.float32())})
    for sides in ((before, after), (after, before)):
        assert compare(*sides).figure("x", "ks_test").value == 0.0


def test_what_single_precision_cannot_hold_is_no_missing_value() -> None:
    before = pa.table({"x": pa.array([1.0, 2.0] * 50, pa.float32())})
    after = pa.table({"x": pa.array([1.0, 1e300] * 50)})
    result = checked(compare(before, after))
    assert result.figure("x", "missing_values").value == 0.0
    assert result.figure("x", "ks_test").value == 0.5


def test_samples_read_single_precision_as_double_precision() -> None:
    plans = compile_baseline({"x": [0.1, 0.7] * 50}).plans
    with connect("1GB") as connection:
        singles = pa.table({"x": pa.array([0.1, 0.7] * 50, pa.float32())})
        sample = draw_sample(connection, open_source(connection, singles, "current"), plans, 1)
    assert set(sample.numbers["x"].tolist()) == {0.1, 0.7}


def names_of(values: pa.Array) -> tuple[str, ...]:
    """Answers how numbers read that are told to be categories."""
    plan = compile_baseline(pa.table({"x": values}), columns={"x": "categorical"}).plans["x"]
    assert isinstance(plan, UnorderedPlan)
    return plan.categories


LARGE = [2**53, 2**62, -(2**62), 10**15, 10**17, 5]
SMALL = ["0.5", "1.5", "100.0", "0.0", "-0.25", "0.00001", "12345.25"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(pa.array(LARGE), pa.array([float(one) for one in LARGE]), id="large whole doubles"),
        pytest.param(pa.array(LARGE), pa.array([Decimal(one) for one in LARGE]), id="large whole decimals"),
        *(
            pytest.param(
                pa.array([Decimal(one) for one in SMALL]).cast(type_),
                pa.array([float(one) for one in SMALL]),
                id=str(type_),
            )
            for type_ in (pa.decimal128(10, 5), pa.decimal128(15, 6), pa.decimal128(38, 18))
        ),
        pytest.param(
            pa.array([Decimal("12345678901234567.80")], pa.decimal128(20, 2)),
            pa.array([Decimal("12345678901234567.800")], pa.decimal128(38, 3)),
            id="beyond doubles",
        ),
        pytest.param(
            pa.array([0.5, 0.1, 2.0**40], pa.float32()), pa.array([0.5, 0.1, 2.0**40]), id="single precision"
        ),
    ],
)
def test_equal_numbers_are_one_category_whatever_type_holds_them(one: pa.Array, other: pa.Array) -> None:
    assert names_of(one) == names_of(other)


def test_decimals_that_one_double_holds_are_two_categories() -> None:
    values = [Decimal("12345678901234567.80"), Decimal("12345678901234567.81"), None]
    names = names_of(pa.array(values, pa.decimal128(20, 2)))
    assert names == ("12345678901234567.8", "12345678901234567.81")


def test_names_that_differ_by_case_are_two_columns(tmp_path: Any) -> None:
    before = pa.table({"a": [1.0] * 50, "A": [2.0] * 50})
    after = pa.table({"A": [2.0] * 50, "a": [1.0] * 50})
    pq.write_table(after, tmp_path / "after.parquet")
    assert compare(before, tmp_path / "after.parquet").status is Status.OK


def test_all_forms_of_a_table_give_the_same(tmp_path: Any) -> None:
    random = np.random.default_rng(1)
    reference = {"x": random.normal(size=300), "c": random.choice(["a", "b"], 300).tolist()}
    frame = pd.DataFrame(reference)
    table = pa.Table.from_pandas(frame)
    frame.iloc[:100].to_parquet(tmp_path / "part-0.parquet")
    frame.iloc[100:].to_parquet(tmp_path / "part-1.parquet")
    current = {"x": random.normal(0.5, 1, 300), "c": random.choice(["a", "b"], 300).tolist()}
    wanted = compare(reference, current).to_json()
    for form in (
        frame,
        pl.from_pandas(frame),
        table,
        table.to_batches()[0],
        tmp_path,
        str(tmp_path / "*.parquet"),
    ):
        assert compare(form, current).to_json() == wanted
