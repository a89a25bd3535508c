"""Tables too large for row by row: bins, their bound, and edges of a sample."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pointsman_drift import Status, compare, compile_baseline
from pointsman_drift.counting import rows
from pointsman_drift.statistics.of_rows import ks_distance, wasserstein

N = 120_000
DRAWN: dict[str, Callable[[np.random.Generator, float], Any]] = {
    "normal": lambda random, by: random.normal(by, 1, N),
    "skewed": lambda random, by: random.lognormal(by, 2, N),
    "whole": lambda random, by: random.poisson(3 + by, N).astype(float),
    "far": lambda random, by: np.append(random.normal(by, 1, N - 1), 1e7 * (1 - by)),
}


@pytest.fixture(scope="module")
def sides() -> list[dict[str, Any]]:
    random = np.random.default_rng(3)
    return [{name: drawn(random, by) for name, drawn in DRAWN.items()} for by in (0.0, 0.1)]


def test_figures_of_bins_lie_within_their_bound(sides: list[dict[str, Any]]) -> None:
    result = compare(*sides)
    for name in DRAWN:
        before, after = (np.sort(side[name]) for side in sides)
        ks, distance = result.figure(name, "ks_test"), result.figure(name, "wasserstein")
        exact = ks_distance(before, after)
        assert (ks.method, distance.method) == ("binned", "binned")
        assert ks.value <= exact + 1e-12
        assert exact <= ks.value + ks.error + 1e-12
        assert ks.error < 0.002
        assert abs(distance.value - wasserstein(before, after)[0]) <= distance.error
        assert distance.value == pytest.approx(wasserstein(before, after)[0], rel=0.02)


def test_a_small_window_beside_a_large_baseline_is_binned_too(sides: list[dict[str, Any]]) -> None:
    baseline = compile_baseline(sides[0])
    assert not baseline.values, "rows of a large reference are not kept"
    window = {name: values[:2000] for name, values in sides[0].items()}
    result = compare(baseline, window)
    assert result.status is Status.OK
    assert result.figure("normal", "ks_test").method == "binned"


def test_edges_of_a_sample_leave_counts_exact(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.setattr(rows, "SAMPLE_ROWS", 10_000)
    monkeypatch.setattr("pointsman_drift.baselines.compiling.SAMPLE_ROWS", 10_000)
    random = np.random.default_rng(4)
    pq.write_table(pa.table({"x": random.normal(size=N)}), tmp_path / "x.parquet", row_group_size=10_000)
    baselines = [compile_baseline(tmp_path / "x.parquet", seed=seed) for seed in (1, 1, 2)]
    plans = [baseline.plans["x"] for baseline in baselines]
    assert plans[0].sampled  # type: ignore[union-attr]
    assert plans[0].edges.tolist() == plans[1].edges.tolist()  # type: ignore[union-attr]
    assert plans[0].edges.tolist() != plans[2].edges.tolist()  # type: ignore[union-attr]
    assert baselines[0].counts["x"].values == N
    assert compare(baselines[0], tmp_path / "x.parquet").status is Status.OK
    shifted = {"x": random.normal(0.5, 1, N)}
    assert compare(baselines[0], shifted).status is Status.ALERT
