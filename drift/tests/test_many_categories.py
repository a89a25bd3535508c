"""Columns with more categories than are told by name: no drift is found where there is none."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from pointsman_drift import Baseline, Result, Status, compare, compile_baseline
from pointsman_drift.counting import unseen

SHARES = {
    "falling": np.arange(1, 60_001) ** -0.7,
    "equal": np.ones(40_000),
    "a few frequent": np.r_[np.full(5, 2000.0), np.ones(30_000)],
}


def drawn(random: np.random.Generator, shares: Any, rows: int) -> pa.Table:
    numbers = random.choice(len(shares), rows, p=shares / shares.sum())
    return pa.table({"id": [f"id{number}" for number in numbers], "day": np.arange(rows) % 2})


def compared(reference: Any, current: Any, **options: Any) -> Result:
    return compare(reference, current, features=["id"], **options)


def test_ids_that_are_all_unique_and_all_new_are_no_drift() -> None:
    before, after = ({"id": [f"{side}{place}" for place in range(15_000)]} for side in "ab")
    for reference, current in ((before, after), (after, before), (before, before)):
        result = compared(reference, current)
        assert result.status is Status.OK, [str(one) for one in result.figures]
        assert {one.p_value for one in result.figures if one.algorithm in ("psi", "chi_square")} == {1.0}


@pytest.mark.parametrize("name", SHARES)
@pytest.mark.parametrize(("n", "m"), [(60_000, 60_000), (60_000, 12_000)])
def test_without_drift_tests_of_many_categories_find_none(name: str, n: int, m: int) -> None:
    random = np.random.default_rng(1)
    found = [
        compared(drawn(random, SHARES[name], n), drawn(random, SHARES[name], m)).figure("id", "chi_square")
        for _ in range(3)
    ]
    assert min(one.p_value for one in found if one.p_value is not None) > 0.005
    assert {one.status for one in found} == {Status.OK}


def test_a_frequent_category_that_moves_among_many_is_found() -> None:
    random = np.random.default_rng(2)
    before = drawn(random, SHARES["a few frequent"], 60_000)
    after = drawn(random, np.r_[14000.0, SHARES["a few frequent"][1:]], 60_000)
    baseline = compile_baseline(before, features=["id"])
    result = compared(baseline, after)
    assert result.figure("id", "chi_square").status is Status.ALERT
    assert compared(Baseline.from_bytes(baseline.to_bytes()), after).to_json() == result.to_json()


def test_a_new_category_that_becomes_frequent_among_many_is_found() -> None:
    random = np.random.default_rng(3)
    before = drawn(random, SHARES["equal"], 60_000)
    ids = [*drawn(random, SHARES["equal"], 40_000)["id"].to_pylist(), *["new"] * 20_000]
    assert compared(before, {"id": ids}).figure("id", "chi_square").status is Status.ALERT


def test_each_window_tells_names_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unseen, "NEW_CATEGORIES", 100)
    before = {"id": ["a", "b"] * 500}
    # All new names of the second day are rarer than those of the first.
    days = ["1"] * 1000 + ["2"] * 1000
    ids = (
        [f"x{place % 150}" for place in range(1000)]
        + ["a", "b"] * 450
        + [f"y{place}" for place in range(100)]
    )
    result = compared(before, {"id": ids, "day": days}, windows="day")
    second = [one for one in result.figures if str(one.group) == "2" and one.algorithm == "unseen_categories"]
    assert [one.details["mostFrequent"] for one in second] == ["y0"]
