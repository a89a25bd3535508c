"""What holds whatever the rows are."""

import functools

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pointsman_drift import Status, compare
from pointsman_drift.baselines.edges import edges_of, sorted_quantiles
from pointsman_drift.counting.counts import ColumnCounts
from pointsman_drift.statistics.of_bins import Side, binned_ks, binned_wasserstein
from pointsman_drift.statistics.of_rows import ks_distance, wasserstein
from pointsman_drift.statistics.shares import chi_square, js_divergence, psi

FLOATS = st.floats(allow_nan=True, allow_infinity=True) | st.sampled_from([0.0, 1.0, -0.0]) | st.none()
TEXTS = st.sampled_from(["a", "b", "", "ä", "'"]) | st.none() | st.text(max_size=3)
CALM = st.floats(-100, 100) | st.sampled_from([0.0, 1.0])
BINS = st.lists(st.integers(0, 50), min_size=2, max_size=8)


def table(rows: list[tuple[float | None, str | None]]) -> pa.Table:
    numbers, texts = zip(*rows, strict=True)
    return pa.table({"x": pa.array(numbers, pa.float64()), "c": pa.array(texts, pa.string())})


ROWS = st.lists(st.tuples(FLOATS, TEXTS), min_size=30, max_size=60)


@settings(max_examples=12, deadline=None)
@given(ROWS)
def test_a_table_is_ok_beside_itself(rows: list[tuple[float | None, str | None]]) -> None:
    result = compare(table(rows), table(rows))
    assert result.status is Status.OK
    result.to_json()


@settings(max_examples=12, deadline=None)
@given(ROWS, ROWS, st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(
    before: list[tuple[float | None, str | None]],
    after: list[tuple[float | None, str | None]],
    random: "object",
) -> None:
    wanted = compare(table(before), table(after)).to_json()
    for rows in (before, after):
        random.shuffle(rows)  # type: ignore[attr-defined]
    assert compare(table(before), table(after)).to_json() == wanted


@given(st.lists(CALM, min_size=1, max_size=80), st.integers(2, 20))
def test_edges_rise_and_part_no_value_from_itself(values: list[float], bins: int) -> None:
    ordered = np.sort(np.array(values) + 0.0)
    edges = edges_of(ordered, bins)
    assert (np.diff(edges) > 0).all()
    assert sorted_quantiles(ordered, np.array([0.1, 0.5, 0.9])).tolist() == (
        np.quantile(ordered, [0.1, 0.5, 0.9]).tolist()
    )


@given(
    st.lists(st.tuples(st.lists(st.integers(0, 9), min_size=3, max_size=3), st.integers(-9, 9)), min_size=1)
)
def test_counts_are_merged_in_any_order(parts: list[tuple[list[int], int]]) -> None:
    counts = [
        ColumnCounts(
            np.array(bins),
            bins[0],
            bins[1],
            bins[2],
            least=at,
            most=at,
            low_moment=at * 10**20,
            new={str(at): 1},
        )
        for bins, at in parts
    ]
    forward = functools.reduce(ColumnCounts.merged, counts)
    backward = functools.reduce(ColumnCounts.merged, reversed(counts))
    assert forward.bins.tolist() == backward.bins.tolist()
    assert [vars(forward)[name] for name in vars(forward) if name != "bins"] == [
        vars(backward)[name] for name in vars(backward) if name != "bins"
    ]


@given(BINS, BINS)
def test_statistics_of_shares_are_in_their_range(before: list[int], after: list[int]) -> None:
    size = min(len(before), len(after))
    reference, current = np.array(before[:size]), np.array(after[:size])
    if not reference.sum() or not current.sum():
        return
    assert psi(reference, current, 1e-4) >= 0
    assert 0 <= js_divergence(reference, current) <= 1
    assert 0 <= chi_square(reference, current).p_value <= 1
    assert psi(reference, reference, 1e-4) == 0 == js_divergence(reference, reference)
    assert psi(reference, current, 1e-4) == pytest.approx(psi(current, reference, 1e-4), rel=1e-12)


@settings(deadline=None)
@given(st.lists(CALM, min_size=1, max_size=60), st.lists(CALM, min_size=1, max_size=60), st.integers(2, 6))
def test_what_bins_say_lies_within_its_bound(before: list[float], after: list[float], bins: int) -> None:
    reference, current = np.sort(before), np.sort(after)
    edges = edges_of(reference, bins)
    sides = []
    for values in (reference, current):
        counts = np.bincount(np.searchsorted(edges, values, "right"), minlength=len(edges) + 1)
        low, high = values[values < edges[0]].sum(), values[values >= edges[-1]].sum()
        sides.append(Side(counts, values[0], values[-1], low, high))
    is_single = np.r_[False, np.nextafter(edges[:-1], np.inf) == edges[1:], False]
    ks = binned_ks(sides[0].counts, sides[1].counts, is_single)
    exact = ks_distance(reference, current)
    assert ks.value <= exact + 1e-12
    assert exact <= ks.value + ks.error + 1e-12
    distance, _ = binned_wasserstein(edges, *sides)
    assert abs(distance.value - wasserstein(reference, current)[0]) <= distance.error + 1e-9
