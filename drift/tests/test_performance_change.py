"""Tests of a change of performance: how often they err where nothing changed, and that they see changes."""

import numpy as np
import pytest

from pointsman_drift.performance.testing import mean_drop


@pytest.mark.parametrize(("n", "m"), [(30, 5000), (100, 100), (5000, 30)])
@pytest.mark.parametrize("rare", [0.02, 0.5])
def test_means_that_did_not_fall_are_hardly_ever_told(n: int, m: int, rare: float) -> None:
    random = np.random.default_rng(1)
    found = [
        mean_drop(*(np.where(random.random(size) < rare, 0.6, 0.99) for size in (n, m))) for _ in range(1000)
    ]
    assert np.mean(np.array(found) < 0.05) <= 0.08, (
        "one-sided, five in a hundred, and the error of a thousand"
    )


def test_a_mean_that_fell_is_told() -> None:
    random = np.random.default_rng(2)
    before, after = random.beta(8, 2, 500), random.beta(7, 3, 500)
    assert mean_drop(before, after) < 1e-6
    assert mean_drop(after, before) > 0.99
    assert mean_drop(np.full(100, 0.9), np.full(100, 0.8)) < 1e-6


def test_means_that_differ_by_rounding_are_equal() -> None:
    before, after = np.full(1000, 0.7), np.full(999, 0.7 + 1e-15)
    assert mean_drop(after, before) == mean_drop(before, after) == 1.0
